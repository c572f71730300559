"""What left the board, and what was turned away: counts by program, item and day, in a chain of days.

``cygnet/today`` is the record of the day that is open, ``[day, before, [[act, app, item, count, bytes], ...]]``, with
``day`` in days of Unix time. When another begins, its text goes as it is to the end of ``cygnet/ledger``, a list of the
last days, and ``before`` of the next is its SHA-256: nothing of a closed day can be changed unseen. Of each day that is
over the fleet is told, as by other devices of their entries: what was decided, what left, and the hash, so that nobody
can write the whole chain anew either. ``cygnet/told`` has the last day of which it was.
"""

import binascii
import hashlib
import json

from .. import clock
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
MOST_BYTES = 3072
"""So much of the days that are closed stays on the board."""
_HOLD_MS = 60_000
_DAY = 86_400
_TOLD = "cygnet/told"


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
                self._is_told = tell_days(self._root, self._tell)


def tell_days(root: str, tell: "Callable[[str, str, dict[str, Any]], bool]") -> bool:
    """Tell of the days that are over and of which was not told; false where it must be tried again.

    Raises:
        OSError: the disk does not take that it was told; what is told again then is the same.
    """
    told = int(read_body(root + _TOLD) or 0)
    for text in split_days(read_body(root + "cygnet/ledger")):
        day = int(text[1 : text.find(b",")])
        if day <= told:
            continue
        point: dict[str, Any] = {"number": day, "hash": hash_of(text)}
        for act, app, item, count, size in json.loads(text)[2]:
            if act == "refused":
                continue  # that was told as it happened
            values = {"app_id": app, "item": item, "who": "cable"}
            if act == "send":
                act = "sent"
                values = {"app_id": app, "item": item, "to": "fleet", "count": count, "bytes": size, "after": day - 1}
            values.update(point)
            if not tell("privacy", act, values):
                return False
        if not tell("privacy", "head", point):
            return False
        write_body(root + _TOLD, str(day).encode())
    return True


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
        _close(root + "cygnet/ledger", text)
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


def _close(path: str, text: bytes) -> None:
    """Put a day to the end of those that are over; after a power cut it may be there already."""
    days = split_days(read_body(path))
    if days and days[-1] == text:
        return
    days.append(text)
    while len(days) > 1 and sum([len(each) + 2 for each in days]) > MOST_BYTES:
        days.pop(0)
    write_body(path, b"[" + BETWEEN.join(days) + b"]")


def split_days(body: "bytes | None") -> "list[bytes]":
    """The texts of the days that are over."""
    return body[1:-1].split(BETWEEN) if body else []


def hash_of(text: bytes) -> str:
    """What the next day has of one."""
    return binascii.hexlify(hashlib.sha256(text).digest()).decode()
