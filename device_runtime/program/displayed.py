"""The views of a program's pages, and what screens are told about them."""

import json
from collections.abc import Callable, Mapping, Sequence

from device_runtime.engine.frames import Event, Frame, Patch
from device_runtime.program.drawings import Drawings
from device_runtime.program.manifest import Manifest
from device_runtime.program.pages import Page, Transition
from device_runtime.values import Value
from device_runtime.view.errors import TemplateError, ViewError
from device_runtime.view.page import PageView
from device_runtime.view.patches import ROOT_ID, Operation
from device_runtime.view.template import Template, load_template

Warn = Callable[[str, str, str], None]
"""``(level, text, source)`` of a log line."""


class DisplayedPages:
    """The views by page id. Changes are collected and leave as one patch a page at :meth:`flush`.

    Only pages in the stack are on screens. A tab page that is kept outside of it goes on changing, unseen; its whole
    tree is sent when it comes back.
    """

    def __init__(
        self, manifest: Manifest, files: Mapping[str, bytes], send: Callable[[Frame], None], warn: Warn
    ) -> None:
        self._manifest = manifest
        self._files = files
        self._send = send
        self._warn = warn
        self._templates: dict[str, Template | None] = {}
        self._views: dict[int, PageView] = {}
        self._windows: dict[int, dict[str, Value]] = {}
        self._pending: dict[int, list[Operation]] = {}
        self._stack: Sequence[Page] = ()
        self._tab_bar_hidden = False
        self._drawings = Drawings()

    def view(self, page: int) -> PageView | None:
        """The view of a page; None before it is rendered, after it is closed, and where its template is bad."""
        return self._views.get(page)

    def show_stack(self, stack: Sequence[Page], transition: Transition, target: str = "") -> None:
        """Tell screens (or the one screen ``target``) which pages there are, from bottom to top."""
        self._stack = list(stack)
        pages: list[Value] = [
            {"id": page.id, "route": page.route, "window": self._window(page)} for page in self._stack
        ]
        self._send(Event("stack", {"pages": pages, "transition": transition, "target": target}))

    def render(self, page: Page, data: dict[str, Value]) -> None:
        """Make the view of a page in the stack and send its whole tree."""
        template = self._template(page.route)
        if template is None:
            return
        view = PageView(template, data, lambda text: self._warn("warn", text, f"{page.route}.view"))
        try:
            operations = view.render()
        except ViewError as error:
            self._warn("error", f"{page.route} cannot be shown: {error}", f"{page.route}.view")
            return
        self._views[page.id] = view
        self._collect(page.id, operations)

    def update(self, page: int, changes: Mapping[str, Value]) -> str | None:
        """``setData`` of one page; returns why it cannot be done, or None.

        A page that cannot be shown any more is rendered from its data once they fit again.
        """
        view = self._views.get(page)
        if view is None:
            return None
        try:
            self._collect(page, view.update(changes))
        except ViewError as error:
            return str(error)
        return None

    def set_root(self, page: int, name: str, value: Value) -> None:
        """Set an attribute of the page's root node, such as ``scroll-top``."""
        self._collect(page, [["set", ROOT_ID, name, value]])

    def call_node(self, page: int, node: int, method: str, arguments: list[Value]) -> None:
        """Let a component of a page do something once, such as ``play``."""
        self._collect(page, [["call", node, method, arguments]])

    def draw(self, page: int, node: int, commands: list[Value], opening: list[Value] | None) -> None:
        """Draw on a canvas; see :meth:`Drawings.add`."""
        self._drawings.add(page, node, commands, opening)
        self._collect(page, [["call", node, "draw", [commands]]])

    def set_window(self, page: Page, members: Mapping[str, Value]) -> None:
        """Change members of a page's window and tell screens."""
        self._window(page).update(members)
        self.show_stack(self._stack, "none")

    def set_tab_bar(self, *, hidden: bool) -> None:
        """Show or hide the tab bar on every page."""
        self._tab_bar_hidden = hidden
        self.show_stack(self._stack, "none")

    def snapshot(self, page: int, target: str) -> None:
        """Send a page's whole tree, to one screen or (empty) to all."""
        view = self._views.get(page)
        if view is not None:
            self.flush()
            operations = view.snapshot()
            operations += self._drawings.operations(page, operations)
            self._send(Patch(page, list(operations), target))

    def close(self, page: int) -> None:
        """Forget a page."""
        self._views.pop(page, None)
        self._windows.pop(page, None)
        self._pending.pop(page, None)
        self._drawings.forget(page)

    def flush(self) -> None:
        """Send what has changed since the last time."""
        pending, self._pending = self._pending, {}
        for page, operations in pending.items():
            self._send(Patch(page, list(operations), ""))

    def _collect(self, page: int, operations: list[Operation]) -> None:
        if operations and any(shown.id == page for shown in self._stack):
            self._pending.setdefault(page, []).extend(operations)

    def _window(self, page: Page) -> dict[str, Value]:
        window = self._windows.get(page.id)
        if window is None:
            window = self._windows[page.id] = {**self._manifest.window, **self._page_config(page.route)}
        window["tabBarHidden"] = self._tab_bar_hidden
        return window

    def _page_config(self, route: str) -> dict[str, Value]:
        data = self._files.get(f"{route}.json")
        if data is None:
            return {}
        try:
            config = json.loads(data)
        except (ValueError, RecursionError) as error:
            self._warn("error", f"{route}.json is not JSON: {error}", f"{route}.json")
            return {}
        return config if isinstance(config, dict) else {}

    def _template(self, route: str) -> Template | None:
        if route not in self._templates:
            self._templates[route] = self._load_template(route)
        return self._templates[route]

    def _load_template(self, route: str) -> Template | None:
        name = f"{route}.view"
        data = self._files.get(name)
        if data is None:
            self._warn("error", f"the package has no {name}; build the program again", name)
            return None
        try:
            return load_template(json.loads(data))
        except (ValueError, RecursionError) as error:
            self._warn("error", f"{name} is not JSON: {error}", name)
        except TemplateError as error:
            self._warn("error", f"{name}: {error}", name)
        return None
