"""The chain of the ledger, when it is looked through."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from device_runtime.privacy.file import FILE
from device_runtime.privacy.ledger import Entry
from tests.privacy.room import Room, item, plan

HEARD = plan(item("heard"), item("crash"))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


async def test_a_ledger_in_which_a_hash_was_made_something_else_is_found(room: Room) -> None:
    room.allow(HEARD)
    with room.file.transaction() as database:
        database.execute("UPDATE entry SET hash = 'no hash' WHERE number = 1")
    assert list(room.ledger.faults()) == [
        "entry 1 is not as it was written", "entry 2 is not as it was written",
    ]  # fmt: skip


async def test_a_ledger_that_was_whole_and_is_changed_by_another_process_is_looked_through_again(
    room: Room, tmp_path: Path
) -> None:
    room.allow(HEARD)
    assert list(room.ledger.faults()) == []
    room.refuse(HEARD, "heard")
    elsewhere = sqlite3.connect(tmp_path / FILE)
    with elsewhere:
        elsewhere.execute("UPDATE entry SET item = 'other' WHERE number = 2")
    elsewhere.close()
    assert list(room.ledger.faults()) == ["entry 2 is not as it was written"]


async def test_what_was_whole_in_the_ledger_is_read_once(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    entries = room.ledger.entries

    def watched(after: int) -> list[Entry]:
        read.append(after)
        return entries(after)

    monkeypatch.setattr(room.ledger, "entries", watched)
    room.allow(HEARD)
    last = room.ledger.head[0]
    assert list(room.ledger.faults()) == []
    room.refuse(HEARD, "heard")
    assert list(room.ledger.faults()) == []
    assert read == [0, last, last, last + 1]
