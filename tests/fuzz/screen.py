"""Patches for the screen's own code, as a hostile worker may send them: JSON of any kind, close to what fits."""

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from tests.fuzz import patches
from tests.fuzz.choices import Choices
from tests.fuzz.documents import nested, value

Patches = list[list[Any]]
_CODE = "globalThis.executed=1"
_TAGS = (
    "view", "text", "image", "button", "navigator", "input", "textarea", "switch", "checkbox", "checkbox-group",
    "radio",
    "radio-group", "slider", "progress", "icon", "scroll-view", "swiper", "swiper-item", "form", "label", "picker",
    "picker-view", "picker-view-column", "movable-area", "movable-view", "rich-text", "audio", "video", "canvas",
    "web-view", "root-portal", "page-container", "page-meta", "navigation-bar", "match-media", "map", "x-host",
    "script",
    "iframe", "style", "svg", "a", "constructor", "__proto__", "toString", "a b", "<", "slot", "template", "page",
    "limbo",
)  # fmt: skip
_ATTRIBUTES = (
    "class", "style", "id", "hidden", "src", "url", "value", "type", "name", "checked", "disabled", "animation",
    "drawing",
    "nodes", "range", "mode", "min", "max", "step", "current", "interval", "scroll-top", "scroll-into-view",
    "refreshing",
    "x", "y", "direction", "percent", "color", "size", "maxlength", "focus", "placeholder", "open-type", "hover-class",
    "aria-label", "role", "tabindex", "onclick", "onerror", "srcdoc", "href", "innerHTML", "__proto__", "constructor",
    "media-query", "show", "position", "page-style", "title", "for", "form-type", "indicator-color", "space", "decode",
    "scroll-x", "refresher-enabled", "refresher-triggered", "danmu-list", "controls", "autoplay", "canvas-id",
    "scale-value",
    "min-width", "orientation", "background-color", "header-text", "start", "end", "fields", "hover-stay-time", "level",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    f"javascript:{_CODE}", f"<img src=x onerror={_CODE}>", f"<script>{_CODE}</script>", f"\" onload=\"{_CODE}",
    "url(javascript:1)",
    f"data:text/html,<script>{_CODE}</script>", "https://example.org/a.png", "//example.org", "../../../a.png", "time",
    "date",
    "multiSelector", "region", "2d", "fixed", "aspectFit", "width:1rpx;background:url(a.png)", "-moz-binding:url(x)",
    "10rpx", "auto",
    [{"name": "script", "children": [{"type": "text", "text": _CODE}]}], [{"name": "img", "attrs": {"src": "x",
    "onerror": _CODE}}],
    [["fillRect", 0, 0, 1, 1], ["drawImage", "x"], ["constructor"], ["arc", 0, 0, -1, 0, 1], ["fillStyle",
    {"linear": [0]}], None],
    {"actions": [{"animates": [{"type": "rotate", "args": [1]}, None], "option": {"transition": {"duration": 1}}},
     None]},
    [["a", "b"], ["c"]], [{"name": "a"}, None, 1], {"top": 1, "node": 99}, {"valueOf": 1, "toString": None}, [[[]]],
)  # fmt: skip
_METHODS = (
    "animate", "clearAnimation", "draw", "play", "pause", "seek", "playbackRate", "setSrc", "requestFullScreen",
    "scrollTo",
    "scrollIntoView", "triggerRefresh", "closeRefresh", "setting", "constructor", "toString", "__proto__", "update", "",
)  # fmt: skip
_EVENTS = (
    "tap",
    "longpress",
    "catchtouchmove",
    "input",
    "change",
    "scroll",
    "error",
    "load",
    "__proto__",
    "\0",
    1,
    None,
)


def pages_from(seed: int, count: int) -> list[Patches]:
    """Patches for so many pages, always the same for one number."""
    numbers = random.Random(seed)  # noqa: S311 no secret
    return [page_from(Choices(numbers.randbytes(600))) for _ in range(count)]


def page_from(choices: Choices) -> Patches:
    ids = [0, -1]
    made = [[["insert", choices.pick([0, 0, -1]), 0, _node(choices, ids, 0)]]]
    made += [[_operation(choices, ids) for _ in range(choices.below(5) + 1)] for _ in range(choices.below(5))]
    # Only what is JSON reaches a screen.
    return json.loads(json.dumps(made).replace("NaN", "null").replace("-Infinity", "null").replace("Infinity", "null"))  # type: ignore[no-any-return]


