"""Classes of components as screens have them, and styles and classes that code lays over them."""

from typing import Any

import pytest

from device_runtime.view.errors import ViewError
from tests.view.components import ComponentScreen, Program, each, el, slot, when


def classes(screen: ComponentScreen, tag: str) -> str:
    return str(screen.tree.find(tag).attributes.get("class"))


@pytest.mark.parametrize(
    ("isolation", "written", "expected"),
    [
        ("isolated", "a b", "p-a p-b"),
        ("isolated", "a {{on}}", "p-a p-true"),
        ("isolated", "  ", ""),
        ("isolated", "a outside b", "p-a page p-b"),
        ("isolated", "~a ^b", "a b"),
        ("apply-shared", "a b", "p-a a p-b b"),
        ("shared", "a", "p-a a"),
        ("shared", "outside", "page"),
    ],
)
def test_how_the_classes_of_a_component_are_translated(isolation: str, written: str, expected: str) -> None:
    program = Program()
    program.add("c-a", el("text", {"class": written}), data={"on": True}, prefix="p-",
                external_classes=("outside",), style_isolation=isolation)  # fmt: skip
    screen = ComponentScreen(program, program.page(el("c-a", {"outside": "page", "class": "own"})))
    assert classes(screen, "text") == expected
    assert classes(screen, "c-a") == "own p-host"


def test_external_classes_are_those_of_the_owner_through_any_number_of_components() -> None:
    program = Program()
    program.add("c-icon", el("text", {"class": "icon custom"}), external_classes=("custom",))
    program.add(
        "c-cell", el("c-icon", {"custom": "mine icon-class", "class": "icon-class"}),
        el("view", {"class": "icon-class {{n}}"}), external_classes=("icon-class",), data={"n": 1},
    )  # fmt: skip
    screen = ComponentScreen(
        program, program.page(each("{{2}}", el("c-cell", {"icon-class": "red {{c}}"}))), {"c": "big"}
    )
    assert classes(screen, "text") == "c-icon-icon c-cell-mine red big"
    assert classes(screen, "c-icon") == "red big c-icon-host"
    assert classes(screen, "view") == "red big c-cell-1"
    operations = screen.update({"c": "small"})
    assert sorted(str(operation[3]) for operation in operations) == [
        *["c-icon-icon c-cell-mine red small"] * 2, *["red small c-cell-1"] * 2, *["red small c-icon-host"] * 2,
    ]  # fmt: skip
    assert [operation[0] for operation in screen.update({"c": "small"})] == []


def test_the_classes_of_the_page_can_be_named_from_any_depth() -> None:
    program = Program()
    program.add("c-in", el("text", {"class": "~a ^a ^^a"}))
    program.add("c-out", el("c-in"))
    screen = ComponentScreen(program, program.page(el("c-out")))
    assert classes(screen, "text") == "a c-out-a a"


def test_content_has_the_classes_of_the_tree_that_it_is_written_in() -> None:
    program = Program()
    program.add("c-in", el("view", {"class": "a"}, slot()))
    program.add("c-out", el("c-in", {}, el("text", {"class": "a {{n}}"})), data={"n": 1})
    screen = ComponentScreen(program, program.page(el("c-out", {"id": "o"})))
    assert classes(screen, "text") == "c-out-a c-out-1"
    assert [operation[2:] for operation in screen.update({"n": 2}, screen.node(id="o"))] == [
        ["class", "c-out-a c-out-2"]
    ]


def test_class_itself_may_be_an_external_class() -> None:
    program = Program()
    program.add("c-a", el("text", {"class": "x class"}), external_classes=("class",), virtual_host=True)
    screen = ComponentScreen(program, program.page(el("c-a", {"class": "red"})))
    assert screen.outline() == [["text", {"class": "c-a-x red"}, [], []]]


def laid_over() -> ComponentScreen:
    program = Program()
    program.add("c-a", el("view", {"style": "color: {{c}}", "class": "a {{c}}", "id": "v"}, when("{{on}}", "x")),
                data={"c": "red", "on": False})  # fmt: skip
    return ComponentScreen(program, program.page(el("c-a", {"id": "h", "style": "top: 0"})))


def test_what_code_lays_over_a_style_stays_when_its_binding_changes() -> None:
    screen = laid_over()
    node, host = screen.node(id="v"), screen.node(id="h")

    def style() -> Any:
        return screen.tree.nodes[node].attributes["style"]

    screen.tree.apply(screen.view.set_node(node, "style", {"opacity": 0.5, "left": "1px"}))
    assert style() == "color: red; opacity: 0.5; left: 1px"
    screen.update({"c": "blue"}, host)
    assert style() == "color: blue; opacity: 0.5; left: 1px"
    screen.tree.apply(screen.view.set_node(node, "style", {"opacity": None}))
    screen.tree.apply(screen.view.set_node(node, "style", "right: 0;"))
    assert style() == "color: blue; right: 0; left: 1px"
    again = laid_over().tree
    again.apply([["remove", again.find(id="h").id]])
    again.apply(screen.view.snapshot())
    assert again.find(id="v").attributes["style"] == style()


def test_what_code_does_to_classes_stays_when_their_binding_changes() -> None:
    screen = laid_over()
    node, host = screen.node(id="v"), screen.node(id="h")
    assert screen.view.set_node(node, "class", {"a": False, "new": True}) == [["set", node, "class", "c-a-red c-a-new"]]
    assert screen.update({"c": "blue"}, host)[1] == ["set", node, "class", "c-a-blue c-a-new"]
    assert screen.view.describe(node).classes == ("blue", "new")  # type: ignore[union-attr]
    assert screen.view.select(host, ".new", first=True) == [node]
    assert screen.view.set_node(node, "class", {"a": None, "new": None}) == [["set", node, "class", "c-a-a c-a-blue"]]
    assert screen.view.set_node(host, "class", {"x": True}) == [["set", host, "class", "c-a-host x"]]


def test_what_is_laid_over_goes_with_its_node() -> None:
    program = Program()
    screen = ComponentScreen(program, program.page(when("{{on}}", el("view", {"id": "v"}))), {"on": True})
    gone = screen.node(id="v")
    screen.view.set_node(gone, "style", "left: 0")
    screen.update({"on": False})
    assert screen.view.set_node(gone, "style", "left: 0") == []
    assert screen.view._registry.overrides == {}


@pytest.mark.parametrize(("name", "value"), [("title", "x"), ("class", "x"), ("style", 5), ("class", None)])
def test_code_lays_over_styles_and_classes_and_nothing_else(name: str, value: Any) -> None:
    screen = laid_over()
    with pytest.raises(ViewError, match="style and class"):
        screen.view.set_node(screen.node(id="v"), name, value)
