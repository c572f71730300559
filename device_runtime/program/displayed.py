"""The views of a program's pages, and what screens are told about them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from device_runtime.engine.frames import Event, Frame, Patch
from device_runtime.program.components import Components, Warn
from device_runtime.program.drawings import Drawings
from device_runtime.program.manifest import Manifest
from device_runtime.program.pages import Page, Transition
from device_runtime.values import Value
from device_runtime.view.errors import ViewError
from device_runtime.view.page import PageView
from device_runtime.view.patches import ROOT_ID, Operation
from device_runtime.view.wxs import WxsModules

Effects: TypeAlias = list[Value]
"""What an update brought about in components, for the base library to carry out (``view/page.py``)."""


class DisplayedPages:
    """The views by page id. Changes are collected and leave as one patch a page at :meth:`flush`.

    Only pages in the stack are on screens. A tab page that is kept outside of it goes on changing, unseen; its whole
    tree is sent when it comes back.
    """

    def __init__(
        self,
        manifest: Manifest,
        components: Components,
        send: Callable[[Frame], None],
        warn: Warn,
        most_nodes: int,
    ) -> None:
        self._manifest = manifest
        self._components = components
        self._modules: WxsModules | None = None
        self._send = send
        self._warn = warn
        self._most_nodes = most_nodes
        self._views: dict[int, PageView] = {}
        self._windows: dict[int, dict[str, Value]] = {}
        self._pending: dict[int, list[Operation]] = {}
        self._unsent: set[int] = set()
        self._stack: Sequence[Page] = ()
        self._tab_bar_hidden = False
        self._drawings = Drawings()

    def view(self, page: int) -> PageView | None:
        """The view of a page; None before it is rendered, after it is closed, and where its template is bad."""
        return self._views.get(page)

    def use_modules(self, modules: WxsModules) -> None:
        """Let views ask the modules of templates."""
        self._modules = modules

    def views(self) -> list[tuple[int, PageView]]:
        """All views, by page."""
        return list(self._views.items())

    def has_components(self, route: str) -> bool:
        """Whether a page has components: then its view is made before it is loaded, as their lives begin first."""
        return bool(self._components.used(route))

    def show_stack(self, stack: Sequence[Page], transition: Transition, target: str = "") -> None:
        """Tell screens (or the one screen ``target``) which pages there are, from bottom to top."""
        self._stack = list(stack)
        pages: list[Value] = [
            {
                "id": page.id,
                "route": page.route,
                "window": self._window(page),
                "styles": list(self._components.styles(page.route)),
            }
            for page in self._stack
        ]
        self._send(Event("stack", {"pages": pages, "transition": transition, "target": target}))

    def render(self, page: Page, data: dict[str, Value]) -> Effects:
        """Make the view of a page in the stack; its whole tree is sent at the next :meth:`flush`."""
        template = self._components.template(page.route)
        if template is None:
            return []
        view = PageView(
            template,
            data,
            lambda text: self._warn("warn", text, f"{page.route}.view"),
            components=self._components.definition,
            wxs=self._modules,
            stamps=True,
            most_nodes=self._most_nodes,
        )
        try:
            view.render()
        except ViewError as error:
            self._warn("error", f"{page.route} cannot be shown: {error}", f"{page.route}.view")
            return []
        self._views[page.id] = view
        self._unsent.add(page.id)
        return list(view.take_effects())

    def update(self, page: int, owner: int, changes: Mapping[str, Value]) -> str | Effects | None:
        """``setData`` of a page (``owner`` 0) or of a component: its effects, if there are any, or why it cannot be.

        A page that cannot be shown any more is rendered from its data once they fit again.
        """
        view = self._views.get(page)
        if view is None:
            return None
        try:
            operations = view.update(changes, owner)
        except ViewError as error:
            return str(error)
        self.collect(page, operations)
        return list(view.take_effects()) or None

    def select(self, page: int, owner: int, selector: str, *, first: bool) -> list[int]:
        """The nodes of an owner's own tree that a selector chooses; none, with a warning, if it cannot be read."""
        view = self._views.get(page)
        if view is None:
            return []
        try:
            return view.select(owner, selector, first=first)
        except ViewError as error:
            self._warn("warn", str(error), "")
            return []

    def collect(self, page: int, operations: list[Operation]) -> None:
        """Send operations for a page with what else has changed there."""
        if operations and page not in self._unsent and any(shown.id == page for shown in self._stack):
            self._pending.setdefault(page, []).extend(operations)

    def set_root(self, page: int, name: str, value: Value) -> None:
        """Set an attribute of the page's root node, such as ``scroll-top``."""
        self._send_after(page, [["set", ROOT_ID, name, value]])

    def call(self, page: int, node: int, method: str, arguments: list[Value]) -> None:
        """Let a node on screens do something once; one that is gone, or that screens have no node for, does nothing."""
        if self._is_shown(page, node):
            self._send_after(page, [["call", node, method, arguments]])

    def draw(self, page: int, node: int, commands: list[Value], opening: list[Value] | None) -> None:
        """Draw on a canvas; see :meth:`Drawings.add`."""
        if self._is_shown(page, node):
            self._drawings.add(page, node, commands, opening)
            self._send_after(page, [["call", node, "draw", [commands]]])

    def _is_shown(self, page: int, node: int) -> bool:
        view = self._views.get(page)
        info = None if view is None else view.describe(node)
        return node == ROOT_ID or (info is not None and not info.virtual)

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
        self._unsent.discard(page)
        self._drawings.forget(page)

    def flush(self) -> None:
        """Send what has changed since the last time; a page that was never sent goes as one snapshot."""
        for page in sorted(self._unsent):
            view = self._views.get(page)
            if view is not None:
                self._pending[page] = [*view.snapshot(), *self._pending.get(page, ())]
        self._unsent.clear()
        pending, self._pending = self._pending, {}
        for page, operations in pending.items():
            if operations:
                self._send(Patch(page, list(operations), ""))

    def _send_after(self, page: int, operations: list[Operation]) -> None:
        """Operations that a snapshot does not hold."""
        if any(shown.id == page for shown in self._stack):
            self._pending.setdefault(page, []).extend(operations)

    def _window(self, page: Page) -> dict[str, Value]:
        window = self._windows.get(page.id)
        if window is None:
            window = self._windows[page.id] = {**self._manifest.window, **self._components.config(page.route)}
        window["tabBarHidden"] = self._tab_bar_hidden
        return window
