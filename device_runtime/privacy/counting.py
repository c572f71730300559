"""What is only counted across the fleet: one randomised answer an item and day, within a budget.

The truth never leaves this module. Two throws stand before it (:mod:`device_runtime.privacy.noise`), after RAPPOR
(Erlingsson, Pihur and Korolova, CCS 2014):

1. The *kept* throw: for each value that an item can have, a result is drawn once, with :data:`EPSILON_KEPT`, and kept
   for good. All of them are drawn together, so that the file does not tell which value was ever true.
2. The *daily* throw: the kept result of today's value is thrown again, so that the two together tell the truth as one
   throw with :data:`EPSILON_ANSWER` would. That is what is sent, once a day.

What the fleet, or anybody who reads along, can learn of a device by one item:

- from one answer: :data:`EPSILON_ANSWER`; from all answers of a day: :data:`EPSILON_DAY`, over all programs.
- from all answers together, of a value that stays the same: :data:`EPSILON_KEPT`, however many days. Averaging finds
  the kept result at most, and nothing behind it.
- of a value that changes: what the days tell adds up, each at most the epsilon of the daily throw (:func:`daily`).
- that the device answered, and when, is no secret: a program asks each day, whatever the value is.

Source of the composition of both throws: Erlingsson et al., section 3.1 and theorem 1; of the sum over days: Dwork and
Roth, *The Algorithmic Foundations of Differential Privacy* (2014), theorem 3.16.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from device_runtime.privacy.file import PrivacyFile, PrivacyFileError
from device_runtime.privacy.gate import PrivacyGate, RefusedError
from device_runtime.privacy.noise import Noise, NoiseError, OpenDp, probability, second_probability, told
from device_runtime.privacy.outflow import count_outflow
from device_runtime.program.data_fields import DataField
from device_runtime.program.data_plan import DataItem, DataPlan
from device_runtime.values import Value

EPSILON_ANSWER = 1.0
"""An answer to yes or no is true with a probability of 0.73, so that nobody can hold it against anybody; 1,000 devices
still count to within 60. Apple's limits are 2 to 8 an answer (Differential Privacy Team, 2017)."""
EPSILON_KEPT = 2.0
"""All answers to a value that stays: with 0.88 it is the kept one, so it may still be denied."""
EPSILON_DAY = 3.0
"""Three answers a device and day: more would make them one portrait. Who comes later that day is not counted."""
ANSWER = "answer"
"""The one member of what is sent: choices, epsilon and the randomised value, such as ``4/1/Bern``."""
DAY_SECONDS = 86_400
_SLACK = 1e-9


def daily(choices: int) -> tuple[float, float]:
    """The probability and the epsilon of the daily throw."""
    kept, wanted = (probability(epsilon, choices) for epsilon in (EPSILON_KEPT, EPSILON_ANSWER))
    second = second_probability(kept, wanted, choices)
    return second, told(second, choices)


@dataclass(frozen=True, slots=True)
class Spent:
    """What the answers of a day tell together, of how much at most; ``day`` is counted from 1970, in UTC."""

    day: int
    epsilon: float
    of: float = EPSILON_DAY

    def __str__(self) -> str:
        return f"{self.epsilon:g} / {self.of:g} a day"


