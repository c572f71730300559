"""The programs of a device: which run, which one is in front, and what of them reaches the screens."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from device_runtime.errors import CygnetError
from device_runtime.host.screen.server import ScreenServer
from device_runtime.privacy.outflow import Outflow, event_outflow
from device_runtime.program.allowance import Allowance
from device_runtime.program.data_plan import DataPlan
from device_runtime.program.endings import told_ending
from device_runtime.program.package import Package
from device_runtime.program.restarts import Restarts
from device_runtime.program.session import ProgramSession
from device_runtime.program.sessions import Sessions
from device_runtime.program.store import ProgramStore
from device_runtime.values import Value
from device_runtime.view.patches import Operation

logger = logging.getLogger(__name__)

Record = Callable[[str, str, Mapping[str, Value]], object]
"""Takes telemetry: source (``device`` or an app id), name, values."""

MayTell = Callable[[str, DataPlan, Outflow], bool]
"""Whether something of a program (its app id, its plan) may leave; see :meth:`PrivacyGate.may_tell`."""

MayHint = Callable[[str, int], bool]
"""Whether it may be told which of so many things a program did; see :meth:`PrivacyGate.may_hint`."""

SOURCE = "device"
# Errors of one program that the fleet is told of: at once, and then in a second. The log has them all.
_ERRORS_AT_ONCE = 60
_ERRORS_A_SECOND = 1.0


class Desk:
    """Runs programs from the store and shows them on the screen; it is the sessions' listener.

    ``may_tell`` says whether words of a program may leave the device with what is recorded of it, and ``may_hint``
    whether that it made an error may. A program that ran
    and ended by itself is started again, as ``restarts`` says, until it is stopped; ``sleep`` is what a restart waits
    with.
    """

    def __init__(
        self,
        store: ProgramStore,
        screen: ScreenServer,
        record: Record,
        may_tell: MayTell,
        may_hint: MayHint = lambda _app_id, _ways: True,
        restarts: Restarts | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._screen = screen
        self._record, self._may_tell, self._may_hint = record, may_tell, may_hint
        self._sessions: Sessions | None = None
        self._packages: dict[str, Package] = {}
        self._front: str | None = None
        self._replacing: set[str] = set()
        self._restarts = restarts or Restarts()
        self._sleep = sleep
        self._ran: set[str] = set()
        self._errors: dict[str, Allowance] = {}
        self._returning: dict[str, asyncio.Task[None]] = {}
        self.on_program_exit: Callable[[str], None] = lambda _app_id: None
        """Told the app id of each program that ended."""
        self.on_end_by_itself: Callable[[str, str], bool] = lambda _app_id, _reason: False
        """Told the app id of a program that ran and ended by itself, and why, without its own words; true: whether it
        comes back is decided there, and until :meth:`release` its last pages stay in sight."""

    def use(self, sessions: Sessions) -> None:
        """Run programs in these sessions, whose listener this desk is."""
        self._sessions = sessions

    @property
    def _running(self) -> Sessions:
        if self._sessions is None:
            raise CygnetError("the device is still starting; try again in a moment")
        return self._sessions

    @property
    def front(self) -> str | None:
        """The app id of the program that the screen shows; ``None`` for the launcher."""
        return self._front

    def running(self, app_id: str) -> ProgramSession | None:
        """The session of a program that runs, else ``None``."""
        return self._running.get(app_id)

    def sessions(self) -> Sequence[ProgramSession]:
        """All that run."""
        return self._running.running

    def is_stopped(self, app_id: str) -> bool:
        """Whether a program ended so often that it is started again by hand only."""
        return self._restarts.is_stopped(app_id)

    async def session(self, app_id: str, path: str = "") -> ProgramSession:
        """The running session of an installed program, started now if need be: at ``path``, or at its first page.

        Raises:
            CygnetError: it is not installed, its package is refused, or it does not start.
        """
        running = self._running.get(app_id)
        if running is not None:
            return running
        self._forgive(app_id)
        return await self._start(app_id, path)

    async def _start(self, app_id: str, path: str = "") -> ProgramSession:
        package = self._store.package(app_id)
        self._packages[app_id] = package
        started = time.perf_counter()
        session = await self._running.launch(package, path)
        if session.running:
            self._ran.add(app_id)
            self._restarts.started(app_id)
        values: dict[str, Value] = {
            "app_id": app_id,
            "version": package.manifest.version.name,
            "milliseconds": round((time.perf_counter() - started) * 1e3, 1),
        }
        self._record(SOURCE, "program_started", values)
        return session

    async def launch(self, app_id: str, path: str = "") -> None:
        """Bring a program to the front, starting it if need be; ``path`` is a route to open, or empty.

        Raises:
            CygnetError: see :meth:`session`.
        """
        session = await self.session(app_id)
        if self._front != app_id:
            self._hide_front()
            self._front = app_id
            self._screen.foreground(app_id)
            session.show()
        if path:
            session.open(path)

    def home(self) -> None:
        """Show the launcher; programs run on behind it."""
        self._hide_front()
        self._front = None
        self._screen.foreground(None)

    def _hide_front(self) -> None:
        session = self._running.get(self._front) if self._front else None
        if session is not None:
            session.hide()

    async def stop_program(self, app_id: str) -> None:
        """End a program's worker, if it runs; it does not come back by itself."""
        if self._forgive(app_id):
            self._leave(app_id, "")
        await self._running.stop(app_id)

    async def replace(self, app_id: str, path: str = "") -> None:
        """A new version was installed: what runs of the old one ends, and the new one takes its place, at ``path`` or
        at its first page. Screens show the old pages until the new ones are there.

        Raises:
            CygnetError: the new version does not start.
        """
        if self._running.get(app_id) is None:
            self._restarts.forgive(app_id)
            return
        self._replacing.add(app_id)
        try:
            await self.stop_program(app_id)
            await self.session(app_id, path)
        except CygnetError:
            self._leave(app_id, "")
            raise
        finally:
            self._replacing.discard(app_id)

    def hold(self, app_id: str) -> None:
        """Until :meth:`release`, keep the last pages of a program in sight, and its place in front, though it ends."""
        self._replacing.add(app_id)

    def release(self, app_id: str) -> None:
        """The program runs again, or it goes from the screens."""
        if app_id in self._replacing:
            self._replacing.discard(app_id)
            if self._running.get(app_id) is None:
                self._leave(app_id, "")

    async def stop(self) -> None:
        """Start nothing again any more."""
        tasks = list(self._returning.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # ------------------------------------------------------------------ programs that end by themselves

    def _forgive(self, app_id: str) -> bool:
        """Somebody starts or ends it: what happened before does not count. Gives whether it was about to come back."""
        task = self._returning.pop(app_id, None)
        if task is not None:
            task.cancel()
        if self._restarts.is_stopped(app_id):
            self._restarts.forgive(app_id)
            self._screen.programs()
        self._restarts.forgive(app_id)
        return task is not None

    def _ended(self, app_id: str, name: str, reason: str, told: str) -> None:
        """A program that ran ended by itself: start it again in a while, or stop it. ``told`` is what the fleet hears
        of the reason."""
        seconds = self._restarts.ended(app_id)
        if seconds is None:
            ends = self._restarts.ends(app_id)
            text = f"{name} was stopped, since it ended {ends} times by itself. Open it to start it again. ({reason})"
            self._leave(app_id, text)
            self._screen.programs()
            logger.error("%s is stopped: it ended %d times; the last time %s", app_id, ends, reason)
            self._record(SOURCE, "program_stopped", {"app_id": app_id, "ends": ends, "reason": told[:500]})
            return
        # The dead pages stay in sight until the new ones are there.
        self._screen.exited(app_id, replaced=True)
        if self._front == app_id:
            self._screen.error(f"{name} ended by itself and is started again. ({reason})")
        self._returning[app_id] = asyncio.create_task(self._return(app_id, name, seconds), name=f"restart of {app_id}")

    async def _return(self, app_id: str, name: str, seconds: float) -> None:
        await self._sleep(seconds)
        try:
            await self._start(app_id)
        except CygnetError as error:
            logger.error("%s could not be started again: %s", app_id, error)
            self._returning.pop(app_id, None)
            self._ended(app_id, name, str(error), error.told)
        else:
            self._returning.pop(app_id, None)

    # ------------------------------------------------------------------ SessionListener

    def on_stack(self, app_id: str, pages: list[dict[str, Any]], transition: str, target: str) -> None:
        """The page stack of a program changed, or a screen asked for it."""
        package = self._packages.get(app_id)
        if package is not None:
            manifest = package.manifest
            self._screen.stack(app_id, manifest.version.code, pages, transition, manifest.tab_bar, target)

    def on_patch(self, app_id: str, page: int, operations: list[Operation], target: str) -> None:
        """A page changed."""
        self._screen.patch(app_id, page, operations, target)

    def on_log(self, app_id: str, level: str, text: str, source: str) -> None:
        """A program wrote to its console, or failed."""
        place = f" ({source})" if source else ""
        logger.log(
            {"error": logging.ERROR, "warn": logging.WARNING}.get(level, logging.INFO), "%s: %s%s", app_id, text, place
        )
        if level == "error" and self._may_report(app_id):
            words = self._words(app_id, self._packages.get(app_id), {"text": text[:500], "source": source[:500]})
            self._record(SOURCE, "program_error", {"app_id": app_id, **words})

    def _words(self, app_id: str, package: Package | None, words: Mapping[str, Value]) -> Mapping[str, Value]:
        """What a program said in an error, if that may leave the device: its words can hold anything."""
        if package is None:
            return dict.fromkeys(words, "")
        outflow = event_outflow("program_error", words, sum(len(str(word)) for word in words.values()))
        may_leave = self._may_tell(app_id, package.manifest.data_plan, outflow)
        return words if may_leave else dict.fromkeys(words, "")

    def _may_report(self, app_id: str) -> bool:
        """Whether one more error of a program is told to the fleet: a flood would push out what others have told."""
        if app_id not in self._errors:
            self._errors[app_id] = Allowance(_ERRORS_A_SECOND, _ERRORS_AT_ONCE)
        return self._errors[app_id].spend() and self._may_hint(app_id, 1)

    def on_exit(self, app_id: str, reason: str) -> None:
        """A program's worker ended."""
        package = self._packages.pop(app_id, None)
        ran = app_id in self._ran
        self._ran.discard(app_id)
        if reason:
            logger.warning("%s ended: %s", app_id, reason)
            self._record(SOURCE, "program_ended", {"app_id": app_id, "reason": told_ending(reason)[:500]})
        if app_id in self._replacing:
            self._screen.exited(app_id, reason, replaced=True)
        elif reason and ran and package is not None:
            if self.on_end_by_itself(app_id, told_ending(reason)):
                self.hold(app_id)
                self._screen.exited(app_id, reason, replaced=True)
            else:
                self._ended(app_id, package.manifest.name, reason, told_ending(reason))
        elif app_id not in self._returning:  # else it is the attempt to start it again that failed
            self._leave(app_id, reason)
        self.on_program_exit(app_id)

    def _leave(self, app_id: str, reason: str) -> None:
        """The program goes from the screens."""
        if self._front == app_id:
            self._front = None
            self._screen.foreground(None)
        self._screen.exited(app_id, reason)
