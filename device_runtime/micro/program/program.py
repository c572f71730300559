"""One program that runs: its pages, their lives, what happens on them, its timers, and what all that may take.

Everything here is synchronous; :mod:`.host` gives it its turns. The order of what a program sees is that of
``device_runtime/program/worker.py``.
"""

import gc

from .. import clock
from ..view.errors import TemplateError, ViewError
from ..view.page import PageView
from ..view.paths import write_all
from ..view.routing import route
from . import api, faults, guard
from .code import Code, read_manifest
from .errors import OwnError, ProgramError
from .limits import Calls
from .stack import NavigationError, PageRecord, PageStack
from .timers import Timers
from .values import copied

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .limits import Limits
        from .shapes import Invoke, Move, Write
except ImportError:
    pass

_STEPS_A_TURN = 10
_RESERVE = 2048
"""Bytes kept back, so that a program that has filled the memory can be told of and forgotten."""


class Program(Calls):
    """The program in ``folder``.

    ``invoke(name, values)`` is what ``call`` of the program does; ``write(level, source, text)`` gets its log. With
    ``record`` the patches are kept for :meth:`take_patches`; a board draws from the views themselves.
    """

    def __init__(self, folder: str, limits: "Limits", invoke: "Invoke", write: "Write", record: bool = False) -> None:
        self.folder = folder
        self.limits = limits
        self.timers = Timers()
        self.invoke = invoke
        self._write = write
        self._record = record
        self._cygnet: api.Cygnet = None  # type: ignore[assignment]  # made at the start
        self._reserve: bytearray | None = bytearray(_RESERVE)
        self._strikes = 0
        self._faults = 0
        self._launched = 0
        self.fault = ""
        self._wanted: list[tuple[str, Any, str]] = []
        self._patches: list[list[Any]] = []
        self._where = ""
        self.lent = 0
        self._others = self._after = self._usual = self._most = self._base = self.used = 0
        self._started = clock.ticks_ms()
        self.manifest = read_manifest(folder)
        self._code = Code(folder, self._report, self._time)
        self.stack = PageStack(self.manifest["pages"])

    # -- from outside ------------------------------------------------------------------------------------------

    def start(self, url: str = "") -> None:
        """Run ``app`` and open the first page (or that of ``url``).

        Raises:
            ProgramError: its files cannot be read, its code fails before there is a page, or it used up a limit.
        """
        self._begin()
        self._cygnet = api.Cygnet()
        guard.install(self._cygnet)
        api.running = self
        self._launched = clock.ticks_add(clock.ticks_ms(), self.limits.launch_ms)
        self._turn(self._launch, url)
        self._launched = 0
        self.settle()
        self._most = self._base = 0  # what draws is loaded with the first page, and is not the program's

    def event(self, page: int, node: int, kind: str, detail: object = None, time_stamp: "int | None" = None) -> None:
        """Something happened on a node of a page; what is gone hears nothing.

        Raises:
            ProgramError: the program is to be ended; the message says why.
        """
        self._begin()
        record = self._record_of(page)
        if record is not None and record.view is not None:
            self._turn(self._happened, record, record.view, node, kind, detail, time_stamp)
        else:
            self._turn()

    def fire_timers(self) -> None:
        """Call what is due; raises ``ProgramError`` as :meth:`event` does."""
        self._begin()
        self._turn(self._fire_due)

    def _fire_due(self) -> None:
        for _ in range(8):
            timer = self.timers.pop_due(clock.ticks_ms())
            if timer is None:
                break
            page, method, arguments = timer
            self._call(page.route, getattr(page.instance, method), *arguments)

    def button(self, name: str, pressed: bool) -> bool:
        """A button of the board was pressed or let go; says if the page took it, by ``on_button`` that gives ``True``.

        Raises:
            ProgramError: as :meth:`event` does.
        """
        record = self.stack.top
        method = None if record is None else getattr(record.instance, "on_button", None)
        if record is None or method is None:
            return False
        self._begin()
        event = {
            "type": "button", "detail": {"name": name, "pressed": pressed},
            "time_stamp": clock.ticks_diff(clock.ticks_ms(), self._started),
        }  # fmt: skip
        taken = self._call(record.route, method, event)
        self._turn()
        return taken is True

    def heard(self, result: "dict[str, Any]") -> None:
        """A model has heard something: the top page's ``on_inference``; one that has none hears nothing.

        Raises:
            ProgramError: as :meth:`event` does.
        """
        record = self.stack.top
        method = None if record is None else getattr(record.instance, "on_inference", None)
        if record is None or method is None:
            return
        self._begin()
        self._call(record.route, method, result)
        self._turn()

    def lend(self, count: int) -> None:
        """So many bytes more are taken for the program and are not its own: the models that it has open."""
        self.lent += count

    def back(self) -> bool:
        """Close the top page, as the owner wants; says if there was one below it."""
        if len(self.stack.pages) < 2:
            return False
        self._begin()
        self._wanted.append(("back", 1, ""))
        self._turn()
        return True

    def take_patches(self) -> "list[list[Any]]":
        """``[page id, operations]`` of each page that changed, since this was last asked."""
        patches, self._patches = self._patches, []
        return patches

    def stop(self) -> None:
        """Unload all pages and forget the program's code."""
        try:
            for record in reversed(self.stack.pages):
                self._life(record, "on_unload")
        except (ProgramError, MemoryError):
            pass  # it ends in any case
        self.forget()

    def forget(self) -> None:
        """Forget the program's code at once, without calling any of it."""
        self._reserve = None
        gc.collect()
        api.running = None
        self.timers.clear()
        self.stack.pages.clear()
        self._code.forget()
        gc.collect()

    # -- turns and limits --------------------------------------------------------------------------------------

    def _turn(self, step: "Callable[..., None] | None" = None, *arguments: object) -> None:
        """Do a step, then what handlers left to do."""
        try:
            if step is not None:
                step(*arguments)
            for _ in range(_STEPS_A_TURN):
                if not self._wanted:
                    break
                self._navigate(*self._wanted.pop(0))
            self._wanted.clear()
            self._flush()
        except ProgramError:
            raise
        except MemoryError:
            self._reserve = None
            gc.collect()
            raise OwnError("the program has used up the board's memory") from None
        except Exception as error:  # noqa: BLE001 - what a program made of its page must not end the runtime
            raise ProgramError(f"what the program made of its page cannot be used: {faults.text_of(error)}") from None
        if self._record:
            self.settle()  # nobody draws

    # -- launch and navigation ---------------------------------------------------------------------------------

    def _launch(self, url: str) -> None:
        version = self.manifest["version"]
        if self._code.has_app:
            kind = self._code.find("app", self._cygnet.App)
            if kind is not None:
                app = PageRecord(0, "app.py", {})  # so far as it has a life as pages have
                app.instance = self._call("app.py", kind)
                options = {
                    "path": "", "query": {}, "scene": 1001, "appId": self.manifest["app_id"],
                    "version": version.get("name", ""), "name": self.manifest["name"],
                    "permissions": list(self.manifest["permissions"]),
                }  # fmt: skip
                record = PageStack(self.stack.routes)._make(url, "")
                options["path"], options["query"] = record.route, record.query
                self._life(app, "on_launch", options)
                self._life(app, "on_show")
        try:
            self._perform(self.stack.redirect(url))
        except NavigationError as error:
            raise ProgramError(f"the program cannot start: {error}") from error
        top = self.stack.top
        if top is None or top.view is None:
            raise ProgramError(f"the first page of the program cannot be shown: {self.fault}")

    def _life(self, record: "PageRecord | None", name: str, *arguments: object) -> None:
        method = None if record is None else getattr(record.instance, name, None)
        if record is not None and method is not None:
            self._call(record.route, method, *arguments)

    def _navigate(self, kind: str, target: "Any", current: str) -> None:
        try:
            if kind == "back":
                step = self.stack.back(target)
            else:
                step = (self.stack.push if kind == "push" else self.stack.redirect)(target, current)
        except NavigationError as error:
            self._report(current, f"{_NAVIGATIONS[kind]}: {error}")
            return
        self._perform(step)

    def _perform(self, step: "Move") -> None:
        hidden, unloaded, loaded, shown = step
        self._life(hidden, "on_hide")
        for record in unloaded:
            self._life(record, "on_unload")
            self._close(record)
        if loaded is None:
            self._life(shown, "on_show")
            return
        page = self._code.find(loaded.route.replace("/", "."), self._cygnet.Page)
        loaded.instance = None if page is None else self._call(loaded.route, _opened, page)
        if loaded.instance is not None:
            method = getattr(loaded.instance, "on_load", None)
            if method is not None:
                self._call(loaded.route, method, loaded.query.copy())
            self._life(loaded, "on_show")
            self._render(loaded)
        self._flush()
        self._life(loaded, "on_ready")

    def _close(self, record: PageRecord) -> None:
        self.timers.forget(record)
        record.view = None
        record.instance = None
        for other in self.stack.pages:
            if other.route == record.route:
                return
        self._code.forget_template(record.route)

    # -- what is shown -----------------------------------------------------------------------------------------

    def _render(self, record: PageRecord) -> None:
        def warn(text: str) -> None:
            self._write("warn", f"{record.route}.view", text)

        try:
            if not isinstance(record.instance.data, dict):
                raise ViewError("its data are no dictionary")  # noqa: TRY301 - as all else that is wrong with them
            view = PageView(self._code.template(record.route), record.instance.data, warn, self.limits.nodes)
            view.render()
            record.view = view
            record.unsent = True
        except (TemplateError, ViewError, MemoryError, OSError, RuntimeError) as error:
            gc.collect()
            self._report(f"{record.route}.view", f"the page cannot be shown: {faults.text_of(error)}")

    def _flush(self) -> None:
        """Keep what has changed as patches; a page that was never sent goes as a whole."""
        if not self._record:
            return
        for record in self.stack.pages:
            if record.unsent and record.view is not None:
                record.operations = record.view.snapshot() + record.operations
                record.unsent = False
            if record.operations:
                self._patches.append([record.id, record.operations])
                record.operations = []

    def _record_of(self, page: int) -> "PageRecord | None":
        for record in self.stack.pages:
            if record.id == page:
                return record
        return None

    def _happened(
        self, record: PageRecord, view: PageView, node: int, kind: str, detail: object, time_stamp: "int | None"
    ) -> None:
        if kind in ("input", "change") and isinstance(detail, dict) and "value" in detail:
            for name in ("value", "checked"):
                bound = view.two_way_path(node, name)
                if bound is not None:
                    self._update(record, {bound: detail["value"]})
                    self._show_changes()
                    break
        if time_stamp is None:
            time_stamp = clock.ticks_diff(clock.ticks_ms(), self._started)
        for name, target, current in route(view, node, kind):
            method = None if name[:1] == "_" or hasattr(api.Page, name) else getattr(record.instance, name, None)
            if method is None:
                self._write("warn", record.route, f"the page has no method {name!r}, which its template names")
                continue
            event = {
                "type": kind, "detail": {} if detail is None else detail, "target": target, "current_target": current,
                "time_stamp": time_stamp,
            }  # fmt: skip
            answer = self._call(record.route, method, event)
            if kind == "input" and isinstance(answer, str) and self._record and not record.unsent:
                record.operations.append(["set", node, "value", answer])

    def _update(self, record: PageRecord, changes: "dict[str, Any]") -> None:
        try:
            changed = write_all(record.instance.data, changes)
        except ViewError as error:
            raise ValueError(str(error)) from None
        record.changed = changed if record.changed is None else record.changed | changed

    # -- what the program asks, by api.py --------------------------------------------------------------------------

    def _asking(self, page: object) -> PageRecord:
        for record in self.stack.pages:
            if record.instance is page:
                return record
        raise RuntimeError("the page is closed")

    def set_data(self, page: object, changes: object) -> None:
        """``Page.set_data``."""
        if not isinstance(changes, dict):
            raise TypeError('set_data takes a dictionary: {"count": 1}')
        for key in changes:
            if not isinstance(key, str):
                raise TypeError(f"set_data: {key!r} is no data path; data paths are texts")
        self._update(self._asking(page), {key: copied(value, f"set_data: {key}") for key, value in changes.items()})

    def add_timer(
        self, page: object, seconds: object, method: object, arguments: "tuple[object, ...]", repeats: bool
    ) -> int:
        """``Page.after`` and ``Page.every``."""
        if not isinstance(method, str) or method[:1] == "_" or not hasattr(page, method):
            raise ValueError(f"the page has no method {method!r}")
        if not isinstance(seconds, (int, float)) or not 0 <= seconds <= 86_400:
            raise ValueError("a timer runs for 0 to 86400 seconds")
        wait = max(int(seconds * 1000), 10 if repeats else 0)
        return self.timers.add(clock.ticks_ms(), wait, self._asking(page), method, arguments, repeats)

    def cancel_timer(self, timer: object) -> None:
        """``Page.cancel``."""
        self.timers.cancel(timer)

    def navigate(self, page: object, kind: str, target: object) -> None:
        """``Page.navigate_to`` and its kin: done when the handler is over."""
        if not isinstance(target, int if kind == "back" else str):
            raise TypeError(f"{_NAVIGATIONS[kind]} does not take a {type(target).__name__}")
        if len(self._wanted) >= _STEPS_A_TURN:
            raise RuntimeError(f"more than {_STEPS_A_TURN} navigations at once")
        self._wanted.append((kind, target, self._asking(page).route))

    def call(self, name: str, values: "dict[str, object]") -> "Any":
        """``cygnet.call``."""
        return self.invoke(name, {key: copied(value, f"{name}: {key}") for key, value in values.items()})

    def log(self, text: str) -> None:
        """``cygnet.log``."""
        self._write("info", self._where, text)


def _opened(page: "type[api.Page]") -> api.Page:
    """An instance of a program's class, with data of its own."""
    instance = page()
    instance.data = copied(page.data, "data")
    return instance


_NAVIGATIONS = {"push": "navigate_to", "redirect": "redirect_to", "back": "navigate_back"}
