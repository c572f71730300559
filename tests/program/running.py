"""Real programs in real workers, and a listener that remembers what it was told."""

import asyncio
import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from device_runtime.capability.registry import Caller, Capability, CapabilityError, CapabilityGate
from device_runtime.program.limits import Limits
from device_runtime.program.manifest import Manifest, parse_manifest
from device_runtime.program.session import ProgramSession
from device_runtime.program.sessions import Sessions
from device_runtime.program.surroundings import Surroundings
from device_runtime.values import Value
from device_runtime.view.patches import Operation

DEADLINE = 20.0
_numbers = itertools.count(1)
_T = TypeVar("_T")


@dataclass(frozen=True)
class Program:
    """A program that was never packed: manifest and files."""

    manifest: Manifest
    entries: Mapping[str, bytes]


def variable(name: str) -> list[Any]:
    return ["variable", name]


def constant(value: Value) -> list[Any]:
    return ["constant", value]


def text(name: str) -> list[Any]:
    return ["text", variable(name)]


def button(handler: str, event: str = "tap", two_way: Mapping[str, Any] | None = None) -> list[Any]:
    """An element with one handler; ``data-kind="k"`` and ``id="the-id"``."""
    return [
        "element",
        "button",
        {"id": constant("the-id")},
        {"kind": constant("k")},
        [[event, "bind", constant(handler)]] if handler else [],
        dict(two_way or {}),
        [],
    ]


def view(*body: list[Any]) -> bytes:
    return json.dumps({"format": 2, "body": list(body), "templates": [], "scopes": []}).encode()


def program(
    pages: Mapping[str, str],
    files: Mapping[str, str] | None = None,
    views: Mapping[str, bytes] | None = None,
    tabs: Iterable[str] = (),
    permissions: Iterable[str] = (),
    app: str = "App({})",
    subpackages: Iterable[Mapping[str, Any]] = (),
    models: Iterable[str] = (),
) -> Program:
    """``pages`` maps routes to their JavaScript; a page without a view of its own has an empty one."""
    document: dict[str, Any] = {
        "app_id": f"test.{next(_numbers)}",
        "name": "test",
        "version": {"code": 1, "name": "1.0"},
        "platform_version": {"min_code": 1},
        "pages": list(pages),
        "window": {"navigationBarTitleText": "App"},
        "req_permissions": [{"name": name, "reason": "test"} for name in permissions],
    }
    tab_list = [{"route": route, "text": route} for route in tabs]
    document["cygnet"] = {"subpackages": list(subpackages), "models": list(models)}
    if tab_list:
        document["cygnet"]["tab_bar"] = {"tabs": tab_list}
    entries: dict[str, bytes] = {"app.js": app.encode()}
    for route, source in pages.items():
        entries[f"{route}.js"] = source.encode()
        entries[f"{route}.view"] = (views or {}).get(route) or view()
    entries |= {name: source.encode() for name, source in (files or {}).items()}
    return Program(parse_manifest(json.dumps(document)), entries)


