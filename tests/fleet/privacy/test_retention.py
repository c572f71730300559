"""Events go when the plan of their program says so, from records, sums and the file, and from a backup that is
put back."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from device_runtime.program.manifest import parse_manifest
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.events.retention import Retention
from firmware_tools.fleet.events.tables import rollups, series
from firmware_tools.fleet.privacy import retention as planned
from firmware_tools.fleet.privacy import store
from firmware_tools.fleet.privacy.plans import newest_plan, retention_days
from firmware_tools.fleet.privacy.sendings import sendings_of
from firmware_tools.fleet.privacy.store import points_of
from firmware_tools.fleet.pruning import Pruning
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.schema import telemetry
from tests.fleet.privacy.told import LAMP, NOW, WEATHER, Told, decided, head, opened, sent, tell
from tests.privacy.room import item

DAY = 86_400.0
WORDS = "said in the kitchen"
HEARD: Told = (WEATHER, "heard", {"station": WORDS, "seconds": 3})
FREE: Told = (WEATHER, "unknown to the plan", {"n": 1})
GENERAL = Retention(90, 90, 90, 90, 90, 90)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = opened(database_url)
    yield database
    database.close()


def publish(database: Database, code: int, plan: Sequence[dict[str, Any]], app_id: str = WEATHER) -> None:
    """A release with this plan."""
    document = {
        "app_id": app_id, "name": "Program", "version": {"code": code, "name": str(code)}, "icons": [],
        "platform_version": {"min_code": 1}, "pages": ["pages/index"], "cygnet": {"data_plan": list(plan)},
    }  # fmt: skip
    manifest = parse_manifest(json.dumps(document))
    with database.transaction() as connection:
        Registry(connection).publish(manifest, f"{code:064x}", 1, 1.0)


def prune(database: Database, now: float, retention: Retention = GENERAL) -> None:
    """As the job of the fleet does, until nothing is left."""
    pruning = Pruning(database, retention, 400)
    while pruning.some(now):
        pass


def names(database: Database) -> list[tuple[str, str]]:
    with database.transaction() as connection:
        query = select(telemetry.c.source, telemetry.c.name).order_by(telemetry.c.device, telemetry.c.sequence)
        return [(source, name) for source, name in connection.execute(query)]


def sums(database: Database) -> set[tuple[str, str]]:
    """Of what there are sums."""
    query = select(series.c.source, series.c.name).join(rollups, rollups.c.series == series.c.id)
    with database.transaction() as connection:
        return {(source, name) for source, name in connection.execute(query)}


def test_events_of_an_item_go_after_its_days_and_others_as_the_settings_say(database: Database) -> None:
    publish(database, 1, [item("heard", retention_days=30)])
    with database.transaction() as connection:
        tell(connection, [HEARD, FREE, (LAMP, "heard", {"n": 2}), ("device", "heard", {})])
    prune(database, NOW + 30 * DAY)
    assert (WEATHER, "heard") in names(database)
    prune(database, NOW + 30 * DAY + planned.SETTLED_SECONDS + 5)
    assert names(database) == [(WEATHER, "unknown to the plan"), (LAMP, "heard"), ("device", "heard")]
    assert (WEATHER, "heard") not in sums(database)
    assert {(WEATHER, "unknown to the plan"), (LAMP, "heard")} <= sums(database)
    prune(database, NOW + 93 * DAY)
    assert names(database) == []
    assert sums(database) == set()


def test_sums_of_what_left_go_as_events_do_and_of_heads_the_newest_stays(database: Database) -> None:
    with database.transaction() as connection:
        tell(connection, [sent("heard", 3, 60, 0, 4), head(4)])
        tell(connection, [sent("heard", 1, 20, 4, 9), head(9)], first=3, at=NOW + 60 * DAY)
    prune(database, NOW + 89 * DAY)
    with database.transaction() as connection:
        assert [each["number"] for each in sendings_of(connection, "kitchen")] == [4, 9]
    prune(database, NOW + 91 * DAY)
    with database.transaction() as connection:
        assert [each["number"] for each in sendings_of(connection, "kitchen")] == [9]
        assert [each["number"] for each in points_of(connection, "kitchen")] == [9]
    prune(database, NOW + 200 * DAY)
    with database.transaction() as connection:
        assert sendings_of(connection, "kitchen") == []
        assert [each["number"] for each in points_of(connection, "kitchen")] == [9]


def test_the_fewest_days_of_all_releases_count(database: Database) -> None:
    publish(database, 1, [item("heard", retention_days=30)])
    publish(database, 2, [item("heard", retention_days=7)])
    publish(database, 3, [item("heard", retention_days=60), item("seen", retention_days=9, destination="other-device")])
    with database.transaction() as connection:
        assert retention_days(connection) == {(WEATHER, "heard"): 7}


def test_of_several_people_at_a_device_the_one_who_decided_last_is_counted(database: Database) -> None:
    publish(database, 1, [item("heard")])
    with database.transaction() as connection:
        tell(connection, [decided("grant", "heard", 2), decided("refuse", "heard", 3, who="child")])
        tell(connection, [decided("grant", "heard", 2)], device="hall")
        _, (planned_item,) = newest_plan(connection, WEATHER) or (0, [])
    assert (planned_item["granted"], planned_item["refused"]) == (1, 1)


def test_a_release_that_keeps_for_less_takes_what_is_there_along(database: Database) -> None:
    publish(database, 1, [item("heard", retention_days=30)])
    publish(database, 1, [item("heard", retention_days=7)], LAMP)
    with database.transaction() as connection:
        tell(connection, [HEARD, (LAMP, "heard", {})])
    prune(database, NOW + 10 * DAY)
    assert names(database) == [(WEATHER, "heard")]
    publish(database, 2, [item("heard", retention_days=7)])
    prune(database, NOW + 10 * DAY)
    assert names(database) == []


def test_an_item_that_is_not_kept_goes_with_the_next_turn(database: Database) -> None:
    publish(database, 1, [item("heard", retention_days=0)])
    with database.transaction() as connection:
        tell(connection, [HEARD, FREE])
    prune(database, NOW + planned.SETTLED_SECONDS + 5)
    assert names(database) == [(WEATHER, "unknown to the plan")]


def test_many_runs_go_a_few_at_a_time_and_each_is_looked_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(database, 1, [item("heard", retention_days=1)])
    for number in range(7):
        with database.transaction() as connection:
            tell(connection, [HEARD], first=2 * number + 1, at=NOW + number)
            tell(connection, [HEARD], device="hall", first=2 * number + 1, at=NOW + number)
    turns = 0
    with database.transaction() as connection:
        while planned.prune_planned(connection, NOW + 2 * DAY, 3):
            turns += 1
    assert turns > 1
    assert names(database) == []
    monkeypatch.setattr(planned, "delete", lambda _table: pytest.fail("something was looked at again"))
    with database.transaction() as connection:
        assert planned._prune_records(connection, 1, [(WEATHER, "heard")], NOW + DAY, 3) is False


def test_what_a_pruned_event_said_is_in_no_byte_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "fleet.db"
    database = opened(f"sqlite:///{path}")
    publish(database, 1, [item("heard", retention_days=1)])
    with database.transaction() as connection:
        tell(connection, [HEARD, FREE])
    prune(database, NOW + 2 * DAY)
    database.close()
    assert WORDS.encode() not in path.read_bytes()


def test_a_backup_that_is_put_back_loses_what_has_expired_since(tmp_path: Path) -> None:
    path, copy = tmp_path / "fleet.db", tmp_path / "copy.db"
    database = opened(f"sqlite:///{path}")
    publish(database, 1, [item("heard", retention_days=30)])
    with database.transaction() as connection:
        tell(connection, [HEARD, FREE])
    prune(database, NOW + DAY)
    with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    prune(database, NOW + 31 * DAY)
    database.close()
    restored = opened(f"sqlite:///{copy}")
    assert (WEATHER, "heard") in names(restored)
    prune(restored, NOW + 40 * DAY)
    assert names(restored) == [(WEATHER, "unknown to the plan")]
    restored.close()
    assert WORDS.encode() not in copy.read_bytes()


def test_heads_of_ledgers_go_as_events_do_but_the_newest_and_decisions_stay(database: Database) -> None:
    with database.transaction() as connection:
        tell(connection, [decided("grant", "heard", 2), head(3)])
        tell(connection, [head(5)], first=3, at=NOW + 2 * DAY)
    prune(database, NOW + 300 * DAY)
    with database.transaction() as connection:
        assert [each["number"] for each in store.points_of(connection, "kitchen")] == [2, 5]
        assert connection.scalar(select(func.count()).select_from(telemetry)) == 0


def test_a_programs_plan_is_shown_with_what_devices_said_to_it(database: Database) -> None:
    publish(database, 1, [item("heard"), item("old")])
    publish(database, 2, [item("heard", retention_days=7)])
    with database.transaction() as connection:
        tell(connection, [decided("grant", "heard", 2)])
        tell(connection, [decided("revoke", "heard", 2)], device="hall")
        found = newest_plan(connection, WEATHER)
        assert found is not None
        version, items = found
        assert version == 2
        assert [(each["item"], each["retention_days"], each["granted"], each["refused"]) for each in items] == [
            ("heard", 7, 1, 1)
        ]
        assert newest_plan(connection, LAMP) is None
