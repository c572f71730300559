from typing import Any

import pytest

from device_runtime.view.mirror import MirrorTree
from tests.view.components import ComponentScreen, Program, each, el, slot, use, when


def shown(program: Program, *page: Any, data: dict[str, Any] | None = None, **members: Any) -> ComponentScreen:
    return ComponentScreen(program, program.page(*page, **members), data)


def box(*body: Any, **members: Any) -> Program:
    program = Program()
    program.add("c-box", *body, **members)
    return program


THREE = (el("text", {}, "1"), el("text", {"slot": "a"}, "2"), el("text", {"slot": "b"}, "3"))


@pytest.mark.parametrize(
    ("body", "members", "expected"),
    [
        ((), {}, ""),
        (("x", slot(), "y"), {}, "x123y"),
        (("x", slot("a"), "y", slot(), "z", slot()), {}, "xy123z"),
        (("x", slot("a"), "y", slot("b")), {}, "xy"),
        ((slot("b"), "|", slot(), "|", slot("a")), {"multiple_slots": True}, "3|1|2"),
        ((slot("b"), "|", slot("b"), "|", slot("c")), {"multiple_slots": True}, "3||"),
        ((slot("b"), "|", slot("b"), "|", slot()), {"dynamic_slots": True}, "3|3|1"),
        ((slot("b"), "|", slot("a")), {"multiple_slots": True, "dynamic_slots": True}, "3|2"),
        ((when("{{no}}", slot()), "|", slot()), {}, "|123"),
        ((each("{{2}}", slot(), "|"),), {}, "123||"),
        ((each("{{2}}", slot("a"), "|"),), {"dynamic_slots": True}, "2|2|"),
    ],
)
def test_which_slot_takes_what(body: Any, members: dict[str, Any], expected: str) -> None:
    assert shown(box(*body, **members), el("c-box", {}, *THREE)).text() == expected


def test_content_is_evaluated_where_it_is_written_and_updated_in_place() -> None:
    program = box(el("view", {}, slot()), "{{n}}", data={"n": "inner"})
    screen = shown(
        program, each("{{list}}", el("c-box", {}, "{{index}}{{item}}{{n}}")), data={"list": [7, 8], "n": "page"}
    )
    assert screen.text() == "07pageinner18pageinner"
    assert [operation[0] for operation in screen.update({"list[1]": 9})] == ["text"]


def test_content_keeps_its_nodes_while_slots_come_go_and_change() -> None:
    program = box(
        when(
            "{{on}}",
            el("view", {"class": "one"}, slot()),
            otherwise=(el("view", {"class": "two"}, el("text", {}, slot())),),
        ),
        when("{{last}}", slot()),
        data={"on": True, "last": False},
    )
    screen = shown(program, el("c-box", {"id": "box"}, el("text", {"id": "kept"}, "x"), "y"))
    owner, kept = screen.node(id="box"), screen.node(id="kept")
    for changes in ({"on": False}, {"last": True}, {"on": None, "last": False}, {"on": True}):
        operations = screen.update(changes, owner)
        assert not [operation for operation in operations if operation[:2] == ["remove", kept]]
        assert screen.node(id="kept") == kept
        assert screen.text() == "xy"


def test_content_without_a_slot_lives_in_the_limbo_and_is_kept_up_to_date() -> None:
    program = box(when("{{on}}", el("view", {}, slot())), data={"on": False})
    screen = shown(program, el("c-box", {"id": "box"}, "{{n}}"), data={"n": 1})
    assert (screen.text(), screen.tree.limbo.text_content()) == ("", "1")
    assert [operation[0] for operation in screen.update({"n": 2})] == ["text"]
    screen.update({"on": True}, screen.node(id="box"))
    assert (screen.text(), screen.tree.limbo.text_content()) == ("2", "")
    screen.update({"on": False}, screen.node(id="box"))
    assert (screen.text(), screen.tree.limbo.text_content()) == ("", "2")


