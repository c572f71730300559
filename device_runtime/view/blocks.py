"""Blocks: the parts of a template that appear and vanish as one, and their instances in a view.

A block has nodes that are always there, numbered in document order, and fragments (``if``, ``for``, ``template``)
between them. Since its nodes are known beforehand, an instance takes one run of node ids, ``base`` to
``base + size - 1``; a node's id is its instance's base and its own offset. An instance keeps the last value of each
binding and nothing else per node.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from device_runtime.view.expressions import Environment, Evaluate, Expression
from device_runtime.view.javascript import identical
from device_runtime.view.patches import ROOT_ID, Node, Operation
from device_runtime.view.paths import Changes, Path, Read, Symbol, meets

Make: TypeAlias = Callable[["BlockInstance"], Node]

ROOT_PARENT = -1


@dataclass(frozen=True, slots=True)
class Site:
    """Where a fragment stands: below the node at offset ``parent`` of its block (``ROOT_PARENT``: beside the block's
    own root nodes), after ``nodes_before`` nodes and the fragments numbered in ``fragments_before``."""

    parent: int
    nodes_before: int
    fragments_before: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Handler:
    """An event handler of an element. ``phase`` is ``bind``, ``catch``, ``mut-bind``, ``capture-bind`` or
    ``capture-catch``; ``name`` gives the name of the page's method."""

    event_type: str
    phase: str
    name: Expression


@dataclass(frozen=True, slots=True)
class Element:
    """What an element holds that is asked for only when an event comes."""

    id: Expression | None
    dataset: tuple[tuple[str, Expression], ...]
    handlers: tuple[Handler, ...]
    two_way: Mapping[str, Expression]


class Fragment(Protocol):
    """A part of a block's instance whose nodes come and go."""

    owner: "BlockInstance"
    site: Site

    def count(self) -> int:
        """The number of its root nodes."""

    def root_ids(self) -> Iterator[int]:
        """The ids of its root nodes in order."""

    def nodes(self) -> list[Node]:
        """Its root nodes with their subtrees."""

    def offset_of(self, instance: "BlockInstance") -> int:
        """How many of its root nodes stand before those of ``instance``, which is in it."""

    def update(self, changes: Changes, operations: list[Operation]) -> None:
        """Bring it up to date with ``changes``, appending what a screen must do."""

    def discard(self) -> None:
        """Forget its instances."""


class FragmentProgram(Protocol):
    """The static side of a fragment."""

    @property
    def reads(self) -> frozenset[Read]:
        """Every path that the fragment and all within it may read, in the scope around it."""

    def start(self, owner: "BlockInstance") -> Fragment:
        """A fragment in ``owner``."""


@dataclass(slots=True)
class Block:
    """The static side of an instance. Slots number the bindings and then the fragments.

    ``roots`` lists the root nodes: an offset, or ``~number`` for a fragment.
    """

    parents: list[int] = field(default_factory=list)
    elements: dict[int, Element] = field(default_factory=dict)
    bindings: list[Evaluate] = field(default_factory=list)
    targets: list[tuple[int, str | None]] = field(default_factory=list)
    binding_reads: list[frozenset[Read]] = field(default_factory=list)
    fragments: list[FragmentProgram] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)
    makes: list[Make | int] = field(default_factory=list)
    readers: dict[Symbol, list[tuple[Path, int]]] = field(default_factory=dict)
    readers_of_symbol: dict[Symbol, tuple[int, ...]] = field(default_factory=dict)
    root_nodes: int = 0
    root_fragments: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The number of nodes outside its fragments."""
        return len(self.parents)

    @property
    def reads(self) -> frozenset[Read]:
        """Every path that the block may read."""
        return frozenset((symbol, path) for symbol, pairs in self.readers.items() for path, _ in pairs)

    def seal(self) -> None:
        """Index the readers, once all bindings and fragments are there."""
        reads = [*self.binding_reads, *(fragment.reads for fragment in self.fragments)]
        for slot, paths in enumerate(reads):
            for symbol, path in sorted(paths, key=repr):
                self.readers.setdefault(symbol, []).append((path, slot))
        for symbol, pairs in self.readers.items():
            self.readers_of_symbol[symbol] = tuple(sorted({slot for _, slot in pairs}))
        self.root_nodes = sum(root >= 0 for root in self.roots)
        self.root_fragments = [~root for root in self.roots if root < 0]


class Registry:
    """The ids of one view's nodes and the live instances that own them."""

    __slots__ = ("_tell", "_warnings", "instances", "next_id")

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.next_id = ROOT_ID + 1
        self.instances: dict[int, BlockInstance] = {}
        self._tell = tell
        self._warnings: set[str] = set()

    def warn(self, text: str) -> None:
        """Tell the program's author something, once."""
        if text not in self._warnings:
            self._warnings.add(text)
            self._tell(text)

    def find(self, node: int, largest_block: int) -> "BlockInstance | None":
        """The instance that owns a node, or ``None`` if the node is gone or never was."""
        for base in range(node, max(ROOT_ID, node - largest_block), -1):
            instance = self.instances.get(base)
            if instance is not None:
                return instance if node - base < instance.block.size else None
        return None


