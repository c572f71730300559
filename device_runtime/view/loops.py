"""``for``: a block for each item of a list, reconciled by key or by position."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from device_runtime.view.blocks import Block, BlockInstance, Fragment, Place, Site, place, remove
from device_runtime.view.errors import ViewError
from device_runtime.view.expressions import INDEX, ITEM, Expression
from device_runtime.view.hosts import slots_moved, tell_moved
from device_runtime.view.javascript import identical, member, to_string
from device_runtime.view.patches import Node, Operation
from device_runtime.view.paths import UNKNOWN, WHOLE, Changes, Path, Read, Symbol, any_meets, below, meets
from device_runtime.view.reconcile import NEW, match_by_index, match_by_key, staying
from device_runtime.view.stamps import FEWEST_ROWS, insertions

MAX_ROWS = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class ForProgram:
    """``wx:for``. ``key`` is the path below an item that identifies it (``()``: the item itself), ``None`` for none.
    ``outer_reads`` are the paths that the body reads besides the row's own item and index."""

    site: Site
    source: Expression
    body: Block
    item: Symbol
    index: Symbol
    key: tuple[str | int, ...] | None
    where: str
    outer_reads: frozenset[Read]
    reads: frozenset[Read]
    kind: str = ""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The body."""
        return (self.body,)

    def start(self, owner: BlockInstance) -> Fragment:
        """The fragment in ``owner``, with its rows.

        Raises:
            ViewError: there are more than ``MAX_ROWS`` items.
        """
        return ForFragment(self, owner)

    def expand(self, value: Any) -> tuple[list[Any], list[str] | None]:
        """The items to go through, and their names if ``value`` is an object.

        Raises:
            ViewError: there are more than ``MAX_ROWS``.
        """
        kind = type(value)
        size = len(value) if kind in (list, dict, str) else value if kind in (int, float) and value == value else 0
        if size > MAX_ROWS:
            raise ViewError(f"{self.where}: a loop over {to_string(size)} items; at most {MAX_ROWS} can be shown")
        if kind is list:
            return value, None
        if kind is dict:
            return list(value.values()), list(value)
        if kind is str:
            return list(value), None
        return list(range(int(max(size, 0)))), None

    def keys(self, items: Sequence[Any], warn: Any) -> list[str] | None:
        """The items' keys; ``None`` if the loop has no key, or they do not tell the items apart."""
        if self.key is None:
            return None
        keys: list[str] = []
        for item in items:
            key = item
            for step in self.key:
                key = member(key, step)
            kind = type(key)
            if kind is str:
                keys.append(key)
            elif kind in (int, float, bool):
                keys.append(to_string(key))
            else:
                warn(f"{self.where}: an item has no key {self._key_text()!r}; the list is updated by position")
                return None
        if len(set(keys)) != len(keys):
            warn(f"{self.where}: two items have the same key {self._key_text()!r}; the list is updated by position")
            return None
        return keys

    def _key_text(self) -> str:
        return ".".join(map(str, self.key or ())) or "*this"


