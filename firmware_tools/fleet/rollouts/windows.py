"""Maintenance windows: the hours of a day, where the operator lives, in which something new may be handed out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from firmware_tools.fleet.errors import FleetError

MAX_SPANS = 16
_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:(?:([01][0-9]|2[0-3]):([0-5][0-9]))|24:00)")
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """Daily spans of wall-clock time in a zone: each (from, until) in minutes since midnight, ``until`` exclusive; one
    that ends at or before its beginning goes on past midnight."""

    zone: str
    spans: tuple[tuple[int, int], ...]

    def is_open(self, now: float) -> bool:
        """Whether it is open at a time (Unix seconds)."""
        local = datetime.fromtimestamp(now, ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        return any(
            start <= minute < end if start < end else minute >= start or minute < end for start, end in self.spans
        )

    def next_opening(self, now: float) -> float:
        """When it opens next, or ``now`` when it is open (Unix seconds). Clocks that go forward or back in between are
        taken into account."""
        if self.is_open(now):
            return now
        zone = ZoneInfo(self.zone)
        today = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
        openings = [
            (today + timedelta(days=day, minutes=start)).timestamp() for day in range(3) for start, _ in self.spans
        ]
        return min(opening for opening in openings if opening > now)

    def text(self) -> str:
        """As people write it."""
        return f"{', '.join(f'{_clock(start)}-{_clock(end)}' for start, end in self.spans)} {self.zone}"


def parse_window(spans: Sequence[str], zone: str) -> Window:
    """A window of spans such as ``22:00-06:00``.

    Raises:
        FleetError: a span or the time zone is wrong.
    """
    if not 1 <= len(spans) <= MAX_SPANS:
        raise FleetError(f"a maintenance window has 1 to {MAX_SPANS} spans, such as 22:00-06:00")
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, ModuleNotFoundError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise _no_zone(zone) from error
    except KeyError as error:
        raise _no_zone(zone) from error
    return Window(zone, tuple(map(_span, spans)))


def _span(text: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise FleetError(f"the span {text[:40]!r} of a maintenance window must be as 22:00-06:00")
    hour, minute, end_hour, end_minute = found.groups()
    start = int(hour) * 60 + int(minute)
    end = _DAY if end_hour is None else int(end_hour) * 60 + int(end_minute)
    if start == end:
        raise FleetError(f"the span {text} of a maintenance window has no length; the whole day is 00:00-24:00")
    return start, end


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _no_zone(zone: str) -> FleetError:
    return FleetError(f"there is no time zone {zone[:64]!r} on this machine; write one such as Europe/Berlin or UTC")
