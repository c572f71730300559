"""Erasing for devices and operators through a fleet that runs, on a real mosquitto, with SQLite and PostgreSQL."""

import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from device_runtime.keys import key_ring
from device_runtime.sync.erase_messages import EraseAnswer, EraseRequest, verify_receipt
from device_runtime.sync.fields import ProtocolError
from device_runtime.sync.messages import encode
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.server import RunningFleet, run_fleet
from firmware_tools.sign.keys import load_private_key
from tests.brokers import Mosquitto
from tests.fleet.devices import PlainDevice, connected_device, eventually
from tests.fleet.privacy.told import LAMP, NOW, WEATHER, Told, batch, decided, head, refused, sent

pytestmark = pytest.mark.broker

BEFORE = round((NOW + 100) * 1000)
TOLD: list[Told] = [
    (WEATHER, "heard", {"station": "one"}),
    (LAMP, "switched", {"on": True}),
    decided("grant", "heard", 2),
    refused("unplanned", "", 2),
    head(3),
    sent("heard", 3, 60, 0, 3),
]


@pytest.fixture
def home(tmp_path: Path, mosquitto: Mosquitto, database_url: str) -> FleetHome:
    return init_home(tmp_path / "fleet", "north", broker=mosquitto.url, listen="127.0.0.1:0", database=database_url)


@pytest.fixture
async def kitchen(fleet: RunningFleet, mosquitto: Mosquitto) -> AsyncIterator[PlainDevice]:
    """A device that has told of what its programs and its person did."""
    await fleet.operations.enroll("kitchen", "")
    async with connected_device("north", "kitchen", mosquitto.url) as device:
        await device.say("telemetry", encode(batch(TOLD)))
        await eventually(lambda: bool(device.responses), "a receipt")
        yield device


def answers(device: PlainDevice, request: str) -> list[EraseAnswer]:
    return [each for each in device.responses if isinstance(each, EraseAnswer) and each.id == request]


async def asked(device: PlainDevice, request: EraseRequest) -> EraseAnswer:
    """Ask, and wait for the next answer."""
    before = len(answers(device, request.id))
    await device.say("request", encode(request))
    await eventually(lambda: len(answers(device, request.id)) > before, "an answer")
    return answers(device, request.id)[-1]


async def call(fleet: RunningFleet, home: FleetHome, method: str, path: str, body: object = None) -> Any:
    return await FleetClient(fleet.url, home.token()).call(method, path, body=body)


async def sources(fleet: RunningFleet, home: FleetHome) -> list[str]:
    found = await call(fleet, home, "GET", "/api/telemetry?device=kitchen")
    return sorted(record["source"] for record in found["records"])


async def test_a_device_has_a_program_erased_once_and_gets_a_receipt_that_the_fleet_signed(
    fleet: RunningFleet, home: FleetHome, kitchen: PlainDevice
) -> None:
    answer = await asked(kitchen, EraseRequest("r1", WEATHER, BEFORE))
    again = await asked(kitchen, EraseRequest("r1", WEATHER, BEFORE))
    assert again == answer
    trusted = key_ring([load_private_key(home.key_file).public_key()])
    receipt = verify_receipt(answer.envelope, trusted, "north", "kitchen")
    assert (receipt.id, receipt.app_id, receipt.before, receipt.records) == ("r1", WEATHER, BEFORE, 2)
    with pytest.raises(ProtocolError, match="device must be hall"):
        verify_receipt(answer.envelope, trusted, "north", "hall")
    assert await sources(fleet, home) == [LAMP, *["privacy"] * 3]
    log = await call(fleet, home, "GET", "/api/audit?action=privacy.erase")
    (entry,) = log["entries"]
    assert entry["subject"] == f"kitchen/{WEATHER}"
    assert entry["detail"] == {"request": "r1", "records": 2, "asked_by": "device"}
    assert log["fault"] is None
    (listed,) = home.erasures_file.read_text().splitlines()
    assert json.loads(listed)["app_id"] == WEATHER


