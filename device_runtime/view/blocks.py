"""Blocks: the parts of a template that appear and vanish as one, and their instances in a view.

A block has nodes that are always there, numbered in document order, and fragments (``if``, ``for``, ``template``,
components, slots) between them. Since its nodes are known beforehand, an instance takes one run of node ids, ``base``
to ``base + size - 1``; a node's id is its instance's base and its own offset. An instance keeps the last value of each
binding and nothing else per node.

A list of siblings is *mixed* where some of them come from elsewhere: from a slot, or from a component that may have no
node of its own. What changes in other lists is told to screens at once, by counting siblings; mixed lists are left to
:mod:`device_runtime.view.placement`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from device_runtime.values import Value
from device_runtime.view.expressions import Environment, Evaluate, Expression
from device_runtime.view.javascript import identical
from device_runtime.view.patches import Node, Operation
from device_runtime.view.paths import Changes, Read, ReadIndex
from device_runtime.view.stamps import insertions

if TYPE_CHECKING:
    from device_runtime.view.tree import Tree

Make: TypeAlias = Callable[["BlockInstance"], Node]

ROOT_PARENT = -1

BUBBLING: Final = frozenset(
    (
        "tap", "longpress", "longtap", "touchstart", "touchmove", "touchcancel", "touchend", "touchforcechange",
        "transitionend", "animationstart", "animationiteration", "animationend",
    )
)  # fmt: skip
"""The types of screens' events that bubble."""

HOLDING: Final = "catchtouchmove"
"""Among the types of a node: it catches ``touchmove``, so that a finger on it scrolls nothing around it."""


@dataclass(slots=True, eq=False)
class Site:
    """Where a fragment stands: below the node at offset ``parent`` of its block (``ROOT_PARENT``: beside the block's
    own root nodes), after ``nodes_before`` nodes and the first ``fragments_before`` of ``fragments``, which are the
    numbers of all fragments among its siblings. ``mixed`` says that its siblings are a mixed list; it is known when the
    whole template is."""

    parent: int
    nodes_before: int
    fragments: Sequence[int]
    fragments_before: int
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class Handler:
    """An event handler of an element. ``phase`` is ``bind``, ``catch``, ``mut-bind``, ``capture-bind`` or
    ``capture-catch``; ``name`` gives the name of the owner's method, or a function of a wxs module."""

    event_type: str
    phase: str
    name: Expression


@dataclass(frozen=True, slots=True)
class Element:
    """What an element holds that is asked for only when an event or a question comes. ``fragment`` numbers the
    component that it is the host of."""

    tag: str
    attributes: Mapping[str, Expression]
    dataset: tuple[tuple[str, Expression], ...]
    handlers: tuple[Handler, ...]
    two_way: Mapping[str, Expression]
    marks: tuple[tuple[str, Expression], ...] = ()
    fragment: int | None = None


class Container(Protocol):
    """What an instance may be in: it stands at a site in an instance of another block."""

    @property
    def owner(self) -> "BlockInstance":
        """The instance that it is in."""

    @property
    def site(self) -> Site:
        """Where it stands there."""


class Fragment(Container, Protocol):
    """A part of a block's instance whose nodes come and go."""

    def count(self) -> int:
        """The number of its root nodes."""

    def root_ids(self) -> Iterator[int]:
        """The ids of its root nodes in order."""

    def nodes(self) -> list[Node]:
        """Its root nodes with their subtrees."""

    def offset_of(self, instance: "BlockInstance") -> int:
        """How many of its root nodes stand before those of ``instance``, which is in it."""

    def collect(self, found: "list[Place]", name: str | None) -> None:
        """Append the nodes that a screen has in its place, in order; with ``name`` only those for this slot."""

    def instances(self) -> "Iterator[BlockInstance]":
        """The instances in it, in document order, that belong to the same shadow tree."""

    def update(self, changes: Changes, operations: list[Operation]) -> None:
        """Bring it up to date with ``changes``, appending what a screen must do."""

    def discard(self) -> None:
        """Forget its instances."""


