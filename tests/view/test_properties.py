import math
from typing import Any

import pytest

from device_runtime.view.javascript import UNDEFINED
from device_runtime.view.properties import PropertyDefinition, camel_case, coerce
from tests.view.components import ComponentScreen, Program, el


@pytest.mark.parametrize(
    ("types", "default", "value", "expected"),
    [
        ("String", "d", "x", "x"),
        ("String", "d", 5, "5"),
        ("String", "d", True, "true"),
        ("String", "d", None, "d"),
        ("String", "d", UNDEFINED, "d"),
        ("String", "d", [1, 2], "1,2"),
        ("String", "d", {}, "[object Object]"),
        ("Number", 7, 5, 5),
        ("Number", 7, "5.5", 5.5),
        ("Number", 7, "5px", 7),
        ("Number", 7, "", 0),
        ("Number", 7, None, 0),
        ("Number", 7, UNDEFINED, 7),
        ("Number", 7, math.inf, 7),
        ("Number", 7, True, 1),
        ("Number", 7, {}, 7),
        ("Boolean", True, "", False),
        ("Boolean", False, "false", True),
        ("Boolean", True, UNDEFINED, False),
        ("Boolean", False, [], True),
        ("Array", [1], [2], [2]),
        ("Array", [1], {"0": 2}, [1]),
        ("Array", [1], None, [1]),
        ("Object", {"a": 1}, {"b": 2}, {"b": 2}),
        ("Object", {"a": 1}, [2], [2]),
        ("Object", {"a": 1}, None, None),
        ("Object", {"a": 1}, UNDEFINED, {"a": 1}),
        ("Object", {"a": 1}, "x", {"a": 1}),
        ("null", 3, {"a": [1]}, {"a": [1]}),
        ("null", 3, None, None),
        ("null", 3, UNDEFINED, 3),
        ("", 3, UNDEFINED, 3),
        ("Number|String", 7, "5", "5"),
        ("Number|String", 7, True, 1),
        ("Number|Boolean|Object", 7, None, None),
        ("String|Array", "d", [1], [1]),
        ("String|Number", "d", math.nan, "NaN"),
        ("String|null", "d", None, None),
        ("String|null", "d", UNDEFINED, "d"),
    ],
)
def test_a_value_becomes_what_the_property_declares(types: str, default: Any, value: Any, expected: Any) -> None:
    definition = PropertyDefinition(tuple(filter(None, types.split("|"))), default)
    made, _ = coerce(value, definition)
    assert (type(made), made) == (type(expected), expected)
    assert made is not value or not isinstance(value, (list, dict))
    assert made is not default or not isinstance(default, (list, dict))


@pytest.mark.parametrize(
    ("attribute", "name"),
    [("a", "a"), ("show-name", "showName"), ("showName", "showName"), ("a-b-c", "aBC"), ("a-", "a")],
)
def test_an_attribute_names_the_property_in_camel_case(attribute: str, name: str) -> None:
    assert camel_case(attribute) == name


def card(**members: Any) -> Program:
    program = Program()
    properties = {"value": ("Number", 0), "bigItem": ("Object", None), "style": ("String", ""), "id": ("String", "no")}
    program.add(
        "c-card", el("view", {"style": "{{style}}"}, "{{value}}/{{bigItem.a}}/{{id}}"), properties=properties, **members
    )
    return program


def test_what_a_component_does_not_declare_is_ignored_or_is_for_its_host() -> None:
    program = card()
    attributes = {
        "value": "{{n}}", "big-item": "{{o}}", "style": "color: red", "id": "x", "class": "a", "hidden": "{{off}}",
        "aria-label": "l", "title": "t", "data-n": "{{n}}",
    }  # fmt: skip
    screen = ComponentScreen(program, program.page(el("c-card", attributes)), {"n": "4", "o": {"a": 1}, "off": False})
    assert screen.outline() == [
        [
            "c-card",
            {"id": "x", "hidden": False, "aria-label": "l", "class": "a c-card-host"},
            [],
            [["view", {"style": "color: red"}, [], ["4/1/no"]]],
        ]
    ]
    host = screen.node(id="x")
    assert screen.update({"n": 4}) == []
    assert screen.update({"off": True}) == [["set", host, "hidden", True]]
    assert [operation[0] for operation in screen.update({"o.a": 2})] == ["text"]


