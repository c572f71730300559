"""The screen server without a browser: who may connect, what is served, and what a slow screen cannot do."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import aiohttp
import pytest
import pytest_asyncio

from device_runtime.errors import CygnetError
from device_runtime.host.screen.server import ScreenError, ScreenServer, ScreenSize
from device_runtime.program.manifest import Tab, TabBar
from tests.host.screen_device import APP, PNG, PaperDevice

Socket: TypeAlias = aiohttp.ClientWebSocketResponse

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is tested is who is answered then
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        yield session


async def connect(http: aiohttp.ClientSession, device: PaperDevice, **options: Any) -> Socket:
    socket: Socket = await http.ws_connect(device.url + "ws", max_msg_size=0, **options)
    return socket


async def receive(socket: Socket, kind: str) -> dict[str, Any]:
    """The next message of this type; others before it are passed over."""
    while True:
        message = await socket.receive_json(timeout=10)
        assert isinstance(message, dict)
        if message["type"] == kind:
            return message


async def test_a_screen_is_greeted_with_all_it_needs(device: PaperDevice, http: aiohttp.ClientSession) -> None:
    socket = await connect(http, device)

    assert await socket.receive_json() == {
        "type": "hello",
        "name": "Test speaker",
        "screen": None,
        "microphone": "screen",
        "programs": [
            {
                "app_id": APP,
                "name": "Lamp",
                "version": 3,
                "icon": "",
                "phrases": ["turn on the lamp"],
                "stopped": False,
            },
        ],
    }
    assert await socket.receive_json() == {"type": "foreground", "app_id": None}
    await socket.close()


async def test_the_board_s_screen_is_told(http: aiohttp.ClientSession) -> None:
    device = PaperDevice()
    device.server = ScreenServer(device, screen=ScreenSize(480, 320, 0.5), microphone="none")
    device.url = await device.server.start()
    async with await connect(http, device) as socket:
        hello = await socket.receive_json()
        assert hello["screen"] == {"width": 480, "height": 320, "rpx": 0.5}
        assert hello["microphone"] == "none"
    await device.server.stop()


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", "http://[", "http://127.0.0.1:1", "https://127.0.0.1.evil.example"]
)
async def test_a_page_of_another_site_may_not_connect(
    origin: str, device: PaperDevice, http: aiohttp.ClientSession
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await connect(http, device, origin=origin)
    assert refusal.value.status == 403
    assert device.attached == set()


async def test_the_device_s_own_page_may_connect(device: PaperDevice, http: aiohttp.ClientSession) -> None:
    async with await connect(http, device, origin=device.url.rstrip("/")) as socket:
        assert (await socket.receive_json())["type"] == "hello"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "[::1", ""])
@pytest.mark.parametrize("path", ["", "ws", "web/main.js", f"program/{APP}/3/images/red.png"])
async def test_an_unknown_host_name_is_refused(
    host: str, path: str, device: PaperDevice, http: aiohttp.ClientSession
) -> None:
    async with http.get(device.url + path, headers={"Host": host}) as answer:
        assert answer.status == 421


async def test_a_configured_host_name_is_served(http: aiohttp.ClientSession) -> None:
    device = PaperDevice()
    device.server = ScreenServer(device, allowed_hosts=["Speaker.local"])
    device.url = await device.server.start()
    async with http.get(device.url, headers={"Host": "speaker.local:80"}) as answer:
        assert answer.status == 200
    await device.server.stop()


@pytest.mark.parametrize(
    ("listen", "host", "status"),
    [
        (EVERYWHERE, "192.168.1.5:8370", 200),
        (EVERYWHERE, "[2001:db8::5]:8370", 200),
        (EVERYWHERE, "evil.example", 421),
        ("127.0.0.1", "192.168.1.5:8370", 421),
    ],
)
async def test_a_screen_beyond_loopback_answers_to_any_address_but_to_no_name(
    http: aiohttp.ClientSession, listen: str, host: str, status: int
) -> None:
    device = PaperDevice()
    device.server = ScreenServer(device, host=listen)
    url = (await device.server.start()).replace(EVERYWHERE, "127.0.0.1")
    async with http.get(url, headers={"Host": host}) as answer:
        assert answer.status == status
    await device.server.stop()


async def test_pages_carry_a_strict_policy(device: PaperDevice, http: aiohttp.ClientSession) -> None:
    async with http.get(device.url) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http:" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    ("path", "status", "content_type"),
    [
        (f"program/{APP}/3/images/red.png", 200, "image/png"),
        (f"program/{APP}/3/missing.png", 404, None),
        (f"program/{APP}/3/pages/none.css", 200, "text/css"),
        (f"program/{APP}/2/images/red.png", 404, None),
        (f"program/{APP}/x/images/red.png", 404, None),
        ("program/other/3/images/red.png", 404, None),
        (f"program/{APP}/3/app.js", 404, None),
        (f"program/{APP}/3/evil.html", 404, None),
        (f"program/{APP}/3/images/..%2f..%2fred.png", 404, None),
        ("web/main.js", 200, "text/javascript"),
        ("web/../server.py", 404, None),
        ("web/%2e%2e/server.py", 404, None),
        ("web/none.js", 404, None),
        ("speech/00.wav", 404, None),
    ],
)
async def test_only_passive_resources_are_served(
    path: str, status: int, content_type: str | None, device: PaperDevice, http: aiohttp.ClientSession
) -> None:
    device.resources |= {"app.js": b"alert(1)", "evil.html": b"<script>alert(1)</script>"}
    async with http.get(device.url + path) as answer:
        assert answer.status == status
        if content_type:
            assert answer.content_type == content_type


async def test_a_resource_may_not_act_as_a_page(device: PaperDevice, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{device.url}program/{APP}/3/images/red.png") as answer:
        assert await answer.read() == PNG
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        tag = answer.headers["ETag"]
    async with http.get(f"{device.url}program/{APP}/3/images/red.png", headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304


async def test_a_bad_message_is_answered_with_a_sentence_and_the_screen_lives_on(
    device: PaperDevice, http: aiohttp.ClientSession
) -> None:
    async with await connect(http, device) as socket:
        await socket.send_str('{"type":"node","page":"x"}')
        error = await receive(socket, "error")
        assert error["text"].startswith("node: ")
        await socket.send_bytes(b"\x00")
        assert "16-bit samples" in (await receive(socket, "error"))["text"]
        await socket.send_json({"type": "home"})
        await device.call("home")


async def test_a_failed_request_is_told_to_the_screen_that_asked(
    device: PaperDevice, http: aiohttp.ClientSession
) -> None:
    async with await connect(http, device) as socket:
        await socket.send_json({"type": "launch", "app_id": "com.example.none"})
        assert (await receive(socket, "error"))["text"] == "the program com.example.none is not installed"


async def test_a_fault_of_the_device_is_no_traceback_on_the_screen(
    device: PaperDevice, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(text: str) -> None:
        raise ZeroDivisionError(text)

    device.on_utterance = fail
    async with await connect(http, device) as socket:
        await socket.send_json({"type": "utterance", "text": "secret"})
        assert (await receive(socket, "error"))["text"] == "The device could not do this; its log says why."
        await socket.send_json({"type": "home"})
        await device.call("home")
    assert "ZeroDivisionError" in caplog.text


async def test_a_slow_request_does_not_hold_up_events(device: PaperDevice, http: aiohttp.ClientSession) -> None:
    answered = asyncio.Event()

    async def answer_late(_: str) -> None:
        await answered.wait()

    device.on_utterance = answer_late
    async with await connect(http, device) as socket:
        await socket.send_json({"type": "utterance", "text": "think"})
        await socket.send_json({"type": "node", "app_id": APP, "page": 1, "node": 1, "event": "tap"})
        await device.event("tap")
        answered.set()


async def test_audio_arrives_in_order(device: PaperDevice, http: aiohttp.ClientSession) -> None:
    async with await connect(http, device) as socket:
        for number in range(20):
            await socket.send_bytes(bytes([number, 0]) * 1280)
        await device.wait(lambda: len(device.heard) == 20 * 2560)
    assert device.heard[::2560] == bytes(range(20))


async def test_too_large_a_message_ends_the_connection(device: PaperDevice, http: aiohttp.ClientSession) -> None:
    async with await connect(http, device) as socket:
        await socket.send_str("x" * 300_000)
        while (message := await socket.receive(timeout=10)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        assert socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_a_slow_screen_is_dropped_and_the_others_go_on(device: PaperDevice, http: aiohttp.ClientSession) -> None:
    device.push()
    slow = await connect(http, device)  # never reads again
    async with await connect(http, device) as quick:
        await device.wait(lambda: len(device.attached) == 2)
        text = "x" * 100_000
        for number in range(800):
            device.screen.patch(APP, device.page.id, [["text", number, text]])
            message = await receive(quick, "patch")
            while not message["operations"]:  # the snapshot of an empty page
                message = await receive(quick, "patch")
            assert message["operations"][0][1] == number
        await device.wait(lambda: len(device.attached) == 1)
        assert len(device.screen.screens) == 1
    await slow.close()


async def test_what_json_cannot_say_becomes_null(device: PaperDevice, http: aiohttp.ClientSession) -> None:
    device.push()
    async with await connect(http, device) as socket:
        await receive(socket, "stack")
        await receive(socket, "patch")
        device.screen.patch(APP, 1, [["set", 1, "value", float("nan")], ["set", 1, "blob", b"\x00"]])
        patch = await receive(socket, "patch")
        assert patch["operations"] == [["set", 1, "value", None], ["set", 1, "blob", None]]


async def test_a_new_screen_gets_the_snapshot_before_any_change(
    device: PaperDevice, http: aiohttp.ClientSession
) -> None:
    """What is broadcast between connecting and the snapshot is part of the snapshot; twice would be wrong."""
    device.push()
    device.answer_attach = False
    async with await connect(http, device) as socket:
        await receive(socket, "foreground")
        await device.wait(lambda: bool(device.attached))
        device.screen.patch(APP, 1, [["text", 1, "too early"]])
        (target,) = device.attached
        device.send_snapshot(target)
        device.screen.patch(APP, 1, [["text", 1, "in time"]])
        assert (await socket.receive_json())["snapshot"] is True
        assert (await socket.receive_json())["operations"] == []
        assert (await socket.receive_json())["operations"] == [["text", 1, "in time"]]


async def test_a_late_screen_learns_badges_and_open_dialogues(device: PaperDevice, http: aiohttp.ClientSession) -> None:
    device.tab_bar = TabBar((Tab("pages/index/index", "Home", "", ""),))
    device.push()
    device.screen.ui(APP, "showTabBarRedDot", {"index": 0})
    device.screen.ui(APP, "setTabBarBadge", {"index": 0, "text": "3"})
    device.screen.ui(APP, "showToast", {"title": "gone by then"})
    device.screen.ui(APP, "showModal", {"title": "Sure?"}, "d1")
    async with await connect(http, device) as socket:
        heard = [await receive(socket, "ui") for _ in range(2)]
        assert [(message["name"], message["arguments"]) for message in heard] == [
            ("showModal", {"title": "Sure?"}),
            ("setTabBarBadge", {"index": 0, "text": "3"}),
        ]


async def test_the_first_answer_to_a_dialogue_counts(device: PaperDevice, http: aiohttp.ClientSession) -> None:
    device.push()
    device.screen.ui(APP, "showModal", {"title": "Sure?"}, "d1")
    async with await connect(http, device) as one, await connect(http, device) as two:
        await one.send_json({"type": "ui_result", "id": "d1", "result": {"confirm": True}})
        assert (await receive(two, "ui_done"))["id"] == "d1"
        await two.send_json({"type": "ui_result", "id": "d1", "result": {"confirm": False}})
        await two.send_json({"type": "home"})
        await device.call("home")
    assert [call for call in device.calls if call[0] == "ui_result"] == [("ui_result", APP, "d1", {"confirm": True})]


async def test_a_programs_sound_is_served_until_it_ends(device: PaperDevice, http: aiohttp.ClientSession) -> None:
    socket = await connect(http, device)
    name = device.screen.sound(b"RIFF sound")
    began = await receive(socket, "sound")
    assert began["id"] == name
    async with http.get(device.url + began["url"].removeprefix("/")) as response:
        assert (response.content_type, await response.read()) == ("audio/wav", b"RIFF sound")
    device.screen.silence(name)
    device.screen.silence(name)
    assert await receive(socket, "sound") == {"type": "sound", "id": name, "url": ""}
    async with http.get(device.url + began["url"].removeprefix("/")) as response:
        assert response.status == 404
    await socket.close()


async def test_speech_is_served_for_a_while(device: PaperDevice, http: aiohttp.ClientSession) -> None:
    async with await connect(http, device) as socket:
        device.screen.speech("Hello.", b"RIFF one")
        first = await receive(socket, "speech")
        async with http.get(device.url + first["url"][1:]) as answer:
            assert (answer.status, answer.content_type, await answer.read()) == (200, "audio/wav", b"RIFF one")
        for _ in range(10):
            device.screen.speech("Hello.", b"RIFF other")
        async with http.get(device.url + first["url"][1:]) as answer:
            assert answer.status == 404


async def test_a_taken_port_is_explained(device: PaperDevice) -> None:
    port = int(device.url.rsplit(":", 1)[1].rstrip("/"))
    with pytest.raises(ScreenError, match=f"127.0.0.1:{port}.*choose another port"):
        await ScreenServer(device, port=port).start()
    assert issubclass(ScreenError, CygnetError)


async def test_messages_are_json_with_their_own_letters(device: PaperDevice, http: aiohttp.ClientSession) -> None:
    async with await connect(http, device) as socket:
        device.screen.voice("recognised", "打开灯")
        while "voice" not in (text := await socket.receive_str(timeout=10)):
            pass
        assert "打开灯" in text
        assert json.loads(text)["text"] == "打开灯"
