"""Connecting to a board, and what is said when that does not work."""

import contextlib
import os
import pty
import socket
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmware_tools.flash.errors import FlashError
from firmware_tools.provision import connection as connection_module
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.errors import BoardCodeError, BoardConnectionError
from tests.flash.ports import flooded_port
from tests.provision.unix_board import unix_board

_STUBBORN = """
import time
print('READY')
left = {count}
while left:
    try:
        time.sleep(10)
    except KeyboardInterrupt:
        left -= 1
"""


@contextmanager
def _talking_port(words: bytes) -> Iterator[str]:
    """A port on which somebody answers the first bytes with ``words``, and no others."""
    board, plug = pty.openpty()
    tty.setraw(plug)

    def answer() -> None:
        with contextlib.suppress(OSError):
            os.read(board, 100)
            os.write(board, words)

    answering = threading.Thread(target=answer, daemon=True)
    answering.start()
    try:
        yield os.ttyname(plug)
    finally:
        os.close(plug)
        answering.join(5)
        os.close(board)


def test_an_idle_board_says_what_it_is(micropython: str, tmp_path: Path) -> None:
    with unix_board(micropython, tmp_path / "flash") as board, BoardConnection.open(board.port) as connection:
        assert connection.facts.name == "micropython"
        assert connection.facts.version >= (1, 24)
        assert connection.facts.mpy
        assert connection.run("print(6*7)", "counting") == "42\r\n" or connection.run("print(6*7)", "") == "42\n"


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_board_that_lost_a_part_of_the_question_is_asked_twice_more(
    micropython: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    real, asked = BoardConnection.run, 0

    def lossy(self: BoardConnection, code: str, doing: str, *, silence: float = 20.0) -> str:
        nonlocal asked
        asked += 1
        return real(self, code.replace("(", "", 1) if asked <= lost else code, doing, silence=silence)

    monkeypatch.setattr(BoardConnection, "run", lossy)
    with unix_board(micropython, tmp_path / "flash") as board:
        if lost < 3:
            with BoardConnection.open(board.port) as connection:
                assert connection.facts.name == "micropython"
        else:
            with pytest.raises(BoardCodeError, match="failed while asking what it is: SyntaxError"):
                BoardConnection.open(board.port)
    assert asked == min(lost + 1, 3)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_program_that_swallows_interrupts_is_stopped_all_the_same(
    micropython: str, tmp_path: Path, count: int
) -> None:
    said: list[str] = []
    with (
        unix_board(micropython, tmp_path / "flash", program=_STUBBORN.format(count=count)) as board,
        BoardConnection.open(board.port, say=said.append) as connection,
    ):
        assert connection.run("print('here')", "looking").strip() == "here"
    assert (count <= 2) == (not said)


def test_a_program_that_never_stops_is_named_with_its_last_words(micropython: str, tmp_path: Path) -> None:
    program = _STUBBORN.format(count=-1).replace("        left -= 1", "        print('still blinking')")
    with (
        unix_board(micropython, tmp_path / "flash", program=program) as board,
        pytest.raises(BoardConnectionError, match=r"does not stop for Ctrl-C \(it last said .*blinking.*press reset"),
    ):
        BoardConnection.open(board.port, attempts=2)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (b"", "nothing on .* answers.*cygnet board flash"),
        (
            b"ets Jul 29 2019\r\nboot:0x3 (DOWNLOAD_BOOT)\r\nwaiting for download\r\n",
            "is in its bootloader; press reset",
        ),
        (b"\r\nAdafruit CircuitPython 9.2.1 on 2024-11-20\r\n", "runs CircuitPython; `cygnet board flash`"),
        (b"\xfe\xf8temp=21\r\ntemp=22\r\n", "runs something that does not stop.*temp=22"),
    ],
)
def test_what_a_silent_board_said_before_tells_what_it_is(words: bytes, expected: str) -> None:
    with _talking_port(words) as port, pytest.raises(BoardConnectionError, match=expected):
        BoardConnection.open(port, attempts=1)


def test_a_port_that_is_not_there_is_named() -> None:
    with pytest.raises(FlashError, match="there is no port /dev/ttyACM99 "):
        BoardConnection.open("/dev/ttyACM99")


def test_an_address_where_nothing_listens_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = f"socket://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(BoardConnectionError, match=f"nothing listens at {port}"):
        BoardConnection.open(port)


