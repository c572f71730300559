"""The content of a component's host, and which slots take it.

A component takes content in one of three ways. By default its first slot without a name takes all of it; with
``multipleSlots`` the first slot of each name takes what asks for that name; with ``dynamicSlots`` each slot gets an
instance of the content of its own, which sees the values that the slot gives.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from device_runtime.view.blocks import ROOT_PARENT, Block, BlockInstance, Container, Place, Site
from device_runtime.view.expressions import Expression
from device_runtime.view.fragments import SingleFragment
from device_runtime.view.javascript import UNDEFINED, to_text
from device_runtime.view.patches import Operation
from device_runtime.view.paths import WHOLE, Changes, Read, any_meets
from device_runtime.view.slots import SlotFragment, slots_of

if TYPE_CHECKING:
    from device_runtime.view.hosts import ComponentFragment

FIRST_VALUE: Final = 2  # where the slot values start in the environment of content


@dataclass(frozen=True, slots=True, eq=False)
class ContentProgram:
    """The static side of content. ``names`` are the slot values that it takes as variables, ``symbols`` those of the
    variables."""

    block: Block
    site: Site
    names: tuple[str, ...]
    symbols: tuple[int, ...]


class Content:
    """An instance of the content: the only one, or that of one slot."""

    __slots__ = ("host", "instance", "site", "slot")

    def __init__(self, host: "ComponentFragment", program: ContentProgram, slot: SlotFragment | None) -> None:
        self.host = host
        self.slot = slot
        self.site = program.site
        outer = host.owner.environment
        values = {} if slot is None else slot.values
        environment = [outer[0], outer, *(values.get(name, UNDEFINED) for name in program.names)]
        self.instance = BlockInstance(host.owner.tree, program.block, environment, self)

    @property
    def owner(self) -> BlockInstance:
        """The instance that the host is in."""
        return self.host.owner


class Contents:
    """The content of one host, and the slots that take it."""

    __slots__ = ("_assigned", "_host", "_multiple", "_program", "_ready", "dynamic", "present")

    def __init__(self, host: "ComponentFragment", program: ContentProgram) -> None:
        definition = host.component.definition
        self._host = host
        self._program = program
        self._multiple = definition.multiple_slots
        self._assigned: dict[str, SlotFragment] | None = None
        self._ready = False
        self.dynamic: bool = definition.dynamic_slots and not definition.multiple_slots
        self.present: list[Content] = []

    def start(self) -> None:
        """Make the content, once the component's own tree is there."""
        if self.dynamic:
            for slot in self.slots():
                self._make(slot)
        else:
            self.present.append(Content(self._host, self._program, None))
        self._host.owner.tree.registry.placement.fresh.append(self)
        self._ready = True

    def _make(self, slot: SlotFragment) -> Content:
        slot.content = content = Content(self._host, self._program, slot)
        self.present.append(content)
        return content

    @property
    def live(self) -> bool:
        """Whether the component is still there."""
        return self._ready

    def discard(self) -> None:
        """Forget the content."""
        self._ready = False
        for content in self.present:
            content.instance.discard()
            if content.slot is not None:
                content.slot.content = None
        self.present = []

    def instances(self) -> Iterator[BlockInstance]:
        """The instances of the content, in the order of their slots."""
        if self.dynamic:
            return (slot.content.instance for slot in self.slots() if slot.content is not None)
        return (content.instance for content in self.present)

    def update(self, changes: Changes, operations: list[Operation]) -> None:
        """Bring the content up to date with changes of the owner's data."""
        for content in [*self.present]:
            content.instance.update(changes, operations)

    # Which slot takes what

    def slots(self) -> list[SlotFragment]:
        """The component's slots, in document order."""
        root = self._host.tree.root
        return [] if root is None else [*slots_of(root)]

    def assigned(self) -> Mapping[str, SlotFragment]:
        """The slots that take content, by name; the only one has the name ``""`` where a component takes one."""
        if self._assigned is None:
            self._assigned = {}
            for slot in self.slots():
                if self._multiple or not slot.name:
                    self._assigned.setdefault(slot.name, slot)
        return self._assigned

    def slot_for(self, content: Content, name: str) -> SlotFragment | None:
        """The slot that takes a root of ``content`` that asks for the slot ``name``."""
        if self.dynamic:
            return content.slot if content.slot is not None and content.slot.name == name else None
        return self.assigned().get(name if self._multiple else "")

    def collect(self, slot: SlotFragment, found: list[Place]) -> None:
        """Append the nodes that a screen has in the place of a slot."""
        if self.dynamic:
            if slot.content is not None:
                slot.content.instance.collect(found, slot.name)
            return
        name = slot.name if self._multiple else ""
        if self.assigned().get(name) is slot:
            for content in self.present:
                content.instance.collect(found, name if self._multiple else None)

    def collect_unplaced(self, found: list[Place]) -> None:
        """Append the nodes that no slot takes."""
        for content in self.present:
            placed: list[Place] = []
            if content.slot is not None:
                content.instance.collect(placed, content.slot.name)
            elif self._multiple:
                for name in self.assigned():
                    content.instance.collect(placed, name)
            elif self.assigned():
                continue
            everything: list[Place] = []
            content.instance.collect(everything, None)
            if len(everything) > len(placed):
                taken = {instance.base + offset for instance, offset in placed}
                found += [place for place in everything if place[0].base + place[1] not in taken]

    # What happens to slots

    def _changed(self) -> None:
        self._assigned = None
        self._host.tree.registry.placement.contents[self] = None

    def slot_came(self, slot: SlotFragment) -> None:
        """A slot has come."""
        if self._ready:
            self._changed()
            if self.dynamic:
                self._host.tree.registry.placement.slots.append(slot)

    def slot_went(self, slot: SlotFragment) -> None:
        """A slot has gone."""
        if self._ready:
            self._changed()
            content = slot.content
            if content is not None:
                slot.content = None
                self.present.remove(content)
                content.instance.discard()

    def slots_moved(self) -> None:
        """The slots may be in another order."""
        if self._ready:
            self._changed()

    def slot_renamed(self, slot: SlotFragment, operations: list[Operation]) -> None:
        """A slot has another name, so that other content is for it."""
        if not self._ready:
            return
        self._changed()
        content = slot.content
        if content is not None:
            placement = self._host.tree.registry.placement
            slot.content = None
            self.present.remove(content)
            placement.remove(content.instance, operations)
            placement.slots.append(slot)

    def slot_gives(self, slot: SlotFragment, names: list[str], operations: list[Operation]) -> None:
        """A slot gives other values."""
        content = slot.content
        if content is None:
            return
        changes: Changes = {}
        for number, name in enumerate(self._program.names):
            if name in names:
                content.instance.environment[FIRST_VALUE + number] = slot.values[name]
                changes[self._program.symbols[number]] = WHOLE
        if changes:
            content.instance.update(changes, operations)

    def fill(self, slot: SlotFragment) -> BlockInstance | None:
        """The content of a new dynamic slot; ``None`` if it has some already."""
        if not self._ready or slot.content is not None:
            return None
        return self._make(slot).instance


