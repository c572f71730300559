"""What devices tell of decisions, in the database; erasing there, and that what is erased does not come back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from device_runtime.sync.fields import MAX_INTEGER
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.events.tables import rollups, series
from firmware_tools.fleet.moving import copy_database
from firmware_tools.fleet.privacy import kept_list, room, sendings, store
from firmware_tools.fleet.privacy.erasing import Erasure, erase, erasures_of
from firmware_tools.fleet.privacy.kept_list import KeptList
from firmware_tools.fleet.privacy.sendings import sendings_of, sent_of
from firmware_tools.fleet.schema import telemetry
from tests.fleet.privacy.told import LAMP, NOW, WEATHER, Told, decided, head, opened, refused, sent, tell
from tests.postgres import Postgres

HEARD: Told = (WEATHER, "heard", {"station": "one", "seconds": 3})


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = opened(database_url)
    yield database
    database.close()


def an_erasure(app_id: str = WEATHER, request: str = "r1", before: float = NOW + 100) -> Erasure:
    return Erasure("kitchen", request, app_id, "operator", before, NOW + 100, 0)


def held(database: Database) -> list[tuple[str, str, str]]:
    """Device, source and name of every stored record."""
    with database.transaction() as connection:
        query = select(telemetry.c.device, telemetry.c.source, telemetry.c.name).order_by(
            telemetry.c.device, telemetry.c.sequence
        )
        return [tuple(row) for row in connection.execute(query)]


def summed(database: Database) -> dict[str, int]:
    """How many rows of sums each source of the kitchen has."""
    query = (
        select(series.c.source, func.count())
        .join(rollups, rollups.c.series == series.c.id)
        .where(series.c.device == "kitchen")
        .group_by(series.c.source)
    )
    with database.transaction() as connection:
        return {source: count for source, count in connection.execute(query)}  # noqa: C416 - rows, not pairs


def test_the_newest_decision_about_an_item_is_kept_whatever_is_told_again_or_late(database: Database) -> None:
    told = [decided("grant", "heard", 2), decided("refuse", "place", 3), decided("revoke", "heard", 4)]
    with database.transaction() as connection:
        assert tell(connection, told).count == 3
        assert tell(connection, told).count == 0
        tell(connection, [decided("grant", "heard", 1)], first=4, at=NOW - 50)  # a queue that was held up
        found = [(each["item"], each["act"], each["number"]) for each in store.decisions_of(connection, "kitchen")]
        assert found == [("heard", "revoke", 4), ("place", "refuse", 3)]
        assert store.decisions_of(connection, "hall") == []


def test_each_profile_s_decision_is_kept_and_a_guest_s_ends_with_the_guest(database: Database) -> None:
    told = [
        decided("grant", "heard", 2),
        decided("profile", "", 3, "", "guest"),
        decided("refuse", "heard", 4, who="guest"),
        decided("grant", "place", 5, who="guest"),
        decided("profile", "", 6, "", "child"),
        decided("refuse", "heard", 7, who="child"),
    ]

    def said(connection: Connection) -> list[tuple[str, str, str]]:
        return [(each["item"], each["who"], each["act"]) for each in store.decisions_of(connection, "kitchen")]

    with database.transaction() as connection:
        tell(connection, told[:4])
        assert said(connection) == [
            ("heard", "guest", "refuse"), ("heard", "owner", "grant"), ("place", "guest", "grant"),
        ]  # fmt: skip
        tell(connection, told[4:], first=5)
        assert said(connection) == [("heard", "child", "refuse"), ("heard", "owner", "grant")]
        tell(connection, [decided("profile", "", 8, "", "guest"), decided("grant", "heard", 9, who="guest")], first=7)
        assert ("heard", "guest", "grant") in said(connection)


def test_a_guest_that_comes_and_goes_while_nobody_hears_leaves_nothing(database: Database) -> None:
    told = [decided("profile", "", 2, "", "guest"), decided("grant", "heard", 3, who="guest")]
    with database.transaction() as connection:
        tell(connection, [*told, decided("profile", "", 4, "", "owner")])
        assert store.decisions_of(connection, "kitchen") == []


def test_a_ledger_that_began_anew_is_followed(database: Database) -> None:
    with database.transaction() as connection:
        tell(connection, [decided("grant", "heard", 40)])
        tell(connection, [decided("refuse", "heard", 2)], first=2, at=NOW + 9)
        assert [each["act"] for each in store.decisions_of(connection, "kitchen")] == ["refuse"]


def test_what_left_is_added_up_once_each_whatever_is_told_again(database: Database) -> None:
    sums = [
        sent("heard", 3, 60, 0, 4),
        sent("place", 4, 32, 0, 4, to="https://api.weather.example", rounded=True),
        sent("heard", 1, 5, 4, 9),
    ]
    with database.transaction() as connection:
        tell(connection, sums)
        tell(connection, sums, first=4, at=NOW + 60)  # a device that stopped while it told
        found = [
            (each["item"], each["destination"], each["count"], each["bytes"], each["rounded"], each["last_time"])
            for each in sent_of(connection, "kitchen")
        ]
        assert found == [
            ("heard", "fleet", 4, 65, False, NOW + 2),
            ("place", "https://api.weather.example", 4, 32, True, NOW + 1),
        ]
        assert [(each["after"], each["number"]) for each in sendings_of(connection, "kitchen")] == [
            (0, 4),
            (0, 4),
            (4, 9),
        ]
        assert sent_of(connection, "hall") == []


def test_a_board_tells_of_a_day_at_once(database: Database) -> None:
    day = [decided("revoke", "heard", 20_000), decided("grant", "heard", 20_000), sent("heard", 3, 60, 19_999, 20_000)]
    day = [(source, name, {**values, "hash": "a" * 64}) for source, name, values in day]
    with database.transaction() as connection:
        tell(connection, [*day, head(20_000, "a" * 64)])
        assert [each["act"] for each in store.decisions_of(connection, "kitchen")] == ["grant"]
        assert [each["count"] for each in sent_of(connection, "kitchen")] == [3]
        assert [each["number"] for each in store.points_of(connection, "kitchen")] == [20_000]


@pytest.mark.parametrize(
    "members",
    [{"count": -1}, {"count": True}, {"bytes": "1"}, {"after": None}, {"number": 0}, {"hash": "no"}, {"to": ""},
     {"to": "a\nb"}, {"to": "x" * 301}, {"to": 1}, {"rounded": "yes"}, {"app_id": "x" * 129}],
    ids=str,
)  # fmt: skip
def test_a_sum_that_is_malformed_is_telemetry_and_no_more(database: Database, members: dict[str, Any]) -> None:
    with database.transaction() as connection:
        source, name, values = sent("place", 1, 1, 0, 5)
        tell(connection, [sent("heard", 1, 1, 0, 4), (source, name, {**values, **members})])
        assert [each["item"] for each in sendings_of(connection, "kitchen")] == ["heard"]
    assert len(held(database)) == 2


def test_sums_of_a_device_that_lies_do_not_run_over(database: Database) -> None:
    with database.transaction() as connection:
        for first in range(1, 1_501, 500):
            most = [sent("heard", MAX_INTEGER, MAX_INTEGER, 0, number) for number in range(first, first + 500)]
            tell(connection, most, first)
        (found,) = sent_of(connection, "kitchen")
        assert (found["count"], found["bytes"]) == (MAX_INTEGER, MAX_INTEGER)


def test_of_a_device_that_tells_very_many_sums_the_newest_are_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sendings, "MOST_OF_DEVICE", 20)
    with database.transaction() as connection:
        tell(connection, [sent("heard", 1, 1, 0, 7)], device="hall")
        for number in range(1, 31):
            tell(connection, [sent("heard", 1, 1, number - 1, number)], number, at=NOW + number)
        kept = [each["number"] for each in sendings_of(connection, "kitchen")]
        assert kept[-1] == 30
        assert kept == list(range(kept[0], 31))
        assert 18 <= len(kept) <= 20
        assert len(sendings_of(connection, "hall")) == 1


def test_erasing_leaves_to_whom_how_much_was_sent(database: Database) -> None:
    with database.transaction() as connection:
        tell(connection, [sent("heard", 3, 60, 0, 4)])
        erase(connection, an_erasure())
        assert len(sent_of(connection, "kitchen")) == 1
    assert held(database) == [("kitchen", "privacy", "sent")]


def test_refusals_are_added_up_once_each(database: Database) -> None:
    told = [refused("unplanned", "", 2), refused("seen", "heard", 1), refused("unplanned", "", 5)]
    with database.transaction() as connection:
        tell(connection, told)
        tell(connection, told)
        found = [(each["why"], each["item"], each["count"]) for each in store.refusals_of(connection, "kitchen")]
        assert found == [("seen", "heard", 1), ("unplanned", "", 7)]


def test_of_a_days_heads_the_furthest_stays_and_one_that_is_behind_it_shows(database: Database) -> None:
    with database.transaction() as connection:
        tell(connection, [head(5), decided("grant", "heard", 6), head(9)])
        tell(connection, [head(7)], first=4)
        tell(connection, [head(11)], first=5, at=NOW + 86_400)
        numbers = [(each["number"], each["act"]) for each in store.points_of(connection, "kitchen")]
        assert numbers == [(6, "grant"), (7, "head"), (9, "head"), (11, "head")]
        newest = store.head_of(connection, "kitchen")
        assert newest is not None
        assert newest["number"] == 11


@pytest.mark.parametrize(
    "values",
    [
        {"app_id": WEATHER, "item": "heard", "who": "owner", "number": "2", "hash": "0" * 64},
        {"app_id": WEATHER, "item": "heard", "who": "owner", "number": True, "hash": "0" * 64},
        {"app_id": WEATHER, "item": "heard", "who": "owner", "number": 2, "hash": "0" * 63},
        {"app_id": WEATHER, "item": "heard", "who": "owner", "number": 2},
        {"app_id": 5, "item": "heard", "who": "owner", "number": 2, "hash": "0" * 64},
        {"app_id": "a" * 129, "item": "heard", "who": "owner", "number": 2, "hash": "0" * 64},
        {"app_id": "a\x00b", "item": "heard", "who": "owner", "number": 2, "hash": "0" * 64},
    ],
)
def test_a_malformed_decision_is_stored_as_telemetry_alone(database: Database, values: dict[str, str | int]) -> None:
    with database.transaction() as connection:
        assert tell(connection, [("privacy", "grant", values)]).count == 1
        assert store.decisions_of(connection, "kitchen") == []
        assert store.points_of(connection, "kitchen") == []


def test_a_program_cannot_decide_for_people(database: Database) -> None:
    source, name, values = decided("grant", "heard", 2)
    with database.transaction() as connection:
        tell(connection, [(WEATHER, name, values)])
        assert source == "privacy"
        assert store.decisions_of(connection, "kitchen") == []


def test_a_device_that_makes_up_names_fills_its_own_room_only(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST_OF_DEVICE", 3)
    with database.transaction() as connection:
        tell(connection, [refused("unplanned", f"made up {number}", 1) for number in range(9)])
        tell(connection, [refused("unplanned", "heard", 1)], device="hall")
        assert len(store.refusals_of(connection, "kitchen")) == 3
        assert len(store.refusals_of(connection, "hall")) == 1


def test_erasing_a_program_takes_its_events_sums_and_counts_and_nothing_else(database: Database) -> None:
    told = [
        HEARD,
        (LAMP, "switched", {"on": True}),
        ("device", "program_started", {"app_id": WEATHER}),
        ("device", "program_started", {"app_id": LAMP}),
        decided("grant", "heard", 2),
        refused("unplanned", "", 2),
        refused("unplanned", "", 1, LAMP),
    ]
    with database.transaction() as connection:
        tell(connection, told)
        tell(connection, [HEARD], device="hall")
    with database.transaction() as connection:
        done = erase(connection, an_erasure())
    assert done.records == 3
    assert held(database) == [
        ("hall", WEATHER, "heard"),
        ("kitchen", LAMP, "switched"),
        ("kitchen", "device", "program_started"),
        ("kitchen", "privacy", "grant"),
        ("kitchen", "privacy", "refused"),
    ]
    assert set(summed(database)) == {LAMP, "device", "privacy"}
    with database.transaction() as connection:
        assert [each["act"] for each in store.decisions_of(connection, "kitchen")] == ["grant"]
        assert [each["app_id"] for each in store.refusals_of(connection, "kitchen")] == [LAMP]
        assert erasures_of(connection, "kitchen") == [done]


def test_erasing_all_programs_leaves_what_is_the_devices_own(database: Database) -> None:
    told = [
        HEARD,
        (LAMP, "switched", {"on": True}),
        ("device", "program_started", {"app_id": LAMP}),
        ("device", "device_started", {"board": "b"}),
        decided("grant", "heard", 2),
        refused("unplanned", "", 2),
    ]
    with database.transaction() as connection:
        tell(connection, told)
    with database.transaction() as connection:
        assert erase(connection, an_erasure("")).records == 4
        assert store.refusals_of(connection, "kitchen") == []
    assert [(source, name) for _, source, name in held(database)] == [
        ("device", "device_started"),
        ("privacy", "grant"),
    ]
    assert set(summed(database)) == {"device", "privacy"}


def test_what_was_erased_does_not_come_from_a_queue_and_what_is_told_later_is_stored(database: Database) -> None:
    with database.transaction() as connection:
        tell(connection, [HEARD])
    with database.transaction() as connection:
        erase(connection, an_erasure(before=NOW + 10))
    with database.transaction() as connection:
        late = [HEARD, (LAMP, "switched", {"on": True}), ("device", "program_started", {"app_id": WEATHER})]
        assert tell(connection, late, first=2).count == 1
        assert tell(connection, late, first=2).count == 0  # its numbers are known: it is not asked for again
        tell(connection, [(WEATHER, "later", {})], first=9, at=NOW + 11)
    assert [name for _, _, name in held(database)] == ["switched", "later"]
    assert WEATHER in summed(database)


def test_what_a_device_tells_after_it_asked_stays_though_the_fleet_had_it_before_it_erased(database: Database) -> None:
    wish = Erasure("kitchen", "r1", WEATHER, "device", NOW + 10, NOW + 100, 0)
    with database.transaction() as connection:
        tell(connection, [HEARD])
        tell(connection, [(WEATHER, "later", {})], first=2, at=NOW + 11)
    with database.transaction() as connection:
        assert erase(connection, wish).records == 1
    assert [name for _, _, name in held(database)] == ["later"]


def test_a_portion_of_which_all_was_erased_is_known_all_the_same(database: Database) -> None:
    with database.transaction() as connection:
        erase(connection, an_erasure())
    with database.transaction() as connection:
        assert tell(connection, [HEARD]).count == 0
        assert tell(connection, [HEARD]).repeated == 1


@pytest.fixture
def copy_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> str:
    """Another empty database of the same kind."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'copy.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url()