def test_a_wrong_value_is_told_once_and_the_default_stands_for_it() -> None:
    program = card()
    screen = ComponentScreen(
        program, program.page(el("c-card", {"value": "{{n}}"}), el("c-card", {"value": "x"})), {"n": "y"}
    )
    assert screen.text() == "0//no0//no"
    assert screen.warnings == ["<c-card>: the value for 'value', of type Number, is no number"]


def test_the_owner_sets_a_property_again_that_the_component_has_changed_by_itself() -> None:
    program = card()
    screen = ComponentScreen(program, program.page(el("c-card", {"value": "{{n}}", "id": "x"})), {"n": 1})
    host = screen.node(id="x")
    screen.effects()
    screen.update({"value": 5}, host)
    assert screen.effects() == []
    screen.update({"n": 1})
    assert screen.effects() == [["properties", host, {"value": 1}]]
    assert screen.text() == "1//no"
    screen.update({"n": 1})
    assert screen.effects() == []


def test_a_component_coerces_what_it_sets_itself() -> None:
    program = card()
    screen = ComponentScreen(program, program.page(el("c-card", {"id": "x"})))
    screen.update({"value": "12"}, screen.node(id="x"))
    assert screen.view.data_of(screen.node(id="x")) == {"value": 12, "bigItem": None, "style": "", "id": "no"}


def test_owner_and_component_share_no_values() -> None:
    program = card()
    screen = ComponentScreen(program, program.page(el("c-card", {"big-item": "{{o}}", "id": "x"})), {"o": {"a": 1}})
    host = screen.node(id="x")
    told = screen.effects()[0][4]
    screen.update({"bigItem.a": 2}, host)
    assert told == {"bigItem": {"a": 1}}
    assert screen.view.data == {"o": {"a": 1}}
    screen.update({"o.b": 1})
    assert screen.view.data_of(host) == {"value": 0, "bigItem": {"a": 1, "b": 1}, "style": "", "id": "no"}


def test_two_instances_share_no_data() -> None:
    program = Program()
    program.add("c-list", "{{list.length}}", data={"list": [1]})
    screen = ComponentScreen(program, program.page(el("c-list", {"id": "x"}), el("c-list")))
    screen.update({"list[1]": 2}, screen.node(id="x"))
    assert screen.text() == "21"


def test_who_is_gone_sets_nothing() -> None:
    program = card()
    screen = ComponentScreen(
        program, program.page(["if", [[["variable", "on"], [el("c-card", {"id": "x"})]]]]), {"on": True}
    )
    host = screen.node(id="x")
    screen.update({"on": False})
    assert screen.update({"value": 1}, host) == []
    assert screen.view.data_of(host) is None


def test_properties_that_are_bound_both_ways_write_the_owners_data() -> None:
    program = Program()
    program.add("c-field", "{{value}}", properties={"value": ("String", "")})
    field = el("c-field", {"model:value": "{{text}}", "id": "inner"})
    program.add("c-form", field, properties={"text": ("String", "")})
    page = program.page(el("c-form", {"model:text": "{{list[0].name}}", "id": "outer"}), "{{list[0].name}}")
    screen = ComponentScreen(program, page, {"list": [{"name": "a"}]})
    outer = screen.node(id="outer")
    inner = screen.node(id="inner")
    screen.effects()
    screen.update({"value": "b"}, inner)
    assert screen.effects() == [["model", outer, "text", "b"], ["model", 0, "list[0].name", "b"]]
    assert screen.text() == "bb"
    assert screen.view.data == {"list": [{"name": "b"}]}
    screen.update({"list[0].name": "c"})
    assert screen.effects() == [["properties", outer, {"text": "c"}], ["properties", inner, {"value": "c"}]]
    assert screen.view.two_way_path(inner, "value") == (outer, "text")