def test_new_content_without_a_slot_is_in_the_limbo_at_once() -> None:
    program = box("no slot")
    screen = shown(
        program, each("{{n}}", el("c-box", {}, "{{index}}{{x}}", el("c-box", {}, "in"))), data={"n": 1, "x": ""}
    )
    screen.update({"n": 3})
    assert sorted(node.text_content() for node in screen.tree.limbo.children) == [
        "0",
        "1",
        "2",
        *["in"] * 3,
        *["no slot"] * 3,
    ]
    assert [operation[0] for operation in screen.update({"x": "!"})] == ["text"] * 3


def test_content_goes_with_its_host_wherever_it_is() -> None:
    program = box(when("{{on}}", slot()), properties={"on": ("Boolean", False)})
    for on in (True, False):
        screen = shown(program, when("{{there}}", el("c-box", {"on": "{{on}}"}, "x")), data={"there": True, "on": on})
        screen.update({"there": False})
        assert screen.tree.root.children == screen.tree.limbo.children == []


def test_content_moves_when_the_slot_that_it_names_changes() -> None:
    program = box(el("view", {}, slot("a")), "|", el("view", {}, slot("b")), multiple_slots=True)
    screen = shown(
        program, el("c-box", {}, el("text", {"slot": "{{s}}"}, "x"), el("text", {"slot": "b"}, "y")), data={"s": "a"}
    )
    assert screen.text() == "x|y"
    screen.update({"s": "b"})
    assert screen.text() == "|xy"
    screen.update({"s": "c"})
    assert (screen.text(), screen.tree.limbo.text_content()) == ("|y", "x")


def test_content_moves_when_slots_change_their_names() -> None:
    program = box(slot("{{p}}"), "|", slot("{{q}}"), data={"p": "a", "q": "b"}, multiple_slots=True)
    screen = shown(program, el("c-box", {"id": "box"}, *THREE))
    assert screen.text() == "2|3"
    screen.update({"p": "b", "q": "a"}, screen.node(id="box"))
    assert screen.text() == "3|2"


def test_a_slot_can_be_the_content_of_another_component() -> None:
    program = Program()
    program.add("c-inner", "<", when("{{on}}", slot()), ">", properties={"on": ("Boolean", True)})
    program.add(
        "c-outer", "[", el("c-inner", {"on": "{{on}}"}, "(", slot(), ")"), "]", properties={"on": ("Boolean", True)}
    )
    screen = shown(program, el("c-outer", {"on": "{{on}}"}, el("text", {"id": "x"}, "x")), data={"on": True})
    kept = screen.node(id="x")
    assert screen.text() == "[<(x)>]"
    screen.update({"on": False})
    assert screen.text() == "[<>]"
    screen.update({"on": True})
    assert screen.text() == "[<(x)>]"
    assert screen.node(id="x") == kept


def test_a_forwarded_slot_may_ask_for_a_slot_by_name() -> None:
    program = Program()
    program.add("c-inner", slot("b"), "|", slot("a"), multiple_slots=True)
    program.add("c-outer", el("c-inner", {}, slot("y", {"slot": "a"}), slot("x", {"slot": "b"})), multiple_slots=True)
    page = el("c-outer", {}, el("text", {"slot": "x"}, "X"), el("text", {"slot": "y"}, "Y"))
    assert shown(program, page).text() == "X|Y"


def test_a_dynamic_slot_gives_its_values_to_content_of_its_own() -> None:
    program = box(
        each("{{list}}", el("view", {}, slot("row", {"item": "{{item}}", "nth-row": "{{index}}"})), key="id"),
        properties={"list": ("Array", [])},
        dynamic_slots=True,
    )
    content = el(
        "text", {"slot": "row", "slot:item": "it", "slot:nth-row": "n", "id": "{{it.id}}"}, "{{n}}{{it.v}}{{end}};"
    )
    screen = shown(program, el("c-box", {"list": "{{list}}"}, content, "lost"), data={
        "list": [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}], "end": "."})  # fmt: skip
    assert screen.text() == "0a.;1b.;"
    assert screen.tree.limbo.children == []
    assert [operation[0] for operation in screen.update({"list[1].v": "c"})] == ["text"]
    assert [operation[0] for operation in screen.update({"end": "!"})] == ["text", "text"]
    kept = screen.node(id="2")
    screen.update({"list": [{"id": 2, "v": "c"}, {"id": 3, "v": "d"}]})
    assert screen.text() == "0c!;1d!;"
    assert screen.node(id="2") == kept


