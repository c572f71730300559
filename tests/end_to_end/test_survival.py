"""``kill -9`` of device, broker and fleet in turn loses no telemetry and no installed program."""

import time
from typing import Any

import pytest

from firmware_tools.demo.screen import DemoScreen
from firmware_tools.demo.stages import LIGHTS, kitchen_switch
from tests.end_to_end.conftest import RunningDemo

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("system")]


async def switch_the_kitchen(screen: DemoScreen, on: bool) -> None:
    """By a typed request; returns when the screen shows it, so the program has reported it."""
    await screen.send(type="utterance", text=f"turn {'on' if on else 'off'} the kitchen light")

    def done() -> bool:
        switch = kitchen_switch(screen)
        return switch is not None and bool(switch.attributes.get("checked")) is on

    await screen.wait_for(f"the kitchen light to be {'on' if on else 'off'}", done, 20)


async def test_kill_9_of_each_part_in_turn_loses_nothing(demo: RunningDemo) -> None:
    system = demo.system
    since = time.time() - 1
    switched: list[bool] = []

    async def switch_on_and_off(screen: DemoScreen) -> None:
        for on in (True, False):
            await switch_the_kitchen(screen, on)
            switched.append(on)

    async with demo.screen() as screen:
        await switch_on_and_off(screen)

        assert system.broker is not None
        system.broker.kill()
        await switch_on_and_off(screen)  # while there is no broker
        system.broker.start()

        assert system.fleet is not None
        system.fleet.kill()
        await switch_on_and_off(screen)  # while there is no fleet
        system.fleet.start()
        await system.until("the fleet to answer again", system.fleet_answers, 30)

        await switch_on_and_off(screen)
        assert system.device is not None
        system.device.kill()  # with whatever had not been sent yet

    async def speaker_is_lost() -> bool:
        return not await system.device_online()

    await system.until("the fleet to see that the speaker is lost", speaker_is_lost, 60)
    restarted = time.time()
    system.device.start()
    await system.until("the speaker to report again", lambda: system.device_back(restarted), 60)
    programs = await system.until("its programs to run again", system.all_there, 60)
    assert {program["app_id"] for program in programs} == set(system.app_ids.values())

    async with DemoScreen(system.screen_url) as screen:
        await screen.send(type="launch", app_id=LIGHTS)
        await screen.wait_for("the lights", lambda: kitchen_switch(screen), 20)
        await switch_on_and_off(screen)

    async def all_stored() -> list[dict[str, Any]] | None:
        records = await system.telemetry("light", since)
        return records if len(records) >= len(switched) else None

    records = await system.until("all telemetry in the fleet's store", all_stored, 90)
    in_order = sorted(records, key=lambda record: (record["time"], record["sequence"]))
    assert [record["values"]["on"] for record in in_order] == switched
    assert len({(record["epoch"], record["sequence"]) for record in records}) == len(switched)
