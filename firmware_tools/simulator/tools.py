"""The server of the tools: a page at ``/dev`` beside the board's screen, and one WebSocket for each that is open.

The tools show and change the program, so they want what the screen does not: a token, made at each start and part of
the address that is printed. What protects the screen (Host, Origin, a strict policy) protects them, too. Where other
machines can come here, the screen wants the token as well; a browser that had it once keeps it in a cookie.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

import device_runtime.host.screen
from device_runtime.errors import CygnetError
from device_runtime.host.screen.connection import Connection, encode
from device_runtime.host.screen.http import PAGE_TYPES, Handler, cached, check_origin
from firmware_tools.simulator.messages import MAX_MESSAGE_BYTES, Command, parse_command

logger = logging.getLogger(__name__)

MAX_PAGES = 16
_HEARTBEAT_SECONDS = 15.0
_WEB = Path(__file__).parent / "web"
_SCREEN = Path(device_runtime.host.screen.__file__).parent / "web" / "index.html"
_POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
))  # fmt: skip
# The screen's own policy, but for the frame that the tools put it into.
_FRAMED = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "media-src 'self' data: blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
))  # fmt: skip

Act = Callable[[Command], Awaitable[Mapping[str, Any] | None]]


class ToolServer:
    """Serves pages of tools on a device's own server. ``hello`` gives the first message, ``act`` does what a page asks
    and may give an answer to that page alone."""

    def __init__(self, hello: Callable[[], Mapping[str, Any]], act: Act) -> None:
        self.token = secrets.token_urlsafe(18)
        self._cookie = f"cygnet-{secrets.token_hex(4)}"  # cookies are for all ports of a machine
        self._hello = hello
        self._act = act
        self._pages: dict[str, Connection] = {}
        self._files = {path.relative_to(_WEB).as_posix(): path for path in _WEB.rglob("*") if path.suffix in PAGE_TYPES}

    def routes(self) -> list[web.AbstractRouteDef]:
        """What the screen's server serves besides the screen."""
        return [
            web.get("/dev", self._serve_page),
            web.get("/dev/screen", self._serve_screen),
            web.get("/dev/web/{path:.+}", self._serve_file),
            web.get("/dev/ws", self._serve_socket),
        ]

    def publish(self, message: Mapping[str, Any]) -> None:
        """Tell every page."""
        if self._pages:
            text = encode(message)
            for page in list(self._pages.values()):
                self._deliver(page, text)

    async def close(self) -> None:
        """Say goodbye to the pages; each connects again by itself while there is somebody to answer."""
        await asyncio.gather(*(page.close() for page in list(self._pages.values())), return_exceptions=True)

    def _deliver(self, page: Connection, text: str) -> None:
        if not page.send(text):
            logger.warning("a page of tools is too slow and was dropped; it connects again")
            self._pages.pop(page.target, None)

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let nobody see the screen who never had the token."""
        if self._is_token(request.cookies.get(self._cookie, "")):
            return await handler(request)
        self._check_token(request)
        response = await handler(request)
        if not response.prepared:
            response.set_cookie(self._cookie, self.token, httponly=True, samesite="Strict")
        return response

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(errors="replace"), self.token.encode())

    def _check_token(self, request: web.Request) -> None:
        if not self._is_token(request.query.get("token", "")):
            raise web.HTTPForbidden(text="This needs the address with the token that `cygnet program dev` printed.\n")

    async def _serve_page(self, request: web.Request) -> web.StreamResponse:
        self._check_token(request)
        response = cached(request, self._files["index.html"].read_bytes(), "text/html")
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    async def _serve_screen(self, request: web.Request) -> web.StreamResponse:
        response = cached(request, _SCREEN.read_bytes(), "text/html")
        response.headers["Content-Security-Policy"] = _FRAMED
        return response

    async def _serve_file(self, request: web.Request) -> web.StreamResponse:
        path = self._files.get(request.match_info["path"])
        if path is None or path.suffix == ".html":
            raise web.HTTPNotFound(text="The tools have no such file.\n")
        return cached(request, path.read_bytes(), PAGE_TYPES[path.suffix])

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        check_origin(request)
        self._check_token(request)
        if len(self._pages) >= MAX_PAGES:
            raise web.HTTPServiceUnavailable(text=f"{MAX_PAGES} pages of tools are open already.\n")
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_SECONDS, max_msg_size=MAX_MESSAGE_BYTES)
        await socket.prepare(request)
        page = Connection(secrets.token_hex(6), socket, request, set())
        writer = asyncio.create_task(page.write())
        try:
            self._deliver(page, encode(self._hello()))
            self._pages[page.target] = page
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._receive(page, message.data)
        finally:
            self._pages.pop(page.target, None)
            writer.cancel()
            (result,) = await asyncio.gather(writer, return_exceptions=True)
            if isinstance(result, Exception) and not isinstance(result, ConnectionError):
                logger.error("a page of tools failed: %s", result, exc_info=result)
        return socket

    async def _receive(self, page: Connection, text: str) -> None:
        try:
            answer = await self._act(parse_command(text))
        except CygnetError as error:
            answer = {"type": "refused", "text": str(error)}
        except Exception:  # a fault of ours must not end the page
            logger.exception("a request of the tools failed")
            answer = {"type": "refused", "text": "The tools could not do this; the terminal says why."}
        if answer is not None and page.target in self._pages:
            self._deliver(page, encode(answer))
