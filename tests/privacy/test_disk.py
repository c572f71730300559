"""What a disk that is full, or fails, does to decisions, labels and the ledger: nothing is forgotten, and nothing is
believed that is not kept."""

import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from device_runtime.host.privacy_desk import PrivacyDesk
from device_runtime.privacy.counting import Budget
from device_runtime.privacy.file import FILE, PrivacyFile, PrivacyFileError
from device_runtime.privacy.labels import Labels
from device_runtime.privacy.outflow import event_outflow
from tests.privacy.room import APP, Room, item, plan

HEARD = plan(item("heard"))
_OPENED_ON_A_FULL_DISK = """
import pathlib, resource, sys
from device_runtime.privacy.file import PrivacyFile, PrivacyFileError
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    PrivacyFile(pathlib.Path(sys.argv[1]))
except PrivacyFileError as error:
    print(error)
"""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """No file of this process grows beyond what the log of the database has."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((folder / f"{FILE}-wal").stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_cannot_be_opened_now_is_not_taken_for_a_broken_one(tmp_path: Path) -> None:
    file = PrivacyFile(tmp_path)
    Labels(file).mark(APP, "voice")
    file.close()
    command = [sys.executable, "-c", _OPENED_ON_A_FULL_DISK, str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "cannot be used" in said
    assert not (tmp_path / f"{FILE}.broken").exists()
    file = PrivacyFile(tmp_path)
    assert Labels(file).of(APP) == {"voice"}
    file.close()


def test_a_broken_file_is_put_aside_and_nobody_has_agreed_to_anything(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 1_000)
    room = Room(tmp_path)
    assert (tmp_path / f"{FILE}.broken").exists()
    assert [(entry.act, entry.who) for entry in room.ledger.entries()] == [("begun", "after a broken file")]
    room.close()


async def test_a_yes_that_the_disk_does_not_take_is_none(room: Room, tmp_path: Path) -> None:
    with full_disk(tmp_path), pytest.raises(PrivacyFileError, match="free some space"):
        room.allow(HEARD)
    assert room.consents.standing(APP, HEARD.items[0]).value == "unasked"
    room.allow(HEARD)
    assert room.consents.standing(APP, HEARD.items[0]).value == "granted"
    assert room.acts() == [("grant", "heard")]


async def test_what_left_before_a_decision_that_the_disk_does_not_take_is_still_written(
    room: Room, tmp_path: Path
) -> None:
    room.allow(HEARD)
    for _ in range(2):
        room.gate.permit_now(APP, HEARD, event_outflow("heard", {"station": "one"}, 20))
    with full_disk(tmp_path), pytest.raises(PrivacyFileError):
        room.refuse(HEARD)
    room.gate.permit_now(APP, HEARD, event_outflow("heard", {"station": "one"}, 20))
    assert [(entry.act, entry.count, entry.bytes) for entry in room.written()] == [("grant", 0, 0), ("send", 3, 60)]
    assert list(room.ledger.faults()) == []


def test_the_owner_s_page_is_shown_though_what_left_cannot_be_written_down(room: Room, tmp_path: Path) -> None:
    desk = PrivacyDesk(list, room.consents, room.labels, room.ledger, Budget(room.file))
    room.ledger.on_gathered = lambda: None
    room.ledger.sent(APP, HEARD.items[0], 20)
    with full_disk(tmp_path):
        assert desk.document()["profile"] == "owner"
    assert "send" in [entry.act for entry in room.written()]


async def test_what_left_is_written_once_though_the_disk_was_full_in_between(room: Room, tmp_path: Path) -> None:
    room.allow(HEARD)
    room.gate.permit_now(APP, HEARD, event_outflow("heard", {"station": "one"}, 20))
    with full_disk(tmp_path):
        room.gate.flush()
    room.ledger.flush()
    room.refuse(HEARD)
    assert room.acts() == [("grant", "heard"), ("send", "heard"), ("revoke", "heard")]


def test_a_no_and_a_label_outlive_a_moment_in_which_the_file_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room(tmp_path, organisation="A fleet of cars")
    room.refuse(HEARD)
    room.labels.mark(APP, "voice")
    other = sqlite3.connect(tmp_path / FILE)
    other.execute("INSERT INTO setting VALUES ('something', 'else')")
    other.commit()
    other.close()
    rows = PrivacyFile.rows

    def failing(file: PrivacyFile, query: str, *values: object) -> list[tuple[object, ...]]:
        if query.startswith("PRAGMA"):
            return rows(file, query, *values)
        raise PrivacyFileError("it cannot be read")

    with monkeypatch.context() as patched:
        patched.setattr(PrivacyFile, "rows", failing)
        with pytest.raises(PrivacyFileError):
            room.consents.look()
        for forget in room.file.on_rollback:
            with pytest.raises(PrivacyFileError):
                forget()
        assert room.consents.standing(APP, HEARD.items[0]).value == "refused"
        assert room.labels.of(APP) == {"voice"}
    heard: list[str] = []
    room.consents.on_change.append(heard.append)
    room.consents.look()
    assert heard == [""], "what another process changed is looked at again"
    room.close()


async def test_a_decision_and_a_label_are_synced_to_the_disk_and_lines_of_the_ledger_need_not_be(room: Room) -> None:
    said: list[str] = []
    room.file._database.set_trace_callback(said.append)

    def synced(act: Callable[[], object]) -> bool:
        said.clear()
        act()
        assert "COMMIT" in said
        before = said[: said.index("COMMIT")]
        return [line for line in before if line.startswith("PRAGMA synchronous")][-1].endswith("FULL")

    assert synced(lambda: room.allow(HEARD))
    room.gate.permit_now(APP, HEARD, event_outflow("heard", {"station": "one"}, 20))
    assert not synced(room.ledger.flush)
    assert synced(lambda: room.refuse(HEARD))
    assert synced(lambda: room.labels.mark(APP, "voice"))
    assert synced(lambda: room.consents.switch("guest"))
