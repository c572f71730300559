"""A Pico W with stock MicroPython, in an emulator, from its cable to a program of its fleet.

The short form of ``test_pico_w.py``, for each run of `make test`: it has its runtime already, as after a first
flash, so that the cable brings only what makes it a device of this fleet. Power cuts, an update and the way back are
there; ``tests/micro`` has them on the unix port.
"""

from pathlib import Path

import pytest

from device_runtime.host.board import find_micro_board
from firmware_tools.provision.held import MEMORY_RECORD
from firmware_tools.provision.identity import CA_FILE, IDENTITY_FILE, Identity
from firmware_tools.provision.image import littlefs_image, read_littlefs, rp2_place
from firmware_tools.provision.provisioning import BOARD_FILE, image_files
from tests.boards.journey import has, journey

# Long for what takes some four minutes when nobody else wants the machine: nothing here is about time. The group of
# its own has it start among the first, beside all that is short.
pytestmark = [pytest.mark.broker, pytest.mark.timeout(900), pytest.mark.xdist_group("short-life")]

_APP = "org.example.beeper"
_OWN = (IDENTITY_FILE, CA_FILE, BOARD_FILE, MEMORY_RECORD)
"""What the cable has to bring."""


async def test_a_flashed_board_becomes_a_device_and_runs_a_program_of_its_fleet(tmp_path: Path) -> None:
    # ECDHE takes the board 0.7 s for each connection, a quarter of a minute here; `make boards` has it.
    async with journey(tmp_path, on=False, ciphers="AES128-GCM-SHA256") as trip:
        trip.patience = 600.0
        trip.board.flash.write_bytes(_flashed())
        trip.board.power_on()
        # By MAC: an Ed25519 signature takes the board more than a second, which is half a minute here.
        ran = await trip.provision("--signature", "hmac")
        assert not ran.error
        trip.station(ran.out.strip().splitlines()[-1])
        await trip.publish(1)
        await trip.fleet.operations.assign("pico-1", _APP, 1, True)
        await trip.until("version 1 runs", lambda device: has(device) == ("running", 1))

        started = await trip.until_record("started")
        assert {record["values"]["code"] for record in started} == {1}
        trip.board.power_off()
        files = read_littlefs(trip.board.flash.read_bytes())
        assert any(path.startswith("/cygnet/programs/") and path.endswith("/index.mpy") for path in files)


def _flashed() -> bytes:
    """The file system of a board that has the runtime, and is nobody's yet."""
    micro = find_micro_board("pico-w")
    nobody = Identity("none", "none", "none.invalid", 1883, False, "")
    files = {path: data for path, data in image_files(micro, nobody).items() if path not in _OWN}
    return littlefs_image(files, rp2_place(micro).size)
