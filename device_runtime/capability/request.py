"""``request``: HTTP for programs, to the origins that their manifests declare and nowhere else.

Arguments and results are those of ``wx.request``
(https://developers.weixin.qq.com/miniprogram/dev/api/network/request/wx.request.html):
``url, method, header, data, timeout (ms), dataType, responseType, enableChunked`` -> ``statusCode, header, cookies,
data``. Before the end the program hears events ``task`` of its ``task``: ``headers``, and with ``enableChunked``
``chunk`` for each piece that comes; ``data`` is empty then.
No cookies are kept between requests and no proxy is taken from the environment, so a request carries nothing
but what the program itself put in; a ``Cookie`` header is therefore the program's own and passes.
"""

import asyncio
import json
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias
from urllib.parse import quote

import aiohttp
from yarl import URL

from device_runtime.capability.arguments import choice, flag, number, refuse, text
from device_runtime.capability.origin import NetworkPolicy, PublicResolver, parse_url
from device_runtime.capability.privacy import NO_LONGER, Privacy, Revocable
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.capability.tasks import tell
from device_runtime.errors import CygnetError
from device_runtime.privacy.outflow import Channel, Named, plain_header, request_outflow
from device_runtime.program.data_plan import DataItem
from device_runtime.values import Value

MAX_URL_CHARACTERS = 8192
MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_RESPONSE_BYTES = 4 * 1024 * 1024
MAX_HEADERS = 64
MAX_HEADER_CHARACTERS = 8192
MAX_REDIRECTS = 5
MAX_AT_ONCE = 10
MAX_FILES_AT_ONCE = 3
TIMEOUT_MS = 60_000
_PIECE_BYTES = 64 * 1024

_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH")
_UNESCAPED = "-_.!~*'()"  # what encodeURIComponent leaves alone
_IN_QUERY = ("GET", "HEAD", "OPTIONS")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# Headers that belong to the connection, to the host, or that would let a program pose as another page.
_FORBIDDEN = frozenset(
    [
        "host",
        "referer",
        "origin",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "via",
        "accept-encoding",
        "date",
        "http2-settings",
    ]
)
_FORBIDDEN_PREFIXES = ("proxy-", "sec-")
_CREDENTIALS = frozenset({"authorization", "cookie"})


Heard: TypeAlias = Callable[[int], Awaitable[None]]
"""Told how many bytes have gone or come so far."""


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A checked request, as one hop of it is sent. ``sent`` hears how many bytes of the body have gone; ``parts`` are
    the fields and files of which a form was made."""

    method: str
    url: URL
    header: Mapping[str, str]
    body: bytes | None
    sent: Heard | None = None
    parts: Sequence[Named] = ()
    channel: Channel = "request"


@dataclass(frozen=True, slots=True)
class Content:
    """What is sent, once its turn has come: a body, and the parts of which it was made."""

    body: bytes
    parts: Sequence[Named] = ()


Reader: TypeAlias = Callable[[HttpCall, aiohttp.ClientResponse], Awaitable[Value]]
"""Takes the answer of the last hop; what it returns is the result."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How the program wants the answer: as bytes, as parsed JSON where it is JSON, or as text."""

    binary: bool
    json: bool