def test_an_older_database_that_is_put_back_is_erased_again(
    database: Database, database_url: str, copy_url: str, tmp_path: Path
) -> None:
    kept = KeptList(tmp_path / "erasures.jsonl")
    with database.transaction() as connection:
        tell(connection, [HEARD, (LAMP, "switched", {"on": True})])
    copy_database(database_url, copy_url)
    with database.transaction() as connection:
        done = erase(connection, an_erasure())
    kept.add([done])
    assert kept.do_again(database) == 0
    restored = Database(copy_url)
    assert [name for _, _, name in held(restored)] == ["heard", "switched"]
    assert kept.do_again(restored) == 1
    assert kept.do_again(restored) == 0
    assert [name for _, _, name in held(restored)] == ["switched"]
    with restored.transaction() as connection:
        assert tell(connection, [HEARD], first=9).count == 0
    restored.close()


def test_what_other_processes_erase_comes_into_the_list_though_a_clock_is_put_back(
    database: Database, tmp_path: Path
) -> None:
    now = NOW
    kept = KeptList(tmp_path / "erasures.jsonl", lambda: now)

    def erased(name: str, at: float) -> None:
        with database.transaction() as connection:
            erase(connection, replace(an_erasure(request=name), erased_at=at))

    def taken_over() -> list[str]:
        kept.take_over(database)
        return sorted(each.id for each in kept.read())

    erased("old", 1.0)
    assert taken_over() == ["old"]
    erased("new", NOW + 1)
    erased("late", NOW - 200)  # another process took its time
    assert taken_over() == ["late", "new", "old"]
    now -= 86_400
    erased("before", now)
    taken_over()
    assert taken_over() == ["before", "late", "new", "old"]


