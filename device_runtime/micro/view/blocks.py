# mypy: allow-any-generics, allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, no-warn-return-any
"""Instances of blocks and their fragments: what is on a page now, and how it is brought up to date.

Operations are those of ``device_runtime/view/patches.py``, with the same ids in the same order. The Linux side follows
what each binding reads; here everything that may read a changed member of the data is evaluated again and compared
with what it gave before, which comes to the same operations. ``operations`` may be ``None`` where nobody wants them.
"""

from . import javascript as js
from .errors import ViewError
from .expressions import INDEX, ITEM
from .loader import ROOT_PARENT, Block, shown
from .reconcile import NEW, match, staying

_TEMPLATE_DEPTH = 16


class Instance:
    """A block in a view. ``container`` is the fragment that it is in, ``position`` its row number there."""

    __slots__ = ("base", "block", "container", "env", "fragments", "position", "values", "view")

    def __init__(self, view, block: Block, env: list, container, position: int = 0) -> None:
        self.view = view
        self.block = block
        self.env = env
        self.container = container
        self.position = position
        self.base = view.take(len(block.nodes))
        self.values = [shown(kind, e[0](e, env)) for _, _, kind, e, _ in block.bindings]
        self.fragments: list = []
        for program in block.fragments:
            self.fragments.append(_MAKERS[program[0]](program, self))

    def count(self) -> int:
        """The number of its root nodes."""
        return self._count(self.block.roots)

    def _count(self, children: tuple) -> int:
        count = 0
        for child in children:
            count += 1 if child >= 0 else self.fragments[~child].count()
        return count

    def root_ids(self, found: list) -> list:
        """Append the ids of its root nodes in order."""
        for child in self.block.roots:
            if child >= 0:
                found.append(self.base + child)
            else:
                self.fragments[~child].root_ids(found)
        return found

    def nodes(self, children: tuple, found: list) -> list:
        """Append children with their subtrees, as operations have them."""
        for child in children:
            if child >= 0:
                found.append(self.node(child))
            else:
                self.fragments[~child].nodes(found)
        return found

    def node(self, offset: int) -> list:
        """One node with its subtree."""
        plan = self.block.nodes[offset]
        if len(plan) == 3:
            return [self.base + offset, self.text(offset)]
        return [self.base + offset, plan[1], self.attributes(offset), plan[4], self.nodes(plan[5], [])]

    def text(self, offset: int) -> str:
        """What a text says."""
        _, text, slot = self.block.nodes[offset]
        return text if slot < 0 else self.values[slot]

    def attributes(self, offset: int) -> dict:
        """The attributes of an element; not to be written to."""
        plan = self.block.nodes[offset]
        if not plan[3]:
            return plan[2]
        made = plan[2].copy()
        for name, slot in plan[3]:
            value = self.values[slot]
            if value is not None:
                made[name] = value
        return made

    def update(self, changed: "set | None", operations: "list | None") -> None:
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
                self.fragments[number].update(changed, operations)

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


def concerns(reads: tuple, changed: "set | None") -> bool:
    """Whether something that reads these members may be another now."""
    if changed is None:
        return True
    for name in reads:  # noqa: SIM110 - a generator costs a board memory
        if name in changed:
            return True
    return False


def place(fragment) -> tuple:
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


def insert(instances: list, parent: int, index: int, operations: "list | None") -> None:
    """Append the operations that insert new instances side by side."""
    if operations is None:
        return
    for instance in instances:
        for node in instance.nodes(instance.block.roots, []):
            operations.append(["insert", parent, index, node])
            index += 1


def remove(instance: Instance, operations: "list | None") -> None:
    """Append the operations that remove an instance, and forget it."""
    instance.view.version += 1
    if operations is not None:
        for node in instance.root_ids([]):
            operations.append(["remove", node])
    instance.discard()


