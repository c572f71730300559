"""Brings the programs and models of a device to what is desired, one after the other, and says how far it is.

What is on its way goes through the states of :mod:`device_runtime.update.machine`, each of which is on the disk. Here
packages are fetched, verified and staged, one after the other; what fails is retried later while the others go on. From
there on :class:`device_runtime.update.updates.Updates` sees to each by itself.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from device_runtime.errors import CygnetError
from device_runtime.sync.content import ContentPuller
from device_runtime.sync.efforts import Efforts
from device_runtime.sync.fields import one_line
from device_runtime.sync.gate import Gate
from device_runtime.sync.installing import AtOnce
from device_runtime.sync.memory import SyncMemory
from device_runtime.sync.messages import MAX_ERROR, MAX_TEXT, Cause, Desired, ModelReport, ProgramReport, ProgramTarget
from device_runtime.sync.models import ModelInstaller, ModelReconciler
from device_runtime.sync.staging import Updating, needs_content, record_transition, reports, stage, to_be_staged
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff
from device_runtime.update.machine import BEFORE_SWITCH, State, Update
from device_runtime.update.records import Kind, UpdateRecords
from device_runtime.update.stages import Versioned, cause_of
from device_runtime.update.updates import Updates
from device_runtime.values import Value

log = logging.getLogger(__name__)

_RECOVER_SECONDS = 10.0

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
        records: UpdateRecords,
        connected: Callable[[], bool],
        models: ModelInstaller | None = None,
        updating: Updating | None = None,
        gate: Gate | None = None,
    ) -> None:
        """
        Args:
            memory: what is desired.
            puller: fetches packages.
            installer: the programs.
            telemetry: hears what was done.
            retry: before what failed is tried again.
            on_change: called whenever :meth:`reports` has changed, which is often during a download.
            records: how far updates are.
            connected: whether there is a connection to the fleet.
            models: None on a device that takes none from its fleet.
            updating: what the device can do about updates; without it, what is verified is installed at once.
            gate: must agree to what is newly installed.
        """
        self._memory, self._puller, self._installer, self._telemetry = memory, puller, installer, telemetry
        self._on_change, self._gate = on_change, gate
        self._woken = asyncio.Event()
        self._updating = updating or Updating()
        self._efforts = Efforts(ProgramReport, puller, retry, self._woken, on_change, self._record_failure)
        stages = self._updating.programs or AtOnce(installer)
        self._updates = Updates("programs", records, stages, self._updating.rules, self)
        self.connected = connected
        self._models: ModelReconciler | None = None
        if models is not None:
            stages = self._updating.models or AtOnce(models, models.restore)
            model_updates = Updates("models", records, stages, self._updating.rules, self)
            self._models = ModelReconciler(
                models, model_updates, puller, telemetry, retry, self._woken, on_change, gate
            )
        self._started: set[str] = set()
        self._tried: set[str] = set()
        for each in self._all_updates():
            each.stages.watch(self._ended, self._said)

    def _all_updates(self) -> list[Updates]:
        return [self._updates, *([self._models.updates] if self._models is not None else [])]

    def wake(self) -> None:
        """Look again at what is desired."""
        self._woken.set()

    def reports(self) -> dict[str, ProgramReport]:
        """Each program as it is now."""
        running = self._installer.running()
        installed = {
            app_id: ProgramReport(
                program.version_code,
                one_line(program.version_name, MAX_TEXT),
                "running" if app_id in running else "installed",
            )
            for app_id, program in self._installer.installed().items()
        }
        underway = self._efforts.underway
        return installed | underway | reports(self._updates, ProgramReport, underway)

    def model_reports(self) -> dict[str, ModelReport] | None:
        """Each model as it is now; None where none are taken."""
        return self._models.reports(self._memory.desired) if self._models is not None else None

    async def run(self) -> None:
        """Until cancelled: find out what was being done before the device started, then reconcile now, and whenever it
        is time again, and see to what waits and what is on trial."""
        await self._recover()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._reconcile(), name="reconcile")
            for updates in self._all_updates():
                group.create_task(updates.run(), name="updates")

    async def _recover(self) -> None:
        for updates in self._all_updates():
            while True:
                try:
                    await updates.recover()
                    break
                except (CygnetError, OSError) as error:
                    log.error("updates cannot go on: %s", error)
                    await asyncio.sleep(_RECOVER_SECONDS)

    async def _reconcile(self) -> None:
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
        for app_id in sorted(self._updates.all().keys() - desired.programs.keys() - self._installer.installed().keys()):
            await self._let_go(self._updates, app_id)
        for app_id in sorted(self._installer.installed().keys() - desired.programs.keys()):
            if self._efforts.is_due(app_id, None):
                await self._attempt(app_id, None, self._remove(app_id))
        coming = {
            target.sha256
            for app_id, target in desired.programs.items()
            if not self._is_installed(app_id, target) and self._needs_content(app_id, target)
        }
        if self._models is not None:
            await self._models.clear_away(desired)
            coming.update(self._models.missing(desired))
        try:
            self._puller.keep_only(coming)
            if not self._memory.launched() <= desired.programs.keys():
                await asyncio.to_thread(self._memory.forget_launches, set(desired.programs))
        except (OSError, CygnetError) as error:
            log.warning("what is no longer needed cannot be cleared away: %s", error)

    def _is_installed(self, app_id: str, target: ProgramTarget) -> bool:
        program = self._installer.installed().get(app_id)
        return program is not None and program.sha256 == target.sha256

    def _needs_content(self, app_id: str, target: ProgramTarget) -> bool:
        update = self._updates.get(app_id)
        return update is None or update.target.sha256 != target.sha256 or needs_content(update)

    @staticmethod
    async def _let_go(updates: Updates, name: str) -> None:
        try:
            await updates.drop(name)
        except (CygnetError, OSError) as error:
            log.warning("what was staged of %s cannot be cleared away: %s", name, error)

    async def _attempt(self, app_id: str, target: ProgramTarget | None, step: Coroutine[Any, Any, None]) -> None:
        await self._efforts.attempt(app_id, target, step, self._installer.installed().get(app_id))

    async def _bring(self, app_id: str, target: ProgramTarget) -> None:
        update = await self._updates.want(app_id, target, urgent=target.urgent, launch=target.launch, retry=True)
        if update is None:
            await self._run(app_id, target)
            return
        await self._run_before(app_id, target, update)
        if update.target.sha256 == target.sha256 and to_be_staged(update):
            wanted = lambda: self._is_wanted(app_id, target)  # noqa: E731
            base = self._installer.package_file(app_id)
            await stage(self._updates, self._efforts, self._puller, self._gate, app_id, target, wanted, base)

    async def _run_before(self, app_id: str, target: ProgramTarget, update: Update) -> None:
        """After a restart of the device the version before runs, too, as long as it is the one that is installed."""
        is_before = update.state in BEFORE_SWITCH or update.state is State.ROLLED_BACK
        if not (target.launch and is_before and app_id in self._installer.installed()) or app_id in self._started:
            return
        self._started.add(app_id)
        try:
            await self._installer.start(app_id)
        except CygnetError as error:  # no reason not to update it
            log.warning("%s does not run: %s", app_id, error)

    async def _run(self, app_id: str, target: ProgramTarget) -> None:
        """It is as it should be; if it should run, it is to run."""
        if target.launch and not self._memory.was_launched(app_id, target.sha256):
            if app_id not in self._tried:  # its trial brought it to the front already
                await self._installer.launch(app_id)
            await asyncio.to_thread(self._memory.remember_launch, app_id, target.sha256)
        elif target.launch and app_id not in self._started:
            await self._installer.start(app_id)  # the device restarted: run again, but take nobody's screen
        self._started.add(app_id)

    async def _remove(self, app_id: str) -> None:
        await self._updates.drop(app_id)
        await self._installer.remove(app_id)
        log.info("%s is no longer desired and removed", app_id)
        self._telemetry.record("sync", "removed", {"app_id": app_id})

    def _is_wanted(self, app_id: str, target: ProgramTarget) -> bool:
        desired = self._memory.desired
        return desired is not None and desired.programs.get(app_id) == target

    def _record_failure(self, app_id: str, code: int, sentence: str, cause: Cause) -> None:
        values: dict[str, Value] = {"app_id": app_id, "version_code": code, "error": sentence, "cause": cause}
        self._telemetry.record("sync", "failed", values)

    # What updates ask and tell

    async def objection(self, kind: Kind, name: str, update: Update) -> str:
        """Why now is no good moment."""
        return await self._updating.objection(kind, name, update)

    async def consent(self, kind: Kind, name: str, update: Update) -> None:
        """The gate, too, agrees still: what was good when it was staged may have been withdrawn while it waited.

        A gate that cannot say so now has agreed before, and does not hold up a device that is offline.
        """
        if self._gate is None:
            return
        try:
            await self._gate.approve(kind, name, update.target)
        except CygnetError as error:
            if cause_of(error, "refused") == "refused":
                raise
            log.info("%s %s is switched to as it was approved before: %s", name, update.target.version_name, error)

    def told(self, kind: Kind, name: str, update: Update | None, before: Update | None) -> None:
        """An update changed its state."""
        if update is not before:
            record_transition(self._telemetry, kind, name, update, before)
        if kind == "programs" and self._updating.programs and update and update.state is State.TRIAL and update.launch:
            self._tried.add(name)
        if update is not None and before is not None and update.state is State.FAILED:
            if before.state is State.SWITCHING:
                self._fail(kind, name, update)
        elif update is None or update.state in (State.ROLLED_BACK, State.DOWNLOADING):
            self.wake()
        self._on_change()

    def _fail(self, kind: Kind, name: str, update: Update) -> None:
        """The switch failed: it is tried again as a download that failed."""
        desired, reason = self._memory.desired, one_line(update.reason, MAX_ERROR)
        if desired is not None and kind == "programs":
            target = desired.programs.get(name)
            self._efforts.fail(name, target, reason, self._installer.installed().get(name), update.cause)
        elif desired is not None and self._models is not None:
            self._models.efforts.fail(name, desired.models.get(name), reason, None, update.cause)
        self.wake()

    def _ended(self, app_id: str, reason: str) -> bool:
        """A program ended by itself: whether its trial sees to that. What it uses of models on trial failed, too."""
        seen_to = self._updates.ended(app_id, reason)
        if self._models is not None and not seen_to:
            for model in self._models.on_trial_for(app_id):
                self._models.updates.ended(model, f"{app_id} ended while it used it: {reason}")
        return seen_to

    def _said(self, app_id: str, wrong: str) -> None:
        self._updates.said(app_id, wrong)
        for model in self._models.on_trial_for(app_id) if self._models is not None else ():
            self._models.updates.said(model, f"{app_id}: {wrong}" if wrong else "")  # type: ignore[union-attr]
