"""Which handlers hear an event: WeChat's and SWAN's capture and bubble phases, across the borders of components.

Sources: https://developers.weixin.qq.com/miniprogram/en/dev/framework/view/wxml/event.html,
https://developers.weixin.qq.com/miniprogram/en/dev/framework/custom-component/events.html
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from device_runtime.values import Value
from device_runtime.view.blocks import BUBBLING, ROOT_PARENT, BlockInstance, Element, Handler
from device_runtime.view.content import Content, NamedFragment
from device_runtime.view.hosts import ComponentFragment
from device_runtime.view.javascript import UNDEFINED, exported, to_text
from device_runtime.view.slots import SlotFragment
from device_runtime.view.tree import Registry
from device_runtime.view.wxs import WxsFunction


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it goes through the trees. ``composed`` ones cross the borders of components; ``captures_all`` says
    that all on the way capture it, whether or not it bubbles."""

    type: str
    bubbles: bool
    composed: bool
    captures: bool
    captures_all: bool = True


@lru_cache(maxsize=256)
def native(event_type: str) -> Event:
    """An event of a screen."""
    return Event(event_type, event_type in BUBBLING, composed=True, captures=True, captures_all=False)


@dataclass(frozen=True, slots=True)
class HandlerCall:
    """Call the method ``handler`` of ``owner`` (the page, ``0``, or a component), or a function of a wxs module.

    ``node`` is the node whose handler it is, described by ``current_id`` and ``current_dataset``; ``target`` is the
    node on which the event happened as the owner sees it, described by ``target_id`` and ``target_dataset``: what is
    inside of a component is the component, and content that comes through a slot is taken for what the handler is on,
    as in WeChat. ``marks`` are those of the target and of what is around it. Datasets and marks are read-only.
    """

    handler: str | WxsFunction
    node: int
    target_id: str
    target_dataset: dict[str, Value]
    current_id: str
    current_dataset: dict[str, Value]
    owner: int = 0
    target: int = 0
    marks: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Place:
    """An element or a host: its instance and its offset there."""

    instance: BlockInstance
    offset: int

    @property
    def node(self) -> int:
        """Its node id."""
        return self.instance.base + self.offset

    @property
    def element(self) -> Element:
        """What is known of it."""
        return self.instance.block.elements[self.offset]

    def evaluate_id(self) -> str:
        """Its id attribute."""
        expression = self.element.attributes.get("id")
        return to_text(expression.evaluate(self.instance.environment)) if expression else ""

    def dataset(self) -> dict[str, Value]:
        """Its dataset."""
        return evaluated(self.element.dataset, self.instance)


class _Target:
    """What an event happened on, as one tree sees it: an element, or a slot that content came through."""

    __slots__ = ("_place", "is_element", "node")

    def __init__(self, instance: BlockInstance, offset: int) -> None:
        self.node = instance.base + offset
        self._place = Place(instance, offset)
        self.is_element = offset in instance.block.elements

    def describe(self) -> tuple[str, dict[str, Value]]:
        """The id attribute and the dataset of an element."""
        return self._place.evaluate_id(), self._place.dataset()

    def marks(self) -> dict[str, Value]:
        """The marks of it and of the elements around it; the innermost of a name counts."""
        marks: dict[str, Value] = {}
        for place in upwards(self._place.instance, self._place.offset):
            if place.element.marks:
                marks = {**evaluated(place.element.marks, place.instance), **marks}
        return marks


def evaluated(members: Any, instance: BlockInstance) -> dict[str, Value]:
    """Named expressions as their values; what is undefined is left out."""
    values: dict[str, Value] = {}
    for name, expression in members:
        value = expression.evaluate(instance.environment)
        if value is not UNDEFINED:
            values[name] = exported(value)
    return values


def upwards(instance: BlockInstance, offset: int) -> Iterator[Place]:
    """The element at ``offset`` (of a text: its parent) and its ancestors in the same tree."""
    while True:
        while offset != ROOT_PARENT:
            if offset in instance.block.elements:
                yield Place(instance, offset)
            offset = instance.block.parents[offset]
        if instance.container is None:
            return
        offset = instance.container.site.parent
        instance = instance.container.owner


_Steps = list[tuple[Place, _Target]]


def _walk(instance: BlockInstance, offset: int, target: _Target | None, composed: bool, steps: _Steps) -> Any:
    """Append the way of an event up to the root of a tree; returns the host there, if the event goes on from it."""
    while True:
        if offset in instance.block.elements:
            target = target or _Target(instance, offset)
            steps.append((Place(instance, offset), target))
        offset = instance.block.parents[offset]
        name = ""
        while offset == ROOT_PARENT:
            container: Any = instance.container
            if container is None:
                return instance.tree.host if composed else None
            if isinstance(container, NamedFragment):
                name = container.name
            if isinstance(container, Content) and composed:
                slot = _slot_for(container, name)
                if slot is None or _walk(slot.owner, slot.program.offset, _slot_target(slot), True, steps) is None:
                    return None
            instance, offset = container.owner, container.site.parent


def _slot_for(content: Content, name: str) -> SlotFragment | None:
    contents = content.host.contents
    return None if contents is None else contents.slot_for(content, name)


def _slot_target(slot: SlotFragment) -> _Target:
    return _Target(slot.owner, slot.program.offset)


def route(registry: Registry, node: int, event: Event) -> list[HandlerCall]:
    """The handlers that hear an event on a node, in order."""
    return _heard(_way(registry, node, event.composed), event)


def around(registry: Registry, node: int) -> list[int]:
    """The elements around a node on screens, the nearest first: through slots and out of components. Hosts that
    screens have no node for are among them."""
    return [place.node for place, _ in _way(registry, node, composed=True) if place.node != node]


def _way(registry: Registry, node: int, composed: bool) -> _Steps:
    steps: _Steps = []
    instance = registry.find(node)
    if instance is None:
        return steps
    host: ComponentFragment | None = _walk(instance, node - instance.base, None, composed, steps)
    while host is not None:
        host = _walk(host.owner, host.program.offset, None, True, steps)
    return steps


def _heard(steps: _Steps, event: Event) -> list[HandlerCall]:
    calls: list[HandlerCall] = []
    if event.captures:
        for place, target in reversed(steps if event.bubbles or event.captures_all else steps[:1]):
            for handler in place.element.handlers:
                if handler.event_type == event.type and handler.phase.startswith("capture-"):
                    _hear(place, target, handler, calls)
                    if handler.phase == "capture-catch":
                        return calls
    mutual_heard = False
    for place, target in steps if event.bubbles else steps[:1]:
        caught = False
        for handler in place.element.handlers:
            if handler.event_type != event.type or handler.phase.startswith("capture-"):
                continue
            if handler.phase == "mut-bind":
                if mutual_heard:
                    continue
                mutual_heard = True
            _hear(place, target, handler, calls)
            caught = caught or handler.phase == "catch"
        if caught:
            break
    return calls


def _hear(place: Place, target: _Target, handler: Handler, calls: list[HandlerCall]) -> None:
    called = handler.name.evaluate(place.instance.environment)
    if not isinstance(called, WxsFunction):
        called = to_text(called)
        if not called:
            return
    seen = target if target.is_element else _Target(place.instance, place.offset)
    target_id, target_dataset = seen.describe()
    calls.append(
        HandlerCall(
            handler=called,
            node=place.node,
            target_id=target_id,
            target_dataset=target_dataset,
            current_id=place.evaluate_id(),
            current_dataset=place.dataset(),
            owner=place.instance.tree.id,
            target=seen.node,
            marks=target.marks(),
        )
    )