@dataclass(frozen=True, slots=True, eq=False)
class NamedProgram:
    """A root of content that says which slot it is for; ``name`` is ``None`` if it is for the one without a name."""

    site: Site
    name: Expression | None
    block: Block
    reads: frozenset[Read]
    kind: str = ""
    blocks: tuple[Block, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", (self.block,))

    def start(self, owner: BlockInstance) -> "NamedFragment":
        """The fragment in ``owner``."""
        return NamedFragment(self, owner)

    def evaluate(self, owner: BlockInstance) -> str:
        """The name of the slot now."""
        return "" if self.name is None else to_text(self.name.evaluate(owner.environment))


class NamedFragment(SingleFragment):
    """Content for one slot. The content of a dynamic slot shows only what is for that one."""

    __slots__ = ("name", "program")

    def __init__(self, program: NamedProgram, owner: BlockInstance) -> None:
        super().__init__(owner, program.site)
        self.program = program
        self.name = program.evaluate(owner)
        self.show(self._wanted(), owner.environment)

    def collect(self, found: list[Place], name: str | None) -> None:
        """Append its node, if it is for the slot ``name``."""
        if self.active and (name is None or name == self.name):
            self.active.collect(found, None)

    def update(self, changes: Changes, operations: list[Operation]) -> None:
        """Go to another slot, or pass ``changes`` on."""
        program = self.program
        if program.name is not None and any_meets(program.name.reads, changes):
            name = program.evaluate(self.owner)
            if name != self.name:
                self.name = name
                wanted = self._wanted()
                if (wanted is None) is not (self.active is None):
                    self.replace(wanted, self.owner.environment, operations)
                    return
                self.owner.tree.registry.placement.mark(self)
        if self.active:
            self.active.update(changes, operations)

    def _wanted(self) -> Block | None:
        slot = dynamic_slot(self)
        return self.program.block if slot is None or slot.name == self.name else None


def dynamic_slot(fragment: Container) -> SlotFragment | None:
    """The dynamic slot that a root of content is for, or ``None``."""
    container: Container | None = fragment
    while container is not None and container.site.parent == ROOT_PARENT:
        container = container.owner.container
        if isinstance(container, Content):
            return container.slot
    return None
