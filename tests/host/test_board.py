"""A board is described by one checked file; a fault in it is found by file, line and nearest right key."""

import dataclasses
from pathlib import Path
from typing import Any, get_args

import pytest

from device_runtime.host.board import (
    Board,
    BoardError,
    board_names,
    find_any_board,
    find_board,
    find_micro_board,
    load_any_board,
    load_board,
)
from device_runtime.host.microboard import MicroBoard, board_document, capabilities
from tests.docs.pages import DOCS, table

GOOD = """\
name = "test-board"
description = "A board for tests"

[screen]
width = 480
height = 320

[audio]
microphone = "none"

[request.hosts]
"https://weather.example" = "http://127.0.0.1:8371"
"""


@pytest.mark.parametrize("name", ["virtual-speaker", "rpi-zero2w-speaker", "rpi4-headunit"])
def test_each_board_that_we_ship_is_valid_and_called_as_its_file(name: str) -> None:
    assert name in board_names()
    assert find_board(name).name == name


def test_a_board_is_found_by_path_too(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text(GOOD)
    board = find_board(str(tmp_path / "b.toml"))
    assert (board.screen.width, board.screen.height, board.screen.rpx) == (480, 320, None)
    assert board.limits.memory_mb == 64
    assert board.request.hosts == {"https://weather.example": "http://127.0.0.1:8371"}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("width = 480", "widht = 480", r"b.toml:5: unknown key 'screen.widht'; did you mean 'width'?"),
        ("[audio]", "[adio]", r"b.toml:8: unknown key 'adio'; did you mean 'audio'?"),
        ("width = 480", 'width = "480"', "b.toml:5: 'screen.width' must be a whole number, not '480'"),
        ("width = 480", "width = true", "b.toml:5: 'screen.width' must be a whole number, not True"),
        ("width = 480", "width = 3", "b.toml:5: 'screen.width' must be between 120 and 7680, not 3"),
        ("height = 320\n", "", "b.toml:4: the key 'screen.height' is missing: height of the screen in CSS pixels"),
        ('microphone = "none"', 'microphone = "mic"', "b.toml:9: 'audio.microphone' must be one of 'screen', 'device'"),
        ("[audio]\nmicrophone", "audio.microphon", "b.toml:8: unknown key 'screen.audio'"),
        ("[screen]\nwidth = 480\nheight = 320", "screen = 1", "b.toml:4: 'screen' must be a table, [screen]"),
        ('= "http://127.0.0.1:8371"', "= 1", "'request.hosts' must be a table of strings"),
        ("[screen]", "[screen", "b.toml: not TOML"),
    ],
)
def test_a_fault_is_reported_with_file_line_and_what_was_expected(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in GOOD
    path = tmp_path / "b.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(BoardError) as fault:
        load_board(path)
    assert str(fault.value).startswith(str(tmp_path))
    assert sentence.removeprefix("b.toml") in str(fault.value)


def test_an_unknown_board_names_the_nearest() -> None:
    with pytest.raises(BoardError, match="no board 'rpi4-headunits'; did you mean 'rpi4-headunit'"):
        find_board("rpi4-headunits")


MICRO = """\
kind = "micropython"
name = "test-pico"
description = "A board for tests"

[flash]
method = "uf2"
usb = ["2e8a:0005"]

[display]
driver = "ssd1306"
width = 128
height = 64
sda = 4
scl = 5

[leds.status]
pin = "LED"

[buttons.next]
pin = 14
low = true
"""


@pytest.mark.parametrize("name", board_names("micropython"))
def test_each_board_with_micropython_that_we_ship_is_valid_and_called_as_its_file(name: str) -> None:
    board = find_micro_board(name)
    assert board.name == name
    if board.flash.method != "none":
        assert board.flash.chip
        assert board.flash.flash_kb
        assert board.flash.usb
        assert board.flash.bootloader_help


def test_the_boards_that_the_fleet_needs_are_there() -> None:
    wanted = {"pico-w", "pico-2-w", "esp32", "esp32-s3-speaker", "esp32-c3", "pybd-sf2", "microbit", "virtual-board"}
    assert wanted <= set(board_names("micropython"))
    assert not set(board_names()) & set(board_names("micropython"))


def test_a_board_is_told_of_its_parts_and_of_nothing_that_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    path.write_text(MICRO)
    board = load_any_board(path)
    assert isinstance(board, MicroBoard)
    assert board_document(board) == {
        "name": "test-pico",
        "wifi": False,
        "watchdog": 0,
        "country": "",
        "display": {
            "driver": "ssd1306", "width": 128, "height": 64, "bus": "i2c", "id": 0, "sda": 4, "scl": 5, "address": 60,
        },
        "leds": {"status": {"pin": "LED"}},
        "buttons": {"next": {"pin": 14, "low": True}},
        "program": {"event_ms": 2000, "heap_kb": 48, "nodes": 200, "trial_seconds": 10},
    }  # fmt: skip
    assert {"led.set", "telemetry"} <= capabilities(board)
    assert not {"buzzer.play", "sensor.read"} & capabilities(board)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[display]", "[disply]", "b.toml:9: unknown key 'disply'; did you mean 'display'?"),
        ("pin = 14", "pni = 14", "b.toml:20: unknown key 'buttons.next.pni'; did you mean 'pin'?"),
        ('pin = "LED"', "pin = 1.5", "b.toml:17: 'leds.status.pin' must be a whole number or a string, not 1.5"),
        ('pin = "LED"', "pin = 999", "b.toml:17: 'leds.status.pin' must be between 0 and 255, not 999"),
        (
            "[flash]",
            '[sensors.a]\ndriver = "adc"\n[flash]',
            "b.toml:5: the key 'sensors.a.pin' is missing: the driver adc",
        ),
        ("[flash]", '[sensors.a]\ndriver = "aht20"\n[flash]', "b.toml:5: the key 'sensors.a.sda' is missing"),
        ("[flash]", "sensors = 3\n[flash]", "b.toml:5: 'sensors' must be a table of tables, [sensors.NAME]"),
        ('pin = "LED"', "pin = 4", "pin 4 of 'display.sda' is that of 'leds.status.pin', too"),
        ("scl = 5\n", "", "b.toml:9: the key 'display.scl' is missing: a display on i2c needs it"),
        ("2e8a:0005", "2E8A:5", "b.toml:7: 'flash.usb' must hold ids like '2e8a:0005' (small letters), not '2E8A:5'"),
        ('"micropython"', '"circuitpython"', "b.toml:1: 'kind' must be one of 'linux', 'micropython', not 'circuitpy"),
        ('"micropython"', "[]", "b.toml:1: 'kind' must be one of 'linux', 'micropython', not []"),
        ('kind = "micropython"\n', "", "b.toml:8: 'display' is a key of boards with `kind = \"micropython\"`, whi"),
    ],
)
def test_a_fault_in_a_board_with_micropython_is_reported_as_one_in_another(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    path = tmp_path / "b.toml"
    assert old in MICRO
    path.write_text(MICRO.replace(old, new).replace("\n[display]\n", "\n[display]\n"))
    with pytest.raises(BoardError) as fault:
        load_any_board(path)
    assert sentence.removeprefix("b.toml") in str(fault.value)


def test_a_board_of_the_other_kind_is_refused_in_one_sentence() -> None:
    with pytest.raises(BoardError, match=r"^pico-w \(.*pico-w.toml\) runs MicroPython, not this; `cygnet board prov"):
        find_board("pico-w")
    with pytest.raises(BoardError, match=r"^rpi4-headunit \(.*\) runs Linux; this needs .*: esp32.*, pico-w"):
        find_micro_board("rpi4-headunit")
    assert isinstance(find_any_board("pico-w"), MicroBoard)
    assert isinstance(find_any_board("rpi4-headunit"), Board)


def schema_rows(schema: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Each key with its meaning; `leds.NAME.pin` where the author chooses a name."""
    rows = []
    for item in dataclasses.fields(schema):
        kinds: tuple[Any, ...] = (item.type, *get_args(item.type))
        inner = next((kind for kind in kinds if isinstance(kind, type) and dataclasses.is_dataclass(kind)), None)
        chosen = ".NAME" if inner and item.default_factory is not dataclasses.MISSING else ""
        if inner:
            rows += schema_rows(inner, f"{prefix}{item.name}{chosen}.")
        else:
            rows.append((f"{prefix}{item.name}", item.metadata["doc"]))
    return rows


@pytest.mark.parametrize(
    ("schema", "heading"), [(Board, "Every key of a Linux board"), (MicroBoard, "Every key of a MicroPython board")]
)
def test_every_key_is_documented_for_board_makers_and_no_other(schema: Any, heading: str) -> None:
    rows = [(row[0].strip("`"), row[1]) for row in table(DOCS / "board-maker.md", heading)]
    assert rows == schema_rows(schema)