def test_components_in_the_content_of_dynamic_slots_come_and_go_with_the_slot() -> None:
    program = Program()
    program.add("c-leaf", "{{v}}", properties={"v": ("String", "")})
    program.add(
        "c-box", each("{{n}}", slot("", {"v": "{{index}}"})), properties={"n": ("Number", 2)}, dynamic_slots=True
    )
    screen = shown(program, el("c-box", {"n": "{{n}}"}, el("c-leaf", {"v": "{{x}}", "slot:v": "x"})), data={"n": 1})
    screen.effects()
    screen.update({"n": 2})
    (_, (kind, new, owner, path, passed, _)) = screen.effects()
    assert (kind, owner, path, passed) == ("create", 0, "components/c-leaf", {"v": "1"})
    screen.update({"n": 1})
    assert screen.effects()[1:] == [["remove", new]]
    assert screen.text() == "0"


def test_slots_that_change_places_keep_what_is_for_them() -> None:
    program = box(each("{{list}}", el("view", {}, "{{item}}", slot("{{item}}")), key="*this"),
                  data={"list": ["a", "b"]}, multiple_slots=True)  # fmt: skip
    screen = shown(program, el("c-box", {"id": "box"}, *THREE))
    assert screen.text() == "a2b3"
    operations = screen.update({"list": ["b", "c", "a"]}, screen.node(id="box"))
    assert screen.text() == "b3ca2"
    assert not [operation for operation in operations if operation[0] == "remove"]


def test_the_first_of_slots_with_one_name_takes_the_content_even_when_they_change_places() -> None:
    program = box(each("{{list}}", el("view", {}, "{{item}}", slot()), key="*this"), data={"list": ["a", "b"]})
    screen = shown(program, el("c-box", {"id": "box"}, "x"))
    owner = screen.node(id="box")
    assert screen.text() == "axb"
    screen.update({"list": ["b", "a"]}, owner)
    assert screen.text() == "bxa"
    screen.update({"list": ["a"]}, owner)
    assert screen.text() == "ax"


def test_a_virtual_host_has_no_node_but_what_is_in_it() -> None:
    program = box("[", slot(), when("{{on}}", el("text", {}, "more")), "]", virtual_host=True, data={"on": False})
    screen = shown(
        program,
        el("view", {}, "a", el("c-box", {"id": "box", "class": "no", "bind:tap": "t"}, el("text", {}, "b")), "c"),
    )
    assert screen.outline() == [["view", {}, [], ["a", "[", ["text", {}, ["tap"], ["b"]], "]", "c"]]]
    (created,) = screen.effects()
    screen.update({"on": True}, created[1])
    assert screen.outline()[0][3] == ["a", "[", ["text", {}, ["tap"], ["b"]], ["text", {}, ["tap"], ["more"]], "]", "c"]
    calls = screen.view.route(screen.tree.root.children[0].children[2].id, "tap")
    assert [(call.handler, call.node, call.owner) for call in calls] == [("t", created[1], 0)]
    assert screen.view.describe(created[1]).virtual  # type: ignore[union-attr]


def test_content_may_come_from_templates_loops_and_branches() -> None:
    program = box(slot("b"), "|", slot("a"), "|", slot(), multiple_slots=True)
    page = el(
        "c-box", {}, use("t", "{v: n}"),
        each("{{list}}", el("text", {"slot": "{{item}}"}, "{{index}}"), when("{{index}}", "+")),
        when("{{n}}", el("text", {"slot": "b"}, "n")),
    )  # fmt: skip
    templates = {"t": [el("text", {"slot": "a"}, "T{{v}}"), "t"]}
    screen = shown(program, page, data={"n": 1, "list": ["a", "b"]}, templates=templates)
    assert screen.text() == "1n|T10|t+"
    screen.update({"list": ["b", "a", ""], "n": 0})
    assert screen.text() == "0|T01|t+2+"


