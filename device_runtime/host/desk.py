"""The programs of a device: which run, which one is in front, and what of them reaches the screens."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from device_runtime.errors import CygnetError
from device_runtime.host.screen.server import ScreenServer
from device_runtime.program.package import Package
from device_runtime.program.session import ProgramSession
from device_runtime.program.sessions import Sessions
from device_runtime.program.store import ProgramStore
from device_runtime.values import Value
from device_runtime.view.patches import Operation

logger = logging.getLogger(__name__)

Record = Callable[[str, str, Mapping[str, Value]], object]
"""Takes telemetry: source (``device`` or an app id), name, values."""

SOURCE = "device"


class Desk:
    """Runs programs from the store and shows them on the screen; it is the sessions' listener."""

    def __init__(self, store: ProgramStore, screen: ScreenServer, record: Record) -> None:
        self._store = store
        self._screen = screen
        self._record = record
        self._sessions: Sessions | None = None
        self._packages: dict[str, Package] = {}
        self._front: str | None = None
        self._replacing: set[str] = set()
        self.on_program_exit: Callable[[str], None] = lambda _app_id: None
        """Told the app id of each program that ended."""

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

    async def session(self, app_id: str, path: str = "") -> ProgramSession:
        """The running session of an installed program, started now if need be: at ``path``, or at its first page.

        Raises:
            CygnetError: it is not installed, its package is refused, or it does not start.
        """
        running = self._running.get(app_id)
        if running is not None:
            return running
        package = self._store.package(app_id)
        self._packages[app_id] = package
        started = time.perf_counter()
        session = await self._running.launch(package, path)
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
        """End a program's worker, if it runs."""
        await self._running.stop(app_id)

    async def replace(self, app_id: str, path: str = "") -> None:
        """A new version was installed: what runs of the old one ends, and the new one takes its place, at ``path`` or
        at its first page. Screens show the old pages until the new ones are there.

        Raises:
            CygnetError: the new version does not start.
        """
        if self._running.get(app_id) is None:
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
        if level == "error":
            self._record(SOURCE, "program_error", {"app_id": app_id, "text": text[:500], "source": source[:500]})

    def on_exit(self, app_id: str, reason: str) -> None:
        """A program's worker ended."""
        self._packages.pop(app_id, None)
        if app_id in self._replacing:
            self._screen.exited(app_id, reason, replaced=True)
        else:
            self._leave(app_id, reason)
        if reason:
            logger.warning("%s ended: %s", app_id, reason)
            self._record(SOURCE, "program_ended", {"app_id": app_id, "reason": reason[:500]})
        self.on_program_exit(app_id)

    def _leave(self, app_id: str, reason: str) -> None:
        """The program goes from the screens."""
        if self._front == app_id:
            self._front = None
            self._screen.foreground(None)
        self._screen.exited(app_id, reason)
