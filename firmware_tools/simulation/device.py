"""One simulated device: its own agent, its own store of programs, its own telemetry queue, on a folder of its own.

Only what needs hardware or much memory is left out: programs do not run, they are marked as running.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.host.fleet_settings import FleetSettings
from device_runtime.keys import KeyRing
from device_runtime.program.store import InstalledProgram, ProgramStore
from device_runtime.sync.agent import Identity, SyncAgent
from device_runtime.sync.messages import ProgramTarget, RootTarget
from device_runtime.sync.pace import Pace
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff
from device_runtime.trust.layer import TrustLayer
from device_runtime.update.rules import UpdateRules
from firmware_tools.simulation.weather import Fate, Weather
from firmware_tools.simulation.wire import BadWire

SOURCE = "simulation"
"""The source of the records that simulated devices make; each holds ``number``, which counts from 0."""


class SimulatedPrograms:
    """The programs of a device, in a real store; which of them run is a set of names."""

    def __init__(self, store: ProgramStore, refuses: Callable[[str, int], str]) -> None:
        """``refuses`` gives the sentence with which a version of a program does not start, empty if it does."""
        self._store, self._refuses = store, refuses
        self._running: set[str] = set()

    def installed(self) -> Mapping[str, InstalledProgram]:
        """The programs by app id."""
        return self._store.installed()

    def running(self) -> Collection[str]:
        """Those that are marked as running."""
        return self._running

    def package_file(self, app_id: str) -> Path | None:
        """The package of the version that is installed."""
        return self._store.package_file(app_id)

    async def install(self, path: Path, app_id: str, target: ProgramTarget) -> None:
        """Verify and switch. Raises :class:`CygnetError`."""
        if sentence := self._refuses(app_id, target.version_code):
            raise CygnetError(sentence)
        await asyncio.to_thread(self._store.install, path, app_id, target.version_code)

    async def remove(self, app_id: str) -> None:
        """Delete. Raises :class:`StoreError`."""
        self._running.discard(app_id)
        await asyncio.to_thread(self._store.remove, app_id)

    async def launch(self, app_id: str) -> None:
        """Mark as running."""
        self._running.add(app_id)

    async def start(self, app_id: str) -> None:
        """Mark as running."""
        self._running.add(app_id)


@dataclass(slots=True)
class Diary:
    """What happened to a device, as the simulation saw it."""

    recorded: int = 0
    """Records that its disk took, so that they must reach the fleet."""
    cuts: int = 0
    reboots: int = 0
    full_disks: int = 0


@dataclass(slots=True)
class Setting:
    """What the devices of one simulation have in common."""

    fleet: str
    broker: str
    trusted: KeyRing
    """The fleet's key."""
    folder: Path
    pace: Pace = field(default_factory=Pace)
    connect: Backoff = field(default_factory=Backoff)
    refuses: Callable[[str, int], str] = lambda _app_id, _version_code: ""
    keepalive: int = 30
    patience: float = 10.0
    """As of :class:`ContentPuller`, in seconds."""
    root: RootTarget | None = None
    """Of the fleet's signed metadata; None where it has none, or devices are to hear of it from a document."""


class SimulatedDevice:
    """A device that can be switched on and off, and to which things happen."""

    def __init__(self, name: str, setting: Setting, fate: Fate) -> None:
        self.name, self.diary = name, Diary()
        self._setting, self.fate = setting, fate
        self._folder = setting.folder / name
        self._full_until = 0.0
        self._agent: SyncAgent | None = None
        self._transport: BadWire | None = None
        self._programs: SimulatedPrograms | None = None
        self._queue: TelemetryQueue | None = None

    def power_on(self) -> None:
        """Start from what is on the disk.

        Raises:
            CygnetError: the folder cannot be read or written.
        """
        setting = self._setting
        (fleet_key,) = setting.trusted.values()
        self._queue = TelemetryQueue(self._folder / "telemetry.db", clock=self._clock)
        trust = TrustLayer(
            self._folder / "trust",
            setting.fleet,
            fleet_key,
            setting.root,
            self._queue.record,
            clock=self._clock,
            patience=setting.patience,
        )
        settings = FleetSettings(UpdateRules(), 0, self._queue, self._queue.record)
        self._programs = SimulatedPrograms(ProgramStore(self._folder / "programs", trust.keys.sealing), setting.refuses)
        self._transport = BadWire(
            setting.broker,
            f"device-{self.name}",
            self.fate,
            backoff=setting.connect,
            keepalive=setting.keepalive,
        )
        self._agent = SyncAgent(
            Identity(setting.fleet, self.name, "simulated", "simulation"),
            trust.keys.desired,
            self._folder / "sync",
            self._transport,
            self._programs,
            self._queue,
            on_settings=settings.hear,
            settings_reports=settings.reports,
            gate=trust,
            pace=setting.pace,
            content_options={"free": lambda _folder: self._free(), "patience": setting.patience},
            clock=self._clock,
        )
        self._agent.start()

    async def power_off(self, *, goodbye: bool = False) -> None:
        """Stop at once, as a power cut does, or with a ``goodbye``."""
        if self._agent is not None and self._queue is not None:
            agent, self._agent = self._agent, None
            await agent.stop(goodbye=goodbye)
            self._queue.close()

    async def live(self) -> None:
        """What the weather does to it, until it is cancelled; off or on then, as it happens."""
        while True:
            seconds, kind = self.fate.next_event()
            if not kind:
                return
            await asyncio.sleep(seconds)
            if self.fate.weather == Weather():
                return  # it ended meanwhile
            await self._suffer(kind)

    async def _suffer(self, kind: str) -> None:
        weather = self.fate.weather
        if kind == "cut":
            self.diary.cuts += 1
            if self._transport is not None:
                self._transport.break_off()
        elif kind == "full":
            self.diary.full_disks += 1
            self._full_until = time.monotonic() + self.fate.lasts(weather.full)
        else:
            self.diary.reboots += 1
            await self.power_off()
            try:
                await asyncio.sleep(self.fate.lasts(weather.dark))
            finally:
                self.power_on()

    def record(self) -> None:
        """Make one record of telemetry."""
        if self._agent is not None and self._queue is not None:
            self.diary.recorded += self._queue.record(SOURCE, "tick", {"number": self.diary.recorded})

    @property
    def is_online(self) -> bool:
        """Whether it is connected to the broker."""
        return self._agent is not None and self._transport is not None and self._transport.connected

    @property
    def waiting(self) -> int:
        """Records that the fleet has not acknowledged."""
        return self._queue.pending() if self._agent is not None and self._queue is not None else 0

    @property
    def desired_version(self) -> int:
        """The version of the desired document that it follows, 0 before the first."""
        desired = self._agent.desired if self._agent is not None else None
        return desired.version if desired is not None else 0

    def installed_version(self, app_id: str) -> int:
        """The version code of a program that is installed, 0 if it is not."""
        installed = self._programs.installed().get(app_id) if self._programs is not None else None
        return installed.version_code if installed is not None else 0

    @property
    def is_in_step(self) -> bool:
        """Whether it has what it should have, as far as it knows."""
        desired = self._agent.desired if self._agent is not None else None
        if desired is None or self._programs is None:
            return False
        has = {app_id: program.sha256 for app_id, program in self._programs.installed().items()}
        return has == {app_id: target.sha256 for app_id, target in desired.programs.items()}

    def _clock(self) -> float:
        return time.time() + self.fate.skew

    def _free(self) -> int:
        return 0 if time.monotonic() < self._full_until else 2**40
