"""The screen server: draws the device in any number of browsers, over HTTP and one WebSocket each.

It listens on loopback unless told otherwise. What protects it: the Host header must be a known name (DNS
rebinding), a WebSocket's Origin must be this very host (foreign pages), a strict Content-Security-Policy keeps
programs from reaching any other origin, package resources are served only as passive media, and each screen has
a bounded queue, so that a slow one is dropped and never slows the device.
"""

import asyncio
import hashlib
import ipaddress
import json
import logging
import math
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, Protocol, TypeAlias
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMsgType, web

from device_runtime.errors import CygnetError
from device_runtime.host.screen.messages import (
    Back,
    ClientMessage,
    Home,
    Launch,
    Listen,
    NodeEvent,
    Open,
    OpenType,
    ScreenMessageError,
    UiResult,
    Utterance,
    parse_client_message,
)
from device_runtime.program.manifest import TabBar
from device_runtime.values import Value
from device_runtime.view.patches import Operation

logger = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 256 * 1024
MAX_AUDIO_BYTES = 64 * 1024
MAX_QUEUED_MESSAGES = 512
MAX_QUEUED_BYTES = 32 * 1024 * 1024
MAX_SCREENS = 16
HEARTBEAT_SECONDS = 15.0
_KEPT_SPEECHES = 8

VoiceStage = Literal["idle", "wake", "listening", "recognised", "rejected", "answer"]

_WEB = Path(__file__).parent / "web"
_PAGE_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
# Passive media only: a script or a document in a package must never run as a part of this origin.
_RESOURCE_TYPES = {
    ".css": "text/css",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".otf": "font/otf",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
}
_PAGE_POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "media-src 'self' data: blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
))  # fmt: skip
_RESOURCE_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
# What a program sets once and a screen that connects later must be told again, and what tells them apart.
_LASTING_UI = {
    "setNavigationBarTitle": "",
    "setNavigationBarColor": "",
    "setBackgroundColor": "",
    "setTabBarBadge": "index",
    "removeTabBarBadge": "index",
    "showTabBarRedDot": "index",
    "hideTabBarRedDot": "index",
    "showTabBar": "",
    "hideTabBar": "",
}
_SAME_MARK = {
    "removeTabBarBadge": "setTabBarBadge",
    "showTabBarRedDot": "setTabBarBadge",
    "hideTabBarRedDot": "setTabBarBadge",
    "hideTabBar": "showTabBar",
}

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ScreenError(CygnetError):
    """The screen server cannot do what it was asked."""


@dataclass(frozen=True, slots=True)
class ScreenSize:
    """The board's screen in CSS pixels; ``rpx`` is CSS pixels in one rpx, None where the page chooses."""

    width: int
    height: int
    rpx: float | None = None


@dataclass(frozen=True, slots=True)
class ProgramTile:
    """One program of the launcher. ``icon`` is a path in its package or empty; ``phrases`` are requests to show."""

    app_id: str
    name: str
    version: int
    icon: str = ""
    phrases: tuple[str, ...] = ()


class ScreenDelegate(Protocol):
    """What the screen server asks of the device. A raised :class:`CygnetError` is shown to the screen that asked."""

    def programs(self) -> Sequence[ProgramTile]:
        """The programs of the launcher, in order."""

    def resource(self, app_id: str, version: int, path: str) -> bytes | None:
        """A file of a program's package; None where there is none."""

    def attach(self, target: str) -> None:
        """A screen has connected: send it, by this target, the stack and every page of each running program."""

    def detach(self, target: str) -> None:
        """A screen has gone."""

    def node_event(self, event: NodeEvent) -> None:
        """Something happened to a node of a program's page."""

    def audio(self, target: str, samples: bytes) -> None:
        """Microphone audio of one screen: 16 kHz mono signed 16-bit little-endian PCM, an even number of bytes."""

    async def launch(self, app_id: str, path: str) -> None:
        """Bring a program to the front; ``path`` is a route of it, or empty."""

    async def home(self) -> None:
        """Show the launcher."""

    async def back(self, app_id: str, delta: int) -> None:
        """Go back ``delta`` pages."""

    async def open(self, app_id: str, path: str, open_type: OpenType) -> None:
        """Open a route, as ``wx.<open_type>`` would."""

    async def utterance(self, text: str) -> None:
        """Understand a typed request."""

    async def listen(self, target: str) -> None:
        """Listen now, without the wake word; ``target`` is the screen that asked."""

    async def ui_result(self, app_id: str, dialog: str, result: Value) -> None:
        """The owner answered the dialogue of this id."""


