"""Telemetry on its way to the fleet: in memory first, on the flash when the fleet does not take it.

A record goes only when its receipt came. While there is a connection, records are sent from memory and never touch the
flash; without one they are written in segments of up to 2 KB, each once and whole, when there is one full or when the
oldest has waited ``hold`` seconds. So a power cut loses what the last ``hold`` seconds brought, at most 2 KB, and no
more; a segment that it cut in half is told as ``records_lost``. Beyond ``budget`` bytes the oldest segments are
dropped, counted and told.
"""

import hashlib
import json
import os

from .. import clock
from .messages import MAX_TEXT, MAX_VALUES, one_line

try:
    from collections.abc import Callable
    from typing import Any

    from .memory import Memory
except ImportError:
    pass

_SEGMENT_BYTES = 2048
_MAX_RECORD_BYTES = 1024
_MAX_SOURCE = 128
_DIGEST = 32
_MAX_DEPTH = 8
_MAX_INTEGER = 2**53 - 1


class Telemetry:
    """The queue in ``folder``. ``on_record`` is called after each record."""

    def __init__(self, folder: str, memory: "Memory", budget: int = 32_768, hold: int = 60) -> None:
        """Look at what is there.

        Args:
            folder: below it are the segments; it is there.
            memory: gives sequence numbers and keeps the count of what was dropped.
            budget: bytes of segments that are kept.
            hold: seconds that a record may wait in memory only.
        """
        self._folder, self._memory, self._budget, self._hold = folder, memory, budget, hold
        self.on_record: Callable[[], None] | None = None
        self._fresh: list[tuple[int, bytes]] = []
        self._fresh_bytes = 0
        self._since = 0
        self._sent = 0
        self._untold = 0
        self._segments: list[tuple[int, int, int]] = []
        """First and last sequence number, and bytes, of each segment, oldest first."""
        broken = 0
        for name in os.listdir(folder[:-1]):  # FAT wants no slash at its end
            first, last, size = self._look(name)
            if size:
                self._segments.append((first, last, size))
            else:
                os.remove(folder + name)
                broken += 1
        self._segments.sort()
        if broken:
            self.record("telemetry", "records_lost", {"segments": broken})

    def record(self, source: str, name: str, values: "dict[str, Any]") -> bool:
        """Take one event.

        Args:
            source: what tells, as an app id or ``sync``.
            name: what happened.
            values: what JSON can say; at most 64 members, the record at most 1 KB.

        Returns:
            False when it is no such record, or the disk does not take what was before it; it is counted.
        """
        try:
            if len(values) > MAX_VALUES or not _is_clean(values, _MAX_DEPTH):
                raise ValueError("JSON cannot say it")  # noqa: TRY301 - one way out
            sequence = self._memory.next_sequence()
            line = json.dumps(
                {
                    "sequence": sequence,
                    "time": clock.now(),
                    "source": one_line(source, _MAX_SOURCE),
                    "name": one_line(name, MAX_TEXT),
                    "values": values,
                }
            ).encode()
            if len(line) > _MAX_RECORD_BYTES:
                raise ValueError("too long")  # noqa: TRY301 - one way out
            if self._fresh_bytes + len(line) > _SEGMENT_BYTES:
                self.write()
        except (ValueError, TypeError, OSError):
            self._untold += 1
            return False
        if not self._fresh:
            self._since = clock.ticks_ms()
        self._fresh.append((sequence, line))
        self._fresh_bytes += len(line) + 1
        if self.on_record is not None:
            self.on_record()
        return True

    def pending(self) -> bool:
        """Whether a record waits for its receipt."""
        return bool(self._fresh or self._segments)

    def is_full(self) -> bool:
        """Whether there is enough to be sent at once."""
        return bool(self._segments) or self._fresh_bytes > _SEGMENT_BYTES // 2

    def batch(self) -> "tuple[int, list[bytes]]":
        """The last sequence number and the pieces of the payload of the oldest batch; the same until its receipt came.

        Raises:
            OSError: its segment cannot be read.
        """
        if self._segments:
            first, last, _size = self._segments[0]
            with open(self._path(first, last), "rb") as file:
                body = file.read()[_DIGEST:]
        else:
            last, body = self._fresh[-1][0], b",".join([line for _, line in self._fresh])
        self._sent = max(self._sent, last)
        return last, [b'{"epoch": "' + self._memory.epoch.encode() + b'", "records": [', body, b"]}"]

    def acknowledge(self, epoch: str, sequence: int) -> None:
        """The fleet has stored these: forget them. What was never sent is kept, whatever the receipt says."""
        if epoch != self._memory.epoch:
            return
        sequence = min(sequence, self._sent)
        while self._segments and self._segments[0][1] <= sequence:
            self._remove_oldest()
        self._fresh = [each for each in self._fresh if each[0] > sequence]
        self._fresh_bytes = sum([len(line) + 1 for _, line in self._fresh])

    def tidy(self) -> None:
        """Write what has waited long enough; call it now and then. Raises :class:`OSError`."""
        if self._untold:
            count, self._untold = self._untold, 0
            self.record("telemetry", "records_lost", {"records": count})
        if self._fresh and clock.ticks_diff(clock.ticks_ms(), self._since) >= self._hold * 1000:
            self.write()

    def write(self) -> None:
        """Write what is in memory as one segment. Raises :class:`OSError`: it stays in memory then."""
        if not self._fresh:
            return
        first, last = self._fresh[0][0], self._fresh[-1][0]
        body = b",".join([line for _, line in self._fresh])
        with open(self._path(first, last), "wb") as file:
            file.write(hashlib.sha256(body).digest())
            file.write(body)
        self._segments.append((first, last, len(body)))
        self._fresh, self._fresh_bytes = [], 0
        self._drop()

    def _drop(self) -> None:
        """Drop the oldest beyond the budget, and say so."""
        dropped = 0
        while len(self._segments) > 1 and sum([size for _, _, size in self._segments]) > self._budget:
            first, last, _size = self._segments[0]
            dropped += last - first + 1  # numbers may be missing between them after a restart, never within one
            self._remove_oldest()
        if dropped:
            self._memory.dropped += dropped
            self._memory.save()
            self.record("telemetry", "records_dropped", {"records": dropped, "total": self._memory.dropped})

    def _remove_oldest(self) -> None:
        first, last, _size = self._segments.pop(0)
        try:
            os.remove(self._path(first, last))
        except OSError:
            pass  # it comes again after a restart, and the fleet stores nothing twice

    def _path(self, first: int, last: int) -> str:
        return f"{self._folder}{first}-{last}"

    def _look(self, name: str) -> "tuple[int, int, int]":
        """The sequence numbers and size of a segment; the size is 0 when it is not whole."""
        try:
            first, last = [int(part) for part in name.split("-")]
            with open(self._folder + name, "rb") as file:
                digest, body = file.read(_DIGEST), file.read(2 * _SEGMENT_BYTES)
            if hashlib.sha256(body).digest() == digest:
                return first, last, len(body)
        except (ValueError, OSError):
            pass  # not ours, or not whole
        return 0, 0, 0


def _is_clean(value: object, depth: int) -> bool:
    """Whether the fleet takes it: one record that it does not would hold up its whole batch for ever."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int):
        return -_MAX_INTEGER <= value <= _MAX_INTEGER
    if isinstance(value, float):
        return value - value == 0  # neither infinite nor no number
    if isinstance(value, str):
        return not any("\ud800" <= each <= "\udfff" for each in value)
    if depth == 0:
        return False
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_clean(name, 0) for name in value) and all(
            _is_clean(item, depth - 1) for item in value.values()
        )
    return isinstance(value, (list, tuple)) and all(_is_clean(item, depth - 1) for item in value)
