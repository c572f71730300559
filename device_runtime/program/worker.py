"""What runs in a worker process: one program's engine, views and page stack, in a loop over one socket.

``prepare`` is called once in the zygote; what it returns is called in each worker with the worker's socket.
"""

import signal
import socket
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from device_runtime.engine import MemoryLimitError, ScriptError, TimeLimitError
from device_runtime.engine.body import WorkerBody
from device_runtime.engine.connection import ConnectionClosed, WorkerConnection
from device_runtime.engine.frames import Event, Exit, Frame, FrameError, Log, Request, Response, divide, encode_frame
from device_runtime.engine.modules import ModuleFiles
from device_runtime.engine.quickjs import DEFAULT_MEMORY_BYTES, QuickJSEngine
from device_runtime.engine.source_maps import SourceMaps
from device_runtime.engine.timers import TimerHeap
from device_runtime.errors import CygnetError
from device_runtime.program import encoding, faces
from device_runtime.program.apis import api_document
from device_runtime.program.components import Components
from device_runtime.program.displayed import DisplayedPages
from device_runtime.program.files import PackageFiles
from device_runtime.program.limits import Limits
from device_runtime.program.log_lines import LogLines, lost_text
from device_runtime.program.manifest import Manifest, read_manifest
from device_runtime.program.node_events import NodeEvents
from device_runtime.program.pages import NavigationError, Page, PageNotFoundError, PageStack, Step, split_path
from device_runtime.program.rehearsal import REHEARSAL, load_stragglers
from device_runtime.program.template_modules import TemplateModules
from device_runtime.program.view_questions import ViewQuestions
from device_runtime.values import Value

# How many handlers in a row may run into the time limit before the program is ended.
_STRIKES = 3
_TIMERS_A_TURN = 64
_WISHES_A_TURN = 1000
_RENDERS_A_TURN = 16
_NAVIGATIONS: Mapping[str, Callable[[PageStack, dict[str, Any]], Step]] = {
    "navigateTo": lambda stack, values: stack.push(values["url"], values["from"]),
    "redirectTo": lambda stack, values: stack.redirect(values["url"], values["from"]),
    "reLaunch": lambda stack, values: stack.relaunch(values["url"], values["from"]),
    "switchTab": lambda stack, values: stack.switch_tab(values["url"], values["from"]),
    "navigateBack": lambda stack, values: stack.back(values["delta"]),
}
# What a step is called that nobody named.
_OPEN_TYPES = {"push": "navigateTo", "pop": "navigateBack", "replace": "redirectTo", "tab": "switchTab"}


class _Stop(Exception):  # noqa: N818 it ends the loop; most often nothing is wrong
    """End the worker; the reason is a sentence, or empty."""


def prepare(
    memory_bytes: str = str(DEFAULT_MEMORY_BYTES), *, worker: "type[Worker] | None" = None, extra: Sequence[Path] = ()
) -> WorkerBody:
    """Import and warm what every worker needs; returns the worker's body. ``memory_bytes`` is the limit that its
    programs will have: only an engine made with it can be theirs. Developers' tools give a ``worker`` of their own,
    and ``extra`` files for its base library."""
    # The engine comes first and so lies in one piece: made in what the rehearsal frees, it is scattered between the
    # holes that a worker will fill (0.04 MB more of private memory). A second rehearsal only makes more holes.
    engine = _make_engine(int(memory_bytes), extra)
    rehearse()
    load_stragglers()

    def run(connection: socket.socket) -> None:
        serve(WorkerConnection(connection), engine, worker)

    return WorkerBody(run, _encoded(REHEARSAL[0], REHEARSAL[-1]))  # what all programs do: they are launched


