"""The worker of developers' tools: it runs a program as any worker does, and tells the host of itself.

Each frame ``Event("inspect", payload)`` holds one ``kind``:

- ``turn``: what one event, timer or answer led to: ``cause``, ``ms`` from its arrival until the worker was idle again,
  ``patch_ms`` until its last patch was sent (or None), ``waited_ms`` in calls that wait for the host, ``calls`` of
  JavaScript (``[what, ms]``), ``patches`` (``[page, operations, bytes]``) and ``sets``: each ``setData`` with its
  ``page``, ``keys``, ``bytes``, ``ms``, and the ``patch_bytes`` of the patch that it went out with; its ``owner`` is
  0 for the page, else a component, whose path is ``component``; ``watched`` are the keys that code watches, as
  properties and by ``observers``.
- ``stack``: ``pages`` from bottom to top, each with ``id``, ``route`` and ``query``; before the event ``stack`` itself.
- ``console``: the ``text`` of the log line that follows, which the program wrote itself, and the ``values`` in it as
  JSON (see ``inspect.js``), or an empty string.
- ``page``: what ``Event("inspect", {"page", "owner", "what"})`` asks for, as JSON in ``text``, cut where it is long: of
  the page ``page`` the ``nodes`` or the ``components``, or the ``data`` of the ``owner``, as ``what`` says
  (:mod:`firmware_tools.simulator.outlines`).
"""

import json
import math
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from device_runtime.engine.body import WorkerBody
from device_runtime.engine.connection import WorkerConnection
from device_runtime.engine.frames import MAX_FRAME_BYTES, Event, Exit, Frame, Patch, Response, encode_frame
from device_runtime.engine.quickjs import DEFAULT_MEMORY_BYTES, QuickJSEngine
from device_runtime.program import worker
from device_runtime.values import Value
from firmware_tools.simulator.outlines import outline_components, outline_data, outline_nodes

ENTRY = "firmware_tools.simulator.inspected:prepare"
MAX_CALLS = 50
MAX_SETS = 200
MAX_KEYS = 50
_JSON_CHARACTERS = 512 * 1024
_LIST_ITEMS = 100
_TEXT_CHARACTERS = 2000
_DEPTH = 40


def prepare(memory_bytes: str = str(DEFAULT_MEMORY_BYTES)) -> WorkerBody:
    """What the zygote of an inspected device calls: as ``worker.prepare``, with inspected workers."""
    return worker.prepare(memory_bytes, worker=InspectedWorker, extra=(Path(__file__).with_name("inspect.js"),))


class InspectedWorker(worker.Worker):
    """One program's run, watched."""

    def __init__(self, connection: WorkerConnection, engine: QuickJSEngine, launch: Mapping[str, Any]) -> None:
        self._watched = _WatchedConnection(connection, self._tell_stack, self._finish_set)
        self._values = ""
        self._fields: dict[str, list[str]] = {}
        super().__init__(self._watched, engine, launch)

    def _bind(self) -> None:
        super()._bind()
        self._engine.wrap("setData", self._measure_set_data)
        self._engine.bind("values", self._keep_values)

    def _call(self, what: str, function: str, *arguments: Value, seconds: float | None = None) -> Value:
        started = time.perf_counter()
        try:
            return super()._call(what, function, *arguments, seconds=seconds)
        finally:
            self._watched.turn.note_call(what, _ms(started))

    def _measure_set_data(self, set_data: Callable[..., Value]) -> Callable[..., Value]:
        def measured(page: int, owner: int, changes: dict[str, Value]) -> Value:
            size = len(json.dumps(changes, ensure_ascii=False, separators=(",", ":")).encode())
            keys: list[Value] = [key for key, _ in zip(changes, range(MAX_KEYS), strict=False)]
            component = self._component(page, owner)  # it may be gone afterwards
            started = time.perf_counter()
            try:
                return set_data(page, owner, changes)
            finally:
                facts: dict[str, Value] = {"owner": owner, "keys": keys, "bytes": size, "ms": _ms(started)}
                self._watched.turn.note_set(page, facts | {"component": component})

        return measured

    def _component(self, page: int, owner: int) -> str:
        """The path of a component; empty for the page itself."""
        view = self._displayed.view(page) if owner else None
        info = view.describe(owner) if view is not None else None
        return info.component if info is not None else ""

    def _finish_set(self, found: dict[str, Any]) -> None:
        """Tell which of the keys code watches. Between calls of JavaScript, since JavaScript knows."""
        route = next((page.route for page in self._stack.pages if page.id == found["page"]), "")
        path = found["component"] or route
        if path not in self._fields:
            watched: Any = self._engine.call("__inspected.watchedBy", path)
            self._fields[path] = watched
        fields = self._fields[path]
        found["watched"] = [key for key in found["keys"] if "**" in fields or root_name(key) in fields]

    def _keep_values(self, values: str) -> None:
        self._values = values

    def _console(self, level: str, text: str, stack: str) -> None:
        self._watched.tell({"kind": "console", "text": text, "values": self._values})
        self._values = ""
        super()._console(level, text, stack)

    def _tell_stack(self) -> None:
        pages: list[Value] = [
            {"id": page.id, "route": page.route, "query": dict(page.query)} for page in self._stack.pages
        ]
        self._watched.tell({"kind": "stack", "pages": pages})

    def _on_inspect(self, page: int, owner: int, what: str) -> None:
        view = self._displayed.view(page)
        if view is None:
            return
        told: Any
        if what == "data":
            told = outline_data(view, owner, self._components.definition(self._component(page, owner)))
        elif what == "components":
            told = outline_components(view)
        else:
            told = outline_nodes(view)
        if told is not None:
            answer: dict[str, Value] = {"kind": "page", "page": page, "owner": owner, "what": what}
            self._watched.tell(answer | {"text": json_text(told)})


