"""Many write the log at once, on SQLite and PostgreSQL: it stays one chain."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from firmware_tools.fleet.access.identity import Actor
from firmware_tools.fleet.audit.log import Head, entries, head, page, record, record_at_home
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.moving import copy_database
from tests.fleet.audit.diary import Diary


@pytest.fixture
def shared(database_url: str, tmp_path: Path) -> Iterator[Diary]:
    database = Database(database_url)
    yield Diary(database, tmp_path / "audit.head")
    database.close()


async def test_workers_that_write_at_once_make_one_chain(shared: Diary) -> None:
    barrier = threading.Barrier(4)
    troubles: list[FleetError] = []

    def work(name: str) -> None:
        database = Database(shared.database.url)
        barrier.wait()
        try:
            for number in range(15):
                with database.transaction() as connection:
                    record(connection, Actor(name, "operator"), "device.tag", f"d{number}", {"add": [name]})
        except FleetError as error:
            troubles.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=work, args=(f"worker{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    await shared.keeper.sign()  # who signs meanwhile sees nothing wrong
    for thread in threads:
        thread.join()
    assert not troubles
    assert shared.keeper.fault is None
    await shared.keeper.sign()
    verdict = shared.verify()
    assert (verdict.whole, verdict.entries, verdict.signed) == (True, 60, 60)
    assert [entry.number for entry in shared.all()] == list(range(1, 61))
    assert {len([e for e in shared.all() if e.actor == f"worker{n}"]) for n in range(4)} == {15}


async def test_the_first_entry_of_all_is_no_fault_to_who_looks_meanwhile(shared: Diary) -> None:
    """Of an empty log, the head and the highest entry are read in one statement."""
    looked = 0

    def write_between(*_: object) -> None:
        nonlocal looked
        looked += 1
        if looked == 1:
            other = Database(shared.database.url)
            with other.transaction() as writing:
                record(writing, Actor("ada", "operator"), "device.tag", "kitchen", {})
            other.close()

    with shared.database.transaction() as connection:
        event.listen(connection, "after_cursor_execute", write_between)
        found = head(connection)
    assert found == Head()
    assert looked == 1


async def test_two_fleets_workers_sign_one_log(shared: Diary) -> None:
    other = Diary(shared.database, shared.anchor)
    for diary in (shared, other, other, shared):
        await diary.signed(2)
    assert shared.verify().whole
    assert [checkpoint.number for checkpoint in shared.checkpoints()] == [2, 4, 6, 8]


def test_an_entry_goes_with_its_transaction(shared: Diary) -> None:
    shared.write()

    def fail() -> None:
        with shared.database.transaction() as connection:
            record(connection, Actor("ada", "admin"), "device.enroll", "hall")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    shared.write()
    assert [entry.number for entry in shared.all()] == [1, 2]
    assert shared.verify().whole


def test_texts_of_all_kinds_are_hashed_as_they_are_stored(shared: Diary) -> None:
    texts = ["", "ß€😀", "a\x00b", "\ud800", '"\\\n', "\x7f\u2028", "x" * 1000, "١٢"]
    with shared.database.transaction() as connection:
        for text in texts:
            record(connection, Actor("ada", "admin"), text, text, {"a": text, "n": [1.5, 2**60, None, True]})
        record_at_home(connection, "root", "owner.renew-token")
    shared.database.close()
    assert shared.verify().whole
    assert [json.loads(entry.detail) for entry in shared.all()][-1] == {}
    assert (shared.all()[-1].actor, shared.all()[-1].role) == ("root", "home")


def test_the_log_moves_with_the_fleet_s_database(shared: Diary, tmp_path: Path) -> None:
    shared.write(30)
    copy_database(shared.database.url, f"sqlite:///{tmp_path / 'moved.db'}")
    moved = Diary(Database(f"sqlite:///{tmp_path / 'moved.db'}"), shared.anchor)
    assert moved.verify().entries == 30
    moved.write()
    assert moved.verify().whole
    with moved.database.transaction() as connection:
        assert [entry.number for entry in page(connection, before=31, limit=2)] == [30, 29]
        assert [entry.number for entry in entries(connection, 29)] == [30, 31]
    moved.database.close()
