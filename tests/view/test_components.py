import gc
import weakref
from typing import Any

import pytest

from device_runtime.view.errors import ViewError
from device_runtime.view.mirror import MirrorTree
from device_runtime.view.page import PageView
from tests.view.components import ComponentScreen, Program, each, el, slot, when


def shop() -> Program:
    program = Program()
    program.add(
        "c-item",
        el("view", {"class": "row", "bind:tap": "inside"}, "{{label}}:{{count}}", slot()),
        properties={"label": ("String", "none"), "on": ("Boolean", False)},
        data={"count": 0},
    )
    return program


def test_a_component_shows_its_data_the_properties_passed_in_and_the_content() -> None:
    program = shop()
    screen = ComponentScreen(
        program, program.page(el("c-item", {"label": "{{a}}", "id": "x", "other": 1}, "in")), {"a": 7}
    )
    assert screen.outline() == [
        ["c-item", {"id": "x", "class": "c-item-host"}, [], [["view", {"class": "c-item-row"}, ["tap"], ["7:0", "in"]]]]
    ]


def test_what_a_component_sets_changes_its_own_tree_only() -> None:
    program = shop()
    screen = ComponentScreen(program, program.page(each("{{n}}", el("c-item", {"id": "i{{index}}"}))), {"n": 2})
    operations = screen.update({"count": 5}, owner=screen.node(id="i1"))
    assert [operation[0] for operation in operations] == ["text"]
    assert screen.text() == "none:0none:5"


def test_effects_tell_what_came_what_was_passed_in_what_moved_and_what_went() -> None:
    program = shop()
    page = program.page(each("{{list}}", el("c-item", {"label": "{{item.v}}"}), key="id"))
    screen = ComponentScreen(program, page, {"list": [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}]})
    created: list[Any] = screen.effects()
    first, second = (effect[1] for effect in created)
    assert created == [
        ["create", first, 0, "components/c-item", {"label": "a"}, {}],
        ["create", second, 0, "components/c-item", {"label": "b"}, {}],
    ]
    screen.update({"list": [{"id": 2, "v": "b"}, {"id": 1, "v": "c"}]})
    assert screen.effects() == [["move", second], ["properties", first, {"label": "c"}]]
    screen.update({"list": [{"id": 2, "v": "b"}]})
    assert screen.effects() == [["remove", first]]
    assert screen.effects() == []


@pytest.mark.parametrize(
    ("changes", "expected", "operations"),
    [
        ({"list[2]": 3}, "123", ["insert"]),
        ({"list": [1, 2, 3, 4]}, "1234", ["insert", "insert"]),
        ({"list": [2, 1]}, "21", ["move"]),
        ({"list": [2, 3, 1]}, "231", ["insert", "move"]),
        ({"list": [0, 2]}, "02", ["insert", "remove"]),
        ({"list": []}, "", ["remove", "remove"]),
        ({"list": [1, 2], "end": "!"}, "12", ["text"]),
    ],
)
def test_a_list_of_components_changes_with_the_fewest_operations(
    changes: dict[str, Any], expected: str, operations: list[str]
) -> None:
    program = Program()
    program.add("c-a", "{{v}}", properties={"v": ("String", "")})
    page = program.page("<", each("{{list}}", el("c-a", {"v": "{{item}}"}), key="*this"), ">{{end}}")
    screen = ComponentScreen(program, page, {"list": [1, 2], "end": ""})
    assert sorted(str(operation[0]) for operation in screen.update(changes)) == sorted(operations)
    assert screen.text() == f"<{expected}>{changes.get('end', '')}"


def test_an_event_is_heard_by_the_owner_of_each_handler() -> None:
    program = shop()
    page = program.page(el("c-item", {"bind:tap": "outside", "id": "host"}, el("text", {"id": "t"}, "x")))
    screen = ComponentScreen(program, page)
    host = screen.node(id="host")
    calls = screen.view.route(screen.node(id="t"), "tap")
    assert [(call.owner, call.handler) for call in calls] == [(host, "inside"), (0, "outside")]


def test_a_component_that_uses_itself_shows_a_tree() -> None:
    program = Program()
    program.add("c-tree", "{{node.name}}", each("{{node.kids}}", el("c-tree", {"node": "{{item}}"})),
                properties={"node": ("Object", None)}, uses={"c-tree": "components/c-tree"})  # fmt: skip
    data = {"node": {"name": "a", "kids": [{"name": "b", "kids": [{"name": "c"}]}, {"name": "d"}]}}
    screen = ComponentScreen(program, program.page(el("c-tree", {"node": "{{node}}"})), data)
    assert screen.text() == "abcd"
    screen.effects()
    assert [operation[0] for operation in screen.update({"node.kids[0].kids[0].name": "e"})] == ["text"]
    assert [effect[0] for effect in screen.effects()] == ["properties"] * 3


def test_components_that_use_each_other_without_end_are_refused_in_a_sentence() -> None:
    program = Program()
    program.add("c-a", el("c-b"), el("c-b"), uses={"c-b": "components/c-b"})
    program.add("c-b", "b", el("view", {}, when("{{on}}", el("c-a"))), properties={"on": ("Boolean", True)})
    view = PageView(program.page(when("{{on}}", el("c-a"))), {"on": False}, components=program.definitions.get)
    view.render()
    with pytest.raises(ViewError, match=r"components use each other more than 32 deep, at <c-[ab]>; .*wx:if"):
        view.update({"on": True})
    assert view.snapshot() == []
    assert view.take_effects() == []
    view.update({"on": False})
    assert view.render() == []


