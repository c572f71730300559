"""What a device says of its screen, checked before anybody is given it: only known messages, only known members.

A device is not trusted: what it sends is drawn in an operator's browser. The browser's side builds only what it knows
(``page/screen-frame.js``); this is the fence before it, which also keeps strangers' bytes out of terminals and scripts.
"""

from collections.abc import Mapping
from typing import Any

from device_runtime.sync.fields import ProtocolError

_MEMBERS: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "begin": {"name": str, "screen": dict},
    "home": {"programs": list},
    "stack": {
        "app_id": str,
        "version": int,
        "name": str,
        "page": dict,
        "depth": int,
        "tab_bar": (dict, type(None)),
    },
    "style": {"path": str, "text": str, "more": bool},
    "image": {"path": str, "data": str},
    "patch": {"page": int, "operations": list},
    "ui": {"name": str, "id": str, "arguments": dict},
    "ui_done": {"id": str},
    "left_out": {"what": str},
}
_DATA = ("data:image/", "data:font/")


def check_messages(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages with their known members and no other; one of an unknown type, as of a newer device, is left out.

    Raises:
        ProtocolError: a member is missing or of the wrong type.
    """
    result: list[dict[str, Any]] = []
    for message in messages:
        kind = message["type"]
        members = _MEMBERS.get(kind)
        if members is None:
            continue
        for name, expected in members.items():
            value = message.get(name)
            if not isinstance(value, expected) or (isinstance(value, bool) and expected is int):
                raise ProtocolError(f"screen: {kind} has no {name} as it should be")
        if kind == "image" and not message["data"].startswith(_DATA):
            raise ProtocolError("screen: an image must be a data: address of a picture")
        result.append({"type": kind, **{name: message[name] for name in members}})
    return result
