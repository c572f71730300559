"""What the tools know of the running program: everything that gate, session and worker tell, kept within bounds."""

import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from device_runtime.program.surroundings import SessionListener
from device_runtime.values import Value
from device_runtime.view.patches import Operation
from firmware_tools.simulator.faults import Fault
from firmware_tools.simulator.inspected import root_name
from firmware_tools.simulator.models import line_of_call, line_of_event
from firmware_tools.simulator.network import NetworkLog, origin_of

MAX_LINES = 2000
MAX_TURNS = 600
MAX_SETS = 600
MAX_FAULTS = 20
LARGE_PAYLOAD = 64 * 1024
_TEXT_CHARACTERS = 16_000
_VALUES_CHARACTERS = 128 * 1024
_NAME_CHARACTERS = 500
MAX_ROWS = 200

Publish = Callable[[dict[str, Any]], None]
MakeFault = Callable[[str, str], Fault]


class Inspector:
    """The listener of a simulated device: passes on to the desk, and tells ``publish`` what the tools show."""

    def __init__(self, publish: Publish, make_fault: MakeFault) -> None:
        self._publish = publish
        self._make_fault = make_fault
        self._inner: SessionListener | None = None
        self._started = time.time()
        self._numbers = {"console": 0, "turn": 0, "set": 0}
        self._own_line: tuple[str, str] | None = None
        self.console: deque[dict[str, Any]] = deque(maxlen=MAX_LINES)
        self.turns: deque[dict[str, Any]] = deque(maxlen=MAX_TURNS)
        self.sets: deque[dict[str, Any]] = deque(maxlen=MAX_SETS)
        self.network = NetworkLog(lambda entry: publish({"type": "network", "entry": entry}), self.now)
        self._renewing = False
        self.pages: list[dict[str, Any]] = []
        self.faults: deque[Fault] = deque(maxlen=MAX_FAULTS)
        self.used: dict[str, dict[str, int]] = {"permissions": {}, "refused": {}, "request": {}, "socket": {}}
        self.launch: dict[str, Any] | None = None
        self._phases: dict[str, Any] | None = None
        self._launch_turn: dict[str, Any] | None = None
        self.template_names: Mapping[str, frozenset[str]] = {}
        self._calls: dict[int, tuple[str, str | None, str]] = {}
        self._models: dict[int, dict[str, Value]] = {}

    def now(self) -> float:
        """Seconds since the tools began."""
        return round(time.time() - self._started, 4)

    @property
    def began(self) -> float:
        """When the tools began, in seconds of the Unix epoch."""
        return self._started

    def listen_for(self, inner: SessionListener) -> SessionListener:
        """Be the listener between the sessions and ``inner``."""
        self._inner = inner
        return self

    @property
    def _desk(self) -> SessionListener:
        if self._inner is None:
            raise RuntimeError("the inspector listens for no device")
        return self._inner

    def snapshot(self) -> dict[str, Any]:
        """Everything that a page of tools needs when it connects."""
        return {
            "began": self._started,
            "console": list(self.console),
            "network": self.network.summaries(),
            "turns": list(self.turns),
            "sets": list(self.sets),
            "pages": self.pages,
            "faults": [fault.document() for fault in self.faults],
            "used": self.used,
            "launch": self.launch,
        }

    def clear(self, panel: str) -> None:
        """Empty a panel on every page of tools."""
        match panel:
            case "console":
                self.console.clear()
            case "network":
                self.network.clear()
            case "sets":
                self.sets.clear()
            case "turns":
                self.turns.clear()
        self._publish({"type": "cleared", "panel": panel, "network": self.network.summaries()})

    def renew_at_exit(self) -> None:
        """The program that runs is to be replaced: when it has ended, a new run begins."""
        self._renewing = True

    def program_starts(self) -> None:
        """A new run: its faults, pages and use of permissions begin anew; what the console holds stays."""
        self._renewing = False
        self.faults.clear()
        self.pages = []
        self.launch = self._phases = self._launch_turn = None
        for names in self.used.values():
            names.clear()
        self._calls.clear()
        self._models.clear()
        self._publish({"type": "faults", "faults": []})
        self._publish({"type": "used", "used": self.used})

    def mark(self, text: str) -> None:
        """Draw a line in the console, such as where the program was started again."""
        self._add_line("mark", text, "", "")

    # ------------------------------------------------------------------ SessionListener

    def on_stack(self, app_id: str, pages: list[dict[str, Any]], transition: str, target: str) -> None:
        """Pass it on, and keep the windows of the pages."""
        windows = {page["id"]: page["window"] for page in pages}
        for page in self.pages:
            page["window"] = windows.get(page["id"], page.get("window"))
        if not target:
            self._publish({"type": "pages", "pages": self.pages})
            self._publish({"type": "running", "running": True})
        self._desk.on_stack(app_id, pages, transition, target)

    def on_patch(self, app_id: str, page: int, operations: list[Operation], target: str) -> None:
        """Pass it on; the worker itself tells how large it is."""
        self._desk.on_patch(app_id, page, operations, target)

    def on_log(self, app_id: str, level: str, text: str, source: str) -> None:
        """A line of the program's console, or an error that nobody caught."""
        own, self._own_line = self._own_line, None
        written = own is not None and own[0] == text
        self._add_line(level, text, source, own[1] if written and own is not None else "")
        if level == "error" and not written:
            self._add_fault(self._make_fault(text[:_TEXT_CHARACTERS], source[:_NAME_CHARACTERS]))
        self._desk.on_log(app_id, level, text, source)

    def on_exit(self, app_id: str, reason: str) -> None:
        """The program has ended."""
        self.network.program_ended()
        self.pages = []
        self._publish({"type": "pages", "pages": []})
        if reason:
            self._add_line("error", f"The program ended: {reason}", "", "")
            if not self.faults and not self._renewing:
                self._add_fault(self._make_fault(f"The program ended: {reason}", ""))
        self._publish({"type": "running", "running": False})
        if self._renewing:
            self.program_starts()
        self._desk.on_exit(app_id, reason)

    # ------------------------------------------------------------------ what the worker tells

    def inspect(self, app_id: str, payload: Mapping[str, Value]) -> None:  # noqa: ARG002 (one program runs)
        """Take one of the events that ``inspected`` describes. Workers are not trusted: malformed ones are dropped."""
        match payload:
            case {"kind": "console", "text": str(text), "values": str(values)}:
                self._own_line = (text, values)
            case {"kind": "stack", "pages": list(pages)}:
                self._take_stack(pages)
            case {
                "kind": "turn",
                "cause": str(cause),
                "calls": list(calls),
                "patches": list(patches),
                "sets": list(sets),
            }:
                turn: dict[str, Any] = {
                    "cause": cause[:_NAME_CHARACTERS],
                    "calls": _rows(calls, (str, float)),
                    "patches": _rows(patches, (int, int, int)),
                    **{name: _number(payload.get(name)) for name in ("ms", "patch_ms", "waited_ms")},
                }
                self._take_turn(turn, sets)
            case {
                "kind": "page",
                "page": int(page),
                "owner": int(owner),
                "what": "data" | "nodes" | "components" as what,
                "text": str(text),
            }:
                self._publish({"type": "page", "page": page, "owner": owner, "what": what, "text": text})

    def _take_stack(self, pages: Sequence[Value]) -> None:
        known = {page["id"]: page.get("window") for page in self.pages}
        taken = []
        for page in pages:
            match page:
                case {"id": int(number), "route": str(route), "query": dict(query)}:
                    texts = {name: value for name, value in query.items() if isinstance(value, str)}
                    taken.append({"id": number, "route": route, "query": texts, "window": known.get(number)})
        self.pages = taken

    def _take_turn(self, turn: dict[str, Any], sets: Sequence[Any]) -> None:
        self._numbers["turn"] += 1
        turn |= {"id": self._numbers["turn"], "time": self.now()}
        self.turns.append(turn)
        routes = {page["id"]: page["route"] for page in self.pages}
        found = []
        for item in sets[:MAX_ROWS]:
            match item:
                case {
                    "page": int(page),
                    "owner": int(owner),
                    "component": str(component),
                    "keys": list(keys),
                    "watched": list(watched),
                    "bytes": int(size),
                    "patch_bytes": int(patch),
                }:
                    self._numbers["set"] += 1
                    route = routes.get(page, "")
                    names = self.template_names.get(component or route)
                    texts = [key[:_NAME_CHARACTERS] for key in keys[:MAX_ROWS] if isinstance(key, str)]
                    read = [key for key in texts if names is None or key in watched or root_name(key) in names]
                    found.append(
                        {
                            "id": self._numbers["set"],
                            "time": self.now(),
                            "page": page,
                            "route": route,
                            "owner": owner,
                            "component": component[:_NAME_CHARACTERS],
                            "cause": turn["cause"],
                            "keys": texts,
                            "bytes": size,
                            "patch_bytes": patch,
                            "ms": _number(item.get("ms")),
                            "unread": [key for key in texts if key not in read],
                            "large": size > LARGE_PAYLOAD,
                        }
                    )
        self.sets.extend(found)
        if turn["cause"] == "launch":
            self._launch_turn = turn
            self._tell_launch()
        self._publish({"type": "turn", "turn": turn, "sets": found})

    def launched(self, phases: dict[str, Any]) -> None:
        """How long building, installing and starting took; what the worker did meanwhile is told by itself."""
        self._phases = phases
        self._tell_launch()

    def _tell_launch(self) -> None:
        """Put both together; which of the two comes first is chance."""
        if self._phases is not None and self._launch_turn is not None:
            turn = self._launch_turn
            self.launch = {**self._phases, "calls": turn["calls"], "worker_ms": turn["ms"], "patches": turn["patches"]}
            self._publish({"type": "launch", "launch": self.launch})

    # ------------------------------------------------------------------ what the gate tells

    def call_started(self, call: int, name: str, permission: str | None, arguments: Mapping[str, Value]) -> None:
        """A program asks the host for something."""
        origin = origin_of(str(arguments.get("url", "")))
        self._calls[call] = (name, permission, origin)
        if name.startswith("inference."):
            self._models[call] = {way: value for way, value in arguments.items() if way != "inputs"}
        self.network.started(call, name, arguments)

    def call_ended(self, call: int, value: Value, reason: str | None, milliseconds: float) -> None:
        """The host has answered."""
        name, permission, origin = self._calls.pop(call, ("", None, ""))
        level, text = line_of_call(name, self._models.pop(call, {}), value, reason, milliseconds)
        if text:
            self._add_line(level, text, "", "")
        if name.startswith("storage."):
            self._publish({"type": "storage_changed"})
        self.network.ended(call, value, reason, milliseconds)
        if permission is not None:
            refused = reason is not None and "does not ask for the permission" in reason
            self._count("refused" if refused else "permissions", permission)
        if origin and name in ("request", "downloadFile", "uploadFile", "connectSocket"):
            self._count("socket" if name == "connectSocket" else "request", origin)

    def task_event(self, name: str, payload: Value) -> None:
        """A provider told the program something."""
        if name == "task":
            self.network.task_event(payload)
        level, text = line_of_event(name, payload)
        if text:
            self._add_line(level, text, "", "")

    def _count(self, table: str, name: str) -> None:
        self.used[table][name] = self.used[table].get(name, 0) + 1
        self._publish({"type": "used", "used": self.used})

    # ------------------------------------------------------------------ lines and faults

    def _add_line(self, level: str, text: str, source: str, values: str) -> None:
        self._numbers["console"] += 1
        line: dict[str, Any] = {
            "id": self._numbers["console"],
            "time": self.now(),
            "level": level,
            "text": text[:_TEXT_CHARACTERS],
            "source": source[:_NAME_CHARACTERS],
            "values": _trees(values),
        }
        self.console.append(line)
        self._publish({"type": "console", "line": line})

    def _add_fault(self, fault: Fault) -> None:
        self.faults.append(fault)
        self._publish({"type": "faults", "faults": [fault.document() for fault in self.faults]})


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _rows(items: Sequence[Value], kinds: tuple[type, ...]) -> list[list[Any]]:
    """The rows that have members of just these kinds; a whole number passes for a fraction."""
    rows = []
    for item in items[:MAX_ROWS]:
        if isinstance(item, list) and len(item) == len(kinds):
            row = [
                float(member) if kind is float and type(member) is int else member
                for member, kind in zip(item, kinds, strict=True)
            ]
            if all(type(member) is kind for member, kind in zip(row, kinds, strict=True)):
                rows.append([member[:_NAME_CHARACTERS] if isinstance(member, str) else member for member in row])
    return rows


def _trees(values: str) -> list[Any]:
    """The values of a console line, where a line of text does not say all of them."""
    if not 0 < len(values) <= _VALUES_CHARACTERS:
        return []
    try:
        trees = json.loads(values)
    except (ValueError, RecursionError):
        return []
    plain = all(isinstance(tree, list) and len(tree) == 2 for tree in trees) if isinstance(trees, list) else True
    return [] if plain else trees


def template_names(view: Any) -> frozenset[str]:
    """The names of data that a compiled template reads, and those of its loops."""
    names: set[str] = set()
    waiting = [view]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            if len(item) == 2 and item[0] == "variable" and isinstance(item[1], str):
                names.add(item[1])
            waiting += item
        elif isinstance(item, dict):
            waiting += item.values()
    return frozenset(names)
