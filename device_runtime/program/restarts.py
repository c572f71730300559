"""What follows when a program ends by itself: it is started again, later each time, and in the end it is not."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

DELAYS: Final = (1.0, 2.0, 4.0)
"""Seconds before the first restart, the second, and so on; who needs more than these is stopped."""
STABLE_SECONDS: Final = 300.0
"""A program that has run so long is forgiven its earlier ends."""


@dataclass(slots=True)
class _Record:
    ends: int = 0
    started: float | None = None
    stopped: bool = False


class Restarts:
    """The ends of each program, by app id."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._records: dict[str, _Record] = {}

    def started(self, app_id: str) -> None:
        """It runs."""
        self._records.setdefault(app_id, _Record()).started = self._clock()

    def ended(self, app_id: str) -> float | None:
        """It ended by itself, or did not start again: the seconds until it is to be started again, or ``None`` where it
        is stopped now."""
        record = self._records.setdefault(app_id, _Record())
        if record.started is not None and self._clock() - record.started >= STABLE_SECONDS:
            record.ends = 0
        record.started = None
        record.ends += 1
        record.stopped = record.ends > len(DELAYS)
        return None if record.stopped else DELAYS[record.ends - 1]

    def is_stopped(self, app_id: str) -> bool:
        """Whether it is not started again until somebody asks for it."""
        record = self._records.get(app_id)
        return record is not None and record.stopped

    def ends(self, app_id: str) -> int:
        """How often it has ended since it was last stable, or forgiven."""
        record = self._records.get(app_id)
        return 0 if record is None else record.ends

    def forgive(self, app_id: str) -> None:
        """Somebody starts it by hand, or there is a new version of it: it begins anew."""
        self._records.pop(app_id, None)