def test_a_page_that_cannot_be_shown_any_more_takes_its_components_with_it() -> None:
    program = shop()
    screen = ComponentScreen(
        program, program.page(el("c-item", {}, el("c-item")), each("{{n}}", el("c-item"))), {"n": 0}
    )
    outer, inner = (effect[1] for effect in screen.effects())
    with pytest.raises(ViewError, match="at most"):
        screen.view.update({"n": 10**6})
    assert screen.effects() == [["remove", inner], ["remove", outer]]
    screen.view.update({"n": 1})
    screen.tree = MirrorTree()
    screen.tree.apply(screen.view.render())
    assert screen.text() == "none:0" * 3
    assert [effect[0] for effect in screen.effects()] == ["create"] * 3


def generic_list(path: str | None) -> Program:
    program = Program()
    program.add("c-row", "row {{item}};", properties={"item": ("String", "")})
    program.add("c-fancy", "fancy {{item}};", properties={"item": ("String", "")})
    uses = {"c-any": {"path": path, "generic": "row"}}
    program.add("c-list", each("{{2}}", el("c-any", {"item": "{{index}}"}, "content")), uses=uses)
    uses = {"c-own": {"path": None, "generic": "cell"}}
    program.add("c-table", el("c-list", {"generic:row": "c-own"}), uses=uses)
    return program


@pytest.mark.parametrize(
    ("path", "page", "expected"),
    [
        ("components/c-row", el("c-list"), "row 0;row 1;"),
        ("components/c-row", el("c-list", {"generic:row": "c-fancy"}), "fancy 0;fancy 1;"),
        (None, el("c-list", {"generic:row": "c-fancy"}), "fancy 0;fancy 1;"),
        (None, el("c-table", {"generic:cell": "c-fancy"}), "fancy 0;fancy 1;"),
        (None, el("c-list"), "contentcontent"),
        (None, el("c-list", {"generic:row": "c-missing"}), "contentcontent"),
        (None, el("c-list", {"generic:other": "c-fancy"}), "contentcontent"),
    ],
)
def test_the_owner_chooses_the_component_of_a_generic(path: str | None, page: Any, expected: str) -> None:
    program = generic_list(path)
    screen = ComponentScreen(program, program.page(page))
    assert screen.text() == expected
    assert len(screen.warnings) == (expected == "contentcontent")


def test_what_the_owner_chose_is_told_with_the_component() -> None:
    program = generic_list(None)
    screen = ComponentScreen(program, program.page(el("c-list", {"generic:row": "c-fancy"})))
    assert screen.effects()[0][3:] == ["components/c-list", {}, {"row": "components/c-fancy"}]


def test_a_component_that_is_not_there_leaves_its_place_to_its_placeholder_or_to_its_content() -> None:
    program = shop()
    uses = {
        "c-late": {"path": "sub/late", "placeholder": "c-item"},
        "c-gone": {"path": "sub/gone", "placeholder": "view"},
    }
    page = program.page(
        el("c-late", {"label": "l"}), el("c-gone", {"class": "a", "bind:tap": "t"}, "content"), uses=uses
    )
    screen = ComponentScreen(program, page)
    assert screen.outline()[0][0] == "c-late"
    assert screen.outline()[1] == ["c-gone", {"class": "a"}, ["tap"], ["content"]]
    assert screen.text() == "l:0content"
    assert [effect[3] for effect in screen.effects()] == ["components/c-item"]
    assert screen.warnings == ["<c-gone>: the program has no such component; its content is shown alone"]


def test_effects_come_in_the_order_of_lifetimes() -> None:
    """Created: a host, what is in its shadow tree, its content; removed: the other way round (as glass-easel does)."""
    program = Program()
    program.add("c-leaf", "x")
    program.add("c-box", el("view", {}, el("c-leaf"), slot()))
    screen = ComponentScreen(
        program, program.page(when("{{on}}", el("c-box", {}, el("c-leaf")), el("c-leaf"))), {"on": True}
    )
    created = [(effect[1], effect[2], effect[3]) for effect in screen.effects()]
    box = created[0][0]
    assert [(owner, path) for _, owner, path in created] == [
        (0, "components/c-box"), (box, "components/c-leaf"), (0, "components/c-leaf"), (0, "components/c-leaf"),
    ]  # fmt: skip
    screen.update({"on": False})
    first, inner, content, last = (node for node, _, _ in created)
    assert screen.effects() == [["remove", node] for node in (content, inner, first, last)]


class Held(dict[str, Any]):
    """Data that can be watched."""


def test_a_closed_page_is_not_kept_by_the_templates_that_it_used() -> None:
    program = shop()
    page = program.page(el("c-item", {"label": "x"}, el("c-none")), uses={"c-none": "gone"}, modules=["m.wxs"])
    held = Held()
    view = PageView(page, {"held": held}, components=program.definitions.get)
    view.render()
    gone = weakref.ref(held)
    del view, held
    gc.collect()
    assert gone() is None
