from typing import Any

import pytest

from tests.view.components import ComponentScreen, Program, each, el, slot


def screen() -> ComponentScreen:
    program = Program()
    program.add("c-leaf", el("view", {"class": "leaf", "id": "l"}, el("text", {"class": "deep"})))
    program.add(
        "c-box", el("view", {"id": "in", "class": "box"}, el("c-leaf", {"class": "x", "id": "inner"}), slot()),
        multiple_slots=True,
    )  # fmt: skip
    content = (el("text", {"class": "deep", "id": "content"}), el("text", {"slot": "no", "id": "limbo"}))
    box = el("c-box", {"id": "box", "class": "x"}, *content)
    row = el(
        "view", {"class": "row r{{index}}", "id": "row{{index}}", "title": "a b"}, el("text", {"id": "t{{index}}"})
    )
    page = el("view", {"class": "root big", "id": "root"}, box, each("{{2}}", row))
    return ComponentScreen(program, program.page(page, el("c-leaf", {"id": "last"})))


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("#root", ["root"]),
        (".row", ["row0", "row1"]),
        (".row.r1", ["row1"]),
        ("view.row#row0", ["row0"]),
        ("text", ["content", "limbo", "t0", "t1"]),
        (".root text", ["content", "limbo", "t0", "t1"]),
        (".root > text", []),
        (".root>.row > text", ["t0", "t1"]),
        ("#box > .deep", ["content"]),
        ("c-leaf, #row1 ,.big", ["root", "row1", "last"]),
        (".deep", ["content"]),
        (".leaf", []),
        ("#box >>> .leaf", ["l"]),
        (".root >>> .deep", ["", "content"]),
        ("#box >>> .box > .x", ["inner"]),
        ("#box>>>.deep", ["", "content"]),
        (">>> .leaf", ["l", "l"]),
        ("[title]", ["row0", "row1"]),
        ('.row[title="a b"][id=row1]', ["row1"]),
        ("[title='a']", []),
        ("*", ["root", "box", "content", "limbo", "row0", "t0", "row1", "t1", "last"]),
        (".box", []),
        (".leaf, #root >>> .none", []),
        ("", []),
        (".", []),
        ("#root:hover", []),
        ("#root >", []),
        (".root ~ view", []),
        ("#row0, .1x", ["row0"]),
        (".x" * 600, []),
    ],
)
def test_which_elements_of_the_page_a_selector_means(selector: str, expected: list[str]) -> None:
    shown = screen()
    found = shown.view.select(0, selector, first=False)
    described = [shown.view.describe(node) for node in found]
    assert [info.id for info in described if info] == expected
    assert shown.view.select(0, selector, first=True) == found[:1]


def test_a_component_selects_in_its_own_tree() -> None:
    shown = screen()
    box = shown.node(id="box")
    assert shown.view.select(box, "#in .x", first=False) == [shown.node(id="inner")]
    assert shown.view.select(box, "#content", first=False) == []
    assert shown.view.select(10**6, "#in", first=False) == []


def test_nodes_are_described_as_their_owner_knows_them() -> None:
    shown = screen()
    box, inner = shown.node(id="box"), shown.node(id="inner")
    info: Any = shown.view.describe(inner)
    assert (info.tag, info.id, info.classes, info.owner, info.component, info.virtual) == (
        "c-leaf", "inner", ("x",), box, "components/c-leaf", False,
    )  # fmt: skip
    assert shown.view.describe(shown.node(id="row1")).dataset == {}  # type: ignore[union-attr]
    assert shown.view.describe(10**6) is None


def test_ancestors_are_the_elements_around_a_node_in_its_owners_tree() -> None:
    shown = screen()
    assert shown.view.ancestors(shown.node(id="content")) == [shown.node(id="box"), shown.node(id="root")]
    assert shown.view.ancestors(shown.node(id="inner")) == [shown.node(id="in")]
    assert shown.view.ancestors(shown.node(id="root")) == []
    assert shown.view.ancestors(10**6) == []