class HttpClient:
    """The board's HTTP client for programs. Close it when the board stops."""

    def __init__(self, policy: NetworkPolicy, privacy: Privacy) -> None:
        self._policy, self._privacy = policy, privacy
        self._session: aiohttp.ClientSession | None = None
        self._limits: dict[tuple[str, bool], asyncio.Semaphore] = {}
        self._running: dict[tuple[str, str], asyncio.Task[Value]] = {}

    async def close(self) -> None:
        """End every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        """Run one request; a program's requests beyond ``MAX_AT_ONCE`` wait for their turn.

        Raises:
            CapabilityError: an argument is wrong, the address is not allowed, or the exchange failed.
        """
        call = read_call(arguments)
        form = _Form(
            binary=choice(arguments, "responseType", ("text", "arraybuffer"), "text") == "arraybuffer",
            json=text(arguments, "dataType", 40, "json") == "json",
        )

        task, chunked = text(arguments, "task", 64, ""), flag(arguments, "enableChunked", False)

        async def heard(chunk: bytes) -> None:
            await tell(caller, task, "chunk", {"data": chunk})

        async def read(hop: HttpCall, response: aiohttp.ClientResponse) -> Value:
            await tell(caller, task, "headers", _head(response))
            if not chunked:
                return await _answer(hop, response, form)
            await read_body(response, piece=heard)
            return {**_head(response), "data": ""}

        return await self.run(caller, call, read, arguments)

    async def run(
        self,
        caller: Caller,
        call: HttpCall,
        read: Reader,
        arguments: Mapping[str, Value],
        *,
        whole_file: bool = False,
        body: Callable[[], Awaitable[Content]] | None = None,
    ) -> Value:
        """Make one exchange; ``timeout`` and ``task`` of ``arguments`` bound and name it.

        With ``whole_file`` it is one of ``MAX_FILES_AT_ONCE`` of its program. ``body`` is asked for what is sent when
        its turn has come, so that what waits takes no memory.

        Raises:
            CapabilityError: the address is not allowed, the exchange failed, or it was aborted.
        """
        milliseconds = min(number(arguments, "timeout", 1, 2**53, TIMEOUT_MS), TIMEOUT_MS)
        self._policy.address(call.url, caller.manifest.request_domains)
        most = MAX_FILES_AT_ONCE if whole_file else MAX_AT_ONCE
        limit = self._limits.setdefault((caller.app_id, whole_file), asyncio.Semaphore(most))
        work = asyncio.create_task(self._exchange(caller, call, read, milliseconds / 1000, limit, body))
        key = (caller.app_id, text(arguments, "task", 64, ""))
        if key[1]:
            self._running[key] = work
        try:
            return await work
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            raise CapabilityError("abort") from None
        finally:
            if self._running.get(key) is work:
                del self._running[key]

    def abort(self, caller: Caller, arguments: Mapping[str, Value]) -> None:
        """End a running request of the same program, by the ``task`` that it was given; it fails with ``abort``."""
        running = self._running.get((caller.app_id, text(arguments, "task", 64)))
        if running is not None:
            running.cancel()

    async def _exchange(
        self,
        caller: Caller,
        call: HttpCall,
        read: Reader,
        seconds: float,
        limit: asyncio.Semaphore,
        body: Callable[[], Awaitable[Content]] | None,
    ) -> Value:
        host = call.url.host
        time_limit = asyncio.timeout(seconds)
        revocable = Revocable(self._privacy, caller.app_id, time_limit)
        try:
            async with time_limit, limit:
                if body is not None:
                    content = await body()
                    header = {**call.header, "Content-Length": str(len(content.body))}
                    call = replace(call, body=content.body, parts=content.parts, header=header)
                return await self._follow(caller, call, read, time_limit, revocable)
        except TimeoutError as error:
            raise CapabilityError(NO_LONGER if revocable.is_revoked else "timeout") from error
        except CapabilityError:
            raise
        except CygnetError as error:
            raise CapabilityError(str(error)) from error
        except aiohttp.ClientConnectorDNSError as error:
            raise CapabilityError(f"no address for {host}: {error.os_error}") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise CapabilityError(f"the certificate of {host} is not to be trusted") from error
        except aiohttp.ClientConnectorError as error:
            raise CapabilityError(f"cannot connect to {host}") from error
        except (aiohttp.ClientError, zlib.error, ValueError, OSError) as error:
            raise CapabilityError(f"the exchange with {host} failed: {error}") from error

    async def _permit(self, caller: Caller, call: HttpCall, time_limit: asyncio.Timeout) -> Sequence[DataItem]:
        """Ask whether it may leave. A person who is asked may take longer than the exchange."""
        outflow = request_outflow(call.method, call.url, call.header, call.body, call.parts, call.channel)
        loop, until = asyncio.get_running_loop(), time_limit.when()
        left = until - loop.time() if until is not None else None
        time_limit.reschedule(None)
        items = await self._privacy.permit(caller.app_id, caller.manifest.data_plan, outflow)
        time_limit.reschedule(loop.time() + left if left is not None else None)
        return items

    async def _follow(
        self, caller: Caller, call: HttpCall, read: Reader, time_limit: asyncio.Timeout, revocable: Revocable
    ) -> Value:
        """Send ``call`` and follow its redirects, each checked as if the program had asked for it."""
        for _ in range(MAX_REDIRECTS + 1):
            address = self._policy.address(call.url, caller.manifest.request_domains)
            items = await self._permit(caller, call, time_limit)
            # The server sees the name that the program asked for, also where the board maps it elsewhere.
            header = {
                "Accept-Encoding": "gzip",
                "User-Agent": "Cygnet",
                **dict(sorted(call.header.items())),  # so that their order tells nothing
                "Host": call.url.host_port_subcomponent or "",
            }
            with revocable.under(items):
                async with self._connections().request(
                    call.method,
                    address,
                    headers=header,
                    data=call.body if call.sent is None or call.body is None else _told(call.body, call.sent),
                    allow_redirects=False,
                    skip_auto_headers=("Content-Type",),
                ) as response:
                    location = response.headers.get("Location")
                    if response.status not in (301, 302, 303, 307, 308) or location is None:
                        return await read(call, response)
                    call = _redirected(call, response.status, location)
        raise CapabilityError(f"more than {MAX_REDIRECTS} redirects")

    def _connections(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=PublicResolver(self._policy.trusted_names), limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
            )
        return self._session


def request_capabilities(client: HttpClient) -> list[Capability]:
    """``request`` and ``request.abort {task}``; both need the permission ``request``.

    ``task``, which a program may give to ``request``, is a string of its own choice.
    """

    async def abort(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        client.abort(caller, arguments)
        return None

    return [
        Capability("request", client.request, permission="request"),
        Capability("request.abort", abort, permission="request"),
    ]


def read_call(arguments: Mapping[str, Value]) -> HttpCall:
    address = text(arguments, "url", MAX_URL_CHARACTERS)
    method = text(arguments, "method", 16, "GET").upper()
    if method not in _METHODS:
        raise refuse(f"method must be one of {', '.join(_METHODS)}")
    header = read_header(arguments.get("header"))
    data = arguments.get("data")
    if data is None:
        return HttpCall(method, parse_url(address), header, None)
    if method in _IN_QUERY:
        if isinstance(data, bytes):
            raise refuse(f"data of a {method} request must be an object or a string")
        return HttpCall(method, parse_url(_with_query(address, _query(data))), header, None)
    content_type = next((value for name, value in header.items() if name.lower() == "content-type"), None)
    if content_type is None:
        content_type = header["Content-Type"] = "application/json"
    body = _body(data, content_type)
    if len(body) > MAX_BODY_BYTES:
        raise refuse(f"data holds {len(body)} bytes; at most {MAX_BODY_BYTES} are allowed")
    return HttpCall(method, parse_url(address), header, body)


def read_header(header: Value) -> dict[str, str]:
    """The program's headers without the forbidden ones, which are dropped silently as WeChat drops ``Referer``."""
    if header is None:
        return {}
    if not isinstance(header, dict) or len(header) > MAX_HEADERS:
        raise refuse(f"header must be an object of at most {MAX_HEADERS} members")
    checked: dict[str, str] = {}
    for name, value in header.items():
        if value is None:
            continue
        if not isinstance(value, str | int | float):
            raise refuse(f"header.{name[:40]} must be a string")
        line = json.dumps(value) if not isinstance(value, str) else value
        if not _TOKEN.fullmatch(name) or _FORBIDDEN_CHARACTERS.search(line) or len(line) > MAX_HEADER_CHARACTERS:
            raise refuse(f"header {name[:40]!r} is not a valid header")
        lower = name.lower()
        if lower not in _FORBIDDEN and not lower.startswith(_FORBIDDEN_PREFIXES):
            checked[_spelled(name)] = plain_header(name, line)
    return checked


