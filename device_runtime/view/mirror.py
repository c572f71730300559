"""The tree that patches make: the reference applier of operations, and the model of a screen written in Python."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from device_runtime.errors import CygnetError
from device_runtime.values import Value
from device_runtime.view.errors import one_line, shown
from device_runtime.view.patches import LIMBO_ID, ROOT_ID, Node
from device_runtime.view.stamps import side_by_side


class MirrorError(CygnetError):
    """An operation does not fit the tree."""


@dataclass(slots=True, eq=False)
class MirrorNode:
    """A node on a screen: an element, or a text, whose ``tag`` is empty."""

    id: int
    tag: str
    text: str = ""
    attributes: dict[str, Value] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    children: "list[MirrorNode]" = field(default_factory=list)
    parent: "MirrorNode | None" = field(default=None, repr=False)

    def walk(self) -> "Iterator[MirrorNode]":
        """It and everything below it, in document order."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.children)

    def text_content(self) -> str:
        """All text at and below it."""
        return "".join(node.text for node in self.walk())

    def outline(self) -> Value:
        """The subtree without ids, to be compared: a string, or ``[tag, attributes, events, children]``."""
        if not self.tag:
            return self.text
        return [self.tag, dict(self.attributes), [*self.events], [child.outline() for child in self.children]]


class MirrorTree:
    """One page as a screen has it: its root, and beside it the limbo, which nobody sees."""

    def __init__(self) -> None:
        self.root = MirrorNode(ROOT_ID, "page")
        self.limbo = MirrorNode(LIMBO_ID, "limbo")
        self.nodes: dict[int, MirrorNode] = {ROOT_ID: self.root, LIMBO_ID: self.limbo}

    def apply(self, operations: Sequence[Any]) -> None:
        """Apply operations in order.

        Raises:
            MirrorError: one is unknown, malformed, or names a node or place that is not there; those before it
                have been applied, and of this one nothing.
        """
        for operation in operations:
            if not isinstance(operation, list) or any(isinstance(part, bool) for part in operation[1:3]):
                raise MirrorError(f"{shown(operation)} is not an operation")
            match operation:
                case ["insert", int(parent), int(index), list(description)]:
                    self._insert(description, self._place(parent, index), index)
                case ["remove", int(identifier)]:
                    for gone in self._detach(self._find(identifier)).walk():
                        del self.nodes[gone.id]
                case ["move", int(identifier), int(parent), int(index)]:
                    self._move(self._find(identifier), parent, index)
                case ["text", int(identifier), str(text)]:
                    node = self._find(identifier)
                    if node.tag:
                        raise MirrorError(
                            f"node {identifier} is a <{one_line(node.tag[:40])}> and has no text of its own"
                        )
                    node.text = text
                case ["set", int(identifier), str(name), value]:
                    self._set(self._find(identifier), name, value)
                case ["call", int(identifier), str(method), list()]:
                    if not self._find(identifier).tag:
                        raise MirrorError(
                            f"node {identifier} is a text and has no {one_line(method[:40])} to be called"
                        )
                case _:
                    raise MirrorError(f"{shown(operation)} is not an operation")

    def find(self, tag: str = "", **attributes: Value) -> MirrorNode:
        """The first element with this tag (if given) and these attributes.

        Raises:
            MirrorError: there is none.
        """
        for node in self.root.walk():
            matches = all(node.attributes.get(name) == value for name, value in attributes.items())
            if matches and (node.tag == tag if tag else node.tag):
                return node
        raise MirrorError(f"the page holds no <{tag or 'element'}> with {attributes}")

    def _find(self, identifier: int) -> MirrorNode:
        node = self.nodes.get(identifier)
        if node is None:
            raise MirrorError(f"there is no node {shown(identifier)}")
        return node

    def _place(self, parent: int, index: int, leaving: MirrorNode | None = None) -> MirrorNode:
        """The node that takes a child at ``index``, once ``leaving`` is out of its list."""
        above = self._find(parent)
        size = len(above.children) - (leaving is not None and leaving.parent is above)
        if not above.tag or not 0 <= index <= size:
            raise MirrorError(f"node {parent} has no place {shown(index)} for a child")
        return above

    def _insert(self, description: list[Any], above: MirrorNode, index: int) -> None:
        made: dict[int, MirrorNode] = {}
        nodes = _build(description, made)
        known = made.keys() & self.nodes.keys()
        if known:
            raise MirrorError(f"there is a node {min(known)} already")
        self.nodes |= made
        above.children[index:index] = nodes
        for node in nodes:
            node.parent = above

    def _move(self, node: MirrorNode, parent: int, index: int) -> None:
        above = self._place(parent, index, node)
        around: MirrorNode | None = above
        while around is not None:
            if around is node:
                raise MirrorError(f"node {node.id} cannot be moved into itself")
            around = around.parent
        above.children.insert(index, self._detach(node))
        node.parent = above

    def _detach(self, node: MirrorNode) -> MirrorNode:
        if node.parent is None:
            raise MirrorError(f"node {node.id} stays where it is")
        node.parent.children.remove(node)
        node.parent = None
        return node

    def _set(self, node: MirrorNode, name: str, value: Value) -> None:
        if not node.tag:
            raise MirrorError(f"node {node.id} is a text and has no attributes")
        if value is None:
            node.attributes.pop(name, None)
        else:
            node.attributes[name] = value


def _build(description: list[Any], made: dict[int, MirrorNode]) -> list[MirrorNode]:
    """A node, or those of a stamp, with all below, each noted in ``made``."""
    root = MirrorNode(0, "")
    waiting: list[tuple[Any, MirrorNode]] = [(one, root) for one in reversed(_side_by_side([description]))]
    while waiting:
        part, above = waiting.pop()
        match part:
            case [int(identifier), str(text)] if not isinstance(identifier, bool):
                node = MirrorNode(identifier, "", text, parent=above)
            case [int(identifier), str(tag), dict(attributes), list(events), list(children)] if tag and not isinstance(
                identifier, bool
            ):
                node = MirrorNode(identifier, tag, "", dict(attributes), [*events], parent=above)
                waiting += [(child, node) for child in reversed(_side_by_side(children))]
            case _:
                raise MirrorError(f"{shown(part)} is not a node")
        if node.id in made:
            raise MirrorError(f"there is a node {shown(node.id)} already")
        made[node.id] = node
        above.children.append(node)
    return root.children


def _side_by_side(nodes: list[Any]) -> list[Node]:
    try:
        return side_by_side(nodes)
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise MirrorError(f"{shown(nodes)} is not a list of nodes") from error