class FragmentProgram(Protocol):
    """The static side of a fragment."""

    @property
    def site(self) -> Site:
        """Where it stands."""

    @property
    def reads(self) -> frozenset[Read]:
        """Every path that the fragment and all within it may read, in the scope around it."""

    @property
    def blocks(self) -> "Sequence[Block]":
        """The blocks that it may show."""

    @property
    def kind(self) -> str:
        """``slot``, ``component``, or empty for what only holds other nodes."""

    def start(self, owner: "BlockInstance") -> Fragment:
        """A fragment in ``owner``."""


class Target(Protocol):
    """What a binding's new value does, where it is more than an attribute of a plain element."""

    def show(self, instance: "BlockInstance", value: Any, old: Any, operations: list[Operation]) -> None:
        """Append what a screen must do."""

    def tell(self, instance: "BlockInstance", value: Any, old: Any) -> None:
        """Tell who watches it."""


@dataclass(slots=True, eq=False)
class Block:
    """The static side of an instance. Slots number the bindings and then the fragments.

    ``lists`` holds the children of each node, and of the block itself under ``ROOT_PARENT``: an offset, or
    ``~number`` for a fragment. ``order`` is all of them in document order. ``makes`` are the functions that make the
    root nodes (or numbers of fragments), ``make_at`` those of every node by its offset. ``slotted`` and ``hosting``
    number the fragments that may hold slots and components. ``shape`` is that of a stamp, where nodes follow from
    values alone (``view/stamps.py``). ``watched`` are the targets to be told their first value: that of a slot, or one
    that is always the same.
    """

    parents: list[int] = field(default_factory=list)
    elements: dict[int, Element] = field(default_factory=dict)
    bindings: list[Evaluate] = field(default_factory=list)
    targets: list[tuple[int, "str | Target | None"]] = field(default_factory=list)
    binding_reads: list[frozenset[Read]] = field(default_factory=list)
    fragments: list[FragmentProgram] = field(default_factory=list)
    lists: dict[int, list[int]] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    makes: list[Make | int] = field(default_factory=list)
    make_at: dict[int, Make] = field(default_factory=dict)
    watched: list[tuple[Target, int | None, Any]] = field(default_factory=list)
    index: ReadIndex = field(default_factory=lambda: ReadIndex([]))
    roots: list[int] = field(default_factory=list)
    root_nodes: int = 0
    root_fragments: list[int] = field(default_factory=list)
    mixed: bool = False
    shape: list[Value] | None = None
    slotted: tuple[int, ...] = ()
    hosting: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """The number of nodes outside its fragments."""
        return len(self.parents)

    @property
    def reads(self) -> frozenset[Read]:
        """Every path that the block may read."""
        return self.index.reads

    def seal(self) -> None:
        """Index the readers, once all bindings and fragments are there."""
        self.index = ReadIndex([*self.binding_reads, *(fragment.reads for fragment in self.fragments)])
        self.roots = self.lists.setdefault(ROOT_PARENT, [])
        self.root_nodes = sum(root >= 0 for root in self.roots)
        self.root_fragments = [~root for root in self.roots if root < 0]


