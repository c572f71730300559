"""Some of the devices of a crowd, in a process of their own: one process may not open the files of all.

python -m benchmarks.telemetry.crowd_process FLEET-HOME BROKER FOLDER FIRST COUNT

It switches its devices on. Each line that it reads then is a question: ``settled N``, when all are in step with at
least version N of what is desired, and ``online``, when all are connected. The answer, when that is so, is the highest
version that one of them follows.
"""

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.keys import key_ring
from firmware_tools.fleet.home import FleetHome
from firmware_tools.sign.keys import load_private_key
from firmware_tools.simulation.crowd import Crowd, most_devices
from firmware_tools.simulation.device import Setting
from firmware_tools.simulation.weather import Weather

PATIENCE = 900.0
_MOST = 2_500
_DEVICES_A_SECOND = 50.0


def name_of(number: int) -> str:
    """The id of a device."""
    return f"sim-{number:05}"


class Crowds:
    """All the processes together."""

    def __init__(self, processes: Sequence[asyncio.subprocess.Process]) -> None:
        self._processes = processes

    async def ask(self, question: str) -> int:
        """Wait until it is so of all; the highest version that one follows.

        Raises:
            CygnetError: it did not come to be so.
        """
        return max(await asyncio.gather(*(self._ask(process, question) for process in self._processes)))

    async def _ask(self, process: asyncio.subprocess.Process, question: str) -> int:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{question}\n".encode())
        answer = (await process.stdout.readline()).decode().strip()
        if not answer.isdecimal():
            raise CygnetError(f"some devices were never {question.split()[0]}: {answer or 'their process ended'}")
        return int(answer)


@asynccontextmanager
async def running_crowds(home: FleetHome, broker: str, folder: Path, count: int) -> AsyncIterator[Crowds]:
    """So many devices, switched on one after the other, for the length of an ``async with`` block."""
    each = min(_MOST, most_devices())
    async with AsyncExitStack() as stack:
        processes = []
        for first in range(0, count, each):
            some = str(min(each, count - first))
            command = [sys.executable, "-m", "benchmarks.telemetry.crowd_process", str(home.directory), broker]
            process = await asyncio.create_subprocess_exec(
                *command, str(folder), str(first), some, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            stack.push_async_callback(_end, process)
            processes.append(process)
        yield Crowds(processes)


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()


async def _live(home: FleetHome, broker: str, folder: Path, first: int, count: int) -> None:
    key = load_private_key(home.key_file).public_key()
    setting = Setting(home.settings().fleet, broker, key_ring([key]), folder)
    crowd = Crowd([name_of(first + number) for number in range(count)], setting, Weather(), 1)
    async with crowd.living(ramp=count / _DEVICES_A_SECOND):
        while question := await asyncio.to_thread(sys.stdin.readline):
            print(await _answer(crowd, question.split()), flush=True)


async def _answer(crowd: Crowd, question: Sequence[str]) -> str:
    if question[0] == "online":
        async with asyncio.timeout(PATIENCE):
            while not all(device.is_online for device in crowd.devices):  # noqa: ASYNC110 - of thousands, no one event
                await asyncio.sleep(0.1)
    elif not await crowd.settle(PATIENCE, int(question[1])):
        return f"after {PATIENCE:g} s: {crowd.census()}"
    return str(max(device.desired_version for device in crowd.devices))


if __name__ == "__main__":
    logging.getLogger("device_runtime").setLevel(logging.CRITICAL)  # thousands say what one device would log
    asyncio.run(_live(FleetHome(Path(sys.argv[1])), sys.argv[2], Path(sys.argv[3]), *map(int, sys.argv[4:])))
