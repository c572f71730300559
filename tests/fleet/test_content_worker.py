"""Content workers beside the fleet's service: each request is answered once, whatever the broker can."""

import asyncio
import dataclasses
import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from device_runtime.keys import key_ring
from device_runtime.program.store import ProgramStore
from device_runtime.sync.agent import Identity, SyncAgent
from device_runtime.sync.messages import ContentBlock, ContentRequest, encode
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff, MqttTransport
from firmware_tools.fleet import content_worker, listening
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.content_worker import ContentWorker, run_content_worker
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.listening import Part
from firmware_tools.fleet.server import RunningFleet, run_fleet
from firmware_tools.sign.keys import load_private_key
from tests.brokers import Mosquitto
from tests.fleet.devices import PlainDevice, connected_device, eventually
from tests.fleet.packages import small_package
from tests.sync.amqtt_broker import running_amqtt
from tests.sync.test_agent import PACE
from tests.sync.test_with_fleet import StoreInstaller
from tests.sync.waiting import until

pytestmark = pytest.mark.broker
DATA = bytes(range(256)) * 40
SHA = hashlib.sha256(DATA).hexdigest()
DEVICES = [f"kiosk-{number}" for number in range(6)]


def with_workers(home: FleetHome, workers: int, broker: str = "") -> FleetHome:
    text = home.settings_file.read_text()
    if broker:
        text = "\n".join(f'url = "{broker}"' if line.startswith("url =") else line for line in text.splitlines())
    home.settings_file.write_text(f"{text}\n[content]\nworkers = {workers}\n")
    return home


@asynccontextmanager
async def workers(home: FleetHome, *numbers: int) -> AsyncIterator[list[ContentWorker]]:
    """These workers, each hearing requests."""
    async with AsyncExitStack() as stack:
        running = [await stack.enter_async_context(run_content_worker(home, number)) for number in numbers]
        await eventually(lambda: all(worker.mode for worker in running), "the workers hear")
        yield running


async def enroll(fleet: RunningFleet) -> None:
    await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
    for device in DEVICES:
        await fleet.operations.enroll(device, "")
    await fleet.service.add_content(DATA)


async def ask_all(devices: list[PlainDevice], rounds: int) -> Counter[str]:
    """Each device asks in each round; how often each request was answered."""
    expected = set()
    for number in range(rounds):
        for device in devices:
            request = ContentRequest(f"{device.device}_{number}", SHA, number * 10, 10)
            expected.add(request.id)
            await device.say("request", encode(request))

    def answered() -> Counter[str]:
        blocks = [block for device in devices for block in device.responses if isinstance(block, ContentBlock)]
        assert all(block.data == DATA[block.offset : block.offset + 10] for block in blocks)
        return Counter(block.id for block in blocks)

    await eventually(lambda: set(answered()) == expected, "every request is answered")
    # What was answered twice would come now: after it, nothing comes before the answer to this.
    for device in devices:
        last = ContentRequest(f"{device.device}_last", SHA, 0, 10)
        await device.ask_block(last)
    return Counter({id_: count for id_, count in answered().items() if not id_.endswith("_last")})


