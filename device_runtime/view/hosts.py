"""Components in a view: the host in its owner's tree, and what it passes to the component's own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from device_runtime.values import Value
from device_runtime.view.attributes import CLASS_ATTRIBUTES, tell_observer, translated
from device_runtime.view.blocks import BUBBLING, HOLDING, Block, BlockInstance, Element, Place, Site
from device_runtime.view.classes import class_text
from device_runtime.view.content import ContentProgram, Contents
from device_runtime.view.expressions import Expression
from device_runtime.view.javascript import UNDEFINED, exported, identical, to_text
from device_runtime.view.patches import Node, Operation
from device_runtime.view.paths import WHOLE, Changes, Read, ReadIndex
from device_runtime.view.properties import ComponentDefinition, camel_case, coerce, copied
from device_runtime.view.slots import ComposedFragment
from device_runtime.view.tree import Component, Tree

TEXT_ATTRIBUTES: Final = ("class", "style", "id")
_HOST_ATTRIBUTES: Final = (*TEXT_ATTRIBUTES, "hidden")


@dataclass(frozen=True, slots=True)
class Use:
    """A tag in a document's table of components: the path of its component, or the generic that it stands for."""

    path: str | None
    generic: str | None = None
    placeholder: str | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the attributes of a host, by their numbers, are to one component."""

    properties: dict[int, str]
    externals: dict[int, str]
    attributes: dict[int, str]


@dataclass(frozen=True, slots=True, eq=False)
class ComponentProgram:
    """A component's tag in a template. ``uses`` is the document's table of components."""

    site: Site
    offset: int
    element: Element
    uses: Mapping[str, Use]
    attributes: tuple[tuple[str, Expression], ...]
    observers: Mapping[str, Expression]
    generics: Mapping[str, str]
    types: list[Value]
    content: ContentProgram | None
    kind: str = "component"
    bubbling: tuple[str, ...] = field(init=False)
    observed: Mapping[int, Expression] = field(init=False)
    index: ReadIndex = field(init=False)
    reads: frozenset[Read] = field(init=False)
    blocks: tuple[Block, ...] = field(init=False)
    _plans: dict[ComponentDefinition, _Plan] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        index = ReadIndex([expression.reads for _, expression in self.attributes])
        content = self.content
        inner = frozenset(read for read in content.block.reads if read[0] not in content.symbols) if content else ()
        named = enumerate(camel_case(name) for name, _ in self.attributes)
        observed = {number: self.observers[name] for number, name in named if name in self.observers}
        bubbling = tuple(str(one) for one in self.types if one in BUBBLING or one == HOLDING)
        object.__setattr__(self, "bubbling", bubbling)
        object.__setattr__(self, "observed", observed)
        object.__setattr__(self, "index", index)
        object.__setattr__(self, "reads", index.reads.union(inner))
        object.__setattr__(self, "blocks", (content.block,) if content else ())

    def start(self, owner: BlockInstance) -> "ComponentFragment":
        """The component in ``owner``.

        Raises:
            ViewError: components are nested too deeply.
        """
        return ComponentFragment(self, owner)

    def resolve(self, tag: str, tree: Tree) -> Component | None:
        """The component that a tag of this document stands for in ``tree``."""
        use = self.uses.get(tag)
        if use is None:
            return None
        if use.generic is not None:
            given = tree.generics.get(use.generic)
            if given is not None:
                return given
        find = tree.registry.component
        found = None if use.path is None else find(use.path)
        if found is None and use.placeholder is not None:
            other = self.uses.get(use.placeholder)
            found = find(other.path) if other is not None and other.path is not None else None
        return found

    def plan(self, definition: ComponentDefinition) -> _Plan:
        """What the attributes are to a component."""
        plan = self._plans.get(definition)
        if plan is not None:
            return plan
        plan = self._plans[definition] = _Plan({}, {}, {})
        for number, (name, _) in enumerate(self.attributes):
            property_name = camel_case(name)
            if name in definition.external_classes:
                plan.externals[number] = name
            if property_name in definition.properties and name not in ("class", "id"):
                plan.properties[number] = property_name
            elif name in _HOST_ATTRIBUTES or name.startswith("aria-"):
                plan.attributes[number] = name
        return plan


class ComponentFragment(ComposedFragment):
    """A component in a view. ``values`` are the attributes of its host, ``told`` what its observers know; ``contents``
    is ``None`` if it is given none."""

    __slots__ = ("component", "contents", "id", "owner", "plan", "program", "site", "told", "tree", "values", "virtual")

    def __init__(self, program: ComponentProgram, owner: BlockInstance) -> None:
        registry = owner.tree.registry
        self.program = program
        self.owner = owner
        self.site = program.site
        self.id = owner.base + program.offset
        component = program.resolve(program.element.tag, owner.tree)
        if component is None:
            registry.warn(f"<{program.element.tag}>: the program has no such component; its content is shown alone")
            component = registry.unknown
        self.component = component
        definition = component.definition
        self.virtual = definition.virtual_host
        self.plan = plan = program.plan(definition)
        self.contents = None if program.content is None else Contents(self, program.content)
        data = component.data()
        self.tree = tree = Tree.within(self, component, data)
        passed: dict[str, Value] = {}
        for number, name in plan.properties.items():
            data[name] = self._property(number, name)
            passed[name] = copied(data[name])
        for number, name in plan.externals.items():
            tree.externals[name] = class_text(self._evaluate(number))
        self.values = {name: self._attribute(number, name) for number, name in plan.attributes.items()}
        if program.generics:
            tree.generics = {name: program.resolve(tag, owner.tree) for name, tag in program.generics.items()}
        registry.hosts[self.id] = self
        registry.listening = registry.listening or (self.virtual and bool(program.bubbling))
        if definition.path:
            generics: dict[str, Value] = {}
            for name, one in tree.generics.items():
                generics[name] = one.definition.path if one else None
            registry.effects.append(["create", self.id, owner.tree.id, definition.path, passed, generics])
        tree.root = BlockInstance(tree, definition.template.body, [data, None], None)
        if self.contents is not None:
            self.contents.start()
        self.told: dict[int, Value] = {}
        for number in program.observed:
            self._tell(number)

    def _evaluate(self, number: int) -> Any:
        return self.program.attributes[number][1].evaluate(self.owner.environment)

    def _property(self, number: int, name: str) -> Value:
        definition = self.component.definition.properties[name]
        value, wrong = coerce(self._evaluate(number), definition)
        if wrong:
            self.tree.registry.warn(
                f"<{self.program.element.tag}>: the value for {name!r}, of type {definition.types[0]}, {wrong}"
            )
        return value

    def _attribute(self, number: int, name: str) -> Value:
        value = self._evaluate(number)
        if name == "class":
            return class_text(value)
        return to_text(value) if name in TEXT_ATTRIBUTES else exported(value)

    def _tell(self, number: int) -> None:
        """Tell a ``change:`` observer what is passed in."""
        value, old = exported(self._evaluate(number)), self.told.get(number)
        if number not in self.told or not identical(value, old):
            self.told[number] = value
            tell_observer(self.program.observed[number], self.owner, self.program.offset, value, old)

    # As a node

    def make(self) -> Node:
        """The host's node."""
        root = self.tree.root
        children: list[Node] = []
        if root is not None and root.block.mixed:
            found: list[Place] = []
            root.collect(found, None)
            children = self.tree.registry.placement.fill(self.id, found)
        elif root is not None:
            children = root.nodes()
        attributes = {name: value for name, value in self.values.items() if value is not None}
        classes = self.classes()
        if classes or "class" in attributes:
            attributes["class"] = classes
        return [self.id, self.program.element.tag, attributes, self.program.types, children]  # type: ignore[list-item]

    def classes(self) -> str:
        """Its classes as screens have them: what its owner gave it, and that of ``:host``."""
        own = self.values.get("class")
        text = self.owner.tree.translate(own) if type(own) is str and own else ""
        host = self.component.scope.host
        return f"{text} {host}" if text and host else text or host

    def _show(self, name: str, operations: list[Operation]) -> None:
        if not self.virtual:
            operations.append(["set", self.id, name, self.classes() if name == "class" else self.values[name]])

    # As a fragment

    def collect(self, found: list[Place], name: str | None) -> None:
        """Append the nodes that a screen has in its place."""
        if name:
            return
        if not self.virtual:
            found.append((self.owner, self.program.offset))
        elif self.tree.root is not None:
            self.tree.root.collect(found, None)

    def instances(self) -> Iterator[BlockInstance]:
        """The instances of its content."""
        return iter(()) if self.contents is None else self.contents.instances()

    def update(self, changes: Changes, operations: list[Operation]) -> None:
        """Pass in what the owner's data have changed, and bring the content up to date."""
        concerned = self.program.index.concerned(changes)
        if concerned:
            self._refresh(concerned, operations)
        if self.contents is not None:
            self.contents.update(changes, operations)

    def _refresh(self, numbers: Sequence[int], operations: list[Operation]) -> None:
        plan, data = self.plan, self.tree.data
        passed: dict[str, Value] = {}
        externals: set[str] = set()
        for number in numbers:
            if (name := plan.properties.get(number)) is not None:
                value = self._property(number, name)
                if not identical(value, data.get(name, UNDEFINED)):
                    passed[name] = value
            if (name := plan.externals.get(number)) is not None:
                text = class_text(self._evaluate(number))
                if text != self.tree.externals.get(name):
                    self.tree.externals[name] = text
                    externals.add(name)
            if (name := plan.attributes.get(number)) is not None:
                value = self._attribute(number, name)
                if not identical(value, self.values[name]):
                    self.values[name] = value
                    self._show(name, operations)
            if number in self.program.observed:
                self._tell(number)
        if externals and self.tree.root is not None:
            refresh_classes(self.tree.root, externals, operations)
        if passed:
            self.receive(passed, operations)

    def receive(self, passed: dict[str, Value], operations: list[Operation]) -> None:
        """Write properties that the owner passes, and bring the component's own tree up to date."""
        self.tree.data.update(passed)
        if self.component.definition.path:
            told = {name: copied(value) for name, value in passed.items()}
            self.tree.registry.effects.append(["properties", self.id, told])
        if self.tree.root is not None:
            self.tree.root.update(dict.fromkeys(passed, WHOLE), operations)

    def externals_changed(self, names: set[str], operations: list[Operation]) -> None:
        """Show that external classes of its owner are others."""
        own = self.values.get("class")
        if type(own) is str and not names.isdisjoint(own.split()):
            self._show("class", operations)
        passed_on = {name for name, text in self.tree.externals.items() if not names.isdisjoint(text.split())}
        if passed_on and self.tree.root is not None:
            refresh_classes(self.tree.root, passed_on, operations)

    def discard(self) -> None:
        """Forget it, its content and its tree."""
        registry = self.tree.registry
        if self.contents is not None:
            self.contents.discard()
        if self.tree.root is not None:
            self.tree.root.discard()
        registry.hosts.pop(self.id, None)
        if self.component.definition.path:
            registry.effects.append(["remove", self.id])


