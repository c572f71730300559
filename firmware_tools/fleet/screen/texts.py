"""The texts of a screen, line by line, out of what a device says of it: for a terminal, and for who cannot see."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from device_runtime.view.mirror import MirrorError, MirrorNode, MirrorTree

_INLINE = frozenset({"text", "span"})
_MOST = 500


class ScreenTexts:
    """Keeps the picture, and tells its lines. What a device sends cannot steer a terminal: only letters are printed."""

    def __init__(self) -> None:
        self._title = ""
        self._tree = MirrorTree()
        self._page: Any = None
        self._launcher: list[str] = []
        self._asked: dict[str, list[str]] = {}
        self._said: list[str] = []

    def take(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Messages of a picture, checked by the fleet. Operations that do not fit are passed over: the next picture
        that is whole is right."""
        for message in messages:
            match message["type"]:
                case "begin":
                    self._clear("")
                case "home":
                    self._clear("Launcher")
                    names = [tile.get("name") for tile in message["programs"] if isinstance(tile, dict)]
                    self._launcher = [name for name in names if isinstance(name, str)]
                case "stack":
                    self._take_stack(message)
                case "patch":
                    try:
                        self._tree.apply(message["operations"])
                    except (MirrorError, RecursionError, TypeError, ValueError):
                        continue
                case "ui":
                    self._take_ui(message)
                case "ui_done":
                    self._asked.pop(message["id"], None)

    def lines(self) -> list[str]:
        """What is to be read now: the title first."""
        asked = [line for lines in self._asked.values() for line in lines]
        lines = [self._title, *self._launcher, *_lines(self._tree.root), *asked, *self._said]
        return [line for line in map(_printable, lines) if line]

    def _take_stack(self, message: Mapping[str, Any]) -> None:
        page, window = message["page"], message["page"].get("window")
        title = window.get("navigationBarTitleText") if isinstance(window, dict) else None
        known = (message["app_id"], message["version"], page.get("id"))
        if known != self._page:
            self._clear("")
            self._page = known
        self._title = title if isinstance(title, str) and title else str(message["name"])

    def _take_ui(self, message: Mapping[str, Any]) -> None:
        arguments = message["arguments"]
        said = [arguments.get(name) for name in ("title", "content", "alertText", "confirmText")]
        items = arguments.get("itemList")
        texts = [text for text in (*said, *(items if isinstance(items, list) else ())) if isinstance(text, str)]
        if message["id"]:
            self._asked[message["id"]] = texts
        elif message["name"] in ("showToast", "showLoading"):
            self._said = texts[:1]
        else:
            self._said = []

    def _clear(self, title: str) -> None:
        self._title, self._tree, self._page = title, MirrorTree(), None
        self._launcher, self._asked, self._said = [], {}, []


def changed(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """What came (``+``) and went (``-``) between two readings."""
    for line in difflib.ndiff(before, after):
        if line.startswith(("+ ", "- ")):
            yield line


def _lines(root: MirrorNode) -> Iterator[str]:
    """A line for each block of text, and for what stands in a field."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.tag in _INLINE or not node.tag:
            yield node.text_content()
            continue
        value = node.attributes.get("value")
        if node.tag in ("input", "textarea") and isinstance(value, str):
            yield f"[{value}]"
        waiting += reversed(node.children)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text[:_MOST]).strip()
