"""The view: what a hostile package brings straight to a device, compiled templates and data.

Any document is loaded or refused; a page made of it takes any ``setData``, and its screen shows what a fresh one would.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from device_runtime.engine.frames import FrameDecoder, FrameError, Patch, encode_frame
from device_runtime.host.screen.connection import encode
from device_runtime.values import Value
from device_runtime.view.errors import TemplateError, ViewError
from device_runtime.view.mirror import MirrorTree
from device_runtime.view.page import PageView
from device_runtime.view.properties import ComponentDefinition, PropertyDefinition
from device_runtime.view.template import Template, load_template
from firmware_tools.build.dialects import WECHAT
from firmware_tools.build.templates import Owner, UsedComponent, compile_template
from tests.fuzz.choices import Choices
from tests.fuzz.documents import LONE_SURROGATE, copied, mutated, nested, value, written
from tests.fuzz.patches import check_consistent
from tests.fuzz.refusals import check_refusal, check_sentence
from tests.fuzz.templates import MOST_NODES
from tests.view.sources import TEMPLATES

SEEDS: list[bytes] = []
EXAMPLES = 200
_OWNER = Owner(
    components={"x-a": UsedComponent("c/a"), "x-b": UsedComponent(None, "g")}, is_component=True, prefix="p-"
)
_PAGE = """<x-a wx:for="{{list}}" wx:key="id" p="{{item.v}}" model:q="{{obj.a}}" slot:v="w" data-i="{{index}}"
 bind:tap="t" generic:g="x-a" class="a {{flag}}"><view slot="{{text}}">{{w}}</view>{{item.id}}</x-a><x-b>{{n}}</x-b>
 <scroll-view mark:m="{{n}}" catch:touchmove="{{text}}" hidden="{{!flag}}" style="{{obj}}"/>"""
_COMPONENT = """<view class="b {{q}}" id="{{p}}"><slot v="{{p}}"/><slot name="{{q}}" wx:if="{{p}}"/></view>
 <x-a wx:if="{{q > 2 && q < 5}}" p="{{p}}" q="{{q + 1}}"/>"""
_DATA: list[dict[str, Any]] = [
    {"list": [{"id": 1, "v": 2, "on": True, "kids": [{"id": 1, "v": 1}]}, {"id": 2}, {"id": 3, "on": 1}], "flag": True,
     "text": "row", "n": 3, "obj": {"a": 1, "b": [{"c": 1}], "id": 1}},
    {"list": [], "flag": None, "text": "", "n": 0.5, "obj": {}},
]  # fmt: skip
_KEYS = (
    "list", "flag", "text", "n", "obj", "obj.a", "obj.b", "list[0]", "list[1].v", "list[5]", "list[0].kids[2].id",
    "text.length",
    "a.b[3].c", "list.length", "0", "[0]", "a[99999]", "a[100000]", "", "a..b", "a[", LONE_SURROGATE, "__proto__", "p",
    "q",
)  # fmt: skip
_STYLES: tuple[Value, ...] = ("a:b", {"a": LONE_SURROGATE}, nested(200), 1, None)
_EVENTS = ("tap", "touchmove", "input", "change", "", LONE_SURROGATE, "__proto__")
_SELECTORS = (
    ".a",
    "#1",
    "x-a",
    ".a >>> .b",
    "view, .row",
    ">",
    "a" * 999,
    ".a " * 300,
    "[",
    LONE_SURROGATE,
    "\0",
    "*",
    "::",
    ".a>.b",
)


def _no_files(_: str) -> None:
    """There is no file beside it."""


class Case:
    """A page with a component, its data, and what is set in turn: ``(owner, changes)``."""

    def __init__(
        self, page: Any, data: Any = None, *changes: tuple[int, dict[str, Any]], component: Any = None
    ) -> None:
        self.page, self.component = page, component
        self.data, self.changes = _DATA[0] if data is None else data, changes


@cache
def _documents() -> list[Any]:
    texts = [_PAGE, *TEMPLATES.values()]
    return [json.loads(json.dumps(compile_template(text, "p/a.wxml", WECHAT, _no_files, [], _OWNER))) for text in texts]


@cache
def _component_document() -> Any:
    return compile_template(_COMPONENT, "c/a.wxml", WECHAT, _no_files, [], _OWNER)


def feed(data: bytes) -> None:
    choices = Choices(data)
    documents = _documents()
    page = mutated(documents, choices) if choices.below(2) else choices.pick(documents)
    component = mutated([_component_document()], choices) if choices.chance(3) else None
    given = small(mutated(_DATA, choices)) if choices.below(2) else _DATA[0]
    changes = [
        (
            choices.pick([0, 0, 1, 3]),
            {choices.pick(_KEYS): small(value(choices, _DATA)) for _ in range(choices.below(3) + 1)},
        )
        for _ in range(choices.below(4))
    ]
    check(Case(page, given if isinstance(given, dict) else {}, *changes, component=component))


def small(given: Any) -> Any:
    """As it is, but that no number makes a loop long: how many nodes a page may have is a quota's matter."""
    if isinstance(given, dict):
        return {key: small(item) for key, item in given.items()}
    if isinstance(given, list):
        return [small(item) for item in given[:20]]
    return given % 7 if isinstance(given, int) and 50 < given < 10**6 else given