class Budget:
    """How much of the day's epsilon a device has told, in its ``privacy.db``."""

    def __init__(self, file: PrivacyFile, clock: Callable[[], float] = time.time) -> None:
        """``clock`` gives Unix time in seconds."""
        self._file, self._clock = file, clock

    def spent(self) -> Spent:
        """Of today's budget. Raises :class:`PrivacyFileError`."""
        today = self.today()
        rows = self._file.rows("SELECT sum(epsilon) FROM answered WHERE day = ?", today)
        return Spent(today, float(str(rows[0][0] or 0.0)))

    def today(self) -> int:
        """The day of UTC, counted from 1970; a clock that is put back gives no day, and no budget, anew.

        Raises:
            PrivacyFileError: the file cannot be read.
        """
        rows = self._file.rows("SELECT max(day) FROM answered")
        return max(int(self._clock() // DAY_SECONDS), int(str(rows[0][0] or 0)))


class Counts:
    """The counts of one device, with its budget in ``privacy.db``. Used on the event loop."""

    def __init__(
        self,
        file: PrivacyFile,
        gate: PrivacyGate,
        noise: Noise | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            file: where budget and kept results are.
            gate: through which answers leave.
            noise: the dice; without, OpenDP's.
            clock: Unix time in seconds.
        """
        self._file, self._gate, self._noise, self._budget = file, gate, noise or OpenDp(), Budget(file, clock)

    def spent(self) -> Spent:
        """Of today's budget. Raises :class:`PrivacyFileError`."""
        return self._budget.spent()

    async def count(self, app: str, plan: DataPlan, name: str, value: object) -> dict[str, Value] | None:
        """Let one value of an item be counted; waits while a person is asked.

        Returns:
            What is to be sent to the fleet in place of it; ``None``: the item has its answer of today.

        Raises:
            RefusedError: it may not be counted.
        """
        outflow = count_outflow(name, value)
        try:
            await self._noise.ready()
            found = await self._gate.asked(app, plan, outflow)
            (item,) = found.items
            (field,) = item.fields.values()
            found = replace(found, ways=found.ways - field.bits + _most_bits(field))
            self._check_budget(app, plan, item)
            if self._has_answered(app, name):
                return None
            answer = self._answer(app, item, value)
            self._note(app, name)
            try:  # in no transaction: the bits that a refusal tells would be undone with it
                self._gate.let_out(app, plan, found, replace(outflow, size=len(name) + len(answer.encode())))
            except RefusedError:
                self._take_back(app, name)
                raise
        except (NoiseError, PrivacyFileError) as error:
            raise RefusedError(f"privacy: {error}") from error
        return {ANSWER: answer}

    def _check_budget(self, app: str, plan: DataPlan, item: DataItem) -> None:
        spent = self.spent()
        if not self._has_answered(app, item.name) and spent.epsilon + EPSILON_ANSWER > spent.of + _SLACK:
            sentence = (
                f"the item {item.name} is not counted today: all programs together have told {spent.epsilon:g} of the "
                f"{spent.of:g} (epsilon) that this device tells a day; count again after midnight UTC"
            )
            raise self._gate.refusal(app, plan, "budget", item.name, item.destination, sentence)

    def _has_answered(self, app: str, item: str) -> bool:
        query = "SELECT 1 FROM answered WHERE day = ? AND app = ? AND item = ?"
        return bool(self._file.rows(query, self._budget.today(), app, item))

    def _answer(self, app: str, item: DataItem, value: object) -> str:
        """Draw an answer."""
        (field,) = item.fields.values()
        values = field.listed()
        kept = self._kept(app, item.name, len(values))[_position(field, value)]
        thrown = self._noise.throw(kept, len(values), daily(len(values))[0])
        return f"{len(values)}/{EPSILON_ANSWER:g}/{written(values[thrown])}"

    def _note(self, app: str, item: str) -> None:
        """The answer of today is given."""
        today = self._budget.today()
        with self._file.transaction() as database:
            database.execute("DELETE FROM answered WHERE day < ?", (today,))
            database.execute("INSERT INTO answered VALUES (?, ?, ?, ?)", (today, app, item, EPSILON_ANSWER))

    def _take_back(self, app: str, item: str) -> None:
        """It was not."""
        with self._file.transaction() as database:
            values = (self._budget.today(), app, item)
            database.execute("DELETE FROM answered WHERE day = ? AND app = ? AND item = ?", values)

    def _kept(self, app: str, item: str, choices: int) -> list[int]:
        """The kept results by the number of the value. They outlive the program: a new installation gets no new ones,
        and neither does one whose values have other names."""
        rows = self._file.rows(
            "SELECT results FROM kept WHERE app = ? AND item = ? AND choices = ?", app, item, choices
        )
        if rows:
            results: list[int] = json.loads(str(rows[0][0]))
            return results
        first = probability(EPSILON_KEPT, choices)
        results = [self._noise.throw(number, choices, first) for number in range(choices)]
        with self._file.transaction() as database:
            database.execute("INSERT INTO kept VALUES (?, ?, ?, ?)", (app, item, choices, json.dumps(results)))
        return results


def written(value: str | float | bool) -> str:
    """A value as an answer has it."""
    return value if isinstance(value, str) else json.dumps(value)


def _most_bits(field: DataField) -> float:
    """The most that an answer can tell of a value: no answer is more than e^epsilon times as likely for one value as
    for another, so that it carries at most epsilon / ln 2 bits."""
    return min(field.bits, EPSILON_ANSWER / math.log(2))


def _position(field: DataField, value: object) -> int:
    """The number of a value among those of its field, which it fits."""
    if field.kind in ("integer", "number") and isinstance(value, int | float):
        return round((value - (field.least or 0.0)) / (field.step or 1.0))
    return field.listed().index(value)
