"""What a board remembers of its fleet: two records, and the numbers that must never be given twice.

``memory.json`` is written once a start, and once in a thousand telemetry records: sequence numbers are taken from a
portion that was set aside before, so that a power cut leaves a gap and never the same number twice.
"""

import binascii
import json
import os

from .. import clock
from ..records import read_body, read_record, write_record

try:
    from typing import Any
except ImportError:
    pass

_CONNECTIONS_PER_START = 2**20
_PORTION = 1000
"""How many sequence numbers are set aside at a time."""


class Memory:
    """The memory below ``root``. ``desired`` is the document that is followed, or None; ``floor`` the highest version
    that was ever accepted. :mod:`.desired` accepts the next."""

    def __init__(self, root: str, identity: "dict[str, Any]") -> None:
        """Read what is there and count this start. Raises :class:`OSError` when the disk does not take it."""
        self._path, self.identity = root + "cygnet/memory.json", identity
        self.desired_path = root + "cygnet/desired.json"
        record = read_record(self._path) or {}
        self._starts: int = record.get("starts", 0) + 1
        self.epoch: str = record.get("epoch", "") or binascii.hexlify(os.urandom(8)).decode()
        self.dropped: int = record.get("dropped", 0)
        """Telemetry records that were dropped in all, for want of space."""
        self._sequence: int = record.get("sequence", 0)
        self._set_aside: int = self._sequence
        self.floor: int = record.get("floor", 0)
        self._connections = 0
        self.time: int = max(record.get("time", 0), identity.get("time", 0))
        """The latest that the fleet has signed: what NTP says is anybody's word, and goes with the power."""
        clock.set_now(self.time)
        self.desired = self._recall()
        if self.desired is not None:
            self.floor = max(self.floor, self.desired["version"])
        self._save()

    def next_session(self) -> int:
        """A number for one connection, greater than all before it, without a write."""
        self._connections += 1
        return self._starts * _CONNECTIONS_PER_START + self._connections

    def next_sequence(self) -> int:
        """A number for one telemetry record."""
        if self._sequence >= self._set_aside:
            self._save()
        self._sequence += 1
        return self._sequence

    def save(self) -> None:
        """Keep the count of dropped records and the time. Raises :class:`OSError`."""
        self._save()

    def _save(self) -> None:
        self._set_aside = self._sequence + _PORTION
        write_record(
            self._path,
            {
                "starts": self._starts,
                "floor": self.floor,
                "epoch": self.epoch,
                "sequence": self._set_aside,
                "dropped": self.dropped,
                "time": self.time,
            },
        )

    def _recall(self) -> "dict[str, Any] | None":
        """What was accepted before. Its signature was checked then; who can change the flash has the key as well."""
        body = read_body(self.desired_path)
        if body is None:
            return None
        try:
            signed: dict[str, Any] = json.loads(body[body.find(b'"signed":') + 9 : -1])
            for name, value in (("settings", {}), ("runtime", None), ("expires", 0)):
                signed.setdefault(name, value)
            for target in signed["programs"].values():
                target.setdefault("launch", False)
                target.setdefault("digests", "")
            if signed["runtime"] is not None:
                signed["runtime"].setdefault("digests", "")
            return signed if (signed["fleet"], signed["device"]) == self._whom() else None
        except (ValueError, KeyError, AttributeError):
            return None

    def _whom(self) -> "tuple[str, str]":
        return self.identity["fleet"], self.identity["device"]
