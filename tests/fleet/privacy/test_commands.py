"""``cygnet fleet privacy``: shown, checked, exported and erased from a terminal, against a fleet that runs."""

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from device_runtime.privacy.ledger import Entry
from firmware_tools.cli.fleet import fleet as fleet_command
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.server import RunningFleet
from tests.fleet.packages import small_package
from tests.fleet.privacy.told import LAMP, WEATHER, Told, of_entry, refused, sent, tell
from tests.privacy.room import Room, item, plan

pytestmark = pytest.mark.broker
Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(fleet: RunningFleet, home: FleetHome) -> Run:
    """The command of somebody at a terminal."""

    async def command(*words: str, answer: str = "") -> Result:
        def invoke() -> Result:
            environment = {"CYGNET_FLEET_URL": fleet.url, "CYGNET_FLEET_TOKEN": home.token()}
            return CliRunner().invoke(fleet_command, ["privacy", *words], env=environment, input=answer)

        return await asyncio.to_thread(invoke)

    return command


async def ledger(fleet: RunningFleet, tmp_path: Path) -> list[Entry]:
    """That of a device, which has told the fleet of it."""
    room = Room(tmp_path / "device")
    room.allow(plan(item("heard"), item("place")))
    room.refuse(plan(item("place")))
    entries = room.ledger.entries()
    room.close()
    await fleet.operations.enroll("kitchen", "")
    told: list[Told] = [(WEATHER, "heard", {"n": 1}), *map(of_entry, entries), refused("seen", "heard", 3)]
    told.append(sent("heard", 8, 64, 0, 4, entries[3].hash, rounded=True))
    await fleet.service.change(lambda registry: tell(registry.connection, told, at=1_700_000_000.0))
    return entries


def written(path: Path, entries: list[Entry]) -> Path:
    """As ``cygnet device privacy ledger --json`` writes it."""
    path.write_text("".join(json.dumps(dataclasses.asdict(entry)) + "\n" for entry in entries))
    return path


async def test_decisions_refusals_and_the_ledger_are_shown(fleet: RunningFleet, run: Run, tmp_path: Path) -> None:
    await fleet.operations.enroll("hall", "")
    assert "Nobody has decided anything on this device yet" in (await run("hall")).output
    await ledger(fleet, tmp_path)
    shown = (await run("kitchen")).output
    assert f"{WEATHER}: heard: yes, by owner on " in shown
    assert f"{WEATHER}: place: no, after a yes, by owner on " in shown
    assert f"{WEATHER} heard: sent about 8 times, about 64 bytes to fleet, last told " in shown
    assert f"{WEATHER} heard: turned away 3 times (seen)" in shown
    assert "Its ledger had 4 entries on " in shown
    document = json.loads((await run("show", "kitchen", "--json")).output)
    assert [each["act"] for each in document["decisions"]] == ["grant", "revoke"]


async def test_a_ledger_is_checked_and_a_change_is_named(fleet: RunningFleet, run: Run, tmp_path: Path) -> None:
    entries = await ledger(fleet, tmp_path)
    whole = await run("check", "kitchen", str(written(tmp_path / "ledger.jsonl", entries)))
    assert (whole.exit_code, "is whole: 4 entries, of which 4 are as kitchen told" in whole.output) == (0, True)
    entries[2] = dataclasses.replace(entries[2], act="refuse")
    wrong = await run("check", "kitchen", str(written(tmp_path / "ledger.jsonl", entries)))
    assert "entry 3 is not as it was written" in wrong.output
    assert str(wrong.exception).endswith("ledger.jsonl is not the ledger that kitchen wrote")


async def test_what_is_held_is_exported_and_erased_by_whoever_says_yes(
    fleet: RunningFleet, run: Run, tmp_path: Path
) -> None:
    await ledger(fleet, tmp_path)
    assert (await run("export", "kitchen", "--out", str(tmp_path / "held.jsonl"))).exit_code == 0
    lines = [json.loads(line) for line in (tmp_path / "held.jsonl").read_text().splitlines()]
    assert WEATHER in {line["value"].get("source") for line in lines if line["held"] == "record"}
    assert (await run("erase", "kitchen", WEATHER, answer="n\n")).exit_code == 1
    erased = await run("erase", "kitchen", WEATHER, answer="y\n")
    assert f"Erased of kitchen: {WEATHER}, 2 records." in erased.output
    assert "Erased for operator on " in (await run("kitchen")).output
    assert "Erased of kitchen: all programs, 0 records." in (await run("erase", "kitchen", "--yes")).output


async def test_the_plan_of_a_program_is_shown(fleet: RunningFleet, run: Run) -> None:
    await fleet.operations.publish(small_package(LAMP), "lamp.ma")
    assert "It has no plan, or one that sends nothing." in (await run("program", LAMP)).output
    assert "is not published" in str((await run("program", WEATHER)).exception)
