"""Time on a board: ticks for durations, and Unix time as far as it is known.

A board's floats have 23 bits, so Unix time is whole seconds here, never a float. A board without a battery starts in
the past: until NTP or the fleet has told the time, :func:`now` is 0, which means "not known".
"""

import time

_BUILT = 1_764_000_000
"""A clock that shows an earlier Unix time than this code was written at has not been set."""
_EPOCH = 946_684_800 if time.gmtime(0)[0] == 2000 else 0
"""Some ports count from 2000-01-01, others from 1970-01-01."""

offset = 0
"""Seconds that are added to the port's own clock, where it cannot be set."""


def ticks_ms() -> int:
    """Milliseconds that wrap around; compare them with :func:`ticks_diff` only."""
    return time.ticks_ms()  # type: ignore[attr-defined, no-any-return]


def ticks_diff(later: int, earlier: int) -> int:
    """Milliseconds from ``earlier`` to ``later``; right as long as they are less than 2^28 ms apart."""
    return time.ticks_diff(later, earlier)  # type: ignore[attr-defined, no-any-return]


def ticks_add(ticks: int, milliseconds: int) -> int:
    """The ticks so many milliseconds later (or earlier)."""
    return time.ticks_add(ticks, milliseconds)  # type: ignore[attr-defined, no-any-return]


def sleep_ms(milliseconds: int) -> None:
    """Do nothing, and let nothing else happen, for so long."""
    time.sleep_ms(milliseconds)  # type: ignore[attr-defined]


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