def _spelled(name: str) -> str:
    """A header's name, in one spelling: small and capital letters mean the same, and so they tell nothing."""
    return "-".join(word.capitalize() for word in name.split("-"))


def _body(data: Value, content_type: str) -> bytes:
    if isinstance(data, bytes):
        return data
    try:
        if isinstance(data, str):
            return data.encode()
        if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            return _query(data).encode()
        return json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise refuse("data must be text, bytes, or a value that JSON can hold") from error


def _query(data: Value) -> str:
    """``encodeURIComponent(k)=encodeURIComponent(v)&…``, as WeChat writes an object; a string is taken as it is."""
    if isinstance(data, str):
        return data
    if not isinstance(data, dict):
        raise refuse("data must be an object or a string")
    try:
        pairs = [(key, value if isinstance(value, str) else json.dumps(value)) for key, value in data.items()]
    except (TypeError, ValueError, RecursionError) as error:
        raise refuse("data must be an object of strings and numbers") from error
    return "&".join(f"{quote(key, safe=_UNESCAPED)}={quote(value, safe=_UNESCAPED)}" for key, value in pairs)


def _with_query(address: str, query: str) -> str:
    base, _, _ = address.partition("#")
    return f"{base}{'&' if '?' in base else '?'}{query}" if query else base