def test_a_page_has_no_content_for_a_slot() -> None:
    assert shown(Program(), "a", slot(), "b").text() == "ab"


def test_a_screen_that_comes_later_gets_what_is_in_the_limbo_too() -> None:
    program = box(when("{{on}}", slot()), properties={"on": ("Boolean", False)})
    screen = shown(program, el("c-box", {"on": "{{on}}"}, "a", el("text", {}, "b")), data={"on": False})
    later = MirrorTree()
    later.apply(screen.view.snapshot())
    assert sorted(node.text_content() for node in later.limbo.children) == ["a", "b"]
    later.apply(screen.update({"on": True}))
    assert later.root.text_content() == "ab"


def test_a_dynamic_slot_that_is_renamed_gets_other_content() -> None:
    program = box(slot("{{s}}", {"v": "{{s}}"}), properties={"s": ("String", "")}, dynamic_slots=True)
    content = [el("text", {"slot": name, "slot:v": "v"}, f"{name}{{{{v}}}}") for name in ("a", "b")]
    screen = shown(program, el("c-box", {"s": "{{s}}"}, *content, "rest"), data={"s": "a"})
    assert screen.text() == "aa"
    screen.update({"s": "b"})
    assert screen.text() == "bb"
    screen.update({"s": ""})
    assert screen.text() == "rest"


def test_content_of_a_dynamic_slot_that_asks_for_another_slot_goes_and_comes_back() -> None:
    program = box(slot("a"), "|", slot("b"), dynamic_slots=True)
    screen = shown(program, el("c-box", {}, el("text", {"slot": "{{s}}"}, "x")), data={"s": "a"})
    for name, expected in (("b", "|x"), ("c", "|"), ("a", "x|")):
        screen.update({"s": name})
        assert screen.text() == expected


def test_components_that_move_tell_those_in_them_first() -> None:
    program = Program()
    program.add("c-leaf", "x")
    program.add("c-box", el("c-leaf"), slot())
    page = each("{{list}}", el("view", {}, el("c-box", {}, el("c-leaf"))), key="*this")
    screen = shown(program, page, data={"list": [1, 2]})
    created = [effect[1] for effect in screen.effects()]
    screen.update({"list": [2, 3, 1]})
    moved = [effect[1] for effect in screen.effects() if effect[0] == "move"]
    assert moved in ([created[2], created[1], created[0]], [created[5], created[4], created[3]])


def test_what_is_in_the_place_of_components_without_nodes_listens_for_all_of_them() -> None:
    program = Program()
    program.add("c-in", slot("a"), multiple_slots=True, virtual_host=True)
    program.add("c-out", el("c-in", {"bind:tap": "mid"}, slot("", {"slot": "a"})), virtual_host=True)
    screen = shown(program, el("c-out", {"bind:touchstart": "far"}, el("text", {"bind:longpress": "own"}, "x")))
    (node,) = screen.tree.root.children
    assert sorted(node.events) == ["longpress", "tap", "touchstart"]
    assert [call.handler for call in screen.view.route(node.id, "tap")] == ["mid"]


def test_content_listens_to_what_is_around_it_where_it_is_now() -> None:
    program = Program()
    program.add("c-in", slot(), virtual_host=True)
    program.add("c-out", when("{{on}}", el("c-in", {"bind:tap": "mid"}, slot()), otherwise=(slot(),)),
                properties={"on": ("Boolean", False)})  # fmt: skip
    screen = shown(program, el("c-out", {"on": "{{on}}"}, el("text", {"id": "x"}, "x")), data={"on": False})
    kept = screen.node(id="x")
    assert screen.tree.nodes[kept].events == []
    screen.update({"on": True})
    assert screen.tree.nodes[kept].events == ["tap"]
    assert [call.handler for call in screen.view.route(kept, "tap")] == ["mid"]
    screen.update({"on": False})
    assert screen.tree.nodes[kept].events == []
