"""``storage.get {key}``, ``storage.set {key, value}``, ``storage.remove {key}``: what a program keeps on the flash.

All of a program is one small record, which is replaced as a whole when the program's turn is over: flash wears, so
that writes are few, and deep in a program's call a board has no stack for its file system.
"""

import binascii
import hashlib
import json
import os

from .. import clock
from ..program.errors import CapabilityError
from ..records import read_record, write_record
from .arguments import refuse, text

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .shapes import Values
except ImportError:
    pass

_MOST_BYTES = 4096
_BURST = 20
_EACH_MS = 10_000


class Storage:
    """The values of one program, below ``root``."""

    def __init__(self, root: str, app_id: str) -> None:
        folder = root + "cygnet/storage"
        try:
            os.mkdir(folder)
        except OSError:
            pass  # it is there
        # By its hash: a record ends in `.new`, and so may an id; and to FAT ids in capitals are the same.
        self._path = f"{folder}/{binascii.hexlify(hashlib.sha256(app_id.encode()).digest()[:8]).decode()}"
        self._values = read_record(self._path) or {}
        self._writes = _BURST
        self._since = clock.ticks_ms()
        self._is_changed = False

    def get(self, values: "Values") -> "Any":
        """The value, or ``None``; a copy."""
        found = self._values.get(_key(values))
        return json.loads(json.dumps(found)) if isinstance(found, (list, dict)) else found

    def set(self, values: "Values") -> None:
        """Keep a value; raises ``CapabilityError``: too large, or too many."""
        key = _key(values)
        if "value" not in values:
            raise refuse("value is missing")
        if key in self._values and json.dumps(self._values[key]) == json.dumps(values["value"]):
            return
        changed = self._values.copy()
        changed[key] = values["value"]
        self._replace(changed)

    def remove(self, values: "Values") -> None:
        """Forget a key; one that is not there is no error."""
        key = _key(values)
        if key in self._values:
            changed = self._values.copy()
            changed.pop(key)
            self._replace(changed)

    def _replace(self, changed: "dict[str, Any]") -> None:
        size = len(json.dumps(changed))
        if size > _MOST_BYTES:
            raise CapabilityError(
                f"storage is full: {size} bytes would be used, {_MOST_BYTES} are allowed; remove keys first"
            )
        gained = clock.ticks_diff(clock.ticks_ms(), self._since) // _EACH_MS
        if gained:
            self._writes = min(_BURST, self._writes + gained)
            self._since = clock.ticks_ms()
        if not self._is_changed and self._writes < 1:
            raise CapabilityError(
                f"too many writes: {_BURST} at once and then one in {_EACH_MS // 1000} s are allowed; write less often"
            )
        self._writes -= not self._is_changed
        self._values = changed
        self._is_changed = True

    def flush(self) -> str:
        """Write what has changed; a sentence where the flash does not take it (it is tried again), or an empty text."""
        if self._is_changed:
            try:
                write_record(self._path, self._values)
            except OSError as error:
                return f"what the program keeps cannot be written: {error}"
            self._is_changed = False
        return ""


def _key(values: "Values") -> str:
    key = text(values, "key", 64)
    if not key:
        raise refuse("key must not be empty")
    return key
