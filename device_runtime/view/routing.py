"""Which handlers hear an event: WeChat's and SWAN's capture and bubble phases.

Source: https://developers.weixin.qq.com/miniprogram/en/dev/framework/view/wxml/event.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from device_runtime.values import Value
from device_runtime.view.blocks import ROOT_PARENT, BlockInstance, Handler, Registry
from device_runtime.view.expressions import Expression
from device_runtime.view.fragments import TemplateFragment
from device_runtime.view.javascript import UNDEFINED, exported, to_text
from device_runtime.view.loops import ForFragment
from device_runtime.view.paths import Path, Read, format_path

BUBBLING: Final = frozenset(
    (
        "tap", "longpress", "longtap", "touchstart", "touchmove", "touchcancel", "touchend", "touchforcechange",
        "transitionend", "animationstart", "animationiteration", "animationend",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HandlerCall:
    """Call the page's method ``handler``.

    ``node`` is the node whose handler it is, described by ``current_id`` and ``current_dataset``; ``target_id`` and
    ``target_dataset`` describe the node on which the event happened. Datasets are read-only.
    """

    handler: str
    node: int
    target_id: str
    target_dataset: dict[str, Value]
    current_id: str
    current_dataset: dict[str, Value]


@dataclass(frozen=True, slots=True)
class _Place:
    """A node: its instance and its offset there."""

    instance: BlockInstance
    offset: int

    @property
    def handlers(self) -> tuple[Handler, ...]:
        element = self.instance.block.elements.get(self.offset)
        return element.handlers if element else ()

    def describe(self) -> tuple[str, dict[str, Value]]:
        """Its id attribute and its dataset."""
        element = self.instance.block.elements[self.offset]
        environment = self.instance.environment
        dataset: dict[str, Value] = {}
        for name, expression in element.dataset:
            value = expression.evaluate(environment)
            if value is not UNDEFINED:
                dataset[name] = exported(value)
        return to_text(element.id.evaluate(environment)) if element.id else "", dataset


def route(registry: Registry, largest_block: int, node: int, event_type: str) -> list[HandlerCall]:
    """The handlers that hear ``event_type`` on ``node``, in order."""
    instance = registry.find(node, largest_block)
    if instance is None:
        return []
    path = list(_upwards(instance, node - instance.base))
    if not path:
        return []
    target_id, target_dataset = path[0].describe()
    calls: list[HandlerCall] = []

    def hear(place: _Place, handler: Handler) -> None:
        name = to_text(handler.name.evaluate(place.instance.environment))
        if name:
            current_id, current_dataset = place.describe()
            at = place.instance.base + place.offset
            calls.append(HandlerCall(name, at, target_id, target_dataset, current_id, current_dataset))

    if event_type not in BUBBLING:
        path = path[:1]
    for place in reversed(path):
        for handler in place.handlers:
            if handler.event_type == event_type and handler.phase.startswith("capture-"):
                hear(place, handler)
                if handler.phase == "capture-catch":
                    return calls
    mutual_heard = False
    for place in path:
        caught = False
        for handler in place.handlers:
            if handler.event_type != event_type or handler.phase.startswith("capture-"):
                continue
            if handler.phase == "mut-bind":
                if mutual_heard:
                    continue
                mutual_heard = True
            hear(place, handler)
            caught = caught or handler.phase == "catch"
        if caught:
            break
    return calls


def two_way_path(registry: Registry, largest_block: int, node: int, name: str) -> str | None:
    """The data path behind a two-way attribute, with the positions that loops have at this moment."""
    instance = registry.find(node, largest_block)
    element = instance.block.elements.get(node - instance.base) if instance else None
    if instance is None or element is None or name not in element.two_way:
        return None
    path = _resolve(element.two_way[name], instance)
    return None if path is None else format_path(path)


def _upwards(instance: BlockInstance, offset: int) -> Iterator[_Place]:
    """The element at ``offset`` (of a text node: its parent) and its ancestors."""
    while True:
        while offset != ROOT_PARENT:
            if offset in instance.block.elements:
                yield _Place(instance, offset)
            offset = instance.block.parents[offset]
        if instance.container is None:
            return
        offset = instance.container.site.parent
        instance = instance.container.owner


def _resolve(expression: Expression, instance: BlockInstance) -> Path | None:
    """The path from the page's data that ``expression`` is, going out through loops and templates."""
    read = expression.path
    while read is not None:
        container = instance.container
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
