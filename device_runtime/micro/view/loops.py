"""``for``: a block for each item of a list, reconciled by key or by position."""

from . import javascript as js
from .blocks import MAKERS, Instance, concerns, insert, place, remove
from .errors import ViewError
from .expressions import INDEX, ITEM
from .reconcile import NEW, match, staying

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .shapes import Changed, ForProgram, Operation, Step
except ImportError:
    pass


class ForFragment:
    """The rows of a loop: ``("for", site, source, reads of it, body, key, where, reads)``."""

    def __init__(self, program: "ForProgram", owner: Instance) -> None:
        self.program = program
        self.owner = owner
        self.rows: list[Instance] = []
        self.names: list[str] | None = None
        self.keys: list[str] | None = None

    def start(self) -> "Step[None]":
        """Make the rows that are shown at first."""
        items, self.names = self._expand()
        self.keys = self._keys(items)
        for position, item in enumerate(items):
            row = self._row(item, position)
            self.rows.append(row)
            yield row.grow()

    def _expand(self) -> "tuple[list[Any], list[str] | None]":
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

    def _keys(self, items: "list[Any]") -> "list[str] | None":
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
        """Say what is wrong with the keys that the loop has."""
        key = ".".join([str(step) for step in self.program[5]]) or "*this"  # type: ignore[union-attr]
        self.owner.view.warn(f"{self.program[6]}: {what} {key!r}; the list is updated by position")

    def _row(self, item: object, position: int) -> Instance:
        outer = self.owner.env
        index = position if self.names is None else self.names[position]
        return Instance(self.owner.view, self.program[4], [outer[0], outer, item, index], self, position)

    def instances(self) -> "list[Instance]":
        return self.rows

    def count(self) -> int:
        return sum([row.count() for row in self.rows])

    def root_ids(self, found: "list[int]") -> None:
        for row in self.rows:
            row.root_ids(found)

    def nodes(self, found: "list[Operation]") -> None:
        for row in self.rows:
            row.nodes(row.block.roots, found)

    def offset_of(self, instance: Instance) -> int:
        """How many of its root nodes stand before those of a row."""
        return sum([row.count() for row in self.rows[: instance.position]])

    def discard(self) -> None:
        for row in self.rows:
            row.discard()

    def update(self, changed: "Changed", operations: "list[Operation] | None") -> "Step[None]":
        """Reconcile the rows if the list may have changed, and bring each up to date."""
        if not concerns(self.program[3], changed):
            for row in self.rows:
                yield row.update(changed, operations)
            return
        old_rows = self.rows
        items, names = self._expand()
        keys = self._keys(items)
        matches = match(self.keys, keys, len(old_rows), len(items))
        self.keys, self.names = keys, names
        yield self._arrange(matches, items, operations)
        for position, row in enumerate(self.rows):
            if matches[position] == NEW:
                continue
            row.env[ITEM] = items[position]
            row.env[INDEX] = position if names is None else names[position]
            yield row.update(changed, operations)

    def _arrange(self, matches: "list[int]", items: "list[Any]", operations: "list[Operation] | None") -> "Step[None]":
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
                yield row.grow()
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


MAKERS["for"] = ForFragment