def _node(choices: Choices, ids: list[int], depth: int) -> Any:
    if choices.chance(25):
        return value(choices)
    if choices.chance(8):
        return _stamp(choices, ids)
    ids.append(len(ids))
    if choices.chance(3):
        return [ids[-1], choices.pick(["text", "", "\0", "<b>", 1, None])]
    number = ids[-1]
    attributes = {choices.pick(_ATTRIBUTES): _value(choices) for _ in range(choices.below(5))}
    events = [choices.pick(_EVENTS) for _ in range(choices.below(3))]
    children = [_node(choices, ids, depth + 1) for _ in range(choices.below(4))] if depth < 4 else []
    return [number, choices.pick(_TAGS), attributes, events, children]


def _stamp(choices: Choices, ids: list[int]) -> Any:
    """Rows of one shape, or nearly so; see view/stamps.py."""
    ids.append(1000 + 10 * len(ids))
    first = ids[-1]
    shape: list[Any] = [
        [
            0,
            choices.pick(_TAGS),
            {"class": "a"},
            [[choices.pick(_ATTRIBUTES), 0]],
            ["tap"],
            [[1, choices.pick([0, "x", 1])]],
        ],
    ]
    rows: list[Any] = [[first + 2 * number, _value(choices), "y"] for number in range(choices.below(4))]
    for part in (shape, rows, shape[0], shape[0][3]):
        if choices.chance(6):
            part[choices.below(len(part)) :] = [value(choices)]
    return [shape, rows]


def _value(choices: Choices) -> Any:
    return choices.pick(_VALUES) if choices.below(2) else value(choices)


def _operation(choices: Choices, ids: list[int]) -> Any:
    match choices.below(9):
        case 0 | 1 | 2:
            return ["set", choices.pick(ids), choices.pick(_ATTRIBUTES), _value(choices)]
        case 3 | 4:
            return [
                "call",
                choices.pick(ids),
                choices.pick(_METHODS),
                [_value(choices) for _ in range(choices.below(4))],
            ]
        case 5:
            return ["insert", choices.pick(ids), choices.below(3), _node(choices, ids, 2)]
        case 6:
            return ["move", choices.pick(ids), choices.pick(ids), choices.below(3)]
        case 7:
            return ["remove", choices.pick(ids)]
        case _:
            return patches.operation(choices)


def _insert(*node: Any) -> Callable[[], Patches]:
    return lambda: [[["insert", 0, 0, [1, *node]]]]


def _after(tag: str, *operations: list[Any], attributes: Mapping[str, Any] | None = None) -> Callable[[], Patches]:
    return lambda: [[["insert", 0, 0, [1, tag, attributes or {}, [], []]]], [*operations]]


def _deep(depth: int) -> list[Any]:
    node: list[Any] = [depth, "x"]
    for number in range(depth - 1, 0, -1):
        node = [number, "view", {}, [], [node]]
    return node


CASES: Mapping[str, Callable[[], Patches]] = {
    "a node that is none": _insert(),
    "a node of three": _insert("view", {}),
    "a node without attributes": _insert("view", None, [], []),
    "a node whose events are a number": _insert("view", {}, 1, []),
    "a node whose children are text": _insert("view", {}, [], "abc"),
    "a node that is a number": lambda: [[["insert", 0, 0, 1]], [["insert", 0, 0, None]]],
    "a place that is no number": lambda: [[["insert", 0, "a", [1, "x"]]]],
    "a place that is half a number": lambda: [[["insert", 0, 0.5, [1, "x"]]]],
    "a stamp of nothing": lambda: [[["insert", 0, 0, [[], 1]]], [["insert", 0, 0, [[1], [1]]]]],
    "a stamp without rows": lambda: [[["insert", 0, 0, [[[0, "view", {}, [], [], []]]]]]],
    "a stamp whose shape is none": lambda: [[["insert", 0, 0, [[None, [0, "view", None, 1, 1, 1]], [[1], None]]]]],
    "children that are none": _insert("view", {}, [], [None, 1]),
    "nodes 400 deep": lambda: [[["insert", 0, 0, _deep(400)]]],
    "a value without text": _after("view", ["set", 1, "style", nested(300)], ["set", 1, "class", {"toString": None}]),
    "an id without text": _after("view", ["set", 1, "id", {"toString": 1, "valueOf": 1}]),
}
