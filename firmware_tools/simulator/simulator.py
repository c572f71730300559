"""``cygnet program dev``: the real device with a program on it, built again when its source is saved, and its tools."""

import asyncio
import contextlib
import dataclasses
import logging
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.capability.device import linux_network_type
from device_runtime.capability.registry import Capability, CapabilityGate
from device_runtime.errors import CygnetError
from device_runtime.host.board import Board
from device_runtime.host.command import alone
from device_runtime.host.device import Device, Instruments
from device_runtime.host.screen.server import ScreenError
from device_runtime.keys import key_ring
from device_runtime.program.session import ProgramSession
from device_runtime.values import Value
from firmware_tools.simulator.addresses import Addresses, addresses, is_guarded
from firmware_tools.simulator.boards import RUNS_ALREADY, run_state
from firmware_tools.simulator.building import Build, Builder, Theme
from firmware_tools.simulator.commands import Commands
from firmware_tools.simulator.facts import (
    board_facts,
    busy_sentence,
    known_boards,
    path_of,
    program_facts,
    screen_sizes,
)
from firmware_tools.simulator.faults import Fault
from firmware_tools.simulator.gate import Rules, WatchedGate
from firmware_tools.simulator.inspected import ENTRY
from firmware_tools.simulator.inspector import Inspector
from firmware_tools.simulator.tools import ToolServer
from firmware_tools.simulator.watching import watch_folder

logger = logging.getLogger(__name__)

Say = Callable[[str], None]