class _Turn:
    """What the worker does from one frame or timer to the next."""

    def __init__(self, cause: str) -> None:
        self.cause = cause
        self.started = time.perf_counter()
        self.waited = 0.0
        self._patched: float | None = None
        self._calls: list[Value] = []
        self._patches: list[Value] = []
        self._sets: list[dict[str, Value]] = []
        self._unsent: list[tuple[int, dict[str, Value]]] = []

    def note_call(self, what: str, milliseconds: float) -> None:
        if len(self._calls) < MAX_CALLS:
            self._calls.append([what, milliseconds])

    def note_set(self, page: int, facts: dict[str, Value]) -> None:
        if len(self._sets) < MAX_SETS:
            found: dict[str, Value] = {"page": page, **facts, "patch_bytes": 0}
            self._sets.append(found)
            self._unsent.append((page, found))

    def note_patch(self, patch: Patch, size: int) -> None:
        self._patched = time.perf_counter()
        if len(self._patches) < MAX_CALLS:
            self._patches.append([patch.page, len(patch.operations), size])
        for page, found in self._unsent:
            if page == patch.page:
                found["patch_bytes"] = size
        self._unsent = [(page, found) for page, found in self._unsent if page != patch.page]

    def document(self, finish_set: Callable[[dict[str, Any]], None]) -> dict[str, Value] | None:
        """The payload that tells of it; None where nothing happened."""
        if not self._calls and not self._patches:
            return None
        for found in self._sets:
            finish_set(found)
        return {
            "kind": "turn",
            "cause": self.cause,
            "ms": _ms(self.started),
            "patch_ms": None if self._patched is None else round((self._patched - self.started) * 1e3, 3),
            "waited_ms": round(self.waited * 1e3, 3),
            "calls": self._calls,
            "patches": self._patches,
            "sets": list(self._sets),
        }


class _WatchedConnection(WorkerConnection):
    """A worker's connection that sees where each turn begins and ends, and what is sent in it."""

    def __init__(
        self, inner: WorkerConnection, tell_stack: Callable[[], None], finish_set: Callable[[dict[str, Any]], None]
    ) -> None:
        self._inner = inner
        self._tell_stack = tell_stack
        self._finish_set = finish_set
        self.turn = _Turn("launch")

    def tell(self, payload: dict[str, Value]) -> None:
        self._inner.send(Event("inspect", payload))

    def send(self, frame: Frame, most: int = MAX_FRAME_BYTES) -> int:
        if isinstance(frame, Patch):
            if not frame.target:  # a snapshot for one screen is no change
                self.turn.note_patch(frame, len(encode_frame(frame)))
        elif isinstance(frame, Event) and frame.name == "stack":
            self._tell_stack()
        return self._inner.send(frame, most)

    def receive(self, seconds: float | None) -> Frame | None:
        document = self.turn.document(self._finish_set)
        if document is not None:
            self.tell(document)
        frame = self._inner.receive(seconds)
        self.turn = _Turn(_cause(frame))
        return frame

    def await_response(self, request_id: int) -> Response | Exit:
        started = time.perf_counter()
        try:
            return self._inner.await_response(request_id)
        finally:
            self.turn.waited += time.perf_counter() - started


def _cause(frame: Frame | None) -> str:
    """What a turn is about, in words for the developer."""
    match frame:
        case Event("node", {"type": str(kind)}):
            return kind
        case Event("capability", {"name": str(name)}):
            return name
        case Event(name, _):
            return name
        case Response():
            return "answer"
    return "timer"


def root_name(key: str) -> str:
    """The field of data that a key of ``setData`` is in."""
    return re.split(r"[.\[]", key, maxsplit=1)[0]


def _ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1e3, 3)


def json_text(value: Any) -> str:
    """The value as JSON; where that is very long, lists and texts in it are cut, which ``…`` marks. What JSON has no
    number for becomes its name."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = ""
    return text if 0 < len(text) <= _JSON_CHARACTERS else json.dumps(_cut(value, 0), ensure_ascii=False)


def _cut(value: Any, depth: int) -> Any:
    if isinstance(value, str) and len(value) > _TEXT_CHARACTERS:
        return f"{value[:_TEXT_CHARACTERS]}… ({len(value)} characters)"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list | Mapping) and depth > _DEPTH:
        return "…"
    if isinstance(value, list):
        left = len(value) - _LIST_ITEMS
        return [_cut(item, depth + 1) for item in value[:_LIST_ITEMS]] + ([f"… {left} more"] if left > 0 else [])
    if isinstance(value, Mapping):
        cut = {key: _cut(item, depth + 1) for key, item in list(value.items())[:_LIST_ITEMS]}
        return cut | ({"…": f"{len(value) - _LIST_ITEMS} more"} if len(value) > _LIST_ITEMS else {})
    return value
