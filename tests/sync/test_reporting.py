"""When a device says what it has, and when it does not say it."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from device_runtime.sync.messages import ProgramPhase, ProgramReport, Reported
from device_runtime.sync.pace import Pace
from device_runtime.sync.reporting import Reporting
from device_runtime.sync.transport import TransportError
from tests.sync.waiting import until


class Lamp:
    """A device with one program, and what its fleet hears."""

    def __init__(self, progress: float = 30.0) -> None:
        self.program = ProgramReport(1, "1.0", "installed")
        self.heard: list[tuple[str, int]] = []
        self.refused: list[str] = []
        self.is_deaf = False
        self.looks = 0
        self.pace = Pace(report=0.01, watch=0.02, progress=progress)
        self.reporting = Reporting(self.pace, self._compose, self._online, self._send, self.refused.append)

    def _compose(self) -> Reported:
        self.looks += 1
        return Reported(1, 1, "lamp", "0.1.0", {"weather": self.program})

    async def _online(self) -> None:
        return

    async def _send(self, payload: bytes) -> None:
        if self.is_deaf:
            raise TransportError("the connection ended")
        program = json.loads(payload)["programs"]["weather"]
        self.heard.append((program["phase"], program.get("received", 0)))

    def becomes(self, phase: ProgramPhase, received: int = 0) -> None:
        self.program = ProgramReport(2, "2.0", phase, received, 1_000)
        self.reporting.look()


@asynccontextmanager
async def reporting(lamp: Lamp) -> AsyncIterator[None]:
    task = asyncio.create_task(lamp.reporting.run())
    try:
        await until(lambda: lamp.heard or lamp.is_deaf)
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _looks(lamp: Lamp, times: int) -> None:
    """Long enough for so many looks to be over."""
    before = lamp.looks
    await until(lambda: lamp.looks >= before + times)


async def test_what_has_not_changed_is_not_said_again_however_often_somebody_says_look() -> None:
    lamp = Lamp()
    async with reporting(lamp):
        for _ in range(5):
            lamp.reporting.look()
            await _looks(lamp, 1)
        assert lamp.heard == [("installed", 0)]


async def test_what_the_fleet_may_not_have_is_said_again_though_nothing_changed() -> None:
    lamp = Lamp()
    async with reporting(lamp):
        lamp.reporting.repeat()
        await until(lambda: len(lamp.heard) == 2)


async def test_a_report_that_was_not_sent_is_sent_again() -> None:
    lamp = Lamp()
    lamp.is_deaf = True
    async with reporting(lamp):
        await _looks(lamp, 2)
        lamp.is_deaf = False
        await until(lambda: lamp.heard == [("installed", 0)])


async def test_of_a_long_download_ever_fewer_steps_are_told() -> None:
    lamp = Lamp(progress=3_600.0)
    begun = asyncio.get_running_loop().time()
    async with reporting(lamp):
        for received in range(1, 200):
            lamp.becomes("downloading", received)
            await asyncio.sleep(0.003)
        seconds = asyncio.get_running_loop().time() - begun
        told = [received for phase, received in lamp.heard if phase == "downloading"]
        assert 1 <= len(told) <= math.log2(seconds / lamp.pace.report) + 2, "the time between two doubles"
        assert told == sorted(told)


async def test_what_is_over_is_told_at_once_though_a_step_was_held_back() -> None:
    lamp = Lamp(progress=3_600.0)
    async with reporting(lamp):
        for received in range(1, 100):
            lamp.becomes("downloading", received)
            await asyncio.sleep(0.003)
        lamp.becomes("running")
        await until(lambda: lamp.heard[-1] == ("running", 0))
        lamp.becomes("downloading", 5)
        await until(lambda: lamp.heard[-1] == ("downloading", 5))


async def test_the_last_step_of_what_goes_no_further_is_told_in_the_end() -> None:
    lamp = Lamp(progress=0.05)
    async with reporting(lamp):
        for received in range(1, 20):
            lamp.becomes("downloading", received)
        lamp.becomes("downloading", 20)
        await until(lambda: lamp.heard[-1] == ("downloading", 20))
