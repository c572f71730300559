"""So much a second: what a program may spend, and when it may spend again."""

import time
from collections.abc import Callable


class Allowance:
    """``rate`` comes in each second, and ``burst`` is the most that is saved up; it begins full."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._left = burst
        self._since = clock()

    def spend(self, cost: float = 1.0) -> bool:
        """Take ``cost`` if it is there."""
        if self.left < cost:
            return False
        self._left -= cost
        return True

    def owe(self, cost: float) -> float:
        """Take ``cost``, be it there or not; gives the seconds until what is owed has come in."""
        left = self._left = self.left - cost
        return -left / self._rate if left < 0 else 0.0

    @property
    def left(self) -> float:
        """What is there now; negative if more was taken."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._since) * self._rate)
        self._since = now
        return self._left
