"""Runtimes of microcontrollers, and keys of boards that check MACs, as the fleet keeps them."""

import base64
import hashlib
import hmac
import json

import pytest

from device_runtime.errors import CygnetError
from device_runtime.program.package import DIGESTS, seal_package
from device_runtime.sealed.archive import read_archive, write_archive
from device_runtime.sync.messages import RuntimeTarget, canonical_json
from firmware_tools.cli import main
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.server import RunningFleet
from firmware_tools.sign.keys import load_private_key
from tests.fleet.devices import connected_device, eventually
from tests.fleet.packages import DEVELOPER, small_package

pytestmark = pytest.mark.broker


def runtime(version: str = "0.2.0", more: str = "") -> bytes:
    """A sealed runtime of one file."""
    entries = {"runtime.json": json.dumps({"version": version}).encode(), "micro/runtime.mpy": b"M\x06"}
    return seal_package(entries | ({more: b"M\x06"} if more else {}), DEVELOPER)


def listed(package: bytes) -> str:
    """The SHA-256 of a package's list of files."""
    return hashlib.sha256(read_archive(package)[DIGESTS]).hexdigest()


async def test_a_runtime_is_published_assigned_and_taken_back(fleet: RunningFleet, home: FleetHome) -> None:
    await fleet.operations.enroll("pico-1", "")
    old, new = await fleet.operations.publish_runtime(runtime("0.1.0"), "a.ma")
    assert new
    assert await fleet.operations.publish_runtime(runtime("0.1.0"), "a.ma") == (old, False)
    newer, _ = await fleet.operations.publish_runtime(runtime("0.2.0"), "b.ma")
    key = load_private_key(home.key_file).public_key()
    async with connected_device("north", "pico-1", fleet.transport.url) as device:
        assert await fleet.operations.assign_runtime("pico-1", None) == newer
        desired = await device.newest_desired(key, 2)
        assert desired.runtime == RuntimeTarget("0.2.0", newer.sha256, newer.size, listed(runtime("0.2.0")))
        assert desired.expires == desired.issued + 30 * 86_400
        await fleet.operations.assign_runtime("pico-1", "0.1.0")
        assert (await device.newest_desired(key, 3)).runtime == RuntimeTarget(
            "0.1.0", old.sha256, old.size, listed(runtime("0.1.0"))
        )
        assert (await fleet.service.read(lambda registry, _: registry.device("pico-1"))).runtime_should == "0.1.0"
        await fleet.operations.unassign_runtime("pico-1")
        assert (await device.newest_desired(key, 4)).runtime is None


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"junk", "not a whole ZIP file"),
        (write_archive({"runtime.json": b'{"version": "1"}', "micro/runtime.mpy": b"M"}), "it is not sealed"),
        (small_package(size=10), "it is no runtime of a microcontroller"),
        (seal_package({"runtime.json": b"{}", "micro/runtime.mpy": b"M"}, DEVELOPER), "does not say its version"),
        (seal_package({"micro/runtime.mpy": b"M"}, DEVELOPER), "does not say its version"),
        (runtime(version=""), "must be 1 to 64 characters"),
        (runtime(more="main.py"), "it is no runtime of a microcontroller"),
    ],
)
async def test_what_is_no_runtime_is_not_published(fleet: RunningFleet, data: bytes, sentence: str) -> None:
    with pytest.raises(CygnetError, match=sentence):
        await fleet.operations.publish_runtime(data, "runtime.ma")


async def test_a_version_stays_what_it_was(fleet: RunningFleet) -> None:
    await fleet.operations.enroll("pico-1", "")
    with pytest.raises(CygnetError, match="no runtime is published"):
        await fleet.operations.assign_runtime("pico-1", None)
    await fleet.operations.publish_runtime(runtime(), "a.ma")
    with pytest.raises(CygnetError, match=r"runtime 0.2.0 is published with other content"):
        await fleet.operations.publish_runtime(runtime(more="micro/clock.mpy"), "b.ma")
    for call in (fleet.operations.assign_runtime("pico-1", "9"), fleet.operations.assign_runtime("hall", None)):
        with pytest.raises(CygnetError, match=r"runtime 9 is not published|is not enrolled"):
            await call
    with pytest.raises(CygnetError, match="no runtime is assigned to device pico-1"):
        await fleet.operations.unassign_runtime("pico-1")


