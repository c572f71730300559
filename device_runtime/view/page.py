"""One page on a screen: a template, its data, and the patches that keep a screen in step with both."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from device_runtime.values import Value
from device_runtime.view import routing
from device_runtime.view.blocks import BlockInstance, Registry
from device_runtime.view.errors import ViewError
from device_runtime.view.patches import ROOT_ID, Operation
from device_runtime.view.paths import Changes, parse_path, write
from device_runtime.view.routing import HandlerCall
from device_runtime.view.template import Template


def _ignore(_: str) -> None:
    """Nobody wants the warnings."""


class PageView:
    """A page, later a component, on a screen.

    The view takes the data over: the objects and lists in ``data`` and in each ``update`` are its own from then on
    and are written in place. What comes from an engine is a fresh copy already, so that copying it again would be
    waste; other callers hand over a copy (the outermost dictionary is copied here). Operations own their values, but
    may share parts with each other: encode them, or treat them as read-only.

    ``warn`` is told, once each, what the program's author should know, such as keys that are not unique.
    """

    def __init__(self, template: Template, data: Mapping[str, Value], warn: Callable[[str], None] = _ignore) -> None:
        self._template = template
        self._data = dict(data)
        self._registry = Registry(warn)
        self._root: BlockInstance | None = None

    @property
    def data(self) -> Mapping[str, Value]:
        """The data as they are now; read-only."""
        return self._data

    def render(self) -> list[Operation]:
        """The inserts that make the whole page, to an empty root.

        Raises:
            ViewError: the page is too deep or too long to be shown.
        """
        if self._root is None:
            with self._bounded():
                self._root = BlockInstance(self._registry, self._template.body, [self._data, None], None)
        return self.snapshot()

    def update(self, changes: Mapping[str, Value]) -> list[Operation]:
        """Write ``changes`` (``setData`` keys, ``"a"`` or ``"a.b[3].c"``) and give what a screen must do.

        Raises:
            ViewError: a key is no data path, and nothing is written; or the page has become too deep or too long, and
                is empty from then on until it is rendered again.
        """
        paths = [(parse_path(key), value) for key, value in changes.items()]
        changed: Changes = {}
        for path, value in paths:
            for written in write(self._data, path, value):
                changed.setdefault(str(written[0]), []).append(written[1:])
        operations: list[Operation] = []
        if changed and self._root is not None:
            with self._bounded():
                self._root.update(changed, operations)
        return operations

    def snapshot(self) -> list[Operation]:
        """The inserts that make the page as it is, with the present node ids; none before ``render``."""
        if self._root is None:
            return []
        with self._bounded():
            return [["insert", ROOT_ID, index, node] for index, node in enumerate(self._root.nodes())]

    def route(self, node: int, event_type: str) -> list[HandlerCall]:
        """Who hears an event on a node, in order; empty if the node is gone.

        Capturing, bubbling, ``catch`` and ``mut-bind`` are decided here; datasets and ids are those of this moment.
        """
        return routing.route(self._registry, self._template.largest_block, node, event_type)

    def two_way_path(self, node: int, name: str) -> str | None:
        """The data path that an attribute of a node is bound to both ways, as a ``setData`` key, or ``None``."""
        return routing.two_way_path(self._registry, self._template.largest_block, node, name)

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        """Make a page that cannot be shown an empty one, since its instances are half made."""
        try:
            yield
        except (RecursionError, ViewError) as error:
            self._root = None
            self._registry.instances.clear()
            if isinstance(error, ViewError):
                raise
            raise ViewError("the page or its data are nested too deeply to be shown") from error
