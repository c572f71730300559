"""``connectSocket``: WebSockets (RFC 6455) of programs, to the origins that their manifests declare for them.

A connection lives beyond its call and ends with its program. The program hears of it in events ``task``: ``open``,
``message``, ``error``, ``close``
(https://developers.weixin.qq.com/miniprogram/dev/api/network/websocket/SocketTask.html).
"""

import asyncio
import logging
from collections.abc import Mapping

import aiohttp
from yarl import URL

from device_runtime.capability.arguments import flag, number, refuse, text, texts
from device_runtime.capability.origin import WEB_SOCKET, NetworkPolicy, PublicResolver, parse_url
from device_runtime.capability.privacy import NO_LONGER, Privacy, Revocable
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.capability.request import MAX_URL_CHARACTERS, read_header
from device_runtime.capability.tasks import tell
from device_runtime.errors import CygnetError
from device_runtime.privacy.outflow import PLAIN_CLOSE, closing_outflow, message_outflow, request_outflow
from device_runtime.values import Value

logger = logging.getLogger(__name__)

MAX_OPEN = 5
MAX_MESSAGE_BYTES = 1024 * 1024
CONNECT_MS = 60_000
_CLOSE_SECONDS = 5.0


class _RedirectError(CapabilityError):
    """A WebSocket handshake is not redirected: the program may reach the declared origin only."""


async def _refuse_redirect(*_: object) -> None:
    raise _RedirectError("the server redirects, which a socket does not follow")