@dataclass
class Recorder:
    """A listener that keeps everything, and capabilities that keep their calls."""

    stacks: dict[str, list[tuple[list[dict[str, Any]], str, str]]] = field(default_factory=dict)
    patches: dict[str, list[tuple[int, list[Operation], str]]] = field(default_factory=dict)
    logs: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    exits: dict[str, list[str]] = field(default_factory=dict)
    calls: list[tuple[str, str, dict[str, Value]]] = field(default_factory=list)
    order: dict[str, list[str]] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    stored: dict[str, dict[str, Value]] = field(default_factory=dict)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    def _note(self, table: dict[str, list[Any]], app_id: str, item: Any, kind: str) -> None:
        table.setdefault(app_id, []).append(item)
        self.order.setdefault(app_id, []).append(kind)

    def on_stack(self, app_id: str, pages: list[dict[str, Any]], transition: str, target: str) -> None:
        self._note(self.stacks, app_id, (pages, transition, target), "stack")

    def on_patch(self, app_id: str, page: int, operations: list[Operation], target: str) -> None:
        self._note(self.patches, app_id, (page, operations, target), "patch")

    def on_log(self, app_id: str, level: str, text: str, source: str) -> None:
        self._note(self.logs, app_id, (level, text, source), "log")

    def on_exit(self, app_id: str, reason: str) -> None:
        self._note(self.exits, app_id, reason, "exit")

    def lines(self, session: ProgramSession, level: str = "log") -> list[str]:
        return [text for found, text, _ in self.logs.get(session.app_id, []) if found == level]

    def errors(self, session: ProgramSession) -> list[tuple[str, str]]:
        return [(text, source) for level, text, source in self.logs.get(session.app_id, []) if level == "error"]

    async def until(self, condition: Callable[[], _T | None]) -> _T:
        """Wait until ``condition`` gives something true; it is looked at every few milliseconds."""
        async with asyncio.timeout(DEADLINE):
            while not (value := condition()):  # noqa: ASYNC110 conditions look at processes, which set no event
                await asyncio.sleep(0.002)
        return value

    async def line(self, session: ProgramSession, text: str, level: str = "log") -> str:
        """Wait for a log line that starts with ``text``."""
        return await self.until(
            lambda: next((line for line in self.lines(session, level) if line.startswith(text)), None)
        )

    async def error(self, session: ProgramSession, text: str) -> tuple[str, str]:
        """Wait for an error with ``text`` in it."""
        return await self.until(lambda: next((found for found in self.errors(session) if text in found[0]), None))

    async def exit(self, session: ProgramSession) -> str:
        """Wait for the end."""
        reasons = await self.until(lambda: self.exits.get(session.app_id))
        return reasons[0]

    def texts(self, session: ProgramSession) -> list[Value]:
        """Every value that a text operation carried."""
        return [
            operation[2]
            for _, operations, _ in self.patches.get(session.app_id, [])
            for operation in operations
            if operation[0] == "text"
        ]


def surroundings(recorder: Recorder, limits: Limits | None = None, **others: Any) -> Surroundings:
    """Capabilities: ``echo``, ``slow`` (waits for ``recorder.release``), ``storage.*``, ``secret`` (needs a
    permission), ``broken`` (its provider fails), ``telemetry``, ``privacy.count`` and ``request``."""

    def provider(name: str, answer: Callable[[Mapping[str, Value]], Value]) -> Capability:
        async def provide(caller: Caller, arguments: Mapping[str, Value]) -> Value:
            recorder.calls.append((caller.app_id, name, dict(arguments)))
            return answer(arguments)

        return Capability(name, provide)

    async def slow(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        recorder.calls.append((caller.app_id, "slow", dict(arguments)))
        await recorder.release.wait()
        return {"late": True}

    async def store(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        recorder.calls.append((caller.app_id, "storage.set", dict(arguments)))
        if arguments["key"] == "full":
            raise CapabilityError("storage is full")
        recorder.stored.setdefault(caller.app_id, {})[str(arguments["key"])] = arguments["value"]
        return None

    async def broken(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        raise KeyError("a fault of the provider")

    def respond(arguments: Mapping[str, Value]) -> Value:
        data: Value = b"\x01\x02" if arguments.get("responseType") == "arraybuffer" else {"got": arguments["url"]}
        return {"statusCode": 200, "header": {"X": "y"}, "data": data}

    gate = CapabilityGate(
        [
            provider("echo", lambda arguments: {"heard": dict(arguments)}),
            provider("storage.remove", lambda _: None),
            provider("storage.clear", lambda _: None),
            provider("telemetry", lambda _: None),
            provider("privacy.count", lambda _: None),
            provider("request", respond),
            provider("request.abort", lambda _: None),
            Capability("slow", slow),
            Capability("storage.set", store),
            Capability("broken", broken),
            Capability("secret", slow, permission="secret"),
        ]
    )
    return Surroundings(
        gate=gate,
        system=lambda: {"platform": "cygnet", "windowWidth": 375, "SDKVersion": "3.0.0"},
        storage=lambda app_id: recorder.stored.get(app_id, {}),
        limits=limits or Limits(),
        **{"listener": recorder, **others},
    )


@dataclass
class Board:
    """Sessions, and what they were heard to do."""

    sessions: Sessions
    heard: Recorder

    async def run(self, source: Program, path: str = "") -> ProgramSession:
        return await self.sessions.launch(source, path)