async def test_each_device_gets_digests_and_a_board_with_a_key_a_mac(fleet: RunningFleet) -> None:
    told, _ = await fleet.operations.enroll("pico-1", "", mac=True)
    plain, _ = await fleet.operations.enroll("pico-2", "")
    key = base64.b64decode(told.device_key)
    assert len(key) == 32
    assert plain.device_key == ""
    assert told.device_key not in told.to_toml()
    assert told.device_key not in repr(told)
    package, _ = await fleet.operations.publish(small_package(size=10), "lamp.ma")
    async with (
        connected_device("north", "pico-1", fleet.transport.url) as first,
        connected_device("north", "pico-2", fleet.transport.url) as second,
    ):
        for device in ("pico-1", "pico-2"):
            await fleet.operations.assign(device, package.app_id, None, launch=False)
        await eventually(lambda: b"org.example" in b"".join(first.desired[-1:]), "what the first should have")
        await eventually(lambda: b"org.example" in b"".join(second.desired[-1:]), "what the second should have")
        envelope = json.loads(first.desired[-1])
        mac = hmac.digest(key, canonical_json(envelope["signed"]), "sha256")
        assert envelope["macs"] == [{"device": "pico-1", "mac": base64.b64encode(mac).decode()}]
        assert envelope["signed"]["programs"][package.app_id]["digests"] == listed(small_package(size=10))
        other = json.loads(second.desired[-1])
        assert "macs" not in other
        assert other["signed"]["programs"] == envelope["signed"]["programs"]


async def test_a_package_that_the_disk_lost_holds_up_only_the_devices_that_should_have_it(
    fleet: RunningFleet, home: FleetHome
) -> None:
    lost, _ = await fleet.operations.publish(small_package("org.example.lost", size=10), "lost.ma")
    whole, _ = await fleet.operations.publish(small_package(size=10), "lamp.ma")
    kept = (home.content / lost.sha256).read_bytes()
    (home.content / lost.sha256).write_bytes(kept[:-30])
    for device in ("pico-1", "pico-2"):
        await fleet.operations.enroll(device, "")
    async with (
        connected_device("north", "pico-1", fleet.transport.url) as first,
        connected_device("north", "pico-2", fleet.transport.url) as second,
    ):
        await fleet.operations.assign("pico-1", lost.app_id, None, launch=False)
        await fleet.operations.assign("pico-2", whole.app_id, None, launch=False)
        await eventually(lambda: b"org.example.lamp" in b"".join(second.desired[-1:]), "what the second should have")
        await eventually(lambda: "is damaged on the fleet's disk" in fleet.service.trouble, "what is wrong")
        (home.content / lost.sha256).write_bytes(kept)
        await eventually(lambda: b"org.example.lost" in b"".join(first.desired[-1:]), "what the first should have")


async def test_a_new_key_takes_the_place_of_the_old_one(fleet: RunningFleet) -> None:
    first, _ = await fleet.operations.enroll("pico-1", "", mac=True)
    second, new = await fleet.operations.enroll("pico-1", "", mac=True)
    assert not new
    keys = await fleet.service.read(lambda registry, _: registry.runtimes.keys(["pico-1"]))
    assert base64.b64encode(keys["pico-1"]).decode() == second.device_key != first.device_key


def test_a_key_goes_into_no_file_unasked(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["cygnet", "fleet", "enroll", "pico-1", "--mac"])
    with pytest.raises(SystemExit):
        main()
    assert "--mac needs --json" in capsys.readouterr().err


async def test_the_api_publishes_lists_and_assigns_runtimes(fleet: RunningFleet, home: FleetHome) -> None:

    client = FleetClient(fleet.url, home.token())
    await client.call("POST", "/api/devices", body={"device": "pico-1"})
    answer = await client.call("POST", "/api/devices", body={"device": "pico-2", "mac": True})
    assert len(base64.b64decode(answer["device_key"])) == 32
    published = await client.call("POST", "/api/runtimes", params={"name": "r.ma"}, data=runtime())
    assert (published["version"], published["new"]) == ("0.2.0", True)
    listed = await client.call("GET", "/api/runtimes")
    assert [each["version"] for each in listed["runtimes"]] == ["0.2.0"]
    await client.call("PUT", "/api/devices/pico-1/runtime", body={})
    device = await client.call("GET", "/api/devices/pico-1")
    assert (device["runtime_should"], device["runtime_error"]) == ("0.2.0", "")
    await client.call("DELETE", "/api/devices/pico-1/runtime")
    assert (await client.call("GET", "/api/devices/pico-1"))["runtime_should"] == ""