class Simulator:
    """One program folder on one board, until :meth:`stop`. ``say`` prints a line for the developer. Each further board
    is one of ``organisation`` (:func:`~firmware_tools.simulator.boards.for_a_desk`), as the first one is."""

    def __init__(self, directory: Path, board: Board, key: Ed25519PrivateKey, say: Say, organisation: str = "") -> None:
        self.board = board
        self.organisation = organisation
        self.rules = Rules()
        self.theme: Theme = "light"
        self.build: Build | None = None
        self.builder = Builder(directory, key)
        self.sources = self.builder.sources()
        self.tools = ToolServer(self.hello, Commands(self).act)
        self.inspector = Inspector(
            self.tools.publish, lambda text, source: self.sources.runtime_fault("runtime", text, source)
        )
        self._key = key
        self._say = say
        self._fault: Fault | None = None
        self._status: dict[str, Any] = {"type": "status", "state": "building", "text": "", "warnings": []}
        self._device: Device | None = None
        self._held = contextlib.ExitStack()
        self._url = ""
        self._notice = ""
        self._busy = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------------ life

    async def run(self, ready: Callable[[Addresses], None], ended: asyncio.Event) -> None:
        """Serve until ``ended`` is set; ``ready`` is told where.

        Raises:
            CygnetError: the port is taken, or the folder cannot be watched.
        """
        changes = watch_folder(self.builder.directory.resolve(), ended)
        first = asyncio.ensure_future(anext(changes, None))
        await asyncio.sleep(0)  # from here on it is watched: what is saved while it is built counts
        try:
            await self.rebuild()
            if self._device is None:
                await self._open_device(self.build)
            ready(addresses(self._url, self.tools.token))
            if await first is not None:
                await self.rebuild()
            async for _ in changes:
                await self.rebuild()
        finally:
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            await changes.aclose()

    async def stop(self) -> None:
        """End everything; what the program has stored stays."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        async with self._busy:
            await self._close_device()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that takes long; a failure is told to every page of tools."""

        async def told() -> None:
            try:
                await work
            except CygnetError as error:
                self._say(f"error: {error}")
                self.tools.publish({"type": "refused", "text": str(error)})

        task = asyncio.create_task(told())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ------------------------------------------------------------------ the device

    @property
    def device(self) -> Device:
        """The device that runs.

        Raises:
            CygnetError: it is being exchanged.
        """
        if self._device is None:
            raise CygnetError("the board is being started; try again in a moment")
        return self._device

    @property
    def app_id(self) -> str:
        """The program's id.

        Raises:
            CygnetError: it has not been built yet.
        """
        if self.build is None:
            raise CygnetError("the program has not been built yet; mend its source first")
        return self.build.manifest.app_id

    def session(self) -> ProgramSession:
        """The run of the program.

        Raises:
            CygnetError: it does not run.
        """
        session = self.device.desk.running(self.app_id)
        if session is None:
            raise CygnetError("the program does not run; start it again")
        return session

    async def _open_device(self, build: Build | None) -> None:
        """Start the board, with the state of this program, and none while nothing could be built."""
        if build is not None:
            state = run_state(build.manifest.app_id)
            self._held.enter_context(alone(state, RUNS_ALREADY))
            name = build.manifest.name
        else:
            state = Path(self._held.enter_context(tempfile.TemporaryDirectory()))
            name = self.builder.directory.resolve().name
        instruments = Instruments(
            gate=self._make_gate,
            listener=self.inspector.listen_for,
            routes=self.tools.routes(),
            guards=[self.tools.guard] if is_guarded(self.board.screen.listen) else [],
            theme=lambda: self.theme,
            worker_entry=ENTRY,
            inspect=self.inspector.inspect,
        )
        device = Device(self.board, state, None, key_ring([self._key.public_key()]), name, instruments)
        try:
            self._url = await device.start()
        except BaseException as error:
            await device.stop()
            self._held.close()
            if isinstance(error, ScreenError):
                raise CygnetError(busy_sentence(self.board)) from error
            raise
        self._device = device
        device.screen.notice(self._notice)
        # A board that comes later is found under the same address.
        port = int(self._url.rstrip("/").rpartition(":")[2])
        self.board = dataclasses.replace(self.board, screen=dataclasses.replace(self.board.screen, port=port))

    async def _close_device(self) -> None:
        device, self._device = self._device, None
        await self.tools.close()
        if device is not None:
            await device.stop()
        self._held.close()

    def _make_gate(self, capabilities: Iterable[Capability]) -> CapabilityGate:
        return WatchedGate(capabilities, self.rules, self.inspector)

    async def use_board(self, board: Board) -> None:
        """Exchange the board under the program, which starts again on it.

        Raises:
            CygnetError: it cannot be started; the old one runs again then.
        """
        async with self._busy:
            before, pages = self.board, self._open_pages()
            await self._close_device()
            port, listen = before.screen.port, before.screen.listen
            self.board = dataclasses.replace(board, screen=dataclasses.replace(board.screen, port=port, listen=listen))
            try:
                await self._open_device(self.build)
            except CygnetError:
                self.board = before
                await self._open_device(self.build)
                raise
            finally:
                if self._device is not None and self.build is not None:
                    await self._start(self.build, pages, f"started on {self.board.name}", 0.0)

    # ------------------------------------------------------------------ building

    async def rebuild(self) -> None:
        """Build the source, and bring what has changed to the board; after a failed build the old program runs on."""
        async with self._busy:
            self._tell_status("building", "")
            try:
                build = await asyncio.to_thread(self.builder.build)
            except CygnetError as error:
                self.sources = self.builder.sources()
                self._fault = self.sources.build_fault(str(error))
                self._say(f"error: {error}")
                self._tell_status("failed", "The build failed; the program runs on as it was." if self.build else "")
                return
            self.sources = self.builder.sources()
            self._fault = None
            for warning in build.warnings:
                if self.build is None or warning not in self.build.warnings:
                    self._say(f"warning: {warning}")
            await self._apply(build)

    async def _apply(self, build: Build) -> None:
        change = build.change_from(self.build)
        pages, running = self._open_pages(), self._running(build)
        if change == "identity":
            await self._close_device()
            await self._open_device(build)
        self.build = build
        self.inspector.template_names = build.names_in_templates()
        if change == "nothing" and running:
            self._tell_status("running", f"Built in {build.milliseconds:.0f} ms: nothing has changed")
        elif change == "styles" and running:
            await self._install(build)
            self.device.screen.restyle(build.manifest.app_id)
            self._report(f"Built in {build.milliseconds:.0f} ms: styles exchanged")
        else:
            again = "started" if change == "identity" else "started again"
            await self._start(build, pages, again, build.milliseconds)

    def _running(self, build: Build) -> bool:
        return self._device is not None and self._device.desk.running(build.manifest.app_id) is not None

    async def _install(self, build: Build) -> None:
        await asyncio.to_thread(self.builder.install, build, self.device.store, self.theme)
        self.device.programs_changed()

    async def _start(self, build: Build, pages: list[dict[str, Any]], what: str, build_ms: float) -> None:
        """Install and run it, on the pages that were open before, as far as it still has them."""
        app_id, desk = build.manifest.app_id, self.device.desk
        paths = [path_of(page) for page in pages if page["route"] in build.manifest.pages]
        self.device.privacy.gate.ask_anew(app_id)  # whoever looked at the source when it asked looks here now
        self.inspector.mark(f"{build.manifest.name} {what}")
        installing = time.perf_counter()
        await self._install(build)
        starting = time.perf_counter()
        try:
            if desk.running(app_id) is not None:
                self.inspector.renew_at_exit()
                await desk.replace(app_id, paths[0] if paths else "")
            else:
                self.inspector.program_starts()
                await desk.session(app_id, paths[0] if paths else "")
            if desk.front != app_id:
                await desk.launch(app_id)
        except CygnetError as error:
            self._fault = None if self.inspector.faults else self.sources.runtime_fault("launch", str(error), "")
            self._say(f"error: {error}")
            self._tell_status("stopped", str(error))
            return
        session = desk.running(app_id)
        for path in paths[1:]:
            if session is not None:
                session.open(path, "navigateTo")
        phases = {
            "build_ms": round(build_ms, 1),
            "install_ms": round((starting - installing) * 1e3, 1),
            "start_ms": round((time.perf_counter() - starting) * 1e3, 1),
        }
        self.inspector.launched(phases)
        total = build_ms + (time.perf_counter() - installing) * 1e3
        self._report(f"{build.manifest.name} {what} in {total:.0f} ms")

    def _open_pages(self) -> list[dict[str, Any]]:
        return list(self.inspector.pages)

    async def restart(self) -> None:
        """Run the program again, from its first page.

        Raises:
            CygnetError: nothing could be built yet.
        """
        if self.build is None:
            await self.rebuild()
            return
        async with self._busy:
            await self._start(self.build, [], "started again", 0.0)

    # ------------------------------------------------------------------ what the developer changes

    async def use_theme(self, theme: Theme) -> None:
        """Let the board be light or dark: styles with ``prefers-color-scheme``, and ``wx.onThemeChange``."""
        async with self._busy:
            self.theme = theme
            if self.build is not None:
                await self._install(self.build)
                self.device.screen.restyle(self.app_id)
        self._event("themeChange", {"theme": theme})
        self.tell_surroundings()

    async def use_network(self, *, offline: bool) -> None:
        """Cut the program off from the network, or connect it again."""
        self.rules.offline = offline
        if offline:
            await self.device.sockets.close()
        kind = "none" if offline else linux_network_type()
        self._event("networkStatusChange", {"isConnected": kind != "none", "networkType": kind})
        self.tell_surroundings()

    def _event(self, name: str, payload: Mapping[str, Value]) -> None:
        if self._device is not None:
            for session in self._device.desk.sessions():
                session.capability_event(name, dict(payload))

    # ------------------------------------------------------------------ what the tools are told

    def _report(self, text: str) -> None:
        self._say(text)
        self._tell_status("running", text)

    def _tell_status(self, state: str, text: str) -> None:
        warnings = list(self.build.warnings) if self.build else []
        self._status = {
            "type": "status",
            "state": state,
            "text": text,
            "warnings": warnings,
            "fault": self._fault_document(),
        }
        self.tools.publish(self._status)
        if state != "building":
            self._notice = self._fault.notice() if self._fault is not None else ""
            if self._device is not None:
                self._device.screen.notice(self._notice)
        if state == "running":
            self.tell_surroundings()

    def _fault_document(self) -> dict[str, Any] | None:
        return self._fault.document() if self._fault is not None else None

    def tell_surroundings(self) -> None:
        """Tell the pages what the program is, and what it runs on."""
        self.tools.publish({"type": "surroundings", **self._surroundings()})

    def _surroundings(self) -> dict[str, Any]:
        return {
            "program": program_facts(self.build) if self.build is not None else None,
            "rules": dataclasses.asdict(self.rules),
            "theme": self.theme,
            "board": board_facts(self.board),
        }

    def hello(self) -> dict[str, Any]:
        """The first message to a page: everything."""
        return {
            "type": "hello",
            "folder": str(self.builder.directory),
            "boards": known_boards(),
            "sizes": screen_sizes(),
            "status": self._status,
            "running": self.build is not None and self._running(self.build),
            **self._surroundings(),
            **self.inspector.snapshot(),
        }
