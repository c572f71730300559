"""The clock behind ``setTimeout`` and ``setInterval``."""

import heapq
import time
from collections.abc import Callable

_MIN_INTERVAL_SECONDS = 0.004
# Cancelled timers that may lie in the heap beside the others.
_FORGOTTEN = 256


class TimerHeap:
    """Timers in the order of their time; equal times in the order of their making."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, int]] = []
        self._periods: dict[int, float | None] = {}
        self._made = 0

    def set(self, timer: int, milliseconds: float, repeats: bool) -> None:
        """Fire ``timer`` in that time, and again each time after it if it ``repeats``."""
        seconds = milliseconds / 1000
        self._periods[timer] = max(seconds, _MIN_INTERVAL_SECONDS) if repeats else None
        self._push(timer, self._periods[timer] or seconds)

    def cancel(self, timer: int) -> None:
        """Forget it; one that has fired or never was is no error."""
        self._periods.pop(timer, None)
        if len(self._heap) > 2 * len(self._periods) + _FORGOTTEN:  # who sets and cancels without end gets no memory
            self._heap = [entry for entry in self._heap if entry[2] in self._periods]
            heapq.heapify(self._heap)

    def wait_seconds(self) -> float | None:
        """How long until the next one is due (0 if it is), or None without any."""
        while self._heap and self._heap[0][2] not in self._periods:
            heapq.heappop(self._heap)
        return max(0.0, self._heap[0][0] - self._clock()) if self._heap else None

    def pop_due(self) -> int | None:
        """Take the next one that is due, or None."""
        if self.wait_seconds() != 0.0:
            return None
        timer = heapq.heappop(self._heap)[2]
        period = self._periods[timer]
        if period is None:
            del self._periods[timer]
        else:
            self._push(timer, period)
        return timer

    def _push(self, timer: int, seconds: float) -> None:
        self._made += 1
        heapq.heappush(self._heap, (self._clock() + seconds, self._made, timer))
