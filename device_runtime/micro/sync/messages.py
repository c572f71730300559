"""What messages of a board have in common: lengths, text, and the error that reaches the operator."""

import asyncio
import json

from ..modules import forget

try:
    from typing import Any
except ImportError:
    pass

MAX_DESIRED_BYTES = 16_384
"""The longest desired document that a board takes."""
MAX_TEXT = 64
MAX_ERROR = 500
MAX_VALUES = 64


class SyncError(Exception):
    """Something that the fleet sent, or that was tried for it, is refused; the sentence reaches the operator."""


def one_line(text: object, longest: int) -> str:
    """Our own text as the fleet takes it: control characters and halves of characters become spaces, the end is cut
    off."""
    return "".join([each if _is_shown(each) else " " for each in str(text)[:longest]])


def _is_shown(each: str) -> bool:
    return each >= " " and each != "\x7f" and not "\ud800" <= each <= "\udfff"


def encode(document: "dict[str, Any]") -> bytes:
    """A message as it is sent."""
    return json.dumps(document).encode()


busy = asyncio.Lock()
"""Held by who checks a document or does what one wants: a board has memory for one of them at a time."""
_PASSING = (
    "assembly",
    "certificate",
    "desired",
    "doing",
    "ed25519",
    "fetching",
    "files",
    "opening",
    "package",
    "renewal",
    "reporting",
    "seals",
    "sha512",
    "switching",
    "update",
)
"""The modules beside this one that boards do not keep."""


def unload(*names: str) -> None:
    """Give back the memory of modules of this package: of these, or of all that boards do not keep.

    Who is inside one of them goes on; who holds a function of one keeps all of it in memory.
    """
    forget(*(names or _PASSING))
