"""Files on a board: only what differs goes over, and an interruption anywhere leaves each file old or new."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_tools.provision import delivery
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import Delivered, deliver, plan_delivery, read_files
from firmware_tools.provision.errors import BoardConnectionError, ProvisionError
from firmware_tools.provision.frames import frame
from tests.provision.unix_board import unix_board

_NOISE = random.Random(7).randbytes  # noqa: S311 (the same noise each time)
_FILES = {
    "/cygnet/a/micro/one.py": b"print('one')\n" * 500,
    "/cygnet/a/micro/noise": _NOISE(5000),
    "/cygnet/a/micro/awkward": bytes([3, 27, 67, 91, 3, 3, 27, 27, 91, 67, 4, 0]) * 40 + _NOISE(80),
    "/cygnet/a/empty": b"",
    "/main.py": b"import micro\n",
}
_OWNED = ["/cygnet/a"]


def _deliver(board: BoardConnection, files: dict[str, bytes]) -> Delivered:
    return deliver(board, plan_delivery(board, files, _OWNED))


def _contents(board: BoardConnection) -> dict[str, bytes]:
    paths = board.run(
        "import os\ndef w(p):\n for e in os.ilistdir(p or '/'):\n  q=p+'/'+e[0]\n"
        "  if e[1]&16384:w(q)\n  else:print(q)\nw('')",
        "listing",
    ).split()
    return read_files(board, paths)


def test_a_fresh_board_gets_everything_and_a_second_run_sends_nothing(micropython: str, tmp_path: Path) -> None:
    with unix_board(micropython, tmp_path / "flash") as unix, BoardConnection.open(unix.port) as board:
        first = _deliver(board, _FILES)
        assert _contents(board) == _FILES
        assert first.sent == tuple(_FILES)
        assert 0 < first.wire < first.content + 3000
        second = _deliver(board, _FILES)
        assert (second.sent, second.removed, second.content, second.wire) == ((), (), 0, 0)


def test_only_what_differs_is_sent_and_what_is_gone_is_removed(micropython: str, tmp_path: Path) -> None:
    with unix_board(micropython, tmp_path / "flash") as unix, BoardConnection.open(unix.port) as board:
        board.run("f=open('/notes','w');f.write('mine');f.close()", "writing")
        _deliver(board, {**_FILES, "/cygnet/a/old/deep/x.mpy": b"1"})
        changed = {**_FILES, "/main.py": b"import micro.runtime\n"}
        done = _deliver(board, changed)
        assert done.sent == ("/main.py",)
        assert done.removed == ("/cygnet/a/old/deep/x.mpy", "/cygnet/a/old/deep", "/cygnet/a/old")
        assert _contents(board) == {**changed, "/notes": b"mine"}


def test_files_are_replaced_on_fat_too(micropython: str, tmp_path: Path) -> None:
    with unix_board(micropython, tmp_path / "flash", kind="VfsFat") as unix, BoardConnection.open(unix.port) as board:
        _deliver(board, _FILES)
        changed = {**_FILES, "/main.py": b"import micro.runtime\n"}
        _deliver(board, changed)
        assert _contents(board) == changed


@pytest.mark.parametrize("tenth", range(1, 11))
def test_a_cable_pulled_anywhere_leaves_each_file_old_or_new_and_the_next_run_ends_it(
    micropython: str, tmp_path: Path, tenth: int
) -> None:
    new = {path: data[::-1] for path, data in _FILES.items()} | {"/cygnet/a/extra": _NOISE(9000)}
    with unix_board(micropython, tmp_path / "flash") as unix, BoardConnection.open(unix.port) as board:
        _deliver(board, _FILES)
        plan = plan_delivery(board, new, _OWNED)
        everything = sum(len(block) for block, _ in delivery._blocks(plan, at_once=True)) + len(delivery._RECEIVE)
        unix.cut_after(everything * tenth // 10 - 12)
        with pytest.raises(BoardConnectionError, match=r"went away|fell silent"):
            deliver(board, plan)
    with unix_board(micropython, tmp_path / "flash") as unix, BoardConnection.open(unix.port) as board:
        there = _contents(board)
        assert all(there[path] in (old, new[path]) for path, old in _FILES.items())
        plan = plan_delivery(board, new, _OWNED)
        assert tenth < 7 or plan.resumed
        deliver(board, plan)
        assert _contents(board) == new


def test_a_full_board_is_named_with_what_is_missing(micropython: str, tmp_path: Path) -> None:
    with (
        unix_board(micropython, tmp_path / "flash", blocks=16) as unix,
        BoardConnection.open(unix.port) as board,
        pytest.raises(ProvisionError, match=r"bytes free, and \S+ are needed; remove a program"),
    ):
        _deliver(board, {"/big": _NOISE(100_000)})


def test_where_not_all_fits_beside_the_old_files_are_replaced_one_by_one(micropython: str, tmp_path: Path) -> None:
    old = {f"/cygnet/a/{number}": _NOISE(8000) for number in range(4)}
    new = {path: _NOISE(8000) for path in old}
    with unix_board(micropython, tmp_path / "flash", blocks=24) as unix, BoardConnection.open(unix.port) as board:
        _deliver(board, old)
        plan = plan_delivery(board, new, _OWNED)
        assert sum(len(data) for data in new.values()) > plan.free
        deliver(board, plan)
        assert _contents(board) == new


def test_a_file_that_arrives_damaged_is_not_taken(
    micropython: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unix_board(micropython, tmp_path / "flash") as unix, BoardConnection.open(unix.port) as board:
        _deliver(board, _FILES)
        plan = plan_delivery(board, {**_FILES, "/main.py": b"import x\n"}, _OWNED)
        monkeypatch.setattr(delivery, "content", lambda data, **_: frame("p", data.upper()))
        with pytest.raises(ProvisionError, match=r"/main.py arrived damaged"):
            deliver(board, plan)
        assert read_files(board, ["/main.py", "/none"]) == {"/main.py": _FILES["/main.py"]}


def test_progress_counts_up_to_all(micropython: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    with unix_board(micropython, tmp_path / "flash") as unix, BoardConnection.open(unix.port) as board:
        deliver(board, plan_delivery(board, _FILES, _OWNED), lambda *now: seen.append(now))
    done = [now for now, _, _ in seen]
    assert done == sorted(done)
    assert done[-1] == seen[-1][1]
    assert {path for _, _, path in seen} >= set(_FILES)


@given(st.binary(max_size=400))
def test_no_frame_holds_what_interrupts_a_board_and_each_reads_back(data: bytes) -> None:
    body = frame("p", data)
    assert b"\x03" not in body
    assert body[5:].replace(b"\x1bC", b"\x03").replace(b"\x1b[", b"\x1b") == data
