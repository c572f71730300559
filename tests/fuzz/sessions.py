"""What the host does with any frame of a worker: it goes on, or ends the program with a sentence."""

import asyncio
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgpack

from device_runtime.capability.registry import Capability, CapabilityGate
from device_runtime.engine.frames import Patch
from device_runtime.engine.workers import WorkerFactory
from device_runtime.host.desk import Desk
from device_runtime.host.screen.connection import encode
from device_runtime.program.manifest import parse_manifest
from device_runtime.program.session import ProgramSession
from device_runtime.program.surroundings import Surroundings
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.values import Value
from device_runtime.view.mirror import MirrorError, MirrorTree
from tests.fuzz import frames
from tests.fuzz.choices import Choices
from tests.fuzz.documents import mutated, nested, value, written
from tests.fuzz.manifests import SMALL
from tests.fuzz.refusals import check_sentence

SEEDS: list[bytes] = []
_PAGE = {"id": 1, "route": "a", "window": {"navigationBarTitleText": "A"}, "styles": ["c.css"]}
_PAYLOADS: list[tuple[str, dict[str, Any]]] = [
    ("stack", {"pages": [_PAGE], "transition": "push", "target": ""}),
    ("stack", {"pages": [_PAGE, {**_PAGE, "id": 2}], "transition": "none", "target": "screen 1"}),
    ("answer", {"id": 1, "speech": "yes", "error": None}),
    ("ready", {}),
    ("inspect", {"turn": 1}),
]
_PATCHES: list[list[Any]] = [frame.operations for frame in frames.FRAMES if isinstance(frame, Patch)]


def feed(data: bytes) -> None:
    choices = Choices(data)
    check(b"".join(_frame(choices) for _ in range(choices.below(4) + 1)))


def _frame(choices: Choices) -> bytes:
    match choices.below(5):
        case 0:
            return frames.body(choices)
        case 1:
            name, payload = choices.pick(_PAYLOADS)
            items: list[Any] = ["event", name, mutated([payload], choices)]
        case 2:
            items = ["patch", value(choices, [1]), mutated(_PATCHES, choices), choices.pick(["", "screen 1"])]
        case 3:
            name = choices.pick(["package.file", "echo", "\0", "storage.set"])
            items = ["request", choices.pick([1, -1, 0, 2**63, True]), name, {"name": value(choices, ["a.js"])}]
        case _:
            items = ["log", *(choices.pick(["error", "warn", "a" * 20_000, "\n\x1b[31m", "x"]) for _ in range(3))]
    try:
        return frames.framed(msgpack.packb(items, use_bin_type=True, unicode_errors="surrogatepass"))
    except (ValueError, OverflowError):
        return b"\0"


@cache
def _queue() -> TelemetryQueue:
    return TelemetryQueue(Path(":memory:"))


class _Listener:
    """Does with what a program sends what screens and telemetry do."""

    def __init__(self) -> None:
        nobody: Any = None
        self.desk = Desk(nobody, nobody, _queue().record, lambda *_: True)
        self.tree = MirrorTree()

    def on_stack(self, app_id: str, pages: list[dict[str, Any]], transition: str, target: str) -> None:
        encode({"app_id": app_id, "pages": pages, "transition": transition, "target": target}).encode()
        assert all(type(page["id"]) is int for page in pages)

    def on_patch(self, app_id: str, page: int, operations: list[Any], target: str) -> None:
        encode({"app_id": app_id, "page": page, "operations": operations, "target": target}).encode()
        try:
            self.tree.apply(operations)
        except MirrorError as error:
            check_sentence(str(error))

    def on_log(self, app_id: str, level: str, text: str, source: str) -> None:
        self.desk.on_log(app_id, level, text, source)

    def on_exit(self, app_id: str, reason: str) -> None:
        """It has no worker, so it does not end."""


class _Source:
    manifest = parse_manifest(written(SMALL))
    entries: Mapping[str, bytes] = {"a.js": b"", "b/b.js": b""}


async def _echo(_: object, arguments: Mapping[str, Value]) -> Value:
    return dict(arguments)


def check(stream: bytes) -> None:
    asyncio.run(_check(stream))


async def _check(stream: bytes) -> None:
    listener = _Listener()
    around = Surroundings(
        gate=CapabilityGate([Capability("echo", _echo)]), listener=listener, system=dict, storage=lambda _: {}
    )
    session = ProgramSession(_Source(), WorkerFactory("none"), around)
    session._later = frozenset(["b/b.js"])
    reader = asyncio.StreamReader()
    reader.feed_data(stream)
    reader.feed_eof()
    await session._read(reader)
    if session._exit_reason is not None:
        check_sentence(session._exit_reason)
    await asyncio.gather(*session._calls)


def _frame_of(*items: object) -> Callable[[], bytes]:
    return lambda: frames.framed(msgpack.packb([*items], use_bin_type=True))


CASES: Mapping[str, Callable[[], bytes]] = {
    "a file whose name is a list": _frame_of("request", 1, "package.file", {"name": ["a.js"]}),
    "a file whose name is an object 500 deep": _frame_of("request", 1, "package.file", {"name": nested(500)}),
    "a response to a question that nobody asked, 500 deep": _frame_of("response", 1, nested(500), None),
    "an event that no worker sends, 500 deep": _frame_of("event", "a", {"b": nested(500)}),
    "a patch 500 deep": _frame_of("patch", 1, [["set", 0, "a", nested(500)]], ""),
    "a patch 500 deep with bytes": _frame_of("patch", 1, [["set", 0, "a", [b"x", nested(500)]]], ""),
    "a window 500 deep": _frame_of(
        "event", "stack", {"pages": [{**_PAGE, "window": {"a": nested(500)}}], "transition": "none", "target": ""}
    ),
    "a page whose number is true": _frame_of(
        "event", "stack", {"pages": [{**_PAGE, "id": True}], "transition": "none", "target": ""}
    ),
    "a patch with a timestamp": _frame_of("patch", 1, [["set", 0, "a", msgpack.Timestamp(1, 1)]], ""),
    "a window with an extension type": _frame_of(
        "event",
        "stack",
        {"pages": [{**_PAGE, "window": {"a": msgpack.ExtType(5, b"")}}], "transition": "none", "target": ""},
    ),
    "an operation whose word is an object": _frame_of("patch", 1, [[{}, 1]], ""),
    "an error from a place of 20,000 characters": _frame_of("log", "error", "x", "a" * 20_000),
    "an error with bytes of a terminal": _frame_of("log", "error", "\x1b[2J\r\n", "\0"),
    "a call of an unhashable number": _frame_of("request", True, "echo", {}),
    "an answer with the number true": _frame_of("event", "answer", {"id": True, "speech": None, "error": None}),
    "an exit with a reason of a megabyte on many lines": _frame_of("exit", "x\n" * 500_000),
}
