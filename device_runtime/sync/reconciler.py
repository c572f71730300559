"""Brings the programs of a device to what is desired, one after the other, and says how far it is.

A program goes through ``downloading`` -> ``installed`` -> ``running``; at any step it may become ``failed``, which
is retried later while the others go on. There is no state to restore after a power cut: what is installed and what
is desired are on the disk, and the next pass looks at both.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from device_runtime.errors import CygnetError
from device_runtime.sync.content import ContentPuller
from device_runtime.sync.fields import one_line
from device_runtime.sync.memory import SyncMemory
from device_runtime.sync.messages import MAX_ERROR, MAX_TEXT, Desired, ProgramReport, ProgramTarget
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff

log = logging.getLogger(__name__)


class InstalledProgram(Protocol):
    """What the reconciler looks at; :class:`device_runtime.program.store.InstalledProgram` is one."""

    @property
    def version_code(self) -> int:
        """Of the manifest."""

    @property
    def version_name(self) -> str:
        """Of the manifest."""

    @property
    def sha256(self) -> str:
        """Of the package file, hex."""


class Installer(Protocol):
    """The device's store and sessions, as the fleet's side needs them.

    What goes wrong is raised as :class:`CygnetError`; its sentence reaches the operator.
    """

    def installed(self) -> Mapping[str, InstalledProgram]:
        """The programs that the fleet looks after, by app id; what is in here and not desired is removed."""

    def running(self) -> Collection[str]:
        """The app ids that run now."""

    async def install(self, path: Path, app_id: str, target: ProgramTarget) -> None:
        """Switch the program to this package, whose SHA-256 has been checked; the file is not the installer's."""

    async def remove(self, app_id: str) -> None:
        """Stop the program and delete it."""

    async def launch(self, app_id: str) -> None:
        """Bring the program to the foreground."""

    async def start(self, app_id: str) -> None:
        """Run the program in the background, if it does not run."""


@dataclass(slots=True)
class _Failure:
    target: ProgramTarget | None
    attempts: int
    due: float


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
    ) -> None:
        """``on_change`` is called whenever :meth:`reports` has changed, which is often during a download."""
        self._memory, self._puller, self._installer, self._telemetry = memory, puller, installer, telemetry
        self._retry, self._on_change = retry, on_change
        self._woken = asyncio.Event()
        self._underway: dict[str, ProgramReport] = {}
        self._failures: dict[str, _Failure] = {}
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
        return reports | self._underway

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
        for app_id, target in desired.programs.items():
            if self._memory.desired is not desired:
                return 0
            if self._is_due(app_id, target):
                await self._attempt(app_id, target, self._bring(app_id, target))
        if self._memory.desired is not desired:
            return 0
        if not self._failures:
            return None
        return max(0.0, min(failure.due for failure in self._failures.values()) - _now())

    async def _clear_away(self, desired: Desired) -> None:
        """Remove what is not desired any more: programs, reports of them, and pieces of content."""
        for app_id in self._failures.keys() - desired.programs.keys() - self._installer.installed().keys():
            del self._failures[app_id]
        for app_id in self._underway.keys() - desired.programs.keys() - self._installer.installed().keys():
            del self._underway[app_id]
            self._on_change()
        for app_id in sorted(self._installer.installed().keys() - desired.programs.keys()):
            if self._is_due(app_id, None):
                await self._attempt(app_id, None, self._remove(app_id))
        try:
            self._puller.keep_only(
                target.sha256 for app_id, target in desired.programs.items() if not self._is_installed(app_id, target)
            )
            await asyncio.to_thread(self._memory.forget_launches, set(desired.programs))
        except (OSError, CygnetError) as error:
            log.warning("what is no longer needed cannot be cleared away: %s", error)

    def _is_due(self, app_id: str, target: ProgramTarget | None) -> bool:
        failure = self._failures.get(app_id)
        return failure is None or failure.target != target or _now() >= failure.due

    def _is_installed(self, app_id: str, target: ProgramTarget) -> bool:
        program = self._installer.installed().get(app_id)
        return program is not None and program.sha256 == target.sha256

    async def _attempt(self, app_id: str, target: ProgramTarget | None, step: Coroutine[Any, Any, None]) -> None:
        try:
            await step
        except (CygnetError, OSError) as error:
            self._fail(app_id, target, str(error))
        except Exception as error:  # a fault in an installer must not stop the other programs
            log.exception("the program %s cannot be brought to what is desired", app_id)
            self._fail(app_id, target, f"the device has a fault: {type(error).__name__}; its log says more")
        else:
            self._failures.pop(app_id, None)
            self._underway.pop(app_id, None)
            self._on_change()

    async def _bring(self, app_id: str, target: ProgramTarget) -> None:
        if not self._is_installed(app_id, target):
            path = await self._fetch(app_id, target)
            if path is None:
                return
            await self._installer.install(path, app_id, target)
            await asyncio.to_thread(self._puller.discard, target.sha256)
            log.info("%s %s is installed", app_id, target.version_name)
            self._telemetry.record("sync", "installed", {"app_id": app_id, "version_code": target.version_code})
            self._underway.pop(app_id, None)
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

    async def _fetch(self, app_id: str, target: ProgramTarget) -> Path | None:
        """The package file; None when something else became desired in the meantime."""

        def progress(received: int) -> None:
            self._underway[app_id] = ProgramReport(
                target.version_code, target.version_name, "downloading", received, target.size
            )
            self._on_change()

        fetching = asyncio.ensure_future(self._puller.fetch(target.sha256, target.size, progress))
        try:
            while True:
                woken = asyncio.ensure_future(self._woken.wait())
                await asyncio.wait({fetching, woken}, return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()
                if fetching.done():
                    return fetching.result()
                self._woken.clear()
                desired = self._memory.desired
                if desired is None or desired.programs.get(app_id) != target:
                    return None
        finally:
            fetching.cancel()
            await asyncio.gather(fetching, return_exceptions=True)

    def _fail(self, app_id: str, target: ProgramTarget | None, sentence: str) -> None:
        before = self._failures.get(app_id)
        attempts = before.attempts + 1 if before is not None and before.target == target else 1
        # At least half of the delay: a download that fails at once must not be started over at once.
        longest = min(self._retry.longest, self._retry.first * 2.0 ** min(attempts, 30))
        due = _now() + longest / 2 + self._retry.draw(attempts) / 2
        self._failures[app_id] = _Failure(target, attempts, due)
        sentence = one_line(sentence, MAX_ERROR)
        installed = self._installer.installed().get(app_id)
        code, name = (target or installed or _NOTHING).version_code, (target or installed or _NOTHING).version_name
        shown = self._underway.get(app_id)
        if shown is None or shown.error != sentence:
            log.warning("%s: %s", app_id, sentence)
            self._telemetry.record("sync", "failed", {"app_id": app_id, "version_code": code, "error": sentence})
        self._underway[app_id] = ProgramReport(
            code,
            one_line(name, MAX_TEXT),
            "failed",
            received=shown.received if shown else 0,
            size=target.size if target else 0,
            error=sentence,
        )
        self._on_change()


_NOTHING = ProgramTarget(0, "", "", 0)


def _now() -> float:
    return asyncio.get_running_loop().time()
