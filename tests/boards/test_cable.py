"""Stock MicroPython on an emulated Pico W, over its cable: the short form, which is part of `make test`."""

from pathlib import Path

import pytest

from device_runtime.host.board import find_micro_board
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import deliver, plan_delivery, read_files
from firmware_tools.provision.image import littlefs_image, read_littlefs, rp2_place, uf2_with
from tests.boards.power import PicoW, stock_firmware

_MAIN = b"""\
import time
print('it', 'runs')
while True:
    try:
        time.sleep(5)
    except KeyboardInterrupt:
        break
"""

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("boards")]


def test_files_go_over_the_cable_and_are_there_after_a_power_cut(tmp_path: Path) -> None:
    files = {"/cygnet/a/x.py": b"x = 1\n" * 200, "/cygnet/a/awkward": bytes([3, 27, 67, 91, 4]) * 20, "/main.py": _MAIN}
    board = PicoW(tmp_path)
    with board, BoardConnection.open(board.port) as connection:
        assert connection.facts.build == "RPI_PICO_W"
        assert connection.facts.version == (1, 27, 0)
        plan = plan_delivery(connection, files, ["/cygnet/a"])
        assert plan.inflates
        deliver(connection, plan)
        assert plan_delivery(connection, files, ["/cygnet/a"]).nothing
    assert read_littlefs(board.flash.read_bytes()) == files
    # A program runs there now, which has to be stopped first.
    with board, BoardConnection.open(board.port) as connection:
        assert read_files(connection, list(files)) == files


def test_one_uf2_file_brings_firmware_and_files(tmp_path: Path) -> None:
    place = rp2_place(find_micro_board("pico-w"))
    firmware = tmp_path / "all.uf2"
    firmware.write_bytes(
        uf2_with(
            stock_firmware("rpi-pico-w").read_bytes(),
            littlefs_image({"/main.py": b"print('from', 'the image')\n"}, place.size),
            place,
        )
    )
    with PicoW(tmp_path, firmware=firmware) as board, BoardConnection.open(board.port) as connection:
        assert read_files(connection, ["/main.py"]) == {"/main.py": b"print('from', 'the image')\n"}
        assert connection.run("import os;print(os.statvfs('/')[2])", "measuring").strip() == "212"
    assert "/main.py" in read_littlefs(board.flash.read_bytes())
