"""Operations that one batch makes superfluous: what is done to nodes that the same batch inserts.

A view brings new nodes to screens before it knows where they belong, by way of the limbo. Here that becomes one insert
of the node as it is in the end, where it is in the end.
"""

from collections.abc import Sequence
from typing import Any

from device_runtime.view.patches import LIMBO_ID, Node, Operation


def compact(operations: Sequence[Operation]) -> list[Operation]:
    """Fewer operations that make the same tree of the same tree (with the limbo's children in any order)."""
    batch = _Batch()
    for operation in operations:
        batch.add(operation)
    return [operation for operation in batch.result if operation is not None]


class _Batch:
    """The operations so far.

    ``nodes`` are the nodes that they insert; ``parent`` is for those that became part of another's insert; ``loose``
    are those that are in the limbo yet, with the place of their insert in ``result``. Once an operation that stays
    says something of a node's children, the node is ``frozen``: later ones must stay, too. What an operation that
    stays speaks of is ``bound`` to be where it is by then.
    """

    def __init__(self) -> None:
        self.result: list[Operation | None] = []
        self._nodes: dict[int, Any] = {}
        self._parent: dict[int, int] = {}
        self._loose: dict[int, int] = {}
        self._frozen: set[int] = set()
        self._bound: set[int] = set()

    def add(self, operation: Operation) -> None:
        """Add one operation."""
        match operation:
            case ["insert", int(parent), int(index), list(node)]:
                self._insert(self._take(node), parent, index)
            case ["remove", int(node)]:
                self._remove(node)
            case ["move", int(node), int(parent), int(index)]:
                self._move(node, parent, index)
            case ["set", int(node), str(name), value] if node in self._nodes:
                attributes = self._nodes[node][2]
                attributes.pop(name, None)
                if value is not None:
                    attributes[name] = value
            case ["text", int(node), text] if node in self._nodes:
                self._nodes[node][1] = text
            case _:
                if isinstance(operation[1], int):
                    self._bind(operation[1])
                self.result.append(operation)

    def _take(self, node: Node) -> Any:
        """A copy of a node, all nodes of which are known from now on."""
        made: Any
        if len(node) == 2:
            made = [*node]
        else:
            identifier, tag, attributes, events, children = node
            made = [identifier, tag, {**attributes}, events, [self._take(child) for child in children]]  # type: ignore[dict-item,arg-type,union-attr]
            for child in made[4]:
                self._parent[child[0]] = made[0]
        self._nodes[made[0]] = made
        return made

    def _top(self, node: int) -> int:
        """The inserted node that a node is part of."""
        while node in self._parent:
            node = self._parent[node]
        return node

    def _bind(self, node: int) -> None:
        if node in self._nodes:
            self._bound.add(self._top(node))

    def _freeze(self, node: int) -> None:
        if node in self._nodes:
            self._frozen.add(node)
            self._bind(node)

    def _insert(self, node: Any, parent: int, index: int) -> None:
        identifier = node[0]
        if parent in self._nodes and parent not in self._frozen:
            self._nodes[parent][4].insert(index, node)
            self._parent[identifier] = parent
            return
        self._bind(parent)
        if parent == LIMBO_ID:
            self._loose[identifier] = len(self.result)
        self.result.append(["insert", parent, 0 if parent == LIMBO_ID else index, node])

    def _extract(self, node: int) -> Any:
        """Take a node out of what is inserted so far, and give it; ``None`` if that cannot be undone any more."""
        made = self._nodes.get(node)
        if made is None or self._top(node) in self._bound:
            return None
        if node in self._loose:
            self.result[self._loose.pop(node)] = None
            return made
        if node in self._parent:
            self._nodes[self._parent.pop(node)][4].remove(made)
            return made
        return None

    def _move(self, node: int, parent: int, index: int) -> None:
        made = self._extract(node)
        if made is not None:
            self._insert(made, parent, index)
            return
        self._bind(node)
        if node in self._parent:
            self._freeze(self._parent.pop(node))
        self._loose.pop(node, None)
        self._bind(node)
        self._freeze(parent)
        self.result.append(["move", node, parent, 0 if parent == LIMBO_ID else index])

    def _remove(self, node: int) -> None:
        made = self._extract(node)
        if made is None:
            if node in self._parent:
                self._freeze(self._parent.pop(node))
            self._loose.pop(node, None)
            self.result.append(["remove", node])
            made = self._nodes.get(node)
        if made is not None:
            self._forget(made)

    def _forget(self, node: Any) -> None:
        identifier = node[0]
        for known in (self._nodes, self._parent, self._loose):
            known.pop(identifier, None)
        self._frozen.discard(identifier)
        self._bound.discard(identifier)
        for child in node[4] if len(node) == 5 else ():
            self._forget(child)
