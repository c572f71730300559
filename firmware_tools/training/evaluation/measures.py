"""What an evaluation finds, ready to be compared with a card and to be drawn."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from firmware_tools.training.evaluation.statistics import Interval, poisson, wilson

INT8, FLOAT32 = "int8", "float32"
FALSE_ACCEPTS = "false accepts an hour"


@dataclass(frozen=True, slots=True)
class Measure:
    """One measured figure, which a card may promise: the card's ``scenario``, ``metric`` and ``variant`` find it.

    Attributes:
        value: the figure; ``samples`` are what it is over: examples, frames, or seconds of sound for a rate.
        low, high: where the true value lies (95 %); the value itself where no interval is known.
        unit: ``share`` (0 to 1), ``an hour``, ``seconds`` or another word.
        lower_is_better: of rates of errors, delays and the like.
        headline: one that a card should state: ``--update`` adds it to a card that states no accuracy yet.
    """

    scenario: str
    metric: str
    value: float
    samples: int
    variant: str = INT8
    low: float = math.nan
    high: float = math.nan
    unit: str = "share"
    lower_is_better: bool = False
    headline: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What an entry of a card finds it by."""
        return self.scenario, self.metric, self.variant


def proportion(
    scenario: str,
    metric: str,
    successes: int,
    trials: int,
    *,
    variant: str = INT8,
    headline: bool = False,
    lower_is_better: bool = False,
) -> Measure:
    """A share with its Wilson interval; of no trials it is 0, and its interval says that nothing is known."""
    interval: Interval = wilson(successes, trials)
    share = successes / trials if trials else 0.0
    return Measure(
        scenario, metric, share, trials, variant, interval.low, interval.high, "share", lower_is_better, headline
    )


def hourly(
    scenario: str, metric: str, events: int, seconds: float, *, variant: str = INT8, headline: bool = False
) -> Measure:
    """A rate of unwanted events an hour with its exact Poisson interval; ``samples`` are the seconds listened to."""
    hours = seconds / 3600
    interval = poisson(events, hours)
    rate = events / hours if hours else 0.0
    return Measure(
        scenario, metric, rate, round(seconds), variant, interval.low, interval.high, "an hour", True, headline
    )


@dataclass(frozen=True, slots=True)
class Curve:
    """A measure against something continuous, such as accuracy against the signal-to-noise ratio in dB."""

    title: str
    across: str
    points: tuple[tuple[float, Measure], ...]
    variant: str = INT8


@dataclass(frozen=True, slots=True)
class Confusion:
    """``counts[right][answered]`` over all examples, both in the order of ``labels``."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    variant: str = INT8


@dataclass(frozen=True, slots=True)
class Example:
    """An example that the model got wrong: the surer of the wrong answer, the worse.

    Attributes:
        expected: what was right; empty where nothing should have been answered.
        answered: what was answered; empty where nothing was.
        probability: of the answer that was given, 0 to 1.
        sound: 16 kHz mono int16 of it, empty where there is none.
        picture: ``[height, width]`` 0 to 1 of it, None where there is none; of sounds the features, as rows over time.
    """

    expected: str
    answered: str
    probability: float
    scenario: str = ""
    source: str = ""
    sound: bytes = b""
    picture: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A line of numbers for people to look at, such as the score of a detector over time beside what was true."""

    title: str
    across: str
    values: tuple[float, ...]
    true: tuple[bool, ...] = ()
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that an evaluator found. ``facts`` say what the data was and what was held out, as (subject, sentence).

    ``groups`` are shares by something else than the scenario, such as by voice: a title and its measures.
    """

    measures: tuple[Measure, ...]
    curves: tuple[Curve, ...] = ()
    confusions: tuple[Confusion, ...] = ()
    groups: tuple[tuple[str, tuple[Measure, ...]], ...] = ()
    worst: tuple[Example, ...] = ()
    series: tuple[Series, ...] = ()
    facts: tuple[tuple[str, str], ...] = field(default=())

    def joined(self, other: "Evaluation") -> "Evaluation":
        """Both as one."""
        return Evaluation(
            self.measures + other.measures,
            self.curves + other.curves,
            self.confusions + other.confusions,
            self.groups + other.groups,
            self.worst + other.worst,
            self.series + other.series,
            self.facts + other.facts,
        )


def find(measures: Sequence[Measure], scenario: str, metric: str, variant: str = INT8) -> Measure | None:
    """The measure that a card's entry of these names promises; None where nothing measures it."""
    return next((measure for measure in measures if measure.key == (scenario, metric, variant)), None)
