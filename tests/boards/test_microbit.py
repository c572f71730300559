"""An old, tiny board: a micro:bit in qemu with MicroPython 1.9.2 of 2017, 9 KB of heap, no littlefs."""

import re
import select
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from intelhex import IntelHex

from firmware_tools.flash.detect import detect
from firmware_tools.provision.connection import BoardConnection
from tests.provision.command import board_command

_FIRMWARE = Path("/usr/share/firmware-microbit-micropython/firmware.hex")
_FLASH_BYTES = 0x40000

pytestmark = [
    pytest.mark.boards,
    pytest.mark.skipif(
        not (shutil.which("qemu-system-arm") and _FIRMWARE.exists()),
        reason="needs qemu-system-arm and firmware-microbit-micropython: deploy/board_tools.sh",
    ),
]


@pytest.fixture
def microbit(tmp_path: Path) -> Iterator[str]:
    """The port of a micro:bit that runs."""
    flash = IntelHex(str(_FIRMWARE))[:_FLASH_BYTES]
    flash.write_hex_file(str(tmp_path / "flash.hex"))
    command = ["qemu-system-arm", "-M", "microbit", "-nographic", "-monitor", "none", "-serial", "pty"]
    command += ["-device", f"loader,file={tmp_path / 'flash.hex'}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    said = ""
    while not (found := re.search(r"redirected to (\S+)", said)):
        assert select.select([process.stdout], [], [], 20)[0], said
        said += process.stdout.readline()
    yield found[1]
    process.kill()
    process.wait()


def test_it_answers_as_what_it_is(microbit: str) -> None:
    with BoardConnection.open(microbit) as board:
        assert (board.facts.name, board.facts.version) == ("micropython", (1, 9, 2))
        assert board.run("print(6*7)", "counting").strip() == "42"


def test_it_is_detected(microbit: str) -> None:
    (found,) = detect([microbit])
    assert (found.mode, found.boards) == ("micropython", ("microbit",))


@pytest.mark.parametrize("board", ["pico-w", "microbit"])
def test_it_cannot_be_a_device_and_says_why(microbit: str, board: str, tmp_path: Path) -> None:
    ran = board_command("provision", "--port", microbit, "--board", board)
    assert ran.error == (
        "provisioning needs MicroPython 1.24 or newer; this board has 1.9.2: "
        "`cygnet board flash` writes a newer one where the board has the memory for it"
    )


def test_programs_are_refused_by_the_same_sentence(microbit: str) -> None:
    ran = board_command("install", "--port", microbit, "--board", "microbit")
    assert "needs MicroPython 1.24 or newer; this board has 1.9.2" in ran.error
