"""Where programs run: what it takes is read when the first one starts, and given back when none runs.

A board without a program has that memory for its fleet, and one whose program did not fit has it back.
"""

import asyncio
import gc
import sys

from ..records import read_document
from .messages import SyncError

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from ..program.host import ProgramHost
        from .telemetry import Telemetry
except ImportError:
    pass

_PARTS = ("program", "view", "screen", "capability", "privacy", "sound", "inference")
_KEPT = ("program", "program.guard", "program.errors")
"""The guard stands in the place of ``__import__`` and its kin, once and for all."""


class Stage:
    """What :class:`.work.Work` wants of ``micro.program.host``: ``running``, ``start``, ``stop``, ``on_failure``."""

    def __init__(self, root: str, queue: "Telemetry", log: "Callable[[str, str, str], None]") -> None:
        self._root, self._queue, self._log = root, queue, log
        self._host: ProgramHost | None = None
        self.on_failure: Callable[[str, str], None] | None = None
        """``f(app_id, sentence)``: the program was ended by its own fault."""

    @property
    def running(self) -> str:
        """The id of the program that runs, or empty."""
        return self._host.running if self._host is not None else ""

    async def start(self, app_id: str, folder: str) -> None:
        """Run the program in ``folder``, in place of the one that runs.

        Raises:
            SyncError: this runtime runs no programs, or there is not enough memory.
            Exception: of ``micro.program.host``.
        """
        gc.collect()
        try:
            # A task of its own begins at the bottom of the stack, which is small on boards.
            await asyncio.create_task(self._begin(app_id, folder))
        except MemoryError:
            self._clear()
            raise SyncError("it does not fit: the board has not enough memory for it")
        except BaseException:
            self._clear()
            raise

    async def _begin(self, app_id: str, folder: str) -> None:
        if self._host is None:
            self._host = self._make()
        await self._host.start(app_id, folder)

    async def stop(self) -> None:
        """End the program that runs."""
        if self._host is not None:
            try:
                await self._host.stop()
                await asyncio.sleep(0)  # its task ends, which is of the code that goes now
            finally:
                self._clear()

    def _make(self) -> "ProgramHost":
        try:
            from ..program.host import ProgramHost
            from ..services import Services
        except ImportError as error:
            raise SyncError(f"this runtime runs no programs ({error}): update it")
        board = read_document(self._root + "cygnet/board.json") or {}
        host = ProgramHost(self._root, board, Services(self._queue, self._log))
        host.on_failure = self._failed
        return host

    def _failed(self, app_id: str, sentence: str) -> None:
        self._clear()
        if self.on_failure is not None:
            self.on_failure(app_id, sentence)

    def _clear(self) -> None:
        """Forget the host and its code."""
        self._host = None
        top = __name__.split(".")[0]
        guard = sys.modules.get(top + ".program.guard")
        if guard is not None:
            guard.release()
        for name in list(sys.modules):
            parts = name.split(".")
            if parts[0] == top and len(parts) > 1 and parts[1] in _PARTS and ".".join(parts[1:]) not in _KEPT:
                # Modules hold each other: where one is still seen, by a stale word on the stack, all would stay.
                sys.modules.pop(name).__dict__.clear()
                package = sys.modules.get(".".join(parts[:-1]))
                if package is not None and hasattr(package, parts[-1]):
                    delattr(package, parts[-1])
        gc.collect()
