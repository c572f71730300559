"""Two-way bindings: the data path behind an attribute, with the positions that loops have at this moment."""

from typing import Any

from device_runtime.values import Value
from device_runtime.view.blocks import BlockInstance
from device_runtime.view.expressions import Expression
from device_runtime.view.fragments import TemplateFragment
from device_runtime.view.javascript import UNDEFINED, member
from device_runtime.view.loops import ForFragment
from device_runtime.view.paths import Path, Read
from device_runtime.view.tree import Registry, Tree


def find(registry: Registry, node: int, name: str) -> tuple[Tree, Path] | None:
    """The tree whose data an attribute of a node is bound to both ways, and the path there."""
    instance = registry.find(node)
    return None if instance is None else find_at(instance, node - instance.base, name)


def find_at(instance: BlockInstance, offset: int, name: str) -> tuple[Tree, Path] | None:
    """The same for the node at ``offset`` of an instance."""
    element = instance.block.elements.get(offset)
    if element is None or name not in element.two_way:
        return None
    path = _resolve(element.two_way[name], instance)
    return None if path is None else (instance.tree, path)


def read(data: Value, path: Path) -> Any:
    """What is at a path; ``UNDEFINED`` where nothing is."""
    value: Any = data
    for key in path:
        value = UNDEFINED if key is None else member(value, key)
    return value


def _resolve(expression: Expression, instance: BlockInstance) -> Path | None:
    """The path from the tree's data that ``expression`` is, going out through loops and templates."""
    read = expression.path
    while read is not None:
        container: Any = instance.container
        while container is not None:
            if isinstance(container, ForFragment) and read[0] in (container.program.item, container.program.index):
                break
            if isinstance(container, TemplateFragment):
                break
            instance = container.owner
            container = instance.container
        if container is None:
            return (read[0], *read[1]) if isinstance(read[0], str) else None
        read = _outside(container, read, instance)
        instance = container.owner
    return None


def _outside(container: ForFragment | TemplateFragment, read: Read, instance: BlockInstance) -> Read | None:
    """What a path inside a loop's row or a template is called outside of it."""
    symbol, rest = read
    if isinstance(container, ForFragment):
        source = container.program.source.path
        if source is None or symbol != container.program.item:
            return None
        key = instance.position if container.names is None else container.names[instance.position]
        return source[0], (*source[1], key, *rest)
    data = container.program.data
    for name, passed in reversed(data.fields or ((None, data),) if data else ()):
        if name == symbol:
            return None if passed.path is None else (passed.path[0], (*passed.path[1], *rest))
        if name is None and passed.path is not None and symbol in container.data:
            return passed.path[0], (*passed.path[1], str(symbol), *rest)
    return None
