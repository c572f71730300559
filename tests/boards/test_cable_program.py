"""A program over the cable on an emulated Pico W with stock MicroPython that has no fleet yet: minutes, for
`make boards`."""

import re
from pathlib import Path

import pytest

from device_runtime.resources import resource_directory
from tests.boards.power import PicoW, stock_firmware
from tests.build.python_programs import build, write_program
from tests.provision.command import board_command

pytestmark = [pytest.mark.boards, pytest.mark.timeout(2400), pytest.mark.xdist_group("boards")]

_IDENTITY = """\
fleet = "shop"
device = "shelf-1"
broker = "mqtt://10.0.0.1"
fleet_key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
"""


def _bare_pico_w(path: Path) -> Path:
    """A Pico W with neither display nor Wi-Fi, which would cost minutes of waiting, and with a short trial."""
    text = resource_directory("board_configs").joinpath("pico-w.toml").read_text()
    text = re.sub(r"\[display\]\n(.+\n)+", "", text).replace("wifi = true", "wifi = false")
    path.write_text(text + "\n[program]\ntrial_seconds = 1\n")
    return path


def test_a_program_is_started_over_the_cable_and_taken_away(tmp_path: Path) -> None:
    image, package, pico = tmp_path / "all.uf2", tmp_path / "py.ma", _bare_pico_w(tmp_path / "pico.toml")
    (tmp_path / "shelf.toml").write_text(_IDENTITY)
    package.write_bytes(build(write_program(tmp_path / "py", {})).data)
    ran = board_command(
        *("provision", "--image", image, "--firmware", stock_firmware("rpi-pico-w"), "--board", pico),
        *("--identity", tmp_path / "shelf.toml"),
    )
    assert not ran.error
    board = PicoW(tmp_path, firmware=image)
    with board:
        ran = board_command("install", package, "--port", board.port, "--board", pico, "--wait", "1500")
        assert not ran.error
        assert "org.example.py 1.0.0 on pico-w; " in ran.out
        assert "it runs well and is kept" in ran.out, board.said.read_text(errors="replace")[-3000:]
        ran = board_command("install", "--remove", "org.example.py", "--port", board.port, "--board", pico)
        assert not ran.error
        assert "org.example.py gone from pico-w" in ran.out
