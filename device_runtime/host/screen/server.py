"""The screen server: draws the device in any number of browsers, over HTTP and one WebSocket each.

It listens on loopback unless told otherwise. What protects it: the Host header must be a known name (DNS
rebinding), a WebSocket's Origin must be this very host (foreign pages), a strict Content-Security-Policy keeps
programs from reaching any other origin, package resources are served only as passive media, and each screen has
a bounded queue, so that a slow one is dropped and never slows the device.
"""

import asyncio
import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from aiohttp import WSMsgType, web
from aiohttp.typedefs import Middleware

from device_runtime.errors import CygnetError
from device_runtime.host.screen.connection import Connection, encode
from device_runtime.host.screen.content import ScreenContent
from device_runtime.host.screen.delegate import ProgramTile, ScreenDelegate, ScreenSize, Watcher
from device_runtime.host.screen.http import (
    ELSEWHERE,
    Handler,
    add_headers,
    check_origin,
    host_name,
    is_address,
    is_loopback,
)
from device_runtime.host.screen.layout import (
    MAX_REQUESTS,
    Arrivals,
    Intersection,
    LayoutError,
    LayoutRequest,
    Observation,
    Observers,
    Queries,
    QueryResult,
    Viewport,
)
from device_runtime.host.screen.messages import (
    Back,
    ClientMessage,
    Decide,
    Erase,
    Home,
    Launch,
    Listen,
    Microphone,
    NodeEvent,
    Open,
    RemoteScreen,
    ScreenMessageError,
    ShowPrivacy,
    StopViewing,
    SwitchProfile,
    UiResult,
    Utterance,
    parse_client_message,
)
from device_runtime.program.manifest import TabBar
from device_runtime.values import Value
from device_runtime.view.patches import Operation

__all__ = ["ProgramTile", "ScreenDelegate", "ScreenError", "ScreenServer", "ScreenSize"]

logger = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 256 * 1024
MAX_AUDIO_BYTES = 64 * 1024
MAX_SCREENS = 16
HEARTBEAT_SECONDS = 15.0

VoiceStage = Literal["idle", "wake", "listening", "recognised", "rejected", "answer"]

# A program says these once; a screen that connects later must be told again. What has the same key takes the place
# of what was said before.
_LASTING: dict[str, tuple[str, str]] = {
    "setTabBarBadge": ("mark", "index"),
    "removeTabBarBadge": ("mark", "index"),
    "showTabBarRedDot": ("mark", "index"),
    "hideTabBarRedDot": ("mark", "index"),
    "setTabBarItem": ("item", "index"),
    "setTabBarStyle": ("style", ""),
    "loadFontFace": ("font", "family"),
}
_MAX_LASTING = 256


class ScreenError(CygnetError):
    """The screen server cannot do what it was asked."""


