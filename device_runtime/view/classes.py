"""Class names of shadow trees: each component's are prefixed, so that its style sheet meets no other's elements.

The style compiler writes ``.a`` of a component as ``.c3-a`` and ``:host`` as ``.c3-host``; here the classes of its
elements become the same. Programs never see the translated names.
"""

import re
from typing import TYPE_CHECKING, Any, Final

from device_runtime.view.javascript import to_text

if TYPE_CHECKING:
    from device_runtime.view.tree import Tree

_MAX_CACHED: Final = 2_000
_NAME: Final = re.compile(r"[^\s.,]+")


def class_text(value: Any) -> str:
    """What a ``class`` or an external class holds: names with spaces between them. WeChat takes a comma (of a list) or
    a full stop for a space, too."""
    text = value if type(value) is str else to_text(value)
    return " ".join(_NAME.findall(text)) if "," in text or "." in text else text


class ClassScope:
    """How the classes in one component's template are translated.

    ``shared`` elements keep the plain class as well, so that the style of the page reaches them. ``external`` classes
    stand for what the owner passed in.
    """

    __slots__ = ("_cache", "external", "host", "prefix", "shared")

    def __init__(self, prefix: str, shared: bool, external: tuple[str, ...]) -> None:
        self.prefix = prefix
        self.shared = shared
        self.external = frozenset(external)
        self.host = f"{prefix}host" if prefix else ""
        self._cache: dict[str, str] = {}

    def translate(self, text: str, tree: "Tree") -> str:
        """The classes that an element of ``tree`` has on screens for the ``class`` in the template."""
        made = self._cache.get(text)
        if made is not None:
            return made
        parts: list[str] = []
        own = True
        for token in text.split():
            if token in self.external:
                own = False
                parts.append(tree.external_class(token))
            elif token[0] in "~^" and len(token) > 1:
                own = False
                parts.append(_from_outside(token, tree))
            else:
                parts.append(f"{self.prefix}{token}")
                if self.shared and self.prefix:
                    parts.append(token)
        made = " ".join(filter(None, parts))
        if own and len(self._cache) < _MAX_CACHED:
            self._cache[text] = made
        return made


def _from_outside(token: str, tree: "Tree") -> str:
    """``~a``, a class of the page, or ``^a``, one of the owner."""
    outer = tree.outer
    if token[0] == "~":
        while outer is not None and outer.outer is not None:
            outer = outer.outer
    return token[1:] if outer is None else outer.translate(token[1:])
