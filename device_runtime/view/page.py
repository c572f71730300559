"""One page on a screen: its template, its data and its components, and the patches that keep a screen in step."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from device_runtime.values import Value
from device_runtime.view import nodes, routing, selectors, two_way
from device_runtime.view.blocks import BlockInstance, Place
from device_runtime.view.compaction import compact
from device_runtime.view.errors import ViewError
from device_runtime.view.javascript import identical
from device_runtime.view.nodes import NodeInfo
from device_runtime.view.order import in_document_order, leaving
from device_runtime.view.overrides import lay_over
from device_runtime.view.patches import LIMBO_ID, ROOT_ID, Operation
from device_runtime.view.paths import Changes, Path, format_path, parse_path, write
from device_runtime.view.properties import ComponentDefinition, coerce, copied
from device_runtime.view.routing import HandlerCall
from device_runtime.view.stamps import expanded, insertions
from device_runtime.view.template import FORMAT, Template, load_template
from device_runtime.view.tree import MAX_NODES, Effect, Registry, Tree
from device_runtime.view.wxs import WxsModules

_ONLY_CONTENT = {"format": FORMAT, "body": [["slot", ["constant", ""], {}]], "templates": [], "scopes": []}


def _ignore(_: str) -> None:
    """Nobody wants the warnings."""


def _no_components(_: str) -> None:
    """There are no components."""


@cache
def _unknown() -> ComponentDefinition:
    """A component that shows its content alone."""
    return ComponentDefinition("", load_template(_ONLY_CONTENT), {}, {})


class PageView:
    """A page on a screen, with all components in it.

    The view takes the data over: the objects and lists in ``data`` and in each ``update`` are its own from then on
    and are written in place. What comes from an engine is a fresh copy already, so that copying it again would be
    waste; other callers hand over a copy (the outermost dictionary is copied here). Operations own their values, but
    may share parts with each other: encode them, or treat them as read-only.

    ``warn`` is told, once each, what the program's author should know, such as keys that are not unique.
    ``components`` finds a definition by its path; each is asked for once. The page may have ``most_nodes``, and a
    sixteenth more. With ``stamps``, operations may hold them (:mod:`device_runtime.view.stamps`).
    """

    def __init__(
        self,
        template: Template,
        data: Mapping[str, Value],
        warn: Callable[[str], None] = _ignore,
        *,
        components: Callable[[str], ComponentDefinition | None] = _no_components,
        wxs: WxsModules | None = None,
        most_nodes: int = MAX_NODES,
        stamps: bool = False,
    ) -> None:
        self._template = template
        self._registry = Registry(warn, components, _unknown, wxs, most_nodes, stamps=stamps)
        self._registry.use(template)
        self._tree = Tree(self._registry, dict(data))

    @property
    def data(self) -> Mapping[str, Value]:
        """The page's data as they are now; read-only."""
        return self._tree.data

    def data_of(self, owner: int) -> Mapping[str, Value] | None:
        """The data of the page (0) or of a component as they are now; ``None`` if it is gone."""
        tree = self._owned(owner)
        return None if tree is None else tree.data

    def render(self) -> list[Operation]:
        """The inserts that make the whole page, to an empty root.

        Raises:
            ViewError: the page is too deep or too long to be shown.
        """
        if self._tree.root is not None:
            return self.snapshot()
        with self._bounded():
            self._tree.root = BlockInstance(self._tree, self._template.body, [self._tree.data, None], None)
            self._registry.placement.recording = True
            operations = self._inserts(self._tree.root)
            self._registry.placement.land(operations)
        self._registry.placement.entered = False
        return operations

    def update(self, changes: Mapping[str, Value], owner: int = ROOT_ID) -> list[Operation]:
        """Write ``changes`` (``setData`` keys, ``"a"`` or ``"a.b[3].c"``) of the page or of a component, and give what
        a screen must do. What is left for components is in :meth:`take_effects`.

        Raises:
            ViewError: a key is no data path, and nothing is written; or the page has become too deep or too long, and
                is empty from then on until it is rendered again.
        """
        paths = [(parse_path(key), value) for key, value in changes.items()]
        tree = self._owned(owner)
        operations: list[Operation] = []
        if tree is None:
            return operations
        changed = self._write(tree, paths)
        if changed and tree.root is not None:
            with self._bounded():
                tree.root.update(changed, operations)
                if tree.host is not None:
                    self._bind_back(tree, changed, operations)
                self._registry.placement.settle(operations)
        return self._finished(operations)

    def take_effects(self) -> list[Effect]:
        """What the base library has to carry out since this was last asked, in order."""
        effects, self._registry.effects = self._registry.effects, []
        return effects

    def take_wxs_changes(self) -> list[list[Any]]:
        """The calls of ``change:`` observers since this was last asked: ``["wxs-change", owner, node, function, new,
        old]``."""
        calls, self._registry.wxs_changes = self._registry.wxs_changes, []
        return calls

    def snapshot(self) -> list[Operation]:
        """The inserts that make the page as it is, with the present node ids; none before ``render``."""
        root, placement = self._tree.root, self._registry.placement
        if root is None:
            return []
        with self._bounded():
            placement.recording = False
            operations = self._inserts(root)
            for node in placement.shown[LIMBO_ID]:
                instance = self._registry.find(node)
                if instance is not None:
                    made = placement.make(instance, node - instance.base)
                    operations.append(["insert", LIMBO_ID, 0, made])
            placement.recording = True
        if self._registry.overrides:
            operations = expanded(operations)
            lay_over(self._registry.overrides, operations)
        return operations

    def route(
        self,
        node: int,
        event_type: str,
        *,
        bubbles: bool | None = None,
        composed: bool = False,
        capture_phase: bool = False,
    ) -> list[HandlerCall]:
        """Who hears an event on a node, in order; empty if the node is gone.

        Without ``bubbles`` it is an event of a screen: it bubbles as its type does, and crosses the borders of
        components. Else it is one that a component triggers, with WeChat's three options. Capturing, bubbling,
        ``catch`` and ``mut-bind`` are decided here; datasets and ids are those of this moment.
        """
        if bubbles is None:
            event = routing.native(event_type)
        else:
            event = routing.Event(event_type, bubbles, composed, capture_phase)
        return routing.route(self._registry, node, event)

    def two_way_path(self, node: int, name: str) -> tuple[int, str] | None:
        """The data that an attribute of a node is bound to both ways: their owner and a ``setData`` key."""
        found = two_way.find(self._registry, node, name)
        return None if found is None else (found[0].id, format_path(found[1]))

    def select(self, owner: int, selector: str, *, first: bool) -> list[int]:
        """The nodes that a selector means in the tree of the page (0) or of a component, in document order."""
        tree = self._owned(owner)
        return [] if tree is None else selectors.select(tree, selector, first=first)

    def describe(self, node: int) -> NodeInfo | None:
        """What a node is; ``None`` if it is gone, or a text."""
        return nodes.describe(self._registry, node)

    def ancestors(self, node: int) -> list[int]:
        """The elements around a node in its owner's tree, nearest first."""
        return nodes.ancestors(self._registry, node)

    def around(self, node: int) -> list[int]:
        """The elements around a node or text on screens, nearest first, with the hosts that screens have no node for;
        see :func:`routing.around`."""
        return routing.around(self._registry, node)

    def set_node(self, node: int, name: str, value: Value) -> list[Operation]:
        """Lay a ``style`` (a text, or an object of declarations) or a ``class`` (an object: name -> whether it is
        there) over what the template says of a node, and give what a screen must do. It stays when bindings change.

        Raises:
            ViewError: it is something else.
        """
        return nodes.override(self._registry, node, name, value)

    def in_document_order(self, ids: Iterable[int]) -> list[int]:
        """Components of one tree in the order of the document; what is gone is left out."""
        return in_document_order(self._registry, ids)

    def leaving(self) -> list[int]:
        """All components in the order in which they go with the page."""
        root = self._tree.root
        return [] if root is None else list(leaving(root))

    def _inserts(self, root: BlockInstance) -> list[Operation]:
        if root.block.mixed:
            found: list[Place] = []
            root.collect(found, None)
            made = self._registry.placement.fill(ROOT_ID, found)
        else:
            made = root.nodes()
        return insertions(made, ROOT_ID, 0)

    def _owned(self, owner: int) -> Tree | None:
        if owner == ROOT_ID:
            return self._tree
        host = self._registry.hosts.get(owner)
        return None if host is None else host.tree

    def _write(self, tree: Tree, paths: list[tuple[Path, Value]]) -> Changes:
        """Write to a tree's data, and say what is to be looked at.

        A value that was there already is no change; but where there are components, one may have changed the property
        that gets it, and must have it again.
        """
        definition = None if tree.host is None else tree.host.component.definition
        again = bool(self._registry.hosts)
        changed: Changes = {}
        for path, given in paths:
            value = given
            if definition is not None and len(path) == 1 and path[0] in definition.properties:
                value = coerce(given, definition.properties[str(path[0])])[0]
            written = write(tree.data, path, value)
            if not written and again:
                written = [path]
            for one in written:
                changed.setdefault(str(one[0]), []).append(one[1:])
        return changed

    def _bind_back(self, tree: Tree, changed: Changes, operations: list[Operation]) -> None:
        """Write properties that a component has changed by itself to the owner's data that they are bound to."""
        while tree.host is not None:
            host = tree.host
            written: list[tuple[Path, Value]] = []
            for name in changed:
                bound = (
                    two_way.find_at(host.owner, host.program.offset, str(name))
                    if name in (host.component.definition.properties)
                    else None
                )
                if bound is None:
                    continue
                outer, path = bound
                value = tree.data.get(str(name))
                if identical(two_way.read(outer.data, path), value):
                    continue
                self._registry.effects.append(["model", outer.id, format_path(path), copied(value)])
                written.append((path, copied(value)))
            if not written:
                return
            tree = host.owner.tree
            changed = self._write(tree, written)
            if tree.root is not None:
                tree.root.update(changed, operations)

    def _finished(self, operations: list[Operation]) -> list[Operation]:
        placement = self._registry.placement
        if placement.entered:
            placement.entered = False
            operations = compact(expanded(operations))
        if self._registry.overrides:
            operations = expanded(operations)
            lay_over(self._registry.overrides, operations)
        return operations

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        """Make a page that cannot be shown an empty one, since its instances are half made."""
        self._registry.nodeless_rows = 0
        try:
            yield
        except (RecursionError, ViewError) as error:
            self._forget()
            if isinstance(error, ViewError):
                raise
            raise ViewError("the page or its data are nested too deeply to be shown") from error

    def _forget(self) -> None:
        """Forget all instances, and let the base library forget its own."""
        registry = self._registry
        new = {effect[1] for effect in registry.effects if effect[0] == "create"}
        known = [host for host in registry.hosts.values() if host.id not in new and host.component.definition.path]
        registry.effects = [["remove", host.id] for host in reversed(known)]
        registry.wxs_changes = []
        registry.clear()
        self._tree.root = None