class ScreenServer:
    """Serves the screens of one device.

    Args:
        delegate: the device.
        name: what the screens call the device.
        screen: the board's screen; None where the page takes the browser's own size.
        microphone: whose microphone hears: ``screen`` (the browser streams it), ``device``, or ``none``.
        host: the address to listen on. Port 0 takes a free one.
        routes: what else is served here, such as developers' tools; the same checks and headers apply.
        guards: who else decides about each request; they are asked after the checks of this server.
        allowed_hosts: names, apart from loopback, under which browsers may reach this server. One that listens
            beyond loopback answers to any literal address, too: no foreign page can take that for its own name.
    """

    def __init__(
        self,
        delegate: ScreenDelegate,
        *,
        name: str = "Cygnet",
        screen: ScreenSize | None = None,
        microphone: Literal["screen", "device", "none"] = "screen",
        host: str = "127.0.0.1",
        port: int = 0,
        routes: Iterable[web.AbstractRouteDef] = (),
        guards: Iterable[Middleware] = (),
        allowed_hosts: Iterable[str] = (),
    ) -> None:
        self._delegate = delegate
        self._name = name
        self._screen = screen
        self._microphone = microphone
        self._address = (host, port)
        self._routes = list(routes)
        self._guards = list(guards)
        self._notice = ""
        self._lights: list[Value] = []
        self._listening: list[Value] = []
        self._allowed_hosts = {"localhost", "127.0.0.1", "::1"} | {name.lower() for name in allowed_hosts}
        self._beyond_loopback = host != "localhost" and not is_loopback(host)
        self._viewed: dict[str, object] = {}
        self._views: dict[str, object] = {}
        self._clients: dict[str, Connection] = {}
        self._watchers: dict[str, Watcher] = {}
        self._foreground: str | None = None
        self._running: set[str] = set()
        self._lasting: dict[str, dict[tuple[str, Value], dict[str, object]]] = {}
        self._dialogs: dict[str, dict[str, object]] = {}
        self._queries = Queries()
        self._arrivals = Arrivals()
        self._observers = Observers(lambda target, message: self._send(message, target))
        self._shown: dict[str, set[Value]] = {}
        self._runner: web.AppRunner | None = None
        self._content = ScreenContent(delegate)

    # ------------------------------------------------------------------ life

    async def start(self) -> str:
        """Listen; give the URL of the screen.

        Raises:
            ScreenError: the address is taken or not this machine's.
        """
        application = web.Application(middlewares=[self._guard, *self._guards])
        application.router.add_routes(self._content.routes())
        application.router.add_get("/ws", self._serve_socket)
        application.router.add_routes(self._routes)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        host, port = self._address
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            await runner.cleanup()
            raise ScreenError(
                f"the screen cannot be served at {host}:{port}: {error.strerror or error}; choose another port"
            ) from error
        self._runner = runner
        bound_host, bound_port = runner.addresses[0][:2]
        name = f"[{bound_host}]" if ":" in bound_host else bound_host
        return f"http://{name}:{bound_port}/"

    async def stop(self) -> None:
        """Say goodbye to the screens and stop listening."""
        await asyncio.gather(*(client.close() for client in list(self._clients.values())))
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def screens(self) -> frozenset[str]:
        """The targets of the connected screens."""
        return frozenset(self._clients)

    @property
    def front(self) -> str | None:
        """The program in front; None is the launcher."""
        return self._foreground

    # ------------------------------------------------------------------ what the device says

    def stack(
        self,
        app_id: str,
        version: int,
        pages: Sequence[Mapping[str, Value]],
        transition: str = "none",
        tab_bar: TabBar | None = None,
        target: str = "",
    ) -> None:
        """The pages of a program, bottom to top: ``{id, route, window, styles}``; with a ``target``, a snapshot's."""
        self._running.add(app_id)
        message = {
            "type": "stack",
            "app_id": app_id,
            "version": version,
            "pages": pages,
            "transition": transition,
            "tab_bar": _tab_bar_document(tab_bar),
            "snapshot": bool(target),
        }
        if target:
            client = self._receiver(target)
            if client is None:
                return
            client.behind.discard(app_id)
            self._send(message, target)
            for said in self._lasting.get(app_id, {}).values():
                self._send(said, target)
            if target in self._clients:
                self._observers.screen_ready(app_id, target)
                self._arrivals.arrived()
        else:
            self._send(message, about=app_id)
            shown = {page.get("id") for page in pages}
            fresh = shown - self._shown.get(app_id, set())
            self._observers.pages_changed(app_id, {page for page in fresh if isinstance(page, int)})
            self._shown[app_id] = shown

    def patch(self, app_id: str, page: int, operations: Sequence[Operation], target: str = "") -> None:
        """Operations for one page; see :mod:`device_runtime.view.patches`."""
        message = {"type": "patch", "app_id": app_id, "page": page, "operations": operations}
        self._send(message, target, about=app_id)

    def exited(self, app_id: str, reason: str = "", *, replaced: bool = False) -> None:
        """A program has stopped: its pages and dialogues go; a ``reason`` is shown. The pages of one that is being
        ``replaced`` stay in sight until those of its successor are there."""
        self._running.discard(app_id)
        self._shown.pop(app_id, None)
        self._observers.forget_program(app_id)
        self._lasting.pop(app_id, None)
        for behind in (*(c.behind for c in self._clients.values()), *(w.behind for w in self._watchers.values())):
            behind.discard(app_id)
        for dialog in [name for name, message in self._dialogs.items() if message["app_id"] == app_id]:
            self.close_dialog(dialog)
        self._send({"type": "exited", "app_id": app_id, "reason": reason, "replaced": replaced})

    def restyle(self, app_id: str) -> None:
        """The style sheets of a program have changed: load them again."""
        self._send({"type": "restyle", "app_id": app_id})

    def ui(self, app_id: str, name: str, arguments: Mapping[str, Value], dialog: str = "") -> None:
        """Ask the screens for a piece of user interface under its WeChat name (``showToast``, ``showModal``, …).

        ``dialog`` is the id under which :meth:`ScreenDelegate.ui_result` answers; the first answer closes it on
        every screen.
        """
        message: dict[str, object] = {
            "type": "ui",
            "app_id": app_id,
            "name": name,
            "arguments": dict(arguments),
            "id": dialog,
        }
        if dialog:
            self._dialogs[dialog] = message
        elif name in _LASTING:
            self._remember(app_id, message, arguments)
        self._send(message)

    def _remember(self, app_id: str, message: dict[str, object], arguments: Mapping[str, Value]) -> None:
        """Keep what a late screen must be told; parts that are set one by one come together."""
        kind, member = _LASTING[str(message["name"])]
        key = (kind, str(arguments.get(member, "")))
        said = self._lasting.setdefault(app_id, {})
        before = said.pop(key, {}).get("arguments")
        if kind in ("item", "style") and isinstance(before, dict):
            message = {**message, "arguments": before | {name: value for name, value in arguments.items() if value}}
        if len(said) < _MAX_LASTING:
            said[key] = message

    async def query(
        self, app_id: str, page: int, requests: Sequence[LayoutRequest]
    ) -> list[dict[str, Value] | None] | None:
        """Ask the screens where nodes of a page are; the first that has the page answers.

        One result a request, None for a node that is not there: ``rect`` (``left top right bottom width height``),
        ``size``, ``scrollOffset`` (``scrollLeft scrollTop scrollWidth scrollHeight``), ``properties`` and
        ``computedStyle`` (name to value), as asked. None as a whole: no screen, or none that answers in time. One that
        connects just then, as when the device has only just started, is waited for.

        Raises:
            LayoutError: too many requests at once.
        """
        if len(requests) > MAX_REQUESTS:
            raise LayoutError(f"at most {MAX_REQUESTS} nodes may be asked about at once, not {len(requests)}")
        # A program that measures text waits for the answer, and so could not even greet a screen that comes.
        if any(request.fields != ("textMetrics",) for request in requests):
            await self._arrivals.wait(lambda: bool(self._screens_with(app_id)))
        documents = [request.document() for request in requests]

        def send(target: str, name: str) -> None:
            message = {"type": "query", "app_id": app_id, "page": page, "id": name, "requests": documents}
            self._send(message, target)

        return await self._queries.ask(self._screens_with(app_id), len(requests), send)

    def observe(self, app_id: str, page: int, observer: int, observation: Observation) -> None:
        """Watch nodes of a page; :meth:`ScreenDelegate.intersection` is told. One screen watches, and another where
        it goes; ``observer`` is a number that the program gives once.

        Raises:
            LayoutError: the program has too many observers.
        """
        self._observers.observe(app_id, page, observer, observation, self._screens_with(app_id))

    def unobserve(self, app_id: str, observer: int) -> None:
        """Watch no more; an observer that is not there is no error."""
        self._observers.unobserve(app_id, observer)

    def _screens_with(self, app_id: str) -> list[str]:
        """The screens that hold the pages of a program."""
        return [client.target for client in self._clients.values() if app_id not in client.behind]

    def voice(self, stage: VoiceStage, text: str = "") -> None:
        """Where the voice is: listening, what was recognised, what is answered."""
        self._send({"type": "voice", "stage": stage, "text": text})

    def speech(self, text: str, wav: bytes = b"") -> None:
        """Show an answer, and where ``wav`` holds a WAV file let the screens play it."""
        self._send({"type": "speech", "text": text, "url": self._content.keep_speech(wav) if wav else ""})

    def sound(self, wav: bytes) -> str:
        """Play a program's WAV file on the screens until its end; returns its id for :meth:`silence`."""
        name, url = self._content.keep_sound(wav)
        self._send({"type": "sound", "id": name, "url": url})
        return name

    def silence(self, name: str) -> None:
        """End a sound, and forget it."""
        if self._content.forget_sound(name):
            self._send({"type": "sound", "id": name, "url": ""})

    def foreground(self, app_id: str | None) -> None:
        """The program in front; None is the launcher."""
        self._foreground = app_id
        self._send({"type": "foreground", "app_id": app_id})

    def programs(self) -> None:
        """The installed programs have changed; the delegate says how."""
        self._send({"type": "programs", "programs": self._tiles()})

    def error(self, text: str, target: str = "") -> None:
        """Show a sentence about something that went wrong."""
        self._send({"type": "error", "text": text}, target)

    def notice(self, text: str) -> None:
        """Show a sentence on every screen, also on those that come later, until there is another; an empty one takes
        it away."""
        self._notice = text
        self._send({"type": "notice", "text": text})

    def lights(self, lights: list[Value]) -> None:
        """Show simulated lights on every screen, also on those that come later: ``name``, ``level``, ``color`` each."""
        self._lights = lights
        self._send({"type": "lights", "lights": lights})

    def listening(self, programs: list[Value]) -> None:
        """Show on every screen, also on those that come later, which programs hear the microphone now, by their ids."""
        self._listening = programs
        self._send({"type": "listening", "programs": programs})

    def viewed(self, by: str = "", fleet: str = "", until: float = 0) -> None:
        """Mark every screen, also those that come later: ``by``, an operator of ``fleet``, sees it until ``until``
        (Unix time in seconds). Without a name the mark goes."""
        self._viewed = {"type": "viewed", "by": by, "fleet": fleet, "until": until} if by else {}
        self._send(self._viewed or {"type": "viewed", "by": ""})

    def show_privacy(self, target: str, *, opens: bool = True) -> None:
        """Send a screen, or all where ``target`` is empty, what its owner may see of privacy; unless it ``opens``, only
        for one that shows it still."""
        if (page := self._delegate.privacy_page()) is None:
            return
        for client in list(self._clients.values()):
            if target in ("", client.target):
                refused = page.get("refused") or ("" if client.is_here else ELSEWHERE)
                self._send({"type": "privacy", **page, "refused": refused, "open": opens}, client.target)

    def privacy_changed(self) -> None:
        """What :meth:`show_privacy` shows has changed: a screen that shows it asks for it anew."""
        self._send({"type": "privacy_changed"})

    def views(self, setting: str, entries: Sequence[Mapping[str, Value]]) -> None:
        """Who looked at the screen, newest first, and whether operators may ask: for every screen, also later ones."""
        self._views = {"type": "views", "setting": setting, "entries": list(entries)}
        self._send(self._views)

    def watch(self, watcher: Watcher) -> None:
        """Tell this watcher what the screens are told, until :meth:`unwatch`, after what a screen is told that comes
        now; the programs are to be asked for their pages."""
        watcher.behind |= self._running
        self._watchers[watcher.target] = watcher
        watcher.take({"type": "programs", "programs": self._tiles()})
        watcher.take({"type": "foreground", "app_id": self._foreground})
        for message in self._dialogs.values():
            watcher.take(message)

    def _receiver(self, target: str) -> Connection | Watcher | None:
        return self._clients.get(target) or self._watchers.get(target)

    def unwatch(self, target: str) -> None:
        """Tell it no more; one that does not watch is no error."""
        self._watchers.pop(target, None)

    def _send(self, message: Mapping[str, object], target: str = "", about: str = "") -> None:
        """Queue a message for one screen, or for all but those that still wait for the snapshot of ``about``."""
        for watcher in list(self._watchers.values()):
            if watcher.target == target or (not target and about not in watcher.behind):
                watcher.take(message)
        if target in self._watchers:
            return
        text = encode(message)
        for client in list(self._clients.values()):
            if client.target == target or (not target and about not in client.behind):
                self._deliver(client, text)

    def _deliver(self, client: Connection, text: str) -> None:
        if not client.send(text):
            logger.warning("screen %s is too slow and was dropped; it may connect again", client.target)
            self._clients.pop(client.target, None)

    def close_dialog(self, dialog: str) -> None:
        """Take a dialogue off every screen; one that is closed already is no error."""
        if self._dialogs.pop(dialog, None) is not None:
            self._send({"type": "ui_done", "id": dialog})

    def _tiles(self) -> list[dict[str, object]]:
        return [
            {
                "app_id": tile.app_id,
                "name": tile.name,
                "version": tile.version,
                "icon": tile.icon,
                "phrases": list(tile.phrases),
                "stopped": tile.stopped,
            }
            for tile in self._delegate.programs()
        ]

    # ------------------------------------------------------------------ HTTP

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """No host name that is not ours, and the same careful headers on every answer."""
        name = host_name(request.headers.get("Host", ""))
        if name not in self._allowed_hosts and not (self._beyond_loopback and is_address(name)):
            return web.Response(status=421, text="This device does not answer to that host name.\n")
        try:
            response = await handler(request)
        except web.HTTPException as error:
            add_headers(error)
            raise
        if not response.prepared:
            add_headers(response)
        return response

    # ------------------------------------------------------------------ WebSocket

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        check_origin(request)
        if len(self._clients) >= MAX_SCREENS:
            raise web.HTTPServiceUnavailable(text=f"This device already has {MAX_SCREENS} screens.\n")
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=MAX_MESSAGE_BYTES)
        await socket.prepare(request)
        client = Connection(secrets.token_hex(6), socket, request, set(self._running))
        self._clients[client.target] = client
        writer = asyncio.create_task(client.write())
        try:
            self._greet(client)
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._receive(client, message.data)
                elif message.type is WSMsgType.BINARY:
                    self._receive_audio(client, message.data)
        finally:
            writer.cancel()
            for task in client.tasks:
                task.cancel()
            results = await asyncio.gather(writer, *client.tasks, return_exceptions=True)
            for result in results:
                if isinstance(result, Exception) and not isinstance(result, ConnectionError):
                    logger.error("screen %s: %s", client.target, result, exc_info=result)
            self._clients.pop(client.target, None)
            self._queries.forget_screen(client.target)
            self._observers.forget_screen(
                client.target, {other.target: other.behind for other in self._clients.values()}
            )
            self._delegate.detach(client.target)
        return socket

    def _greet(self, client: Connection) -> None:
        screen = None
        if self._screen is not None:
            screen = {"width": self._screen.width, "height": self._screen.height, "rpx": self._screen.rpx}
        hello = {
            "type": "hello",
            "name": self._name,
            "screen": screen,
            "microphone": self._microphone,
            "programs": self._tiles(),
        }
        self._send(hello, client.target)
        self._send({"type": "foreground", "app_id": self._foreground}, client.target)
        if self._notice:
            self._send({"type": "notice", "text": self._notice}, client.target)
        if self._lights:
            self._send({"type": "lights", "lights": self._lights}, client.target)
        if self._listening:
            self._send({"type": "listening", "programs": self._listening}, client.target)
        for lasting in (self._views, self._viewed):
            if lasting:
                self._send(lasting, client.target)
        for message in self._dialogs.values():
            self._send(message, client.target)
        self._delegate.attach(client.target)

    def _receive_audio(self, client: Connection, samples: bytes) -> None:
        if len(samples) % 2 or len(samples) > MAX_AUDIO_BYTES:
            self.error(f"audio must be 16-bit samples, at most {MAX_AUDIO_BYTES} bytes a message", client.target)
        else:
            self._delegate.audio(client.target, samples)

    async def _receive(self, client: Connection, text: str) -> None:
        try:
            message = parse_client_message(text)
        except ScreenMessageError as error:
            self.error(str(error), client.target)
            return
        if isinstance(message, Utterance | Listen | Launch):
            # These may take seconds; events and audio of the same screen must not wait for them.
            task = asyncio.create_task(self._act(client, message))
            client.tasks.add(task)
            task.add_done_callback(client.tasks.discard)
        else:
            await self._act(client, message)

    async def _act(self, client: Connection, message: ClientMessage) -> None:
        try:
            await self._dispatch(client, message)
        except CygnetError as error:
            self.error(str(error), client.target)
        except Exception:  # a fault of the device must not end the screen
            logger.exception("%s from screen %s failed", type(message).__name__, client.target)
            self.error("The device could not do this; its log says why.", client.target)

    async def _dispatch(self, client: Connection, message: ClientMessage) -> None:
        match message:
            case NodeEvent():
                self._delegate.node_event(message)
            case QueryResult():
                self._queries.answer(client.target, message)
            case Intersection():
                if self._observers.accepts(client.target, message):
                    self._delegate.intersection(message)
            case Viewport():
                self._delegate.viewport(client.target, message)
            case Launch():
                await self._delegate.launch(message.app_id, message.path)
            case Home():
                await self._delegate.home()
            case Back():
                await self._delegate.back(message.app_id, message.delta)
            case Open():
                await self._delegate.open(message.app_id, message.path, message.open_type)
            case Utterance():
                await self._delegate.utterance(message.text)
            case Listen():
                await self._delegate.listen(client.target)
            case Microphone():
                self._delegate.microphone_state(client.target, message.state)
            case ShowPrivacy():
                self.show_privacy(client.target, opens=message.open)
            case Decide():
                self._delegate.decide(message.app_id, message.item, granted=message.granted)
                self.show_privacy(client.target, opens=False)
            case SwitchProfile():
                self._delegate.switch_profile(message.profile)
                self.show_privacy(client.target, opens=False)
            case Erase():
                if not client.is_here:
                    raise ScreenError(ELSEWHERE)
                self._delegate.erase(message.app_id)
                self.show_privacy(client.target, opens=False)
            case StopViewing():
                self._delegate.stop_viewing()
            case RemoteScreen():
                self._delegate.set_remote_screen(message.setting)
            case UiResult():
                dialog = self._dialogs.get(message.id)
                if dialog is not None:  # else another screen was quicker
                    self.close_dialog(message.id)
                    await self._delegate.ui_result(str(dialog["app_id"]), message.id, message.result)


def _tab_bar_document(tab_bar: TabBar | None) -> dict[str, object] | None:
    if tab_bar is None:
        return None
    return {
        "color": tab_bar.color,
        "selected_color": tab_bar.selected_color,
        "background_color": tab_bar.background_color,
        "custom": tab_bar.custom,
        "tabs": [
            {"route": tab.route, "text": tab.text, "icon": tab.icon, "selected_icon": tab.selected_icon}
            for tab in tab_bar.tabs
        ],
    }
