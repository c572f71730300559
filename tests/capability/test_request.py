"""``request`` against a real HTTP server: what a program can reach, send and receive."""

import asyncio
import gzip
import json
import socket
import ssl
import subprocess
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from device_runtime.capability.origin import NetworkPolicy, PublicResolver, public_address
from device_runtime.capability.registry import CapabilityError, CapabilityGate
from device_runtime.capability.request import MAX_BODY_BYTES, MAX_RESPONSE_BYTES, HttpClient, request_capabilities
from device_runtime.values import Value
from tests.capability.conftest import MakeCaller
from tests.open_privacy import OpenPrivacy


class Server:
    """An HTTP server on a free port that keeps what it is asked."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.arrived = asyncio.Event()
        self.release = asyncio.Event()
        self.origin = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        self.arrived.set()
        match request.path.strip("/").split("/"):
            case ["json"]:
                return web.json_response({"city": "Oslo", "big": 2**80, "small": 3})
            case ["text"]:
                return web.Response(text="grüße", charset="latin-1")
            case ["bytes"]:
                return web.Response(body=b"\x00\xff\x10")
            case ["cookie"]:
                response = web.Response(text="ok")
                response.set_cookie("session", "secret")
                return response
            case ["redirect", status]:
                return web.Response(status=int(status), headers={"Location": request.query["to"]})
            case ["loop"]:
                return web.Response(status=302, headers={"Location": "/loop"})
            case ["large"]:
                return web.Response(body=bytes(MAX_RESPONSE_BYTES + 1))
            case ["bomb"]:
                return web.Response(body=gzip.compress(bytes(50_000_000)), headers={"Content-Encoding": "gzip"})
            case ["cut"]:
                return web.Response(body=gzip.compress(b"hello" * 99)[:-9], headers={"Content-Encoding": "gzip"})
            case ["zlib"]:
                return web.Response(body=zlib.compress(b'{"a":1}'), headers={"Content-Encoding": "deflate"})
            case ["slow"]:
                await self.release.wait()
                return web.Response(text="at last")
        return web.Response(status=404, text="nothing here")


async def serve(server: Server, tls: ssl.SSLContext | None = None) -> web.AppRunner:
    app = web.Application(client_max_size=2 * MAX_BODY_BYTES)
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    port = runner.addresses[0][1]
    server.origin = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    return runner


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    runner = await serve(server)
    yield server
    server.release.set()
    await runner.cleanup()


@pytest.fixture
async def other() -> AsyncIterator[Server]:
    server = Server()
    runner = await serve(server)
    yield server
    await runner.cleanup()


class Device:
    """A board with one program on it."""

    def __init__(self, make_caller: MakeCaller, policy: NetworkPolicy, domains: tuple[str, ...]) -> None:
        self.client = HttpClient(policy, OpenPrivacy())
        self.gate = CapabilityGate(request_capabilities(self.client))
        self.caller = make_caller(permissions=("request",), domains=domains)

    async def request(self, url: str, **arguments: Any) -> dict[str, Any]:
        result = await self.gate.invoke(self.caller, "request", {"url": url, **arguments})
        assert isinstance(result, dict)
        return result


@pytest.fixture
async def device(make_caller: MakeCaller, server: Server) -> AsyncIterator[Device]:
    device = Device(make_caller, NetworkPolicy(), (server.origin,))
    yield device
    await device.client.close()


async def test_json_arrives_parsed_with_its_status_and_headers(device: Device, server: Server) -> None:
    answer = await device.request(server.origin + "/json")
    assert answer["statusCode"] == 200
    assert answer["data"] == {"city": "Oslo", "big": float(2**80), "small": 3}
    assert answer["header"]["Content-Type"].startswith("application/json")


@pytest.mark.parametrize(
    ("path", "arguments", "data"),
    [
        ("/json", {"dataType": "text"}, json.dumps({"city": "Oslo", "big": 2**80, "small": 3})),
        ("/text", {}, "grüße"),
        ("/bytes", {"responseType": "arraybuffer"}, b"\x00\xff\x10"),
        ("/zlib", {}, {"a": 1}),
        ("/absent", {}, "nothing here"),
        ("/json", {"method": "HEAD"}, ""),
    ],
)
async def test_the_answer_has_the_form_that_was_asked_for(
    device: Device, server: Server, path: str, arguments: dict[str, Any], data: Value
) -> None:
    assert (await device.request(server.origin + path, **arguments))["data"] == data


@pytest.mark.parametrize(
    ("arguments", "query", "body", "content_type"),
    [
        ({"data": {"q": "a b&c", "n": 1, "deep": [1]}}, "q=a%20b%26c&n=1&deep=%5B1%5D", b"", None),
        ({"data": "q=1"}, "q=1", b"", None),
        ({"method": "POST", "data": {"ä": 1}}, "", '{"ä": 1}'.encode(), "application/json"),
        ({"method": "put", "data": "raw"}, "", b"raw", "application/json"),
        ({"method": "POST", "data": b"\x00\x01", "header": {"Content-Type": "x/y"}}, "", b"\x00\x01", "x/y"),
        (
            {"method": "POST", "data": {"a": "ü"}, "header": {"content-type": "application/x-www-form-urlencoded"}},
            "", b"a=%C3%BC", "application/x-www-form-urlencoded",
        ),
        ({"method": "DELETE"}, "", b"", None),
    ],
)  # fmt: skip
async def test_data_is_sent_as_wechat_sends_it(
    device: Device, server: Server, arguments: dict[str, Any], query: str, body: bytes, content_type: str | None
) -> None:
    await device.request(server.origin + "/json", **arguments)
    (request,) = server.requests
    assert (request.rel_url.raw_query_string, server.bodies[0]) == (query, body)
    assert request.headers.get("Content-Type") == content_type


async def test_the_order_and_the_spelling_of_headers_say_nothing(device: Device, server: Server) -> None:
    for header in ({"x-b": "1", "ACCEPT": "Text/Plain"}, {"aCCept": "text/plain", "X-B": "1"}):
        await device.request(server.origin + "/json", header=header)
    first, second = (request.raw_headers for request in server.requests)
    assert first == second
    assert (b"Accept", b"text/plain") in first


async def test_headers_that_are_not_the_programs_to_choose_are_dropped(device: Device, server: Server) -> None:
    header = {"Host": "evil", "Referer": "https://bank", "Content-Length": "5", "Proxy-Authorization": "x",
              "Sec-Fetch-Site": "none", "X-Token": "t", "Cookie": "own=1"}  # fmt: skip
    await device.request(server.origin + "/json", header=header)
    sent = server.requests[0].headers
    assert sent["Host"] == server.origin.removeprefix("http://")
    assert (sent["X-Token"], sent["Cookie"]) == ("t", "own=1")
    assert not {"Referer", "Content-Length", "Proxy-Authorization", "Sec-Fetch-Site"} & set(sent)


async def test_cookies_are_told_but_never_kept(device: Device, server: Server) -> None:
    answer = await device.request(server.origin + "/cookie")
    assert answer["cookies"] == ["session=secret; Path=/"]
    await device.request(server.origin + "/json")
    assert "Cookie" not in server.requests[1].headers


@pytest.mark.parametrize(
    ("declared", "asked"),
    [
        ("https://api.example", "https://evil.example/x"),
        ("https://api.example", "http://api.example/x"),
        ("https://api.example", "https://api.example:8443/x"),
        ("https://api.example", "https://sub.api.example/x"),
        ("https://api.example", "https://api.example.evil/x"),
        ("https://api.example/path", "https://api.example/path"),
        ("https://*.example", "https://api.example/x"),
        ("api.example", "https://api.example/x"),
        ("", "https://api.example/x"),
    ],
)
async def test_an_origin_that_is_not_declared_exactly_is_refused(
    make_caller: MakeCaller, declared: str, asked: str
) -> None:
    device = Device(make_caller, NetworkPolicy(), (declared,) if declared else ())
    with pytest.raises(CapabilityError, match=r"^url not in domain list"):
        await device.request(asked)
    await device.client.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "url must be a string"),
        ({"url": "file:///etc/passwd"}, "invalid url"),
        ({"url": "/relative"}, "invalid url"),
        ({"url": "http://[::1"}, "invalid url"),
        ({"url": "http://user:pw@api.example/"}, "user name"),
        ({"url": "http://a" * 2000}, "at most 8192"),
        ({"method": "TRACE"}, "method must be one of"),
        ({"method": 5}, "method must be a string"),
        ({"header": "x"}, "header must be an object"),
        ({"header": {"X": ["a"]}}, "header.X must be a string"),
        ({"header": {"X": "a\r\nInjected: 1"}}, "not a valid header"),
        ({"header": {"X Y": "a"}}, "not a valid header"),
        ({"data": [1]}, "data must be an object"),
        ({"data": b"x"}, "data of a GET request"),
        ({"method": "POST", "data": bytes(MAX_BODY_BYTES + 1)}, "at most"),
        ({"timeout": "soon"}, "timeout must be a number"),
        ({"timeout": 0}, "timeout must be from 1"),
        ({"responseType": "blob"}, "responseType must be one of"),
    ],
)
async def test_bad_arguments_are_refused_before_anything_is_sent(
    device: Device, server: Server, arguments: dict[str, Any], message: str
) -> None:
    given: dict[str, Value] = {"url": server.origin + "/json", **arguments}
    if not arguments:
        given = {}
    with pytest.raises(CapabilityError, match=message):
        await device.gate.invoke(device.caller, "request", given)
    assert server.requests == []


async def test_a_program_without_the_permission_is_refused(make_caller: MakeCaller, server: Server) -> None:
    client = HttpClient(NetworkPolicy(), OpenPrivacy())
    gate = CapabilityGate(request_capabilities(client))
    with pytest.raises(CapabilityError, match="does not ask for the permission request"):
        await gate.invoke(make_caller(domains=(server.origin,)), "request", {"url": server.origin})
    await client.close()


@pytest.mark.parametrize(
    ("status", "method", "arrives"),
    [(301, "POST", "GET"), (302, "POST", "GET"), (303, "PUT", "GET"), (307, "POST", "POST"), (308, "PUT", "PUT")],
)
async def test_a_redirect_inside_the_declared_origin_is_followed(
    device: Device, server: Server, status: int, method: str, arrives: str
) -> None:
    answer = await device.request(f"{server.origin}/redirect/{status}?to=/json", method=method, data={"a": 1})
    assert answer["statusCode"] == 200
    assert server.requests[1].method == arrives
    assert server.bodies[1] == (b'{"a": 1}' if arrives == method else b"")


async def test_a_redirect_to_an_undeclared_origin_is_refused(device: Device, server: Server, other: Server) -> None:
    with pytest.raises(CapabilityError, match=r"^url not in domain list"):
        await device.request(f"{server.origin}/redirect/302?to={other.origin}/json")
    assert other.requests == []


async def test_credentials_do_not_follow_a_redirect_to_another_declared_origin(
    make_caller: MakeCaller, server: Server, other: Server
) -> None:
    device = Device(make_caller, NetworkPolicy(), (server.origin, other.origin))
    header = {"Authorization": "Bearer t", "Cookie": "c=1", "X-Plain": "p"}
    await device.request(f"{server.origin}/redirect/307?to={other.origin}/json", header=header)
    assert other.requests[0].headers["X-Plain"] == "p"
    assert not {"Authorization", "Cookie"} & set(other.requests[0].headers)
    await device.client.close()


async def test_endless_redirects_end(device: Device, server: Server) -> None:
    with pytest.raises(CapabilityError, match="more than 5 redirects"):
        await device.request(server.origin + "/loop")
    assert len(server.requests) == 6


@pytest.mark.parametrize("path", ["/large", "/bomb"])
async def test_an_answer_past_the_limit_is_cut_off(device: Device, server: Server, path: str) -> None:
    with pytest.raises(CapabilityError, match="larger than"):
        await device.request(server.origin + path)


async def test_a_packed_answer_that_ends_early_is_an_error(device: Device, server: Server) -> None:
    with pytest.raises(CapabilityError, match="middle of its packed body"):
        await device.request(server.origin + "/cut")


async def test_a_slow_server_is_a_timeout(device: Device, server: Server) -> None:
    with pytest.raises(CapabilityError, match=r"^timeout$"):
        await device.request(server.origin + "/slow", timeout=50)


async def test_a_running_request_can_be_aborted_by_its_own_program_only(
    device: Device, server: Server, make_caller: MakeCaller
) -> None:
    running = asyncio.create_task(device.request(server.origin + "/slow", task="7"))
    await server.arrived.wait()
    stranger = make_caller("stranger", permissions=("request",))
    await device.gate.invoke(stranger, "request.abort", {"task": "7"})
    await asyncio.sleep(0)
    assert not running.done()
    await device.gate.invoke(device.caller, "request.abort", {"task": "7"})
    with pytest.raises(CapabilityError, match=r"^abort$"):
        await running


async def test_ending_the_program_ends_its_request(device: Device, server: Server) -> None:
    running = asyncio.create_task(device.request(server.origin + "/slow"))
    await server.arrived.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_the_eleventh_request_waits_for_its_turn(device: Device, server: Server) -> None:
    running = [asyncio.create_task(device.request(server.origin + "/slow")) for _ in range(12)]
    while len(server.requests) < 10:
        await asyncio.wait_for(server.arrived.wait(), 10)
        server.arrived.clear()
    assert len(server.requests) == 10
    server.release.set()
    answers = await asyncio.gather(*running)
    assert [answer["data"] for answer in answers] == ["at last"] * 12


async def test_a_server_that_is_not_there_is_a_sentence(make_caller: MakeCaller) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{taken.getsockname()[1]}"
        device = Device(make_caller, NetworkPolicy(), (origin,))
        with pytest.raises(CapabilityError, match=r"^cannot connect to 127\.0\.0\.1$"):
            await device.request(origin)
        await device.client.close()


async def test_plain_http_beyond_the_board_needs_the_boards_consent(make_caller: MakeCaller) -> None:
    device = Device(make_caller, NetworkPolicy(), ("http://plain.example",))
    with pytest.raises(CapabilityError, match="not encrypted"):
        await device.request("http://plain.example/")
    await device.client.close()


async def test_the_board_can_say_who_answers_for_a_declared_origin(make_caller: MakeCaller, server: Server) -> None:
    policy = NetworkPolicy(hosts={"https://weather.example": server.origin})
    device = Device(make_caller, policy, ("https://weather.example",))
    answer = await device.request("https://weather.example/json?city=Oslo")
    assert answer["data"]["city"] == "Oslo"
    assert server.requests[0].headers["Host"] == "weather.example"
    with pytest.raises(CapabilityError, match="not in domain list"):
        await device.request(server.origin + "/json")  # the real address is still not the program's to ask
    await device.client.close()


async def test_a_mapped_origin_must_still_be_declared(make_caller: MakeCaller, server: Server) -> None:
    device = Device(make_caller, NetworkPolicy(hosts={"https://weather.example": server.origin}), ())
    with pytest.raises(CapabilityError, match="not in domain list"):
        await device.request("https://weather.example/json")
    await device.client.close()


async def test_a_certificate_that_nobody_vouches_for_is_refused(make_caller: MakeCaller, tmp_path: Path) -> None:
    authority_context = self_signed(tmp_path)
    server = Server()
    runner = await serve(server, authority_context)
    device = Device(make_caller, NetworkPolicy(), (server.origin,))
    with pytest.raises(CapabilityError, match=r"certificate of 127.0.0.1 is not to be trusted"):
        await device.request(server.origin + "/json")
    await device.client.close()
    await runner.cleanup()


def self_signed(folder: Path) -> ssl.SSLContext:
    key, certificate = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class Answers(AbstractResolver):
    """A name server that says what it is told to."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._addresses
        ]

    async def close(self) -> None:
        pass


async def test_a_name_that_leads_inside_is_not_followed() -> None:
    with pytest.raises(OSError, match="no public address"):
        await PublicResolver(frozenset(), Answers("127.0.0.1", "192.168.1.1", "::1")).resolve("api.example", 443)


async def test_of_mixed_addresses_only_the_public_ones_are_used() -> None:
    found = await PublicResolver(frozenset(), Answers("10.0.0.1", "93.184.216.34")).resolve("api.example", 443)
    assert [result["host"] for result in found] == ["93.184.216.34"]


async def test_a_name_that_the_board_maps_to_may_be_inside() -> None:
    found = await PublicResolver(frozenset({"nas.home"}), Answers("10.0.0.1")).resolve("nas.home", 80)
    assert [result["host"] for result in found] == ["10.0.0.1"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_an_inside_address_is_not_public(address: str) -> None:
    assert not public_address(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_an_internet_address_is_public(address: str) -> None:
    assert public_address(address)
