"""``kill -9`` of a real device at the transitions of an update, with a real broker and the real fleet.

A short form runs with all tests; ``make update-faults`` runs every transition, before and after it is written.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware_tools.build.program import build_program
from firmware_tools.fleet.documents import device_document
from firmware_tools.fleet.server import RunningFleet
from firmware_tools.fleet.telemetry import TelemetryQuery

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600), pytest.mark.xdist_group("system")]
ALL = bool(os.environ.get("CYGNET_UPDATE_FAULTS"))
APP = "org.example.counter"
SECONDS = 120
BOARD = """
name = "quiet"
description = "A screen that does not listen"

[screen]
width = 480
height = 320
port = 0

[privacy]
organisation = "tests"

# A machine under test is slow, and that is no fault of a program.
[limits]
launch_seconds = 60

[update]
check_seconds = 0.2
trial_seconds = 0.5
trial_tries = 2
"""
GOOD = "Page({})"
# It ends itself for good: its heap is used up.
GREEDY = "Page({onReady(){ setTimeout(() => { const all = []; for (;;) all.push(new ArrayBuffer(1e6)) }, 1) }})"
UNWELL = "Page({onLoad(){ wx.setStorageSync('note', 'new'); wx.reportHealth({ ok: false, reason: 'no tuner' }) }})"
KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)

_POINTS = [
    (state, when, state in ("rolling-back", "rolled-back"))
    for state in (
        "downloading", "verifying", "staged", "waiting", "switching", "trial", "committed", "done", "rolling-back",
        "rolled-back",
    )
    for when in ("before", "after")
]  # fmt: skip
_SHORT = [("switching", "after", False), ("rolling-back", "after", True)]


def built(folder: Path, code: int, page: str) -> bytes:
    program = folder / f"v{code}"
    files = {
        "cygnet.json": json.dumps({"app_id": APP, "name": "Counter", "version": {"code": code, "name": f"{code}.0"}}),
        "app.json": json.dumps({"pages": ["pages/index/index"]}),
        "app.js": "App({})",
        "pages/index/index.js": page,
        "pages/index/index.wxml": "<view>counter</view>",
    }
    for name, text in files.items():
        path = program / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return build_program(program, KEY).data


class Kitchen:
    """One device, started again and again."""

    def __init__(self, folder: Path, fleet: RunningFleet) -> None:
        self.folder, self.fleet = folder, fleet
        self.code = 0

    async def begin(self) -> None:
        provisioning, _ = await self.fleet.operations.enroll("kitchen", "Kitchen")
        (self.folder / "kitchen.toml").write_text(provisioning.to_toml())
        (self.folder / "moving").write_text("0")
        obstacle = f'[update.obstacles.driving]\nfile = "{self.folder / "moving"}"\n'
        (self.folder / "quiet.toml").write_text(BOARD + obstacle)

    @asynccontextmanager
    async def device(self, at: str = "-", when: str = "after") -> AsyncIterator[asyncio.subprocess.Process]:
        arguments = [str(self.folder / name) for name in ("quiet.toml", "kitchen.toml", "state")]
        log = (self.folder / "device.log").open("ab")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.update.dying_device", *arguments, at, when, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            log.close()

    async def assign(self, page: str = GOOD) -> int:
        self.code += 1
        await self.fleet.operations.publish(built(self.folder, self.code, page), "counter.ma")
        await self.fleet.operations.assign("kitchen", APP, self.code, launch=True)
        return self.code

    async def program(self) -> dict[str, Any]:
        device = await self.fleet.service.read(lambda registry, _: registry.device("kitchen"))
        programs = {program["app_id"]: program for program in device_document(device)["programs"]}
        found = programs.get(APP)
        has = found["has"] if found else None
        return {"step": found["step"] if found else "", "has": asdict(has) if has else None}

    async def shown(self, step: str, code: int, note: str = "") -> dict[str, Any]:
        """Wait until the fleet says so of the program."""
        try:
            async with asyncio.timeout(SECONDS):
                while True:
                    program = await self.program()
                    has = program["has"]
                    if has and (program["step"], has["version_code"], has["note"]) == (step, code, note):
                        return program
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            log = (self.folder / "device.log").read_text()[-4000:]
            raise AssertionError(f"never {step} {code}, still {await self.program()}\n{log}") from error

    async def states(self) -> list[tuple[int, str]]:
        """The transitions that the fleet's store has heard of, oldest first: version code and state."""
        query = TelemetryQuery(device="kitchen", name="update", limit=1000)
        records = await self.fleet.service.read(lambda _, telemetry: telemetry.records(query))
        ordered = sorted(records, key=lambda record: record["sequence"])
        return [(record["values"]["version_code"], record["values"]["state"]) for record in ordered]

    async def told_of(self, code: int) -> list[tuple[int, str]]:
        """Wait until the store has heard that this version is committed; all that it has heard of by then."""
        async with asyncio.timeout(SECONDS):
            while (code, "committed") not in (states := await self.states()):  # noqa: ASYNC110 batches come in their time
                await asyncio.sleep(0.2)
        return states

    def installed(self) -> int:
        index = json.loads((self.folder / "state" / "programs" / "installed.json").read_text())
        code: int = index[APP]["version_code"]
        return code

    async def cleared(self) -> None:
        """Wait until nothing is left beside what is installed."""
        folder = self.folder / "state" / "programs" / "packages"
        async with asyncio.timeout(SECONDS):
            while len(list(folder.iterdir())) != 1:  # noqa: ASYNC110 another process deletes them
                await asyncio.sleep(0.05)


@pytest.fixture
async def kitchen(tmp_path: Path, fleet: RunningFleet) -> Kitchen:
    made = Kitchen(tmp_path, fleet)
    await made.begin()
    return made


async def test_a_device_killed_at_any_transition_ends_in_one_whole_version(kitchen: Kitchen) -> None:
    async with kitchen.device():
        await kitchen.shown("in step", await kitchen.assign())
    for state, when, bad in _POINTS if ALL else _SHORT:
        before = kitchen.installed()
        code = await kitchen.assign(GREEDY if bad else GOOD)
        async with kitchen.device(state, when) as process:
            async with asyncio.timeout(SECONDS):
                assert await process.wait() == -signal.SIGKILL, f"it was never {state}"
        async with kitchen.device():
            program = await kitchen.shown("rolled back" if bad else "in step", code)
            if bad:
                assert (program["has"]["error"], program["has"]["cause"]) == (
                    "it needs more than the 64 MB it may have", "health",
                )  # fmt: skip
            await kitchen.cleared()
        assert kitchen.installed() == (before if bad else code), (state, when)


async def test_a_device_waits_tries_and_goes_back_and_the_fleet_sees_it(kitchen: Kitchen) -> None:
    async with kitchen.device():
        await kitchen.shown("in step", await kitchen.assign())

        unwell = await kitchen.assign(UNWELL)
        program = await kitchen.shown("rolled back", unwell)
        assert program["has"]["error"] == "it said that it is not well: no tuner"
        assert (program["has"]["cause"], kitchen.installed()) == ("health", unwell - 1)

        (kitchen.folder / "moving").write_text("1")
        waiting = await kitchen.assign()
        await kitchen.shown("staged", waiting, "waits while driving")
        assert kitchen.installed() == unwell - 1, "the old version runs until the moment is good"
        (kitchen.folder / "moving").write_text("0")
        await kitchen.shown("in step", waiting)
        states = await kitchen.told_of(waiting)
    assert states[:3] == [(1, "waiting"), (1, "trial"), (1, "committed")]
    assert (unwell, "rolling-back") in states
