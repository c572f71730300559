"""The values that cross borders between JavaScript, frames, patches and messages."""

import math
from typing import TypeAlias

Value: TypeAlias = "bool | int | float | str | bytes | list[Value] | dict[str, Value] | None"
"""What JSON can say, and bytes. JavaScript ``undefined`` arrives as ``None``."""

_LEAST, _MOST = -(2**63), 2**64 - 1


def fault_of(value: object, deepest: int) -> str:
    """Why frames, databases and JSON cannot carry what a peer's JSON says, to follow "it holds"; empty where they can.

    JSON has strings with half a character (one half of a surrogate pair), and numbers of any size.
    """
    if isinstance(value, str):
        return "" if value.isascii() or _is_text(value) else "a string with half a character in it"
    if isinstance(value, dict | list):
        if deepest == 0:
            return "lists and objects that are nested too deeply"
        parts = (*value.keys(), *value.values()) if isinstance(value, dict) else value
        return next(filter(None, (fault_of(part, deepest - 1) for part in parts)), "")
    if isinstance(value, float):
        return "" if math.isfinite(value) else "a number that is not finite"
    return "a whole number of more than 64 bits" if isinstance(value, int) and not _LEAST <= value <= _MOST else ""


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
