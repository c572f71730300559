"""Events across the borders of components."""

from typing import Any

import pytest

from device_runtime.view.routing import HandlerCall
from tests.view.components import ComponentScreen, Program, each, el, slot, when


def nest(**members: Any) -> ComponentScreen:
    """A page with a component, in which a component takes the page's content through two slots."""
    program = Program()
    inner = el("view", {"id": "in", "bind:tap": "inner", "bind:my": "inner"}, el("text", {"id": "own"}, "x"), slot())
    program.add("c-inner", inner, **members)
    outer = el("c-inner", {"id": "i", "bind:tap": "outerOnInner", "bind:my": "outerOnInner"}, slot())
    program.add("c-outer", el("view", {"id": "out", "bind:tap": "outer", "bind:my": "outer"}, outer))
    content = el("text", {"id": "content"}, "y")
    host = el("c-outer", {"id": "o", "bind:tap": "pageOnOuter", "bind:my": "pageOnOuter"}, content)
    return ComponentScreen(program, program.page(el("view", {"bind:tap": "page", "bind:my": "page"}, host)))


def owners(screen: ComponentScreen) -> dict[int, str]:
    return {0: "page", screen.node(id="o"): "outer", screen.node(id="i"): "inner"}


def named(screen: ComponentScreen, calls: list[HandlerCall]) -> list[str]:
    names = owners(screen)
    return [f"{names[call.owner]}.{call.handler}<{call.target_id}" for call in calls]


def test_what_is_around_a_node_on_screens_is_told_with_virtual_hosts() -> None:
    program = Program()
    program.add("c-plain", "x", virtual_host=True)
    program.add("c-ring", el("view", {"id": "ring"}, slot()), virtual_host=True)
    ring = el("c-ring", {}, el("view", {"id": "inner"}, el("c-plain")))
    screen = ComponentScreen(program, program.page(el("view", {"id": "outer"}, ring)))
    text = screen.tree.find(id="inner").children[0].id
    plain, inner, around_it, host, outer = screen.view.around(text)

    infos = [screen.view.describe(node) for node in (plain, host)]
    assert [info and info.component for info in infos] == ["components/c-plain", "components/c-ring"]
    assert (inner, around_it, outer) == (screen.node(id="inner"), screen.node(id="ring"), screen.node(id="outer"))
    assert screen.view.around(inner) == [around_it, host, outer]
    assert (screen.view.around(outer), screen.view.around(9999)) == ([], [])


def test_an_event_of_a_screen_crosses_every_border_and_each_owner_sees_its_own_target() -> None:
    screen = nest()
    assert named(screen, screen.view.route(screen.node(id="own"), "tap")) == [
        "inner.inner<own", "outer.outerOnInner<i", "outer.outer<i", "page.pageOnOuter<o", "page.page<o",
    ]  # fmt: skip
    # Content goes through the slots that it is in; each handler of those trees sees what it is on itself.
    assert named(screen, screen.view.route(screen.node(id="content"), "tap")) == [
        "inner.inner<in", "outer.outerOnInner<i", "outer.outer<out", "page.pageOnOuter<content", "page.page<content",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["outer.outerOnInner<i"]),
        ({"bubbles": True}, ["outer.outerOnInner<i", "outer.outer<i"]),
        (
            {"bubbles": True, "composed": True},
            ["outer.outerOnInner<i", "outer.outer<i", "page.pageOnOuter<o", "page.page<o"],
        ),
        ({"composed": True}, ["outer.outerOnInner<i"]),
    ],
)
def test_an_event_that_a_component_triggers_goes_as_far_as_its_options_say(
    options: dict[str, bool], expected: list[str]
) -> None:
    screen = nest()
    calls = screen.view.route(screen.node(id="i"), "my", **{"bubbles": False, **options})
    assert named(screen, calls) == expected


def test_what_content_triggers_stays_out_of_the_shadow_tree_unless_it_is_composed() -> None:
    screen = nest()
    content = screen.node(id="content")
    assert named(screen, screen.view.route(content, "my", bubbles=True)) == [
        "page.pageOnOuter<content",
        "page.page<content",
    ]
    assert len(screen.view.route(content, "my", bubbles=True, composed=True)) == 5


def phases(inner: dict[str, Any], host: dict[str, Any], outer: dict[str, Any]) -> ComponentScreen:
    program = Program()
    program.add("c-a", el("view", inner, el("text", {"id": "t"}, "x")))
    return ComponentScreen(program, program.page(el("view", outer, el("c-a", {"id": "h", **host}))))


