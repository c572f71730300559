"""The modules of a program's templates (wxs, sjs) and the views: values for bindings, handlers, ``change:`` observers.

They run in the worker beside the views, in an engine of their own (``engine/wxs.py``), which is made when the first
template asks. What a module wants of the program's own JavaScript waits until that is not running.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from device_runtime.engine.wxs import WxsRuntime
from device_runtime.errors import CygnetError
from device_runtime.program.displayed import DisplayedPages
from device_runtime.values import Value
from device_runtime.view.javascript import UNDEFINED, exported
from device_runtime.view.nodes import NodeInfo
from device_runtime.view.wxs import WxsFunction

Log = Callable[[str, str, str], None]


class TemplateModules:
    """The wxs modules of one program, as :class:`~device_runtime.view.wxs.WxsModules` and for events.

    ``timer(id, milliseconds)`` is to call :meth:`fire_timer` in that time. ``seconds`` is what one call may take, or
    what ``left_seconds()`` gives, which is left of the event in which they run, if there is one.
    """

    def __init__(
        self,
        files: Mapping[str, bytes],
        displayed: DisplayedPages,
        log: Log,
        timer: Callable[[int, float], None],
        seconds: float,
        left_seconds: Callable[[], float | None],
    ) -> None:
        self._files = files
        self._displayed = displayed
        self._log = log
        self._timer = timer
        self._seconds = seconds
        self._left_seconds = left_seconds
        self._runtime: WxsRuntime | None = None
        self._wanted: deque[tuple[str, int, int, str, Value]] = deque()
        displayed.use_modules(self)

    # -- for bindings ------------------------------------------------------------------------------------------

    def value(self, path: str, keys: Sequence[str]) -> "Value | WxsFunction":
        """A member of a module; a function is named, not given."""
        runtime = self._running()
        return WxsFunction(path, tuple(keys)) if runtime.is_function(path, keys) else runtime.value(path, keys)

    def call(self, path: str, keys: Sequence[str], arguments: Sequence[Any]) -> Value:
        """What a function of a module answers."""
        undefined = tuple(position for position, value in enumerate(arguments) if value is UNDEFINED)
        values = [None if value is UNDEFINED else exported(value) for value in arguments]
        return self._running().call(path, keys, values, undefined)

    # -- for events --------------------------------------------------------------------------------------------

    def handle(self, function: WxsFunction, event: Mapping[str, Value], page: int, owner: int, node: int) -> bool:
        """Let a function handle an event; False if the event goes no further."""
        try:
            return self._running().handle((function.path, function.keys), event, page, owner, node)
        except CygnetError as error:
            self._report(function, error)
            return True

    def tell_changes(self) -> None:
        """Call the ``change:`` observers of what has changed."""
        if self._runtime is None:
            return
        for page, view in self._displayed.views():
            for _, owner, node, function, new, old in view.take_wxs_changes():
                try:
                    member = (function.path, function.keys)
                    self._running().changed(member, (_plain(new), _plain(old)), page, owner, node)
                except CygnetError as error:
                    self._report(function, error)

    def fire_timer(self, timer: int) -> None:
        """Run what a module's ``setTimeout`` or ``requestAnimationFrame`` waits for."""
        if self._runtime is not None:
            try:
                self._runtime.fire_timer(timer)
            except CygnetError as error:
                self._log("error", f"a timer of a template module: {error}", getattr(error, "source", ""))

    def forget(self, page: int) -> None:
        """A page is closed."""
        if self._runtime is not None:
            self._runtime.forget(page)

    @property
    def is_waiting(self) -> bool:
        """Whether a module wants something."""
        return bool(self._wanted)

    def take_wanted(self) -> tuple[str, int, int, str, Value] | None:
        """What a module wants of the program's own JavaScript, the oldest first: ``(entry, page, node, name, value)``
        with the entry ``callMethod`` or ``triggerOn``."""
        return self._wanted.popleft() if self._wanted else None

    # --------------------------------------------------------------------------------------------------------------

    def _running(self) -> WxsRuntime:
        if self._runtime is None:
            self._runtime = WxsRuntime(self._files, seconds=self._seconds, left_seconds=self._left_seconds)
            self._runtime.bind("log", lambda level, text: self._log(level, text, ""))
            self._runtime.bind("timer", self._timer)
            self._runtime.bind("descriptor", self._descriptor)
        return self._runtime

    def _report(self, function: WxsFunction, error: CygnetError) -> None:
        name = ".".join((function.path, *function.keys))
        self._log("error", f"{name}: {error}", getattr(error, "source", ""))

    def _descriptor(self, page: int, node: int, method: str, values: list[Any]) -> Value:
        """A method of a component descriptor (``wxs_base.js``)."""
        view = self._displayed.view(page)
        if view is None:
            return [] if method == "select" else None
        found = view.describe(node) if node else None
        match method:
            case "select":
                return list(self._displayed.select(page, _tree_of(node, found), values[0], first=values[1]))
            case "hasClass":
                return found is not None and values[0] in found.classes
            case "dataset":
                return {} if found is None else found.dataset
            case "setStyle":
                self._displayed.collect(page, view.set_node(node, "style", str(values[0])))
            case "addClass" | "removeClass":
                names: dict[str, Value] = dict.fromkeys(str(values[0]).split(), method == "addClass")
                self._displayed.collect(page, view.set_node(node, "class", names))
            case "callMethod":
                self._wanted.append(("callMethod", page, _tree_of(node, found), str(values[0]), values[1]))
            case "triggerEvent":
                self._wanted.append(("triggerOn", page, node, str(values[0]), values[1]))
            case _:
                self._log("warn", f"{method} of a component descriptor has no answer here", "")
        return None


def _tree_of(node: int, found: NodeInfo | None) -> int:
    """The page or component whose tree a descriptor speaks of: its own, or the one that its node is in."""
    return node if found is None or found.component else found.owner


def _plain(value: Any) -> Value:
    return None if value is UNDEFINED else exported(value)
