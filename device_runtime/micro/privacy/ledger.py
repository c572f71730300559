"""What left the board, and what was turned away: counts by program, item and day, in a chain of days.

``cygnet/today`` is the record of the day that is open, ``[day, before, [[act, app, item, count, bytes], ...]]``, with
``day`` in days of Unix time. When another begins, its text goes as it is to the end of ``cygnet/ledger``, a list of the
last days, and ``before`` of the next is its SHA-256: nothing of a closed day can be changed unseen. The fleet is
told of each day that is over (:mod:`.telling`), so that nobody can write the whole chain anew either.
"""

import binascii
import hashlib
import json

from .. import clock
from ..modules import forget
from ..records import read_body, write_body

try:
    from collections.abc import Callable
    from typing import Any
except ImportError:
    pass

FIRST = "0" * 64
"""The hash before the first day."""
BETWEEN = b",\t"
"""Between two days; no text of one has a tabulator."""
_HOLD_MS = 60_000
_DAY = 86_400


class Ledger:
    """What the program ``app_id`` does, for the ledger below ``root``. ``tell(source, name, values)`` is telemetry."""

    def __init__(self, root: str, app_id: str, tell: "Callable[[str, str, dict[str, Any]], bool]") -> None:
        self._root, self._app_id, self._tell = root, app_id, tell
        self._counts: dict[tuple[str, str], list[int]] = {}
        self._since = 0
        self._is_told = False

    def add(self, act: str, item: str, size: int = 0) -> None:
        """Something of ``size`` bytes was done under an item; :meth:`tidy` or :meth:`write` write it down."""
        if not self._counts:
            self._since = clock.ticks_ms()
        counted = self._counts.setdefault((act, item), [0, 0])
        counted[0] += 1
        counted[1] += size

    def tidy(self) -> None:
        """Write what has waited for a minute; call it now and then. Raises :class:`OSError`: it waits on."""
        if self._counts and not 0 <= clock.ticks_diff(clock.ticks_ms(), self._since) < _HOLD_MS:
            self.write()

    def write(self) -> None:
        """Write what was counted. Raises :class:`OSError`: it is counted still."""
        if self._counts:
            ended = write_counts(self._root, self._app_id, self._counts)
            self._counts = {}
            # The cable may have ended a day, too, and the power may have gone before it was told.
            if ended or not self._is_told:
                from .telling import tell_days

                self._is_told = tell_days(self._root, self._tell)
                del tell_days
                forget("telling", "planned")  # packed, they are one file


def write_counts(root: str, app_id: str, counts: "dict[tuple[str, str], list[int]]") -> bool:
    """Add counts of a program to those of this day.

    Args:
        root: below it lies ``cygnet/``.
        app_id: the program.
        counts: by act and item, how often and how many bytes.

    Returns:
        Whether a day ended by this.

    Raises:
        OSError: the disk does not take it.
    """
    path, ended = root + "cygnet/today", False
    text = read_body(path)
    if text is None:
        days = split_days(read_body(root + "cygnet/ledger"))
        last, before, entries = 0, hash_of(days[-1]) if days else FIRST, []
    else:
        last, before, entries = json.loads(text)
    day = max(clock.now() // _DAY, last)  # a clock that is put back gives no day twice
    if text is not None and day > last:
        before, entries = hash_of(text), []
        from .telling import close_day

        close_day(root + "cygnet/ledger", text)
        ended = True
    for (act, item), (count, size) in counts.items():
        for entry in entries:
            if entry[:3] == [act, app_id, item]:
                entry[3] += count
                entry[4] += size
                entries.remove(entry)
                entries.append(entry)  # of several decisions of a day the last one counts
                break
        else:
            entries.append([act, app_id, item, count, size])
    write_body(path, json.dumps([day, before, entries], separators=(",", ":")).encode())
    return ended


def split_days(body: "bytes | None") -> "list[bytes]":
    """The texts of the days that are over."""
    return body[1:-1].split(BETWEEN) if body else []


def hash_of(text: bytes) -> str:
    """What the next day has of one."""
    return binascii.hexlify(hashlib.sha256(text).digest()).decode()