def refresh_classes(instance: BlockInstance, names: set[str], operations: list[Operation]) -> None:
    """Append what changes in a shadow tree when the owner passes other external classes of these names."""
    for offset, element in instance.block.elements.items():
        for name in CLASS_ATTRIBUTES.intersection(element.attributes) if element.fragment is None else ():
            text = class_text(element.attributes[name].evaluate(instance.environment))
            if not names.isdisjoint(text.split()):
                operations.append(["set", instance.base + offset, name, translated(instance.tree, name, text)])
    for fragment in instance.fragments:
        if isinstance(fragment, ComponentFragment):
            fragment.externals_changed(names, operations)
        for inner in fragment.instances():
            refresh_classes(inner, names, operations)


def tell_moved(instance: BlockInstance) -> None:
    """Tell the components in an instance that they have another place in a list."""
    for number in instance.block.hosting:
        fragment = instance.fragments[number]
        for inner in fragment.instances():
            tell_moved(inner)
        if isinstance(fragment, ComponentFragment):
            if fragment.tree.root is not None:
                tell_moved(fragment.tree.root)
            if fragment.component.definition.path:
                instance.tree.registry.effects.append(["move", fragment.id])


def slots_moved(tree: Tree) -> None:
    """Say that slots of a tree may be in another order."""
    if tree.host is not None and tree.host.contents is not None:
        tree.host.contents.slots_moved()
