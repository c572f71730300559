"""What hostile boards, drives and board files may not do to the machine that flashes them."""

import os
from pathlib import Path
from typing import Any

import pytest

from device_runtime.host.board import load_board
from firmware_tools.flash.backend import backend_for
from firmware_tools.flash.backup import _walk, write_backup
from firmware_tools.flash.drives import read_drive, write_to_drive
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.firmware import Firmware
from firmware_tools.flash.job import Job, Silent
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
