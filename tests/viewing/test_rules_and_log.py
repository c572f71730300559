"""The owner's word, and the list of who looked: files that somebody may write by hand, and a disk that may fail."""

from pathlib import Path
from typing import Literal

import pytest
from click.testing import CliRunner

from device_runtime.errors import CygnetError
from device_runtime.host.command import device
from device_runtime.host.viewing.log import FILE, MOST_KEPT, Look, ViewLog, ViewLogError
from device_runtime.host.viewing.rules import FILE as RULE_FILE
from device_runtime.host.viewing.rules import OwnerRule


@pytest.mark.parametrize(
    ("written", "board", "holds"),
    [
        (None, "ask", "ask"),
        (b"ask\n", "ask", "ask"),
        (b"never", "ask", "never"),
        (b"always\n", "ask", "always"),
        (None, "never", "never"),
        (b"always\n", "never", "never"),
        (b"alwys\n", "ask", "never"),  # somebody meant to say something
        (b"", "ask", "never"),
        (b"\xff\xfe", "ask", "never"),
    ],
)
def test_the_owner_and_the_board_have_the_say(
    tmp_path: Path, written: bytes | None, board: Literal["ask", "never"], holds: str
) -> None:
    if written is not None:
        (tmp_path / RULE_FILE).write_bytes(written)
    assert OwnerRule(tmp_path, board).read() == holds


def test_a_file_that_cannot_be_read_is_a_never(tmp_path: Path) -> None:
    (tmp_path / RULE_FILE).mkdir()
    assert OwnerRule(tmp_path).read() == "never"
    with pytest.raises(CygnetError, match="cannot be written"):
        OwnerRule(tmp_path).write("ask")


def test_what_the_board_forbids_nobody_allows(tmp_path: Path) -> None:
    with pytest.raises(CygnetError, match="the board's file says remote_screen"):
        OwnerRule(tmp_path, "never").write("ask")


def test_the_command_says_and_shows_what_holds(tmp_path: Path) -> None:
    state = tmp_path / "device"

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(device, ["remote-screen", *arguments, "--state", str(state)])
        assert result.exit_code == 0, result.output
        return result.output.strip()

    assert run() == "ask"
    assert run("always") == "always"
    assert run() == "always"
    assert OwnerRule(state).read() == "always"


def test_the_list_keeps_the_newest_and_what_was_cut_off(tmp_path: Path) -> None:
    log = ViewLog(tmp_path)
    for number in range(MOST_KEPT + 5):
        log.write(Look(f"{number}", "maria", number, "no"))
    log.write(Look("last", "maria", 1000))
    again = ViewLog(tmp_path)
    assert again.newest(2) == [
        {"by": "maria", "asked": 1000, "outcome": "restart", "seconds": 0},
        {"by": "maria", "asked": MOST_KEPT + 4, "outcome": "no", "seconds": 0},
    ]
    assert len(again.newest(1000)) == MOST_KEPT


@pytest.mark.parametrize("content", [b"{", b"[1]", b'[{"by": "x"}]', b"\xff", b"[" * 100_000])
def test_a_list_that_is_damaged_is_put_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert ViewLog(tmp_path).newest(5) == []
    assert (tmp_path / "screen_views.broken").read_bytes() == content


def test_a_disk_that_refuses_leaves_the_list_as_it_was(tmp_path: Path) -> None:
    log = ViewLog(tmp_path)
    log.write(Look("1", "maria", 1, "no"))
    (tmp_path / f"{FILE}.new").mkdir()
    with pytest.raises(ViewLogError, match="cannot be written"):
        log.write(Look("2", "eve", 2))
    assert [look["by"] for look in log.newest(5)] == ["maria"]
