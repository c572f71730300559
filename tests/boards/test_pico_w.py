"""A Pico W with stock MicroPython, in an emulator: from a bare board to a device that is kept up to date.

`make boards` runs these; they take minutes, since a second of the emulated board takes about twenty here.
"""

from pathlib import Path

import pytest

from tests.boards.journey import beeper, has, journey

pytestmark = [pytest.mark.boards, pytest.mark.broker, pytest.mark.timeout(3000), pytest.mark.xdist_group("boards")]


async def test_a_bare_board_becomes_a_device_runs_a_program_and_is_updated(tmp_path: Path) -> None:
    async with journey(tmp_path) as trip:
        import os

        ran = await trip.provision(
            "--signature", os.environ.get("SIG", "ed25519"), board=os.environ.get("PB", "pico-w")
        )
        assert not ran.error
        trip.station(ran.out.strip())
        await trip.until("online", lambda device: device["status"] == "online")

        await trip.fleet.operations.publish(beeper(tmp_path, 1), "beeper.ma")
        await trip.fleet.operations.assign(trip.device_id, "org.example.beeper", 1, True)
        await trip.until("version 1 runs", lambda device: has(device) == ("running", 1))
        await trip.until_record("beep")

        session = (await trip.device())["session"]
        trip.board.power_off()
        trip.board.power_on()
        trip.station("power is back")
        document = await trip.until("online again", lambda device: device["session"] > session)
        assert has(document)[1] == 1
        await trip.until("version 1 runs again", lambda device: has(device) == ("running", 1))

        await trip.fleet.operations.publish(beeper(tmp_path, 2), "beeper.ma")
        await trip.fleet.operations.assign(trip.device_id, "org.example.beeper", 2, True)
        await trip.until("version 2 runs", lambda device: has(device) == ("running", 2))
        started = await trip.until_record("started", 3)
        assert [record["values"]["code"] for record in started] == [2, 1, 1]
        trip.board.power_off()
