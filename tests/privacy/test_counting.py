"""Counts: what leaves of a value, how often, and what all of it together may tell."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from device_runtime.errors import CygnetError
from device_runtime.privacy.counting import ANSWER, EPSILON_ANSWER, EPSILON_DAY, Counts
from device_runtime.privacy.gate import RefusedError
from device_runtime.privacy.noise import NoiseError
from device_runtime.privacy.outflow import event_outflow
from device_runtime.program.data_plan import DataPlan, unspoken_plan
from tests.privacy.dice import Dice, Honest
from tests.privacy.room import APP, ORIGIN, Room, item, plan

DAY = 86_400
WORDS = ["Bern", "Basel", "Thun", "Chur"]


def counted(name: str = "city", field: object = None, **members: object) -> dict[str, object]:
    values = field or {"type": "choice", "of": WORDS}
    return item(name, fields={"value": values}, precision="aggregated", **members)


CITY = plan(counted())
FOUR = plan(*(counted(name) for name in ("a", "b", "c", "d")), item("heard"))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path, answer=True)
    yield made
    made.close()


def counts(room: Room, dice: Dice | None = None) -> Counts:
    return Counts(room.file, room.gate, dice or Honest(), lambda: room.now)


async def test_a_value_leaves_as_its_number_of_choices_epsilon_and_a_thrown_value(room: Room) -> None:
    assert await counts(room).count(APP, CITY, "city", "Thun") == {ANSWER: "4/1/Thun"}
    assert room.acts() == [("grant", "city"), ("send", "city")]
    assert room.written()[-1].bytes == len("city") + len("4/1/Thun")


@pytest.mark.parametrize(
    ("field", "value", "sent"),
    [
        ({"type": "boolean"}, True, "2/1/true"),
        ({"type": "boolean"}, False, "2/1/false"),
        ({"type": "integer", "min": -2, "max": 7}, 3, "10/1/3"),
        ({"type": "integer", "min": 10, "max": 50, "step": 10}, 30.0, "5/1/30"),
        ({"type": "number", "min": 0, "max": 1, "step": 0.1}, 0.3, "11/1/0.3"),
        ({"type": "number", "min": -1, "max": 1, "step": 0.5}, -0.5, "5/1/-0.5"),
        ({"type": "choice", "of": ["a/b", "Zürich"]}, "a/b", "2/1/a/b"),
    ],
)
async def test_every_kind_of_field_that_can_be_counted_is(room: Room, field: object, value: object, sent: str) -> None:
    assert await counts(room).count(APP, plan(counted(field=field)), "city", value) == {ANSWER: sent}


async def test_the_dice_of_a_device_are_those_of_opendp(room: Room) -> None:
    answer = await Counts(room.file, room.gate).count(APP, CITY, "city", "Thun")
    assert answer is not None
    assert str(answer[ANSWER]).split("/") in [["4", "1", word] for word in WORDS]


@pytest.mark.parametrize(
    "field", [{"type": "choice", "of": ["one"]}, {"type": "integer", "min": 0, "max": 64}, {"type": "text"}]
)
def test_an_item_with_one_value_or_too_many_cannot_be_counted(field: object) -> None:
    with pytest.raises(CygnetError, match="a single field of 2 to 64 values"):
        plan(counted(field=field))


async def test_a_device_without_dice_says_so_before_it_asks_anybody(room: Room) -> None:
    dice = Dice()
    dice.error = NoiseError("counts need OpenDP: install it")
    with pytest.raises(RefusedError, match="privacy: counts need OpenDP"):
        await counts(room, dice).count(APP, CITY, "city", "Thun")
    assert room.person.asked == []


async def test_a_second_call_a_day_is_not_sent_and_costs_nothing(room: Room) -> None:
    of = counts(room)
    assert await of.count(APP, CITY, "city", "Bern")
    assert await of.count(APP, CITY, "city", "Bern") is None
    assert await of.count(APP, CITY, "city", "Basel") is None, "another value is the second answer of the day, too"
    assert of.spent().epsilon == EPSILON_ANSWER
    room.now += DAY
    assert await of.count(APP, CITY, "city", "Basel")
    sent = [entry for entry in room.written() if entry.act == "send"]
    assert sum(entry.count for entry in sent) == 2


async def test_the_kept_results_of_all_values_are_drawn_once_for_good(room: Room, tmp_path: Path) -> None:
    dice = Dice()
    of = counts(room, dice)
    await of.count(APP, CITY, "city", "Bern")
    first, second = dice.thrown[:4], dice.thrown[4:]
    assert [truth for truth, _, _ in first] == [0, 1, 2, 3], "the file does not tell which value was true"
    assert len(second) == 1
    room.now += DAY
    again = counts(room, dice)
    await again.count(APP, CITY, "city", "Bern")
    assert len(dice.thrown) == 6, "one daily throw, and no new kept ones"
    assert dice.thrown[5] == dice.thrown[4], "of the same kept result"
    # Other words for as many values, as after an update, get no new results either.
    room.now += DAY
    await again.count(APP, plan(counted(field={"type": "choice", "of": WORDS[::-1]})), "city", "Chur")
    assert len(dice.thrown) == 7
    assert dice.thrown[6] == dice.thrown[4]


async def test_many_days_of_one_value_tell_the_kept_result_and_not_the_value(room: Room) -> None:
    dice = Dice(seed=0)
    of = counts(room, dice)
    seen: Counter[str] = Counter()
    for _ in range(400):
        answer = await of.count(APP, CITY, "city", "Bern")
        assert answer is not None
        seen[str(answer[ANSWER]).rpartition("/")[2]] += 1
        room.now += DAY
    (kept,) = {truth for truth, _, _ in dice.thrown[4:]}
    assert seen.most_common(1)[0][0] == WORDS[kept]
    assert WORDS[kept] != "Bern", "with this seed the kept result is a lie, and 400 answers do not say so"


async def test_a_device_tells_at_most_its_budget_a_day_over_all_programs(room: Room) -> None:
    of = counts(room)
    for name in ("a", "b"):
        assert await of.count(APP, FOUR, name, "Bern")
    assert await of.count("org.example.other", FOUR, "a", "Bern")
    assert str(of.spent()) == "3 / 3 a day"
    with pytest.raises(RefusedError, match=r"item c is not counted today: .* told 3 of the 3 .* after midnight UTC"):
        await of.count(APP, FOUR, "c", "Bern")
    assert room.acts()[-1] == ("refused", "c")
    assert room.told[-1] == ("refused", {"app_id": APP, "why": "budget", "item": "c", "count": 1})
    assert await of.count(APP, FOUR, "a", "Bern") is None, "what was answered is no refusal"
    room.now += DAY
    assert await of.count(APP, FOUR, "c", "Bern")
    assert of.spent().epsilon == EPSILON_ANSWER <= EPSILON_DAY


async def test_a_restart_and_a_clock_that_is_put_back_give_no_new_budget(room: Room, tmp_path: Path) -> None:
    of = counts(room)
    for name in ("a", "b", "c"):
        await of.count(APP, FOUR, name, "Bern")
    room.close()
    again = Room(tmp_path)
    for moved in (0, -DAY):
        again.now = room.now + moved
        after = counts(again)
        assert after.spent().epsilon == EPSILON_DAY
        assert await after.count(APP, FOUR, "a", "Bern") is None
        with pytest.raises(RefusedError, match="not counted today"):
            await after.count(APP, FOUR, "d", "Bern")
    again.close()


async def test_nothing_leaves_and_nothing_is_spent_before_a_person_agreed(room: Room) -> None:
    dice = Honest()
    of = counts(room, dice)
    room.person.answer = False
    with pytest.raises(RefusedError, match="said no to the item city"):
        await of.count(APP, CITY, "city", "Bern")
    room.person.answer = None
    room.consents.forget(APP)
    with pytest.raises(RefusedError, match="nobody has agreed yet"):
        await of.count(APP, CITY, "city", "Bern")
    assert of.spent().epsilon == 0, "what was thrown is taken back"
    assert ("send", "city") not in room.acts()


@pytest.mark.parametrize(
    ("of", "name", "value", "sentence"),
    [
        (CITY, "town", "Bern", "has no item 'town' for the fleet"),
        (CITY, "city", "Zug", "value must be one of Bern, Basel, Thun, Chur"),
        (CITY, "city", True, "value must be one of"),
        (FOUR, "heard", "x", "item heard of the data plan is not counted: give it the precision"),
        (unspoken_plan([ORIGIN]), "city", "Bern", "has no item 'city' for the fleet"),
    ],
)
async def test_what_the_plan_does_not_count_is_refused(
    room: Room, of: DataPlan, name: str, value: object, sentence: str
) -> None:
    with pytest.raises(RefusedError, match=sentence):
        await counts(room).count(APP, of, name, value)
    assert ("send", name) not in room.acts()


async def test_an_item_that_is_only_counted_never_leaves_as_an_event(room: Room) -> None:
    room.allow(CITY)
    with pytest.raises(RefusedError, match="only counted across the fleet; use reportCount for it"):
        await room.gate.permit(APP, CITY, event_outflow("city", {"value": "Bern"}, 10))


async def test_what_a_program_has_seen_leaves_in_a_count_only_as_few_bits(room: Room) -> None:
    of = counts(room)
    room.labels.mark(APP, "voice")
    sent = 0
    for _ in range(120):  # each carries at most 1.44 bits of the value, and one that it is this item
        sent += await of.count(APP, CITY, "city", "Bern") is not None
        room.now += DAY
    assert sent == 120, "each day has its bits"
    room.labels.spend(APP, 254.0)
    with pytest.raises(RefusedError, match="has seen voice"):
        await of.count(APP, CITY, "city", "Bern")
    assert of.spent().epsilon == 0, "what did not leave costs nothing"


async def test_what_is_told_of_refused_counts_uses_up_the_bits_of_the_day(room: Room) -> None:
    names = [f"item{number}" for number in range(40)]
    of = plan(*(counted(name) for name in names))
    room.refuse(of)
    room.labels.mark(APP, "voice")
    for name in names:
        with pytest.raises(RefusedError, match="said no"):
            await counts(room).count(APP, of, name, "Bern")
    told = [values["item"] for name, values in room.told if name == "refused" and values["why"] == "refused"]
    assert 0 < room.labels.spent(APP) <= 256
    assert len(told) < 20, "which of its items a program is refused tells something"
    assert counts(room).spent().epsilon == 0


async def test_a_disk_that_takes_no_answer_lets_none_out(room: Room) -> None:
    of = counts(room)
    room.allow(CITY)
    room.file.rows("PRAGMA query_only = 1")
    with pytest.raises(RefusedError, match="cannot be written"):
        await of.count(APP, CITY, "city", "Bern")
    room.file.rows("PRAGMA query_only = 0")
    assert ("send", "city") not in room.acts()
    assert await of.count(APP, CITY, "city", "Bern")


async def test_the_file_of_a_device_holds_random_results_and_no_value(room: Room, tmp_path: Path) -> None:
    await counts(room, Dice()).count(APP, CITY, "city", "Thun")
    database = sqlite3.connect(tmp_path / "privacy.db")
    rows = [database.execute(f"SELECT * FROM {table}").fetchall() for table in ("kept", "answered")]  # noqa: S608 two names
    database.close()
    ((_, _, choices, results),), (answered,) = rows
    assert choices == len(json.loads(results)) == 4
    assert answered == (int(room.now // DAY), APP, "city", EPSILON_ANSWER)
