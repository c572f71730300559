"""Which handlers hear an event, in order: WeChat's capture and bubble phases, as ``device_runtime/view/routing.py``.

Source: https://developers.weixin.qq.com/miniprogram/en/dev/framework/view/wxml/event.html
"""

from . import javascript as js
from .page import evaluated
from .template import ROOT_PARENT

try:
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from .blocks import Instance
        from .page import PageView
        from .shapes import Call, Data, Expression, Place
except ImportError:
    pass

BUBBLING = (
    "tap", "longpress", "longtap", "touchstart", "touchmove", "touchcancel", "touchend", "touchforcechange",
    "transitionend", "animationstart", "animationiteration", "animationend",
)  # fmt: skip


def upwards(instance: "Instance", offset: int) -> "list[Place]":
    """``(instance, offset)`` of the element at ``offset`` (of a text: its parent) and of the elements around it."""
    places: list[Place] = []
    while True:
        while offset != ROOT_PARENT:
            plan = instance.block.nodes[offset]
            if len(plan) > 3:
                places.append((instance, offset))
            offset = plan[0]
        container = instance.container
        if container is None:
            return places
        offset = container.program[1][0]
        instance = container.owner


def describe(place: "Place") -> "Data":
    """The id attribute and the dataset of an element."""
    instance, offset = place
    plan = instance.block.nodes[offset]
    return {"id": js.to_text(instance.attributes(offset).get("id")), "dataset": evaluated(plan[7], instance)}  # type: ignore[misc]  # a place is an element's


def route(view: "PageView", node: int, kind: str) -> "list[Call]":
    """``(handler's name, target, current target)`` in order; empty if the node is gone. Ids and datasets are those of
    this moment."""
    instance = view.find(node)
    if instance is None:
        return []
    places = upwards(instance, node - instance.base)
    if not places:
        return []
    calls: list[Call] = []
    way = places if kind in BUBBLING else places[:1]
    target: list[Data] = []  # described once, when somebody hears
    for place in reversed(way):
        for handler in place[0].block.nodes[place[1]][6]:  # type: ignore[misc]
            if handler[0] == kind and handler[1][:8] == "capture-":
                _hear(place, places[0], target, handler[2], calls)
                if handler[1] == "capture-catch":
                    return calls
    mutual = False
    for place in way:
        caught = False
        for handler in place[0].block.nodes[place[1]][6]:  # type: ignore[misc]
            if handler[0] != kind or handler[1][:8] == "capture-":
                continue
            if handler[1] == "mut-bind":
                if mutual:
                    continue
                mutual = True
            _hear(place, places[0], target, handler[2], calls)
            caught = caught or handler[1] == "catch"
        if caught:
            break
    return calls


def _hear(place: "Place", first: "Place", target: "list[Data]", handler: "Expression", calls: "list[Call]") -> None:
    name = js.to_text(handler[0](handler, place[0].env))
    if name:
        if not target:
            target.append(describe(first))
        calls.append((name, target[0], describe(place)))