@pytest.mark.parametrize(
    ("inner", "host", "outer", "expected"),
    [
        ({"bind:tap": "a"}, {"catch:tap": "b"}, {"bind:tap": "c"}, ["a", "b"]),
        ({"catch:tap": "a"}, {"bind:tap": "b"}, {}, ["a"]),
        (
            {"capture-bind:tap": "a", "bind:tap": "z"},
            {"capture-bind:tap": "b"},
            {"capture-bind:tap": "c"},
            ["c", "b", "a", "z"],
        ),
        ({"bind:tap": "a"}, {}, {"capture-catch:tap": "c"}, ["c"]),
        ({"mut-bind:tap": "a"}, {"mut-bind:tap": "b"}, {"bind:tap": "c"}, ["a", "c"]),
        ({"bind:tap": ""}, {"catch:tap": ""}, {"bind:tap": "c"}, []),
    ],
)
def test_phases_hold_across_borders(
    inner: dict[str, Any], host: dict[str, Any], outer: dict[str, Any], expected: list[str]
) -> None:
    screen = phases(inner, host, outer)
    assert [call.handler for call in screen.view.route(screen.node(id="t"), "tap")] == expected


@pytest.mark.parametrize(("capture_phase", "expected"), [(False, ["h"]), (True, ["c", "h"])])
def test_a_triggered_event_is_captured_only_if_it_says_so(capture_phase: bool, expected: list[str]) -> None:
    screen = phases({}, {"bind:my": "h"}, {"capture-bind:my": "c"})
    calls = screen.view.route(screen.node(id="h"), "my", bubbles=False, capture_phase=capture_phase)
    assert [call.handler for call in calls] == expected


def test_marks_are_those_around_the_target_that_the_owner_sees() -> None:
    program = Program()
    program.add("c-a", el("view", {"mark:own": "{{n}}", "bind:tap": "a"}, el("text", {"id": "t"}, "x")), data={"n": 5})
    page = each(
        "{{2}}", el("view", {"mark:row": "{{index}}", "mark:x": "far"}, el("c-a", {"mark:x": "near", "bind:tap": "p"}))
    )
    screen = ComponentScreen(program, program.page(page))
    second = screen.tree.root.children[1].children[0].children[0].children[0]
    assert [call.marks for call in screen.view.route(second.id, "tap")] == [{"own": 5}, {"row": 1, "x": "near"}]


def test_datasets_of_hosts_are_those_of_the_owner_at_the_moment() -> None:
    program = Program()
    program.add("c-a", el("text", {"id": "t"}, "x"))
    screen = ComponentScreen(program, program.page(el("c-a", {"data-n": "{{n}}", "bind:tap": "p"})), {"n": 1})
    screen.update({"n": 2})
    (call,) = screen.view.route(screen.node(id="t"), "tap")
    assert (call.current_dataset, call.target_dataset) == ({"n": 2}, {"n": 2})


def test_a_tap_on_the_text_of_a_component_happens_on_its_host() -> None:
    program = Program()
    program.add("c-a", "only text")
    screen = ComponentScreen(program, program.page(el("c-a", {"id": "h", "bind:tap": "p"})))
    (call,) = screen.view.route(screen.tree.find(id="h").children[0].id, "tap")
    assert (call.target, call.target_id, call.node) == (screen.node(id="h"), "h", screen.node(id="h"))


def test_an_event_on_content_that_no_slot_takes_reaches_nobody_around_the_slot() -> None:
    program = Program()
    program.add("c-a", when("{{on}}", el("view", {"bind:tap": "inside"}, slot())), data={"on": True})
    screen = ComponentScreen(
        program, program.page(el("c-a", {"id": "h", "bind:tap": "p"}, el("text", {"id": "t"}, "x")))
    )
    content = screen.node(id="t")
    assert len(screen.view.route(content, "tap")) == 2
    screen.update({"on": False}, screen.node(id="h"))
    assert screen.view.route(content, "tap") == []


def test_dynamic_slots_are_crossed_as_others_are() -> None:
    program = Program()
    program.add(
        "c-a", each("{{2}}", el("view", {"bind:tap": "inside", "data-i": "{{index}}"}, slot())), dynamic_slots=True
    )
    page = el("c-a", {"id": "h", "bind:tap": "p"}, el("text", {"class": "t"}, "x"))
    screen = ComponentScreen(program, program.page(page))
    second = screen.tree.find(id="h").children[1].children[0]
    calls = screen.view.route(second.id, "tap")
    assert [(call.handler, call.current_dataset) for call in calls] == [("inside", {"i": 1}), ("p", {})]