def loaded(document: Any) -> Template | None:
    try:
        return load_template(json.loads(written(document)))
    except TemplateError as error:
        check_refusal(error)
        return None


def check(case: Case) -> None:
    template, component = loaded(case.page), loaded(case.component or _component_document())
    if template is None or component is None:
        return
    definition = ComponentDefinition(
        "c/a", component, copied(_DATA[0]), {"p": PropertyDefinition(("String",), ""),
        "q": PropertyDefinition(("Number", "null"), 0)},
        multiple_slots=True,
    )  # fmt: skip
    warnings: list[str] = []
    view = PageView(
        template, copied(case.data), warnings.append, most_nodes=MOST_NODES, components={"c/a": definition}.get
    )
    screen = show(view, MirrorTree())
    for owner, changes in case.changes:
        try:
            operations = view.update(copied(changes), owner)
        except ViewError as error:
            check_refusal(error)
            screen = show(view, MirrorTree())
            continue
        if screen is None:
            screen = show(view, MirrorTree())
            continue
        screen.apply(sent(operations))
        check_consistent(screen)
        fresh = MirrorTree()
        fresh.apply(sent(view.snapshot()))
        assert repr(fresh.root.outline()) == repr(screen.root.outline())
    ask(view, screen)
    for effect in view.take_effects():
        assert effect[0] in ("create", "properties", "model", "move", "remove")
    for warning in warnings:
        check_sentence(warning)


def show(view: PageView, screen: MirrorTree) -> MirrorTree | None:
    try:
        screen.apply(sent(view.render()))
    except ViewError as error:
        check_refusal(error)
        return None
    check_consistent(screen)
    return screen


def sent(operations: list[Any]) -> list[Any]:
    """As a screen gets them, if they can be sent: half a character, which JavaScript's strings may hold, cannot."""
    try:
        (frame,) = FrameDecoder().feed(encode_frame(Patch(1, operations, "")))
    except FrameError as error:
        check_refusal(error)
        return operations
    assert isinstance(frame, Patch)
    encode({"operations": frame.operations}).encode()
    return frame.operations


def ask(view: PageView, screen: MirrorTree | None) -> None:
    """What screens and code ask of a view."""
    for node in [*(screen.nodes if screen else ()), 2**70][:20]:
        for event in _EVENTS:
            for call in view.route(node, event):
                assert isinstance(call.handler, str | list), call
        view.describe(node)
        view.ancestors(node)
        view.two_way_path(node, "value")
        for style in _STYLES:
            try:
                view.set_node(node, "style", style)
            except ViewError as error:
                check_refusal(error)
    for selector in _SELECTORS:
        try:
            view.select(0, selector, first=False)
        except ViewError as error:
            check_refusal(error)
    view.leaving()


def _body(*instructions: Any, **members: Any) -> Callable[[], Case]:
    return lambda: Case({"format": 2, "body": [*instructions], "templates": [], "scopes": [], **members})


def _text(expression: Any, **data: Any) -> Callable[[], Case]:
    return lambda: Case({"format": 2, "body": [["text", expression]], "templates": [], "scopes": []}, data)


def _element(*children: Any, attributes: Any = None, rest: Any = None) -> list[Any]:
    return ["element", "view", attributes or {}, {}, [], {}, [*children], *([rest] if rest is not None else [])]


_A = ["variable", "a"]
_DIGITS = "1" * 300_000