def test_the_list_is_looked_through_once_and_not_all_the_time(database: Database, tmp_path: Path) -> None:
    asked: list[float] = []
    kept = KeptList(tmp_path / "erasures.jsonl", lambda: NOW)

    def watched(connection: Connection, device: str = "", after: float = 0.0) -> list[Erasure]:
        asked.append(after)
        return erasures_of(connection, device, after)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kept_list, "erasures_of", watched)
        kept.take_over(database)
        kept.take_over(database)
    assert asked[0] == 0
    assert NOW - 3_600 < asked[1] < NOW


def test_what_was_erased_is_in_no_byte_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "fleet.db"
    database = opened(f"sqlite:///{path}")
    with database.transaction() as connection:
        tell(connection, [(WEATHER, "heard", {"station": "said in the kitchen"})])
    with database.transaction() as connection:
        erase(connection, an_erasure())
    database.close()
    assert b"said in the kitchen" not in path.read_bytes()


def test_the_list_of_erasures_outlives_a_power_cut_and_says_where_it_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "erasures.jsonl"
    KeptList(path).add([an_erasure()])
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])  # an append that was cut short
    assert KeptList(path).read() == [an_erasure()]
    KeptList(path).add([an_erasure(), an_erasure(request="r2")])
    assert [each.id for each in KeptList(path).read()] == ["r1", "r2"]
    path.write_bytes(b"nothing\n" + whole)
    with pytest.raises(FleetError, match=r"line 1 of the list of erasures .* is damaged"):
        KeptList(path).read()
