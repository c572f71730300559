"""What the base library asks about nodes: what one is, and what is around it in its owner's tree."""

from collections.abc import Iterator
from dataclasses import dataclass

from device_runtime.values import Value
from device_runtime.view.blocks import BlockInstance
from device_runtime.view.classes import class_text
from device_runtime.view.hosts import ComponentFragment
from device_runtime.view.javascript import to_text
from device_runtime.view.overrides import Override
from device_runtime.view.patches import Operation
from device_runtime.view.routing import Place, evaluated, upwards
from device_runtime.view.tree import Registry, Tree


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """An element or a component's host. ``marks`` are its own; ``classes`` are those of its owner's template;
    ``component`` is the path of the component, or empty; ``virtual`` says that screens have no node for it."""

    tag: str
    id: str
    dataset: dict[str, Value]
    marks: dict[str, Value]
    classes: tuple[str, ...]
    owner: int
    component: str
    virtual: bool


def find(registry: Registry, node: int) -> Place | None:
    """An element by its id; ``None`` if it is gone, or no element."""
    instance = registry.find(node)
    if instance is None or node - instance.base not in instance.block.elements:
        return None
    return Place(instance, node - instance.base)


def host_at(place: Place) -> ComponentFragment | None:
    """The component that a place is the host of."""
    number = place.element.fragment
    fragment = None if number is None else place.instance.fragments[number]
    return fragment if isinstance(fragment, ComponentFragment) else None


def attribute_text(place: Place, name: str) -> str | None:
    """An attribute as a text; ``None`` if the element does not have it."""
    expression = place.element.attributes.get(name)
    return None if expression is None else to_text(expression.evaluate(place.instance.environment))


def describe(registry: Registry, node: int) -> NodeInfo | None:
    """What a node is."""
    place = find(registry, node)
    if place is None:
        return None
    host = host_at(place)
    return NodeInfo(
        tag=place.element.tag,
        id=place.evaluate_id(),
        dataset=place.dataset(),
        marks=evaluated(place.element.marks, place.instance),
        classes=classes_of(place),
        owner=place.instance.tree.id,
        component=host.component.definition.path if host else "",
        virtual=host is not None and host.virtual,
    )


def classes_of(place: Place) -> tuple[str, ...]:
    """The classes of an element as its owner knows them."""
    names = tuple(dict.fromkeys(class_text(attribute_text(place, "class")).split()))
    override = place.instance.tree.registry.overrides.get(place.node)
    return names if override is None else override.own_classes(names)


def override(registry: Registry, node: int, name: str, value: Value) -> list[Operation]:
    """Lay a style or classes over those of a template, and give what a screen must do.

    Raises:
        ViewError: it is something else, or of another form.
    """
    place = find(registry, node)
    host = None if place is None else host_at(place)
    if place is None or (host is not None and host.virtual):
        return []
    tree = place.instance.tree
    laid = registry.overrides.setdefault(node, Override(tree.translate))
    laid.change(name, value)
    if name == "class" and host is not None:
        bound = host.classes()
    else:
        text = attribute_text(place, name) or ""
        bound = tree.translate(class_text(text)) if name == "class" else text
    return [["set", node, name, laid.over(name, bound)]]


def ancestors(registry: Registry, node: int) -> list[int]:
    """The elements around a node in its owner's tree, nearest first."""
    place = find(registry, node)
    return [] if place is None else [one.node for one in upwards(place.instance, place.offset)][1:]


def elements_of(tree: Tree) -> Iterator[Place]:
    """The elements of a tree in document order, content of hosts included."""
    return iter(()) if tree.root is None else _elements(tree.root)


def _elements(instance: BlockInstance) -> Iterator[Place]:
    elements = instance.block.elements
    for entry in instance.block.order:
        if entry < 0:
            for inner in instance.fragments[~entry].instances():
                yield from _elements(inner)
        elif entry in elements:
            yield Place(instance, entry)
