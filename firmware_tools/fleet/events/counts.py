"""What devices answered at random, as counts that are right on average, with how far off they may be.

Each device counts once, by its newest answer: its answers of several days go back to one kept throw
(:mod:`device_runtime.privacy.counting`), so that more of them would not make a count more certain. Of *n* devices let
*c* have answered a value; it is true of (*c* - *n q*) / (*p* - *q*) of them, where an answer is the truth with the
probability *p* and each lie with *q*. The error is 1.96 standard errors of that estimate, from the dice alone.

Source: Warner, JASA 60 (1965); Kairouz, Bonawitz and Ramage, ICML 2016 (the empirical estimator of k-RR); its variance
is that of a sum of *n* independent throws.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from device_runtime.privacy.counting import ANSWER
from device_runtime.privacy.noise import probability
from device_runtime.program.data_plan import MOST_COUNTED
from firmware_tools.fleet.events.documents import CountedValue, Histogram
from firmware_tools.fleet.schema import telemetry

_DEVIATIONS = 1.959964  # of a normal distribution, on both sides of 95 %
_MOST_EPSILON = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device sent: one of ``choices`` values, thrown with ``epsilon``."""

    choices: int
    epsilon: float
    value: str


def read_answer(text: object) -> Answer | None:
    """The answer that a record holds; ``None``: it holds none."""
    if not isinstance(text, str) or text.count("/") < 2:
        return None
    choices, epsilon, value = text.split("/", 2)
    try:
        read = Answer(int(choices), float(epsilon), value)
    except ValueError:
        return None
    return read if 2 <= read.choices <= MOST_COUNTED and 0 < read.epsilon <= _MOST_EPSILON else None


def newest_answers(connection: Connection, source: str, name: str, since: float, until: float) -> list[Answer]:
    """The newest answer of each device to an item of a program, of a time in Unix seconds."""
    columns, wanted = (
        telemetry.c,
        (
            telemetry.c.name == name,
            telemetry.c.source == source,
            telemetry.c.time >= since,
            telemetry.c.time < until,
        ),
    )
    newest = (
        select(columns.device, func.max(columns.time).label("time")).where(*wanted).group_by(columns.device).subquery()
    )
    same = and_(columns.device == newest.c.device, columns.time == newest.c.time)
    answers: dict[str, Answer] = {}
    for device, values in connection.execute(
        select(columns.device, columns["values"]).join(newest, same).where(*wanted)
    ):
        if (answer := read_answer(values.get(ANSWER))) is not None:
            answers[device] = answer
    return list(answers.values())


def histograms(answers: Iterable[Answer]) -> list[Histogram]:
    """The counts of answers, those that were thrown alike together, the most answered first."""
    alike: dict[tuple[int, float], Counter[str]] = defaultdict(Counter)
    for answer in answers:
        alike[answer.choices, answer.epsilon][answer.value] += 1
    made = [_histogram(choices, epsilon, values) for (choices, epsilon), values in alike.items()]
    return sorted(made, key=lambda each: (-each["devices"], each["choices"], each["epsilon"]))


def _histogram(choices: int, epsilon: float, answered: Counter[str]) -> Histogram:
    devices = answered.total()
    values = [_counted(value, count, devices, choices, epsilon) for value, count in answered.most_common(MOST_COUNTED)]
    return {
        "choices": choices,
        "epsilon": epsilon,
        "devices": devices,
        "unseen": max(0, choices - len(answered)),
        "values": sorted(values, key=_place),
    }


def _counted(value: str, count: int, devices: int, choices: int, epsilon: float) -> CountedValue:
    true = probability(epsilon, choices)
    lie = (1 - true) / (choices - 1)
    estimate = (count - devices * lie) / (true - lie)
    share = min(1.0, max(0.0, estimate / devices))
    variance = devices * (share * true * (1 - true) + (1 - share) * lie * (1 - lie)) / (true - lie) ** 2
    error = _DEVIATIONS * math.sqrt(variance)
    return {"value": value, "answers": count, "estimate": estimate, "error": error, "clear": estimate > error}


def _place(counted: CountedValue) -> tuple[int, float, str]:
    """Numbers in their order, before words by how many there are."""
    try:
        return 0, float(counted["value"]), ""
    except ValueError:
        return 1, -counted["estimate"], counted["value"]
