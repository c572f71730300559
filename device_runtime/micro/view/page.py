"""One page: its template, its data, and the operations that keep a screen in step with them."""

from . import fragments, loops  # noqa: F401 - they make fragments known
from . import javascript as js
from .blocks import Instance
from .errors import ViewError
from .expressions import data_member, get, local, object_value
from .paths import format_path, write_all
from .trampoline import run

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .shapes import Changed, Data, Expression, Key, Members, Operation
        from .template import Template
except ImportError:
    pass

_MOST_NODES = 200


class PageView:
    """A page on a screen. The view shares ``data`` with the page's program, which may write to it at any time; what it
    wrote is shown by the next :meth:`update` of the same members.

    ``warn`` is told, once each, what the program's author should know. The page may have ``most`` nodes. ``version``
    is another number after each change of what there is to see.
    """

    def __init__(
        self, template: "Template", data: "Data", warn: "Callable[[str], None] | None" = None, most: int = _MOST_NODES
    ) -> None:
        self.template = template
        self.data = data
        self.most = most
        self.live = 0
        self.version = 0
        self.root: Instance | None = None
        self._next = 1
        self._tell = warn
        self._told: list[str] = []

    def warn(self, text: str) -> None:
        """Tell the program's author something, once."""
        if self._tell is not None and text not in self._told and len(self._told) < 8:
            self._told.append(text)
            self._tell(text)

    def take(self, nodes: int) -> int:
        """The first of so many new ids.

        Raises:
            ViewError: the page would have too many nodes.
        """
        base = self._next
        self._next += nodes
        self.live += nodes
        if self.live > self.most:
            raise ViewError(f"the page would have more than {self.most} nodes, the most that this board shows")
        return base

    def render(self) -> None:
        """Make all nodes.

        Raises:
            ViewError: the page is too deep or too long to be shown.
        """
        if self.root is None:
            self.live = 0
            self.refresh(None, None)

    def snapshot(self) -> "list[Operation]":
        """The inserts that make the page as it is; none before :meth:`render`."""
        root = self.root
        nodes = [] if root is None else root.nodes(root.block.roots, [])
        return [["insert", 0, index, node] for index, node in enumerate(nodes)]

    def update(self, changes: "Data", operations: "list[Operation] | None") -> None:
        """Write ``changes`` (``set_data`` keys and values, which are the view's own from then on) to the data, and
        append what a screen must do to ``operations``, if they are wanted.

        Raises:
            ViewError: a key is no data path, and nothing is written; or the page has become too deep or too long, and
                is empty from then on until it is rendered again.
        """
        changed = write_all(self.data, changes)
        if self.root is not None:
            self.refresh(changed, operations)

    def refresh(self, changed: "Changed", operations: "list[Operation] | None") -> None:
        """Bring the nodes up to date with these members of the data (:func:`.paths.write_all`), or make them.

        Raises:
            ViewError: the page has become too deep or too long: it is empty from then on, its instances are half made.
        """
        root = self.root
        self.root = None
        try:
            if root is None:
                self.version += 1
                root = Instance(self, self.template.body, [self.data, None], None)
                run(root.grow())
            else:
                run(root.update(changed, operations))
        except RuntimeError as error:
            if isinstance(error, NotImplementedError) or "recursion" not in str(error):
                raise
            raise ViewError("the page or its data are nested too deeply to be shown") from error
        self.root = root

    def find(self, node: int) -> "Instance | None":
        """The instance that owns a node; ``None`` if the node is gone or never was."""
        return None if self.root is None else self.root.find(node)

    def two_way_path(self, node: int, name: str) -> "str | None":
        """The ``set_data`` key of what an attribute of a node is bound to both ways."""
        instance = self.find(node)
        plan = None if instance is None else instance.block.nodes[node - instance.base]
        if instance is not None and plan is not None and len(plan) > 3:
            for bound, expression in plan[8]:
                if bound == name:
                    path = _outwards(expression, instance)
                    return None if path is None else format_path(path)
        return None


def _chain(e: "Expression") -> "list[Any]":
    """``[variable, key, …]`` of an expression that is nothing but a path; empty if it is none."""
    keys: list[Any] = []
    while e[0] is get:
        keys.append(e[2])
        e = e[1]
    if e[0] is not data_member and e[0] is not local:
        return []
    keys.append(e)
    return keys[::-1]


def _outwards(e: "Expression", instance: Instance) -> "list[Key] | None":
    """The path from the page's data that ``e`` is, going out through loops and templates."""
    chain = _chain(e)
    while chain:
        variable, rest = chain[0], chain[1:]
        up = variable[1] if variable[0] is local else -1
        container: Any = instance.container  # its program says which kind it is
        while container is not None and container.program[0] != "template":
            if container.program[0] == "for":
                if up == 0:
                    break
                up -= 1
            instance = container.owner
            container = instance.container
        if container is None:
            return [variable[1]] + rest if variable[0] is data_member else None
        if container.program[0] == "for":
            if variable[2] != 2:
                return None
            key = instance.position if container.names is None else container.names[instance.position]
            chain = _chain(container.program[2])
            chain = chain + [key] + rest if chain else chain
        else:
            chain = _passed(container.program[3], variable[1], container.data)
            chain = chain + rest if chain else chain
        instance = container.owner
    return None


def _passed(data: "Expression | None", name: str, known: "Data") -> "list[Any]":
    """What a member of a template's data is outside of it."""
    if data is None:
        return []
    fields = data[1] if data[0] is object_value else ((None, data),)
    for given, source in reversed(fields):
        if given == name:
            return _chain(source)
        if given is None and name in known:
            chain = _chain(source)
            if chain:
                return chain + [name]
    return []


def evaluated(members: "Members", instance: Instance) -> "Data":
    """Named expressions as their values; what is undefined is left out."""
    values: Data = {}
    for name, e in members:
        value = e[0](e, instance.env)
        if value is not js.UNDEFINED:
            values[name] = js.exported(value)
    return values
