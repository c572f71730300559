"""A program over the cable on an emulated Pico W with stock MicroPython that has no fleet yet: minutes, for
`make boards`."""

from pathlib import Path

import pytest

from tests.boards.power import WIFI, PicoW, stock_firmware
from tests.build.python_programs import build, write_program
from tests.provision.command import board_command

pytestmark = [pytest.mark.boards, pytest.mark.timeout(2400), pytest.mark.xdist_group("boards")]

_IDENTITY = """\
fleet = "shop"
device = "shelf-1"
broker = "mqtt://10.0.0.1"
fleet_key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
"""


def test_a_program_is_started_over_the_cable_and_taken_away(tmp_path: Path) -> None:
    image, package = tmp_path / "all.uf2", tmp_path / "py.ma"
    (tmp_path / "shelf.toml").write_text(_IDENTITY)
    package.write_bytes(build(write_program(tmp_path / "py", {})).data)
    ran = board_command(
        *("provision", "--image", image, "--firmware", stock_firmware("rpi-pico-w"), "--board", "pico-w"),
        *("--identity", tmp_path / "shelf.toml", "--wifi", WIFI, "--wifi-open"),
    )
    assert not ran.error
    board = PicoW(tmp_path, firmware=image)
    with board:
        ran = board_command("install", package, "--port", board.port, "--board", "pico-w", "--wait", "1500")
        assert not ran.error
        assert "org.example.py 1.0.0 on pico-w; " in ran.out
        assert "it runs well and is kept" in ran.out, board.said.read_text(errors="replace")[-3000:]
        ran = board_command(
            "install", "--remove", "org.example.py", "--port", board.port, "--board", "pico-w", "--no-start"
        )
        assert not ran.error
        assert "org.example.py gone from pico-w" in ran.out
