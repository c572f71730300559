"""Counts: what randomised answers say of a fleet, and how far it may be off."""

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.privacy.counting import ANSWER, EPSILON_ANSWER, EPSILON_KEPT, Counts, daily
from device_runtime.privacy.noise import probability
from device_runtime.sync.messages import TelemetryBatch, TelemetryRecord
from firmware_tools.cli.fleet import fleet as fleet_commands
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.events.counts import Answer, histograms, newest_answers, read_answer
from firmware_tools.fleet.events.documents import CountedValue
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.server import RunningFleet
from firmware_tools.fleet.telemetry import TelemetryStore
from tests.privacy.dice import Dice
from tests.privacy.room import Room, item, plan

APP, DAY = "org.example.radio", 86_400.0
WORDS = ("one", "two", "three", "none")


def tell(database: Database, device: str, records: Sequence[tuple[float, str, str, str]]) -> None:
    """Store records of a device: time, source, name, answer."""
    batch = tuple(
        TelemetryRecord(number, moment, source, name, {ANSWER: answer})
        for number, (moment, source, name, answer) in enumerate(records, 1)
    )
    with database.transaction() as connection:
        Registry(connection).enroll(device, "", 1.0)
        TelemetryStore(connection).store(device, TelemetryBatch("00112233aabbccdd", batch), 1.0)


def newest(database: Database, since: float = 0.0, until: float = 1e10) -> list[Answer]:
    with database.transaction() as connection:
        return newest_answers(connection, APP, "favourite", since, until)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def answers(counted: dict[str, int], choices: int = 4, epsilon: float = 1.0) -> list[Answer]:
    return [Answer(choices, epsilon, value) for value, count in counted.items() for _ in range(count)]


def by_value(counted: Sequence[CountedValue]) -> dict[str, CountedValue]:
    return {each["value"]: each for each in counted}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("4/1/Bern", Answer(4, 1.0, "Bern")),
        ("2/0.5/true", Answer(2, 0.5, "true")),
        ("64/1/a/b", Answer(64, 1.0, "a/b")),
        ("2/1/", Answer(2, 1.0, "")),
        ("1/1/x", None),
        ("65/1/x", None),
        ("4/0/x", None),
        ("4/nan/x", None),
        ("4/inf/x", None),
        ("four/1/x", None),
        ("4/1", None),
        ("", None),
        (4, None),
        (None, None),
    ],
)
def test_an_answer_is_read_and_what_is_none_is_left_out(text: object, read: Answer | None) -> None:
    assert read_answer(text) == read


@given(st.floats(0.1, 5), st.lists(st.integers(0, 300), min_size=2, max_size=64).filter(any))
def test_what_is_sent_on_average_is_estimated_as_what_is_true(epsilon: float, truth: list[int]) -> None:
    choices, devices = len(truth), sum(truth)
    true = probability(epsilon, choices)
    lie = (1 - true) / (choices - 1)
    # Only whole answers can be sent; each estimate is off by at most what half an answer weighs.
    sent = {str(number): round(count * true + (devices - count) * lie) for number, count in enumerate(truth)}
    for histogram in histograms(answers(sent, choices, epsilon)):
        off = abs(histogram["devices"] - devices) * lie + 0.5
        for each in histogram["values"]:
            assert abs(each["estimate"] - truth[int(each["value"])]) <= off / (true - lie) + 1e-6


def test_the_error_is_that_of_the_throws() -> None:
    (histogram,) = histograms(answers({"true": 600, "false": 400}, 2))
    true = math.e / (math.e + 1)
    for each in histogram["values"]:  # with two values both probabilities have the same variance
        expected = 1.959964 * math.sqrt(1000 * true * (1 - true)) / (2 * true - 1)
        assert each["error"] == pytest.approx(expected)
    assert by_value(histogram["values"])["true"]["estimate"] == pytest.approx(
        (600 - 1000 * (1 - true)) / (2 * true - 1)
    )


def test_over_many_fleets_the_counts_are_right_on_average_and_the_errors_hold() -> None:
    dice, fleets, devices = random.Random(20), 300, 400  # noqa: S311 - dice that fall the same each time
    first, second = probability(EPSILON_KEPT, 4), daily(4)[0]

    def throw(truth: int, chance: float) -> int:
        return truth if dice.random() < chance else dice.choice([each for each in range(4) if each != truth])

    truth = {"one": 240, "two": 120, "three": 40, "none": 0}
    having = [WORDS.index(word) for word, count in truth.items() for _ in range(count)]
    sums, within = Counter[str](), Counter[str]()
    for _ in range(fleets):
        sent = [Answer(4, EPSILON_ANSWER, WORDS[throw(throw(value, first), second)]) for value in having]
        (histogram,) = histograms(sent)
        for word, each in by_value(histogram["values"]).items():
            sums[word] += each["estimate"]  # type: ignore[assignment] # counters hold any number
            within[word] += abs(each["estimate"] - truth[word]) <= each["error"]
    assert devices == len(having)
    for word, count in truth.items():
        deviation = 1.959964**-1 * by_value(histograms(answers(dict.fromkeys(WORDS, 100)))[0]["values"])[word]["error"]
        assert abs(sums[word] / fleets - count) <= 6 * deviation / math.sqrt(fleets)
        assert 0.9 <= within[word] / fleets <= 0.99


