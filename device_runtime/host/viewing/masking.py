"""What of a page an operator never sees: what is in secret fields, what is hidden, and addresses of other places.

It is taken out here, before anything is packed: what is not in a picture cannot leave with it.
"""

import re
from collections.abc import Mapping

from device_runtime.values import Value
from device_runtime.view.mirror import MirrorNode

ELSEWHERE = "cygnet:elsewhere"
"""Stands for a picture, sound or film that is not sent."""
MAX_DATA_ADDRESS = 16 * 1024
"""The longest ``data:`` address that goes out as it is, in characters."""
MAX_TEXT = 32 * 1024
"""The longest text or value of one node; what is longer is left out, and a text is cut."""

_FIELDS = frozenset({"input", "textarea"})
_SECRET_TYPES = frozenset({"password", "safe-password", "idcard"})
# What of a secret field is not its content.
_OPEN = frozenset({
    "class", "style", "id", "hidden", "placeholder", "placeholder-style", "placeholder-class", "disabled", "type",
    "password", "maxlength", "aria-label", "aria-role",
})  # fmt: skip
_ADDRESSES = frozenset({"src", "poster", "icon", "image", "icon-path", "selected-icon-path"})
_URL = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"']*))\s*\)""", re.IGNORECASE)
_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
_NAME = re.compile(r"[A-Z]")


class Mask:
    """Looks at the nodes of one page. A field that was secret once stays so: an eye that shows a password for a moment
    shows it to the person, and to nobody else."""

    def __init__(self) -> None:
        self._secret: set[int] = set()

    def look(self, node: MirrorNode) -> Mapping[str, Value] | None:
        """The attributes of an element that may be seen; ``None``: it is hidden."""
        attributes = {_dashed(name): value for name, value in node.attributes.items()}
        if _is_on(attributes.get("hidden")):
            return None
        if node.tag in _FIELDS and (node.id in self._secret or _is_secret(attributes)):
            self._secret.add(node.id)
            return {name: value for name, value in attributes.items() if name in _OPEN}
        return {name: _without_addresses(node.tag, name, value) for name, value in attributes.items() if _goes(name)}


def is_elsewhere(address: str) -> bool:
    """Whether an address leads out of the program's package."""
    return _SCHEME.match(address.strip()) is not None


def without_urls(style: str) -> str:
    """A style in which every ``url()`` that leads out of the package, or is a long ``data:``, is ``none``."""

    def kept(match: re.Match[str]) -> str:
        address = next((part for part in match.groups() if part is not None), "").strip()
        return match[0] if not is_elsewhere(address) or _is_small_data(address) else "none"

    return _URL.sub(kept, style)


def _goes(name: str) -> bool:
    """Not what a program keeps at a node for itself, and what it listens to."""
    return not name.startswith(("data-", "bind", "catch", "capture-", "mut-"))


def _is_secret(attributes: Mapping[str, Value]) -> bool:
    kind = attributes.get("type")
    return _is_on(attributes.get("password")) or (isinstance(kind, str) and kind.strip().lower() in _SECRET_TYPES)


def _is_on(value: Value) -> bool:
    """As the screen's own code sees it: any text but an empty one counts as true."""
    return value is not None and value is not False and value != "" and value != 0


def _without_addresses(tag: str, name: str, value: Value) -> Value:
    if name in _ADDRESSES and isinstance(value, str):
        if tag in {"web-view", "video", "audio", "live-player"} and name == "src":
            return ELSEWHERE
        return ELSEWHERE if is_elsewhere(value) and not _is_small_data(value) else value
    if name == "style" and isinstance(value, str):
        return without_urls(value)[:MAX_TEXT]
    return value


def _is_small_data(address: str) -> bool:
    return address[:11].lower() == "data:image/" and len(address) <= MAX_DATA_ADDRESS


def _dashed(name: str) -> str:
    """``placeholderStyle`` and ``placeholder-style`` are the same attribute."""
    return _NAME.sub(lambda match: f"-{match[0].lower()}", name)
