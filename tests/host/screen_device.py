"""A device for tests of the screen: it keeps pages as trees, records what the screens ask, and answers for real."""

import asyncio
import copy
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from device_runtime.errors import CygnetError
from device_runtime.host.screen.layout import Intersection, Viewport
from device_runtime.host.screen.messages import MicrophoneState, NodeEvent
from device_runtime.host.screen.server import ProgramTile, ScreenServer
from device_runtime.privacy.consents import Profile
from device_runtime.program.manifest import TabBar
from device_runtime.values import Value
from device_runtime.view.patches import LIMBO_ID, Operation

APP = "com.example.lamp"
VERSION = 3
# One red pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415408d763f8cfc00000030101"
    "00c9fe92ef0000000049454e44ae426082"
)
DEADLINE_SECONDS = 15.0

Node: TypeAlias = list[Any]
"""A node of :mod:`device_runtime.view.patches`."""


class Ids:
    """Node ids, never reused within a page."""

    def __init__(self) -> None:
        self._next = 0

    def element(self, tag: str, /, *children: "Node | str", events: Sequence[str] = (), **attributes: Value) -> Node:
        """A node of a patch; ``scroll_y`` becomes ``scroll-y``."""
        self._next += 1
        number = self._next
        nodes: list[Any] = [self.text(child) if isinstance(child, str) else child for child in children]
        named: dict[str, Value] = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [number, tag, named, list(events), nodes]

    def text(self, string: str) -> Node:
        self._next += 1
        return [self._next, string]


@dataclass
class PaperPage:
    """A page as the worker knows it: its tree, changed by the very operations that screens get."""

    id: int
    route: str
    window: dict[str, Value] = field(default_factory=dict)
    styles: list[str] = field(default_factory=list)
    ids: Ids = field(default_factory=Ids)
    root: Node = field(default_factory=lambda: [0, "page", {}, [], []])
    limbo: Node = field(default_factory=lambda: [LIMBO_ID, "limbo", {}, [], []])

    def find(self, number: int, below: Node | None = None) -> Node | None:
        if below is None:
            return self.find(number, self.root) or self.find(number, self.limbo)
        node = below
        if node[0] == number:
            return node
        children = node[4] if len(node) == 5 else []
        for child in children:
            found = self.find(number, child)
            if found is not None:
                return found
        return None

    def parent_of(self, number: int, below: Node | None = None) -> Node | None:
        if below is None:
            return self.parent_of(number, self.root) or self.parent_of(number, self.limbo)
        node = below
        children = node[4] if len(node) == 5 else []
        for child in children:
            if child[0] == number:
                return node
            found = self.parent_of(number, child)
            if found is not None:
                return found
        return None

    def apply(self, operations: Sequence[Operation]) -> None:
        for name, *rest in copy.deepcopy(list[Any](operations)):
            if name == "insert":
                self._children(rest[0]).insert(rest[1], rest[2])
            elif name in ("remove", "move"):
                around = self.parent_of(rest[0])
                node = self.find(rest[0])
                assert around is not None
                assert node is not None
                around[4].remove(node)
                if name == "move":
                    self._children(rest[1]).insert(rest[2], node)
            elif name == "text":
                node = self.find(rest[0])
                assert node is not None
                node[1] = rest[1]
            elif name == "set":
                node = self.find(rest[0])
                assert node is not None
                node[2][rest[1]] = rest[2]

    def snapshot(self) -> list[Operation]:
        operations: list[Operation] = [["set", 0, name, value] for name, value in self.root[2].items()]
        for parent in (self.root, self.limbo):
            operations += [["insert", parent[0], index, child] for index, child in enumerate(copy.deepcopy(parent[4]))]
        return operations

    def _children(self, number: int) -> list[Any]:
        node = self.find(number)
        assert node is not None
        children: list[Any] = node[4]
        return children


