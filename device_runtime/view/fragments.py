"""``if`` and ``template``: the fragments that hold at most one block."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from device_runtime.view.blocks import Block, BlockInstance, Fragment, Place, Site, enter, remove
from device_runtime.view.errors import ViewError
from device_runtime.view.expressions import Environment, Expression
from device_runtime.view.javascript import UNDEFINED, identical, to_text, truthy
from device_runtime.view.patches import Node, Operation
from device_runtime.view.paths import UNKNOWN, WHOLE, Changes, Path, Read, Symbol, any_meets, below

MAX_TEMPLATE_DEPTH = 32


class SingleFragment(ABC):
    """A fragment that shows one block or nothing."""

    __slots__ = ("active", "owner", "site")

    def __init__(self, owner: BlockInstance, site: Site) -> None:
        self.owner = owner
        self.site = site
        self.active: BlockInstance | None = None

    def count(self) -> int:
        """The number of its root nodes."""
        return self.active.count() if self.active else 0

    def root_ids(self) -> Iterator[int]:
        """The ids of its root nodes in order."""
        return self.active.root_ids() if self.active else iter(())

    def nodes(self) -> list[Node]:
        """Its root nodes with their subtrees."""
        return self.active.nodes() if self.active else []

    def offset_of(self, instance: BlockInstance) -> int:  # noqa: ARG002 - the one block starts where the fragment does
        """Where a block of it starts."""
        return 0

    def collect(self, found: list[Place], name: str | None) -> None:
        """Append the nodes that a screen has in its place."""
        if self.active:
            self.active.collect(found, name)

    def instances(self) -> Iterator[BlockInstance]:
        """The block that it shows."""
        return iter((self.active,) if self.active else ())

    @abstractmethod
    def update(self, changes: Changes, operations: list[Operation]) -> None:
        """Bring it up to date with ``changes``, appending what a screen must do."""

    def discard(self) -> None:
        """Forget its block."""
        if self.active:
            self.active.discard()

    def show(self, block: Block | None, environment: Environment) -> None:
        """Make ``block`` the one that is there."""
        self.active = None if block is None else BlockInstance(self.owner.tree, block, environment, self)

    def replace(self, block: Block | None, environment: Environment, operations: list[Operation]) -> None:
        """Put ``block`` in the place of the one that is there."""
        if self.active:
            remove(self.active, operations)
        self.show(block, environment)
        if self.active:
            enter(self.active, self, operations)


@dataclass(frozen=True, slots=True, eq=False)
class IfProgram:
    """Branches in order, each with its test; ``else`` has none."""

    site: Site
    branches: Sequence[tuple[Expression | None, Block]]
    test_reads: frozenset[Read]
    reads: frozenset[Read]
    kind: str = ""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The branches' blocks."""
        return tuple(block for _, block in self.branches)

    def start(self, owner: BlockInstance) -> Fragment:
        """The fragment in ``owner``, with the branch that its data choose."""
        return IfFragment(self, owner)

    def choose(self, environment: Environment) -> int:
        """The number of the branch to show, or -1."""
        for number, (test, _) in enumerate(self.branches):
            if test is None or truthy(test.evaluate(environment)):
                return number
        return -1

    def block(self, number: int) -> Block | None:
        """The block of a branch."""
        return self.branches[number][1] if number >= 0 else None


class IfFragment(SingleFragment):
    """``wx:if`` and its ``wx:elif`` and ``wx:else``."""

    __slots__ = ("choice", "program")

    def __init__(self, program: IfProgram, owner: BlockInstance) -> None:
        super().__init__(owner, program.site)
        self.program = program
        self.choice = program.choose(owner.environment)
        self.show(program.block(self.choice), owner.environment)

    def update(self, changes: Changes, operations: list[Operation]) -> None:
        """Switch to another branch, or pass ``changes`` on to the one shown."""
        environment = self.owner.environment
        if any_meets(self.program.test_reads, changes):
            choice = self.program.choose(environment)
            if choice != self.choice:
                self.choice = choice
                self.replace(self.program.block(choice), environment, operations)
                return
        if self.active:
            self.active.update(changes, operations)


