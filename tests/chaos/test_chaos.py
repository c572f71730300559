"""A short chaos; `make chaos` is a long one."""

from pathlib import Path

import pytest

from firmware_tools.simulation.weather import WEATHERS
from tests.chaos.faults import FAULTS, kill_database_and_a_worker, kill_workers_in_turn
from tests.chaos.scene import scene

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]
_WEATHER = WEATHERS["storm"].but({"cuts": 600, "dark": 1, "full": 1, "delay": 0.3})


async def test_whatever_is_killed_devices_come_into_step_and_no_record_is_lost_or_doubled(tmp_path: Path) -> None:
    said: list[str] = []
    async with scene(tmp_path, 6, _WEATHER, 3, said.append) as made:
        await made.release()
        for fault in FAULTS:
            await fault(made)
        made.crowd.calm_down()
        made.crowd.fall_silent()
        await made.assert_all_is_well()


@pytest.mark.xdist_group("postgres")
async def test_workers_and_the_database_are_killed_and_devices_come_into_step_with_no_record_lost_or_doubled(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    async with scene(tmp_path, 5, _WEATHER, 4, said.append, workers=2) as made:
        await made.release()
        for fault in (kill_workers_in_turn, kill_database_and_a_worker):
            await fault(made)
        made.crowd.calm_down()
        made.crowd.fall_silent()
        await made.assert_all_is_well()
