# ruff: noqa: ARG002 entries have the parameters that those of the base library in JavaScript have
"""Monty as an engine: what ``program/worker.py`` asks of the base library in JavaScript is answered here for Python.

The worker calls entries by the names that QuickJS's base library has (``__cygnet.createPage``, …), and binds the same
functions; so pages, navigation, events and limits are one code for both languages.
"""

import json
import re
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from device_runtime.engine import EngineError, ScriptError
from device_runtime.engine.lines import LineSpace
from device_runtime.engine.python.loader import Sources
from device_runtime.engine.python.session import MontyError, MontySession, RefusedError
from device_runtime.engine.python.wire import Place
from device_runtime.values import Value

_PRELUDE: Final = Path(__file__).with_name("prelude.monty").read_text(encoding="utf-8")
_ENTRY: Final = "__cygnet."
_APP: Final = "app.py"
_CAPITAL: Final = re.compile(r"[A-Z]")
_MOST_TIMERS: Final = 10_000
_MOST_NAVIGATIONS: Final = 10
_MOST_FRAMES: Final = 12
# A session answers these itself.
_NOT_CAPABILITIES: Final = frozenset({"package.file"})


class PythonEngine:
    """One program's Monty. ``memory_bytes`` bounds its heap; ``connection`` leads to the process."""

    def __init__(self, memory_bytes: int, connection: socket.socket) -> None:
        self.memory_bytes = memory_bytes
        self.lines = LineSpace()
        self._session = MontySession(connection, self._answer, self._log)
        self._sources = Sources({})
        self._bound: dict[str, Callable[..., Any]] = {}
        self._limits: Mapping[str, Any] = {}
        self._storage: dict[str, Value] = {}
        self._routes: dict[int, str] = {}
        self._stack: list[int] = []
        self._navigations: dict[int, tuple[str, str]] = {}
        self._calls = 0
        self._loaded: set[str] = set()

    def start(self, files: Mapping[str, bytes], turn_seconds: float) -> None:
        """Begin with a program's files; Monty may compute for ``turn_seconds`` without asking for anything.

        Raises:
            EngineError: Monty does not start.
        """
        self._sources = Sources(files)
        self._session.begin(_PRELUDE, self.memory_bytes, turn_seconds)

    # -- what the worker does with any engine ------------------------------------------------------------------

    def bind(self, name: str, function: Callable[..., Any]) -> None:
        """Let the program's base library call ``function``."""
        self._bound[name] = function

    def bind_methods(self, others: Callable[[], object]) -> None:
        """Questions of components, which programs in Python do not have."""

    def limit(self, seconds: float) -> "_Limit":
        """Bound what is called in a ``with`` block."""
        return _Limit(self._session, seconds)

    def left_seconds(self) -> float | None:
        """What is left of the time limit."""
        deadline = self._session.deadline
        return None if deadline is None else deadline - time.monotonic()

    def call(self, function: str, *arguments: Value) -> Value:
        """Call an entry.

        Raises:
            ScriptError, TimeLimitError, MemoryLimitError: it did not run to its end.
        """
        entry = getattr(self, f"_on_{_snake(function.removeprefix(_ENTRY))}", None)
        if entry is None:
            return None
        value: Value = entry(*arguments)
        return value

    def _ask(self, name: str, *values: Any) -> Any:
        try:
            return json.loads(self._session.ask(json.dumps([name, *values])))
        except MontyError as error:
            raise self._told(error) from error
        except ValueError as error:
            raise EngineError("the program answered what is no JSON") from error

    def _told(self, error: MontyError) -> ScriptError:
        """An error of the program, with its places in the program's own files."""
        frames = []
        source = ""
        for place in reversed(error.event.places):
            where = self._where(place)
            if where:
                source = source or where
                frames.append(f"at {place.function or 'the file'} ({where})")
        if len(frames) > _MOST_FRAMES:
            frames[_MOST_FRAMES:] = [f"and {len(frames) - _MOST_FRAMES} more"]
        text = str(error)
        if error.event.name == "PermissionError":
            text = f"CapabilityError: {error.event.text}"
        return ScriptError("\n    ".join([text, *frames]), source)

    def _where(self, place: Place) -> str:
        return self._sources.line(place.line, place.column) if place.source == "<string>" else ""

    # -- entries: launch and pages -----------------------------------------------------------------------------

    def _on_launch(self, payload: Mapping[str, Any]) -> None:
        self._storage = dict(payload["storage"])
        self._limits = payload["limits"]
        self._options = payload["options"]

    def _on_start_app(self) -> None:
        if _APP in self._sources:
            name = self._load(_APP)
            self._ask("start", _APP, name)
            self._ask("life", 0, "on_launch", self._options)
            self._ask("life", 0, "on_show")

    def _load(self, name: str) -> str:
        """Have a file and those that it imports run; gives its class with a base."""
        file = self._sources.read(name)
        if name not in self._loaded:
            for _, home, _ in file.wanted:
                if home != "cygnet":
                    self._load(home)
            self._ask("load", name, self._sources.placed(file), file.wanted)
            self._loaded.add(name)
        return file.page_class

    def _on_create_page(self, page: int, route: str, query: Value, opening: int, stack: list[int], early: bool) -> None:
        self._stack = stack
        self._routes[page] = route
        name = self._load(f"{route}.py")
        if not name:
            raise ScriptError(f"{route}.py has no class with the base Page", f"{route}.py:1")
        self._ask("open", page, f"{route}.py", name)
        self._ask("life", page, "on_load", query)

    def _on_set_stack(self, stack: list[int]) -> None:
        self._stack = stack

    def _on_page_data(self, page: int) -> Any:
        return self._ask("data", page)

    def _on_page_lifecycle(self, page: int, name: str, payload: Value) -> None:
        self._ask("life", page, _snake(name), *([] if payload is None else [payload]))
        if name == "onUnload":
            self._ask("close", page)
            self._routes.pop(page, None)

    def _on_app_lifecycle(self, name: str) -> None:
        self._ask("life", 0, _snake(name))

    def _on_page_not_found(self, route: str, query: Value) -> None:
        self._ask("life", 0, "on_page_not_found", {"path": route, "query": query})

    # -- entries: what happens ---------------------------------------------------------------------------------

    def _on_fire_handler(self, page: int, owner: int, handler: str, event: Mapping[str, Any]) -> str | None:
        given = {
            "type": event["type"],
            "detail": event["detail"],
            "target": _party(event["target"]),
            "current_target": _party(event["currentTarget"]),
            "time_stamp": event["timeStamp"],
        }
        found, answer = (False, None) if handler.startswith("_") else self._ask("life", page, handler, given)
        if not found:
            route = self._routes.get(page, "")
            self._bound["write"]("warn", f"the page has no method {handler!r}, which its template names", route)
        return answer  # of an input: what its field is to hold

    def _on_bind_back(self, page: int, owner: int, path: str, value: Value) -> None:
        self._ask("bind", page, path, value)

    def _on_fire_timer(self, timer: int) -> None:
        self._ask("fire", timer)

    def _on_voice_intent(self, number: int, intent: Value) -> None:
        page = self._stack[-1] if self._stack else 0
        try:
            answer = self._ask("intent", page, intent)
        except BaseException as error:
            self._bound["answer"](number, None, str(error).partition("\n")[0] or "it was stopped")
            raise
        error_text = None if answer else "the program does not listen: it has no on_intent"
        self._bound["answer"](number, answer[0] if answer else None, error_text)

    def _on_host_event(self, name: str, payload: Any) -> None:
        page = self._stack[-1] if self._stack else 0
        if name == "Inference.result":
            self._ask("life", page, "on_inference", payload)
        elif name == "Inference.error":
            text = f"session {payload['session']} hears no more: {payload['reason']}"
            self._bound["write"]("error", text, self._routes.get(page, ""))

    def _on_finish_call(self, call: int, value: Value, error: str | None) -> None:
        name, source = self._navigations.pop(call, ("", ""))
        if error is not None and name:
            self._bound["write"]("error", f"{_snake(name)}: {error}", source)

    # -- what the program asks ---------------------------------------------------------------------------------

    def _answer(self, name: str, text: str) -> str:
        entry = getattr(self, f"_asked_{name}", None)
        try:
            values = json.loads(text)
        except ValueError as error:
            raise RefusedError("ValueError", "it is no JSON") from error
        if entry is None or not isinstance(values, list):
            raise RefusedError("NameError", f"there is no {name!r:.80}")
        try:
            return json.dumps(entry(*values))
        except TypeError as error:
            raise RefusedError("TypeError", str(error)) from error

    def _asked_data(self, page: int, changes: dict[str, Value]) -> Any:
        paths = self._bound["paths"](changes)
        if isinstance(paths, str):
            raise RefusedError("ValueError", paths)
        fault = self._bound["setData"](page, 0, changes)
        if isinstance(fault, str):
            raise RefusedError("ValueError", fault)
        return paths

    def _asked_timer(self, timer: int, milliseconds: float, repeats: bool, waiting: int) -> None:
        most = self._limits.get("timers", _MOST_TIMERS)
        if waiting >= most:
            raise RefusedError("RuntimeError", f"a program has {most} timers at most")
        self._bound["timer"](timer, milliseconds, repeats)

    def _asked_cancel(self, timer: int) -> None:
        self._bound["cancel"](timer)

    def _asked_navigate(self, page: int, name: str, target: str | int) -> None:
        if len(self._navigations) >= _MOST_NAVIGATIONS:
            raise RefusedError("RuntimeError", f"more than {_MOST_NAVIGATIONS} navigations at once")
        self._calls += 1
        route = self._routes.get(page, "")
        self._navigations[self._calls] = (name, route)
        values = {"delta": target} if name == "navigateBack" else {"url": target, "from": route}
        self._bound["invoke"](self._calls, name, values)

    def _asked_call(self, name: str, values: dict[str, Any]) -> Any:
        if name == "storage.get":
            return self._storage.get(str(values.get("key")))
        if name in _NOT_CAPABILITIES:
            raise RefusedError("PermissionError", "not supported on this host")
        asked = time.monotonic()
        answer = self._bound["invokeNow"](name, values)
        if self._session.deadline is not None:  # the program did not run meanwhile
            self._session.deadline += time.monotonic() - asked
        if answer["error"] is not None:
            raise RefusedError("PermissionError", str(answer["error"]))
        if name == "storage.set":
            self._storage[values["key"]] = values.get("value")
        elif name == "storage.remove":
            self._storage.pop(str(values.get("key")), None)
        elif name == "storage.clear":
            self._storage.clear()
        return answer["value"]

    def _log(self, arguments: tuple[object, ...], source: str, offset: int) -> None:
        where = self._sources.offset(offset) if source == "<string>" else ""
        self._bound["write"]("info", " ".join(map(str, arguments)), where)


class _Limit:
    """The time limit of a ``with`` block."""

    __slots__ = ("_seconds", "_session")

    def __init__(self, session: MontySession, seconds: float) -> None:
        self._session = session
        self._seconds = seconds

    def __enter__(self) -> None:
        self._session.deadline = time.monotonic() + self._seconds

    def __exit__(self, *_: object) -> None:
        self._session.deadline = None


def _snake(name: str) -> str:
    """``onPullDownRefresh`` as ``on_pull_down_refresh``."""
    return _CAPITAL.sub(lambda found: f"_{found[0].lower()}", name)


def _party(party: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": party["id"], "dataset": party["dataset"]}