@dataclass(frozen=True, slots=True, eq=False)
class TemplateProgram:
    """``<template is data>``. ``names`` are the templates in sight, by their numbers in ``bodies``, which is filled
    once all templates are loaded, since they may use each other; so is ``blocks``, those in sight."""

    site: Site
    name: Expression
    data: Expression | None
    names: Mapping[str, int]
    bodies: Sequence[Block]
    blocks: Sequence[Block]
    reads: frozenset[Read]
    kind: str = ""

    def start(self, owner: BlockInstance) -> Fragment:
        """The fragment in ``owner``, with the template that its data name.

        Raises:
            ViewError: templates use each other without end.
        """
        return TemplateFragment(self, owner)

    def block(self, environment: Environment) -> Block | None:
        """The template named now; ``None`` if there is no such."""
        number = self.names.get(to_text(self.name.evaluate(environment)))
        return None if number is None else self.bodies[number]

    def evaluate_data(self, environment: Environment) -> dict[str, Any]:
        """The data that the template will see."""
        value = self.data.evaluate(environment) if self.data else None
        return dict(value) if type(value) is dict else {}


class TemplateFragment(SingleFragment):
    """A use of a template. Its block has a scope of its own, whose data are what the use passes in."""

    __slots__ = ("data", "depth", "program")

    def __init__(self, program: TemplateProgram, owner: BlockInstance) -> None:
        super().__init__(owner, program.site)
        self.program = program
        self.depth = _template_depth(owner) + 1
        if self.depth > MAX_TEMPLATE_DEPTH:
            raise ViewError(f"templates use each other more than {MAX_TEMPLATE_DEPTH} deep; is the data a cycle?")
        self.data = program.evaluate_data(owner.environment)
        self.show(program.block(owner.environment), [self.data, None])

    def update(self, changes: Changes, operations: list[Operation]) -> None:
        """Switch to another template, or translate ``changes`` into those of the data passed in."""
        program, environment = self.program, self.owner.environment
        block = program.block(environment) if any_meets(program.name.reads, changes) else self._block()
        fresh = program.evaluate_data(environment)
        if block is not self._block():
            self.data = fresh
            self.replace(block, [fresh, None], operations)
            return
        inner = self._translate(changes, fresh)
        # Environments hold this very dict, so that it is refilled and not replaced.
        self.data.clear()
        self.data.update(fresh)
        if self.active and inner:
            self.active.update(inner, operations)

    def _block(self) -> Block | None:
        return self.active.block if self.active else None

    def _translate(self, changes: Changes, fresh: Mapping[str, Any]) -> Changes:
        """The changes in the template's scope: for each member passed in, what changed below it."""
        inner: Changes = {}
        if self.program.data is None:
            return inner
        if self.program.data.fields is None:
            fields: Sequence[tuple[str | None, Expression]] = ((None, self.program.data),)
        else:
            fields = self.program.data.fields
        for name, source in fields:
            seen = _seen(source, changes)
            if not seen:
                continue
            if name is not None:
                inner.setdefault(name, []).extend(seen)
                continue
            for path in seen:
                if path and path[0] is not None:
                    inner.setdefault(str(path[0]), []).append(path[1:])
                else:
                    for key in {**self.data, **fresh}:
                        inner.setdefault(key, []).extend(WHOLE if path == () else UNKNOWN)
        return {key: paths for key, paths in inner.items() if self._may_differ(key, paths, fresh)}

    def _may_differ(self, key: Symbol, paths: list[Path], fresh: Mapping[str, Any]) -> bool:
        """A member that was replaced by an equal plain value changes nothing."""
        key = str(key)
        value = fresh.get(key, UNDEFINED)
        if type(value) in (dict, list) or any(path not in ((), (None,)) for path in paths):
            return True
        return not identical(self.data.get(key, UNDEFINED), value)


def _seen(source: Expression, changes: Changes) -> list[Path]:
    """``changes`` as they look to the value of ``source``."""
    if source.path is not None:
        symbol, prefix = source.path
        return below(prefix, changes.get(symbol, ()))
    return UNKNOWN if any_meets(source.reads, changes) else []


def _template_depth(instance: BlockInstance) -> int:
    container = instance.container
    while container is not None:
        if isinstance(container, TemplateFragment):
            return container.depth
        container = container.owner.container
    return 0
