"""How many bytes a day telemetry may use on a link that is paid by the byte, and who may still use them.

Each priority may use the day's bytes up to a share of them, so that what is left when measurements have used theirs is
for events, and the last tenth for alarms. What may not be sent waits; a new day (of UTC) begins with all bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from device_runtime.sync.telemetry_messages import Priority

SHARES: dict[Priority, float] = {"alarm": 1.0, "event": 0.9, "metric": 0.6}
"""Of the day's bytes: a priority is sent as long as fewer than its share are used."""
_DAY = 86_400
_PLAUSIBLE_DAY = 20_000
"""October 2024: a clock that says an earlier day has not been set since the device started."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Bytes used on a day, which is counted from 1970-01-01."""

    day: int
    count: int


class Ledger(Protocol):
    """Where the day's count is kept through restarts."""

    def read_spent(self) -> Spent:
        """What was written last; nothing spent on day 0 before."""
        ...

    def write_spent(self, spent: Spent) -> None:
        """Keep it."""
        ...


class Meter:
    """Counts a day's bytes."""

    def __init__(self, daily_bytes: int, ledger: Ledger, clock: Callable[[], float]) -> None:
        """``daily_bytes``: what a day may use, 0 for any number; ``clock``: Unix time in seconds."""
        self.daily_bytes, self._ledger, self._clock = daily_bytes, ledger, clock
        self._spent = ledger.read_spent()

    def allows(self, priority: Priority) -> bool:
        """Whether records of this priority may be sent now."""
        if not self.daily_bytes:
            return True
        self._turn_day()
        return self._spent.count < self.daily_bytes * SHARES[priority]

    def spend(self, count: int) -> None:
        """Note that so many bytes were sent."""
        if self.daily_bytes:
            self._turn_day()
            self._spent = Spent(self._spent.day, self._spent.count + count)
            self._ledger.write_spent(self._spent)

    def _turn_day(self) -> None:
        day = int(self._clock() // _DAY)
        if day > self._spent.day:
            self._spent = Spent(day, 0)
        elif _PLAUSIBLE_DAY <= day < self._spent.day:
            # The clock had run ahead and was put right. What is spent stays spent: a clock that is moved back and forth
            # must not make new bytes.
            self._spent = Spent(day, self._spent.count)
