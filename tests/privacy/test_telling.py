"""What the fleet is told of the ledger: decisions as they are, what left in sums."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from device_runtime.privacy.labels import BITS_A_DAY
from device_runtime.privacy.telling import GUARDED_SUM_SECONDS, SENT, SUM_SECONDS, LedgerTelling
from device_runtime.program.data_plan import DataItem
from device_runtime.values import Value
from tests.privacy.room import APP, ORIGIN, Room, item, plan

PLAN = plan(item("heard"), item("place", destination=ORIGIN, paths=["/place"]))
HEARD, PLACE = PLAN.items
MINUTE = 60.0


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    room.ledger.on_gathered = lambda: None
    yield room
    room.close()


def telling(room: Room) -> LedgerTelling:
    """A device that begins to tell."""
    return LedgerTelling(
        room.gate, lambda _source, name, values: room.told.append((name, values)), lambda: room.now, lambda: room.now
    )


def send(room: Room, item: DataItem, size: int, times: int = 1) -> None:
    for _ in range(times):
        room.ledger.sent(APP, item, size)
    room.ledger.flush()


def sums(room: Room) -> list[tuple[Value, ...]]:
    """What was told of what left, since this was last asked."""
    told = [values for name, values in room.told if name == SENT]
    room.told.clear()
    return [tuple(values[name] for name in ("item", "to", "count", "bytes", "after", "number")) for values in told]


def test_what_left_is_told_once_an_hour_by_item_and_destination(room: Room) -> None:
    teller = telling(room)
    send(room, HEARD, 20, times=3)
    send(room, PLACE, 7)
    send(room, HEARD, 5)
    teller.tell()
    assert sums(room) == [("heard", "fleet", 4, 65, 0, 4), ("place", ORIGIN, 1, 7, 0, 4)]
    room.now += SUM_SECONDS / 2
    send(room, HEARD, 1)
    teller.tell()
    assert sums(room) == []
    room.now += SUM_SECONDS / 2
    teller.tell()
    assert sums(room) == [("heard", "fleet", 1, 1, 4, 5)]
    room.now += SUM_SECONDS
    teller.tell()
    assert sums(room) == []


def test_a_sum_names_the_entry_up_to_which_it_goes_by_its_hash(room: Room) -> None:
    send(room, HEARD, 20)
    room.consents.decide(APP, [PLACE], granted=False, who="owner")
    telling(room).tell()
    (told,) = [values for name, values in room.told if name == SENT]
    assert (told["number"], told["hash"]) == (2, room.ledger.entries(1, 1)[0].hash)
    assert "rounded" not in told


def test_after_a_restart_the_hour_goes_on_and_nothing_is_told_twice(room: Room) -> None:
    send(room, HEARD, 20)
    telling(room).tell()
    assert len(sums(room)) == 1
    send(room, HEARD, 8)
    room.now += MINUTE
    telling(room).tell()
    assert sums(room) == []
    room.now += SUM_SECONDS
    telling(room).tell()
    assert sums(room) == [("heard", "fleet", 1, 8, 2, 3)]


def test_a_device_that_stops_while_it_tells_tells_the_same_sums_again(room: Room) -> None:
    class PowerCutError(Exception):
        pass

    def cut(_source: str, name: str, values: Mapping[str, Value]) -> None:
        room.told.append((name, values))
        raise PowerCutError

    send(room, HEARD, 20)
    send(room, PLACE, 7)
    with pytest.raises(PowerCutError):
        LedgerTelling(room.gate, cut, lambda: room.now, lambda: room.now).tell()
    (before,) = sums(room)
    send(room, HEARD, 1_000)
    room.now += MINUTE
    again = telling(room)
    again.tell()
    assert sums(room) == [before, ("place", ORIGIN, 1, 7, 0, 3)]
    room.now += SUM_SECONDS
    again.tell()
    assert sums(room) == [("heard", "fleet", 1, 1_000, 3, 4)]


def test_a_ledger_that_was_cut_while_the_device_was_off_is_told_of_from_there_on(room: Room) -> None:
    send(room, HEARD, 20)
    send(room, HEARD, 8)
    room.ledger.note(f"summing {APP}", "3 1800000000")  # it stopped just then
    with room.file.transaction() as database:
        database.execute("DELETE FROM entry WHERE number > 2")
    teller = telling(room)
    teller.tell()
    assert sums(room) == []
    room.now += SUM_SECONDS
    send(room, HEARD, 5)
    teller.tell()
    assert sums(room) == [("heard", "fleet", 1, 5, 3, 4)]


def test_a_clock_that_is_put_back_does_not_silence_it(room: Room) -> None:
    send(room, HEARD, 20)
    telling(room).tell()
    sums(room)
    send(room, HEARD, 21)
    room.now -= 400 * 86_400
    telling(room).tell()
    assert sums(room) == [("heard", "fleet", 1, 21, 2, 3)]


def test_what_a_program_that_has_seen_something_sends_elsewhere_is_told_daily_in_powers_of_two_that_count(
    room: Room,
) -> None:
    teller = telling(room)
    room.labels.mark(APP, "location")
    send(room, HEARD, 20, times=3)
    send(room, PLACE, 7, times=5)
    teller.tell()
    assert sums(room) == [("heard", "fleet", 3, 60, 0, 3), ("place", ORIGIN, 4, 32, 0, 3)]
    spent = room.labels.spent(APP)
    assert math.log2(64 * 32 * 64) <= spent < 20
    send(room, PLACE, 7)
    room.now += GUARDED_SUM_SECONDS - MINUTE
    teller.tell()
    assert sums(room) == []
    room.now += MINUTE
    teller.tell()
    assert sums(room) == [("place", ORIGIN, 1, 4, 3, 4)]


def test_what_a_program_sends_elsewhere_that_has_told_its_bits_is_not_told(room: Room) -> None:
    room.labels.mark(APP, "location")
    assert room.labels.spend(APP, BITS_A_DAY)
    send(room, HEARD, 20)
    send(room, PLACE, 7)
    telling(room).tell()
    assert sums(room) == [("heard", "fleet", 1, 20, 0, 3)]


def test_decisions_are_told_at_once_and_the_head_once_an_hour(room: Room) -> None:
    teller = telling(room)
    room.allow(PLAN, "heard")
    teller.tell()
    assert [name for name, _ in room.told] == ["grant", "head"]
    room.refuse(PLAN, "heard")
    teller.tell()
    assert [name for name, _ in room.told][2:] == ["revoke"]


def test_what_the_fleet_is_told_of_outlives_a_power_cut(room: Room) -> None:
    said: list[str] = []
    synced: dict[str, bool] = {}

    def record(_source: str, name: str, _values: Mapping[str, Value]) -> None:
        synced[name] = [line for line in said if line.startswith("PRAGMA synchronous")][-1].endswith("FULL")

    room.file._database.set_trace_callback(said.append)
    send(room, HEARD, 20)
    LedgerTelling(room.gate, record, lambda: room.now, lambda: room.now).tell()
    assert synced == {"sent": True, "head": True}
