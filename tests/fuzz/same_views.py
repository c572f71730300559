"""A board's view beside a Linux device's: any document is refused, or gives the same operations for the same history.

A board may refuse what Linux takes (it is smaller); what it takes, it shows as Linux does.
"""

import io
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from device_runtime.micro.view.errors import TemplateError, ViewError
from device_runtime.micro.view.loader import load_template
from device_runtime.micro.view.page import PageView
from device_runtime.micro.view.routing import route
from device_runtime.view.errors import TemplateError as LinuxTemplateError
from device_runtime.view.errors import ViewError as LinuxViewError
from device_runtime.view.page import PageView as LinuxView
from device_runtime.view.template import load_template as load_linux
from firmware_tools.build.dialects import WECHAT
from firmware_tools.build.templates import compile_template
from tests.fuzz.choices import Choices
from tests.fuzz.documents import copied, mutated, nested, value
from tests.fuzz.refusals import check_sentence
from tests.fuzz.views import small
from tests.micro.view.test_same_patches import in_order, ordered
from tests.view.sources import TEMPLATES

SEEDS: list[bytes] = []
_MOST = 300
_DATA: list[dict[str, Any]] = [
    {"list": [{"id": 1, "v": 2, "on": True, "kids": [{"id": 1, "v": 1}]}, {"id": 2}, {"id": 3, "on": 1}], "flag": True,
     "text": "row", "n": 3, "obj": {"a": 1, "b": [{"c": 1}], "id": 1}},
    {"list": [], "flag": None, "text": "", "n": 0.5, "obj": {}},
]  # fmt: skip
_KEYS = (
    "list", "flag", "text", "n", "obj", "obj.a", "obj.b", "list[0]", "list[1].v", "list[5]", "list[0].kids[2].id",
    "a.b[3].c", "0", "a[99999]", "", "a..b", "a[", "list.length", "text.length", "obj[0]", "list.a", "list[0][1]",
)  # fmt: skip
Case = tuple[Any, dict[str, Any], list[dict[str, Any]]]


def _no_files(_: str) -> None:
    """There is no file beside it."""


@cache
def _documents() -> list[Any]:
    return [copied(compile_template(text, "p/a.wxml", WECHAT, _no_files)) for text in TEMPLATES.values()]


def feed(data: bytes) -> None:
    choices = Choices(data)
    document = mutated(_documents(), choices) if choices.below(2) else choices.pick(_documents())
    given = small(mutated(_DATA, choices)) if choices.below(2) else _DATA[0]
    changes = [
        {choices.pick(_KEYS): small(value(choices, _DATA)) for _ in range(choices.below(3) + 1)}
        for _ in range(choices.below(4))
    ]
    check((document, given if isinstance(given, dict) else {}, changes))


def check(case: Case) -> None:
    document, data, changes = case
    if not (_is_plain(document) and _is_plain([data, changes])):
        return  # a board's JSON has no halves of characters, and its floats are others
    data, changes = ordered(data), in_order(changes)
    text = json.dumps(document)
    try:
        template = load_template(io.StringIO(text))
    except TemplateError as error:
        check_sentence(str(error))
        return
    told: list[str] = []
    view = PageView(template, copied(data), told.append, _MOST)
    try:
        mine = _history(view, changes)
    except UnicodeEncodeError:
        return  # half of a character, which MicroPython encodes as any other
    for sentence in told:
        check_sentence(sentence)
    for node in range(12):
        for event in ("tap", "input"):
            for name, target, current in route(view, node, event):
                json.dumps([name, target, current])
        view.two_way_path(node, "value")
    theirs = _linux(document, data, changes)
    if mine is not None and theirs is not None:
        assert repr(copied(mine)) == repr(copied(theirs)), (document, data, changes)


def _history(view: PageView, changes: list[dict[str, Any]]) -> list[Any] | None:
    """Its operations; ``None`` where something of it was refused."""
    try:
        view.render()
        shown: list[Any] = [view.snapshot()]
        for one in changes:
            operations: list[Any] = []
            view.update(copied(one), operations)
            shown.append(operations)
    except ViewError as error:
        check_sentence(str(error))
        return None
    return shown


def _linux(document: Any, data: dict[str, Any], changes: list[dict[str, Any]]) -> list[Any] | None:
    try:
        view = LinuxView(load_linux(copied(document)), copied(data))
        view.render()
        shown: list[Any] = [view.snapshot()]
        for one in changes:
            shown.append(view.update(copied(one)))
            if _is_out_of_order(view.data):
                return None  # a board goes through an object in another order
    except (LinuxTemplateError, LinuxViewError):
        return None
    return shown


def _is_out_of_order(data: Any) -> bool:
    """Whether the members of an object are in another order than on a board; a template may go through any."""
    if isinstance(data, dict):
        return list(data) != sorted(data) or any(map(_is_out_of_order, data.values()))
    return isinstance(data, list) and any(map(_is_out_of_order, data))


def _is_plain(given: Any) -> bool:
    """What a board's JSON can hold as this computer's can."""
    try:
        text = json.dumps(given, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, RecursionError):
        return False
    return "\0" not in text and not any(len(word) > 15 and word.strip("-0123456789.e+") == "" for word in text.split())


def _text(expression: Any, **data: Any) -> Callable[[], Case]:
    return lambda: ({"format": 2, "body": [["text", expression]], "templates": [], "scopes": []}, data, [])


def _body(*instructions: Any) -> Callable[[], Case]:
    return lambda: ({"format": 2, "body": [*instructions], "templates": [], "scopes": []}, {"a": [1, 2]}, [{"a": [2]}])


_A = ["variable", "a"]
CASES: Mapping[str, Callable[[], Case]] = {
    "an expression 400 deep": _text(nested(400)),
    "loops in loops without a node": _body(
        ["for", _A, "i", "j", None, "", [["for", _A, "k", "l", None, "", [["for", _A, "m", "n", None, "", []]]]]]
    ),
    "an unknown scope": _body(["template", ["constant", "a"], 7, None]),
}
