"""How values go into JavaScript where the binding cannot bring them there: as JSON.

The binding puts each member of a list or object with an assignment, and an assignment asks the prototypes: a setter
that a program has put on ``Array.prototype[0]`` or ``Object.prototype.type`` gets what the host says, or throws in the
midst of it. ``JSON.parse`` defines members, whatever the prototypes hold. It also takes whole numbers of any size and
any depth, which the binding does not, and it takes longer: so it is asked only when the prototypes are not as they
were, or the binding has refused (``base/primordials.js``).

An object with the one member ``"\\r"`` stands for what JSON has not: ``{"\\r": "NaN"}`` for a number, ``{"\\r": 3}``
for the third bytes, ``{"\\r": {...}}`` for an object that has a member of this name itself.
"""

import json
import math
from typing import Any, Final

from device_runtime.engine import ScriptError
from device_runtime.values import Value

_MARK: Final = "\r"
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class Packing:
    """What was packed last: its text, and the bytes that do not fit into one."""

    def __init__(self) -> None:
        self._bytes: list[bytes] = []

    def pack(self, value: Value) -> str:
        """The value as JSON.

        Raises:
            ScriptError: it is nested too deeply.
        """
        self._bytes = []
        try:
            return _encode(self._marked(value))
        except RecursionError as error:
            raise ScriptError("what the host answered is nested too deeply for a program") from error

    def bytes_of(self, number: object) -> bytes | None:
        """Those of the value that was packed last, counted from 1."""
        return self._bytes[number - 1] if type(number) is int and 0 < number <= len(self._bytes) else None

    def _marked(self, value: Any) -> Any:
        if isinstance(value, dict):
            members = {str(key): self._marked(member) for key, member in value.items()}
            return {_MARK: members} if _MARK in members else members
        if isinstance(value, list | tuple):
            return [self._marked(item) for item in value]
        if isinstance(value, float) and not math.isfinite(value):
            return {_MARK: "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
        if isinstance(value, bytes | bytearray):
            self._bytes.append(bytes(value))
            return {_MARK: len(self._bytes)}
        return value
