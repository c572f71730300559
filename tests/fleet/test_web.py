"""The API: who may use it, and what it answers."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.server import RunningFleet
from tests.brokers import Mosquitto
from tests.fleet.devices import connected_device
from tests.fleet.packages import small_package

pytestmark = pytest.mark.broker
EPOCH = "00112233aabbccdd"


@pytest.fixture
def client(fleet: RunningFleet, home: FleetHome) -> FleetClient:
    return FleetClient(fleet.url, home.token())


async def raw(url: str, headers: dict[str, str], method: str = "GET") -> tuple[int, dict[str, str], str]:
    async with aiohttp.ClientSession() as session, session.request(method, url, headers=headers) as response:
        return response.status, dict(response.headers), await response.text()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/fleet"),
        ("GET", "/api/devices"),
        ("POST", "/api/devices"),
        ("PUT", "/api/devices/a/programs/b"),
        ("DELETE", "/api/devices/a/programs/b"),
        ("POST", "/api/releases"),
        ("GET", "/api/telemetry"),
        ("GET", "/api/live"),
        ("GET", "/api/nothing"),
    ],
)
async def test_nothing_of_the_api_answers_without_the_token(
    fleet: RunningFleet, home: FleetHome, method: str, path: str
) -> None:
    token = home.token()
    for authorization in (None, "Bearer ", "Bearer wrong", f"Basic {token}", token, f"Bearer {token}x"):
        headers = {} if authorization is None else {"Authorization": authorization}
        status, _, text = await raw(fleet.url + path, headers, method)
        assert status == 401, authorization
        assert "operator token is missing or wrong" in json.loads(text)["error"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "[::1"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Host": "localhost:8420"}, 200),
        ({"Host": "192.168.1.5:8420"}, 200),
        ({"Host": "[::1]:8420"}, 200),
        ({"Host": "localhost:8420", "Origin": "http://localhost:8420"}, 200),
        ({"Host": "localhost:8420", "Origin": "http://localhost:9999"}, 403),
    ],
)
async def test_foreign_hosts_and_origins_are_refused_even_with_the_token(
    fleet: RunningFleet, home: FleetHome, headers: dict[str, str], status: int
) -> None:
    answer, _, _ = await raw(fleet.url + "/api/fleet", {"Authorization": f"Bearer {home.token()}", **headers})
    assert answer == status


async def test_the_page_allows_nothing_but_its_own_files(fleet: RunningFleet) -> None:
    for path in ("/", "/fleet.js", "/fleet.css", "/swan.svg"):
        status, headers, text = await raw(fleet.url + path, {})
        assert status == 200
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "https://" not in text
    status, headers, _ = await raw(fleet.url + "/../home.py", {})
    assert status == 404
    assert "Content-Security-Policy" in headers


async def test_an_operator_brings_a_program_to_a_device(client: FleetClient) -> None:
    enrolled = await client.call("POST", "/api/devices", body={"device": "kitchen", "name": "Kitchen"})
    assert enrolled["new"]
    assert not (await client.call("POST", "/api/devices", body={"device": "kitchen"}))["new"]
    release = await client.call("POST", "/api/releases", params={"name": "lamp.ma"}, data=small_package())
    assert (release["app_id"], release["version_code"], release["new"]) == ("org.example.lamp", 1, True)
    path = "/api/devices/kitchen/programs/org.example.lamp"
    assert (await client.call("PUT", path, body={"launch": True}))["version_code"] == 1
    (device,) = (await client.call("GET", "/api/devices"))["devices"]
    assert device["name"] == "Kitchen"
    assert device["programs"][0]["should"]["launch"]
    assert device["programs"][0]["step"] == "waiting"
    await client.call("DELETE", path)
    assert (await client.call("GET", "/api/devices/kitchen"))["programs"] == []
    assert [r["sha256"] for r in (await client.call("GET", "/api/releases"))["releases"]] == [release["sha256"]]


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "sentence"),
    [
        ("POST", "/api/devices", {"body": {"device": "Kitchen/1"}}, 422, "must be 1 to 64 lower-case letters"),
        ("POST", "/api/devices", {"body": {"device": 7}}, 400, "device must be a text: the id of the device"),
        ("POST", "/api/devices", {"body": {}}, 400, "device is missing: device must be a text"),
        ("POST", "/api/devices", {"body": {"device": "a", "mac": 1}}, 400, "mac must be true or false"),
        ("POST", "/api/devices", {"data": b"{}"}, 415, "its Content-Type application/json"),
        ("POST", "/api/devices", {"body": {"device": "a", "x": 1}}, 400, "with the members device, name, mac; 'x' is"),
        ("POST", "/api/devices", {"body": {"device": "a", "name": "x" * 101}}, 422, "at most 100 printable"),
        ("GET", "/api/devices/cellar", {}, 404, "device cellar is not enrolled"),
        ("PUT", "/api/devices/hall/programs/a", {"body": {}}, 404, "a is not published"),
        ("PUT", "/api/devices/hall/programs/a", {"body": {"version_code": "1"}}, 400, "must be a whole number"),
        ("DELETE", "/api/devices/hall/programs/a", {}, 404, "a is not assigned to device hall"),
        ("POST", "/api/releases", {"data": b"PK"}, 422, "the package cannot be published: it is not a whole ZIP"),
        ("POST", "/api/releases", {"data": b""}, 422, "cannot be published"),
        (
            "GET",
            "/api/telemetry",
            {"params": {"limit": "0"}},
            400,
            "limit must be a whole number from 1 to 10000, not '0'",
        ),
        ("GET", "/api/telemetry", {"params": {"since": "yesterday"}}, 400, "since must be a number"),
        ("GET", "/api/telemetry/rates", {"params": {"step": "nan"}}, 400, "step must be a number"),
        ("GET", "/api/nothing", {}, 404, "Not Found: GET /api/nothing"),
        ("PATCH", "/api/devices", {}, 405, "Method Not Allowed"),
    ],
)
async def test_a_faulty_request_is_answered_by_one_sentence(
    client: FleetClient, method: str, path: str, options: dict[str, Any], status: int, sentence: str
) -> None:
    await client.call("POST", "/api/devices", body={"device": "hall"})
    with pytest.raises(FleetError) as refusal:
        await client.call(method, path, **options)
    assert refusal.value.status == status
    assert sentence in str(refusal.value)


def altered() -> bytes:
    """A package whose app.js was changed without a new seal, in an archive that is otherwise in order."""
    from device_runtime.sealed.archive import read_archive, write_archive

    entries = read_archive(small_package())
    return write_archive({**entries, "app.js": b"App({evil: true})"})


async def test_a_package_altered_after_signing_is_not_published(client: FleetClient) -> None:
    with pytest.raises(FleetError, match="it was altered after it was signed"):
        await client.call("POST", "/api/releases", data=altered())
    assert (await client.call("GET", "/api/releases"))["releases"] == []


async def test_telemetry_can_be_asked_for_by_device_name_time_and_rate(
    client: FleetClient, mosquitto: Mosquitto
) -> None:
    for device in ("kitchen", "car"):
        await client.call("POST", "/api/devices", body={"device": device})
        async with connected_device("north", device, mosquitto.url) as plain:
            await plain.send_batch(EPOCH, range(1, 21), name="ping")
            await plain.send_batch(EPOCH, range(21, 31), name="pong")
            await plain.receipt(EPOCH, 30)

    async def sequences(**params: str) -> list[int]:
        answer = await client.call("GET", "/api/telemetry", params=params)
        return [record["sequence"] for record in answer["records"]]

    assert await sequences(device="car", limit="3") == [30, 29, 28]
    assert await sequences(device="car", name="ping", limit="1") == [20]
    assert await sequences(device="car", since="1700000010", until="1700000012") == [11, 10]
    assert await sequences(device="nobody") == []
    rates = (await client.call("GET", "/api/telemetry/rates", params={"step": "10", "device": "car"}))["rates"]
    assert {(rate["time"] - 1_700_000_000, rate["name"]): rate["count"] for rate in rates} == {
        (0, "ping"): 9,
        (10, "ping"): 10,
        (20, "ping"): 1,
        (20, "pong"): 9,
        (30, "pong"): 1,
    }


async def test_what_happens_is_told_live(client: FleetClient, mosquitto: Mosquitto) -> None:
    await client.call("POST", "/api/devices", body={"device": "kitchen"})
    seen: list[dict[str, Any]] = []
    watching = asyncio.Event()

    async def watch() -> None:
        async for event in client.events():
            seen.append(event)
            watching.set()
            if event["type"] == "telemetry":
                return

    task = asyncio.create_task(watch())
    async with asyncio.timeout(15), connected_device("north", "kitchen", mosquitto.url) as device:
        while not watching.is_set():  # until the watcher watches, what happens is not for it
            await device.say_online()
            await device.report_nothing()
            await asyncio.sleep(0.05)
        await device.send_batch(EPOCH, range(1, 4))
        await task
    assert {event["type"] for event in seen} >= {"devices", "telemetry"}
    (shown,) = next(event for event in seen if event["type"] == "devices")["devices"]
    assert (shown["id"], shown["status"]) == ("kitchen", "online")
    assert [record["sequence"] for record in seen[-1]["records"]] == [1, 2, 3]
    assert seen[-1]["counts"] == [{"device": "kitchen", "name": "ping", "count": 3}]
