"""The versions of a device's programs, as the update machine needs them: staged, switched with data, taken back."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.storage import ProgramStorage
from device_runtime.errors import CygnetError
from device_runtime.host.desk import Desk
from device_runtime.program.endings import own_words_stay
from device_runtime.program.store import InstalledProgram, ProgramStore
from device_runtime.update.machine import Update, Version
from device_runtime.update.rules import RulesInForce
from device_runtime.update.stages import Ended, Said, Target, check_room

logger = logging.getLogger(__name__)

LONGEST_TRIAL_SECONDS = 3600
"""The longest trial that a program may ask for."""


class ProgramStages:
    """:class:`device_runtime.update.stages.Stages` of programs.

    Args:
        store: the packages.
        desk: what runs.
        storage: what programs store, kept at a switch.
        files: the programs' own files, kept at a switch.
        rules: those that hold.
        on_change: what is installed has changed.
    """

    def __init__(
        self,
        store: ProgramStore,
        desk: Desk,
        storage: ProgramStorage,
        files: ProgramFiles,
        rules: RulesInForce,
        on_change: Callable[[], None],
    ) -> None:
        self._store, self._desk, self._storage, self._files = store, desk, storage, files
        self._rules, self._on_change = rules, on_change
        self._ran: set[str] = set()
        self._opened: set[str] = set()
        self._said: Said = lambda _app_id, _wrong: None

    def current(self) -> Mapping[str, Version]:
        """What is installed, by app id."""
        return {app_id: _version(program) for app_id, program in self._store.installed().items()}

    def staged(self) -> Mapping[str, str]:
        """What was verified and lies beside it: SHA-256 by app id."""
        return {app_id: program.sha256 for app_id, program in self._store.staged().items()}

    def check_room(self, size: int) -> None:
        """Refuse where the disk has no room: the package is there twice for a moment."""
        check_room(self._store.directory, 2 * size)

    async def recall(self, name: str, target: Target) -> bool:
        """Whether it is staged already."""
        staged = self._store.staged().get(name)
        return staged is not None and staged.sha256 == target.sha256

    async def stage(self, path: Path, name: str, target: Target) -> None:
        """Verify the package and keep it beside what runs.

        Raises:
            CygnetError: the package is refused, or the disk refuses.
        """
        await asyncio.to_thread(self._store.stage, path, name, target.version_code)

    async def unstage(self, name: str) -> None:
        """Delete what is staged.

        Raises:
            StoreError: the disk refuses.
        """
        await asyncio.to_thread(self._store.unstage, name)

    async def switch(self, name: str, update: Update) -> None:
        """End what runs, keep its data, and make what is staged current.

        Raises:
            CygnetError: the disk refuses, or what was staged is damaged; what ran runs again.
        """
        current = self._store.installed().get(name)
        if current is not None and current.sha256 == update.target.sha256:
            return
        ran = self._desk.running(name) is not None
        if ran:
            self._ran.add(name)
            self._desk.hold(name)
        try:
            if current is not None:
                self.check_room(await asyncio.to_thread(self._files.weight, name) + await self._storage.used(name))
            await self._desk.stop_program(name)
            if current is not None:
                await self._storage.keep(name)
                await self._files.keep(name)
            await asyncio.to_thread(self._store.switch, name)
        except BaseException:
            self._ran.discard(name)
            if ran:
                await self._run_again(name)
            raise
        self._on_change()

    async def begin_trial(self, name: str, update: Update) -> float:
        """Run it: in front, if it is to be launched and was not yet; else behind what is in front.

        Raises:
            CygnetError: it does not start.
        """
        self._desk.hold(name)
        await self._desk.stop_program(name)
        if not (update.launch or name in self._ran):
            self._opened.add(name)
        with own_words_stay():
            if update.launch and update.tries == 1:
                await self._desk.launch(name)
            else:
                await self._desk.session(name)
        self._desk.release(name)  # where it does not start, its last pages stay until it is decided what runs
        asked = self._store.package(name).manifest.trial.seconds
        return max(self._rules.now.trial_seconds, min(asked, LONGEST_TRIAL_SECONDS))

    async def end_trial(self, name: str) -> None:
        """End it if it runs for the trial's sake only."""
        if name in self._opened and self._desk.front != name:
            await self._desk.stop_program(name)
        self._opened.discard(name)
        self._ran.discard(name)

    def must_say(self, name: str) -> bool:
        """Whether its manifest says that it does."""
        return self._store.package(name).manifest.trial.health

    async def roll_back(self, name: str, update: Update) -> None:
        """The version before, with its data; running if that ran.

        Raises:
            CygnetError: the disk refuses; asked again, it goes on.
        """
        self._desk.hold(name)
        await self._desk.stop_program(name)
        await asyncio.to_thread(self._store.roll_back, name, update.target.sha256)
        await self._storage.take_back(name)
        await self._files.take_back(name)
        self._on_change()
        if name in self._store.installed() and (name in self._ran or self._desk.front == name or update.launch):
            await self._run_again(name)
        else:
            self._desk.release(name)
        self._ran.discard(name)
        self._opened.discard(name)

    async def commit(self, name: str) -> None:
        """Delete the version before, and the data that were kept.

        Raises:
            CygnetError: the disk refuses.
        """
        await self._storage.let_go(name)
        await self._files.let_go(name)
        await asyncio.to_thread(self._store.commit, name)

    def watch(self, ended: Ended, said: Said) -> None:
        """Tell who ended by itself, and who said how it is."""
        self._desk.on_end_by_itself = ended
        self._said = said

    def said(self, app_id: str, wrong: str) -> None:
        """A program said how it is; see :mod:`device_runtime.capability.health`."""
        self._said(app_id, wrong)

    async def _run_again(self, name: str) -> None:
        """Start it as it ran; what does not start goes from the screens, and is told by the desk."""
        try:
            await self._desk.session(name)
        except CygnetError as error:
            logger.error("%s does not run again: %s", name, error)
        finally:
            self._desk.release(name)


def _version(program: InstalledProgram) -> Version:
    return Version(program.sha256, program.version_code, program.version_name, program.size)
