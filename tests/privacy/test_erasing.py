"""An owner has a program's data deleted on the device and erased at the fleet, and keeps a receipt; and takes data
along."""

import asyncio
import dataclasses
import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.errors import CygnetError
from device_runtime.host.board import find_board
from device_runtime.host.command import device as device_command
from device_runtime.host.device import Device
from device_runtime.host.privacy_settings import PrivacySettings
from device_runtime.host.provisioning import load_provisioning
from device_runtime.keys import key_ring
from device_runtime.privacy.file import FILE
from device_runtime.sync.erase_messages import EraseAnswer, EraseReceipt, EraseRequest, sign_receipt, verify_receipt
from device_runtime.sync.erasing import Erasing
from device_runtime.sync.telemetry import TelemetryQueue
from firmware_tools.build.program import build_program, write_package
from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.server import RunningFleet, run_fleet
from firmware_tools.fleet.telemetry import TelemetryQuery
from firmware_tools.sign.keys import load_private_key
from tests.brokers import Mosquitto, running_mosquitto
from tests.privacy.room import APP, Room, item
from tests.sync.waiting import until

KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
LAMP = "org.example.lamp"
WORDS = "a secret that is nobody else's"
CODE = """
Page({
  onLoad() {
    wx.setStorageSync('diary', WORDS)
    wx.getFileSystemManager().writeFileSync(`${wx.env.USER_DATA_PATH}/diary.txt`, WORDS)
    wx.reportEvent('heard', { station: WORDS })
  }
})
""".replace("WORDS", json.dumps(WORDS))


def program(folder: Path, app_id: str) -> Path:
    """The source of a program that stores, writes and tells a secret."""
    (folder / "pages").mkdir(parents=True)
    (folder / "pages" / "index.js").write_text(CODE)
    (folder / "pages" / "index.wxml").write_text("<view/>")
    (folder / "app.json").write_text(json.dumps({"pages": ["pages/index"]}))
    cygnet = {"app_id": app_id, "name": "Diary", "version": {"code": 1, "name": "1"}, "data_plan": [item("heard")]}
    (folder / "cygnet.json").write_text(json.dumps(cygnet))
    return folder


@asynccontextmanager
async def device_of(tmp_path: Path, provisioned: Path | None) -> AsyncIterator[Device]:
    """A device with two such programs, whose organisation has agreed to all that they declare."""
    board = find_board("virtual-speaker")
    board = dataclasses.replace(
        board,
        screen=dataclasses.replace(board.screen, port=0),
        voice=dataclasses.replace(board.voice, enabled=False),
        update=dataclasses.replace(board.update, trial_seconds=1),
        privacy=PrivacySettings(organisation="tests"),
    )
    provisioning = load_provisioning(provisioned) if provisioned is not None else None
    made = Device(board, tmp_path / "state", provisioning, key_ring([KEY.public_key()]))
    for app_id in (APP, LAMP) if provisioning is None else ():
        package = tmp_path / f"{app_id}.ma"
        if not package.exists():
            write_package(build_program(program(tmp_path / app_id, app_id), KEY).data, package)
            made.store.install(package)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


def run(tmp_path: Path, *words: str) -> Result:
    return CliRunner().invoke(device_command, ["privacy", *words, "--state", str(tmp_path / "state")])


def ledger(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(tmp_path, "ledger", "--json").output.splitlines()]


def acts(tmp_path: Path, act: str) -> list[str]:
    return [entry["app"] for entry in ledger(tmp_path) if entry["act"] == act]