def _redirected(call: HttpCall, status: int, location: str) -> HttpCall:
    """The next hop. 301 and 302 turn POST into GET as browsers do; 303 all but HEAD (RFC 9110, section 15.4)."""
    try:
        target = call.url.join(URL(location))
    except ValueError as error:
        raise CapabilityError(f'redirected to an invalid url "{location[:200]}"') from error
    target = parse_url(str(target))
    method, body = call.method, call.body
    header = dict(call.header)
    if (status in (301, 302) and method == "POST") or (status == 303 and method != "HEAD"):
        method, body = "GET", None
        header = {
            name: value for name, value in header.items() if name.lower() not in ("content-type", "content-length")
        }
    if target.origin() != call.url.origin():
        header = {name: value for name, value in header.items() if name.lower() not in _CREDENTIALS}
    return HttpCall(method, target, header, body, call.sent, call.parts if body is not None else (), call.channel)


async def _told(body: bytes, sent: Heard) -> AsyncIterator[bytes]:
    """The body in pieces; when the connection asks for the next one, the last has gone."""
    for start in range(0, len(body), _PIECE_BYTES):
        yield body[start : start + _PIECE_BYTES]
        await sent(min(start + _PIECE_BYTES, len(body)))


async def _answer(call: HttpCall, response: aiohttp.ClientResponse, form: _Form) -> Value:
    content = b"" if call.method == "HEAD" else await read_body(response)
    data: Value = content if form.binary else decoded(content, response.charset, form.json)
    return {**_head(response), "data": data}


def _head(response: aiohttp.ClientResponse) -> dict[str, Value]:
    cookies: list[Value] = list(response.headers.getall("Set-Cookie", []))
    return {"statusCode": response.status, "header": header_of(response), "cookies": cookies}


def header_of(response: aiohttp.ClientResponse) -> dict[str, Value]:
    """The headers of an answer; one that came several times is joined."""
    return {name: ", ".join(response.headers.getall(name)) for name in dict.fromkeys(response.headers)}


async def read_body(
    response: aiohttp.ClientResponse,
    most: int = MAX_RESPONSE_BYTES,
    heard: Heard | None = None,
    piece: Callable[[bytes], Awaitable[None]] | None = None,
) -> bytes:
    """The body, unpacked; it stops reading as soon as ``most`` bytes are passed, so a bomb never unfolds.
    ``heard`` is told how many bytes have come, as they were packed; ``piece`` is given each piece as it comes.

    Raises:
        CapabilityError: it is too large, or packed in a way that was not asked for.
    """
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise CapabilityError(f"the answer is packed as {encoding[:40]}, which was not asked for")
    unpack = zlib.decompressobj(wbits=47) if encoding != "identity" else None
    body = bytearray()
    arrived = 0
    pieces = response.content.iter_chunked(_PIECE_BYTES) if piece is None else response.content.iter_any()
    async for chunk in pieces:
        left = most + 1 - len(body)
        arrived += len(chunk)
        if heard is not None:
            await heard(arrived)
        unpacked = unpack.decompress(chunk, left) if unpack is not None else chunk
        body += unpacked
        if len(body) > most:
            raise CapabilityError(f"the answer is larger than the {most} bytes allowed")
        if piece is not None and unpacked:
            await piece(unpacked)
    if unpack is not None and body and not unpack.eof:
        raise CapabilityError("the answer ends in the middle of its packed body")
    return bytes(body)


def decoded(content: bytes, charset: str | None, as_json: bool) -> Value:
    """Text in its ``charset``, and parsed where it is JSON and ``as_json``."""
    try:
        words = content.decode(charset or "utf-8", errors="replace")
    except LookupError:
        words = content.decode(errors="replace")
    if not as_json:
        return words
    try:
        # Whole numbers become doubles beyond 2**53, as they do in JavaScript.
        parsed: Value = json.loads(words, parse_int=_whole, parse_constant=_no_constant)
        json.dumps(parsed, ensure_ascii=False).encode()  # a lone surrogate could not cross to the program
    except (ValueError, RecursionError):
        return words
    return parsed


def _whole(digits: str) -> int | float:
    value = int(digits) if len(digits) <= 17 else float(digits)
    return value if abs(value) <= 2**53 else float(value)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
