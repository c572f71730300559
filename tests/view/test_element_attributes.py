"""What screens need besides: other attributes that hold classes, fingers that are held, and the slot of a refresher."""

from typing import Any

import pytest

from tests.view.components import ComponentScreen, Program, el


def shown(*body: Any, properties: dict[str, Any] | None = None, **members: Any) -> tuple[ComponentScreen, Any]:
    """The first element in the shadow tree of a component, as screens have it."""
    program = Program()
    program.add("c-x", *body, properties=properties or {}, **members)
    screen = ComponentScreen(program, program.page(el("c-x", {"id": "x", "ext": "mine"})))
    return screen, screen.tree.root.children[0].children[0]


@pytest.mark.parametrize("name", ["hover-class", "hoverClass", "placeholder-class", "indicator-class", "mask-class"])
def test_every_attribute_that_holds_classes_is_translated(name: str) -> None:
    _, node = shown(el("view", {name: "a b", "class": "c"}))
    assert node.attributes == {name: "c-x-a c-x-b", "class": "c-x-c"}


def test_none_is_no_class_but_in_class_itself() -> None:
    _, node = shown(el("view", {"hover-class": "none", "class": "none"}))
    assert node.attributes == {"hover-class": "none", "class": "c-x-none"}


def test_bound_classes_follow_the_data_and_external_ones_the_owner() -> None:
    screen, node = shown(
        el("view", {"hover-class": "{{off ? '' : 'on'}} ext"}),
        properties={"off": ("Boolean", False)},
        external_classes=("ext",),
    )
    assert node.attributes["hover-class"] == "c-x-on mine"
    screen.update({"off": True}, 1)
    assert node.attributes["hover-class"] == "mine"


def test_a_page_has_its_classes_as_they_are() -> None:
    program = Program()
    screen = ComponentScreen(program, program.page(el("view", {"hover-class": "a"})))
    assert screen.tree.find("view").attributes == {"hover-class": "a"}


@pytest.mark.parametrize(
    ("binding", "events"),
    [
        ("bind:touchmove", ["touchmove"]),
        ("catch:touchmove", ["touchmove", "catchtouchmove"]),
        ("capture-catch:touchmove", ["touchmove", "catchtouchmove"]),
        ("catch:tap", ["tap"]),
    ],
)
def test_screens_hear_who_catches_a_finger_that_moves(binding: str, events: list[str]) -> None:
    _, node = shown(el("view", {binding: "stop"}))
    assert node.events == events


def test_only_the_slot_of_a_refresher_reaches_screens() -> None:
    _, node = shown(el("scroller", {}, el("view", {"slot": "refresher"}), el("view", {"slot": "other"})))
    assert [child.attributes for child in node.children] == [{"slot": "refresher"}, {}]


def test_other_attributes_that_hold_classes_follow_external_classes_too() -> None:
    program = Program()
    program.add("c-x", el("view", {"hover-class": "a ext", "placeholder-class": "b"}), external_classes=("ext",))
    screen = ComponentScreen(program, program.page(el("c-x", {"ext": "{{e}}"})), {"e": "one"})
    node = screen.node("view")
    assert screen.update({"e": "two"}) == [["set", node, "hover-class", "c-x-a two"]]


def test_what_is_in_the_place_of_a_component_without_a_node_holds_fingers_for_it() -> None:
    program = Program()
    program.add("c-x", el("view"), virtual_host=True)
    screen = ComponentScreen(program, program.page(el("c-x", {"catch:touchmove": ""})))
    assert screen.tree.find("view").events == ["touchmove", "catchtouchmove"]