class _Single:
    """A fragment that shows one block or nothing."""

    def __init__(self, program: tuple, owner: Instance) -> None:
        self.program = program
        self.owner = owner
        self.active: Instance | None = None

    def instances(self) -> list:
        return [] if self.active is None else [self.active]

    def count(self) -> int:
        return 0 if self.active is None else self.active.count()

    def root_ids(self, found: list) -> None:
        if self.active is not None:
            self.active.root_ids(found)

    def nodes(self, found: list) -> None:
        if self.active is not None:
            self.active.nodes(self.active.block.roots, found)

    def offset_of(self, _: Instance) -> int:
        return 0

    def discard(self) -> None:
        if self.active is not None:
            self.active.discard()

    def show(self, block: "Block | None", env: list) -> None:
        self.active = None if block is None else Instance(self.owner.view, block, env, self)

    def replace(self, block: "Block | None", env: list, operations: "list | None") -> None:
        if self.active is not None:
            remove(self.active, operations)
        self.show(block, env)
        if self.active is not None:
            self.owner.view.version += 1
            parent, index = place(self)
            insert([self.active], parent, index, operations)


class IfFragment(_Single):
    """``wx:if`` and its ``wx:elif`` and ``wx:else``: ``("if", site, branches, reads of the tests, reads)``."""

    def __init__(self, program: tuple, owner: Instance) -> None:
        super().__init__(program, owner)
        self.choice = self._choose()
        self.show(self._block(), owner.env)

    def _choose(self) -> int:
        env = self.owner.env
        for number, (test, _) in enumerate(self.program[2]):
            if test is None or js.truthy(test[0](test, env)):
                return number
        return -1

    def _block(self) -> "Block | None":
        return None if self.choice < 0 else self.program[2][self.choice][1]

    def update(self, changed: "set | None", operations: "list | None") -> None:
        """Switch to another branch, or pass ``changed`` on to the one shown."""
        if concerns(self.program[3], changed):
            choice = self._choose()
            if choice != self.choice:
                self.choice = choice
                self.replace(self._block(), self.owner.env, operations)
                return
        if self.active is not None:
            self.active.update(changed, operations)


class TemplateFragment(_Single):
    """A use of a template: ``("template", site, name, data, scope, reads of the name, reads)``."""

    def __init__(self, program: tuple, owner: Instance) -> None:
        super().__init__(program, owner)
        depth = 0
        container = owner.container
        while container is not None:
            depth += isinstance(container, TemplateFragment)
            container = container.owner.container
        if depth >= _TEMPLATE_DEPTH:
            raise ViewError(f"templates use each other more than {_TEMPLATE_DEPTH} deep; is the data a cycle?")
        self.data = self._evaluate()
        self.show(self._block(), [self.data, None])

    def _block(self) -> "Block | None":
        name = self.program[2]
        named: Block | None = self.owner.view.template.named(self.program[4], js.to_text(name[0](name, self.owner.env)))
        return named

    def _evaluate(self) -> dict:
        e = self.program[3]
        value = None if e is None else e[0](e, self.owner.env)
        return value.copy() if isinstance(value, dict) else {}

    def update(self, changed: "set | None", operations: "list | None") -> None:  # noqa: ARG002
        """Switch to another template, or bring its data up to date."""
        block = self._block()
        fresh = self._evaluate()
        if block is not (None if self.active is None else self.active.block):
            self.data = fresh
            self.replace(block, [fresh, None], operations)
            return
        # Environments hold this very dictionary, so that it is refilled and not replaced.
        self.data.clear()
        self.data.update(fresh)
        if self.active is not None:
            self.active.update(None, operations)


