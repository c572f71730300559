"""The tree that patches make: the reference applier of operations, and the model of a screen written in Python."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from device_runtime.errors import CygnetError
from device_runtime.values import Value
from device_runtime.view.patches import LIMBO_ID, ROOT_ID, Node
from device_runtime.view.stamps import unstamped


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
    parent: "MirrorNode | None" = None

    def walk(self) -> "Iterator[MirrorNode]":
        """It and everything below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()

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
                have been applied.
        """
        for operation in operations:
            match operation:
                case ["insert", int(parent), int(index), list(description)]:
                    for one in _without_stamps(description):
                        self._attach(self._build(one), parent, index)
                        index += 1
                case ["remove", int(identifier)]:
                    for gone in self._detach(identifier).walk():
                        del self.nodes[gone.id]
                case ["move", int(identifier), int(parent), int(index)]:
                    if any(node.id == parent for node in self._find(identifier).walk()):
                        raise MirrorError(f"node {identifier} cannot be moved into itself")
                    self._attach(self._detach(identifier), parent, index)
                case ["text", int(identifier), str(text)]:
                    node = self._find(identifier)
                    if node.tag:
                        raise MirrorError(f"node {identifier} is a <{node.tag}> and has no text of its own")
                    node.text = text
                case ["set", int(identifier), str(name), value]:
                    node = self._find(identifier)
                    if not node.tag:
                        raise MirrorError(f"node {identifier} is a text and has no attributes")
                    if value is None:
                        node.attributes.pop(name, None)
                    else:
                        node.attributes[name] = value
                case ["call", int(identifier), str(method), list()]:
                    if not self._find(identifier).tag:
                        raise MirrorError(f"node {identifier} is a text and has no {method} to be called")
                case _:
                    raise MirrorError(f"{str(operation)[:80]} is not an operation")

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
            raise MirrorError(f"there is no node {identifier}")
        return node

    def _build(self, description: list[Any]) -> MirrorNode:
        match description:
            case [int(identifier), str(text)]:
                node = MirrorNode(identifier, "", text)
            case [int(identifier), str(tag), dict(attributes), list(events), list(children)] if tag:
                node = MirrorNode(identifier, tag, "", dict(attributes), [*events])
                node.children = [self._build(child) for child in children]
                for child in node.children:
                    child.parent = node
            case _:
                raise MirrorError(f"{str(description)[:80]} is not a node")
        if identifier in self.nodes:
            raise MirrorError(f"there is a node {identifier} already")
        self.nodes[identifier] = node
        return node

    def _attach(self, node: MirrorNode, parent: int, index: int) -> None:
        above = self._find(parent)
        if not above.tag or not 0 <= index <= len(above.children):
            raise MirrorError(f"node {parent} has no place {index} for a child")
        above.children.insert(index, node)
        node.parent = above

    def _detach(self, identifier: int) -> MirrorNode:
        node = self._find(identifier)
        if node.parent is None:
            raise MirrorError(f"node {identifier} stays where it is")
        node.parent.children.remove(node)
        node.parent = None
        return node


def _without_stamps(description: list[Any]) -> list[Node]:
    try:
        return unstamped([description])
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise MirrorError(f"{str(description)[:80]} is not a node") from error
