"""The same plan, decisions and events for a Linux device's gate and for a board's, and what each makes of them."""

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from device_runtime.errors import CygnetError
from device_runtime.privacy.outflow import event_outflow
from device_runtime.program.data_plan import DataPlan, unspoken_plan
from firmware_tools.build.portable.plans import board_item, board_plan
from tests.micro.board import run_json
from tests.privacy.room import APP, Room, plan

START = 1_800_000_000
SIZE = 20


@dataclass(frozen=True)
class Case:
    """Items of a plan (``None``: the program has none), the decisions ``(item's name, granted)`` that somebody made
    when the plan was ``earlier``, and steps: ``("event", name, values)``, ``("hear",)``, ``("wait", seconds)``."""

    items: Sequence[Mapping[str, Any]] | None
    decisions: Sequence[tuple[str, bool]] = ()
    steps: Sequence[Sequence[Any]] = ()
    earlier: Sequence[Mapping[str, Any]] | None = None
    organisation: str = ""
    _plans: dict[str, DataPlan] = field(default_factory=dict, compare=False, repr=False)

    @property
    def plan(self) -> DataPlan:
        return unspoken_plan([]) if self.items is None else plan(*self.items)

    @property
    def then(self) -> DataPlan:
        return self.plan if self.earlier is None else plan(*self.earlier)


def linux(case: Case) -> dict[str, Any]:
    """What a Linux device makes of it: an answer a step, what the operator is told, and what the ledger counts."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_linux(case, Path(folder)))


async def _linux(case: Case, folder: Path) -> dict[str, Any]:
    room, of = Room(folder, organisation=case.organisation), case.plan
    for name, granted in case.decisions:
        items = [item for item in case.then.items if item.name == name]
        room.consents.decide(APP, items, granted=granted, who="owner")
    answers = []
    for step in case.steps:
        try:
            if step[0] == "event":
                # As the capability does. What it rounds, a board refuses: see the values of the tests.
                room.gate.permit_now(APP, of, event_outflow(step[1], of.settled(step[1], step[2]), SIZE))
            elif step[0] == "hear":
                await room.gate.collect(APP, of, "speech")
            else:
                room.now += step[1]
            answers.append("")
        except CygnetError as error:
            answers.append(str(error))
    counts: dict[tuple[str, str], list[int]] = {}
    for entry in room.written():
        if entry.act in ("send", "refused"):
            counted = counts.setdefault((entry.act, entry.item), [0, 0])
            counted[0] += entry.count
            counted[1] += entry.bytes
    told = [dict(values) for name, values in room.told if name == "refused"]
    room.close()
    return {"answers": answers, "told": told, "counts": sorted([act, item, *n] for (act, item), n in counts.items())}


_ON_BOARD = """
import os
from micro import clock
from micro.consents import write_privacy
from micro.privacy.outflow import Privacy
from micro.program.errors import CapabilityError
now = [0]
clock.now = lambda: now[0]
clock.ticks_ms = lambda: now[0] * 1000 & 0x3fffffff
made = []
for number, case in enumerate(given["cases"]):
    root = given["root"] + str(number) + "/"
    os.mkdir(root[:-1])
    os.mkdir(root + "cygnet")
    if case["plan"] is not None:
        with open(root + "board.plan", "w") as file: file.write(case["plan"])
    write_privacy(root, given["app"], {"items": case["items"]})
    now[0] = given["start"]
    told = []
    privacy = Privacy(root, root[:-1], given["app"], case["plan"] is not None, case["organisation"],
                      lambda source, name, values: told.append([name, values]))
    answers = []
    for step in case["steps"]:
        try:
            if step[0] == "event": privacy.permit(step[1], step[2], given["size"])
            elif step[0] == "hear": privacy.collect("speech")
            else: now[0] += step[1]
            answers.append("")
        except CapabilityError as error:
            answers.append(str(error))
        said = privacy.flush()
        if said: answers[-1] = "said: " + said
    privacy.end()
    counts = {}
    for name in ("ledger", "today"):
        from micro.records import read_body
        from micro.privacy.ledger import split_days
        body = read_body(root + "cygnet/" + name)
        for day in split_days(body) if name == "ledger" else [body] if body else []:
            for act, _, item, count, size in json.loads(day)[2]:
                counted = counts.setdefault((act, item), [0, 0])
                counted[0] += count
                counted[1] += size
    counts = sorted([[act, item] + counts[(act, item)] for act, item in counts])
    made.append({"answers": answers, "told": [values for name, values in told if name == "refused"], "counts": counts})
answer(made)
"""


def micro(micropython: str, folder: Path, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """The same of a board, for all cases."""
    documents = []
    for case in cases:
        lines = board_plan(case.plan)
        then = {item.name: board_item(item) for item in case.then.items}
        documents.append(
            {
                "plan": lines["board.plan"].decode() if lines else None,
                "items": {name: [int(granted), START, then[name]] for name, granted in case.decisions if name in then},
                "steps": [list(step) for step in case.steps],
                "organisation": case.organisation,
            }
        )
    root = folder / "boards"
    root.mkdir(exist_ok=True)
    given = {"cases": documents, "root": f"{root}/", "app": APP, "start": START, "size": SIZE}
    made: list[dict[str, Any]] = run_json(micropython, _ON_BOARD, json.loads(json.dumps(given)), folder, heap="64m")
    return made
