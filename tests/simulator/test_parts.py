"""The parts of the simulator that need no board: gate, network log, builds, faults, watching."""

import asyncio
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.host.board import find_board
from device_runtime.program.manifest import Manifest, read_manifest
from device_runtime.values import Value
from firmware_tools.simulator.boards import for_a_desk, run_state, with_size
from firmware_tools.simulator.building import Build, Builder, themed
from firmware_tools.simulator.faults import Place, Sources
from firmware_tools.simulator.gate import Rules, WatchedGate
from firmware_tools.simulator.inspector import Inspector, template_names
from firmware_tools.simulator.network import PREVIEW_CHARACTERS, NetworkLog, origin_of, preview, size_of
from firmware_tools.simulator.watching import watch_folder
from tests.simulator.shop import write_shop


def manifest(permissions: tuple[str, ...] = (), request: tuple[str, ...] = ()) -> Manifest:
    return read_manifest(
        {
            "app_id": "test",
            "name": "test",
            "version": {"code": 1, "name": "1"},
            "platform_version": {"min_code": 1},
            "pages": ["page"],
            "req_permissions": [{"name": name} for name in permissions],
            "cygnet": {"network": {"request": list(request)}},
        }
    )


class Heard:
    """A watcher that keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str | None, Value, str | None]] = []
        self.events: list[Value] = []
        self._open: dict[int, tuple[str, str | None]] = {}

    def call_started(self, call: int, name: str, permission: str | None, arguments: Mapping[str, Value]) -> None:
        assert isinstance(arguments, dict)
        self._open[call] = (name, permission)

    def call_ended(self, call: int, value: Value, reason: str | None, milliseconds: float) -> None:
        assert milliseconds >= 0
        self.calls.append((*self._open.pop(call), value, reason))

    def task_event(self, name: str, payload: Value) -> None:
        self.events.append([name, payload])


async def ask(rules: Rules, name: str, asked_for: Manifest, **arguments: Value) -> tuple[Value, Heard]:
    heard = Heard()

    async def request(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        await caller.emit("task", {"of": arguments.get("url")})
        return [*caller.manifest.request_domains]

    async def kind(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        return {"networkType": "wifi"}

    gate = WatchedGate([Capability("request", request, "request"), Capability("getNetworkType", kind)], rules, heard)
    try:
        return await gate.invoke(Caller("test", asked_for), name, arguments), heard
    except CapabilityError as error:
        return str(error), heard


A, B = "https://a.example", "https://b.example"
ASKS = manifest(("request",))
DECLARES = manifest(("request",), (A,))
NOT_ASKED = "the manifest does not ask for the permission request"


@pytest.mark.parametrize(
    ("rules", "asked_for", "answer"),
    [
        (Rules(), DECLARES, [A]),
        (Rules(), manifest(), NOT_ASKED),
        (Rules(permissions={"request": True}), manifest(), []),
        (Rules(permissions={"request": False}), ASKS, NOT_ASKED),
        (Rules(origins={"request": {B: True}, "socket": {}}), DECLARES, [A, B]),
        (Rules(origins={"request": {A: False}, "socket": {}}), DECLARES, []),
        (Rules(offline=True), ASKS, "no address for a.example: the device is offline"),
    ],
)
async def test_a_call_is_decided_by_the_manifest_and_by_what_the_developer_chose(
    rules: Rules, asked_for: Manifest, answer: Value
) -> None:
    got, heard = await ask(rules, "request", asked_for, url="https://a.example/x")

    assert got == answer
    ((name, permission, value, reason),) = heard.calls
    assert (name, permission) == ("request", "request")
    assert (value if reason is None else reason) == answer


async def test_what_a_provider_tells_the_program_is_heard_and_passed_on() -> None:
    _, heard = await ask(Rules(), "request", manifest(("request",)), url="u")
    assert heard.events == [["task", {"of": "u"}]]


async def test_an_offline_board_says_that_it_has_no_network() -> None:
    assert (await ask(Rules(offline=True), "getNetworkType", manifest()))[0] == {"networkType": "none"}
    assert (await ask(Rules(), "getNetworkType", manifest()))[0] == {"networkType": "wifi"}


async def test_a_call_that_nobody_offers_is_told_too() -> None:
    got, heard = await ask(Rules(), "teleport", manifest())
    assert got == "not supported on this host"
    assert heard.calls == [("teleport", None, None, "not supported on this host")]


# ------------------------------------------------------------------ network


def network() -> tuple[NetworkLog, list[dict[str, Any]]]:
    told: list[dict[str, Any]] = []
    return NetworkLog(told.append, lambda: 1.0), told


def test_a_download_keeps_its_headers_and_its_file() -> None:
    log, told = network()
    log.started(1, "downloadFile", {"url": "https://a.example/f", "task": "download-1"})
    log.task_event({"task": "download-1", "event": "headers", "detail": {"header": {"A": "b"}}})
    log.task_event({"task": "download-1", "event": "progress", "detail": {"totalBytesWritten": 70}})
    log.ended(1, {"statusCode": 200, "tempFilePath": "wxfile://tmp/1.bin"}, None, 12.0)

    assert [entry["state"] for entry in told] == ["pending", "pending", "pending", "done"]
    entry = log.entry(1)
    assert entry is not None
    assert (entry["response_header"], entry["received"], entry["response_body"]) == (
        {"A": "b"},
        70,
        "wxfile://tmp/1.bin",
    )


def test_what_is_told_at_each_change_has_no_bodies() -> None:
    log, told = network()
    log.started(1, "request", {"url": "u", "data": "x" * 1000})
    assert "request_body" not in told[0]
    assert told[0]["sent"] == 1000


def test_what_is_under_way_ends_with_its_program_and_clearing_keeps_it_until_then() -> None:
    log, told = network()
    log.started(1, "connectSocket", {"url": "wss://a.example", "task": "socket-1"})
    log.ended(1, None, None, 1.0)
    log.task_event({"task": "socket-1", "event": "open", "detail": {}})
    log.started(2, "request", {"url": "u"})
    log.ended(2, {"statusCode": 204}, None, 1.0)
    log.clear()
    assert [entry["url"] for entry in log.entries] == ["wss://a.example"]

    log.program_ended()
    assert (told[-1]["state"], told[-1]["reason"]) == ("closed", "the program ended")


@pytest.mark.parametrize(
    "payload",
    [None, [], {}, {"task": 1, "event": "open", "detail": {}}, {"task": "gone", "event": "open", "detail": {}}],
)
def test_events_of_no_known_task_are_passed_over(payload: Value) -> None:
    log, told = network()
    log.task_event(payload)
    assert told == []


def test_bodies_are_previewed_and_measured() -> None:
    assert preview(b"\x01\xff") == "2 bytes: 01 ff"
    assert preview({"a": b"\x01"}) == '{\n  "a": "1 bytes"\n}'
    assert preview("x" * (PREVIEW_CHARACTERS + 1)).endswith(f"… ({PREVIEW_CHARACTERS + 1} characters)")
    assert (size_of("é"), size_of(b"12"), size_of({"a": 1}), size_of(None)) == (2, 2, 8, 0)
    assert origin_of("https://user@a.example:8/x") == "https://a.example:8"
    assert origin_of("no address") == ""


# ------------------------------------------------------------------ building


def test_what_has_changed_decides_what_is_done(tmp_path: Path) -> None:
    write_shop(tmp_path)
    builder = Builder(tmp_path, Ed25519PrivateKey.generate())
    first = builder.build()
    assert first.change_from(None) == "identity"
    (tmp_path / "notes.md").write_text("not packed")
    assert builder.build().change_from(first) == "nothing"
    (tmp_path / "app.wxss").write_text("page { color: red }")
    second = builder.build()
    assert second.change_from(first) == "styles"
    (tmp_path / "app.js").write_text("App({})")
    assert builder.build().change_from(second) == "program"
    assert other_id(second).change_from(second) == "identity"


def other_id(build: Build) -> Build:
    return dataclasses.replace(build, manifest=dataclasses.replace(build.manifest, app_id="other"))


ALWAYS, NEVER = b"(min-width: 0)", b"(max-width: 0)"


@pytest.mark.parametrize(("theme", "dark", "light"), [("dark", ALWAYS, NEVER), ("light", NEVER, ALWAYS)])
def test_the_theme_of_the_board_decides_conditions_in_styles(theme: Any, dark: bytes, light: bytes) -> None:
    style = b"@media (prefers-color-scheme: dark) { a {} } @media ( prefers-color-scheme :light ) { b {} }"
    assert themed(style, theme) == b"@media " + dark + b" { a {} } @media " + light + b" { b {} }"


def test_a_board_on_a_desk_has_its_sound_in_the_browser() -> None:
    board = for_a_desk(find_board("rpi4-headunit"), port=1, voice=False, listen="127.0.0.1")
    assert (board.audio.microphone, board.audio.speaker, board.voice.enabled) == ("screen", "screen", False)
    assert (board.screen.port, board.screen.width) == (1, 1024)
    assert (with_size(board, 390, 844).screen.height, with_size(board, 390, 844).screen.rpx) == (844, None)


def test_what_a_program_stores_has_its_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert run_state("com.example.shop") == tmp_path / "cygnet/run/com.example.shop"


def test_names_that_a_template_reads_are_found_wherever_they_are() -> None:
    document = {
        "body": [["if", [[["variable", "a"], [["text", ["member", ["variable", "b"], ["constant", "c"]]]]]]]],
        "templates": [[["for", ["variable", "d"], "item", "index", None, "f:1", [["text", ["variable", "item"]]]]]],
        "scopes": [{"name": 0}],
    }
    assert template_names(document) == {"a", "b", "d", "item"}


# ------------------------------------------------------------------ faults


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    write_shop(tmp_path / "shop")
    return Sources(tmp_path / "shop", tmp_path / "shop")


@pytest.mark.parametrize(
    ("message", "sentence", "place"),
    [
        ("pages/index/index.wxml:3:5: a value is missing", "a value is missing", Place("pages/index/index.wxml", 3, 5)),
        ("app.js:1: must be", "must be", Place("app.js", 1)),
        ("nowhere.js:1:2: no", "nowhere.js:1:2: no", None),
        ("the voice is faulty", "the voice is faulty", None),
        ("../outside.js:1:1: no", "../outside.js:1:1: no", None),
    ],
)
def test_the_place_of_a_build_error_is_read(
    sources: Sources, tmp_path: Path, message: str, sentence: str, place: Place | None
) -> None:
    (tmp_path / "outside.js").write_text("x")
    fault = sources.build_fault(message)
    assert (fault.sentence, fault.place) == (sentence, place)
    assert bool(fault.excerpt) == (place is not None)


def test_an_absolute_path_becomes_one_inside_the_program(sources: Sources, tmp_path: Path) -> None:
    fault = sources.build_fault(f"{tmp_path}/shop/app.js:1:4: unexpected token")
    assert fault.place == Place("app.js", 1, 4)


def test_the_excerpt_has_three_lines_around(sources: Sources) -> None:
    numbers = [number for number, _ in sources.build_fault("pages/index/index.js:10:1: no").excerpt]
    assert numbers == [7, 8, 9, 10, 11, 12, 13]
    assert sources.build_fault("app.js:1:1: no").excerpt[0][0] == 1
    assert sources.build_fault("app.js:999:1: no").excerpt == []


def test_a_runtime_error_is_read_with_its_frames(sources: Sources) -> None:
    text = "TypeError: no\n    at a.b (app.js:1:2)\n    at pages/index/index.js:3:4\n    in onTap of pages/index/index"
    fault = sources.runtime_fault("runtime", text, "app.js:1:2")
    assert (fault.sentence, fault.place, fault.where) == (
        "TypeError: no",
        Place("app.js", 1, 2),
        "onTap of pages/index/index",
    )
    assert fault.frames == [("a.b", Place("app.js", 1, 2)), ("", Place("pages/index/index.js", 3, 4))]


def test_an_error_of_a_compiled_template_points_at_its_source(sources: Sources) -> None:
    fault = sources.runtime_fault("runtime", "it is too deep", "pages/index/index.view")
    assert fault.place == Place("pages/index/index.wxml", 1)


# ------------------------------------------------------------------ inspector and watching


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"kind": "format"},
        {"kind": "turn"},
        {"kind": "turn", "cause": 1, "ms": 1, "calls": [], "sets": []},
        {"kind": "turn", "cause": "tap", "ms": 1, "calls": [], "patches": [], "sets": [{"page": "x"}]},
        {"kind": "stack", "pages": [1]},
        {"kind": "page", "page": "x", "owner": 0, "what": "data", "text": "{}"},
        {"kind": "page", "page": 1, "what": "data", "text": "{}"},
        {"kind": "page", "page": 1, "owner": 0, "what": "secrets", "text": "{}"},
        {"kind": "console", "text": 1, "values": ""},
    ],
)
def test_what_a_worker_should_not_say_is_dropped(sources: Sources, payload: dict[str, Value]) -> None:
    told: list[dict[str, Any]] = []
    inspector = Inspector(told.append, lambda text, source: sources.runtime_fault("runtime", text, source))
    inspector.inspect("test", payload)
    assert [message for message in told if message["type"] in ("page", "console") or message.get("sets")] == []
    assert inspector.pages == []


def test_of_a_turn_only_what_is_well_formed_and_short_is_kept(sources: Sources) -> None:
    inspector = Inspector(lambda _: None, lambda text, source: sources.runtime_fault("runtime", text, source))
    calls: list[Value] = [["a", 1], ["b", "2"], ["c"], 4, ["d" * 9000, 1.5]]
    facts: dict[str, Value] = {"owner": 4, "component": "c/c", "keys": ["k", 2, "w.x"], "watched": ["w.x", 3]}
    sets: list[Value] = [{"page": 1, **facts, "bytes": 70_000, "patch_bytes": 0, "ms": "soon"}, {"page": 1}, 3]
    inspector.template_names = {"c/c": frozenset("a")}
    inspector.inspect(
        "test",
        {"kind": "turn", "cause": "tap", "ms": "x", "calls": calls, "patches": [[1, 2, 3], [1, True, 3]], "sets": sets},
    )
    (turn,), (called,) = inspector.turns, inspector.sets
    assert [name[:5] for name, _ in turn["calls"]] == ["a", "ddddd"]
    assert len(turn["calls"][1][0]) == 500
    assert (turn["patches"], turn["ms"]) == ([[1, 2, 3]], None)
    assert (called["keys"], called["large"], called["ms"]) == (["k", "w.x"], True, None)
    assert (called["owner"], called["component"], called["unread"]) == (4, "c/c", ["k"])


async def test_saved_files_are_heard_of_once_and_what_editors_leave_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "dist" / "shop"  # a name that is passed over below the source
    folder.mkdir(parents=True)
    ended = asyncio.Event()
    changes = watch_folder(folder.resolve(), ended)
    first = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    for name in ("node_modules/a.js", ".git/index", "a.js~", "shop.ma", ".a.js.swp"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    for number in range(20):
        (folder / f"{number}.js").write_text("x")

    heard = {Path(path).name for path in await asyncio.wait_for(first, 20)}
    assert heard <= {f"{number}.js" for number in range(20)}
    assert heard
    ended.set()
    async for _ in changes:  # it ends by itself
        pass
