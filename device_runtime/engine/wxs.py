"""The modules of templates: wxs (WeChat), sjs and filter (Baidu SWAN), in a QuickJS runtime of their own.

They run where the view is, beside the program's own engine and out of its reach, as in WeChat; so a binding can call
them while the program's own JavaScript waits for ``setData``. Language:
https://developers.weixin.qq.com/miniprogram/en/dev/reference/wxs/.
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from device_runtime.engine import MemoryLimitError, ScriptError, TimeLimitError
from device_runtime.engine.extension import load_extension
from device_runtime.engine.lines import LineSpace
from device_runtime.engine.tokens import TokenError, tokenize
from device_runtime.values import Value

jsbox = load_extension()

# Read before any worker is forked: a worker can open nothing.
_BASE = Path(__file__).with_name("wxs_base.js").read_text(encoding="utf-8")
_MEMORY_BYTES = 16 * 1024 * 1024
_STACK_BYTES = 512 * 1024
_VALUE_BYTES = 16 * 1024 * 1024
_OPENING = "(function (exports, require, module, getDate, getRegExp, console) {\n"
# wxs keeps the backslash of an escape that it does not know: '\d' is two characters there, one in JavaScript.
_UNKNOWN_ESCAPE = re.compile(r"\\(?:([ntrbfv0xu'\"\\\r\n\u2028\u2029])|(.))", re.DOTALL)
_REWRITTEN = re.compile(r"\\[^ntrbfv0xu'\"\\\r\n\u2028\u2029]|\bconstructor\b")

Member = tuple[str, tuple[str, ...]]
"""A module's path in the package, and the names that lead to something in it; none: the module itself."""


