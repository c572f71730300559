"""A Pico W with stock MicroPython, in an emulator: from a bare board to a device that is kept up to date.

`make boards` runs these; they take minutes, since a second of the emulated board takes about twenty here.
"""

from pathlib import Path

import pytest

from firmware_tools.provision.runtime import seal_runtime
from tests.boards.journey import DEVICE, has, journey
from tests.boards.power import stock_firmware
from tests.build.python_programs import KEY

pytestmark = [pytest.mark.boards, pytest.mark.broker, pytest.mark.timeout(3600), pytest.mark.xdist_group("boards")]

_APP = "org.example.beeper"


async def test_a_bare_board_becomes_a_device_runs_a_program_and_is_updated(tmp_path: Path) -> None:
    async with journey(tmp_path) as trip:
        # By MAC: an Ed25519 signature takes the board 1.4 s, which is half a minute here. The next test has one.
        ran = await trip.provision("--signature", "hmac")
        assert not ran.error
        trip.station(ran.out.strip().splitlines()[-1])
        await trip.until("online", lambda device: device["status"] == "online")

        await trip.publish(1)
        await trip.fleet.operations.assign(DEVICE, _APP, 1, True)
        await trip.until("version 1 runs", lambda device: has(device) == ("running", 1))
        await trip.until_record("beep")

        session = (await trip.device())["session"]
        trip.board.power_off()
        trip.board.power_on()
        trip.station("power is back")
        await trip.until("online again", lambda device: device["session"] > session)
        await trip.until("version 1 runs again", lambda device: has(device) == ("running", 1))

        await trip.publish(2)
        await trip.fleet.operations.assign(DEVICE, _APP, 2, True)
        await trip.until("version 2 runs", lambda device: has(device) == ("running", 2))
        started = await trip.until_record("started", 3)
        assert [record["values"]["code"] for record in started] == [2, 1, 1]

        await trip.fleet.operations.publish_runtime(seal_runtime("99.0.0", KEY), "runtime")
        await trip.fleet.operations.assign_runtime(DEVICE, None)
        await trip.until("runtime 99.0.0 runs", lambda device: device["runtime"] == "99.0.0")


async def test_a_first_flash_brings_a_device_that_checks_its_fleet_s_signature(tmp_path: Path) -> None:
    image = tmp_path / "all.uf2"
    async with journey(tmp_path, firmware=image, on=False) as trip:
        ran = await trip.provision("--image", image, "--firmware", stock_firmware("rpi-pico-w"))
        assert not ran.error
        trip.board.power_on()
        trip.station("it is flashed and has power")
        await trip.publish(1)
        await trip.fleet.operations.assign(DEVICE, _APP, 1, False)
        wanted = (await trip.device())["desired_version"]
        await trip.until("it accepts what is desired", lambda device: device["reported_version"] == wanted)
