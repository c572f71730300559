"""A board's gate on its own flash: what a power cut keeps, what a full flash stops, what the fleet is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from firmware_tools.build.portable.plans import PLAN, board_plan
from firmware_tools.provision.privacy import chain_faults
from tests.micro.board import run_json
from tests.micro.program.player import write_program
from tests.privacy.room import APP, item, plan

_STEPS = """
import os
from micro import clock
from micro.capability.gate import Gate
from micro.capability.telemetry import Telemetry
from micro.program.errors import CapabilityError, ProgramError
from micro.records import read_body
now = [given["start"]]
clock.now = lambda: now[0]
clock.ticks_ms = lambda: now[0] * 1000 & 0x3fffffff
root, told, made = given["root"], [], []
class Services:
    def telemetry(self, source, name, values):
        told.append([source, name, dict(values)])
        return True
    def log(self, level, source, text): made.append("log: " + text)
board = {"organisation": given["organisation"], "simulated": True}
def gate(): return Gate(root, board, Services(), None, given["app"], [], root + "program", None, True)
running = gate()
for step in given["steps"]:
    try:
        if step[0] == "event":
            made.append(running.invoke("telemetry", {"name": step[1], "values": step[2]}))
            said = running.flush()
            if said: made[-1] = "said: " + said
        elif step[0] == "hear":
            running._collect("speech")
            if step[1:] != ["held"]: running.flush()
        elif step[0] == "heard":
            class Ears:
                def take(self): return "okay"
            running._parts["inference"] = Ears()
            made.append(running.heard())
            del running._parts["inference"]
        elif step[0] == "wait": now[0] += step[1]
        elif step[0] == "turn": running.flush()
        elif step[0] == "cut": running = gate()
        elif step[0] == "end": running.end(); running = gate()
        elif step[0] == "block":
            with open(root + "cygnet/privacy", "w") as file: file.write("no folder")
        elif step[0] == "mend": os.remove(root + "cygnet/privacy")
        elif step[0] == "today": made.append((read_body(root + "cygnet/today") or b"").decode())
        elif step[0] == "ledger": made.append((read_body(root + "cygnet/ledger") or b"").decode())
        elif step[0] == "load": running.load(["telemetry"])
    except (CapabilityError, ProgramError) as error: made.append(type(error).__name__ + ": " + str(error))