class ForFragment:
    """The rows of a loop: ``("for", site, source, reads of it, body, key, where, reads)``."""

    def __init__(self, program: tuple, owner: Instance) -> None:
        self.program = program
        self.owner = owner
        items, self.names = self._expand()
        self.keys = self._keys(items)
        self.rows: list[Instance] = []
        for position, item in enumerate(items):
            self.rows.append(self._row(item, position))

    def _expand(self) -> tuple:
        """The items to go through, and their names if it is an object."""
        e = self.program[2]
        value = e[0](e, self.owner.env)
        size: int | float = 0
        if isinstance(value, (list, dict, str)):
            size = len(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and value == value:
            size = value
        most = self.owner.view.most
        if size > most:
            raise ViewError(
                f"{self.program[6]}: a loop over {js.to_string(size)} items; this board shows {most} nodes at most"
            )
        if isinstance(value, list):
            return value, None
        if isinstance(value, dict):
            names = sorted(value)
            return [value[name] for name in names], names
        return (list(value) if isinstance(value, str) else list(range(max(int(size), 0)))), None

    def _keys(self, items: list) -> "list | None":
        """The items' keys; ``None`` if the loop has no key, or they do not tell the items apart."""
        path = self.program[5]
        if path is None:
            return None
        keys: list[str] = []
        for item in items:
            key = item
            for step in path:
                key = js.member(key, step)
            if not isinstance(key, (str, int, float, bool)):
                self._warn("an item has no key")
                return None
            keys.append(js.to_string(key))
        if len(set(keys)) != len(keys):
            self._warn("two items have the same key")
            return None
        return keys

    def _warn(self, what: str) -> None:
        key = ".".join([str(step) for step in self.program[5]]) or "*this"
        self.owner.view.warn(f"{self.program[6]}: {what} {key!r}; the list is updated by position")

    def _row(self, item: object, position: int) -> Instance:
        outer = self.owner.env
        index = position if self.names is None else self.names[position]
        return Instance(self.owner.view, self.program[4], [outer[0], outer, item, index], self, position)

    def instances(self) -> list:
        return self.rows

    def count(self) -> int:
        return sum([row.count() for row in self.rows])

    def root_ids(self, found: list) -> None:
        for row in self.rows:
            row.root_ids(found)

    def nodes(self, found: list) -> None:
        for row in self.rows:
            row.nodes(row.block.roots, found)

    def offset_of(self, instance: Instance) -> int:
        """How many of its root nodes stand before those of a row."""
        return sum([row.count() for row in self.rows[: instance.position]])

    def discard(self) -> None:
        for row in self.rows:
            row.discard()

    def update(self, changed: "set | None", operations: "list | None") -> None:
        """Reconcile the rows if the list may have changed, and bring each up to date."""
        if not concerns(self.program[3], changed):
            for row in self.rows:
                row.update(changed, operations)
            return
        old_rows = self.rows
        items, names = self._expand()
        keys = self._keys(items)
        matches = match(self.keys, keys, len(old_rows), len(items))
        self.keys, self.names = keys, names
        self._arrange(matches, items, operations)
        for position, row in enumerate(self.rows):
            if matches[position] == NEW:
                continue
            row.env[ITEM] = items[position]
            row.env[INDEX] = position if names is None else names[position]
            row.update(changed, operations)

    def _arrange(self, matches: list, items: list, operations: "list | None") -> None:
        """Remove, move and insert rows so that ``matches`` comes true, moving as few as can be.

        Goes through the new order once. ``index`` is where the next row's first node belongs on the screen as it is
        at that moment; rows that will move yet may still stand before it.
        """
        old = self.rows
        view = self.owner.view
        survivors = [position for position in sorted(matches) if position != NEW]
        if len(survivors) == len(old) == len(matches) and survivors == matches:
            return
        view.version += 1
        parent, index = place(self)
        kept = staying(matches)
        alive = set(survivors)
        for position, row in enumerate(old):
            if position not in alive:
                remove(row, operations)
        waiting = iter(survivors)
        passed: set[int] = set()  # moving rows that stand before index
        moved: set[int] = set()
        rows: list[Instance] = []
        new: list[Instance] = []
        for position, at in enumerate(matches):
            if at == NEW:
                row = self._row(items[position], position)
                new.append(row)
            else:
                if new:
                    insert(new, parent, index, operations)
                    index += sum([one.count() for one in new])
                    new = []
                row = old[at]
                row.position = position
                if at in kept:
                    for other in waiting:
                        if other == at:
                            break
                        if other not in moved:
                            passed.add(other)
                            index += old[other].count()
                    index += row.count()
                else:
                    moved.add(at)
                    for node in row.root_ids([]):
                        # Taking out a node that stands before index shifts the rest down by one.
                        target = index - 1 if at in passed else index
                        if operations is not None:
                            operations.append(["move", node, parent, target])
                        index = target + 1
            rows.append(row)
        if new:
            insert(new, parent, index, operations)
        self.rows = rows


_MAKERS = {"if": IfFragment, "template": TemplateFragment, "for": ForFragment}
