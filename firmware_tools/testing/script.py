"""One test file: its JavaScript, in an engine of its own, whose acts are done by a driver.

The engine blocks while an act is done, so it has a thread of its own; acts run in the event loop.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import jsbox

from device_runtime.engine.lines import LineSpace
from device_runtime.errors import CygnetError

TEST_SECONDS = 60.0
_MEMORY_BYTES = 256 * 1024 * 1024
_WRAP = ("(function (exports, require, module) {", "\n})")
_Result = TypeVar("_Result")

Act = Callable[[str, list[Any]], Awaitable[Any]]


class ScriptFileError(CygnetError):
    """A test file cannot be read as tests; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a test failed, and where in the test's own files: ``file:line:column``, or empty."""

    message: str
    source: str


@dataclass(frozen=True, slots=True)
class TestCase:
    """One ``it``; ``index`` is its place in the file."""

    __test__ = False  # it is not a test class of pytest

    index: int
    name: str
    skip: bool


class TestScript:
    """The tests of one file. ``root`` is the program's folder, in which ``require`` finds modules."""

    __test__ = False

    def __init__(self, root: Path, path: Path, act: Act, wait_seconds: float, show: Callable[[str], None]) -> None:
        self._root = root.resolve()
        self._name = path.resolve().relative_to(self._root).as_posix()
        self._act = act
        self._show = show
        self._wait_ms = round(wait_seconds * 1000)
        self._lines = LineSpace()
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="test")
        self._runtime: Any = None  # made in its thread
        self._closing = False

    async def load(self) -> list[TestCase]:
        """Run the file, which declares its tests.

        Raises:
            ScriptFileError: it throws, or is no JavaScript.
        """
        return await self._in_thread(self._load)

    async def run(self, test: TestCase) -> Failure | None:
        """Run one test; ``None`` is success."""
        return await self._in_thread(lambda: self._run(test))

    async def close(self) -> None:
        """End the engine, after the act that is under way; a test that is not over fails at its next act."""
        self._closing = True
        await self._in_thread(self._forget)
        self._thread.shutdown()

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        return await self._loop.run_in_executor(self._thread, work)

    def _forget(self) -> None:
        self._runtime = None

    def _load(self) -> list[TestCase]:
        self._runtime = jsbox.Runtime(memory_limit=_MEMORY_BYTES)
        self._runtime.bind_function("__host", self._host)
        source = (resources.files("firmware_tools.testing") / "harness.js").read_text(encoding="utf-8")
        harness = source.replace("__WAIT_MS__", str(self._wait_ms))
        self._evaluate("\n" * self._lines.place("harness.js", harness, internal=True) + harness)
        try:
            self._evaluate(f"__load({json.dumps(self._name)})")
        except jsbox.JsTimeoutError as error:
            raise ScriptFileError(f"{self._name} did not end within {TEST_SECONDS:g} s while it was read") from error
        except jsbox.JavaScriptError as error:
            source, _ = self._lines.trace(error.stack or "")
            raise ScriptFileError(f"{source or self._name}: {error.message}") from error
        cases: list[dict[str, Any]] = json.loads(self._evaluate("__tests()"))
        return [TestCase(index, case["name"], case["skip"]) for index, case in enumerate(cases)]

    def _run(self, test: TestCase) -> Failure | None:
        try:
            outcome = self._evaluate(f"__run({test.index})")
        except jsbox.JsTimeoutError:
            return Failure(f"it did not end within {TEST_SECONDS:g} s", self._name)
        except jsbox.JavaScriptError as error:
            return Failure(str(error.message), self._name)
        if not outcome:
            return None
        failure = json.loads(outcome)
        source, _ = self._lines.trace(failure["stack"])
        return Failure(failure["message"], source)

    def _evaluate(self, code: str) -> Any:
        return self._runtime.eval(code, timeout=TEST_SECONDS)

    def _host(self, name: str, arguments: str) -> str:
        values = json.loads(arguments)
        if self._closing:
            return json.dumps({"error": "the test run was stopped"})
        try:
            if name == "module":
                return json.dumps({"value": self._module(*values)})
            if name == "print":
                self._show(values[0])
                return json.dumps({"value": None})
            value = asyncio.run_coroutine_threadsafe(self._perform(name, values), self._loop).result()
        except CygnetError as error:
            return json.dumps({"error": str(error)})
        except TypeError as error:
            return json.dumps({"error": f"{name}: {error}"})
        return json.dumps({"value": value}, default=str)

    async def _perform(self, name: str, values: list[Any]) -> Any:
        return await self._act(name, values)

    def _module(self, from_name: str, request: str) -> dict[str, str]:
        """Find a module for ``require``: relative to the file that asks, or from the program's root."""
        base = self._root if request.startswith("/") else (self._root / from_name).parent
        path = (base / request.lstrip("/")).resolve()
        candidates = (path, path.with_name(f"{path.name}.js"), path.with_name(f"{path.name}.json"), path / "index.js")
        found = next((item for item in candidates if item.is_file() and item.is_relative_to(self._root)), None)
        if found is None:
            raise ScriptFileError(f"the module {request!r} is not in the program's folder (required by {from_name})")
        name = found.relative_to(self._root).as_posix()
        source = found.read_text(encoding="utf-8-sig")
        if found.suffix == ".json":
            return {"name": name, "json": source}
        before, after = _WRAP
        newlines = self._lines.place(name, source)
        return {"name": name, "code": "\n" * (newlines - 1) + before + "\n" + source + after}
