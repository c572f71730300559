"""What a program asks of the host: any arguments of any capability are answered or refused, and nothing else breaks."""

import asyncio
import contextlib
import dataclasses
import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from device_runtime.capability.registry import Caller, Capability, CapabilityError, CapabilityGate
from device_runtime.engine.frames import FrameDecoder, FrameError, Request, Response, encode_frame
from device_runtime.host.board import Audio, Voice, find_board
from device_runtime.host.device import Device, Instruments
from device_runtime.program.manifest import parse_manifest
from tests.fuzz.choices import Choices
from tests.fuzz.documents import nested, value, written
from tests.fuzz.manifests import SMALL
from tests.fuzz.refusals import check_refusal

SEEDS: list[bytes] = []
EXAMPLES = 60
Calls = list[tuple[str, dict[str, Any]]]
# Whoever waits for a person, a server or a screen waits no longer than this; all others answer at once.
_SECONDS = 0.1
_PERMISSIONS = ("request", "record", "clipboard", "speech", "telemetry", "share")
_NAMES = (
    "key", "keys", "value", "values", "data", "url", "path", "filePath", "dirPath", "oldPath", "newPath", "srcPath",
    "destPath",
    "tempFilePath", "zipFilePath", "targetPath", "src", "source", "family", "desc", "title", "content", "itemList",
    "icon",
    "image", "duration", "mask", "text", "name", "header", "formData", "method", "timeout", "task", "encoding",
    "position", "length",
    "mode", "id", "page", "node", "nodes", "observer", "requests", "fields", "properties", "recursive", "flag", "fd",
    "offset",
    "color", "confirmText", "index", "urls", "current", "volume", "startTime", "loop", "code", "reason", "protocols",
    "socket",
    "digest", "digestAlgorithm", "entries", "thresholds", "margins", "reference", "initial_ratio", "font", "delta",
    "event",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    "wxfile://usr/a", "wxfile://tmp/../a", "wxfile://store/a\0", "wxfile://usr/" + "a/" * 200, "a.js", "/a.js", "../a",
    "utf8",
    "base64", "https://example.org/a", "https://[::1", "https://a:99999/", "http://127.0.0.1/", "wss://x",
    "data:image/png;base64,",
    "data:,", "url(a)", "url('a')", "url(" + " " * 8000, "#fff", "bold", "a.b", "GET", b"\0" * 100, b"wOF2", b"\xff",
    [b"a"], {"a": b"b"},
    [{"node": 1, "fields": ["rect"]}], {"a": "b\r\nc"}, {"\0": ""}, 2**53, 2**64 - 1, 5e-324, [0, 1, 0.5], ["a"] * 300,
)  # fmt: skip


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


@cache
def _device() -> tuple[Device, CapabilityGate, tuple[str, ...]]:
    """A device that is not started, and what it offers to programs."""
    found: list[Capability] = []

    def gate(offered: Iterable[Capability]) -> CapabilityGate:
        found.extend(offered)
        return CapabilityGate(found)

    state = Path(tempfile.mkdtemp(prefix="cygnet-fuzz-"))
    # Speech is an extra, and what is said is no more than a text here.
    board = dataclasses.replace(find_board("virtual-speaker"), audio=Audio(), voice=Voice())
    device = Device(board, state, None, {}, instruments=Instruments(gate=gate))
    return device, CapabilityGate(found), tuple(sorted(one.name for one in found))


def feed(data: bytes) -> None:
    choices = Choices(data)
    names = _device()[2]
    check([(choices.pick(names), _arguments(choices)) for _ in range(choices.below(4) + 1)])


def _arguments(choices: Choices) -> dict[str, Any]:
    given = dict.fromkeys(_NAMES, "a") if choices.chance(2) else {}
    for _ in range(choices.below(6)):
        given[choices.pick(_NAMES)] = choices.pick(_VALUES) if choices.chance(2) else value(choices)
    return given


def check(calls: Calls) -> None:
    _loop().run_until_complete(_check(calls))


async def _check(calls: Calls) -> None:
    manifest = parse_manifest(written({**SMALL, "req_permissions": [{"name": name} for name in _PERMISSIONS]}))
    kept: list[asyncio.Task[None]] = []

    def keep(work: Any) -> asyncio.Task[None]:
        kept.append(asyncio.create_task(work))
        return kept[-1]

    caller = Caller("a", manifest, {"a.js": b"", "a/b.woff2": b"wOF2"}, keep=keep)
    for name, arguments in calls:
        await _call(caller, name, arguments)
    for task in kept:
        task.cancel()
    for ended in await asyncio.gather(*kept, return_exceptions=True):
        assert not isinstance(ended, Exception) or isinstance(ended, CapabilityError), ended


async def _call(caller: Caller, name: str, arguments: dict[str, Any]) -> None:
    try:
        (request,) = FrameDecoder().feed(encode_frame(Request(1, name, arguments)))
    except FrameError:
        return
    assert isinstance(request, Request)
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS):
                answer = await _device()[1].invoke(caller, name, request.arguments)
                encode_frame(Response(1, answer, None))
    except CapabilityError as error:
        check_refusal(error)
        encode_frame(Response(1, None, str(error)))


def _one(name: str, **arguments: Any) -> Callable[[], Calls]:
    return lambda: [(name, arguments)]


CASES: Mapping[str, Callable[[], Calls]] = {
    "a font at an address of blanks that does not end": _one("loadFontFace", family="a", source="url(" + " " * 8000),
    "a font at an address of blanks": _one("loadFontFace", family="a", source="url(" + " " * 8000 + ")"),
    "a path with a zero byte in it": _one("file.readdir", dirPath="wxfile://store/a\0\n"),
    "a stored value 300 deep": _one("storage.set", key="a", value=nested(300)),
}
