"""Brings the programs and models of a device to what is desired, one after the other, and says how far it is.

A program goes through ``downloading`` -> ``installed`` -> ``running``; at any step it may become ``failed``, which
is retried later while the others go on. There is no state to restore after a power cut: what is installed and what
is desired are on the disk, and the next pass looks at both.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from device_runtime.errors import CygnetError
from device_runtime.sync.content import ContentPuller
from device_runtime.sync.efforts import Efforts, Versioned
from device_runtime.sync.fields import one_line
from device_runtime.sync.memory import SyncMemory
from device_runtime.sync.messages import MAX_TEXT, Desired, ModelReport, ProgramReport, ProgramTarget
from device_runtime.sync.models import ModelInstaller, ModelReconciler
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff

log = logging.getLogger(__name__)

InstalledProgram: TypeAlias = Versioned
"""What the reconciler looks at; :class:`device_runtime.program.store.InstalledProgram` is one."""


class Installer(Protocol):
    """The device's store and sessions, as the fleet's side needs them.

    What goes wrong is raised as :class:`CygnetError`; its sentence reaches the operator.
    """

    def installed(self) -> Mapping[str, InstalledProgram]:
        """The programs that the fleet looks after, by app id; what is in here and not desired is removed."""

    def running(self) -> Collection[str]:
        """The app ids that run now."""

    def package_file(self, app_id: str) -> Path | None:
        """The package of the version that is installed, if the device has it as a file: the next is fetched as what
        differs from it."""

    async def install(self, path: Path, app_id: str, target: ProgramTarget) -> None:
        """Switch the program to this package, whose SHA-256 has been checked; the file is not the installer's."""

    async def remove(self, app_id: str) -> None:
        """Stop the program and delete it."""

    async def launch(self, app_id: str) -> None:
        """Bring the program to the foreground."""

    async def start(self, app_id: str) -> None:
        """Run the program in the background, if it does not run."""


class Reconciler:
    """Runs for ever; :meth:`wake` when what is desired has changed."""

    def __init__(
        self,
        memory: SyncMemory,
        puller: ContentPuller,
        installer: Installer,
        telemetry: TelemetryQueue,
        retry: Backoff,
        on_change: Callable[[], None],
        models: ModelInstaller | None = None,
    ) -> None:
        """``on_change`` is called whenever :meth:`reports` has changed, which is often during a download; ``models`` is
        None on a device that takes none from its fleet."""
        self._memory, self._puller, self._installer, self._telemetry = memory, puller, installer, telemetry
        self._on_change = on_change
        self._woken = asyncio.Event()
        self._efforts = Efforts(ProgramReport, puller, retry, self._woken, on_change, self._record_failure)
        self._models = ModelReconciler(models, puller, telemetry, retry, self._woken, on_change) if models else None
        self._started: set[str] = set()

    def wake(self) -> None:
        """Look again at what is desired."""
        self._woken.set()

    def reports(self) -> dict[str, ProgramReport]:
        """Each program as it is now."""
        running = self._installer.running()
        reports = {
            app_id: ProgramReport(
                program.version_code,
                one_line(program.version_name, MAX_TEXT),
                "running" if app_id in running else "installed",
            )
            for app_id, program in self._installer.installed().items()
        }
        return reports | self._efforts.underway

    def model_reports(self) -> dict[str, ModelReport] | None:
        """Each model as it is now; None where none are taken."""
        return self._models.reports(self._memory.desired) if self._models is not None else None

    async def run(self) -> None:
        """Reconcile now, and whenever it is time again, until cancelled."""
        while True:
            self._woken.clear()
            delay = await self._pass()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._woken.wait()

    async def _pass(self) -> float | None:
        """Once through all programs; the seconds until something must be tried again, None for never."""
        desired = self._memory.desired
        if desired is None:
            return None
        await self._clear_away(desired)
        if self._models is not None:
            await self._models.bring(desired, self._current)
        for app_id, target in desired.programs.items():
            if self._memory.desired is not desired:
                return 0
            if self._efforts.is_due(app_id, target):
                await self._attempt(app_id, target, self._bring(app_id, target))
        if self._memory.desired is not desired:
            return 0
        if self._models is not None:
            await self._models.remove_others(desired)  # last: programs that used them are gone or replaced by now
        dues = [self._efforts.next_due(), self._models.efforts.next_due() if self._models is not None else None]
        return min((due for due in dues if due is not None), default=None)

    def _current(self) -> Desired | None:
        return self._memory.desired

    async def _clear_away(self, desired: Desired) -> None:
        """Remove what is not desired any more: programs, reports of them, and pieces of content."""
        self._efforts.forget_others(set(desired.programs) | set(self._installer.installed()))
        for app_id in sorted(self._installer.installed().keys() - desired.programs.keys()):
            if self._efforts.is_due(app_id, None):
                await self._attempt(app_id, None, self._remove(app_id))
        coming = {
            target.sha256 for app_id, target in desired.programs.items() if not self._is_installed(app_id, target)
        }
        if self._models is not None:
            self._models.clear_away(desired)
            coming.update(self._models.missing(desired))
        try:
            self._puller.keep_only(coming)
            await asyncio.to_thread(self._memory.forget_launches, set(desired.programs))
        except (OSError, CygnetError) as error:
            log.warning("what is no longer needed cannot be cleared away: %s", error)

    def _is_installed(self, app_id: str, target: ProgramTarget) -> bool:
        program = self._installer.installed().get(app_id)
        return program is not None and program.sha256 == target.sha256

    async def _attempt(self, app_id: str, target: ProgramTarget | None, step: Coroutine[Any, Any, None]) -> None:
        await self._efforts.attempt(app_id, target, step, self._installer.installed().get(app_id))

    async def _bring(self, app_id: str, target: ProgramTarget) -> None:
        if not self._is_installed(app_id, target):
            base = self._installer.package_file(app_id)
            path = await self._efforts.fetch(app_id, target, lambda: self._is_wanted(app_id, target), base)
            if path is None:
                return
            await self._installer.install(path, app_id, target)
            await asyncio.to_thread(self._puller.discard, target.sha256)
            log.info("%s %s is installed", app_id, target.version_name)
            self._telemetry.record("sync", "installed", {"app_id": app_id, "version_code": target.version_code})
            self._efforts.underway.pop(app_id, None)
            self._on_change()
        if target.launch and not self._memory.was_launched(app_id, target.sha256):
            await self._installer.launch(app_id)
            await asyncio.to_thread(self._memory.remember_launch, app_id, target.sha256)
        elif target.launch and app_id not in self._started:
            await self._installer.start(app_id)  # the device restarted: run again, but take nobody's screen
        self._started.add(app_id)

    async def _remove(self, app_id: str) -> None:
        await self._installer.remove(app_id)
        log.info("%s is no longer desired and removed", app_id)
        self._telemetry.record("sync", "removed", {"app_id": app_id})

    def _is_wanted(self, app_id: str, target: ProgramTarget) -> bool:
        desired = self._memory.desired
        return desired is not None and desired.programs.get(app_id) == target

    def _record_failure(self, app_id: str, code: int, sentence: str) -> None:
        self._telemetry.record("sync", "failed", {"app_id": app_id, "version_code": code, "error": sentence})