class WxsRuntime:
    """The wxs modules among ``files`` (path in the package -> source), each run when it is first needed.

    ``seconds`` is the longest that one call may take, or what ``left_seconds()`` gives where that is less.
    Every method raises :class:`ScriptError` with file and line where a module throws, is missing or is no JavaScript,
    :class:`TimeLimitError` and :class:`MemoryLimitError` where it reaches a limit.
    """

    def __init__(
        self,
        files: Mapping[str, bytes],
        *,
        seconds: float = 1.0,
        left_seconds: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._files = files
        self._seconds = seconds
        self._left_seconds = left_seconds
        self._lines = LineSpace()
        self._arguments: Sequence[Value] = ()
        self._failure: BaseException | None = None
        self._members: dict[Member, tuple[int, bool]] = {}
        self._calls: dict[tuple[str, int, tuple[int, ...]], str] = {}
        self._bound: dict[str, Callable[..., Value]] = {"source": self._source, "resolve": self._resolve}
        self._runtime = jsbox.Runtime(
            memory_limit=_MEMORY_BYTES, max_stack_size=_STACK_BYTES, max_value_bytes=_VALUE_BYTES
        )
        self._runtime.bind_function("__host", self._host)
        self._runtime.bind_function("__argument", lambda index: self._arguments[index])
        self._runtime.eval("\n" * self._lines.place("wxs_base.js", _BASE, internal=True) + _BASE)

    def bind(self, name: str, function: Callable[..., Value]) -> None:
        """What the modules' descriptors ask: ``log(level, text)``, ``timer(id, milliseconds)`` and
        ``descriptor(page, node, method, values)``."""
        self._bound[name] = function

    def is_function(self, path: str, keys: Sequence[str]) -> bool:
        """Whether a member of a module is a function."""
        return self._find(path, keys)[1]

    def value(self, path: str, keys: Sequence[str]) -> Value:
        """A member of a module as plain data; functions in it are left out."""
        value: Value = self._run("value", (self._find(path, keys)[0],))
        return value

    def call(self, path: str, keys: Sequence[str], values: Sequence[Value], undefined: tuple[int, ...] = ()) -> Value:
        """Call a function of a module. ``undefined`` are the positions of values that are JavaScript's undefined."""
        number, callable_ = self._find(path, keys)
        if not callable_:
            raise ScriptError(f"{'.'.join(keys) or 'the module'} of {path} is no function", path)
        value: Value = self._run("call", (number, *values), tuple(position + 1 for position in undefined))
        return value

    def handle(self, member: Member, event: Mapping[str, Value], page: int, owner: int, node: int) -> bool:
        """Let a function handle an event on a node; False if it wants the event to go no further."""
        return self._run("handle", (self._find(*member)[0], dict(event), page, owner, node)) is not False

    def changed(self, member: Member, values: tuple[Value, Value], page: int, owner: int, node: int) -> None:
        """Tell a ``change:`` observer the new and the old value."""
        self._run("changed", (self._find(*member)[0], *values, page, owner, node))

    def fire_timer(self, timer: int) -> None:
        """Run what ``setTimeout`` or ``requestAnimationFrame`` waits for."""
        self._run("fireTimer", (timer,))

    def forget(self, page: int) -> None:
        """Drop the states of a page's nodes."""
        self._run("forget", (page,))

    def _find(self, path: str, keys: Sequence[str]) -> tuple[int, bool]:
        member = (path, tuple(keys))
        found = self._members.get(member)
        if found is None:
            number, callable_ = self._run("find", (path, list(keys)))
            found = self._members[member] = (int(number), bool(callable_))
        return found

    def _run(self, entry: str, arguments: Sequence[Value], undefined: tuple[int, ...] = ()) -> Any:
        key = (entry, len(arguments), undefined)
        code = self._calls.get(key)
        if code is None:
            given = ["undefined" if at in undefined else f"__wxs.argument({at})" for at in range(len(arguments))]
            code = self._calls[key] = f"__wxs.{entry}({', '.join(given)})"
        left = self._left_seconds()
        seconds = self._seconds if left is None else min(self._seconds, left)
        if seconds <= 0:
            raise TimeLimitError("the time of the event is used up")
        with self._given(arguments):
            try:
                value = self._runtime.eval(code, timeout=seconds)
            except jsbox.JsTimeoutError as error:
                raise TimeLimitError(f"it took longer than {seconds:.2g} s, and was stopped") from error
            except jsbox.JavaScriptError as error:
                self._raise_failure()
                raise self._script_error(error) from error
            except (TypeError, ValueError) as error:
                self._raise_failure()
                raise ScriptError(f"a value cannot cross to or from the module: {error}") from error
        self._raise_failure()
        return value

    @contextmanager
    def _given(self, arguments: Sequence[Value]) -> Iterator[None]:
        self._arguments = arguments
        try:
            yield
        finally:
            self._arguments = ()

    def _host(self, name: str, *arguments: Any) -> Value:
        try:
            return self._bound[name](*arguments)
        except BaseException as error:
            # The module could catch what it sees of this; the worker must still hear of it.
            self._failure = self._failure or error
            raise

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _script_error(self, error: Any) -> ScriptError | MemoryLimitError:
        if (error.name == "InternalError" and error.message == "out of memory") or error.name is None:
            return MemoryLimitError(
                f"the template modules need more than the {_MEMORY_BYTES // 2**20} MB they may have"
            )
        source, frames = self._lines.trace(error.stack or "")
        text = f"{error.name}: {error.message}" if error.name else str(error.message)
        return ScriptError("\n    ".join([text, *frames]), source)

    # -- what modules are made of ------------------------------------------------------------------------------

    def _resolve(self, importer: str, request: str) -> str | None:
        base = request if request.startswith("/") else posixpath.join("/", posixpath.dirname(importer), request)
        path = posixpath.normpath(base).lstrip("/")
        for candidate in (path, f"{path}.wxs"):
            if candidate.endswith(".wxs") and candidate in self._files:
                return candidate
        return None

    def _source(self, path: str) -> str:
        data = self._files.get(path)
        if data is None:
            return f"(function () {{ throw new Error({f'the package has no {path}; build the program again'!r}) }})"
        text = data.decode("utf-8-sig", errors="replace")
        newlines = self._lines.place(path, text)
        return "\n" * (newlines - 1) + _OPENING + rewrite(text) + "\n})"


def rewrite(source: str) -> str:
    """wxs source as JavaScript that means the same: unknown escapes keep their backslash, and ``.constructor`` is a
    text. Lines stay where they are."""
    if not _REWRITTEN.search(source):
        return source
    parts: list[str] = []
    at, before = 0, ""
    try:
        for token in tokenize(source):
            text = token.text
            if token.kind == "string":
                text = _UNKNOWN_ESCAPE.sub(lambda match: match[0] if match[1] else f"\\\\{match[2]}", text)
            elif text == "constructor" and before in (".", "?."):
                text = "wxs_constructor"
            parts += [source[at : token.start], text]
            at, before = token.end, token.text
    except TokenError:
        return source  # the engine will say where the syntax is wrong
    return "".join([*parts, source[at:]])
