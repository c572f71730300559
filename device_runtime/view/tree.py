"""The trees of one page: its own, and the shadow tree of each component in it; and what they share."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from device_runtime.values import Value
from device_runtime.view.blocks import BlockInstance
from device_runtime.view.classes import ClassScope
from device_runtime.view.errors import ViewError
from device_runtime.view.overrides import Overrides
from device_runtime.view.patches import ROOT_ID
from device_runtime.view.placement import Placement
from device_runtime.view.properties import ComponentDefinition, copied
from device_runtime.view.wxs import WxsModules

if TYPE_CHECKING:
    from device_runtime.view.hosts import ComponentFragment
    from device_runtime.view.template import Template

MAX_TREE_DEPTH: Final = 32
MAX_NODES: Final = 200_000

Effect = list[Value]
"""What the base library has to carry out; the kinds are listed in ``docs/architecture.md``."""

Find = Callable[[str], ComponentDefinition | None]


class Component:
    """A definition as a view uses it."""

    __slots__ = ("_copied", "_data", "definition", "scope")

    def __init__(self, definition: ComponentDefinition) -> None:
        self.definition = definition
        self._data = dict(definition.data)
        self._copied = [name for name, value in self._data.items() if type(value) in (list, dict)]
        self.scope = ClassScope(
            definition.template.prefix, definition.style_isolation != "isolated", definition.external_classes
        )

    def data(self) -> dict[str, Value]:
        """The data of a new instance."""
        data = self._data.copy()
        for name in self._copied:
            data[name] = copied(data[name])
        return data


class Registry:
    """The ids of one view's nodes, the live instances that own them, and what is waiting to be told.

    ``listening`` says that there are handlers on components without a node of their own, ``stamps`` that what is told
    may hold stamps.
    """

    __slots__ = (
        "_components",
        "_find",
        "_make_unknown",
        "_most_nodes",
        "_tell",
        "_unknown",
        "_warnings",
        "counted_until",
        "effects",
        "gone",
        "hosts",
        "instances",
        "largest_block",
        "listening",
        "next_id",
        "nodeless_rows",
        "overrides",
        "placement",
        "stamps",
        "wxs",
        "wxs_changes",
    )

    def __init__(
        self,
        tell: Callable[[str], None],
        find: Find,
        make_unknown: Callable[[], ComponentDefinition],
        wxs: WxsModules | None,
        most_nodes: int,
        *,
        stamps: bool,
    ) -> None:
        self.stamps = stamps
        self.next_id = ROOT_ID + 1
        self._most_nodes = most_nodes
        self.counted_until = self.next_id + most_nodes
        self.largest_block = 0
        self._make_unknown = make_unknown
        self._unknown: Component | None = None
        self.listening = False
        self.wxs = wxs
        self.wxs_changes: list[list[Any]] = []
        self.effects: list[Effect] = []
        self._components: dict[str, Component | None] = {}
        self._find = find
        self._tell = tell
        self._warnings: set[str] = set()
        self.clear()

    def clear(self) -> None:
        """Forget every node."""
        self.instances: dict[int, BlockInstance] = {}
        self.hosts: dict[int, ComponentFragment] = {}
        self.overrides: Overrides = {}
        self.placement = Placement()
        self.gone: list[BlockInstance] | None = None
        self.nodeless_rows = 0

    def count_nodes(self) -> None:
        """Ids have been given out for as many nodes as there may be: see how many of them live.

        Raises:
            ViewError: too many.
        """
        live = sum([len(instance.block.parents) for instance in self.instances.values()])
        if live > self._most_nodes:
            raise ViewError(f"the page would have more than {self._most_nodes} nodes; show fewer at once")
        # A sixteenth more than may live, so that a page at its limit is not counted at each change.
        self.counted_until = self.next_id + self._most_nodes - live + self._most_nodes // 16

    def warn(self, text: str) -> None:
        """Tell the program's author something, once."""
        if text not in self._warnings:
            self._warnings.add(text)
            self._tell(text)

    def use(self, template: "Template") -> None:
        """Get ready for instances of a template."""
        self.largest_block = max(self.largest_block, template.largest_block)
        template.wxs.connect(self.wxs, self._tell)

    def component(self, path: str) -> Component | None:
        """The component of this path, if the program has it."""
        if path not in self._components:
            definition = self._find(path)
            if definition is not None:
                self.use(definition.template)
            self._components[path] = None if definition is None else Component(definition)
        return self._components[path]

    @property
    def unknown(self) -> Component:
        """What stands for components that the program does not have."""
        if self._unknown is None:
            self._unknown = Component(self._make_unknown())
            self.use(self._unknown.definition.template)
        return self._unknown

    def find(self, node: int) -> BlockInstance | None:
        """The instance that owns a node, or ``None`` if the node is gone or never was."""
        for base in range(node, max(ROOT_ID, node - self.largest_block), -1):
            instance = self.instances.get(base)
            if instance is not None:
                return instance if node - base < instance.block.size else None
        return None


class Tree:
    """The page's tree, or the shadow tree of a component, whose ``host`` is in another tree.

    ``id`` is the id of its owner: ``0`` for the page, else the host's node id. ``generics`` are the components that
    the owner passed for the generic ones. ``externals`` are the external classes as the owner passed them.
    """

    __slots__ = ("data", "depth", "externals", "generics", "host", "id", "outer", "registry", "root", "scope")

    def __init__(self, registry: Registry, data: dict[str, Value]) -> None:
        self.registry = registry
        self.data = data
        self.id = ROOT_ID
        self.depth = 0
        self.host: ComponentFragment | None = None
        self.outer: Tree | None = None
        self.root: BlockInstance | None = None
        self.scope: ClassScope | None = None
        self.generics: Mapping[str, Component | None] = {}
        self.externals: dict[str, str] = {}

    @classmethod
    def within(cls, host: "ComponentFragment", component: Component, data: dict[str, Value]) -> "Tree":
        """The shadow tree of a component.

        Raises:
            ViewError: components are nested too deeply.
        """
        outer = host.owner.tree
        tree = cls(outer.registry, data)
        tree.id = host.id
        tree.depth = outer.depth + 1
        if tree.depth > MAX_TREE_DEPTH:
            raise ViewError(
                f"components use each other more than {MAX_TREE_DEPTH} deep, at <{host.program.element.tag}>; "
                "one that uses itself needs a wx:if that ends"
            )
        tree.host = host
        tree.outer = outer
        tree.scope = component.scope
        return tree

    @property
    def root_id(self) -> int | None:
        """The node that its root nodes are below; ``None`` if they stand among other nodes of its host's tree."""
        return None if self.host is not None and self.host.virtual else self.id

    def translate(self, text: str) -> str:
        """The classes that an element has on screens for the ``class`` in the template."""
        return text if self.scope is None else self.scope.translate(text, self)

    def external_class(self, name: str) -> str:
        """What the owner passed for an external class, as screens have it."""
        text = self.externals.get(name, "")
        return self.outer.translate(text) if text and self.outer is not None else text
