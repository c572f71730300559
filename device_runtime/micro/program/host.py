"""Runs one program on the board: gives it its turns, shows its pages, brings it what happens, and ends it."""

import asyncio
import gc

from .. import clock
from ..capability.buttons import Buttons
from ..capability.pins import hardware
from .errors import OwnError, ProgramError
from .limits import Limits

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from ..capability.gate import Gate
        from ..screen.screen import Screen
        from ..services import Services
        from .program import Program
        from .shapes import Event
except ImportError:
    pass

_POLL_MS = 15
"""How often buttons are looked at."""
_IDLE_MS = 250
_HEARING_MS = 50
_LINES_A_TURN = 20


class ProgramHost:
    """``board`` is the document of ``board.json``; ``services`` has ``telemetry(source, name, values)`` and
    ``log(level, source, text)``.

    ``running`` is the id of the program that runs, or empty. ``on_failure(app_id, sentence)`` is called when a program
    was ended because it hung, leaked or raised again and again. What is said to it, and what :meth:`start` raises, goes
    to the fleet: it holds nothing of the program's own words, which the log has.
    """

    screen: "Screen | None"

    def __init__(self, root: str, board: "dict[str, Any]", services: "Services") -> None:
        self.running = ""
        self.on_failure: Callable[[str, str], None] | None = None
        self.screen = None
        self.program: Program | None = None
        self._root = root
        self._board = board
        self._services = services
        self._limits = Limits(board.get("program", {}), board.get("watchdog", 0))
        self._pins = hardware(root, board)
        self._buttons = Buttons(board.get("buttons", {}), self._pins)
        self._has_buttons = bool(board.get("buttons"))
        self._gate: Gate | None = None
        self._task: asyncio.Task[None] | None = None
        self._folder = ""
        self._lines = 0
        self._touch: tuple[int, int] | None = None
        if board.get("display"):
            try:
                from ..screen.screen import Screen, make_display

                display = make_display(root, board, self._pins)
                self.screen = None if display is None else Screen(display)
            except OSError as error:
                services.log("warning", "screen", f"the display does not answer: {error}; check its wires and address")
        self._say("waits for its program")

    async def start(self, app_id: str, folder: str) -> None:
        """Run the program in ``folder``, in place of the one that runs.

        Raises:
            ProgramError: it cannot run, or something of it went wrong before its first page was there; in our words.
        """
        if self.running:
            await self.stop()
        try:
            # A task of its own begins at the bottom of the stack (8 KB on a Pico); who waits for it stands deep in it.
            await asyncio.create_task(self._begin(app_id, folder))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised in our words
            self._services.log("error", app_id, f"the program cannot run: {error}")
            # Whoever started it tells its fleet of it.
            raise ProgramError(_told(error)) from None

    async def _begin(self, app_id: str, folder: str) -> None:
        gc.collect()
        # Read when the first program starts: a board without one has the memory for its fleet.
        from ..capability.gate import Gate
        from .program import Program

        self._lines = 0
        program = Program(folder, self._limits, None, self._log)  # type: ignore[arg-type]  # set below
        self._folder = folder
        manifest = program.manifest
        self._gate = Gate(
            self._root, self._board, self._services, self._pins, manifest["app_id"], manifest["permissions"], folder,
            program.lend, manifest["has_plan"],
        )  # fmt: skip
        self.program = program
        self.running = app_id
        program.invoke = self._gate.invoke
        try:
            self._gate.load(manifest["capabilities"])
            program.start()
            if program.fault:
                raise ProgramError(program.fault)  # noqa: TRY301 - as whatever else keeps it from running
            self._flush()
            self._draw()
        except Exception:
            self._end()
            self._say("its program cannot run")
            raise
        self._buttons.listen(True)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End the program; it hears ``on_unload``."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        if self.program is not None:
            self.program.stop()
        self._end()
        self._say("waits for its program")

    def touch(self, x: int, y: int) -> None:
        """A finger on the screen; the program hears of it in its next turn."""
        self._touch = (x, y)

    # -- turns -------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        app_id = self.running
        try:
            while True:
                await asyncio.sleep_ms(self._pause())  # type: ignore[attr-defined]
                self._lines = 0
                self._turn()
                self._flush()
                if self.program is not None:
                    self.program.settle()
        except MemoryError:
            gc.collect()
            sentence = told = "the board ran out of memory"
        except Exception as error:  # noqa: BLE001 - a fault of ours must not take the board down
            sentence, told = f"{type(error).__name__}: {error}", _told(error)
        self._task = None
        self._end()
        self._services.log("error", app_id, f"the program was ended: {sentence}")
        self._say("its program was stopped")
        if self.on_failure is not None:
            self.on_failure(app_id, told)

    def _pause(self) -> int:
        pause = _POLL_MS if self._has_buttons else _IDLE_MS
        if self._gate is not None and self._gate.listens:
            pause = min(pause, _HEARING_MS)
        wait = self.program.timers.wait(clock.ticks_ms()) if self.program is not None else -1
        return pause if wait < 0 else min(pause, max(1, wait))

    def _turn(self) -> None:
        program = self.program
        if program is None:
            return
        now = clock.ticks_ms()
        if self._has_buttons:
            for name, pressed in self._buttons.poll(now):
                self._button(program, name, pressed)
        if self._touch is not None and self.screen is not None:
            place, self._touch = self._touch, None
            self._happened(program, self.screen.touch(place[0], place[1]))
        heard = self._gate.heard() if self._gate is not None else None
        while heard is not None:
            program.heard(heard)
            heard = self._gate.heard()  # type: ignore[union-attr]
        if program.timers.wait(clock.ticks_ms()) == 0:
            program.fire_timers()
        self._draw()

    def _button(self, program: "Program", name: str, pressed: bool) -> None:
        if program.button(name, pressed) or not pressed or self.screen is None:
            return
        if name == "next":
            self.screen.next()
        elif name == "previous":
            self.screen.next(-1)
        elif name == "back":
            program.back()
        elif name == "select":
            self._happened(program, self.screen.select())

    def _happened(self, program: "Program", event: "Event | None") -> None:
        if event is not None and event[1]:
            program.event(event[0], event[1], event[2], event[3])

    def _draw(self) -> None:
        if self.screen is None or self.program is None:
            return
        top = self.program.stack.top
        try:
            if top is not None:
                self.screen.show(top, self._folder)
        except RuntimeError as error:
            raise ProgramError(
                f"{top.route} cannot be drawn, it is nested too deeply: {error}"  # type: ignore[union-attr]
            ) from error

    def _say(self, text: str) -> None:
        if self.screen is not None:
            self.screen.say(self._board.get("name", "Cygnet"), text)

    def _flush(self) -> None:
        said = self._gate.flush()  # type: ignore[union-attr]
        if said:
            self._services.log("warning", self.running, said)

    def _end(self) -> None:
        self._buttons.listen(False)
        if self._gate is not None:
            self._flush()
            self._gate.end()
            self._gate = None
        if self.screen is not None:
            self.screen.forget()
        if self.program is not None:
            self.program.forget()
            self.program = None
        self.running = ""
        gc.collect()

    # -- what the program asks -----------------------------------------------------------------------------------

    def _log(self, level: str, place: str, text: str) -> None:
        self._lines += 1
        if self._lines < _LINES_A_TURN:
            self._services.log(level, f"{self.running} {place}", text[:400])
        elif self._lines == _LINES_A_TURN:
            self._services.log(
                "warning", self.running, "more lines at once than a board can write; the rest is left out"
            )


def _told(error: Exception) -> str:
    """What others may hear of why a program does not run: nothing of its own words."""
    if isinstance(error, OwnError):
        return str(error)
    return "its own words, which stay on the board, say why"
