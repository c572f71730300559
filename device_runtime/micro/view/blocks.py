"""Instances of blocks and their fragments: what is on a page now, and how it is brought up to date.

Operations are those of ``device_runtime/view/patches.py``, with the same ids in the same order. The Linux side follows
what each binding reads; here everything that may read a changed member of the data is evaluated again and compared
with what it gave before, which comes to the same operations. ``operations`` may be ``None`` where nobody wants them.
"""

from . import javascript as js
from .template import ROOT_PARENT, shown

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .page import PageView
        from .shapes import Changed, Children, Data, ElementNode, Environment, Fragment, Operation, Reads, Step
        from .template import Block
except ImportError:
    pass

MAKERS: "dict[str, Callable[[Any, Instance], Fragment]]" = {}
"""What makes the fragment of an instruction; ``fragments`` and ``loops`` put themselves here."""


class Instance:
    """A block in a view. ``container`` is the fragment that it is in, ``position`` its row number there."""

    __slots__ = ("base", "block", "container", "env", "fragments", "position", "values", "view")

    def __init__(
        self, view: "PageView", block: "Block", env: "Environment", container: "Fragment | None", position: int = 0
    ) -> None:
        self.view = view
        self.block = block
        self.env = env
        self.container = container
        self.position = position
        self.base = view.take(len(block.nodes))
        self.values: list[Any] = [shown(kind, e[0](e, env)) for _, _, kind, e, _ in block.bindings]
        self.fragments: list[Fragment] = []

    def grow(self) -> "Step[None]":
        """Make what is in its fragments; run by :mod:`.trampoline`, as ``update``."""
        for program in self.block.fragments:
            fragment = MAKERS[program[0]](program, self)
            self.fragments.append(fragment)
            yield fragment.start()

    def count(self) -> int:
        """The number of its root nodes."""
        return self._count(self.block.roots)

    def _count(self, children: "Children") -> int:
        count = 0
        for child in children:
            count += 1 if child >= 0 else self.fragments[~child].count()
        return count

    def root_ids(self, found: "list[int]") -> "list[int]":
        """Append the ids of its root nodes in order."""
        for child in self.block.roots:
            if child >= 0:
                found.append(self.base + child)
            else:
                self.fragments[~child].root_ids(found)
        return found

    def nodes(self, children: "Children", found: "list[Operation]") -> "list[Operation]":
        """Append children with their subtrees, as operations have them."""
        for child in children:
            if child >= 0:
                found.append(self.node(child))
            else:
                self.fragments[~child].nodes(found)
        return found

    def node(self, offset: int) -> "Operation":
        """One node with its subtree."""
        plan = self.block.nodes[offset]
        if len(plan) == 3:
            return [self.base + offset, self.text(offset)]
        return [self.base + offset, plan[1], self.attributes(offset), plan[4], self.nodes(plan[5], [])]

    def text(self, offset: int) -> str:
        """What a text says."""
        _, text, slot = self.block.nodes[offset]  # type: ignore[misc]  # asked of texts only
        return text if slot < 0 else self.values[slot]

    def attributes(self, offset: int) -> "Data":
        """The attributes of an element; not to be written to."""
        plan: ElementNode = self.block.nodes[offset]  # type: ignore[assignment]  # asked of elements only
        if not plan[3]:
            return plan[2]
        made = plan[2].copy()
        for name, slot in plan[3]:
            value = self.values[slot]
            if value is not None:
                made[name] = value
        return made

    def update(self, changed: "Changed", operations: "list[Operation] | None") -> "Step[None]":
        """Bring it up to date where something reads one of the ``changed`` members of the data (``None``: any)."""
        for slot, binding in enumerate(self.block.bindings):
            offset, name, kind, e, reads = binding
            if not concerns(reads, changed):
                continue
            value = shown(kind, e[0](e, self.env))
            if js.identical(value, self.values[slot]):
                continue
            self.values[slot] = value
            self.view.version += 1
            if operations is not None:
                node = self.base + offset
                operations.append(["text", node, value] if name is None else ["set", node, name, value])
        for number, program in enumerate(self.block.fragments):
            if concerns(program[-1], changed):
                yield self.fragments[number].update(changed, operations)

    def discard(self) -> None:
        """Forget it and all within it."""
        self.view.live -= len(self.block.nodes)
        for fragment in self.fragments:
            fragment.discard()

    def find(self, node: int) -> "Instance | None":
        """The instance, this one or one within it, that owns a node."""
        if 0 <= node - self.base < len(self.block.nodes):
            return self
        for fragment in self.fragments:
            for inner in fragment.instances():
                found = inner.find(node)
                if found is not None:
                    return found
        return None


def concerns(reads: "Reads", changed: "Changed") -> bool:
    """Whether something that reads these members may be another now."""
    if changed is None:
        return True
    for name in reads:  # noqa: SIM110 - a generator costs a board memory
        if name in changed:
            return True
    return False


def place(fragment: "Fragment") -> "tuple[int, int]":
    """The id of the node that a fragment is below, and the index of its first root node there."""
    owner = fragment.owner
    parent, index, before = fragment.program[1]
    for number in before:
        index += owner.fragments[number].count()
    if parent != ROOT_PARENT:
        return owner.base + parent, index
    if owner.container is None:
        return 0, index
    parent, start = place(owner.container)
    return parent, start + owner.container.offset_of(owner) + index


def insert(instances: "list[Instance]", parent: int, index: int, operations: "list[Operation] | None") -> None:
    """Append the operations that insert new instances side by side."""
    if operations is None:
        return
    for instance in instances:
        for node in instance.nodes(instance.block.roots, []):
            operations.append(["insert", parent, index, node])
            index += 1


def remove(instance: Instance, operations: "list[Operation] | None") -> None:
    """Append the operations that remove an instance, and forget it."""
    instance.view.version += 1
    if operations is not None:
        for node in instance.root_ids([]):
            operations.append(["remove", node])
    instance.discard()