class SocketClient:
    """The board's WebSocket client for programs. Close it when the board stops."""

    def __init__(self, policy: NetworkPolicy, privacy: Privacy) -> None:
        self._policy, self._privacy = policy, privacy
        self._session: aiohttp.ClientSession | None = None
        # By run, since two runs of one program may overlap while the first is being ended.
        self._sockets: dict[tuple[int, str], _Socket] = {}

    async def close(self) -> None:
        """End every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def connect(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        """Begin to connect; the program hears how it went.

        Raises:
            CapabilityError: an argument is wrong, the address is not allowed, or too many sockets are open.
        """
        task = text(arguments, "task", 64)
        url = parse_url(text(arguments, "url", MAX_URL_CHARACTERS), WEB_SOCKET)
        address = self._policy.address(url, caller.manifest.socket_domains)
        header = read_header(arguments.get("header"))
        protocols = texts(arguments, "protocols", 16, 100) if arguments.get("protocols") else []
        seconds = min(number(arguments, "timeout", 1, 2**53, CONNECT_MS), CONNECT_MS) / 1000
        compress = 15 if flag(arguments, "perMessageDeflate", False) else 0
        key = (id(caller.run), task)
        if key in self._sockets:
            raise refuse("task is in use")
        if sum(run == key[0] for run, _ in self._sockets) >= MAX_OPEN:
            raise CapabilityError(f"more than {MAX_OPEN} sockets are open; close one first")
        socket = self._sockets[key] = _Socket(url)
        opening = request_outflow("GET", url, header, None, [("protocol", each) for each in protocols], "socket")

        async def live() -> None:
            revocable: Revocable | None = None
            try:
                items = await self._privacy.permit(caller.app_id, caller.manifest.data_plan, opening)
                limit = asyncio.timeout(seconds)
                revocable = Revocable(self._privacy, caller.app_id, limit)
                async with limit:
                    with revocable.under(items):
                        connection = await self._open(url, address, header, protocols, compress)
                await self._serve(caller, task, socket, connection)
            except TimeoutError:
                is_revoked = revocable is not None and revocable.is_revoked
                await self._fail(caller, task, NO_LONGER if is_revoked else "timeout")
            except _RedirectError as error:
                await self._fail(caller, task, str(error))
            except aiohttp.WSServerHandshakeError as error:
                await self._fail(caller, task, f"{url.host} answered {error.status} instead of opening a WebSocket")
            except (aiohttp.ClientError, OSError, ValueError) as error:
                await self._fail(caller, task, f"cannot connect to {url.host}: {error}")
            except CygnetError as error:
                await self._fail(caller, task, str(error))
            finally:
                self._ended(key, socket)

        # A task that is cancelled before it began runs none of its code, so its end is what is heard.
        caller.keep(live()).add_done_callback(lambda _: self._ended(key, socket))
        return None

    def _ended(self, key: tuple[int, str], socket: "_Socket") -> None:
        if self._sockets.get(key) is socket:
            del self._sockets[key]

    async def _open(
        self, url: URL, address: URL, header: Mapping[str, str], protocols: list[str], compress: int
    ) -> aiohttp.ClientWebSocketResponse:
        return await self._connections().ws_connect(
            address,
            # In an order of their own, which tells nothing.
            headers={"User-Agent": "Cygnet", **dict(sorted(header.items())), "Host": url.host_port_subcomponent or ""},
            protocols=protocols,
            compress=compress,
            max_msg_size=MAX_MESSAGE_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),
            autoclose=True,
        )

    async def _serve(
        self, caller: Caller, task: str, socket: "_Socket", connection: aiohttp.ClientWebSocketResponse
    ) -> None:
        """Pass on what comes, at the pace at which the program takes it, until one side closes."""
        socket.connection = connection
        try:
            if socket.closing is not None:
                await connection.close(code=socket.closing[0], message=socket.closing[1])
            else:
                await tell(caller, task, "open", {"header": {}, "protocol": connection.protocol or ""})
            async for message in connection:
                if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    await tell(caller, task, "message", {"data": message.data})
            if message_error := connection.exception():
                await tell(caller, task, "error", {"errMsg": f"onSocketError:fail {message_error}"})
        finally:
            if not connection.closed:
                await connection.close(code=aiohttp.WSCloseCode.GOING_AWAY)
        code = socket.closing[0] if socket.closing is not None else connection.close_code or 1006
        reason = socket.closing[1].decode() if socket.closing is not None else ""
        await tell(caller, task, "close", {"code": code, "reason": reason})

    async def _fail(self, caller: Caller, task: str, reason: str) -> None:
        await tell(caller, task, "error", {"errMsg": f"connectSocket:fail {reason}"})
        await tell(caller, task, "close", {"code": 1006, "reason": "abnormal closure"})

    async def send(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        """Send one message: text or bytes.

        Raises:
            CapabilityError: the socket is not open, or the message is too large.
        """
        data = arguments.get("data")
        if not isinstance(data, str | bytes):
            raise refuse("data must be a string or an ArrayBuffer")
        size = len(data if isinstance(data, bytes) else data.encode(errors="replace"))
        if size > MAX_MESSAGE_BYTES:
            raise refuse(f"data holds {size} bytes; at most {MAX_MESSAGE_BYTES} are allowed")
        socket = self._socket(caller, arguments)
        if socket.connection is None or socket.connection.closed:
            raise CapabilityError("the socket is not open")
        message = message_outflow(str(socket.url.origin()), socket.url.raw_path, data)
        async with socket.sending:  # so that messages go in the order of the calls
            await self._privacy.permit(caller.app_id, caller.manifest.data_plan, message)
            try:
                if isinstance(data, bytes):
                    await socket.connection.send_bytes(data)
                else:
                    await socket.connection.send_str(data)
            except (ConnectionError, RuntimeError, aiohttp.ClientError) as error:
                raise CapabilityError("the socket is not open") from error
        return None

    async def shut(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        """Close a socket; its ``close`` event follows. A code of its own and a reason go with it where they may leave.

        Raises:
            CapabilityError: the code or the reason is not one that a program may give (RFC 6455, section 7.4).
        """
        code = int(number(arguments, "code", PLAIN_CLOSE, 4999, PLAIN_CLOSE))
        if code != PLAIN_CLOSE and code < 3000:
            raise refuse("code must be 1000, or from 3000 to 4999")
        reason = text(arguments, "reason", 123, "").encode(errors="replace")
        if len(reason) > 123:
            raise refuse("reason holds more than 123 bytes")
        socket = self._socket(caller, arguments)
        if socket.closing is None:
            if not self._may_say(caller, socket, code, reason):
                code, reason = PLAIN_CLOSE, b""
            socket.closing = (code, reason)
            if socket.connection is not None:
                await socket.connection.close(code=code, message=reason)
        return None

    def _may_say(self, caller: Caller, socket: "_Socket", code: int, reason: bytes) -> bool:
        said = closing_outflow(str(socket.url.origin()), socket.url.raw_path, code, reason.decode())
        if not said.values:
            return True
        try:
            self._privacy.permit_now(caller.app_id, caller.manifest.data_plan, said)
        except CygnetError as error:
            logger.info("%s closes a socket; only that is passed on: %s", caller.app_id, error)
            return False
        return True

    def _socket(self, caller: Caller, arguments: Mapping[str, Value]) -> "_Socket":
        found = self._sockets.get((id(caller.run), text(arguments, "task", 64)))
        if found is None:
            raise CapabilityError("the socket is not open")
        return found

    def _connections(self) -> aiohttp.ClientSession:
        if self._session is None:
            tracing = aiohttp.TraceConfig()
            tracing.on_request_redirect.append(_refuse_redirect)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=PublicResolver(self._policy.trusted_names), limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                trace_configs=[tracing],
            )
        return self._session


class _Socket:
    """One socket of a program: ``connection`` once it is open, ``closing`` once the program wants it closed."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.connection: aiohttp.ClientWebSocketResponse | None = None
        self.closing: tuple[int, bytes] | None = None
        self.sending = asyncio.Lock()


def socket_capabilities(client: SocketClient) -> list[Capability]:
    """``connectSocket {task, url, header?, protocols?, timeout?, perMessageDeflate?}``, ``socket.send {task, data}``
    and ``socket.close {task, code?, reason?}``; all need the permission ``request``."""
    return [
        Capability("connectSocket", client.connect, permission="request"),
        Capability("socket.send", client.send, permission="request"),
        Capability("socket.close", client.shut, permission="request"),
    ]
