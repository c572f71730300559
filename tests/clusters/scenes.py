"""A fleet and its devices on a cluster of brokers, of which nodes are killed in the middle of a rollout."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.registry import Registry
from firmware_tools.simulation.weather import Weather
from tests.chaos.scene import APP, PACE, StagedScene, scene_on
from tests.clusters.behaviour import client
from tests.clusters.cluster import Cluster, Node

C = TypeVar("C", bound=Cluster)
FLEET_CLIENT = "cygnet-fleet-north"
_PATIENCE = 300.0


async def lose_nodes_in_mid_rollout(
    folder: Path, cluster: C, devices: int, kept_everywhere: bool, say: Callable[[str], None]
) -> None:
    """Two rollouts: in the first, the node dies to which the fleet is connected; in the second, the one that leads the
    cluster. Each is started again while the rollout goes on. In the end all is as if nothing had been.

    ``kept_everywhere``: a message that the broker keeps can be had at each node.
    """
    async with scene_on(cluster, cluster.url, folder, devices, Weather(), 1, say) as scene:
        await scene.release()
        await _until(lambda: _updated(scene) == devices)
        for choose in (_node_of_the_fleet, _leading_node):
            await _rollout_with_a_loss(scene, choose)
        scene.crowd.fall_silent()
        assert await scene.crowd.settle(_PATIENCE), scene.crowd.census()
        nodes = cluster.nodes if kept_everywhere else [await _node_of_the_fleet(scene)]
        await _assert_desired_is_kept(scene, nodes)
        await scene.assert_all_is_well(_PATIENCE)


async def _rollout_with_a_loss(scene: StagedScene[C], choose: Callable[[StagedScene[C]], Awaitable[Node]]) -> None:
    await scene.publish()
    body = {"kind": "program", "subject": APP, "version": scene.version, "group": await _all(scene), "launch": True}
    body |= {"stages": ["34%", "100%"], "soak": 1, "late": "never"}
    made: Any = await scene.ask("POST", "/api/rollouts", body=body)
    number = made["id"]
    await scene.ask("POST", f"/api/rollouts/{number}/start", body={})
    await _until(lambda: _updated(scene) > 0)
    node = await choose(scene)
    scene.say(f"{node.name} is killed; {_updated(scene)} of {len(scene.crowd.devices)} devices are updated")
    assert _updated(scene) < len(scene.crowd.devices), "the rollout is over before a node could be killed"
    scene.broker.kill(node)
    other = await _node_of_the_fleet(scene)
    await _until(lambda: all(device.is_online for device in scene.crowd.devices))
    scene.say(f"the fleet is at {other.name}, and all devices are connected")
    scene.broker.start_again(node)
    await asyncio.to_thread(scene.broker.wait_until_healthy)
    scene.say(f"{node.name} is back")
    until = time.monotonic() + _PATIENCE
    while (found := await _rollout(scene, number))["state"] != "done":
        assert time.monotonic() < until, json.dumps(found, indent=1)[:4000]
        await asyncio.sleep(0.3)
    assert _updated(scene) == len(scene.crowd.devices)
    scene.say("the rollout is done")


async def _node_of_the_fleet(scene: StagedScene[C]) -> Node:
    until = time.monotonic() + _PATIENCE
    while (node := await asyncio.to_thread(scene.broker.node_of, FLEET_CLIENT)) is None:
        assert time.monotonic() < until, "no node knows the fleet"
        await asyncio.sleep(0.2)
    return node


async def _leading_node(scene: StagedScene[C]) -> Node:
    return await asyncio.to_thread(scene.broker.leader)


async def _all(scene: StagedScene[C]) -> str:
    with suppress(FleetError):  # it is there from the rollout before
        await scene.ask("POST", "/api/groups", body={"name": "everybody", "query": "all"})
    return "everybody"


async def _rollout(scene: StagedScene[C], number: int) -> Any:
    return await scene.ask("GET", f"/api/rollouts/{number}")


async def _assert_desired_is_kept(scene: StagedScene[C], nodes: list[Node]) -> None:
    """What each node keeps for each device is what the database says that it should have."""
    database = Database(f"sqlite:///{scene.home.database_file}")
    try:
        with database.transaction() as connection:
            wanted = {each.device: each.version for each in Registry(connection).desired.all("north", time.time())}
    finally:
        database.close()
    for node in nodes:
        for device, version in wanted.items():
            async with client(node.url, f"cygnet/1/north/{device}/desired") as (_, ear):
                came = await ear.next()
            assert came is not None, f"{node.name} keeps nothing for {device}"
            assert came[2]
            assert version_of(came[1]) == version, (node.name, device)


def version_of(envelope: bytes) -> int:
    """The version of a signed desired document."""
    return int(json.loads(envelope)["signed"]["version"])


def _updated(scene: StagedScene[C]) -> int:
    return sum(device.installed_version(APP) == scene.version for device in scene.crowd.devices)


async def _until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < until, "it did not come about in time"
        await asyncio.sleep(0.05)


async def miss_reports(folder: Path, cluster: C, say: Callable[[str], None]) -> None:
    """The fleet is killed and comes back to devices that have nothing new to say, at a broker that may have kept
    nothing: it must hear all of them all the same, long before they ask again by themselves."""
    pace = replace(PACE, ask=3600)
    async with scene_on(cluster, cluster.url, folder, 4, Weather(), 1, say, pace) as scene:
        await scene.release()
        await _until(lambda: _updated(scene) == 4)
        scene.crowd.fall_silent()
        assert await scene.crowd.settle(_PATIENCE), scene.crowd.census()
        await scene.fleet.kill()
        killed = time.time()
        await scene.fleet.start()
        until = time.monotonic() + _PATIENCE
        while True:
            found: Any = await scene.ask("GET", "/api/devices")
            if all((each["reported_at"] or 0) > killed for each in found["devices"]):
                return
            assert time.monotonic() < until, found
            await asyncio.sleep(0.2)