def test_a_busy_port_says_who_it_may_be(micropython: str, tmp_path: Path) -> None:
    with (
        unix_board(micropython, tmp_path / "flash") as board,
        BoardConnection.open(board.port),
        pytest.raises(FlashError, match="is in use: "),
    ):
        BoardConnection.open(board.port)


def test_a_board_that_vanishes_in_the_middle_is_told_of(micropython: str, tmp_path: Path) -> None:
    with unix_board(micropython, tmp_path / "flash") as board:
        connection = BoardConnection.open(board.port)
        board.power_off()
        with pytest.raises(BoardConnectionError, match="went away while counting; check cable and power"):
            connection.run("print(1)", "counting")
        connection.close()


def test_a_board_that_hangs_is_told_of(micropython: str, tmp_path: Path) -> None:
    with (
        unix_board(micropython, tmp_path / "flash") as board,
        BoardConnection.open(board.port) as connection,
        pytest.raises(BoardConnectionError, match="fell silent while counting; press its reset"),
    ):
        connection.run("while True: pass", "counting", silence=0.3)


def test_a_board_that_talks_without_end_is_told_of(micropython: str, tmp_path: Path) -> None:
    with unix_board(micropython, tmp_path / "flash") as board, BoardConnection.open(board.port) as connection:
        with pytest.raises(BoardConnectionError, match="talks without end while counting; press its reset"):
            connection.run("for _ in range(2000): print('still blinking ' * 20)", "counting")
        connection._until_quiet(20)  # else the cable cannot be rolled up


def test_a_port_that_talks_without_end_is_told_of_with_its_last_words() -> None:
    with (
        flooded_port() as port,
        pytest.raises(BoardConnectionError, match=r"does not stop for Ctrl-C \(it last said .*blinking"),
    ):
        BoardConnection.open(port, attempts=1)


def test_a_board_that_stops_in_the_middle_of_its_answer_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "_SILENCE_SECONDS", 0.5)
    board, plug = pty.openpty()
    tty.setraw(plug)

    def answer() -> None:
        heard = b""
        with contextlib.suppress(OSError):
            while not heard.endswith(b"\x05A\x01"):
                new = os.read(board, 100)
                if b"\x01" in new and not (heard + new).endswith(b"\x05A\x01"):
                    os.write(board, b"raw REPL; CTRL-B to exit\r\n>")
                heard += new
            os.write(board, b"R\x01" + b"\x80")  # raw paste, and half of its window

    answering = threading.Thread(target=answer, daemon=True)
    answering.start()
    try:
        with pytest.raises(BoardConnectionError, match="fell silent while asking what it is"):
            BoardConnection.open(os.ttyname(plug), attempts=1)
    finally:
        answering.join(5)
        os.close(plug)
        os.close(board)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise OSError(28)", "failed while writing: its file system is full"),
        ("raise OSError(30)", "its file system is read-only"),
        ("raise MemoryError", "it ran out of memory"),
        ("import deflat", "its firmware lacks a part"),
        ("1/0", "failed while writing: ZeroDivisionError"),
    ],
)
def test_an_error_of_the_board_is_one_sentence(micropython: str, tmp_path: Path, code: str, expected: str) -> None:
    with (
        unix_board(micropython, tmp_path / "flash") as board,
        BoardConnection.open(board.port) as connection,
        pytest.raises(BoardCodeError, match=expected) as failure,
    ):
        connection.run(code, "writing")
    assert "\n" not in str(failure.value)


def test_what_else_a_board_says_is_no_answer(micropython: str, tmp_path: Path) -> None:
    with unix_board(micropython, tmp_path / "flash") as board, BoardConnection.open(board.port) as connection:
        said = "print('I (1234) wifi: up');print([1, b'x']);print('');print((2,))"
        assert connection.answers(said, "asking") == [[1, b"x"], (2,)]
        with pytest.raises(BoardConnectionError, match="makes no sense while asking; repeat"):
            connection.answers("print('[1, I (99) wifi: up')", "asking")


def test_firmware_that_is_too_old_is_named_with_what_is_needed(micropython: str, tmp_path: Path) -> None:
    with (
        unix_board(micropython, tmp_path / "flash") as board,
        BoardConnection.open(board.port) as connection,
        pytest.raises(BoardConnectionError, match=r"needs MicroPython 9\.0 or newer; this board has 1\."),
    ):
        connection.require("provisioning", (9, 0))
