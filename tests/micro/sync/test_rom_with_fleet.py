"""A board whose runtime lies in its ROM, with its fleet: updates come into files, and what is in the ROM comes back."""

import shutil
from pathlib import Path

import pytest

from device_runtime.micro.records import record_bytes
from firmware_tools.fleet.server import RunningFleet
from firmware_tools.provision.rom import image_of
from tests.brokers import Mosquitto
from tests.micro.sync.board import Board, identity_for, program, runtime_files, runtime_package
from tests.micro.sync.test_with_fleet import LAMP, until
from tests.provision.rom_part import RomPart

pytestmark = pytest.mark.broker
_CRASH = "\n\ndef main(root, slot, safe):\n    raise ValueError('this runtime is broken')\n"


@pytest.fixture
async def rom(fleet: RunningFleet, mosquitto: Mosquitto, board: Board, tmp_path: Path) -> RomPart:
    """The board is let in, and has a runtime in its ROM only."""
    provisioning, _ = await fleet.operations.enroll("pico-1", "Window")
    board.provision(identity_for(provisioning, mosquitto.port), mosquitto.authority.ca_file)
    shutil.rmtree(board.cygnet / "a")
    part = RomPart(tmp_path / "rom", kb=112)
    part.path.write_bytes(image_of(runtime_files("0.1.0")).ljust(part.kb * 1024, b"\xff"))
    board.heap = f"{160 + part.kb}k"  # the ROM of this port is in its heap
    return part


async def test_it_joins_and_runs_programs(fleet: RunningFleet, board: Board, rom: RomPart) -> None:
    await fleet.operations.publish(program(1), "lamp.ma")
    await fleet.operations.assign("pico-1", LAMP, 1, launch=True)
    async with board.powered(rom.boot()):
        await until(fleet, board, "running 1", status="online", runtime="0.1.0")
    assert "slot rom" in board.log
    assert not list(board.cygnet.glob("[ab]"))


async def test_an_update_is_tried_kept_and_updated_again_and_a_bad_one_goes_back_to_the_rom(
    fleet: RunningFleet, board: Board, rom: RomPart
) -> None:
    for package in (runtime_package("0.2.0", extra=_CRASH), runtime_package("0.3.0"), runtime_package("0.4.0")):
        await fleet.operations.publish_runtime(package, "runtime.ma")
    before = rom.path.read_bytes()
    async with board.powered(rom.boot()):
        await until(fleet, board, "-", runtime="0.1.0", status="online")
        await fleet.operations.assign_runtime("pico-1", "0.2.0")
        error = "version 0.2.0: it was started 3 times and did not prove itself"
        await until(fleet, board, "-", runtime="0.1.0", runtime_error=error)
        assert board.record("boot.json")["good"] == "rom"
        for version, slot in (("0.3.0", "a"), ("0.4.0", "b")):
            await fleet.operations.assign_runtime("pico-1", version)
            await until(fleet, board, "-", runtime=version)
            await board.says(f"runtime {version} has proved itself")
            assert board.record("boot.json")["good"] == slot
    assert board.log.count("this runtime is broken") == 3
    assert rom.path.read_bytes() == before


async def test_damaged_files_go_back_to_the_rom(fleet: RunningFleet, board: Board, rom: RomPart) -> None:
    board.put_runtime("a", "0.2.0")
    (board.cygnet / "a" / "micro" / "runtime.mpy").write_bytes(b"M\x06 torn")
    boot = {"good": "a", "trial": "", "version": "", "tries": 0, "starts": 0, "failed": None}
    (board.cygnet / "boot.json").write_bytes(record_bytes(boot))
    async with board.powered(rom.boot()):
        await board.says("slot a is damaged; slot rom is started instead")
        await until(fleet, board, "-", status="online", runtime="0.1.0")
