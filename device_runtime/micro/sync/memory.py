"""What a board remembers of its fleet: two records, and the numbers that must never be given twice.

``memory.json`` is written once a start, and once in a thousand telemetry records: sequence numbers are taken from a
portion that was set aside before, so that a power cut leaves a gap and never the same number twice.
"""

import binascii
import json
import os

from .. import clock
from ..records import read_body, read_record, write_body, write_record
from .messages import SyncError, verify_desired

try:
    from typing import Any
except ImportError:
    pass

_CONNECTIONS_PER_START = 2**20
_PORTION = 1000
"""How many sequence numbers are set aside at a time."""


class Memory:
    """The memory below ``root``. ``desired`` is the document that is followed, or None."""

    def __init__(self, root: str, identity: "dict[str, Any]") -> None:
        """Read what is there and count this start. Raises :class:`OSError` when the disk does not take it."""
        self._path, self._identity = root + "cygnet/memory.json", identity
        self._desired_path = root + "cygnet/desired.json"
        record = read_record(self._path) or {}
        self._starts: int = record.get("starts", 0) + 1
        self.epoch: str = record.get("epoch", "") or binascii.hexlify(os.urandom(8)).decode()
        self.dropped: int = record.get("dropped", 0)
        """Telemetry records that were dropped in all, for want of space."""
        self._sequence: int = record.get("sequence", 0)
        self._set_aside: int = self._sequence
        self._floor: int = record.get("floor", 0)
        self._connections = 0
        self._last = b""
        clock.set_now(max(record.get("time", 0), identity.get("time", 0)))
        self.desired = self._recall()
        if self.desired is not None:
            self._floor = max(self._floor, self.desired["version"])
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

    async def accept(self, payload: bytes) -> bool:
        """Take a signed envelope as what this board should have from now on; False when nothing changes.

        Raises:
            SyncError: altered, for another device, too old, or expired.
            OSError: the disk does not take it.
        """
        if payload == self._last:
            return False
        desired = await verify_desired(payload, self._identity)
        self._last = payload if len(payload) <= 1024 else b""
        held = self.desired
        if held is not None and _same(held, desired):
            clock.set_now(desired["issued"])
            return False
        version, expires, now = desired["version"], desired["expires"], clock.now()
        if version < self._floor:
            raise SyncError(
                f"desired version {version} is older than version {self._floor}, which this device has seen"
            )
        if held is not None and version == held["version"]:
            raise SyncError(f"desired version {version} came a second time with other content")
        if expires and now and now > expires:
            raise SyncError(f"desired version {version} expired {now - expires} s ago: the fleet must sign it again")
        clock.set_now(desired["issued"])
        try:
            write_body(self._desired_path, payload)
        except OSError:
            self._last = b""
            raise
        self.desired, self._floor = desired, version
        return True

    def save(self) -> None:
        """Keep the count of dropped records and the time. Raises :class:`OSError`."""
        self._save()

    def _save(self) -> None:
        self._set_aside = self._sequence + _PORTION
        write_record(
            self._path,
            {
                "starts": self._starts,
                "floor": self._floor,
                "epoch": self.epoch,
                "sequence": self._set_aside,
                "dropped": self.dropped,
                "time": clock.now(),
            },
        )

    def _recall(self) -> "dict[str, Any] | None":
        """What was accepted before. Its signature was checked then; who can change the flash has the key as well."""
        body = read_body(self._desired_path)
        if body is None:
            return None
        try:
            signed: dict[str, Any] = json.loads(body[body.find(b'"signed":') + 9 : -1])
            for name, value in (("settings", {}), ("runtime", None), ("expires", 0)):
                signed.setdefault(name, value)
            for target in signed["programs"].values():
                target.setdefault("launch", False)
            return signed if (signed["fleet"], signed["device"]) == self._whom() else None
        except (ValueError, KeyError, AttributeError):
            return None

    def _whom(self) -> "tuple[str, str]":
        return self._identity["fleet"], self._identity["device"]


def _same(one: "dict[str, Any]", other: "dict[str, Any]") -> bool:
    """Whether two documents want the same: the fleet signs the same version again with a new time."""
    return all(one[name] == other[name] for name in ("version", "programs", "settings", "runtime"))
