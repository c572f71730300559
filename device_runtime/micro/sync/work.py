"""What a board does about what is desired: its state, and the loop that has an eye on it.

The doing itself is in :mod:`.doing`, which is in memory only while something is done.
"""

import asyncio
import gc

from .. import clock
from .messages import busy, unload

try:
    from collections.abc import Callable
    from typing import Any

    from .link import Link
    from .memory import Memory
    from .programs import Programs
    from .slots import Slots
    from .stage import Stage
    from .telemetry import Telemetry
except ImportError:
    pass

_TURN = 0.2
_MOST_SHORT = 3
"""Turns in a row for which there was no memory; after that only a start gives it back: names, once read, stay in it."""


class Work:
    """The work of one board. ``host`` runs programs (``micro.program.host``), or is None."""

    def __init__(
        self,
        memory: "Memory",
        telemetry: "Telemetry",
        programs: "Programs",
        slots: "Slots",
        host: "Stage | None",
        pace: "dict[str, int]",
        trial_seconds: int,
        log: "Callable[[str, str, str], None]",
        safe: bool,
    ) -> None:
        """``trial_seconds``: a program that ran so long runs well. ``safe``: no program is touched."""
        self.memory, self.telemetry, self.programs = memory, telemetry, programs
        self.slots, self.host, self.pace, self.log, self.safe = slots, host, pace, log, safe
        self.trial_seconds = trial_seconds
        self.link: Link | None = None
        self.on_change: Callable[[], None] = lambda: None
        self.restart_wanted = False
        self.woken = True
        self.due: int | None = None
        """Ticks at which something that failed is tried again."""
        self.underway: dict[str, tuple[int, int]] = {}
        self.failures: dict[str, dict[str, Any]] = {}
        """Why a program (or, under the empty name, the runtime) could not be brought: ``error``, ``due``, ``tries``."""
        self.down: dict[str, str] = {}
        """Why a program that is installed does not run."""
        self.ended: tuple[str, str] | None = None
        """The program that has just ended by its own fault, and why."""
        self.launch: tuple[str, str] | None = None
        """The program that is to be started now, and its folder."""
        self.good_at: int | None = None
        """Ticks at which the program that runs has run well."""
        self.again_at: int | None = None
        """Ticks at which the program that ended is started again."""
        self.restarts = 0
        self._short = 0
        self.kept_off = ""
        """The program that is not started any more."""
        if host is not None:
            host.on_failure = self._on_failure

    def wake(self) -> None:
        """What is desired has changed."""
        self.woken = True
        self.kept_off = ""
        self.restarts = 0
        if self.safe:
            self.slots.leave_safe_mode(forgive=True)
            self.restart_wanted = True

    def tell(self, name: str, values: "dict[str, Any]") -> None:
        """Say at the serial port and to the fleet what was done."""
        self.log("info", "sync", name + " " + ", ".join([str(value) for value in values.values()]))
        self.telemetry.record("sync", name, values)

    async def run(self) -> None:
        """Do what is to be done, for ever."""
        while True:
            if (
                self.woken
                or self.ended is not None
                or _is_past(self.due)
                or _is_past(self.good_at)
                or _is_past(self.again_at)
            ):
                try:
                    await self.turn()
                    self._short = 0
                except MemoryError:
                    gc.collect()
                    self.woken = True
                    self._short += 1
                    if self._short < _MOST_SHORT:
                        self.log("warning", "sync", "the board is short of memory: it goes on soon")
                    else:
                        self.log("warning", "sync", "the board is short of memory: it starts anew")
                        self.restart_wanted = True
                    await asyncio.sleep(2)
            await asyncio.sleep(_TURN)

    async def turn(self) -> None:
        """Do what is to be done now."""
        async with busy:
            from .doing import turn

            try:
                await turn(self)
            finally:
                del turn
                unload()
            if self.launch is not None:
                await self._start()

    async def _start(self) -> None:
        """Start a program; not in :mod:`.doing`, whose memory it may need."""
        (app_id, folder), self.launch = self.launch, None  # type: ignore[misc]
        gc.collect()
        try:
            await self.host.start(app_id, folder)  # type: ignore[union-attr]
        except Exception as error:  # noqa: BLE001 - whatever a program does, the board goes on
            self.ended = (app_id, str(error) or repr(error))
        else:
            self.good_at = clock.ticks_add(clock.ticks_ms(), self.trial_seconds * 1000)
            self.down.pop(app_id, None)
        self.on_change()

    def _on_failure(self, app_id: str, sentence: str) -> None:
        self.ended = (app_id, sentence)


def _is_past(ticks: "int | None") -> bool:
    return ticks is not None and clock.ticks_diff(clock.ticks_ms(), ticks) >= 0
