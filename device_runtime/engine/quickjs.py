"""QuickJS as an :class:`~device_runtime.engine.Engine`, through ``jsbox``."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from device_runtime.engine import MemoryLimitError, ScriptError, TimeLimitError
from device_runtime.engine.crossing import Packing
from device_runtime.engine.extension import load_extension
from device_runtime.engine.lines import LineSpace
from device_runtime.values import Value

jsbox = load_extension()

# Not importlib.resources: it brings tempfile, zipfile and random, as useless here as what extension.py leaves out.
_BASE = Path(__file__).with_name("base")
DEFAULT_MEMORY_BYTES = 64 * 1024 * 1024
_STACK_BYTES = 1024 * 1024
_VALUE_BYTES = 16 * 1024 * 1024

BASE_FILES = (
    "primordials.js",
    "format.js",
    "tables.js",
    "report.js",
    "promises.js",
    "console.js",
    "timers.js",
    "locale.js",
    "values.js",
    "matches.js",
    "modules.js",
    "api.js",
    "table.js",
    "unsupported.js",
    "tasks.js",
    "system.js",
    "storage.js",
    "request.js",
    "transfer.js",
    "sockets.js",
    "files.js",
    "audio.js",
    "inference.js",
    "faces.js",
    "animation.js",
    "bytes.js",
    "random.js",
    "channels.js",
    "navigation.js",
    "packages.js",
    "instances.js",
    "app.js",
    "surroundings.js",
    "functions.js",
    "properties.js",
    "observers.js",
    "nodes.js",
    "updates.js",
    "effects.js",
    "relations.js",
    "behaviors.js",
    "plans.js",
    "events.js",
    "members.js",
    "worklets.js",
    "pages.js",
    "queries.js",
    "drawing.js",
    "canvas.js",
    "contexts.js",
    "preview.js",
    "sharing.js",
    "routes.js",
    "voice.js",
    "wx.js",
    "entry.js",
)
"""The base library in the order of its reading; all files share one function scope."""

# What the base library is called here; in JavaScript it has a name that nobody can guess.
_ENTRY = "__cygnet"
# Awaiting a promise that never settles makes jsbox run every job in the queue and then say so: 1.7 us.
_DRAINED = "promise never settled"
# Lists and objects are taken in a second step, once JavaScript knows how (engine/crossing.py).
_NESTED = frozenset({list, dict, tuple})
_TAKE = "\r"


class QuickJSEngine:
    """One QuickJS runtime with the base library loaded.

    ``memory_bytes`` bounds the JavaScript heap. ``time_limit`` bounds what runs inside ``with engine.limit(...)``;
    outside of it nothing is bounded. ``extra`` are files that are read after the base library, in its scope.
    """

    def __init__(self, memory_bytes: int = DEFAULT_MEMORY_BYTES, extra: Sequence[Path] = ()) -> None:
        self.memory_bytes = memory_bytes
        self.lines = LineSpace()
        self._runtime = jsbox.Runtime(
            memory_limit=memory_bytes, max_stack_size=_STACK_BYTES, max_value_bytes=_VALUE_BYTES
        )
        self._bound: dict[str, Callable[..., Value]] = {}
        self._others: Callable[[], object] | None = None
        self._arguments: tuple[Value, ...] = ()
        self._answer: Value = None
        self._packing = Packing()
        self._failure: BaseException | None = None
        self._calls: dict[tuple[str, tuple[bool, ...]], str] = {}
        self._deadline: float | None = None
        self._entry = f"_{os.urandom(5).hex()}"
        self._drain_code = f"{self._entry}.never"
        self._runtime.bind_function("__host", self._host)
        self._runtime.bind_function("__argument", self._argument)
        self._load_base([*(_BASE / name for name in BASE_FILES), *extra])

    def _load_base(self, files: Sequence[Path]) -> None:
        # A binding of scripts is no property of the global object: who does not know its name does not find it.
        code = [f"const {self._entry} = (function () {{ 'use strict';\n"]
        for file in files:
            source = file.read_text(encoding="utf-8")
            newlines = self.lines.place(f"base/{file.name}", source, internal=True)
            written = sum(part.count("\n") for part in code)
            code += ["\n" * (newlines - written), source]
        code.append("\nreturn entryPoint;\n})()")
        self._evaluate("".join(code))

    def bind(self, name: str, function: Callable[..., Value]) -> None:
        self._bound[name] = function

    def wrap(self, name: str, around: Callable[[Callable[..., Value]], Callable[..., Value]]) -> None:
        """Put a function around one that is bound."""
        self._bound[name] = around(self._bound[name])

    def bind_methods(self, others: Callable[[], object]) -> None:
        """Let a name that is not bound mean the method of that name of the object that ``others`` gives when it is
        first needed. What is never called is never touched: a worker copies every page that it touches."""
        self._others = others

    def evaluate_file(self, name: str, source: str) -> None:
        self._evaluate("\n" * self.lines.place(name, source) + source + "\n;undefined")
        self._drain()

    def call(self, function: str, *arguments: Value) -> Value:
        nested = tuple([type(argument) in _NESTED for argument in arguments])
        key = (function, nested)
        code = self._calls.get(key)
        if code is None:
            ways = [f"{_ENTRY}.{'argument' if deep else 'flat'}({index})" for index, deep in enumerate(nested)]
            code = f"{function}({', '.join(ways)})".replace(f"{_ENTRY}.", f"{self._entry}.")
            self._calls[key] = code
        self._arguments = arguments
        value = self._evaluate(code)
        self._drain()
        return value

    def limit(self, seconds: float) -> "_Limit":
        """Let everything evaluated inside take at most ``seconds`` together, the program's waiting included."""
        return _Limit(self, seconds)

    def set_deadline(self, deadline: float | None) -> None:
        """Stop what is evaluated after this moment of ``time.monotonic()``; ``None`` lets it take its time."""
        self._deadline = deadline

    def left_seconds(self) -> float | None:
        """What is left of the limit that runs; ``None`` without one."""
        return None if self._deadline is None else self._deadline - time.monotonic()

    def _argument(self, index: object, way: object = None) -> Value:
        """What JavaScript takes: an argument of the call under way, or at -1 what the host answered last; with the way
        ``packed`` as JSON, at a number the bytes that belong to it. The program can ask, too, and gets its own."""
        if type(index) is not int:
            return None
        if way == "bytes":
            return self._packing.bytes_of(index)
        value = self._arguments[index] if 0 <= index < len(self._arguments) else self._answer if index == -1 else None
        return self._packing.pack(value) if way == "packed" else value

    def _host(self, name: str, *arguments: Value) -> Value:
        try:
            if name not in self._bound and self._others is not None:
                self._bound[name] = getattr(self._others(), name)
            answer = self._bound[name](*arguments)
        except BaseException as error:
            # The program could catch what it sees of this; the worker must still hear of it.
            self._failure = self._failure or error
            raise
        if type(answer) in _NESTED or answer == _TAKE:
            self._answer, answer = answer, _TAKE
        return answer

    def _timeout(self) -> float | None:
        return None if self._deadline is None else max(self._deadline - time.monotonic(), 0.001)

    def _evaluate(self, code: str) -> Value:
        try:
            value: Value = self._runtime.eval(code, timeout=self._timeout())
        except jsbox.JsTimeoutError as error:
            raise TimeLimitError("it ran longer than it may, and was stopped") from error
        except jsbox.JavaScriptError as error:
            self._raise_failure()
            raise self._script_error(error) from error
        except (TypeError, ValueError) as error:
            self._raise_failure()
            raise ScriptError(f"a value cannot leave the program: {error}") from error
        self._raise_failure()
        return value

    def _drain(self) -> None:
        try:
            self._runtime.eval(self._drain_code, timeout=self._timeout())
        except jsbox.JsTimeoutError as error:
            raise TimeLimitError("its promises ran longer than they may, and were stopped") from error
        except jsbox.JavaScriptError as error:
            self._raise_failure()
            if not str(error).startswith(_DRAINED):
                raise self._script_error(error) from error
        self._raise_failure()

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _script_error(self, error: Any) -> ScriptError | MemoryLimitError:
        # Where not even the error object fits any more, QuickJS throws null. A program's own `throw null` ends in the
        # base library and does not come here.
        starved = error.name is None and error.message == "null"
        if starved or (error.name == "InternalError" and error.message == "out of memory"):
            return MemoryLimitError(f"it needs more than the {self.memory_bytes // (1024 * 1024)} MB it may have")
        source, frames = self.lines.trace(error.stack or "")
        text = f"{error.name}: {error.message}" if error.name else str(error.message)
        return ScriptError("\n    ".join([text, *frames]), source)


class _Limit:
    """The time limit of a ``with`` block. A generator would take 2 us more, and there are three for each event."""

    __slots__ = ("_engine", "_seconds")

    def __init__(self, engine: QuickJSEngine, seconds: float) -> None:
        self._engine = engine
        self._seconds = seconds

    def __enter__(self) -> None:
        self._engine.set_deadline(time.monotonic() + self._seconds)

    def __exit__(self, *_: object) -> None:
        self._engine.set_deadline(None)
