"""When a device may switch: the board's rules against what it sees."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device_runtime.host.board import BoardError, load_board
from device_runtime.host.moments import HeardPlayer, Moments
from device_runtime.update.machine import State, Update, Version
from device_runtime.update.moment import Sight, objection
from device_runtime.update.rules import Obstacle, RulesInForce, UpdateRules, in_window

WAITING = Update(Version("b" * 64, 2, "2.0"), State.WAITING, Version("a" * 64, 1, "1.0"))
DRIVING = UpdateRules(obstacles={"driving": Obstacle(file="/run/vehicle/moving")})
LOCKED = UpdateRules(obstacles={"driving": Obstacle(file="/run/vehicle/moving", absolute=True)})
MOVES = Sight(obstacles={"driving": ""})

# rules, what is seen, the update, how it is said
CASES: list[tuple[UpdateRules, Sight, Update, str]] = [
    (UpdateRules(), Sight(), WAITING, ""),
    (UpdateRules(), Sight(sound=True), WAITING, "waits until the device is quiet"),
    (UpdateRules(quiet=False), Sight(sound=True), WAITING, ""),
    (UpdateRules(), Sight(in_use=True, idle=0), WAITING, ""),
    (UpdateRules(idle_minutes=5), Sight(in_use=True, idle=299), WAITING, "waits until nobody has used it for 5 min"),
    (UpdateRules(idle_minutes=5), Sight(in_use=True, idle=300), WAITING, ""),
    (UpdateRules(idle_minutes=5), Sight(in_use=False, idle=0), WAITING, ""),
    (UpdateRules(battery_percent=30), Sight(battery=None), WAITING, ""),
    (UpdateRules(battery_percent=30), Sight(battery=30), WAITING, ""),
    (
        UpdateRules(battery_percent=30),
        Sight(battery=29),
        WAITING,
        "waits for mains, or 30 % of charge; the battery has 29 %",
    ),
    (UpdateRules(windows=("01:00-05:00",)), Sight(minute=60), WAITING, ""),
    (UpdateRules(windows=("01:00-05:00",)), Sight(minute=300), WAITING, "waits until 01:00-05:00"),
    (DRIVING, MOVES, WAITING, "waits while driving"),
    (DRIVING, MOVES, replace(WAITING, urgent=True), ""),
    (DRIVING, MOVES, replace(WAITING, waited=72 * 3600), ""),
    (replace(DRIVING, deadline_hours=0), MOVES, replace(WAITING, waited=1e9), "waits while driving"),
    (LOCKED, MOVES, replace(WAITING, urgent=True, waited=1e9), "waits while driving"),
]


@pytest.mark.parametrize(("rules", "sight", "update", "said"), CASES)
def test_the_moment_is_good_or_it_is_said_why_not(rules: UpdateRules, sight: Sight, update: Update, said: str) -> None:
    assert objection(rules, sight, update) == said


@pytest.mark.parametrize(
    ("windows", "minute", "inside"),
    [
        ((), 0, True),
        (("22:30-05:00",), 22 * 60 + 30, True),
        (("22:30-05:00",), 0, True),
        (("22:30-05:00",), 5 * 60, False),
        (("22:30-05:00",), 12 * 60, False),
        (("01:00-02:00", "13:00-14:00"), 13 * 60 + 59, True),
    ],
)
def test_a_window_may_go_past_midnight(windows: tuple[str, ...], minute: int, inside: bool) -> None:
    assert in_window(windows, minute) is inside


def moments(rules: UpdateRules, *, front: str | None = None, clock: Callable[[], float] = lambda: 0.0) -> Moments:
    return Moments(
        RulesInForce(rules),
        {"speed": lambda: (13.2, "m/s"), "broken": lambda: float("nan")},  # type: ignore[dict-item, return-value]
        lambda: front,
        lambda model: ["radio"] if model == "songs" else [],
        lambda: False,
        battery=lambda: (20, False),
        clock=clock,
        minute=lambda: 720,
    )


@pytest.mark.parametrize(
    ("content", "stands"),
    [("1\n", True), ("yes", True), ("0\n", False), ("", False), ("FALSE", False), ("off by hand", False), (None, True)],
)
async def test_an_obstacle_is_read_from_its_file_and_one_that_cannot_be_read_stands_in_the_way(
    tmp_path: Path, content: str | None, stands: bool
) -> None:
    file = tmp_path / "moving"
    if content is not None:
        file.write_text(content)
    rules = UpdateRules(obstacles={"driving": Obstacle(file=str(file))})
    said = await moments(rules).objection("programs", "radio", WAITING)
    assert said.startswith("waits while driving") is stands


async def test_a_sensor_above_its_value_is_an_obstacle_and_so_is_one_that_does_not_answer() -> None:
    fast = UpdateRules(obstacles={"driving": Obstacle(sensor="speed", above=0.5)})
    assert await moments(fast).objection("programs", "radio", WAITING) == "waits while driving (it reads 13.2 m/s)"
    slow = UpdateRules(obstacles={"driving": Obstacle(sensor="speed", above=20)})
    assert await moments(slow).objection("programs", "radio", WAITING) == ""
    gone = UpdateRules(obstacles={"driving": Obstacle(sensor="taken out")})
    assert (await moments(gone).objection("programs", "radio", WAITING)).startswith("waits while driving: it cannot be")


async def test_a_program_in_front_is_left_alone_while_it_is_used_and_so_is_a_model_of_its() -> None:
    now = 1000.0
    seen = moments(UpdateRules(idle_minutes=1), front="radio", clock=lambda: now)
    assert await seen.objection("programs", "radio", WAITING) == "", "nobody has touched it since the start"
    seen.used()
    now += 59
    for kind, name in (("programs", "radio"), ("models", "songs")):
        assert await seen.objection(kind, name, WAITING) == "waits until nobody has used it for 1 min"  # type: ignore[arg-type]
    for kind, name in (("programs", "clock"), ("models", "faces")):
        assert await seen.objection(kind, name, WAITING) == ""  # type: ignore[arg-type]
    now += 1
    assert await seen.objection("programs", "radio", WAITING) == ""


async def test_a_battery_counts_only_where_the_board_asks() -> None:
    assert await moments(UpdateRules()).objection("programs", "radio", WAITING) == ""
    said = await moments(UpdateRules(battery_percent=50)).objection("programs", "radio", WAITING)
    assert said == "waits for mains, or 50 % of charge; the battery has 20 %"


async def test_a_loudspeaker_says_whether_it_sounds() -> None:
    go = asyncio.Event()

    class Slow:
        async def play(self, wav: bytes) -> float:
            await go.wait()
            return len(wav)

    player = HeardPlayer(Slow())
    playing = asyncio.create_task(player.play(b"wav"))
    await asyncio.sleep(0)
    assert player.sounds
    go.set()
    assert await playing == 3
    assert not player.sounds


BOARD = """name = "b"
description = "d"
[screen]
width = 480
height = 320
[sensors.speed]
driver = "simulated"
"""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[update]\nwindows = ["1:00-5:00"]\n', "holds '1:00-5:00', which is no time such as 22:30-05:00"),
        ('[update]\nwindows = ["01:00-01:00"]\n', "which is no time"),
        ("[update.obstacles.driving]\nabsolute = true\n", "must name a file or a sensor, and not both"),
        ('[update.obstacles.driving]\nfile = "a"\nsensor = "speed"\n', "and not both"),
        ('[update.obstacles.driving]\nsensor = "spede"\n', "is no sensor of this board; it has speed"),
        ("[update]\ntrial_tries = 0\n", "must be between 1 and 20, not 0"),
        ("[update]\ntrail_seconds = 5\n", "did you mean 'trial_seconds'?"),
    ],
)
def test_a_faulty_rule_is_told_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "b.toml"
    path.write_text(BOARD + text)
    with pytest.raises(BoardError) as fault:
        load_board(path)
    assert sentence in str(fault.value)
    assert str(fault.value).startswith(f"{path}:")


def test_a_board_reads_its_rules(tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    path.write_text(
        BOARD + '[update]\nidle_minutes = 5\nwindows = ["22:00-05:00"]\n[update.obstacles.driving]\nsensor = "speed"\n'
    )
    rules = load_board(path).update
    assert (rules.idle_minutes, rules.windows) == (5, ("22:00-05:00",))
    assert rules.obstacles["driving"] == Obstacle(sensor="speed")