CASES: Mapping[str, Callable[[], Case]] = {
    "a document 200 deep": lambda: Case(nested(200)),
    "an instruction 400 deep": _body(nested(400)),
    "an expression 400 deep": _text(nested(400)),
    "a name that is 400 deep": _body(["element", "view", {}, {}, [[nested(400), "bind", _A]], {}, []]),
    "a format that is true": lambda: Case({"format": True, "body": [], "templates": [], "scopes": []}),
    "half a character in a prefix": _body(prefix=f"{LONE_SURROGATE} x"),
    "half a character in a tag": _body(["component", LONE_SURROGATE, {}, {}, [], {}, []]),
    "half a character in an instruction": _body([LONE_SURROGATE, "\n"]),
    "a component of two lines": _body(components={"a\nb": 1}),
    "a constant of 400 digits": _text(["constant", 10**400]),
    "a sum of 400 digits": _text(["binary", "+", ["constant", 10**400], ["constant", 1]]),
    "a product without end": _text(["binary", "*", ["constant", 1e308], ["constant", 10**400]]),
    "a shift of what is no number": _text(["binary", "<<", ["constant", float("nan")], ["constant", -1]]),
    "a remainder of what has no end": _text(["binary", "%", ["constant", 10**400], ["constant", float("inf")]]),
    "300,000 digits and a letter as a number": _text(["unary", "+", _A], a=f"{_DIGITS}x"),
    "300,000 digits, a point and a letter as a number": _text(["unary", "+", _A], a=f"{_DIGITS}.{_DIGITS}x"),
    "300,000 blanks as a number": _text(["unary", "+", _A], a=" " * 300_000 + "x"),
    "a list that is 400 deep as a text": _text(["join", [_A]], a=nested(400)),
    "a loop over a number of 400 digits": _body(["for", _A, "item", "index", None, "", []]),
    "a loop over half a number": lambda: Case(
        {
            "format": 2,
            "body": [["for", ["constant", 2.5], "i", "j", None, "", [["text", ["constant", "x"]]]]],
            "templates": [],
            "scopes": [],
        }
    ),
    "a loop over a number without end": lambda: Case(
        {"format": 2, "body": [["for", ["constant", 1e999], "i", "j", None, "", []]], "templates": [], "scopes": []}
    ),
    "50,000 conditions side by side in an element": _body(_element(*([["if", [[_A, []]]]] * 50_000))),
    "20,000 slot values": _body(
        [
            "component",
            "x-a",
            {},
            {},
            [],
            {},
            [_element(rest={"slot_values": [[f"v{number}", f"w{number}"] for number in range(20_000)]})],
        ],
        components={"x-a": {"path": "c/a", "generic": None, "placeholder": None}},
    ),
    "20,000 names in each of 200 scopes": lambda: Case(
        {"format": 2, "body": [], "templates": [[]], "scopes": [{f"t{number}": 0 for number in range(2_000)}] * 200}
    ),
    "elements 100 deep that all read 500 paths": lambda: Case(
        {"format": 2, "body": [_deep_reads()], "templates": [], "scopes": []}
    ),
    "loops that show nothing, in each other": lambda: Case(_loops(12)),
    "a template that uses itself": lambda: Case(
        {
            "format": 2,
            "body": [["template", ["constant", "t"], 0, None]],
            "templates": [[["template", ["constant", "t"], 0, None]]],
            "scopes": [{"t": 0}],
        }
    ),
    "half a character in a name of data": lambda: Case(
        {"format": 2, "body": [["text", _A]], "templates": [], "scopes": []},
        {},
        (0, {LONE_SURROGATE: 1}),
        (0, {"\n": 1}),
        (0, {"a": LONE_SURROGATE}),
    ),
    "data 400 deep": lambda: Case(
        {"format": 2, "body": [_element(attributes={"x": _A})], "templates": [], "scopes": []},
        {"a": nested(400)},
        (0, {"a": nested(400, objects=True)}),
    ),
}


def _loops(depth: int) -> Any:
    body: list[Any] = []
    for _ in range(depth):
        body = [["for", ["variable", "list"], "item", "index", None, "", body]]
    return {"format": 2, "body": body, "templates": [], "scopes": []}


def _deep_reads() -> Any:
    reads = ["array", [["variable", f"a{number}"] for number in range(500)]]
    node: Any = ["text", reads]
    for _ in range(45):
        node = ["if", [[reads, [_element(node)]]]]
    return node