@pytest.fixture
def older_mqtt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that speak MQTT 3.1.1 only."""
    real = MqttTransport.__init__

    def initialise(self: MqttTransport, *arguments: object, **options: object) -> None:
        real(self, *arguments, **options)  # type: ignore[arg-type]
        self._version = self._proven = MQTTProtocolVersion.MQTTv311

    monkeypatch.setattr(MqttTransport, "__init__", initialise)


async def answered_once(home: FleetHome, mode: str, broker: str) -> list[int]:
    async with AsyncExitStack() as stack:
        fleet = await stack.enter_async_context(run_fleet(home))
        await enroll(fleet)
        running = await stack.enter_async_context(workers(home, 1, 2))
        devices = [await stack.enter_async_context(connected_device("north", device, broker)) for device in DEVICES]
        assert [worker.mode for worker in running] == [mode, mode]
        counts = await ask_all(devices, 10)
        assert set(counts.values()) == {1}
        assert fleet.service.counters.blocks == 0, "the service leaves content to them"
        return [worker.answered for worker in running]


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_two_workers_on_one_mosquitto_answer_each_request_once(
    home: FleetHome, mosquitto: Mosquitto, version: str, request: pytest.FixtureRequest
) -> None:
    if version == "3.1.1":
        request.getfixturevalue("older_mqtt")
    answered = await answered_once(with_workers(home, 2), "shared", mosquitto.url)
    assert all(answered), "both of them"


async def test_a_broker_that_takes_shared_subscriptions_for_plain_ones_is_found_out(
    home: FleetHome, monkeypatch: pytest.MonkeyPatch, older_mqtt: None
) -> None:
    monkeypatch.setattr(listening, "_PROBE_SECONDS", 0.5)
    async with running_amqtt() as url:
        answered = await answered_once(with_workers(home, 2, url), "part", url)
    assert all(answered), "each its part of the devices"


async def test_a_broker_that_says_that_it_has_none_is_not_asked_for_one(
    home: FleetHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MqttTransport, "may_share", property(lambda _: False))
    async with run_fleet(with_workers(home, 2)), workers(home, 1, 2) as running:
        assert [worker.mode for worker in running] == ["part", "part"]


def test_each_device_is_in_one_part() -> None:
    devices = [f"device-{number}" for number in range(1000)]
    parts = [Part(number, 3) for number in (1, 2, 3)]
    assert all(sum(part.has(device) for part in parts) == 1 for device in devices)
    assert min(sum(part.has(device) for device in devices) for part in parts) > 250


async def test_a_worker_that_ends_leaves_its_requests_to_the_others(home: FleetHome, mosquitto: Mosquitto) -> None:
    with_workers(home, 2)
    async with run_fleet(home) as fleet, connected_device("north", DEVICES[0], mosquitto.url) as device:
        await enroll(fleet)
        async with workers(home, 1):
            async with workers(home, 2):
                await ask_all([device], 4)
            device.responses.clear()
            assert set((await ask_all([device], 8)).values()) == {1}


async def test_a_worker_comes_back_with_its_broker(home: FleetHome, mosquitto: Mosquitto) -> None:
    with_workers(home, 1)
    async with run_fleet(home) as fleet, workers(home, 1) as (worker,):
        await enroll(fleet)
        mosquitto.kill()
        await eventually(lambda: not worker.mode, "the worker notices")
        mosquitto.start_again()
        await eventually(lambda: worker.mode == "shared", "the worker hears again")
        async with connected_device("north", DEVICES[0], mosquitto.url) as device:
            await ask_all([device], 2)


async def test_a_worker_answers_devices_of_its_fleet_only_also_those_enrolled_since(
    home: FleetHome, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_worker, "_LOOK_AGAIN", 0.0)
    with_workers(home, 1)
    async with (
        run_fleet(home) as fleet,
        workers(home, 1) as (worker,),
        connected_device("north", "stranger", mosquitto.url) as stranger,
        connected_device("north", DEVICES[0], mosquitto.url) as device,
    ):
        await enroll(fleet)
        await stranger.say("request", encode(ContentRequest("s", SHA, 0, 10)))
        await stranger.say("request", b"not a request")
        await device.ask_block(ContentRequest("d", SHA, 0, 10))
        assert stranger.responses == []
        await fleet.operations.enroll("stranger", "")
        await stranger.ask_block(ContentRequest("t", SHA, 0, 10))
        assert worker.answered == 2


@pytest.mark.parametrize("number", [0, 3])
async def test_a_worker_that_the_settings_do_not_want_is_refused(home: FleetHome, number: int) -> None:
    with_workers(home, 2)
    with pytest.raises(FleetError, match="wants 2 content workers"):
        async with run_content_worker(home, number):
            raise AssertionError


# All of it: a device, a fleet, its content


@pytest.mark.parametrize("by", ["service", "workers"])
async def test_a_patch_release_reaches_a_device_as_a_delta(
    home: FleetHome, mosquitto: Mosquitto, tmp_path: Path, by: str
) -> None:
    noise = {"noise.bin": hashlib.shake_256(b"noise").digest(150_000)}
    old, new = small_package(code=1, extra=noise), small_package(code=2, extra=noise)
    if by == "workers":
        with_workers(home, 2)
    trusted = key_ring([load_private_key(home.key_file).public_key()])
    store, telemetry = ProgramStore(tmp_path / "store", trusted), TelemetryQueue(tmp_path / "telemetry.db")
    agent = SyncAgent(
        Identity("north", "kitchen", "speaker", "0.1.0"),
        trusted,
        tmp_path / "sync",
        MqttTransport(mosquitto.url, "kitchen", backoff=Backoff(0.01, 0.1)),
        StoreInstaller(store),
        telemetry,
        pace=dataclasses.replace(PACE, ask=600.0),
    )
    blocks: list[ContentBlock] = []
    hear = agent._puller.on_block

    def count(block: ContentBlock) -> None:
        blocks.append(block)
        hear(block)

    agent._puller.on_block = count  # type: ignore[method-assign]
    async with AsyncExitStack() as stack:
        fleet = await stack.enter_async_context(run_fleet(home))
        await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
        if by == "workers":
            await stack.enter_async_context(workers(home, 1, 2))
        agent.start()
        try:
            await fleet.operations.enroll("kitchen", "")
            received = []
            for code, data in ((1, old), (2, new)):
                release, _ = await fleet.operations.publish(data, "lamp.ma")
                await fleet.operations.assign("kitchen", release.app_id, code, launch=False)
                await until(
                    lambda code=code: [p.version_code for p in store.installed().values()] == [code],  # type: ignore[misc]
                )
                received.append(sum(len(block.data) for block in blocks))
                blocks.clear()
            first, second = received
            assert 150_000 < first < len(old) - 150_000, "the first comes compressed"
            assert second < len(new) / 50, "the next as what differs"
            installed = store.installed()["org.example.lamp"].sha256
            assert await asyncio.to_thread(lambda: ContentStore(home.content).size(installed)) > 0
        finally:
            await agent.stop()
            telemetry.close()