class BlockInstance:
    """A block in a view. ``container`` is what it is in (``None`` for the root of a tree); ``position`` its row number
    there."""

    __slots__ = ("base", "block", "container", "environment", "fragments", "position", "tree", "values")

    def __init__(
        self,
        tree: "Tree",
        block: Block,
        environment: Environment,
        container: Container | None,
        position: int = 0,
    ) -> None:
        self.tree = tree
        self.block = block
        self.environment = environment
        self.container = container
        self.position = position
        registry = tree.registry
        self.base = base = registry.next_id
        size = len(block.parents)
        if size:
            registry.next_id = base + size
            registry.instances[base] = self
            if base > registry.counted_until:
                registry.count_nodes()
        self.values: list[Any] = [get(environment) for get in block.bindings]
        self.fragments: list[Fragment] = []
        if block.watched:
            for target, slot, constant in block.watched:
                target.tell(self, constant if slot is None else self.values[slot], None)
        for program in block.fragments:
            self.fragments.append(program.start(self))

    def count(self) -> int:
        """The number of its root nodes."""
        block = self.block
        count = block.root_nodes
        for number in block.root_fragments:
            count += self.fragments[number].count()
        return count

    def root_ids(self) -> Iterator[int]:
        """The ids of its root nodes in order."""
        for root in self.block.roots:
            if root >= 0:
                yield self.base + root
            else:
                yield from self.fragments[~root].root_ids()

    def nodes(self) -> list[Node]:
        """Its root nodes with their subtrees, made from the values that it keeps."""
        return make_nodes(self.block.makes, self)

    def collect(self, found: "list[Place]", name: str | None) -> None:
        """Append its root nodes as a screen has them; see :meth:`Fragment.collect`."""
        collect(self, self.block.roots, found, name)

    def update(self, changes: Changes, operations: list[Operation]) -> None:
        """Evaluate again the bindings that read what changed, and pass the changes on to such fragments."""
        block = self.block
        bindings = len(block.bindings)
        for slot in block.index.concerned(changes):
            if slot < bindings:
                self._refresh(slot, operations)
            else:
                self.fragments[slot - bindings].update(changes, operations)

    def _refresh(self, slot: int, operations: list[Operation]) -> None:
        value = self.block.bindings[slot](self.environment)
        old = self.values[slot]
        if value == old if type(value) is str else identical(value, old):
            return
        self.values[slot] = value
        offset, target = self.block.targets[slot]
        if target is None:
            operations.append(["text", self.base + offset, value])
        elif type(target) is str:
            operations.append(["set", self.base + offset, target, value])
        else:
            target.show(self, value, old, operations)  # type: ignore[union-attr]

    def discard(self) -> None:
        """Forget it and all within it."""
        registry = self.tree.registry
        if self.block.parents:
            del registry.instances[self.base]
            if registry.gone is not None:
                registry.gone.append(self)
            if registry.overrides:
                for node in range(self.base, self.base + self.block.size):
                    registry.overrides.pop(node, None)
        for fragment in self.fragments:
            fragment.discard()


Place: TypeAlias = tuple[BlockInstance, int]
"""A node: its instance and its offset there."""


def collect(instance: BlockInstance, listed: list[int], found: list[Place], name: str | None) -> None:
    """Append the nodes that a screen has for some siblings of a block; see :meth:`Fragment.collect`."""
    for child in listed:
        if child < 0:
            instance.fragments[~child].collect(found, name)
        elif not name:
            found.append((instance, child))


def make_nodes(makes: list[Make | int], instance: BlockInstance) -> list[Node]:
    """Nodes side by side: made by a function, or those of the fragment with this number."""
    nodes: list[Node] = []
    for make in makes:
        if isinstance(make, int):
            nodes += instance.fragments[make].nodes()
        else:
            nodes.append(make(instance))
    return nodes


def make_nodes_of(found: list[Place]) -> list[Node]:
    """The nodes at some places."""
    return [instance.block.make_at[offset](instance) for instance, offset in found]


def place(fragment: Container) -> tuple[int, int] | None:
    """The id of the node that a fragment is below, and the index of its first root node there; ``None`` if it stands
    in a mixed list."""
    owner, site = fragment.owner, fragment.site
    if site.mixed:
        return None
    index = site.nodes_before
    for number in site.fragments[: site.fragments_before]:
        index += owner.fragments[number].count()
    if site.parent != ROOT_PARENT:
        return owner.base + site.parent, index
    outer: Any = owner.container
    if outer is None:
        root = owner.tree.root_id
        return None if root is None else (root, index)
    above = place(outer)
    if above is None:
        return None
    parent, start = above
    return parent, start + outer.offset_of(owner) + index


def enter(instance: BlockInstance, fragment: Fragment, operations: list[Operation]) -> None:
    """Append the operations that bring a new instance, the only one of ``fragment``, to screens."""
    at = place(fragment)
    if at is None:
        instance.tree.registry.placement.enter(instance, fragment, operations)
    else:
        operations += insertions(instance.nodes(), *at)
        instance.tree.registry.placement.land(operations)


def remove(instance: BlockInstance, operations: list[Operation]) -> None:
    """Append the operations that remove an instance, and forget it."""
    placement = instance.tree.registry.placement
    if placement.home:
        placement.remove(instance, operations)
    else:
        operations += [["remove", node] for node in instance.root_ids()]
        instance.discard()
