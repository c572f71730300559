from typing import Any

from tests.view.components import ComponentScreen, Program, each, el, slot


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


def test_an_event_is_heard_by_the_owner_of_each_handler() -> None:
    program = shop()
    page = program.page(el("c-item", {"bind:tap": "outside", "id": "host"}, el("text", {"id": "t"}, "x")))
    screen = ComponentScreen(program, page)
    host = screen.node(id="host")
    calls = screen.view.route(screen.node(id="t"), "tap")
    assert [(call.owner, call.handler) for call in calls] == [(host, "inside"), (0, "outside")]
