"""The timers of a program."""

from .. import clock

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .shapes import Due
        from .stack import PageRecord
except ImportError:
    pass

_MOST = 16


class Timers:
    """Timers by number; each is ``[due, number, page, method, arguments, interval or 0]``."""

    def __init__(self) -> None:
        self._timers: list[list[Any]] = []
        self._next = 1

    def add(
        self, now: int, wait: int, page: "PageRecord", method: str, arguments: "tuple[object, ...]", repeats: bool
    ) -> int:
        """A new timer; its number.

        Raises:
            RuntimeError: there are too many.
        """
        if len(self._timers) >= _MOST:
            raise RuntimeError(f"a program has {_MOST} timers at most")
        number = self._next
        self._next += 1
        self._timers.append([clock.ticks_add(now, wait), number, page, method, arguments, wait if repeats else 0])
        return number

    def cancel(self, number: object) -> None:
        """Forget a timer; one that is gone is no error."""
        self._timers = [timer for timer in self._timers if timer[1] != number]

    def forget(self, page: "PageRecord") -> None:
        """Forget the timers of a page."""
        self._timers = [timer for timer in self._timers if timer[2] is not page]

    def clear(self) -> None:
        """Forget all."""
        self._timers.clear()

    def wait(self, now: int) -> int:
        """Milliseconds until the next is due, -1 if there is none."""
        first = self._first()
        return -1 if first is None else max(0, clock.ticks_diff(first[0], now))

    def _first(self) -> "list[Any] | None":
        found = None
        for timer in self._timers:
            if found is None or clock.ticks_diff(timer[0], found[0]) < 0:
                found = timer
        return found

    def pop_due(self, now: int) -> "Due | None":
        """``(page, method, arguments)`` of the timer that has been due longest; ``None`` if none is due."""
        timer = self._first()
        if timer is None or clock.ticks_diff(timer[0], now) > 0:
            return None
        if timer[5]:
            # Late by more than its interval: the calls that were missed are not made up for.
            timer[0] = clock.ticks_add(timer[0], timer[5])
            if clock.ticks_diff(timer[0], now) < 0:
                timer[0] = clock.ticks_add(now, timer[5])
        else:
            self._timers.remove(timer)
        return timer[2], timer[3], timer[4]