class PaperDevice:
    """Implements ``ScreenDelegate``: one program whose pages the test writes."""

    def __init__(self) -> None:
        self.server: ScreenServer | None = None
        self.url = ""
        self.tiles: list[ProgramTile] = [ProgramTile(APP, "Lamp", VERSION, "", ("turn on the lamp",))]
        self.resources: dict[str, bytes] = {"images/red.png": PNG}
        self.servers: dict[str, bytes] = {}
        self.pages: list[PaperPage] = []
        self.tab_bar: TabBar | None = None
        self.events: list[NodeEvent] = []
        self.calls: list[tuple[object, ...]] = []
        self.heard = bytearray()
        self.microphones: list[MicrophoneState] = []
        self.intersections: list[Intersection] = []
        self.viewports: dict[str, Viewport] = {}
        self.attached: set[str] = set()
        self.answer_attach = True
        self.privacy: Mapping[str, Value] | None = None
        self.copy: bytes | CygnetError = b"{}"
        self.on_event: Callable[[NodeEvent], None] | None = None
        self.on_utterance: Callable[[str], Awaitable[None]] | None = None
        self._page_id = 0
        self._changed = asyncio.Event()

    # what the server asks

    def programs(self) -> Sequence[ProgramTile]:
        return self.tiles

    def resource(self, app_id: str, version: int, path: str) -> bytes | None:
        return self.resources.get(path) if (app_id, version) == (APP, VERSION) else None

    async def media(self, app_id: str, address: str) -> bytes | None:
        return self.servers.get(address) if app_id == APP else None

    def attach(self, target: str) -> None:
        self.attached.add(target)
        if self.pages and self.answer_attach:
            self.send_snapshot(target)
        self._note()

    def detach(self, target: str) -> None:
        self.attached.discard(target)
        self.viewports.pop(target, None)
        self._note()

    def node_event(self, event: NodeEvent) -> None:
        if event.page <= self._page_id and all(page.id != event.page for page in self.pages):
            return  # of a page that is gone, such as the last test's on a screen that both share
        self.events.append(event)
        if self.on_event is not None:
            self.on_event(event)
        self._note()

    def intersection(self, report: Intersection) -> None:
        self.intersections.append(report)
        self._note()

    def viewport(self, target: str, viewport: Viewport) -> None:
        self.viewports[target] = viewport
        self._note()

    def audio(self, target: str, samples: bytes) -> None:  # noqa: ARG002 - the protocol's signature
        self.heard += samples
        self._note()

    async def launch(self, app_id: str, path: str) -> None:
        self.calls.append(("launch", app_id, path))
        if app_id not in {tile.app_id for tile in self.tiles}:
            raise CygnetError(f"the program {app_id} is not installed")
        self.screen.foreground(app_id)
        self._note()

    async def home(self) -> None:
        self.calls.append(("home",))
        self.screen.foreground(None)
        self._note()

    async def back(self, app_id: str, delta: int) -> None:
        self.calls.append(("back", app_id, delta))
        self.pop()

    async def open(self, app_id: str, path: str, open_type: str) -> None:
        self.calls.append(("open", app_id, path, open_type))
        self._note()

    def microphone_state(self, target: str, state: MicrophoneState) -> None:  # noqa: ARG002
        """Take note."""
        self.microphones.append(state)

    async def utterance(self, text: str) -> None:
        self.calls.append(("utterance", text))
        if self.on_utterance is not None:
            await self.on_utterance(text)
        self._note()

    async def listen(self, target: str) -> None:  # noqa: ARG002 - the protocol's signature
        self.calls.append(("listen",))
        self._note()

    async def ui_result(self, app_id: str, dialog: str, result: Value) -> None:
        self.calls.append(("ui_result", app_id, dialog, result))
        self._note()

    def privacy_page(self) -> Mapping[str, Value] | None:
        return self.privacy

    def decide(self, app_id: str, item: str, *, granted: bool) -> None:
        self.calls.append(("decide", app_id, item, granted))
        self._note()

    def switch_profile(self, profile: Profile) -> None:
        self.calls.append(("switch_profile", profile))
        self._note()

    async def privacy_copy(self) -> bytes:
        self.calls.append(("privacy_copy",))
        self._note()
        if isinstance(self.copy, CygnetError):
            raise self.copy
        return self.copy

    def erase(self, app_id: str) -> None:
        self.calls.append(("erase", app_id))
        self._note()

    def stop_viewing(self) -> None:
        self.calls.append(("stop_viewing",))
        self._note()

    def set_remote_screen(self, setting: str) -> None:
        self.calls.append(("remote_screen", setting))
        self._note()

    # what a test does

    @property
    def screen(self) -> ScreenServer:
        assert self.server is not None
        return self.server

    @property
    def page(self) -> PaperPage:
        return self.pages[-1]

    def push(
        self, route: str = "pages/index/index", transition: str = "push", styles: Sequence[str] = (), **window: Value
    ) -> PaperPage:
        self._page_id += 1
        page = PaperPage(self._page_id, route, window, list(styles))
        self.pages.append(page)
        self._send_stack(transition)
        return page

    def set_window(self, **window: Value) -> None:
        """Change members of the top page's window, as ``wx.setNavigationBarTitle`` does."""
        self.page.window.update(window)
        self._send_stack("none")

    def pop(self) -> None:
        self.pages.pop()
        self._send_stack("pop")
        self._note()

    def show(self, *nodes: Node, page: PaperPage | None = None) -> None:
        """Replace what the page (the top one) shows."""
        page = page or self.page
        children = page.root[4]
        operations: list[Operation] = [["remove", child[0]] for child in children]
        operations += [["insert", 0, index, node] for index, node in enumerate(nodes)]
        self.patch(*operations, page=page)

    def send_snapshot(self, target: str) -> None:
        """The stack and every page, for one screen."""
        self._send_stack("none", target)
        for page in self.pages:
            self.screen.patch(APP, page.id, page.snapshot(), target)

    def patch(self, *operations: Operation, page: PaperPage | None = None) -> None:
        page = page or self.page
        page.apply(operations)
        self.screen.patch(APP, page.id, list(operations))

    def _send_stack(self, transition: str, target: str = "") -> None:
        pages: list[dict[str, Value]] = [
            {"id": p.id, "route": p.route, "window": p.window, "styles": list(p.styles)} for p in self.pages
        ]
        self.screen.stack(APP, VERSION, pages, transition, self.tab_bar, target)

    def reset(self) -> None:
        """Everything as at the beginning, but page ids go on."""
        self.events.clear()
        self.calls.clear()
        self.heard.clear()
        self.intersections.clear()
        self.on_event = self.on_utterance = None
        self.tab_bar = None
        self.pages.clear()
        self.resources = {"images/red.png": PNG}
        self.servers = {}
        self.screen.exited(APP)
        self.screen.foreground(None)

    async def wait(self, condition: Callable[[], bool]) -> None:
        """Until the condition holds; it is looked at after each message from a screen."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def event(self, name: str) -> NodeEvent:
        """The first event of this name, awaited."""
        await self.wait(lambda: any(event.event == name for event in self.events))
        return next(event for event in self.events if event.event == name)

    async def call(self, name: str) -> tuple[object, ...]:
        """The first call of this name, awaited."""
        await self.wait(lambda: any(call[0] == name for call in self.calls))
        return next(call for call in self.calls if call[0] == name)

    def _note(self) -> None:
        self._changed.set()
