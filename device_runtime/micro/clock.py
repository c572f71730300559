"""Time on a board: ticks for durations, and Unix time as far as it is known.

A board's floats have 23 bits, so Unix time is whole seconds here, never a float. A board without a battery starts in
the past: until NTP or the fleet has told the time, :func:`now` is 0, which means "not known".
"""

import time

try:
    from collections.abc import Callable
except ImportError:
    pass

# A function of our own around each of these would cost a board a hundred bytes.
try:
    ticks_ms: "Callable[[], int]" = time.ticks_ms  # type: ignore[attr-defined]
    """Milliseconds that wrap around; compare them with :func:`ticks_diff` only."""
    ticks_diff: "Callable[[int, int], int]" = time.ticks_diff  # type: ignore[attr-defined]
    """Milliseconds from the second to the first; right as long as they are less than 2^28 ms apart."""
    ticks_add: "Callable[[int, int], int]" = time.ticks_add  # type: ignore[attr-defined]
    """The ticks so many milliseconds later (or earlier)."""
    sleep_ms: "Callable[[int], None]" = time.sleep_ms  # type: ignore[attr-defined]
    """Do nothing, and let nothing else happen, for so long."""
except AttributeError:  # CPython, which reads this for tests only
    pass

_BUILT = 1_764_000_000
"""A clock that shows an earlier Unix time than this code was written at has not been set."""
_EPOCH = 946_684_800 if time.gmtime(0)[0] == 2000 else 0
"""Some ports count from 2000-01-01, others from 1970-01-01."""

offset = 0
"""Seconds that are added to the port's own clock, where it cannot be set."""


def now() -> int:
    """Unix time in whole seconds, 0 as long as nobody has told the board."""
    seconds = int(time.time()) + _EPOCH + offset
    return seconds if seconds >= _BUILT else 0


def set_now(seconds: int) -> bool:
    """Move the clock forward to this Unix time; False when it shows a later one already.

    Only forward: an old document of the fleet's, played again, must not make an expired one good.
    """
    global offset
    if seconds < _BUILT or seconds <= now():
        return False
    try:
        from machine import RTC

        year, month, day, hour, minute, second, weekday, _ = time.gmtime(seconds - _EPOCH)[:8]
        RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
        offset = 0
    except (ImportError, AttributeError, OverflowError):  # OverflowError: further than this port can count
        offset = 0
    offset = max(0, seconds - _EPOCH - int(time.time()))
    return True