class BlockInstance:
    """A block in a view. ``container`` is the fragment that it is in; ``position`` its row number there."""

    __slots__ = ("base", "block", "container", "environment", "fragments", "position", "registry", "values")

    def __init__(
        self,
        registry: Registry,
        block: Block,
        environment: Environment,
        container: Fragment | None,
        position: int = 0,
    ) -> None:
        self.registry = registry
        self.block = block
        self.environment = environment
        self.container = container
        self.position = position
        self.base = base = registry.next_id
        size = len(block.parents)
        if size:
            registry.next_id = base + size
            registry.instances[base] = self
        self.values: list[Any] = [get(environment) for get in block.bindings]
        self.fragments: list[Fragment] = []
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

    def update(self, changes: Changes, operations: list[Operation]) -> None:
        """Evaluate again the bindings that read what changed, and pass the changes on to such fragments."""
        block = self.block
        slots: set[int] = set()
        for symbol, paths in changes.items():
            if () in paths:
                slots.update(block.readers_of_symbol.get(symbol, ()))
                continue
            for read, slot in block.readers.get(symbol, ()):
                if slot not in slots:
                    for path in paths:
                        if meets(read, path):
                            slots.add(slot)
                            break
        bindings = len(block.bindings)
        for slot in sorted(slots):
            if slot < bindings:
                self._refresh(slot, operations)
            else:
                self.fragments[slot - bindings].update(changes, operations)

    def _refresh(self, slot: int, operations: list[Operation]) -> None:
        value = self.block.bindings[slot](self.environment)
        if identical(value, self.values[slot]):
            return
        self.values[slot] = value
        offset, name = self.block.targets[slot]
        if name is None:
            operations.append(["text", self.base + offset, value])
        else:
            operations.append(["set", self.base + offset, name, value])

    def discard(self) -> None:
        """Forget it and all within it."""
        if self.block.parents:
            del self.registry.instances[self.base]
        for fragment in self.fragments:
            fragment.discard()


def make_nodes(makes: list[Make | int], instance: BlockInstance) -> list[Node]:
    """Nodes side by side: made by a function, or those of the fragment with this number."""
    nodes: list[Node] = []
    for make in makes:
        if isinstance(make, int):
            nodes += instance.fragments[make].nodes()
        else:
            nodes.append(make(instance))
    return nodes


def place(fragment: Fragment) -> tuple[int, int]:
    """The id of the node that a fragment is below, and the index of its first root node there."""
    owner, site = fragment.owner, fragment.site
    index = site.nodes_before
    for number in site.fragments_before:
        index += owner.fragments[number].count()
    if site.parent != ROOT_PARENT:
        return owner.base + site.parent, index
    outer = owner.container
    if outer is None:
        return ROOT_ID, index
    parent, start = place(outer)
    return parent, start + outer.offset_of(owner) + index


def insert(instance: BlockInstance, parent: int, index: int, operations: list[Operation]) -> int:
    """Append the operations that insert a new instance; returns the number of its root nodes."""
    nodes = instance.nodes()
    operations += [["insert", parent, index + offset, node] for offset, node in enumerate(nodes)]
    return len(nodes)


def remove(instance: BlockInstance, operations: list[Operation]) -> None:
    """Append the operations that remove an instance, and forget it."""
    operations += [["remove", node] for node in instance.root_ids()]
    instance.discard()