def bytes_of(folder: Path) -> bytes:
    """All that the disk has of a device's programs."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.fixture
def home(tmp_path: Path) -> Callable[[Mosquitto], FleetHome]:
    return lambda broker: init_home(tmp_path / "fleet", "north", broker=broker.url, listen="127.0.0.1:0")


async def enrolled(fleet: RunningFleet, tmp_path: Path) -> Path:
    """Let the device in, and have it get both programs; its provisioning."""
    provisioning, _ = await fleet.operations.enroll("kitchen", "")
    for app_id in (APP, LAMP):
        await fleet.operations.publish(build_program(program(tmp_path / app_id, app_id), KEY).data, f"{app_id}.ma")
        await fleet.operations.assign("kitchen", app_id, None, launch=True)
    path = tmp_path / "kitchen.toml"
    path.write_text(provisioning.to_toml())
    path.chmod(0o600)
    return path


async def told(fleet: RunningFleet) -> list[str]:
    """Whose records the fleet has."""
    found = await fleet.service.read(lambda _, store: store.records(TelemetryQuery("kitchen", limit=1_000)))
    return sorted({record["source"] for record in found} & {APP, LAMP})


async def eventually_in_step(fleet: RunningFleet) -> None:
    """Wait until both programs run, and their trials are over."""
    phases: list[str] = []
    async with asyncio.timeout(60):
        while phases != ["running", "running"]:
            device = await fleet.service.read(lambda registry, _: registry.device("kitchen"))
            phases = [report.phase for report in device.has.values()]
            await asyncio.sleep(0.02)


async def eventually_told(fleet: RunningFleet, expected: list[str]) -> None:
    async with asyncio.timeout(30):
        while await told(fleet) != expected:  # noqa: ASYNC110 - a database has no event
            await asyncio.sleep(0.02)


@pytest.mark.broker
@pytest.mark.timeout(240)
async def test_a_program_is_deleted_here_and_erased_at_the_fleet_as_soon_as_it_can_be_asked(
    tmp_path: Path, home: Callable[[Mosquitto], FleetHome]
) -> None:
    with running_mosquitto(tmp_path / "broker") as broker:
        fleet_home = home(broker)
        async with run_fleet(fleet_home) as fleet:
            await until(lambda: fleet.service.connected_at is not None)
            provisioned = await enrolled(fleet, tmp_path)
            async with device_of(tmp_path, provisioned) as device:
                await eventually_in_step(fleet)
                await eventually_told(fleet, [LAMP, APP])
                device.privacy.labels.mark(APP, "location")
                broker.kill()
                assert "deletes it as soon as it runs" in run(tmp_path, "erase", APP, "--yes").output
                await until(lambda: acts(tmp_path, "delete") == [APP])
                assert device.desk.running(APP) is None
                assert device.desk.running(LAMP) is not None
                assert device.storage.load(APP) == {}
                assert device.storage.load(LAMP) == {"diary": WORDS}
                assert sorted(path.name for path in (tmp_path / "state" / "files").iterdir()) == [LAMP]
                assert device.privacy.labels.of(APP) == frozenset()
                assert acts(tmp_path, "receipt") == []
                assert await told(fleet) == [LAMP, APP]
                broker.start_again()
                # The fleet may be back at the broker after the device: then it is asked again in half a minute.
                await until(lambda: acts(tmp_path, "receipt") == [APP], seconds=90)
                assert await told(fleet) == [LAMP]
    assert run(tmp_path, "ledger").exit_code == 0
    with sqlite3.connect(tmp_path / "state" / FILE) as database:
        ((envelope,),) = database.execute("SELECT receipt FROM erasure").fetchall()
    trusted = key_ring([load_private_key(fleet_home.key_file).public_key()])
    assert verify_receipt(envelope, trusted, "north", "kitchen").app_id == APP
    (entry,) = [each for each in ledger(tmp_path) if each["act"] == "receipt"]
    assert entry["who"] == hashlib.sha256(envelope).hexdigest()


async def test_all_programs_are_deleted_of_a_device_on_its_own_and_nothing_is_left_on_the_disk(tmp_path: Path) -> None:
    async with device_of(tmp_path, None) as device:
        for app_id in (LAMP, APP):
            await device.desk.launch(app_id)
        await until(lambda: device.storage.load(APP) and device.storage.load(LAMP))
        await until(lambda: len(list((tmp_path / "state" / "files").rglob("diary.txt"))) == 2)
        run(tmp_path, "erase", "--all", "--yes")
        await until(lambda: acts(tmp_path, "delete") == [""])
        assert device.desk.sessions() == []
        await until(lambda: device.privacy.erasures.all() == [])  # there is no fleet to be asked
    assert WORDS.encode() not in bytes_of(tmp_path / "state" / "files")
    for name in ("storage.db", "telemetry.db", FILE):
        assert WORDS.encode() not in (tmp_path / "state" / name).read_bytes()


async def test_what_was_wanted_while_the_device_was_off_is_done_when_it_starts(tmp_path: Path) -> None:
    async with device_of(tmp_path, None) as device:
        await device.desk.launch(APP)
        await until(lambda: device.storage.load(APP))
    run(tmp_path, "erase", APP, "--yes")
    run(tmp_path, "erase", APP, "--yes")  # wanted already
    assert acts(tmp_path, "delete") == []
    async with device_of(tmp_path, None) as device:
        await until(lambda: acts(tmp_path, "delete") == [APP])
        assert device.storage.load(APP) == {}


def test_which_programs_are_meant_must_be_said(tmp_path: Path) -> None:
    Room(tmp_path / "state").close()
    assert "name a program, or give --all" in run(tmp_path, "erase").output
    assert "name a program, or give --all" in run(tmp_path, "erase", APP, "--all").output
    assert run(tmp_path, "erase", APP).exit_code == 1  # nobody said yes
    with sqlite3.connect(tmp_path / "state" / FILE) as database:
        assert database.execute("SELECT count(*) FROM erasure").fetchone() == (0,)


async def test_an_owner_takes_along_plans_decisions_ledger_and_what_programs_keep(tmp_path: Path) -> None:
    async with device_of(tmp_path, None) as device:
        await device.desk.launch(APP)
        await until(lambda: device.storage.load(APP))
        await until(lambda: list((tmp_path / "state" / "files").rglob("diary.txt")))
        run(tmp_path, "refuse", APP, "heard")
        assert "keep it where nobody else reads it" in run(tmp_path, "export", str(tmp_path / "mine.json")).output
    document = json.loads((tmp_path / "mine.json").read_text())
    assert document["stored"] == {APP: {"diary": WORDS}}
    assert list(document["files"][APP]) == ["usr/diary.txt"]
    assert sorted(plan["app_id"] for plan in document["plans"]) == [LAMP, APP]
    assert "It is kept there for 30 days." in document["plans"][0]["items"][0]["sentence"]
    (decision,) = document["decisions"]
    assert (decision["app"], decision["item"]["name"], decision["granted"]) == (APP, "heard", False)
    assert document["ledger"][-1]["act"] == "export"
    assert acts(tmp_path, "export") == [""]


def test_what_a_program_told_and_the_fleet_has_not_is_deleted_from_the_queue(tmp_path: Path) -> None:
    queue = TelemetryQueue(tmp_path / "telemetry.db")
    for source, values in ((APP, {}), (LAMP, {}), ("device", {"app_id": APP}), ("device", {"app_id": LAMP})):
        queue.record(source, "one", values)
    queue.record("privacy", "grant", {"app_id": APP})
    queue.record(APP, "alarm.smoke", {})
    assert queue.is_urgent()
    queue.erase(APP)
    assert queue.pending() == 3
    assert not queue.is_urgent()
    batch = queue.next_batch()
    assert batch is not None
    assert [(each.sequence, each.source) for each in batch.records] == [(2, LAMP), (4, "device"), (5, "privacy")]
    queue.erase("")
    assert queue.pending() == 1
    queue.close()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"device": "hall"}, "device must be kitchen"),
        ({"id": "other"}, "for something else"),
        ({"app_id": LAMP}, "for something else"),
        ({"before": 8}, "for something else"),
        ({"key": Ed25519PrivateKey.generate()}, "which this device does not trust"),
        ({"error": "the fleet cannot erase now"}, "the fleet did not erase: the fleet cannot erase now"),
    ],
)
async def test_a_receipt_that_is_not_the_fleets_for_this_wish_is_not_believed(
    wrong: dict[str, Any], sentence: str
) -> None:
    async def online() -> None:
        """It is."""

    async def send(request: EraseRequest) -> None:
        receipt = EraseReceipt(request.id, wrong.get("app_id", APP), wrong.get("before", 7), 1, 9)
        receipt = dataclasses.replace(receipt, id=wrong.get("id", request.id))
        envelope = sign_receipt("north", wrong.get("device", "kitchen"), receipt, [wrong.get("key", KEY)])
        error = wrong.get("error", "")
        erasing.hear(EraseAnswer("nothing was asked so", envelope))
        erasing.hear(EraseAnswer(request.id, b"" if error else envelope, error))

    erasing = Erasing("north", "kitchen", key_ring([KEY.public_key()]), send, online)
    with pytest.raises(CygnetError, match=sentence):
        await erasing.ask(EraseRequest("r1", APP, 7))
