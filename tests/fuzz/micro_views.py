"""The view of a board: any document is read or refused in a sentence, and a page made of it takes any ``set_data``."""

import io
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from device_runtime.micro.view.errors import TemplateError, ViewError
from device_runtime.micro.view.loader import load_template
from device_runtime.micro.view.page import PageView
from device_runtime.micro.view.routing import route
from firmware_tools.build.dialects import WECHAT
from firmware_tools.build.templates import compile_template
from tests.fuzz.choices import Choices
from tests.fuzz.documents import LONE_SURROGATE, copied, mutated, nested, value, written
from tests.fuzz.refusals import check_sentence
from tests.fuzz.views import _DATA, _KEYS, small
from tests.view.sources import TEMPLATES

SEEDS: list[bytes] = []
EXAMPLES = 200
_PAGE = """<view wx:for="{{list}}" wx:key="id" data-i="{{index}}" bind:tap="t" class="a {{flag}}" id="{{item.v}}">
 <input model:value="{{obj.a}}"/><scroll-view catch:touchmove="{{text}}" hidden="{{!flag}}" style="{{obj}}"/></view>"""
_MOST_NODES = 2_000


def _no_files(_: str) -> None:
    """There is no file beside it."""


class Case:
    """The text of a document, the data, and what is set in turn."""

    def __init__(self, text: str, data: Any = None, *changes: dict[str, Any]) -> None:
        self.text, self.data, self.changes = text, _DATA[0] if data is None else data, changes


@cache
def _documents() -> list[Any]:
    return [compile_template(text, "p/a.wxml", WECHAT, _no_files) for text in (_PAGE, *TEMPLATES.values())]


def feed(data: bytes) -> None:
    choices = Choices(data)
    text = written(mutated(_documents(), choices)).decode()
    if choices.chance(3):  # something that is no JSON
        at = choices.below(len(text)) if text else 0
        text = (
            text[:at]
            + choices.pick(['"', "[", "}", "\\", "\\ud83d", "1e999", "", "nul"])
            + text[at + choices.below(3) :]
        )
    given = small(mutated(_DATA, choices)) if choices.below(2) else _DATA[0]
    changes = [
        {choices.pick(_KEYS): small(value(choices, _DATA)) for _ in range(choices.below(3) + 1)}
        for _ in range(choices.below(4))
    ]
    check(Case(text, given if isinstance(given, dict) else {}, *changes))


def check(case: Case) -> None:
    try:
        template = load_template(io.StringIO(case.text))
    except TemplateError as error:
        check_sentence(str(error))
        return
    warnings: list[str] = []
    view = PageView(template, copied(case.data), warnings.append, _MOST_NODES)
    shown = render(view)
    for changes in case.changes:
        operations: list[Any] = []
        try:
            view.update(copied(changes), operations)
        except ViewError as error:
            check_sentence(str(error))
            shown = shown and view.root is not None
        if not shown:
            shown = render(view)
            continue
        fresh = PageView(template, copied(view.data), None, _MOST_NODES)
        if render(fresh):
            assert _outline(view.snapshot()) == _outline(fresh.snapshot())
    for node in range(40):
        for kind in ("tap", "touchmove", ""):
            for name, target, current in route(view, node, kind):
                assert isinstance(name, str)
                assert target.keys() == current.keys() == {"id", "dataset"}
        view.two_way_path(node, "value")
    for warning in warnings:
        check_sentence(warning.encode(errors="replace").decode())


def render(view: PageView) -> bool:
    try:
        view.render()
    except ViewError as error:
        check_sentence(str(error))
        return False
    return True


def _outline(operations: list[Any]) -> str:
    """The nodes without their numbers."""

    def outline(node: list[Any]) -> Any:
        return node[1:2] if len(node) == 2 else [node[1], node[2], node[3], [outline(child) for child in node[4]]]

    return repr([outline(operation[3]) for operation in operations])


def _body(*instructions: Any, **members: Any) -> Callable[[], Case]:
    return lambda: Case(json.dumps({"format": 2, "body": [*instructions], "templates": [], "scopes": [], **members}))


_A = ["variable", "a"]

CASES: Mapping[str, Callable[[], Case]] = {
    "nothing": lambda: Case(""),
    "half a document": lambda: Case('{"format":2,"body":[["text",["const'),
    "a document 200 deep": lambda: Case(json.dumps(nested(200))),
    "an expression 400 deep": _body(["text", nested(400)]),
    "a bad escape": lambda: Case('{"format":2,"body":[["text",["constant","\\uzzzz"]]]}'),
    "half a character": _body(["text", ["constant", LONE_SURROGATE]]),
    "half a character in a tag": _body([LONE_SURROGATE, 1]),
    "a text of 100,000 characters": _body(["text", ["constant", "x" * 100_000]]),
    "a template that uses itself": _body(
        ["template", ["constant", "a"], 0, None],
        templates=[[["template", ["constant", "a"], 0, None]]], scopes=[{"a": 0}],
    ),
    "a scope that is not there": _body(["template", ["constant", "a"], 7, None]),
    "a template that is not there": _body(["template", ["constant", "a"], 0, None], scopes=[{"a": 3}]),
    "a list without end": _body(["for", ["constant", 1e308], "item", "index", None, "a:1", [["text", _A]]]),
    "minus one rows": _body(["for", ["constant", -1], "item", "index", None, "a:1", [["text", _A]]]),
}  # fmt: skip
