"""A ledger that was changed after it was told shows, and which entry."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from device_runtime.privacy.ledger import FIRST, Entry
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.privacy import store
from firmware_tools.fleet.privacy.checking import differences, read_ledger
from firmware_tools.fleet.privacy.sendings import sendings_of
from tests.fleet.privacy.told import of_entry, opened, sent, tell
from tests.privacy.room import Room, item, plan

PLAN = plan(item("heard"), item("place"))


@pytest.fixture
def ledger(tmp_path: Path) -> list[Entry]:
    """One of a device: begun, yes and yes, sent, no, sent."""
    room = Room(tmp_path / "device")
    room.ledger.on_gathered = lambda: None
    room.allow(PLAN)
    room.ledger.sent("org.example.weather", PLAN.items[0], 20)
    room.ledger.flush()
    room.refuse(PLAN, "place")
    room.ledger.sent("org.example.weather", PLAN.items[0], 30)
    room.ledger.flush()
    entries = room.ledger.entries()
    room.close()
    assert [entry.act for entry in entries] == ["begun", "grant", "grant", "send", "revoke", "send"]
    return entries


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return opened(f"sqlite:///{tmp_path}/fleet.db")


def points(database: Database, entries: list[Entry]) -> list[Any]:
    """What the fleet knows when a device has told of these."""
    with database.transaction() as connection:
        tell(connection, [of_entry(entry) for entry in entries if entry.act != "send" or entry is entries[-1]])
        return list(store.points_of(connection, "kitchen"))


def rehashed(entries: list[Entry]) -> list[Entry]:
    """As somebody writes them who knows how hashes are made."""
    made: list[Entry] = []
    before = FIRST
    for entry in entries:
        before = entry.expected_hash(before)
        made.append(dataclasses.replace(entry, hash=before))
    return made


def test_a_whole_ledger_agrees(ledger: list[Entry], database: Database) -> None:
    assert list(differences(ledger, points(database, ledger))) == []
    assert list(differences(ledger[2:], points(database, ledger))) == []  # the device let the oldest go


def test_an_entry_that_was_changed_is_named(ledger: list[Entry], database: Database) -> None:
    changed = [*ledger]
    changed[3] = dataclasses.replace(ledger[3], bytes=1)
    assert list(differences(changed, points(database, ledger))) == ["entry 4 is not as it was written"]


def test_a_chain_that_was_made_anew_over_a_lie_shows_between_what_was_told(
    ledger: list[Entry], database: Database
) -> None:
    changed = [*ledger]
    changed[3] = dataclasses.replace(ledger[3], bytes=1)
    (found,) = differences(rehashed(changed), points(database, ledger))
    assert found == (
        "entry 5 is not the one of which the device told (revoke of org.example.weather place by owner): something was "
        "changed after entry 3, up to this one"
    )


def test_a_decision_that_was_turned_shows(ledger: list[Entry], database: Database) -> None:
    changed = [*ledger]
    changed[4] = dataclasses.replace(ledger[4], act="grant")
    (found,) = differences(rehashed(changed), points(database, ledger))
    assert "entry 5 is not the one of which the device told (revoke of org.example.weather place" in found
    assert "after entry 3" in found


def sums(database: Database, ledger: list[Entry], **members: Any) -> list[Any]:
    """What the fleet knows when the device has told what left up to entry 4."""
    with database.transaction() as connection:
        tell(connection, [sent("heard", 1, 20, 0, 4, ledger[3].hash, **members)])
        return list(sendings_of(connection, "kitchen"))


def test_sums_of_what_left_agree_with_the_entries(ledger: list[Entry], database: Database) -> None:
    assert list(differences(ledger, [], sums(database, ledger))) == []


def test_an_entry_that_was_changed_before_a_sum_shows_by_its_hash(ledger: list[Entry], database: Database) -> None:
    changed = rehashed([*ledger[:3], dataclasses.replace(ledger[3], bytes=1), *ledger[4:]])
    assert list(differences(changed, [], sums(database, ledger))) == [
        "entry 4 is not the one of which the device told: something was changed after entry 0, up to this one"
    ]


def test_a_sum_that_the_entries_do_not_come_to_shows(ledger: list[Entry], database: Database) -> None:
    assert list(differences(ledger, [], sums(database, ledger, bytes=21))) == [
        "entries 1 to 4 have 20 bytes in 1 sendings of org.example.weather heard to fleet; the device told of 21 in 1"
    ]


def test_a_rounded_sum_and_one_that_begins_before_the_file_are_not_held_against_it(
    ledger: list[Entry], database: Database
) -> None:
    assert list(differences(ledger[2:], [], sums(database, ledger, bytes=21))) == []
    assert list(differences(ledger, [], sums(opened("sqlite://"), ledger, bytes=16, rounded=True))) == []


def test_an_end_that_was_cut_off_shows(ledger: list[Entry], database: Database) -> None:
    assert list(differences(ledger[:4], points(database, ledger))) == [
        "the device told of entry 5 (revoke of org.example.weather place by owner), and the ledger ends with entry 4",
        "the device told of entry 6, and the ledger ends with entry 4",
    ]


def test_an_entry_that_was_taken_out_shows(ledger: list[Entry], database: Database) -> None:
    found = list(differences([*ledger[:3], *ledger[4:]], points(database, ledger)))
    assert found == ["after entry 3 comes entry 5"]


def test_a_ledger_that_began_anew_is_said(ledger: list[Entry], database: Database) -> None:
    known = points(database, ledger)
    other = [{**point, "hash": "0" * 64} for point in known if point["number"] == 2]
    assert list(differences(ledger, [*known, *other])) == [
        "the device told of another entry 2, too: its ledger began anew, or was put back"
    ]


def test_what_is_no_ledger_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text("")
    with pytest.raises(FleetError, match="is empty; export it with `cygnet device privacy ledger --json`"):
        read_ledger(path)
    path.write_text('{"number": "one"}\n')
    with pytest.raises(FleetError, match=r"line 1 of .* is no entry of a ledger"):
        read_ledger(path)
    with pytest.raises(FleetError, match="cannot be read"):
        read_ledger(tmp_path / "none")


def test_a_hash_that_is_none_shows(ledger: list[Entry]) -> None:
    ledger[1] = dataclasses.replace(ledger[1], hash="none at all")
    assert list(differences(ledger, [])) == ["entry 2 is not as it was written", "entry 3 is not as it was written"]
