"""What hostile boards, drives and board files may not do to the machine that flashes them."""

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from device_runtime.host.board import find_micro_board, load_board
from firmware_tools.flash import micropython
from firmware_tools.flash.backend import backend_for
from firmware_tools.flash.backup import _walk, write_backup
from firmware_tools.flash.chips import CHIPS
from firmware_tools.flash.dfu import read_dfu
from firmware_tools.flash.drive_backends import HexBackend
from firmware_tools.flash.drives import read_drive, write_to_drive
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.firmware import Firmware
from firmware_tools.flash.images import read_esp, read_hex, read_uf2
from firmware_tools.flash.job import Job, Silent
from tests.flash.ports import flooded_port
from tests.flash.test_ssh import BOARD


def test_a_backup_is_its_owner_s_alone_and_follows_no_link(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("kept")
    (tmp_path / ".board.tar.part").symlink_to(other)
    write_backup(tmp_path / "board.tar", b"passwords")
    assert (tmp_path / "board.tar").read_bytes() == b"passwords"
    assert (tmp_path / "board.tar").stat().st_mode & 0o077 == 0
    assert other.read_text() == "kept"


class _Entry:
    st_mode, st_size = 0o100000, 1

    def __init__(self, name: str) -> None:
        self.name = name


class _Transport:
    def __init__(self, name: str) -> None:
        self._name = name

    def fs_listdir(self, _folder: str) -> list[Any]:
        return [_Entry(self._name)]


@pytest.mark.parametrize("name", ["../x", "a/../../x", "..", ".", ""])
def test_a_board_that_names_files_elsewhere_is_not_kept(name: str) -> None:
    with pytest.raises(FlashError, match="which no board can have"):
        _walk(_Transport(name), "/", 0)


@pytest.mark.parametrize("listed", [ValueError("no literal"), TypeError("three of four"), [object()], [_Entry(5)]])  # type: ignore[arg-type]
def test_a_board_whose_list_of_files_makes_no_sense_is_told_of(listed: Any) -> None:
    class Board:
        def fs_listdir(self, _folder: str) -> Any:
            if isinstance(listed, Exception):
                raise listed
            return listed

    with pytest.raises(FlashError, match="what the board says of its files makes no sense"):
        _walk(Board(), "/", 0)


def test_a_board_with_files_without_end_is_not_kept() -> None:
    class Board:
        def fs_listdir(self, _folder: str) -> list[Any]:
            return [_Entry(str(number)) for number in range(10_001)]

    with pytest.raises(FlashError, match="names more than 10,000 files"):
        _walk(Board(), "/", 0)


def test_what_a_board_calls_itself_does_not_lead_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    said = ["('micropython', '1.27\x1b[2J', 'rp2', 'Pico\x1b]0;x\x07' + 'x', 'b\u202e', '0a')", "\x1b[2J none"]
    answers = iter(said)

    class Board:
        serial = io.BytesIO()

        def exec(self, _code: str) -> bytes:
            return next(answers).replace("' + 'x'", "'").encode()

        def exit_raw_repl(self) -> None:
            pass

    @contextlib.contextmanager
    def raw_repl(*_: object) -> Iterator[Board]:
        yield Board()

    monkeypatch.setattr(micropython, "raw_repl", raw_repl)
    answer = micropython.ask("/dev/x")
    assert "".join([answer.version, answer.machine, answer.build]).isprintable()
    with pytest.raises(FlashError, match=r"an answer that is not MicroPython's: \?\[2J none") as failure:
        micropython.ask("/dev/x")
    assert str(failure.value).isprintable()


def test_a_port_that_talks_without_end_is_told_of() -> None:
    with flooded_port() as port, pytest.raises(FlashError, match="talks without end; press the board's reset"):
        micropython.ask(port, 1.0)


@pytest.mark.parametrize(
    "read",
    [
        lambda path: read_esp(path, CHIPS["esp32"], "b", 0),
        lambda path: read_uf2(path, CHIPS["rp2040"], "b"),
        lambda path: read_hex(path, ("9900",), "b"),
        lambda path: read_dfu(path, ("0483:df11",)),
    ],
)
def test_a_file_larger_than_any_firmware_is_not_read(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = tmp_path / "card.img"
    with path.open("wb") as file:
        file.truncate(40 << 30)
    with pytest.raises(FlashError, match="is larger than the 64 MiB that firmware of a microcontroller may have"):
        read(path)


def test_what_a_drive_says_of_a_failure_is_not_read_behind_a_link(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("a password")
    (tmp_path / "FAIL.TXT").symlink_to(mine)
    (tmp_path / "DETAILS.TXT").write_text("Unique ID: 9900000012345678\r\n")
    drive = read_drive(tmp_path)
    assert drive is not None
    backend = backend_for("hex")
    assert isinstance(backend, HexBackend)
    job = Job(board=find_micro_board("microbit"), place=str(tmp_path), firmware=Firmware(mine, "", ""))
    with pytest.raises(FlashError, match=r"refused the file: FAIL\.TXT cannot be read") as failure:
        backend._see_it_taken(drive, job)
    assert "password" not in str(failure.value)


def test_a_drive_with_links_leads_nowhere(tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    drive.mkdir()
    (drive / "INFO_UF2.TXT").write_text("Board-ID: RPI-RP2\r\nModel: Raspberry Pi RP2\r\n")
    mine = tmp_path / "mine"
    mine.write_text("kept")
    (drive / "firmware.uf2").symlink_to(mine)
    found = read_drive(drive)
    assert found is not None
    with pytest.raises(FlashError):
        write_to_drive(found, "firmware.uf2", b"x" * 512, Silent())
    assert mine.read_text() == "kept"


def test_what_a_drive_says_is_read_only_at_its_beginning_and_waits_for_nobody(tmp_path: Path) -> None:
    (tmp_path / "INFO_UF2.TXT").symlink_to("/dev/zero")
    assert read_drive(tmp_path) is None
    (tmp_path / "INFO_UF2.TXT").unlink()
    os.mkfifo(tmp_path / "INFO_UF2.TXT")
    found = read_drive(tmp_path)
    assert found is None or not found.board_id
    (tmp_path / "INFO_UF2.TXT").unlink()
    (tmp_path / "INFO_UF2.TXT").write_bytes(b"Board-ID: a\x1b[2Jb\r\n" + b"x" * 100_000)
    found = read_drive(tmp_path)
    assert found is not None
    assert found.board_id == "a?[2Jb"


def test_no_user_of_a_board_file_becomes_an_option_of_ssh(tmp_path: Path) -> None:
    file = tmp_path / "box.toml"
    text = BOARD.format(machine="x86_64", directory="/opt/x") + 'user = "-oProxyCommand=touch${IFS}hit"\n'
    file.write_text(text)
    package = tmp_path / "cygnet-1-py3-none-any.whl"
    package.write_bytes(b"")
    board = load_board(file)
    job = Job(board=board, place="box", firmware=Firmware(package, "", ""))
    with pytest.raises(FlashError, match="is no address of a board"):
        backend_for("ssh").check(job)
