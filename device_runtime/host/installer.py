"""What the fleet may do to the programs of this device: install, remove, launch."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from device_runtime.host.desk import Desk
from device_runtime.program.endings import own_words_stay
from device_runtime.program.store import InstalledProgram, ProgramStore
from device_runtime.sync.messages import ProgramTarget


class DeviceInstaller:
    """The store and the desk, as :class:`device_runtime.sync.reconciler.Installer` wants them."""

    def __init__(
        self, store: ProgramStore, desk: Desk, on_change: Callable[[], None], on_removed: Callable[[str], None]
    ) -> None:
        """``on_change`` is told when other programs are installed than before, and ``on_removed`` which one is gone."""
        self._store = store
        self._desk = desk
        self._on_change, self._on_removed = on_change, on_removed

    def installed(self) -> Mapping[str, InstalledProgram]:
        """The programs that are installed, by app id."""
        return self._store.installed()

    def running(self) -> Collection[str]:
        """The app ids of those that run."""
        return [session.app_id for session in self._desk.sessions()]

    def package_file(self, app_id: str) -> Path | None:
        """The package of an installed program."""
        return self._store.package_file(app_id)

    async def install(self, path: Path, app_id: str, target: ProgramTarget) -> None:
        """Verify, stage and switch; what runs of the old version is replaced.

        Raises:
            CygnetError: the package is refused, or the new version does not start.
        """
        await asyncio.to_thread(self._store.install, path, app_id, target.version_code)
        self._on_change()
        with own_words_stay():
            await self._desk.replace(app_id)

    async def remove(self, app_id: str) -> None:
        """Stop the program and delete it.

        Raises:
            CygnetError: the disk refuses.
        """
        await self._desk.stop_program(app_id)
        self._on_removed(app_id)
        await asyncio.to_thread(self._store.remove, app_id)
        self._on_change()

    async def launch(self, app_id: str) -> None:
        """Bring the program to the front.

        Raises:
            CygnetError: it does not start.
        """
        with own_words_stay():
            await self._desk.launch(app_id)

    async def start(self, app_id: str) -> None:
        """Run the program behind what is in front.

        Raises:
            CygnetError: it does not start.
        """
        with own_words_stay():
            await self._desk.session(app_id)
