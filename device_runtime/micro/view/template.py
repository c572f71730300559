"""What a template is once it is read: blocks, the parts of it that appear and vanish as one.

The nodes of a block are numbered in document order; an instance of it takes one run of node ids. Where ``if``, ``for``
and ``template`` stand between them it has fragments.
"""

from . import javascript as js

try:
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from .shapes import Binding, Children, Node, Program, Reads
except ImportError:
    pass

ROOT_PARENT = -1
TEXT, CLASS, VALUE = 0, 1, 2
"""What a binding gives: a text, class names, or a value."""


class Block:
    """``nodes`` are ``(parent, text, slot)`` and ``(parent, tag, static, dynamic, types, children, handlers, dataset,
    two_way)`` by offset. ``bindings`` are ``(offset, attribute or None, kind, expression, reads)``. Children are
    offsets, or ``~number`` of a fragment; ``roots`` are those of the block itself. ``reads`` are the members of the
    data that all of it may read."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.bindings: list[Binding] = []
        self.fragments: list[Program] = []
        self.roots: Children = ()
        self.reads: Reads = ()


class Template:
    """A document: its ``body``, and what ``template`` instructions name."""

    def __init__(self) -> None:
        self.body = Block()
        self.bodies: list[Block] = []
        self.scopes: list[dict[str, int]] = []

    def named(self, scope: int, name: str) -> "Block | None":
        """The template of this name in a scope."""
        number = self.scopes[scope].get(name) if scope < len(self.scopes) else None
        return None if number is None or number >= len(self.bodies) else self.bodies[number]


def shown(kind: int, value: object) -> object:
    """What a binding of this kind gives for the value of its expression."""
    if kind == VALUE:
        return js.exported(value)
    text = js.to_text(value)
    if kind == CLASS and ("," in text or "." in text):
        return " ".join(text.replace(",", " ").replace(".", " ").split())
    return text