class _Client:
    """One connected screen: its socket and what waits to be sent to it."""

    def __init__(self, target: str, socket: web.WebSocketResponse, request: web.Request, behind: set[str]) -> None:
        self.target = target
        self.behind = behind
        """Programs whose pages this screen does not hold yet: their snapshot is on its way."""
        self._socket = socket
        self._request = request
        self._queue: asyncio.Queue[str] = asyncio.Queue(MAX_QUEUED_MESSAGES)
        self._queued_bytes = 0
        self.tasks: set[asyncio.Task[None]] = set()

    def send(self, text: str) -> bool:
        """Queue a message; False where the screen is too far behind, and then it is cut off."""
        if self._queue.full() or self._queued_bytes + len(text) > MAX_QUEUED_BYTES:
            self.cut()
            return False
        self._queue.put_nowait(text)
        self._queued_bytes += len(text)
        return True

    def cut(self) -> None:
        """End the connection without waiting for the other side."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def write(self) -> None:
        """Send what is queued, until the connection ends."""
        while True:
            text = await self._queue.get()
            self._queued_bytes -= len(text)
            await self._socket.send_str(text)

    async def close(self) -> None:
        await self._socket.close(code=WSCloseCode.GOING_AWAY, message=b"the device stops")


def _without_nan(value: object) -> object:
    """The same value with what JSON cannot say (NaN, infinities, bytes) as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return None
    if isinstance(value, Mapping):
        return {str(name): _without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value


def _encode(message: Mapping[str, object]) -> str:
    try:
        return json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):
        return json.dumps(_without_nan(message), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _host_name(netloc: str) -> str:
    """The name of ``name:port``, lower case and without the brackets of an IPv6 address; empty if malformed."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


class ScreenServer:
    """Serves the screens of one device.

    Args:
        delegate: the device.
        name: what the screens call the device.
        screen: the board's screen; None where the page takes the browser's own size.
        microphone: whose microphone hears: ``screen`` (the browser streams it), ``device``, or ``none``.
        host: the address to listen on. Port 0 takes a free one.
        allowed_hosts: names, apart from loopback, under which browsers may reach this server.
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
        allowed_hosts: Iterable[str] = (),
    ) -> None:
        self._delegate = delegate
        self._name = name
        self._screen = screen
        self._microphone = microphone
        self._address = (host, port)
        self._allowed_hosts = {"localhost", "127.0.0.1", "::1"} | {name.lower() for name in allowed_hosts}
        self._clients: dict[str, _Client] = {}
        self._foreground: str | None = None
        self._stacks: dict[str, list[int]] = {}
        self._lasting: dict[str, OrderedDict[tuple[str, str, int], dict[str, object]]] = {}
        self._dialogs: dict[str, dict[str, object]] = {}
        self._speeches: OrderedDict[str, bytes] = OrderedDict()
        self._runner: web.AppRunner | None = None
        self._files = {
            path.relative_to(_WEB).as_posix(): path for path in _WEB.rglob("*") if path.suffix in _PAGE_TYPES
        }

    # ------------------------------------------------------------------ life

    async def start(self) -> str:
        """Listen; give the URL of the screen.

        Raises:
            ScreenError: the address is taken or not this machine's.
        """
        application = web.Application(middlewares=[self._guard])
        application.router.add_get("/", self._serve_index)
        application.router.add_get("/ws", self._serve_socket)
        application.router.add_get("/web/{path:.+}", self._serve_file)
        application.router.add_get("/program/{app_id}/{version}/{path:.+}", self._serve_resource)
        application.router.add_get("/speech/{id:[0-9a-f]+}.wav", self._serve_speech)
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
        """The pages of a program, bottom to top: ``{id, route, window}``. With a ``target`` it opens a snapshot."""
        self._stacks[app_id] = [page["id"] for page in pages if isinstance(page.get("id"), int)]  # type: ignore[misc]
        lasting = self._lasting.get(app_id, OrderedDict())
        for key in [key for key in lasting if key[1] and int(key[1]) not in self._stacks[app_id]]:
            del lasting[key]
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
            client = self._clients.get(target)
            if client is None:
                return
            client.behind.discard(app_id)
            self._send(message, target)
            for lasting_message in lasting.values():
                self._send(lasting_message, target)
        else:
            self._send(message, about=app_id)

    def patch(self, app_id: str, page: int, operations: Sequence[Operation], target: str = "") -> None:
        """Operations for one page; see :mod:`device_runtime.view.patches`."""
        message = {"type": "patch", "app_id": app_id, "page": page, "operations": operations}
        self._send(message, target, about=app_id)

    def exited(self, app_id: str, reason: str = "") -> None:
        """A program has stopped: its pages and dialogues go; a ``reason`` is shown."""
        self._stacks.pop(app_id, None)
        self._lasting.pop(app_id, None)
        for client in self._clients.values():
            client.behind.discard(app_id)
        for dialog in [name for name, message in self._dialogs.items() if message["app_id"] == app_id]:
            self._close_dialog(dialog)
        self._send({"type": "exited", "app_id": app_id, "reason": reason})

    def ui(self, app_id: str, name: str, arguments: Mapping[str, Value], dialog: str = "") -> None:
        """Ask the screens for a piece of user interface under its WeChat name (``showToast``, ``showModal``, …).

        ``dialog`` is the id under which :meth:`ScreenDelegate.ui_result` answers; the first answer closes it on
        every screen.
        """
        pages = self._stacks.get(app_id)
        page = pages[-1] if pages else 0
        message: dict[str, object] = {
            "type": "ui", "app_id": app_id, "name": name, "arguments": dict(arguments), "page": page, "id": dialog
        }  # fmt: skip
        if dialog:
            self._dialogs[dialog] = message
        elif name in _LASTING_UI:
            index = arguments.get(_LASTING_UI[name])
            of_page = str(page) if name.startswith(("setNavigation", "setBackground")) else ""
            key = (_SAME_MARK.get(name, name), of_page, index if isinstance(index, int) else 0)
            self._lasting.setdefault(app_id, OrderedDict())[key] = message
        self._send(message)

    def voice(self, stage: VoiceStage, text: str = "") -> None:
        """Where the voice is: listening, what was recognised, what is answered."""
        self._send({"type": "voice", "stage": stage, "text": text})

    def speech(self, text: str, wav: bytes = b"") -> None:
        """Show an answer, and where ``wav`` holds a WAV file let the screens play it."""
        url = ""
        if wav:
            name = secrets.token_hex(8)
            self._speeches[name] = wav
            while len(self._speeches) > _KEPT_SPEECHES:
                self._speeches.popitem(last=False)
            url = f"/speech/{name}.wav"
        self._send({"type": "speech", "text": text, "url": url})

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

    def _send(self, message: Mapping[str, object], target: str = "", about: str = "") -> None:
        """Queue a message for one screen, or for all but those that still wait for the snapshot of ``about``."""
        text = _encode(message)
        for client in list(self._clients.values()):
            if client.target == target or (not target and about not in client.behind):
                self._deliver(client, text)

    def _deliver(self, client: _Client, text: str) -> None:
        if not client.send(text):
            logger.warning("screen %s is too slow and was dropped; it may connect again", client.target)
            self._clients.pop(client.target, None)

    def _close_dialog(self, dialog: str) -> None:
        del self._dialogs[dialog]
        self._send({"type": "ui_done", "id": dialog})

    def _tiles(self) -> list[dict[str, object]]:
        return [
            {
                "app_id": tile.app_id,
                "name": tile.name,
                "version": tile.version,
                "icon": tile.icon,
                "phrases": list(tile.phrases),
            }
            for tile in self._delegate.programs()
        ]

    # ------------------------------------------------------------------ HTTP

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """No host name that is not ours, and the same careful headers on every answer."""
        if _host_name(request.headers.get("Host", "")) not in self._allowed_hosts:
            return web.Response(status=421, text="This device does not answer to that host name.\n")
        response = await handler(request)
        if not response.prepared:
            response.headers.setdefault("Content-Security-Policy", _PAGE_POLICY)
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
            response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
            response.headers["Permissions-Policy"] = "microphone=(self), camera=(), geolocation=(), usb=(), serial=()"
        return response

    async def _serve_index(self, request: web.Request) -> web.StreamResponse:
        return _cached(request, self._files["index.html"].read_bytes(), "text/html")

    async def _serve_file(self, request: web.Request) -> web.StreamResponse:
        path = self._files.get(request.match_info["path"])
        if path is None:
            raise web.HTTPNotFound(text="The screen has no such file.\n")
        return _cached(request, path.read_bytes(), _PAGE_TYPES[path.suffix])

    async def _serve_resource(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        content_type = _RESOURCE_TYPES.get(PurePosixPath(path).suffix.lower())
        version = request.match_info["version"]
        content = None
        if content_type is not None and ".." not in path.split("/") and "\\" not in path and version.isdecimal():
            content = self._delegate.resource(request.match_info["app_id"], int(version[:12]), path)
        if content is None and content_type == "text/css":
            content = b""  # style is optional, for a program and for each of its pages
        if content_type is None or content is None:
            raise web.HTTPNotFound(text="The program has no such resource.\n")
        response = _cached(request, content, content_type)
        response.headers["Content-Security-Policy"] = _RESOURCE_POLICY
        return response

    async def _serve_speech(self, request: web.Request) -> web.StreamResponse:
        wav = self._speeches.get(request.match_info["id"])
        if wav is None:
            raise web.HTTPNotFound(text="This answer is no longer kept.\n")
        return web.Response(body=wav, content_type="audio/wav", headers={"Cache-Control": "no-store"})

    # ------------------------------------------------------------------ WebSocket

    def _check_origin(self, request: web.Request) -> None:
        origin = request.headers.get("Origin")
        if origin is None:
            if not _is_loopback(request.remote):
                raise web.HTTPForbidden(text="A program outside this machine must send an Origin header.\n")
            return
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or parts.netloc.lower() != request.headers.get("Host", "").lower():
            raise web.HTTPForbidden(text="A page of another site may not connect to this device.\n")

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        self._check_origin(request)
        if len(self._clients) >= MAX_SCREENS:
            raise web.HTTPServiceUnavailable(text=f"This device already has {MAX_SCREENS} screens.\n")
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=MAX_MESSAGE_BYTES)
        await socket.prepare(request)
        client = _Client(secrets.token_hex(6), socket, request, set(self._stacks))
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
            self._delegate.detach(client.target)
        return socket

    def _greet(self, client: _Client) -> None:
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
        for message in self._dialogs.values():
            self._send(message, client.target)
        self._delegate.attach(client.target)

    def _receive_audio(self, client: _Client, samples: bytes) -> None:
        if len(samples) % 2 or len(samples) > MAX_AUDIO_BYTES:
            self.error(f"audio must be 16-bit samples, at most {MAX_AUDIO_BYTES} bytes a message", client.target)
        else:
            self._delegate.audio(client.target, samples)

    async def _receive(self, client: _Client, text: str) -> None:
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

    async def _act(self, client: _Client, message: ClientMessage) -> None:
        try:
            await self._dispatch(client, message)
        except CygnetError as error:
            self.error(str(error), client.target)
        except Exception:  # a fault of the device must not end the screen
            logger.exception("%s from screen %s failed", type(message).__name__, client.target)
            self.error("The device could not do this; its log says why.", client.target)

    async def _dispatch(self, client: _Client, message: ClientMessage) -> None:
        match message:
            case NodeEvent():
                self._delegate.node_event(message)
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
            case UiResult():
                dialog = self._dialogs.get(message.id)
                if dialog is not None:  # else another screen was quicker
                    self._close_dialog(message.id)
                    await self._delegate.ui_result(str(dialog["app_id"]), message.id, message.result)


def _tab_bar_document(tab_bar: TabBar | None) -> dict[str, object] | None:
    if tab_bar is None:
        return None
    return {
        "color": tab_bar.color,
        "selected_color": tab_bar.selected_color,
        "background_color": tab_bar.background_color,
        "tabs": [
            {"route": tab.route, "text": tab.text, "icon": tab.icon, "selected_icon": tab.selected_icon}
            for tab in tab_bar.tabs
        ],
    }


def _cached(request: web.Request, content: bytes, content_type: str) -> web.Response:
    """An answer that the browser keeps and asks about again: a reinstalled program must not show old files."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    charset = "utf-8" if content_type.startswith("text/") else None
    return web.Response(body=content, content_type=content_type, charset=charset, headers=headers)
