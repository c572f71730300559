"""What pages of tools may say: each message is JSON with a ``type`` and exactly the members of its type."""

import json
from dataclasses import dataclass
from typing import Any

from device_runtime.errors import CygnetError

MAX_MESSAGE_BYTES = 2 * 1024 * 1024
_MAX_TEXT = 1024 * 1024
_FLAG = (bool,)
_CHOICE = (bool, type(None))
_SHAPES: dict[str, dict[str, tuple[type, ...]]] = {
    "reload": {},
    "clear": {"panel": (str,)},
    "storage": {},
    "storage_set": {"key": (str,), "value": (str,)},
    "storage_remove": {"key": (str,)},
    "storage_clear": {},
    "permission": {"name": (str,), "allowed": _CHOICE},
    "origin": {"kind": (str,), "origin": (str,), "allowed": _CHOICE},
    "page": {"page": (int,), "owner": (int,), "what": (str,)},
    "entry": {"id": (int,)},
    "source": {"file": (str,)},
    "open": {"path": (str,)},
    "board": {"board": (str,)},
    "size": {"width": (int,), "height": (int,)},
    "theme": {"theme": (str,)},
    "offline": {"offline": _FLAG},
    "say": {"text": (str,)},
}


class ToolMessageError(CygnetError):
    """A page of tools said what is no message; the sentence says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Command:
    """One checked message; ``values`` has the members of its type."""

    name: str
    values: dict[str, Any]


def parse_command(text: str) -> Command:
    """Check one message.

    Raises:
        ToolMessageError: it is not JSON, of an unknown type, or its members are not those of its type.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ToolMessageError(f"the message is not JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        raise ToolMessageError("a message is a JSON object with a type")
    name = document.pop("type")
    shape = _SHAPES.get(name)
    if shape is None:
        raise ToolMessageError(f"{name[:40]!r} is no message; known are {', '.join(_SHAPES)}")
    if document.keys() != shape.keys():
        raise ToolMessageError(f"{name} has the members {', '.join(shape) or 'of no name'}, not {', '.join(document)}")
    for member, kinds in shape.items():
        value = document[member]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise ToolMessageError(f"{member} of {name} must be {' or '.join(kind.__name__ for kind in kinds)}")
        if isinstance(value, str) and len(value) > _MAX_TEXT:
            raise ToolMessageError(f"{member} of {name} has more than {_MAX_TEXT} characters")
    return Command(name, document)
