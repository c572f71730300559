"""What time it is at least, on a device that may have no clock: metadata expires by it.

It is the latest of the system's clock and of what the fleet has said under a signature, plus the time that has passed
since on the monotonic clock. It is kept on the disk, so that a restart does not set it back. It can be too early (a
device that was off does not know how long), never later than one of the two sources. What keys of the fleet said of the
time is forgotten when a root replaces these keys: whoever stole them may have named the year 3000.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

from device_runtime.sealed.durable import write_whole
from device_runtime.sync.fields import ProtocolError, parse_object

_SAVE_EVERY = 3600.0
_LONGEST = 4096


class ReferenceTime:
    """Unix time in seconds. Used from any thread; what is written is whole or what was there."""

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``clock``: the system's; one that was never set shows a time long past, and so decides nothing."""
        self._path, self._clock, self._monotonic = path, clock, monotonic
        self._told, self._keys = self._recall()
        self._noted = monotonic()
        self._saved = self._told

    def now(self) -> float:
        """The time that it is at least."""
        return max(self._clock(), self._running())

    def note(self, told: float) -> None:
        """The fleet said under a signature that it is ``told``.

        Raises:
            OSError: the disk does not take it; it is known until the next start.
        """
        if self.hear(told):
            self._save()

    def hear(self, told: float) -> bool:
        """The same without the disk: whether :meth:`note` would write now."""
        if told > self._running():
            self._told, self._noted = told, self._monotonic()
        return self._running() - self._saved >= _SAVE_EVERY

    def of(self, keys: str, told: float) -> None:
        """These keys (their generation) tell the time from now on; others than before: what was told is forgotten, and
        ``told`` is what the root says.

        Raises:
            OSError: as :meth:`note`.
        """
        if keys != self._keys:
            self._told, self._noted, self._keys = told, self._monotonic(), keys
            self._save()
        else:
            self.note(told)

    def _running(self) -> float:
        return self._told + (self._monotonic() - self._noted)

    def _save(self) -> None:
        told = self._running()
        document = {"time": int(told), "keys": self._keys}
        write_whole(self._path, json.dumps(document).encode())
        self._saved = told

    def _recall(self) -> tuple[float, str]:
        try:
            fields = parse_object(self._path.read_bytes(), self._path.name, _LONGEST)
            return float(fields.integer("time")), fields.text("keys", 64)
        except (OSError, ProtocolError):
            return 0.0, ""
