"""What template modules lay over nodes: styles and classes that outlive whatever the template binds there.

A screen keeps both beside the bound ones, as the attributes ``overlayStyle`` (a text that follows ``style``) and
``overlayClass`` (``[added, removed]``), so that a binding may change without a look at them.
Source: https://developers.weixin.qq.com/miniprogram/en/dev/framework/view/interactive-animation.html
"""

from collections.abc import Iterator
from typing import Any

from device_runtime.values import Value
from device_runtime.view.patches import Operation
from device_runtime.view.tree import Registry


class Overlays:
    """The overlays of one page, by node."""

    __slots__ = ("_classes", "_registry", "_styles")

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._styles: dict[int, str] = {}
        self._classes: dict[int, dict[str, bool]] = {}

    def set_style(self, node: int, text: str) -> list[Operation]:
        """Lay the declarations in ``text`` over a node, in the place of those that were laid there before."""
        if not self._is_shown(node):
            return []
        self._styles[node] = text
        return [self._style(node)]

    def set_class(self, node: int, name: str, *, present: bool) -> list[Operation]:
        """Give a node a class, or take one away, whatever its template says."""
        names = name.split()
        if not names or not self._is_shown(node):
            return []
        self._classes.setdefault(node, {}).update(dict.fromkeys(names, present))
        return [self._class(node)]

    def classes(self, node: int, bound: tuple[str, ...]) -> tuple[str, ...]:
        """The classes of a node, which has ``bound`` from its template."""
        over = self._classes.get(node)
        if over is None:
            return bound
        added = [name for name, present in over.items() if present and name not in bound]
        return (*(name for name in bound if over.get(name, True)), *added)

    def operations(self) -> Iterator[Operation]:
        """What lays them over a page that has been inserted afresh; those of nodes that are gone are forgotten."""
        tables: tuple[dict[int, Any], ...] = (self._styles, self._classes)
        for table in tables:
            for node in [node for node in table if not self._is_shown(node)]:
                table.pop(node)
        yield from map(self._style, self._styles)
        yield from map(self._class, self._classes)

    def _is_shown(self, node: int) -> bool:
        instance = self._registry.find(node)
        return instance is not None and node - instance.base in instance.block.elements

    def _style(self, node: int) -> Operation:
        return ["set", node, "overlayStyle", self._styles[node]]

    def _class(self, node: int) -> Operation:
        instance = self._registry.find(node)
        lists: list[Value] = []
        for wanted in (True, False):
            names = " ".join(name for name, present in self._classes[node].items() if present is wanted)
            shown = names if instance is None or instance.tree.scope is None else instance.tree.translate(names)
            lists.append([*shown.split()])
        return ["set", node, "overlayClass", lists]