async def test_a_fleet_counts_what_its_devices_send(database: Database, tmp_path: Path) -> None:
    of = plan(item("favourite", fields={"station": {"type": "choice", "of": list(WORDS)}}, precision="aggregated"))
    for number in range(40):
        room = Room(tmp_path / str(number), answer=True)
        counts = Counts(room.file, room.gate, Dice(number), lambda room=room: room.now)  # type: ignore[misc]
        sent = []
        for day in range(3):
            answer = await counts.count(APP, of, "favourite", "one")
            assert answer is not None
            sent.append((room.now + day, APP, "favourite", str(answer[ANSWER])))
            room.now += DAY
        room.close()
        tell(database, f"device-{number}", sent)
    (histogram,) = histograms(newest(database))
    assert (histogram["devices"], histogram["choices"], histogram["epsilon"]) == (40, 4, EPSILON_ANSWER)
    one = by_value(histogram["values"])["one"]
    assert abs(one["estimate"] - 40) <= one["error"]


def test_each_device_counts_once_by_its_newest_answer_to_this_item(database: Database) -> None:
    tell(database, "hall", [(100.0, APP, "favourite", "4/1/one"), (200.0, APP, "favourite", "4/1/two")])
    tell(database, "kitchen", [(300.0, APP, "favourite", "4/1/none"), (150.0, APP, "favourite", "4/1/one")])
    tell(database, "lobby", [(150.0, "org.example.other", "favourite", "4/1/one"), (150.0, APP, "x", "4/1/one")])
    tell(database, "office", [(150.0, APP, "favourite", "nonsense")])
    assert sorted(each.value for each in newest(database)) == ["none", "two"]
    assert [each.value for each in newest(database, 250.0)] == ["none"]
    assert sorted(each.value for each in newest(database, until=250.0)) == ["one", "two"]


def test_answers_that_were_thrown_differently_are_counted_apart() -> None:
    found = histograms([*answers({"one": 9}), *answers({"one": 20}, epsilon=0.5), *answers({"one": 3}, choices=5)])
    assert [(each["choices"], each["epsilon"], each["devices"]) for each in found] == [
        (4, 0.5, 20),
        (4, 1, 9),
        (5, 1, 3),
    ]
    assert [each["unseen"] for each in found] == [3, 3, 4]


def test_numbers_stand_in_their_order_and_words_by_how_many_have_them() -> None:
    (numbers,) = histograms(answers({"10": 5, "9": 50, "-1.5": 1}, 12))
    assert [each["value"] for each in numbers["values"]] == ["-1.5", "9", "10"]
    (words,) = histograms(answers({"a": 5, "b": 50}))
    assert [each["value"] for each in words["values"]] == ["b", "a"]


def test_a_count_that_its_error_swallows_says_that_it_is_not_clear() -> None:
    (few,) = histograms(answers({"one": 4, "two": 5, "three": 4}))
    assert [each["clear"] for each in few["values"]] == [False, False, False]
    (many,) = histograms(answers({"one": 5_000, "two": 2_500}))
    assert by_value(many["values"])["one"]["clear"]


@pytest.mark.broker
async def test_counts_are_asked_for_over_http_and_at_the_terminal(fleet: RunningFleet, home: FleetHome) -> None:
    now = time.time()
    sent = ["one"] * 90 + ["two"] * 70 + ["three"] * 40

    def work(registry: Registry) -> None:
        for number, value in enumerate(sent):
            registry.enroll(f"device-{number}", "", 1.0)
            record = TelemetryRecord(1, now - 3 * DAY, APP, "favourite", {ANSWER: f"4/1/{value}"})
            batch = TelemetryBatch("00112233aabbccdd", (record,))
            TelemetryStore(registry.connection).store(f"device-{number}", batch, now)

    await fleet.service.change(work)
    client = FleetClient(fleet.url, home.token())
    wanted = {"source": APP, "name": "favourite"}
    found = await client.call("GET", "/api/telemetry/counts", params=wanted)
    (histogram,) = found["histograms"]
    assert (found["days"], histogram["devices"], histogram["unseen"]) == (7, 200, 1)
    assert [each["value"] for each in histogram["values"]] == ["one", "two", "three"]
    nothing = await client.call("GET", "/api/telemetry/counts", params={**wanted, "days": "2"})
    assert nothing["histograms"] == []
    for wrong in ({"name": "favourite"}, {"source": APP, "name": ""}, {**wanted, "days": "0"}):
        with pytest.raises(FleetError):
            await client.call("GET", "/api/telemetry/counts", params=wrong)

    async def shown(*arguments: str) -> list[str]:
        done = await asyncio.to_thread(
            CliRunner().invoke,
            fleet_commands,
            ["--fleet", fleet.url, "count", APP, "favourite", *arguments],
            env={"CYGNET_FLEET_TOKEN": home.token(), "COLUMNS": "120"},
        )
        assert done.exit_code == 0, done.output
        return [" ".join(line.split()) for line in done.output.splitlines()]

    lines = await shown()
    assert lines[0] == "200 devices answered in 7 days, each with one of 4 values at random (epsilon 1)"
    one, three = (by_value(histogram["values"])[word] for word in ("one", "three"))
    assert lines[2].startswith(f"one {one['estimate']:.0f} ± {one['error']:.0f} █")
    assert lines[4] == f"three cannot be told: 0 to {three['estimate'] + three['error']:.0f}"
    assert lines[-1] == "Values that no device sent: 1"
    assert (await shown("--days", "2"))[0].startswith(
        "No device has answered favourite of org.example.radio in 2 days."
    )
    assert '"histograms"' in "".join(await shown("--json"))
