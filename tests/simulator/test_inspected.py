"""What an inspected worker tells of itself, and that no other worker may."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from device_runtime.program.session import ProgramSession
from device_runtime.program.sessions import WORKER_ENTRY, Sessions
from device_runtime.values import Value
from device_runtime.view.mirror import MirrorTree
from firmware_tools.simulator.inspected import ENTRY, json_text
from tests.program.components import PAGE, component, made, page
from tests.program.running import Program, Recorder, button, program, surroundings, text, variable, view

_PAGE = """
Page({
  data: { n: 0, list: [] },
  onTap() {
    this.setData({ n: 1, 'list[1].done': true });
    this.setData({ n: 2 });
  },
});
"""
_VIEW = view(button("onTap"), text("n"), ["text", ["join", [variable("list")]]])


@dataclass
class Inspected:
    """Sessions of inspected workers, and what these told."""

    sessions: Sessions
    heard: Recorder
    told: list[dict[str, Any]] = field(default_factory=list)

    async def run(self, source: Program, path: str = "") -> ProgramSession:
        return await self.sessions.launch(source, path)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [payload for payload in self.told if payload["kind"] == kind]

    async def turn(self, cause: str) -> dict[str, Any]:
        """Wait for a turn with this cause."""
        return await self.heard.until(lambda: next((turn for turn in self.of("turn") if turn["cause"] == cause), None))


@pytest.fixture
async def inspected() -> AsyncIterator[Inspected]:
    heard = Recorder()
    told: list[dict[str, Any]] = []

    def inspect(_: str, payload: Mapping[str, Value]) -> None:
        told.append(dict(payload))

    sessions = Sessions(surroundings(heard, inspect=inspect), ENTRY)
    await sessions.start()
    yield Inspected(sessions, heard, told)
    await sessions.close()


async def test_a_turn_tells_its_cause_calls_and_patches(inspected: Inspected) -> None:
    session = await inspected.run(program({"page": _PAGE}, views={"page": _VIEW}))
    launch = await inspected.turn("launch")
    assert [what for what, _ in launch["calls"]][:4] == ["the launch", "app.js", "a route", "onLoad of page"]
    assert launch["patches"][0][0] == 1

    session.node_event(1, 1, "tap", {}, [], 0.0)
    turn = await inspected.turn("tap")

    assert [what for what, _ in turn["calls"]] == ["the handler onTap"]
    assert 0 < turn["patch_ms"] <= turn["ms"]
    ((page, operations, size),) = turn["patches"]
    assert (page, operations) == (1, len(inspected.heard.patches[session.app_id][-1][1]))
    assert size > 20


async def test_each_set_data_tells_its_keys_its_bytes_and_those_of_its_patch(inspected: Inspected) -> None:
    session = await inspected.run(program({"page": _PAGE}, views={"page": _VIEW}))
    session.node_event(1, 1, "tap", {}, [], 0.0)
    first, second = (await inspected.turn("tap"))["sets"]

    assert (first["page"], first["owner"], first["component"]) == (1, 0, "")
    assert (first["keys"], first["bytes"]) == (["n", "list[1].done"], len('{"n":1,"list[1].done":true}'))
    assert (second["keys"], second["bytes"]) == (["n"], len('{"n":2}'))
    assert first["patch_bytes"] == second["patch_bytes"] > 0, "both went out in one patch"


async def test_what_changes_nothing_on_the_screen_has_no_patch(inspected: Inspected) -> None:
    page = "Page({ data: {}, onTap() { this.setData({ hidden: 'x' }); } });"
    session = await inspected.run(program({"page": page}, views={"page": view(button("onTap"))}))
    session.node_event(1, 1, "tap", {}, [], 0.0)
    turn = await inspected.turn("tap")

    assert (turn["patch_ms"], turn["patches"], turn["sets"][0]["patch_bytes"]) == (None, [], 0)


async def test_waiting_for_the_host_is_told_apart(inspected: Inspected) -> None:
    page = "Page({ onTap() { wx.setStorageSync('a', 1); } });"
    session = await inspected.run(program({"page": page}, views={"page": view(button("onTap"))}))
    session.node_event(1, 1, "tap", {}, [], 0.0)
    turn = await inspected.turn("tap")

    assert 0 < turn["waited_ms"] <= turn["ms"]


async def test_the_stack_is_told_with_its_queries(inspected: Inspected) -> None:
    pages = {"a": "Page({})", "b": "Page({ onLoad() { wx.navigateTo({ url: '/a?x=1' }); } })"}
    await inspected.run(program(pages), "b?of=a%20b")
    told = await inspected.heard.until(lambda: inspected.of("stack")[1:] or None)

    assert [(page["route"], page["query"]) for page in told[0]["pages"]] == [("b", {"of": "a b"}), ("a", {"x": "1"})]


async def test_console_lines_bring_their_values(inspected: Inspected) -> None:
    values = "'n', 1.5, null, [1, [2]], { a: { b: 'c' } }, new Map([['k', 1]]), new Error('no'), () => 1"
    session = await inspected.run(program({"page": f"console.log({values}); Page({{}})"}))
    await inspected.heard.line(session, "n 1.5 null")
    (line,) = inspected.of("console")
    trees = json.loads(line["values"])

    assert [tree[0] for tree in trees] == ["string", "number", "null", "array", "object", "object", "error", "function"]
    assert trees[3][1:3] == [
        "Array(2)",
        [["0", ["number", "1"]], ["1", ["array", "Array(1)", [["0", ["number", "2"]]], 0]]],
    ]
    assert trees[4][2] == [["a", ["object", "Object", [["b", ["string", "c"]]], 0]]]
    assert trees[5][1:3] == ["Map(1)", [['"k"', ["number", "1"]]]]
    assert trees[6][1].startswith("Error: no\n    at page.js:1:")
    assert line["text"] == inspected.heard.lines(session)[0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("(() => { const o = { a: 1 }; o.self = o; return o; })()", ["circular", "[Circular]"]),
        (
            "Object.defineProperty({}, 'x', { enumerable: true, get() { throw new Error('read'); } })",
            ["getter", "[Getter]"],
        ),
        ("new Proxy({}, { ownKeys() { throw new Error('asked'); } })", None),
        ("'x'.repeat(100000)", None),
        ("Array.from({ length: 5000 }, (_, i) => ({ i }))", None),
        ("{ get [Symbol.toStringTag]() { throw 1; } }", None),
    ],
)
async def test_no_value_can_break_a_line_or_make_it_large(
    inspected: Inspected, value: str, expected: list[str] | None
) -> None:
    session = await inspected.run(program({"page": f"console.log('it', {value}); console.log('after'); Page({{}})"}))
    await inspected.heard.line(session, "after")
    line = inspected.of("console")[0]

    assert inspected.heard.errors(session) == []
    assert len(line["values"]) < 100_000
    if expected is not None:
        assert json.loads(line["values"])[1][2][-1][1] == expected


async def test_the_data_and_the_nodes_of_a_page_are_told_when_they_are_asked_for(inspected: Inspected) -> None:
    source = "Page({ data: { n: 1, a: [{ b: null }] } })"
    session = await inspected.run(program({"page": source}, views={"page": view(button("onTap"), text("n"))}))
    session.inspect(page=99, owner=0, what="data")  # gone: no answer
    session.inspect(page=1, owner=7, what="data")
    session.inspect(page=1, owner=0, what="data")
    session.inspect(page=1, owner=0, what="nodes")
    data, nodes = await inspected.heard.until(lambda: inspected.of("page")[1:] and inspected.of("page"))

    assert (data["page"], data["owner"], data["what"]) == (1, 0, "data")
    assert json.loads(data["text"]) == {"properties": {}, "data": {"n": 1, "a": [{"b": None}]}}
    assert nodes["what"] == "nodes"
    first, second = json.loads(nodes["text"])
    assert (first[1], first[2], first[3]) == ("button", {"id": "the-id"}, ["tap"])
    assert second[1] == "1"


_CARD = """
Component({
  properties: { title: String, size: { type: Number, observer() {} } },
  data: { open: false, seen: 0, list: [] },
  observers: { 'seen, list[0].n': function () {} },
  methods: {
    onTap() {
      this.setData({ open: true, seen: 1, 'list[0].n': 2, lost: 3, title: 'other' });
    },
  },
});
"""
_CARD_PAGE = """
Component({
  properties: { of: String },
  observers: { '**': function () {} },
  methods: { onTap() { this.setData({ unread: 1 }); } },
});
"""


def _cards() -> Program:
    return made(
        page('<card id="c" bindtap="onTap"><chip/></card>', _CARD_PAGE, card="/c/card", chip="/c/chip"),
        component("c/card", '<view id="v" bindtap="onTap">{{title}}{{open}}<chip/><slot/></view>', _CARD, chip="chip"),
        component("c/chip", "a<text>b</text>", "Component({ options: { virtualHost: true } })"),
    )


async def test_set_data_of_a_component_tells_its_path_and_which_keys_code_watches(inspected: Inspected) -> None:
    session = await inspected.run(_cards())
    tree = MirrorTree()
    for _, operations, _ in inspected.heard.patches[session.app_id]:
        tree.apply(operations)
    session.node_event(1, tree.find(id="v").id, "tap", {}, [], 0.0)
    first, of_page = (await inspected.turn("tap"))["sets"]

    assert (first["owner"], first["component"]) == (tree.find(id="c").id, "c/card")
    assert first["keys"] == ["open", "seen", "list[0].n", "lost", "title"]
    assert first["watched"] == ["seen", "list[0].n", "title"]
    assert first["patch_bytes"] > 0
    assert (of_page["owner"], of_page["component"], of_page["watched"]) == (0, "", ["unread"]), "it observes all"


async def test_components_are_told_with_what_they_use_and_what_they_hold(inspected: Inspected) -> None:
    session = await inspected.run(_cards(), f"{PAGE}?of=all")
    session.inspect(page=1, owner=0, what="components")
    (told,) = await inspected.heard.until(lambda: inspected.of("page"))
    card, chip = json.loads(told["text"])

    assert (card[1:4], chip[1:]) == (["card", "c/card", False], ["chip", "c/chip", True, []])
    ((inner, *facts),) = card[4]
    assert facts == ["chip", "c/chip", True, []]
    assert len({card[0], chip[0], inner}) == 3

    session.inspect(page=1, owner=card[0], what="data")
    session.inspect(page=1, owner=0, what="data")
    of_card, of_page = await inspected.heard.until(lambda: inspected.of("page")[2:] and inspected.of("page")[1:])
    assert json.loads(of_card["text"]) == {
        "properties": {"title": "", "size": 0},
        "data": {"open": False, "seen": 0, "list": []},
    }
    assert of_card["owner"] == card[0]
    assert json.loads(of_page["text"])["data"] == {"of": "all"}


async def test_hosts_are_marked_among_the_nodes_and_virtual_ones_stand_around_theirs(inspected: Inspected) -> None:
    session = await inspected.run(_cards())
    session.inspect(page=1, owner=0, what="nodes")
    (told,) = await inspected.heard.until(lambda: inspected.of("page"))
    (card,) = json.loads(told["text"])

    assert (card[1], card[5]) == ("card", {"path": "c/card", "virtual": False})
    (inside,) = card[4]
    text, own, passed = inside[4]
    assert (inside[1], len(inside), text[1]) == ("view", 5, "false")
    for chip in (own, passed):
        assert (chip[1], chip[5]) == ("chip", {"path": "c/chip", "virtual": True})
        assert (chip[4][0][1], chip[4][1][1]) == ("a", "text")
    assert own[0] != passed[0]


async def test_storage_that_the_developer_changed_is_read_by_the_program(inspected: Inspected) -> None:
    page = "Page({ onTap() { console.log(wx.getStorageInfoSync().keys.join(), wx.getStorageSync('a')); } })"
    session = await inspected.run(program({"page": page}, views={"page": view(button("onTap"))}))
    changes: list[dict[str, Value]] = [
        {"key": "a", "value": {"b": 1}, "removed": False},
        {"key": "c", "value": 2, "removed": False},
        {"key": "c", "value": None, "removed": True},
    ]
    for change in changes:
        session.capability_event("storageEdited", change)
    session.node_event(1, 1, "tap", {}, [], 0.0)
    await inspected.heard.line(session, "a { b: 1 }")

    session.capability_event("storageEdited", {"key": None, "value": None, "removed": True})
    session.node_event(1, 1, "tap", {}, [], 0.0)
    await inspected.heard.until(lambda: inspected.heard.lines(session)[1:] or None)
    assert inspected.heard.lines(session)[1].strip() == ""


async def test_a_worker_that_tells_unasked_is_ended() -> None:
    heard = Recorder()
    sessions = Sessions(surroundings(heard), ENTRY)  # the host does not want to hear
    try:
        source = program({"page": "Page({})"})
        with pytest.raises(Exception, match="a worker may not send"):
            await sessions.launch(source)
    finally:
        await sessions.close()


def test_devices_run_the_plain_worker() -> None:
    assert WORKER_ENTRY == "device_runtime.program.worker:prepare"


def test_long_data_are_cut_and_what_json_cannot_say_is_named() -> None:
    assert json.loads(json_text({"n": float("nan"), "m": [float("-inf")]})) == {"n": "NaN", "m": ["-Infinity"]}
    cut = json.loads(json_text({"list": [{"text": "x" * 5000}] * 500, "deep": 1}))
    assert len(cut["list"]) == 101
    assert cut["list"][100] == "… 400 more"
    assert cut["list"][0]["text"].endswith("… (5000 characters)")
