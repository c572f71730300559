"""Many simulated devices in one process, and how they are all together."""

import asyncio
import contextlib
import gc
import resource
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from device_runtime.errors import CygnetError
from firmware_tools.simulation.device import Setting, SimulatedDevice
from firmware_tools.simulation.weather import Fate, Weather

_FILES_A_DEVICE = 6
_FILES_OF_ITS_OWN = 200
_COLLECT_EVERY = 50_000
"""Objects that are made until the youngest are looked at; Python's own is 700."""


class SimulationError(CygnetError):
    """A simulation cannot be run as it was asked for; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Census:
    """All devices at one moment: how many, how many of them are connected and in step; records made and records that
    wait for the fleet; what happened to them so far."""

    devices: int
    online: int
    in_step: int
    recorded: int
    waiting: int
    cuts: int
    reboots: int
    full_disks: int


class Crowd:
    """Devices that are switched on one after the other, live in the weather, and are switched off."""

    def __init__(self, names: Sequence[str], setting: Setting, weather: Weather, seed: int) -> None:
        """
        Args:
            names: the devices' ids.
            setting: what they have in common.
            weather: what goes wrong.
            seed: of everything that is random; the same seed gives each device the same fate.

        Raises:
            SimulationError: this system lets a process open too few files for so many.
        """
        _allow_files(len(names) * _FILES_A_DEVICE + _FILES_OF_ITS_OWN)
        self._is_silent = False
        self.devices = [SimulatedDevice(name, setting, Fate(seed, name, weather)) for name in names]

    @asynccontextmanager
    async def living(self, ramp: float = 0.0, records: float = 0.0) -> AsyncIterator[None]:
        """Let them live for the length of an ``async with`` block.

        Args:
            ramp: over so many seconds they are switched on.
            records: seconds between two records of telemetry of each device; 0: none.

        Raises:
            CygnetError: a device cannot use its folder.
        """
        try:
            async with asyncio.TaskGroup() as group, _sparing_the_collector(ramp):
                tasks = [
                    group.create_task(self._life(device, ramp * index / len(self.devices), records))
                    for index, device in enumerate(self.devices)
                ]
                try:
                    yield
                finally:
                    for task in tasks:
                        task.cancel()
        finally:
            for device in self.devices:
                await device.power_off(goodbye=True)

    async def _life(self, device: SimulatedDevice, after: float, records: float) -> None:
        await asyncio.sleep(after)
        device.power_on()
        async with asyncio.TaskGroup() as group:
            group.create_task(device.live())
            if records:
                group.create_task(self._tick(device, records))

    async def _tick(self, device: SimulatedDevice, every: float) -> None:
        while not self._is_silent:
            await asyncio.sleep(every)
            device.record()

    def calm_down(self) -> None:
        """The weather ends: who is without power gets it back soon, and what happens already is the last."""
        for device in self.devices:
            device.fate.calm_down()

    def fall_silent(self) -> None:
        """No more records are made."""
        self._is_silent = True

    async def settle(self, seconds: float, desired_version: int = 1) -> bool:
        """Wait until all are online and in step with at least this version, and the fleet has all their telemetry.

        Returns:
            Whether they are, before so many seconds have passed.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not all(  # noqa: ASYNC110 - conditions of thousands of devices have no one event
                    device.is_online
                    and device.is_in_step
                    and device.waiting == 0
                    and device.desired_version >= desired_version
                    for device in self.devices
                ):
                    await asyncio.sleep(0.2)
                return True
        return False

    def census(self) -> Census:
        """How they are now."""
        devices = self.devices
        return Census(
            len(devices),
            sum(device.is_online for device in devices),
            sum(device.is_in_step for device in devices),
            sum(device.diary.recorded for device in devices),
            sum(device.waiting for device in devices),
            sum(device.diary.cuts for device in devices),
            sum(device.diary.reboots for device in devices),
            sum(device.diary.full_disks for device in devices),
        )


@asynccontextmanager
async def _sparing_the_collector(ramp: float) -> AsyncIterator[None]:
    """A device has a heap of its own, and a small one. In that of thousands, Python's garbage collector looked at what
    all of them hold for more than a third of the time, and stopped all of them for half a second each time."""
    thresholds = gc.get_threshold()
    gc.set_threshold(_COLLECT_EVERY, *thresholds[1:])
    freezing = asyncio.get_running_loop().call_later(ramp, gc.freeze)
    try:
        yield
    finally:
        freezing.cancel()
        gc.unfreeze()
        gc.set_threshold(*thresholds)


def most_devices() -> int:
    """How many devices this system lets one process simulate, by the files that it may open without raising its hard
    limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, (hard - _FILES_OF_ITS_OWN) // _FILES_A_DEVICE)


def _allow_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, OSError) as error:
        raise SimulationError(
            f"so many devices open {wanted:,} files, and this system lets a process open {hard:,}: "
            "simulate fewer, or raise the limit (`ulimit -n`)"
        ) from error