async def test_an_operator_erases_all_programs_of_a_device_and_the_log_has_it(
    fleet: RunningFleet, home: FleetHome, kitchen: PlainDevice
) -> None:
    assert kitchen.device == "kitchen"
    done = await call(fleet, home, "POST", "/api/devices/kitchen/privacy/erase", {})
    # By the device's clock its records are of a time that is yet to come: they are held, and go.
    assert (done["asked_by"], done["records"]) == ("operator", 3)
    assert await sources(fleet, home) == ["privacy"] * 3
    assert (await call(fleet, home, "GET", "/api/devices/kitchen/privacy"))["refusals"] == []
    log = await call(fleet, home, "GET", "/api/audit?action=privacy.erase")
    assert [(entry["actor"], entry["subject"], entry["outcome"]) for entry in log["entries"]] == [
        ("owner", "kitchen", "done")
    ]
    with pytest.raises(FleetError, match="nowhere"):
        await call(fleet, home, "POST", "/api/devices/nowhere/privacy/erase", {})


async def test_what_people_decided_is_shown_by_device_and_by_program(
    fleet: RunningFleet, home: FleetHome, kitchen: PlainDevice
) -> None:
    assert kitchen.device == "kitchen"
    document = await call(fleet, home, "GET", "/api/devices/kitchen/privacy")
    assert document == {
        "decisions": [
            {"app_id": WEATHER, "item": "heard", "act": "grant", "who": "owner", "time": NOW + 2, "number": 2}
        ],
        "sent": [
            {
                "app_id": WEATHER,
                "item": "heard",
                "destination": "fleet",
                "count": 3,
                "bytes": 60,
                "rounded": False,
                "last_time": NOW + 5,
            }
        ],
        "refusals": [{"app_id": WEATHER, "why": "unplanned", "item": "", "count": 2, "last_time": NOW + 3}],
        "head": {"number": 3, "hash": f"{3:064x}", "time": NOW + 4},
        "erasures": [],
    }
    points = await call(fleet, home, "GET", "/api/devices/kitchen/privacy/points")
    assert [(each["number"], each["act"]) for each in points["points"]] == [(2, "grant"), (3, "head")]
    assert [(each["after"], each["number"], each["count"]) for each in points["sendings"]] == [(0, 3, 3)]


async def test_all_that_is_held_of_a_device_is_exported(
    fleet: RunningFleet, home: FleetHome, kitchen: PlainDevice
) -> None:
    await asked(kitchen, EraseRequest("r1", LAMP, BEFORE))
    client = FleetClient(fleet.url, home.token())
    lines = [json.loads(line) async for line in client.lines("/api/devices/kitchen/privacy/export", {})]
    kinds = [line["held"] for line in lines]
    assert sorted(set(kinds)) == ["decision", "erasure", "point", "record", "refusal", "sending", "sum"]
    assert [line["value"]["app_id"] for line in lines if line["held"] == "erasure"] == [LAMP]
    assert {line["value"]["source"] for line in lines if line["held"] == "record"} == {WEATHER, "privacy"}
    assert {line["value"]["source"] for line in lines if line["held"] == "sum"} == {WEATHER}


async def test_a_fleet_that_starts_on_an_older_database_erases_again_before_it_is_asked(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    home = init_home(tmp_path / "fleet", "north", broker=mosquitto.url, listen="127.0.0.1:0")
    path = home.database_file
    async with run_fleet(home) as fleet:
        await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
        await fleet.operations.enroll("kitchen", "")
        async with connected_device("north", "kitchen", mosquitto.url) as device:
            await device.say("telemetry", encode(batch(TOLD)))
            await eventually(lambda: bool(device.responses), "a receipt")
            copy = path.with_name("copy.db")
            with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
                source.backup(target)
            await asked(device, EraseRequest("r1", WEATHER, BEFORE))
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    copy.replace(path)
    async with run_fleet(home) as fleet:
        await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
        assert await sources(fleet, home) == [LAMP, *["privacy"] * 3]
        async with connected_device("north", "kitchen", mosquitto.url) as device:
            await device.say("telemetry", encode(batch([(WEATHER, "heard", {})], first=1, epoch="8899aabbccddeeff")))
            await eventually(lambda: bool(device.responses), "a receipt")
        assert WEATHER not in await sources(fleet, home)
