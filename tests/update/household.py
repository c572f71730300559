"""A device's programs for tests of updates: the real stores, and a desk whose programs do as they are told."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.registry import Caller
from device_runtime.capability.storage import ProgramStorage
from device_runtime.host.desk import Desk
from device_runtime.host.program_stages import ProgramStages
from device_runtime.keys import key_ring
from device_runtime.program.package import read_package
from device_runtime.program.store import ProgramStore
from device_runtime.sync.messages import ProgramTarget
from device_runtime.update.machine import State, Update
from device_runtime.update.records import Kind, UpdateRecords
from device_runtime.update.rules import RulesInForce, UpdateRules
from device_runtime.update.stages import UpdateError
from device_runtime.update.updates import Updates
from tests.fleet.packages import DEVELOPER, small_package

TRUSTED = key_ring([DEVELOPER.public_key()])
LAMP = "org.example.lamp"
QUICK = UpdateRules(check_seconds=0.1, trial_seconds=0.1, trial_tries=2)


class PowerCut(BaseException):
    """The device is gone: nothing after this line happens."""


@dataclass
class PaperDesk:
    """``behaves(code, storage)`` runs when a version starts; it may raise :class:`CygnetError`."""

    store: ProgramStore
    behaves: Callable[[int], None] = lambda _code: None
    up: dict[str, int] = field(default_factory=dict)
    front: str | None = None
    starts: list[int] = field(default_factory=list)
    launches: list[str] = field(default_factory=list)
    on_end_by_itself: Callable[[str, str], bool] = lambda _app_id, _reason: False

    def running(self, app_id: str) -> int | None:
        return self.up.get(app_id)

    def hold(self, app_id: str) -> None: ...

    def release(self, app_id: str) -> None: ...

    async def stop_program(self, app_id: str) -> None:
        self.up.pop(app_id, None)

    async def session(self, app_id: str) -> None:
        if app_id not in self.up:
            code = self.store.package(app_id).manifest.version.code
            self.starts.append(code)
            self.behaves(code)
            self.up[app_id] = code

    async def launch(self, app_id: str) -> None:
        await self.session(app_id)
        self.launches.append(app_id)
        self.front = app_id

    def falls_over(self, app_id: str) -> bool:
        """It ends by itself; whether its trial sees to that."""
        self.up.pop(app_id, None)
        return self.on_end_by_itself(app_id, "it ran out of memory")


class Household:
    """One start of a device on ``folder``. ``cut`` may raise :class:`PowerCut` before or after a record is written."""

    def __init__(
        self,
        folder: Path,
        rules: UpdateRules = QUICK,
        behaves: Callable[[int], None] = lambda _code: None,
        cut: Callable[[str, Update | None], None] = lambda _when, _update: None,
    ) -> None:
        self.store = ProgramStore(folder / "programs", TRUSTED)
        self.storage, self.files = ProgramStorage(folder / "storage.db"), ProgramFiles(folder / "files")
        self.desk, in_force = PaperDesk(self.store, behaves), RulesInForce(rules)
        self.stages = ProgramStages(
            self.store, cast("Desk", self.desk), self.storage, self.files, in_force, lambda: None
        )
        self.objections: list[str] = []
        self.online = True
        self.states: list[str] = []
        self.withdrawn = ""
        self.failures: list[Update] = []
        records = UpdateRecords(folder / "updates.json")
        put = records.put

        async def put_or_die(kind: Kind, name: str, update: Update | None) -> None:
            cut("before", update)
            await put(kind, name, update)
            cut("after", update)

        records.put = put_or_die  # type: ignore[method-assign]
        self.updates = Updates("programs", records, self.stages, in_force, self)
        self.stages.watch(self.updates.ended, self.updates.said)
        self._task: asyncio.Task[None] | None = None
        self._folder = folder

    async def objection(self, kind: Kind, name: str, update: Update) -> str:  # noqa: ARG002 the protocol's form
        return self.objections[0] if self.objections and not update.urgent else ""

    async def consent(self, kind: Kind, name: str, update: Update) -> None:  # noqa: ARG002
        if self.withdrawn:
            raise UpdateError(self.withdrawn, "refused")

    def connected(self) -> bool:
        return self.online

    def told(self, kind: Kind, name: str, update: Update | None, before: Update | None) -> None:  # noqa: ARG002
        if update is not before:
            self.states.append(update.state.value if update else "done")
        if update is not None and update.state is State.FAILED:
            self.failures.append(update)

    async def start(self) -> None:
        await self.updates.recover()
        self._task = asyncio.create_task(self.updates.run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError, PowerCut):
                await self._task
        self.storage.close()
        self.files.close()

    async def desire(self, data: bytes, *, launch: bool = False, urgent: bool = False) -> None:
        """What the reconciler does with a package that has been downloaded."""
        target = target_of(data, launch=launch, urgent=urgent)
        path = self._folder / "arrived.ma"
        path.write_bytes(data)
        update = await self.updates.want(LAMP, target, urgent=urgent, launch=launch, retry=True)
        if update is None or update.state not in (State.DOWNLOADING, State.VERIFYING, State.STAGED):
            return
        if not await self.stages.recall(LAMP, target):
            await self.updates.arrived(LAMP)
            await self.stages.stage(path, LAMP, target)
        else:
            await self.updates.arrived(LAMP)
        await self.updates.passed(LAMP)
        await self.updates.ready(LAMP)

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        """Wait until it is so; a power cut of the device's own task is raised here."""
        async with asyncio.timeout(30):
            while not condition():
                if self._task is not None and self._task.done():
                    self._task.result()
                await asyncio.sleep(0.005)
        assert condition(), what

    def runs(self) -> int:
        """The version code that is installed; 0 for none."""
        program = self.store.installed().get(LAMP)
        return program.version_code if program else 0

    def state(self) -> str:
        update = self.updates.get(LAMP)
        return update.state.value if update else ""

    async def note(self, value: str) -> None:
        """What the program that runs stores, and writes to a file."""
        await self.storage.set(LAMP, "note", value)
        await self.files.write(caller(self), NOTE, value.encode())

    def notes(self) -> tuple[Any, str]:
        file = self._folder / "files" / LAMP / "usr" / "note.txt"
        return self.storage.load(LAMP).get("note"), file.read_text() if file.exists() else ""

    def packages(self) -> list[str]:
        return sorted(path.stem for path in (self._folder / "programs" / "packages").iterdir())


NOTE = "wxfile://usr/note.txt"


def caller(house: Household) -> Caller:
    package = house.store.package(LAMP)
    return Caller(LAMP, package.manifest, package.entries)


def package_of(code: int) -> bytes:
    return small_package(LAMP, code, 1000)


def target_of(data: bytes, *, launch: bool = False, urgent: bool = False) -> ProgramTarget:
    package = read_package(data, "lamp.ma", TRUSTED)
    version = package.manifest.version
    return ProgramTarget(version.code, version.name, package.sha256, len(data), launch, urgent=urgent)


def shas(*packages: bytes) -> Sequence[str]:
    return sorted(read_package(data, "lamp.ma", TRUSTED).sha256 for data in packages)