class ForFragment:
    """The rows of a loop."""

    __slots__ = ("keys", "names", "owner", "program", "rows", "site")

    def __init__(self, program: ForProgram, owner: BlockInstance) -> None:
        self.owner = owner
        self.program = program
        self.site = program.site
        items, self.names = program.expand(program.source.evaluate(owner.environment))
        self.keys = program.keys(items, owner.tree.registry.warn)
        self.rows = [self._make_row(item, position) for position, item in enumerate(items)]

    def _count_nodeless_row(self) -> None:
        """Note a row that no count of nodes sees: loops in loops make very many of a short template."""
        registry = self.owner.tree.registry
        registry.nodeless_rows += 1
        if registry.nodeless_rows > MAX_ROWS:
            raise ViewError(f"{self.program.where}: loops in loops make more than {MAX_ROWS} rows that show nothing")

    def _make_row(self, item: Any, position: int) -> BlockInstance:
        outer = self.owner.environment
        index = position if self.names is None else self.names[position]
        if not self.program.body.parents:
            self._count_nodeless_row()
        return BlockInstance(self.owner.tree, self.program.body, [outer[0], outer, item, index], self, position)

    def count(self) -> int:
        """The number of its root nodes."""
        body = self.program.body
        if not body.root_fragments:
            return body.root_nodes * len(self.rows)
        return sum([row.count() for row in self.rows])

    def root_ids(self) -> Iterator[int]:
        """The ids of its root nodes in order."""
        for row in self.rows:
            yield from row.root_ids()

    def nodes(self) -> list[Node]:
        """Its root nodes with their subtrees."""
        return self._nodes(self.rows)

    def _nodes(self, rows: list[BlockInstance]) -> list[Node]:
        shape = self.program.body.shape
        if shape is None or len(rows) < FEWEST_ROWS or not self.owner.tree.registry.stamps:
            return [node for row in rows for node in row.nodes()]
        return [[shape, [[row.base, *row.values] for row in rows]]]

    def offset_of(self, instance: BlockInstance) -> int:
        """How many of its root nodes stand before those of a row."""
        body = self.program.body
        if not body.root_fragments:
            return body.root_nodes * instance.position
        return sum([row.count() for row in self.rows[: instance.position]])

    def collect(self, found: list[Place], name: str | None) -> None:
        """Append the nodes that a screen has in its place."""
        roots = self.program.body.roots
        if len(roots) == 1 and roots[0] >= 0:
            if not name:
                offset = roots[0]
                found += [(row, offset) for row in self.rows]
            return
        for row in self.rows:
            row.collect(found, name)

    def instances(self) -> Iterator[BlockInstance]:
        """Its rows."""
        return iter(self.rows)

    def discard(self) -> None:
        """Forget its rows."""
        for row in self.rows:
            row.discard()

    def update(self, changes: Changes, operations: list[Operation]) -> None:
        """Reconcile the rows if the list changed, and pass on to each what changed for it."""
        program = self.program
        outer = changes if any_meets(program.outer_reads, changes) else {}
        if program.source.path is not None:
            symbol, prefix = program.source.path
            seen = below(prefix, changes.get(symbol, ()))
        else:
            seen = UNKNOWN if any_meets(program.source.reads, changes) else []
        if not seen:
            for row in self.rows if outer else ():
                row.update(outer, operations)
            return
        items, names = program.expand(program.source.evaluate(self.owner.environment))
        touched = self._touched(seen, names)
        if touched is None or not self._keeps_rows(items, names, touched) or not self._append(items, operations):
            # Where the list or an item was written in place and then replaced, no row's old item can be trusted.
            groups = [seen] if touched is None else touched.values()
            distrust = any(() in paths and any(paths) for paths in groups)
            self._reconcile(items, names, outer, touched or {}, distrust, operations)
            return
        if outer:
            for position, row in enumerate(self.rows):
                below_row = touched.get(position)
                row.environment[ITEM] = items[position]
                row.update({**outer, program.item: below_row} if below_row else outer, operations)
            return
        for position, below_row in sorted(touched.items()):
            row = self.rows[position]
            row.environment[ITEM] = items[position]
            row.update({program.item: below_row}, operations)

    def _touched(self, seen: list[Path], names: list[str] | None) -> dict[int, list[Path]] | None:
        """What was written in place, by row; ``None`` if the whole list was replaced."""
        touched: dict[int, list[Path]] = {}
        for path in seen:
            if not path or path[0] is None:
                return None
            key = path[0]
            if names is not None and str(key) in names:
                position = names.index(str(key))
            elif names is None and type(key) is int:
                position = key
            else:
                continue
            touched.setdefault(position, []).append(path[1:])
        return touched

    def _keeps_rows(self, items: list[Any], names: list[str] | None, touched: dict[int, list[Path]]) -> bool:
        """Whether the rows are still these in this order, with more after them at most."""
        present = len(self.rows)
        if len(items) < present or names != self.names:
            return False
        key = self.program.key
        if key is None or self.keys is None:
            return key is None
        if any(meets(key, path) for position in touched if position < present for path in touched[position]):
            return self.program.keys(items[:present], self.owner.tree.registry.warn) == self.keys
        return True

    def _append(self, items: list[Any], operations: list[Operation]) -> bool:
        """Make the rows that are missing at the end; says if their keys allow that."""
        present = len(self.rows)
        if len(items) == present:
            return True
        keys = self.program.keys(items[present:], self.owner.tree.registry.warn)
        if self.keys is not None:
            if keys is None or not set(keys).isdisjoint(self.keys):
                return False
            self.keys += keys
        at = place(self)
        end = self.count()
        rows = [self._make_row(items[position], position) for position in range(present, len(items))]
        self.rows += rows
        if at is None:
            for row in rows:
                self.owner.tree.registry.placement.enter(row, self, operations)
        else:
            self._insert(rows, at[0], at[1] + end, operations)
        return True

    def _insert(self, rows: list[BlockInstance], parent: int, index: int, operations: list[Operation]) -> None:
        """Append the operations that insert new rows side by side."""
        operations += insertions(self._nodes(rows), parent, index)
        self.owner.tree.registry.placement.land(operations)

    def _reconcile(
        self,
        items: list[Any],
        names: list[str] | None,
        outer: Changes,
        touched: dict[int, list[Path]],
        distrust: bool,
        operations: list[Operation],
    ) -> None:
        program, old = self.program, self.rows
        keys = program.keys(items, self.owner.tree.registry.warn)
        if keys is not None and self.keys is not None:
            matches = match_by_key(self.keys, keys)
        else:
            matches = match_by_index(len(old), len(items))
        self.keys, self.names = keys, names
        self._arrange(matches, items, operations)
        if program.body.slotted:
            slots_moved(self.owner.tree)
        item_symbol, index_symbol = program.item, program.index
        replaced: list[Path] = UNKNOWN if distrust else WHOLE
        for position, (row, match, item) in enumerate(zip(self.rows, matches, items, strict=True)):
            if match == NEW:
                continue
            environment = row.environment
            changes: Changes = {}
            if distrust or not identical(environment[ITEM], item):
                changes[item_symbol] = replaced
            elif position in touched:
                changes[item_symbol] = touched[position]
            environment[ITEM] = item
            index = position if names is None else names[position]
            if environment[INDEX] != index:
                environment[INDEX] = index
                changes[index_symbol] = WHOLE
            if outer:
                changes.update(outer)
            if changes:
                row.update(changes, operations)

    def _arrange(self, matches: list[int], items: list[Any], operations: list[Operation]) -> None:
        """Remove, move and insert rows so that ``matches`` comes true, moving as few as can be.

        Goes through the new order once. ``index`` is where the next row's first node belongs on the screen as it is
        at that moment; rows that will move yet may still stand before it.
        """
        old = self.rows
        survivors = {match for match in matches if match != NEW}
        at = place(self)
        for position, row in enumerate(old):
            if position not in survivors:
                remove(row, operations)
        kept = staying(matches) if not _rising(matches) else survivors
        if self.program.body.hosting:
            for match in matches:
                if match != NEW and match not in kept:
                    tell_moved(old[match])
        if at is None:
            self._arrange_mixed(matches, items, operations)
            return
        parent, index = at
        waiting = iter([position for position in range(len(old)) if position in survivors])
        passed: set[int] = set()  # moving rows that stand before index
        moved: set[int] = set()
        rows: list[BlockInstance] = []
        new: list[BlockInstance] = []
        for position, match in enumerate(matches):
            if match == NEW:
                row = self._make_row(items[position], position)
                new.append(row)
            else:
                if new:
                    self._insert(new, parent, index, operations)
                    index += sum([one.count() for one in new])
                    new = []
                row = old[match]
                row.position = position
                if match in kept:
                    for other in waiting:
                        if other == match:
                            break
                        if other not in moved:
                            passed.add(other)
                            index += old[other].count()
                    index += row.count()
                else:
                    moved.add(match)
                    for node in row.root_ids():
                        # Taking out a node that stands before index shifts the rest down by one.
                        target = index - 1 if match in passed else index
                        operations.append(["move", node, parent, target])
                        index = target + 1
            rows.append(row)
        if new:
            self._insert(new, parent, index, operations)
        self.rows = rows

    def _arrange_mixed(self, matches: list[int], items: list[Any], operations: list[Operation]) -> None:
        """Do the same where siblings are not counted: only what is new is told here."""
        old, placement = self.rows, self.owner.tree.registry.placement
        new: list[BlockInstance] = []
        self.rows = []
        for position, match in enumerate(matches):
            row = old[match] if match != NEW else self._make_row(items[position], position)
            row.position = position
            self.rows.append(row)
            if match == NEW:
                new.append(row)
        for row in new:
            placement.enter(row, self, operations)
        placement.mark(self)


def _rising(matches: list[int]) -> bool:
    last = NEW
    for match in matches:
        if match != NEW:
            if match < last:
                return False
            last = match
    return True
