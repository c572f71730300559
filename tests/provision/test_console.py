"""What a board says, and talking to it."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from firmware_tools.provision.console import Said, follow, parse_line
from tests.flash.ports import flooded_port
from tests.provision.command import board_command
from tests.provision.unix_board import unix_board

_TALKS = """
import time
print('READY')
while True:
    try:
        print('info runtime: shelf-1 of shop')
        print('hello')
        time.sleep(0.05)
    except KeyboardInterrupt:
        print('error runtime: interrupted')
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("info sync: connected to broker:8883", Said("connected to broker:8883", "info", "sync")),
        ("warning runtime: a: b", Said("a: b", "warning", "runtime")),
        ("Traceback (most recent call last):", Said("Traceback (most recent call last):")),
        ("see here: x", Said("see here: x")),
        ("", Said("")),
    ],
)
def test_lines_of_the_runtime_are_told_from_others(line: str, expected: Said) -> None:
    assert parse_line(line) == expected


def test_a_board_is_followed_without_disturbing_it(micropython: str, tmp_path: Path) -> None:
    with unix_board(micropython, tmp_path / "flash", program=_TALKS) as board:
        ran = board_command("logs", "--port", board.port, "--seconds", "1", "--json")
    said = [json.loads(line) for line in ran.out.splitlines()]
    assert {"text": "shelf-1 of shop", "level": "info", "source": "runtime"} in said
    assert {"text": "hello", "level": "", "source": ""} in said
    assert not any("interrupted" in line["text"] for line in said)


def test_a_line_without_end_is_shown_in_pieces() -> None:
    with flooded_port(b"=" * 50) as port:
        said = follow(port)
        pieces = [next(said).text for _ in range(3)]
        said.close()
    assert all({*piece} == {"="} and len(piece) < 100_000 for piece in pieces)


def test_a_board_that_restarts_is_followed_when_its_port_is_back(
    micropython: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = tmp_path / "ttyACM0"
    with unix_board(micropython, tmp_path / "flash", program=_TALKS) as board:

        def come_back(_seconds: float) -> None:
            if not port.is_symlink():
                port.symlink_to(board.port)

        monkeypatch.setattr("firmware_tools.provision.console.time.sleep", come_back)
        lines = follow(str(port), seconds=20, restarting=True)
        assert next(line for line in lines if line.text == "hello")
        lines.close()


def test_following_a_port_that_is_not_there_is_one_sentence() -> None:
    assert "there is no port /dev/ttyACM77" in board_command("logs", "--port", "/dev/ttyACM77").error


def _cygnet(*arguments: str) -> tuple[subprocess.Popen[bytes], int]:
    """The command at a terminal of its own."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "firmware_tools.cli", "board", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    return process, ours


def _until(terminal: int, text: bytes) -> bytes:
    said, end = b"", time.monotonic() + 30
    while text not in said:
        assert time.monotonic() < end, said
        if select.select([terminal], [], [], 0.1)[0]:
            said += os.read(terminal, 4096)
    return said


def test_ctrl_c_ends_following_without_a_word(micropython: str, tmp_path: Path) -> None:
    with unix_board(micropython, tmp_path / "flash", program=_TALKS) as board:
        process, terminal = _cygnet("logs", "--port", board.port)
        _until(terminal, b"hello")
        process.send_signal(2)
        assert process.wait(10) == 0
        assert b"\x03" not in board.heard
        os.close(terminal)


def test_a_shell_is_the_board_s_own_prompt(micropython: str, tmp_path: Path) -> None:
    with unix_board(micropython, tmp_path / "flash") as board:
        process, terminal = _cygnet("shell", "--port", board.port)
        _until(terminal, b"Ctrl-]")
        os.write(terminal, b"print(6*7)\r")
        _until(terminal, b"42")
        os.write(terminal, b"\x1d")
        assert process.wait(10) == 0
        os.close(terminal)


@pytest.mark.parametrize(
    ("port", "expected"),
    [("socket://127.0.0.1:1", "a shell needs a port such as"), ("/dev/ttyACM77", "a shell needs a terminal")],
)
def test_a_shell_that_cannot_be_is_one_sentence(port: str, expected: str) -> None:
    assert expected in board_command("shell", "--port", port).error