def rehearse() -> None:
    """Run a small program once, before any fork: what it loads, compiles and specialises, every worker then shares
    instead of making it again in pages of its own."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(_encoded(*REHEARSAL))
        serve(WorkerConnection(theirs), _make_engine())


def _encoded(*frames: Frame) -> bytes:
    return b"".join(map(encode_frame, frames))


def _make_engine(memory_bytes: int = DEFAULT_MEMORY_BYTES, extra: Sequence[Path] = ()) -> QuickJSEngine:
    """An engine that knows what is supported; it knows it before the fork, so no launch pays for it."""
    engine = QuickJSEngine(memory_bytes, extra)
    engine.call("__cygnet.readTable", api_document())
    return engine


def serve(connection: WorkerConnection, engine: QuickJSEngine, worker: "type[Worker] | None" = None) -> None:
    """Run one program until the host or the program ends it. Every end is said as an Exit frame."""
    try:
        try:
            first = connection.receive(None)
            if not isinstance(first, Event) or first.name != "launch":
                connection.send(Exit("" if isinstance(first, Exit) else "the host did not begin with a launch"))
                return
            (worker or Worker)(connection, engine, first.payload).run()
        except _Stop as stop:
            connection.send(Exit(str(stop)))
        except MemoryLimitError as error:
            connection.send(Log("error", f"the program is ended: {error}", ""))
            connection.send(Exit(str(error)))
        except (CygnetError, MemoryError) as error:
            text = str(error) or "the program needs more memory than a worker may have"
            connection.send(Log("error", text, ""))
            connection.send(Exit(text))
        except ConnectionClosed:
            raise
        except Exception as error:  # noqa: BLE001 the last resort: whatever it is, the host hears of it
            connection.send(Log("error", "".join(traceback.format_exception(error)), ""))
            connection.send(Exit(f"the runtime failed: {type(error).__name__}: {error}"))
    except ConnectionClosed:
        return


def _told(function: Callable[..., Any], *values: Any) -> Value:
    """What a function gives, or its complaint as a text: a program sees neither its types nor its places."""
    whole = [int(value) if isinstance(value, float) and value.is_integer() else value for value in values]
    try:
        answer: Value = function(*whole)
    except (ValueError, TypeError, OverflowError) as error:
        return str(error)
    return answer


class _Watchdog:
    """Lets the kernel end this process if what is inside does not come back at all."""

    __slots__ = ("_seconds",)

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)


class ProgramFileError(CygnetError):
    """The host did not give a file of the package."""


class Worker:
    """One program's run. ``launch`` is the payload of the launch event."""

    app_file = "app.js"

    def __init__(self, connection: WorkerConnection, engine: QuickJSEngine, launch: Mapping[str, Any]) -> None:
        self._connection = connection
        self._limits = Limits.read(launch.get("limits") or {})
        if engine.memory_bytes != self._limits.memory_bytes:
            engine = self._engine_within_limits(engine)
        self._engine = engine
        self._launch = launch
        self._manifest: Manifest = read_manifest(launch["manifest"])
        files: Mapping[str, bytes] = launch["files"]
        if launch.get("later"):
            files = PackageFiles(files, launch["later"], self._fetch)
        self._files = files
        subpackages = [part.root for part in self._manifest.subpackages]
        self._modules = ModuleFiles(files, engine.lines, self._manifest.aliases, subpackages)
        engine.lines.original = SourceMaps(files, lambda text, file: self._log("warn", text, file)).original
        self._components = Components(files, self._log)
        self._displayed = DisplayedPages(
            self._manifest, self._components, self._send_shown, self._log, self._limits.nodes
        )
        self._template_modules: TemplateModules | None = None
        if any(name.endswith(".wxs") for name in files):
            self._template_modules = TemplateModules(
                files,
                self._displayed,
                self._log,
                self._set_module_timer,
                self._limits.event_seconds,
                self._engine.left_seconds,
            )
        self._events = NodeEvents(self._displayed, self._template_modules, self._call)
        tabs = [tab.route for tab in self._manifest.tab_bar.tabs] if self._manifest.tab_bar else []
        self._stack = PageStack(self._manifest.pages, tabs)
        self._timers = TimerHeap()
        self._tasks: deque[tuple[int, str, dict[str, Any]]] = deque()
        self._rejections = False
        self._after_render = False
        self._strikes = 0
        self._lines = LogLines(self._limits.log_lines_a_second)
        self._next_wait = 0
        self._waited = 0.0
        self._bind()

    def _engine_within_limits(self, _: QuickJSEngine) -> QuickJSEngine:
        """An engine for a program whose memory limit is another than that of the engine at hand."""
        return _make_engine(self._limits.memory_bytes)

    def run(self) -> None:
        """Launch, then serve frames, timers and the program's own navigation until the end.

        Raises:
            _Stop: it is over. Other errors are faults of the runtime or of its limits.
        """
        self._start()
        while True:
            waiting = self._template_modules is not None and self._template_modules.is_waiting
            busy = self._tasks or self._after_render or waiting
            frame = self._connection.receive(0.0 if busy else self._timers.wait_seconds())
            if frame is not None:
                self._handle(frame)
            # Each source gets its share of every turn, so that none of them can starve another.
            self._fire_timers()
            if self._tasks:
                self._run_task(*self._tasks.popleft())
            self._settle()

    def _fire_timers(self) -> None:
        for _ in range(_TIMERS_A_TURN):
            timer = self._timers.pop_due()
            if timer is None:
                return
            if timer < 0 and self._template_modules is not None:
                self._template_modules.fire_timer(-timer)
            else:
                self._call("a timer", "fireTimer", timer)

    # -- calling JavaScript ------------------------------------------------------------------------------------

    def _call(self, what: str, function: str, *arguments: Value, seconds: float | None = None) -> Value:
        """Call one entry of the base library within the time limit. The program's own errors are logged by the
        library; a time limit is logged here, and the third in a row ends the program."""
        seconds = seconds or self._limits.event_seconds
        value: Value = None
        until = time.monotonic() + seconds - self._waited
        try:
            with self._watchdog(seconds), self._engine.limit(seconds):
                value = self._engine.call(f"__cygnet.{function}", *arguments)
                if self._rejections:
                    self._rejections = False
                    self._engine.call("__cygnet.reportRejections")
            if time.monotonic() > until + self._waited:  # what the host took is not the program's
                self._took_too_long(
                    what, seconds, "it came to an end, but late: one operation cannot be stopped half-way"
                )
            else:
                self._strikes = 0
        except TimeLimitError as error:
            self._tidy(seconds)
            self._took_too_long(what, seconds, str(error))
        except ScriptError as error:
            self._log("error", f"{what}: {error}", error.source)
        return value

    def _watchdog(self, seconds: float) -> "_Watchdog":
        return _Watchdog(seconds + self._limits.overrun_seconds)

    def _tidy(self, seconds: float) -> None:
        """Nothing is under way any more. Promise jobs that were not stopped may still be, and take their time."""
        with suppress(TimeLimitError), self._watchdog(seconds), self._engine.limit(seconds):
            self._engine.call("__cygnet.interrupted")

    def _took_too_long(self, what: str, seconds: float, how: str) -> None:
        self._strikes += 1
        self._log("error", f"{what} took longer than {seconds:g} s: {how}", "")
        if self._strikes >= _STRIKES:
            raise _Stop(f"{_STRIKES} calls in a row took longer than {seconds:g} s")

    def _settle(self) -> None:
        """Send what has changed; then the callbacks that wait for it, which may change more."""
        self._flush()
        for _ in range(_RENDERS_A_TURN):
            if not self._after_render:
                break
            self._after_render = False
            self._call("a callback of setData", "rendered")
            self._flush()

    def _flush(self) -> None:
        """Let the modules of templates have their say about what has changed, and send it."""
        modules = self._template_modules
        if modules is not None:
            modules.tell_changes()
            for _ in range(_WISHES_A_TURN):
                wanted = modules.take_wanted()
                if wanted is None:
                    break
                entry, page, node, name, value = wanted
                self._call(f"{name} for a template module", entry, page, node, name, value)
                modules.tell_changes()
        self._displayed.flush()

    def _set_module_timer(self, timer: int, milliseconds: float) -> None:
        # Those of modules are numbered downwards, so that they meet none of the program's own.
        self._timers.set(-timer, milliseconds, repeats=False)

    # -- what the base library asks ----------------------------------------------------------------------------

    def _bind(self) -> None:
        functions: dict[str, Callable[..., Value]] = {
            "resolve": self._modules.resolve,
            "module": self._modules.module,
            "loadSubpackage": self._load_subpackage,
            "log": self._console,
            "error": self._error,
            "trace": self._trace,
            "rejection": self._rejection,
            "timer": self._timers.set,
            "cancel": self._timers.cancel,
            "components": self._components.describe_page,
            "setData": self._displayed.update,
            "afterRender": self._want_rendered,
            "invoke": self._invoke,
            "invokeNow": self._invoke_now,
            "answer": self._answer,
            "base64": encoding.base64_text,
            "unbase64": encoding.base64_bytes,
            "random": encoding.random_bytes,
            "facePicture": lambda *values: _told(faces.picture, *values),
            "faces": lambda *values: _told(faces.faces, *values),
        }
        for name, function in functions.items():
            self._engine.bind(name, function)
        self._engine.bind_methods(self._view_questions)

    def _view_questions(self) -> ViewQuestions:
        return ViewQuestions(self._components, self._displayed, self._template_modules)

    def _fetch(self, name: str) -> bytes:
        """A file of the package that did not come with the launch."""
        answer = self._invoke_now("package.file", {"name": name})
        data, error = answer["value"], answer["error"]
        if not isinstance(data, bytes):
            raise ProgramFileError(f"{name} cannot be read: {error!r}")
        return data

    def _load_subpackage(self, name: str) -> bool:
        """Whether there is a subpackage of this name or folder; its code may be required from everywhere then."""
        for part in self._manifest.subpackages:
            if name and name.strip("/") in (part.name, part.root):
                self._modules.load_subpackage(part.root)
                return True
        return False

    def _log(self, level: str, text: str, source: str) -> None:
        passes, lost = self._lines.take(level)
        if lost > 0:
            self._connection.send(Log("warn", lost_text(lost, self._limits.log_lines_a_second), ""))
        if passes:
            self._connection.send(Log(level, text, source))

    def _send_shown(self, frame: Frame) -> None:
        """Send what screens are to show; a change of a page that is too large for them ends the program."""
        left = self._limits.patch_bytes
        try:
            for part in divide(frame):
                left -= self._connection.send(part, left)
        except FrameError as error:
            reason = f"a change of its page is larger than the {self._limits.patch_mb} MB that screens take at once"
            self._connection.send(Log("error", f"the program is ended: {reason} ({error})", ""))
            raise _Stop(reason) from error

    def _console(self, level: str, text: str, stack: str) -> None:
        self._log(level, text, self._engine.lines.source(stack))

    def _error(self, text: str, stack: str, where: str) -> str:
        """Log an uncaught error; returns the message that ``App.onError`` gets."""
        source, frames = self._engine.lines.trace(stack)
        if not source and where.endswith(".js"):
            source = f"{where}:1"
        message = "\n    ".join([text, *frames])
        # Where the memory does not suffice for the message either, the engine leaves it out.
        if text.startswith("InternalError: out of memory") or text == "InternalError":
            self._log("error", message, source)
            raise MemoryLimitError(f"it needs more than the {self._limits.memory_bytes // 2**20} MB it may have")
        self._log("error", f"{message}\n    in {where}", source)
        return message

    def _trace(self, stack: str) -> str:
        return "".join(f"\n    {frame}" for frame in self._engine.lines.trace(stack)[1])

    def _rejection(self) -> None:
        self._rejections = True

    def _want_rendered(self) -> None:
        self._after_render = True

    def _invoke(self, call: int, name: str, values: dict[str, Any]) -> None:
        if name in self._local_calls():
            self._tasks.append((call, name, values))
        else:
            self._request(call, name, values)

    def _request(self, call: int, name: str, values: dict[str, Any]) -> None:
        try:
            self._connection.send(Request(call, name, values))
        except FrameError as error:
            self._tasks.append((call, "refuse", {"reason": str(error)}))

    def _invoke_now(self, name: str, values: dict[str, Any]) -> dict[str, Value]:
        """Ask the host and wait. Calls that wait are numbered downwards, so that they meet no other's answer."""
        self._next_wait -= 1
        try:
            self._connection.send(Request(self._next_wait, name, values))
        except FrameError as error:
            return {"error": str(error), "value": None}
        remaining, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        asked = time.monotonic()
        frame = self._connection.await_response(self._next_wait)
        self._waited += time.monotonic() - asked
        signal.setitimer(signal.ITIMER_REAL, remaining)
        if isinstance(frame, Exit):
            raise _Stop(frame.reason)
        return {"error": frame.error, "value": frame.value}

    def _answer(self, intent: int, speech: str | None, error: str | None) -> None:
        if type(intent) is not int:
            return  # a program's own idea, and nobody asked
        self._connection.send(Event("answer", {"id": intent, "speech": speech, "error": error}))

    # -- what the host sends -----------------------------------------------------------------------------------

    def _handle(self, frame: Frame) -> None:
        match frame:
            case Response():
                self._call("the answer of a call", "finishCall", frame.id, frame.value, frame.error)
            case Exit():
                raise _Stop(frame.reason)
            case Event():
                handler = getattr(self, f"_on_{frame.name}", None)
                if handler is None:
                    raise FrameError(f"the host sent an event {frame.name!r}, which this worker does not know")
                handler(**frame.payload)
            case _:
                raise FrameError(f"the host sent a {type(frame).__name__} frame, which only workers send")

    def _on_node(
        self,
        page: int,
        node: int,
        type: str,  # noqa: A002 the protocol's word
        detail: Value,
        touches: Value,
        time_stamp: float,
        changed_touches: Value = None,
    ) -> None:
        changed = touches if changed_touches is None else changed_touches
        self._events.happened(page, node, type, detail, touches, changed, time_stamp)

    def _on_intent(self, id: int, intent: str, slots: dict[str, Value], text: str) -> None:  # noqa: A002
        self._call("onVoiceIntent", "voiceIntent", id, {"intent": intent, "slots": slots, "text": text})

    def _on_attach(self, target: str) -> None:
        self._displayed.show_stack(self._stack.pages, "none", target)
        for page in self._stack.pages:
            self._displayed.snapshot(page.id, target)

    def _on_open(self, path: str, open_type: str) -> None:
        ways = {
            "": self._stack.open,
            "navigateTo": self._stack.push,
            "redirectTo": self._stack.redirect,
            "reLaunch": self._stack.relaunch,
            "switchTab": self._stack.switch_tab,
        }
        try:
            step = ways[open_type](path)  # who asks from outside names a route from the root
        except PageNotFoundError:
            self._page_not_found(path)
            return
        except NavigationError as error:
            self._log("warn", f"{path!r} cannot be opened: {error}", "")
            return
        self._perform(step, open_type or _OPEN_TYPES.get(step.transition, "navigateTo"))
        top = self._stack.top
        tab_bar = self._manifest.tab_bar
        if tab_bar is not None and top is not None and step.transition in ("tab", "none"):
            for index, tab in enumerate(tab_bar.tabs):
                if tab.route == top.route:
                    tapped: dict[str, Value] = {"index": index, "pagePath": tab.route, "text": tab.text}
                    self._call("onTabItemTap", "pageLifecycle", top.id, "onTabItemTap", tapped)

    def _on_back(self, delta: int) -> None:
        if len(self._stack.pages) > 1 and self._call("back", "backPressed", delta) is not True:
            self._perform(self._stack.back(delta), "navigateBack")

    def _on_show(self) -> None:
        self._call("onShow of the app", "appLifecycle", "onShow")
        self._page_lifecycle(self._stack.top, "onShow")

    def _on_hide(self) -> None:
        self._page_lifecycle(self._stack.top, "onHide")
        self._call("onHide of the app", "appLifecycle", "onHide")

    def _on_capability(self, name: str, payload: Value) -> None:
        self._call(f"the event {name}", "hostEvent", name[:1].upper() + name[1:], payload)

    # -- launch and navigation ---------------------------------------------------------------------------------

    def _start(self) -> None:
        path: str = self._launch["path"]
        route, query = split_path(path or self._manifest.pages[0])
        options: dict[str, Value] = {
            "path": route,
            "query": dict(query),
            "scene": 1001,
            "appId": self._manifest.app_id,
            "version": self._manifest.version.name,
            "name": self._manifest.name,
            "permissions": list(self._manifest.permissions),
        }
        seconds = self._limits.launch_seconds
        limits = self._limits
        payload = {
            "system": self._launch["system"],
            "storage": self._launch["storage"],
            "options": options,
            "limits": {"timers": limits.timers, "calls": limits.waiting_calls, "storage": limits.storage_bytes},
        }
        self._call("the launch", "launch", payload, seconds=seconds)
        self._call(self.app_file, "startApp", seconds=seconds)
        try:
            step = self._stack.relaunch(path)
        except PageNotFoundError:
            self._page_not_found(path)
            step = self._stack.relaunch("")
        self._perform(step, "appLaunch", seconds)
        self._settle()
        top = self._stack.top
        self._connection.send(Event("ready", {"pages": len(self._stack.pages), "top": top.route if top else ""}))

    def _page_not_found(self, path: str) -> None:
        route, query = split_path(path)
        self._log("error", f"the program has no page {route!r}", "")
        self._call("onPageNotFound", "pageNotFound", route, dict(query))

    def _page_lifecycle(self, page: Page | None, name: str) -> None:
        if page is not None:
            self._call(f"{name} of {page.route}", "pageLifecycle", page.id, name, None)

    def _perform(self, step: Step, open_type: str, seconds: float | None = None, opening: int = 0) -> None:
        """Do one step of navigation: lifecycles in WeChat's order, and the new page on the screens."""
        if step.transition == "none":
            return
        if step.show is not None:
            query: dict[str, Value] = dict(step.show.query)
            self._call("a route", "routeStarts", open_type, step.show.id, step.show.route, query)
        ids: list[Value] = [page.id for page in self._stack.pages]
        self._page_lifecycle(step.hide, "onHide")
        for page in step.unload:
            self._page_lifecycle(page, "onUnload")
            self._displayed.close(page.id)
            if self._template_modules is not None:
                self._template_modules.forget(page.id)
        self._displayed.show_stack(self._stack.pages, step.transition)
        new = step.load
        if new is not None:
            self._load(new, ids, opening, seconds)
        else:
            self._call("the page stack", "setStack", ids)
            if step.transition == "tab" and step.show is not None:
                self._displayed.snapshot(step.show.id, "")
            self._page_lifecycle(step.show, "onShow")
            self._page_lifecycle(step.show, "onRouteDone")
        self._call("a route", "routeDone")

    def _load(self, page: Page, ids: list[Value], opening: int, seconds: float | None) -> None:
        """A new page, to its onReady. One with components is made before it is loaded: their lives begin first."""
        early = self._displayed.has_components(page.route)
        what = f"onLoad of {page.route}"
        query: dict[str, Value] = dict(page.query)
        data = self._call(what, "createPage", page.id, page.route, query, opening, ids, early, seconds=seconds)
        if early:
            effects = self._render(page, data)
            self._call(what, "startPage", page.id, effects, seconds=seconds)
        self._page_lifecycle(page, "onShow")
        if not early:
            self._render(page, self._call(f"the data of {page.route}", "pageData", page.id))
        self._flush()
        self._page_lifecycle(page, "onReady")

    def _render(self, page: Page, data: Value) -> list[Value]:
        seconds = self._limits.launch_seconds
        with self._watchdog(seconds), self._engine.limit(seconds):
            return self._displayed.render(page, data if isinstance(data, dict) else {})

    def _local_calls(self) -> Mapping[str, Callable[[int, dict[str, Any]], str | None]]:
        return {
            **{name: partial(self._navigate, name) for name in _NAVIGATIONS},
            "setWindow": self._set_window,
            "setTabBar": self._set_tab_bar,
            "setRoot": self._set_root,
            "refuse": lambda _, values: str(values["reason"]),
        }

    def _run_task(self, call: int, name: str, values: dict[str, Any]) -> None:
        """One call that the worker answers itself. It runs between calls of JavaScript, never inside one."""
        try:
            reason = self._local_calls()[name](call, values)
        except NavigationError as error:
            reason = str(error)
        self._call(f"the answer of {name}", "finishCall", call, None, reason)

    def _navigate(self, name: str, call: int, values: dict[str, Any]) -> None:
        self._perform(_NAVIGATIONS[name](self._stack, values), name, opening=call)

    def _set_window(self, _: int, values: dict[str, Any]) -> str | None:
        if self._stack.top is None:
            return "no page is open"
        self._displayed.set_window(self._stack.top, values)
        return None

    def _set_tab_bar(self, _: int, values: dict[str, Any]) -> str | None:
        if self._manifest.tab_bar is None:
            return "the program has no tab bar"
        self._displayed.set_tab_bar(hidden=values["hidden"])
        return None

    def _set_root(self, _: int, values: dict[str, Any]) -> str | None:
        if self._stack.top is None:
            return "no page is open"
        page = self._stack.top.id
        self._displayed.set_root(page, values["name"], values["value"])
        if values["name"] == "refreshing" and values["value"]:
            # startPullDownRefresh has the effect of a hand that pulls (WeChat's documentation).
            self._call("onPullDownRefresh", "pageLifecycle", page, "onPullDownRefresh", None)
        return None
