"""Slots of a component's shadow tree."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from device_runtime.values import Value
from device_runtime.view.blocks import Block, BlockInstance, Place, Site, make_nodes_of
from device_runtime.view.expressions import Expression
from device_runtime.view.javascript import identical, to_text
from device_runtime.view.patches import Node, Operation
from device_runtime.view.paths import Changes, Read, any_meets
from device_runtime.view.properties import copied

if TYPE_CHECKING:
    from device_runtime.view.content import Content, Contents


@dataclass(frozen=True, slots=True, eq=False)
class SlotProgram:
    """``<slot>``. It takes the offset of a node, though no screen has one for it. ``values`` are given to content."""

    site: Site
    offset: int
    name: Expression
    values: tuple[tuple[str, Expression], ...]
    reads: frozenset[Read]
    blocks: tuple[Block, ...] = ()
    kind: str = "slot"

    def start(self, owner: BlockInstance) -> "SlotFragment":
        """The slot in ``owner``."""
        return SlotFragment(self, owner)


class ComposedFragment:
    """A fragment that stands in mixed lists only."""

    __slots__ = ()

    def collect(self, found: list[Place], name: str | None) -> None:
        """Append the nodes that a screen has in its place."""
        raise NotImplementedError

    def count(self) -> int:
        """The number of its root nodes."""
        return len(self._places())

    def root_ids(self) -> Iterator[int]:
        """The ids of its root nodes in order."""
        return (instance.base + offset for instance, offset in self._places())

    def nodes(self) -> list[Node]:
        """Its root nodes with their subtrees."""
        return make_nodes_of(self._places())

    def offset_of(self, instance: BlockInstance) -> int:  # noqa: ARG002 - nothing is counted in mixed lists
        """Where an instance in it starts."""
        return 0

    def _places(self) -> list[Place]:
        found: list[Place] = []
        self.collect(found, None)
        return found


class SlotFragment(ComposedFragment):
    """A slot. ``content`` is its own instance of the content, if the component's slots are dynamic."""

    __slots__ = ("content", "live", "name", "owner", "program", "site", "values")

    def __init__(self, program: SlotProgram, owner: BlockInstance) -> None:
        self.program = program
        self.owner = owner
        self.site = program.site
        self.content: Content | None = None
        self.live = True
        environment = owner.environment
        self.name = to_text(program.name.evaluate(environment))
        self.values: dict[str, Value] = {}
        contents = self._contents()
        if contents is not None:
            if contents.dynamic:
                self.values = {name: copied(value.evaluate(environment)) for name, value in program.values}
            contents.slot_came(self)

    @property
    def id(self) -> int:
        """Its node id, which events that cross it have as their target."""
        return self.owner.base + self.program.offset

    def _contents(self) -> "Contents | None":
        host = self.owner.tree.host
        return None if host is None else host.contents

    def collect(self, found: list[Place], name: str | None) -> None:
        """Append the nodes that a screen has in its place."""
        contents = self._contents()
        if contents is not None and not name:
            contents.collect(self, found)

    def instances(self) -> Iterator[BlockInstance]:
        """The instances in it of the same tree: none, since content belongs to another."""
        return iter(())

    def update(self, changes: Changes, operations: list[Operation]) -> None:
        """Take another name, or give other values."""
        contents = self._contents()
        if contents is None:
            return
        environment = self.owner.environment
        if any_meets(self.program.name.reads, changes):
            name = to_text(self.program.name.evaluate(environment))
            if name != self.name:
                self.name = name
                contents.slot_renamed(self, operations)
        if not contents.dynamic:
            return
        changed: list[str] = []
        for name, value in self.program.values:
            if any_meets(value.reads, changes):
                fresh = copied(value.evaluate(environment))
                if not identical(fresh, self.values[name]):
                    self.values[name] = fresh
                    changed.append(name)
        if changed:
            contents.slot_gives(self, changed, operations)

    def discard(self) -> None:
        """Forget it; its content is the host's."""
        self.live = False
        contents = self._contents()
        if contents is not None:
            contents.slot_went(self)


def slots_of(instance: BlockInstance) -> Iterator[SlotFragment]:
    """The slots of its tree in an instance, in document order."""
    for number in instance.block.slotted:
        fragment = instance.fragments[number]
        if isinstance(fragment, SlotFragment):
            yield fragment
        else:
            for inner in fragment.instances():
                yield from slots_of(inner)
