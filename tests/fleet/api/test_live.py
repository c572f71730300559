"""Every event that a watcher hears is of a type that the API's description names, and as it says."""

import asyncio
from typing import Any

import msgspec
import pytest

from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.live_events import LIVE_EVENTS
from firmware_tools.fleet.server import RunningFleet
from tests.brokers import Mosquitto
from tests.fleet.devices import connected_device, eventually
from tests.fleet.packages import small_package

pytestmark = pytest.mark.broker
BY_TYPE: dict[str, Any] = {kind.__annotations__["type"].__args__[0]: kind for kind in LIVE_EVENTS}


async def test_each_event_is_as_described(fleet: RunningFleet, home: FleetHome, mosquitto: Mosquitto) -> None:
    seen: list[dict[str, Any]] = []

    async def watch() -> None:
        async for event in FleetClient(fleet.url, home.token()).events():
            seen.append(event)  # noqa: PERF401 - as they come

    def heard(kind: str) -> bool:
        return any(event["type"] == kind for event in seen)

    task = asyncio.create_task(watch())
    await eventually(lambda: bool(fleet.service.feed._watchers), "the watcher watches")
    await fleet.operations.enroll("kitchen", "")
    await fleet.operations.publish(small_package(size=100), "lamp.ma")
    await fleet.rollouts.create("program", "org.example.lamp", None, {"query": "all"}, "", "ada")
    async with connected_device("north", "kitchen", mosquitto.url) as device:
        await device.say_online()
        await device.send_batch("00112233aabbccdd", range(1, 4))
    async with connected_device("north", "stranger", mosquitto.url) as stranger:
        await stranger.say_online()
        await eventually(lambda: heard("strangers"), "a stranger is told of")
    await fleet.service.change(lambda registry: registry.enroll("hall", "", 1.0), [f"d{n}" for n in range(30)])
    mosquitto.kill()
    for kind in ("devices", "releases", "rollouts", "telemetry", "refresh", "broker"):
        await eventually(lambda kind=kind: heard(kind), f"{kind} is told of")  # type: ignore[misc]
    task.cancel()
    for event in seen:
        described = BY_TYPE[event["type"]]
        msgspec.convert(event, described)
        assert event.keys() <= described.__annotations__.keys(), event
