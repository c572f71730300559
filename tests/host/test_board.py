"""A board is described by one checked file; a fault in it is found by file, line and nearest right key."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from device_runtime.host.board import Board, BoardError, board_names, find_board, load_board

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


def schema_rows(schema: Any, prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for item in dataclasses.fields(schema):
        kind = item.type
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            rows += schema_rows(kind, f"{prefix}{item.name}.")
        else:
            rows.append((f"{prefix}{item.name}", item.metadata["doc"]))
    return rows


def test_every_key_is_documented_for_board_makers() -> None:
    page = (Path(__file__).parents[2] / "docs" / "board-maker.md").read_text()
    for key, doc in schema_rows(Board):
        assert f"| `{key}` |" in page, key
        assert doc in page, key
