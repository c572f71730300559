"""``if`` and ``template``: the fragments that hold at most one block."""

from . import javascript as js
from .blocks import MAKERS, Instance, concerns, insert, place, remove
from .errors import ViewError

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .shapes import Changed, Data, Environment, IfProgram, Operation, Program, Step, TemplateProgram
        from .template import Block
except ImportError:
    pass

_TEMPLATE_DEPTH = 16


class _Single:
    """A fragment that shows one block or nothing; its kinds have ``start`` and ``update``."""

    program: "Any"

    def __init__(self, program: "Program", owner: Instance) -> None:
        self.program = program
        self.owner = owner
        self.active: Instance | None = None

    def instances(self) -> "list[Instance]":
        return [] if self.active is None else [self.active]

    def count(self) -> int:
        return 0 if self.active is None else self.active.count()

    def root_ids(self, found: "list[int]") -> None:
        if self.active is not None:
            self.active.root_ids(found)

    def nodes(self, found: "list[Operation]") -> None:
        if self.active is not None:
            self.active.nodes(self.active.block.roots, found)

    def offset_of(self, _: Instance) -> int:
        return 0

    def discard(self) -> None:
        if self.active is not None:
            self.active.discard()

    def show(self, block: "Block | None", env: "Environment") -> "Step[None]":
        self.active = None if block is None else Instance(self.owner.view, block, env, self)  # type: ignore[arg-type]
        if self.active is not None:
            yield self.active.grow()

    def replace(self, block: "Block | None", env: "Environment", operations: "list[Operation] | None") -> "Step[None]":
        if self.active is not None:
            remove(self.active, operations)
        yield self.show(block, env)
        if self.active is not None:
            self.owner.view.version += 1
            parent, index = place(self)  # type: ignore[arg-type]
            insert([self.active], parent, index, operations)


class IfFragment(_Single):
    """``wx:if`` and its ``wx:elif`` and ``wx:else``: ``("if", site, branches, reads of the tests, reads)``."""

    program: "IfProgram"

    def __init__(self, program: "IfProgram", owner: Instance) -> None:
        super().__init__(program, owner)
        self.choice = self._choose()

    def start(self) -> "Step[None]":
        """Make what is shown at first."""
        yield self.show(self._block(), self.owner.env)

    def _choose(self) -> int:
        env = self.owner.env
        for number, (test, _) in enumerate(self.program[2]):
            if test is None or js.truthy(test[0](test, env)):
                return number
        return -1

    def _block(self) -> "Block | None":
        return None if self.choice < 0 else self.program[2][self.choice][1]

    def update(self, changed: "Changed", operations: "list[Operation] | None") -> "Step[None]":
        """Switch to another branch, or pass ``changed`` on to the one shown."""
        if concerns(self.program[3], changed):
            choice = self._choose()
            if choice != self.choice:
                self.choice = choice
                yield self.replace(self._block(), self.owner.env, operations)
                return
        if self.active is not None:
            yield self.active.update(changed, operations)


class TemplateFragment(_Single):
    """A use of a template: ``("template", site, name, data, scope, reads of the name, reads)``."""

    program: "TemplateProgram"

    def __init__(self, program: "TemplateProgram", owner: Instance) -> None:
        super().__init__(program, owner)
        depth = 0
        container = owner.container
        while container is not None:
            depth += isinstance(container, TemplateFragment)
            container = container.owner.container
        if depth >= _TEMPLATE_DEPTH:
            raise ViewError(f"templates use each other more than {_TEMPLATE_DEPTH} deep; is the data a cycle?")
        self.data = self._evaluate()

    def start(self) -> "Step[None]":
        """Make what is shown at first."""
        yield self.show(self._block(), [self.data, None])

    def _block(self) -> "Block | None":
        name = self.program[2]
        return self.owner.view.template.named(self.program[4], js.to_text(name[0](name, self.owner.env)))

    def _evaluate(self) -> "Data":
        e = self.program[3]
        value = None if e is None else e[0](e, self.owner.env)
        return value.copy() if isinstance(value, dict) else {}

    def update(self, changed: "Changed", operations: "list[Operation] | None") -> "Step[None]":  # noqa: ARG002
        """Switch to another template, or bring its data up to date."""
        block = self._block()
        fresh = self._evaluate()
        if block is not (None if self.active is None else self.active.block):
            self.data = fresh
            yield self.replace(block, [fresh, None], operations)
            return
        # Environments hold this very dictionary, so that it is refilled and not replaced.
        self.data.clear()
        self.data.update(fresh)
        if self.active is not None:
            yield self.active.update(None, operations)


MAKERS["if"] = IfFragment
MAKERS["template"] = TemplateFragment
