"""Who may use the tools: the page that the developer opened, and nobody else."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import expect

from firmware_tools.simulator.addresses import addresses
from tests.simulator.conftest import Dev, Opener, developing

EVERYWHERE = "0.0.0.0"  # noqa: S104 what can go wrong there is what is tested

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def address(dev: Dev, path: str, token: str | None = None) -> str:
    return f"{dev.screen_url}{path}?token={dev.simulator.tools.token if token is None else token}"


async def connected(client: aiohttp.ClientSession, dev: Dev) -> tuple[aiohttp.ClientWebSocketResponse, dict[str, Any]]:
    socket = await client.ws_connect(address(dev, "dev/ws"), max_msg_size=0)
    return socket, await socket.receive_json()


async def answer(socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    """The next message of a kind."""
    async with asyncio.timeout(20):
        while True:
            message: dict[str, Any] = await socket.receive_json()
            if message["type"] == kind:
                return message


@pytest.mark.parametrize("token", ["", "wrong", "W" * 24])
async def test_a_wrong_token_opens_neither_the_page_nor_its_socket(
    dev: Dev, client: aiohttp.ClientSession, token: str
) -> None:
    async with client.get(address(dev, "dev", token)) as response:
        assert response.status == 403
        assert "the token that `cygnet program dev` printed" in await response.text()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await client.ws_connect(address(dev, "dev/ws", token))
    assert refusal.value.status == 403


async def test_where_others_can_come_the_screen_wants_the_token_too(shop: Path, client: aiohttp.ClientSession) -> None:
    async with developing(shop, listen=EVERYWHERE) as dev:
        root = dev.screen_url.partition("?")[0]
        assert root.startswith("http://127.0.0.1:")
        for path in ("", "dev", "dev/screen", "web/main.js", "ws", "program/com.example.shop/1/app.css"):
            async with client.get(root + path) as response:
                assert response.status == 403, path
                assert "script-src 'self'" in response.headers["Content-Security-Policy"]
        async with client.get(f"{root}?token=wrong") as response:
            assert (response.status, response.cookies) == (403, {})

        async with client.get(dev.screen_url) as response:
            (cookie,) = response.cookies.values()
            assert response.status == 200
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
        kept = {"Cookie": f"{cookie.key}={cookie.value}"}
        async with client.get(f"{root}web/main.js", headers=kept) as response:
            assert response.status == 200
        async with client.get(f"{root}dev", headers=kept) as response:
            assert response.status == 403, "the tools want it in their address"
        async with client.ws_connect(f"{root}ws", headers=kept) as socket:
            assert (await socket.receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.ws_connect(f"{root}ws", headers={**kept, "Origin": "http://evil.example"})


@pytest.mark.browser
async def test_screen_and_tools_work_where_others_can_come(shop: Path, tools: Opener) -> None:
    async with developing(shop, listen=EVERYWHERE) as dev:
        page = await tools(dev)
        await page.tap(".add")
        await expect(page.front(".item")).to_have_count(2)
        alone = await tools(dev)
        await alone.page.context.clear_cookies()
        await alone.page.goto(dev.screen_url)
        await expect(alone.page.locator(".program.shown .page-frame.front .item")).to_have_count(2)


@pytest.mark.parametrize(
    ("url", "tools", "screen"),
    [
        ("http://127.0.0.1:80/", "http://127.0.0.1:80/dev?token=t", "http://127.0.0.1:80/"),
        ("http://[::1]:80/", "http://[::1]:80/dev?token=t", "http://[::1]:80/"),
        ("http://192.0.2.7:80/", "http://192.0.2.7:80/dev?token=t", "http://192.0.2.7:80/?token=t"),
        ("http://0.0.0.0:80/", "http://127.0.0.1:80/dev?token=t", "http://127.0.0.1:80/?token=t"),
        ("http://[::]:80/", "http://[::1]:80/dev?token=t", "http://[::1]:80/?token=t"),
    ],
)
async def test_addresses_can_be_opened(url: str, tools: str, screen: str) -> None:
    found = addresses(url, "t")
    assert (found.tools, found.screen) == (tools, screen)
    if found.elsewhere:
        assert re.fullmatch(r"http://(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):80/\?token=t", found.elsewhere)
        assert "127.0.0.1" not in found.elsewhere


async def test_a_page_of_another_site_is_refused_even_with_the_token(dev: Dev, client: aiohttp.ClientSession) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await client.ws_connect(address(dev, "dev/ws"), headers={"Origin": "http://evil.example"})
    assert refusal.value.status == 403


async def test_a_foreign_host_name_is_refused(dev: Dev, client: aiohttp.ClientSession) -> None:
    async with client.get(address(dev, "dev"), headers={"Host": "evil.example"}) as response:
        assert response.status == 421


async def test_the_screen_may_be_framed_by_the_tools_and_nothing_by_others(
    dev: Dev, client: aiohttp.ClientSession
) -> None:
    policies = {}
    for path in ("", "dev", "dev/screen"):
        async with client.get(address(dev, path)) as response:
            policies[path] = response.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policies[""]
    assert "frame-ancestors 'none'" in policies["dev"]
    assert "frame-ancestors 'self'" in policies["dev/screen"]
    assert all("script-src 'self'" in policy and "unsafe" not in policy for policy in policies.values())


@pytest.mark.parametrize("path", ["index.html", "../tools.py", "panels/../../tools.py", "nothing.js"])
async def test_only_the_tools_own_files_are_served(dev: Dev, client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(f"{dev.screen_url}dev/web/{path.replace('/', '%2F')}") as response:
        assert response.status == 404


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("{", "the message is not JSON"),
        ("[]", "a message is a JSON object with a type"),
        ('{"type": "format"}', "'format' is no message; known are reload"),
        ('{"type": "page"}', "page has the members page, owner, what"),
        ('{"type": "page", "page": true, "owner": 0, "what": "data"}', "page of page must be int"),
        ('{"type": "page", "page": 1, "owner": 0, "what": "secrets"}', "known are data, nodes and components"),
        ('{"type": "size", "width": 1, "height": 9}', "a screen is 120 to 4320 pixels wide and high, not 1 x 9"),
        ('{"type": "theme", "theme": "pink"}', "'pink' is no theme"),
        ('{"type": "board", "board": "../x"}', "there is no board '../x'; known are rpi-zero2w-speaker"),
        ('{"type": "origin", "kind": "x", "origin": "y", "allowed": true}', "'x' is no kind of origin"),
        ('{"type": "storage_set", "key": "", "value": "1"}', "a key must not be empty"),
        ('{"type": "storage_set", "key": "a", "value": "text"}', "a text stands in double quotes"),
        ('{"type": "source", "file": "../outside.txt"}', "../outside.txt is no text in the program's folder"),
        ('{"type": "source", "file": "/etc/hostname"}', "/etc/hostname is no text in the program's folder"),
    ],
)
async def test_what_is_no_message_is_refused_in_a_sentence(
    dev: Dev, client: aiohttp.ClientSession, message: str, sentence: str
) -> None:
    (dev.folder.parent / "outside.txt").write_text("not yours")
    socket, hello = await connected(client, dev)
    assert hello["type"] == "hello"
    await socket.send_str(message)

    assert sentence in (await answer(socket, "refused"))["text"]
    await socket.close()


async def test_a_link_that_leads_out_of_the_folder_is_not_followed(dev: Dev, client: aiohttp.ClientSession) -> None:
    (dev.folder.parent / "outside.txt").write_text("not yours")
    (dev.folder / "tests").mkdir()
    (dev.folder / "tests" / "link.txt").symlink_to(dev.folder.parent / "outside.txt")
    socket, _ = await connected(client, dev)
    await socket.send_json({"type": "source", "file": "tests/link.txt"})

    assert "is no text in the program's folder" in (await answer(socket, "refused"))["text"]
    await socket.close()


async def test_a_page_that_connects_later_is_told_what_happened_before(dev: Dev, client: aiohttp.ClientSession) -> None:
    first, _ = await connected(client, dev)
    dev.edit("app.js", "App({", "console.log('early');\nApp({")
    await dev.heard("started again")
    await dev.until(lambda: dev.simulator.inspector.launch)
    second, told = await connected(client, dev)

    assert "early" in [line["text"] for line in told["console"]]
    assert [page["route"] for page in told["pages"]] == ["pages/index/index"]
    assert told["launch"]["worker_ms"] > 0
    assert told["folder"] == str(dev.folder)
    for socket in (first, second):
        await socket.close()
    assert json.dumps(told)