answer({"made": made, "told": told})
"""
CLICKS = item("clicks", fields={"button": {"type": "choice", "of": ["left", "right"]}})
HEARS = item("words", category="speech", destination="device", fields={}, retention_days=0)
CLICK = ("event", "clicks", {"button": "left"})
START = 1_800_000_000


def gate(
    micropython: str, folder: Path, items: Any, *steps: Any, organisation: str = "Example AG", text: bytes | None = None
) -> Any:
    """What steps make: answers of events, and what else is asked; ``told`` is telemetry."""
    write_program(folder / "program", {})
    (folder / "program" / PLAN).write_bytes(text if text is not None else board_plan(plan(*items))[PLAN])
    (folder / "cygnet").mkdir(exist_ok=True)
    given = {"root": f"{folder}/", "app": APP, "start": START, "organisation": organisation, "steps": steps}
    return run_json(micropython, _STEPS, given, folder)


def test_what_leaves_is_counted_by_day_and_the_fleet_is_told_of_each(micropython: str, tmp_path: Path) -> None:
    answer = gate(
        micropython, tmp_path, [CLICKS], CLICK, ("today",), ("wait", 61), ("turn",), ("today",), CLICK, CLICK,
        ("event", "other", {}), ("end",), ("today",), ("wait", 86_400), CLICK, ("end",), ("today",), ("ledger",),
    )  # fmt: skip
    never, minute, _, _, refused, day, _, next_day, ledger = answer["made"][1:]
    assert never == "", "the flash is written once a minute"
    number = START // 86_400
    assert json.loads(minute) == [number, "0" * 64, [["send", APP, "clicks", 1, 16]]]
    assert refused.startswith("CapabilityError: privacy: the data plan has no item 'other'")
    entries = json.loads(day)[2]
    assert sorted(entries) == [["refused", APP, "", 1, 0], ["send", APP, "clicks", 3, 48]]
    assert ledger == f"[{day}]"
    assert list(chain_faults([day.encode(), next_day.encode()])) == []
    point = {"number": number, "hash": json.loads(next_day)[1]}
    (_, sent), (_, head) = [told[1:] for told in answer["told"] if told[1] in ("sent", "head")]
    assert sent == {
        "app_id": APP, "item": "clicks", "to": "fleet", "count": 3, "bytes": 48, "after": number - 1, **point,
    }  # fmt: skip
    assert head == point


def test_what_a_program_has_heard_is_known_after_a_power_cut_before_it_is_told_anything(
    micropython: str, tmp_path: Path
) -> None:
    note = item("note")
    answer = gate(
        micropython, tmp_path, [HEARS, note], ("hear", "held"), ("heard",), ("cut",),
        ("event", "note", {"station": "x"}), ("hear",), ("heard",), ("cut",), ("event", "note", {"station": "x"}),
    )  # fmt: skip
    held, before, heard, after = answer["made"]
    assert held is None, "it hears nothing before the label is on the flash"
    assert before is None
    assert heard == "okay"
    assert "has seen speech" in after


def test_a_board_that_starts_again_and_again_tells_no_more_of_what_was_heard(micropython: str, tmp_path: Path) -> None:
    steps: list[Any] = [("hear",)]
    for _ in range(9):
        steps += [("cut",), CLICK]
    made = gate(micropython, tmp_path, [CLICKS, HEARS], *steps)["made"]
    assert made[:8] == [None] * 8, "32 bits and what it tells are set aside at each start"
    assert "256 bits a day" in made[8]
    made = gate(micropython, tmp_path, [CLICKS, HEARS], CLICK, ("wait", 86_400), CLICK)["made"]
    assert "256 bits a day" in made[0], "the flash remembers"
    assert made[1] is None


def test_a_flash_that_does_not_take_what_was_told_lets_nothing_leave(micropython: str, tmp_path: Path) -> None:
    answer = gate(
        micropython, tmp_path, [CLICKS, HEARS], ("block",), ("hear",), ("heard",), CLICK, ("mend",), ("turn",),
        ("heard",), CLICK,
    )  # fmt: skip
    deaf, said, heard, sent = answer["made"]
    assert deaf is None
    assert said.startswith("said: what of the program leaves the board cannot be written down")
    assert (heard, sent) == ("okay", None)
    assert [name for source, name, _ in answer["told"] if source == APP] == ["clicks"], "the first never leaves"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "its data plan for boards is missing or broken; build the program again"),
        (b"[1,0]\n{", "missing or broken"),
        (b'[2,0]\n["a"]\n', "missing or broken"),
        (b'[1,0]\n["a"]\n', "missing or broken"),
        (b"[1,0]\n" + b'["a","fleet",["usage"],"service","consent",1,"exact",{}]\n' * 17, "has 17 items, and a board"),
        (b"[1,0]\n" + b" " * 4096, "longer than the 4096 bytes that a board takes"),
    ],
    ids=["empty", "no JSON", "another format", "half an item", "too many items", "too long"],
)
def test_a_plan_that_a_board_cannot_read_is_no_leave_to_send(
    micropython: str, tmp_path: Path, text: bytes, sentence: str
) -> None:
    made = gate(micropython, tmp_path, [], ("load",), CLICK, text=text)
    assert [sentence in each for each in made["made"]] == [True, True]
    assert made["told"] == []


def test_what_is_refused_is_told_in_words_of_the_plan_alone(micropython: str, tmp_path: Path) -> None:
    secret: tuple[Any, ...] = (
        ("event", "lat46.9", {}),
        ("event", "clicks", {"lat46.9": 1}),
        ("event", "clicks", {"button": "lat46.9"}),
    )
    answer = gate(micropython, tmp_path, [CLICKS], *secret, ("end",), ("today",))
    assert "46.9" not in json.dumps(answer["told"]) + answer["made"][-1]
    assert [values for _, _, values in answer["told"]] == [
        {"app_id": APP, "why": "unplanned", "item": "", "count": 1},
        {"app_id": APP, "why": "unplanned", "item": "clicks", "count": 1},
    ]
