"""What a program may use, and calls of its functions that keep to it: what goes wrong in them is logged and counted."""

import gc

from .. import clock
from ..view.errors import ViewError
from . import faults, guard
from .errors import OwnError, Stopped

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .shapes import Write
        from .stack import PageStack
except ImportError:
    pass

_MOST_NODES = 200
_STRIKES = 3
"""So many handlers in a row that take too long end a program."""
_FAULTS = 10
"""So many handlers in a row that raise end a program."""
_SMALL = 2048
"""Bytes: a smaller change between two turns is of calls, of what a stale word of the stack still holds, or of what was
sent of the program's telemetry and log."""


class Limits:
    """What a program may use: ``program`` of ``board.json``. A board with a watchdog of so many seconds must be through
    with the launch before."""

    def __init__(self, document: "dict[str, Any]", watchdog: int = 0) -> None:
        self.launch_ms: int = watchdog * 600 if watchdog else 10_000
        self.event_ms: int = document.get("event_ms", 2000)
        self.heap: int = document.get("heap_kb", 48) * 1024
        self.nodes: int = document.get("nodes", _MOST_NODES)


class Calls:
    """What :class:`.program.Program` calls its program by. ``fault`` says what went wrong last."""

    limits: "Limits"
    fault: str
    stack: "PageStack"
    _record: bool
    _write: "Write"
    _where: str
    """The file whose code runs."""
    _launched: int
    """Ticks by which the launch must be over; 0: it is."""
    _strikes: int
    _faults: int
    used: int
    """What it takes, in bytes."""
    lent: int
    """What is taken for it and is not its own."""
    _others: int
    """What others take."""
    _after: int
    """What all took when the last turn was over; -1: a turn waits for :meth:`settle`."""
    _usual: int
    """The last small change between two turns: a turn begins deeper in calls, which take memory, than it ends."""
    _base: int
    """What others took when its first page was drawn."""
    _most: int
    """The most that they took since then."""

    def _begin(self) -> None:
        if self._after < 0:
            return  # the turn before is not drawn yet
        gc.collect()
        now = gc.mem_alloc() - self.lent  # type: ignore[attr-defined]
        change = now - self._after
        if abs(change) < _SMALL:
            self._usual = change
        else:
            self._others += change - self._usual
        self._after = -1
        self._base = self._base or self._others
        self._most = max(self._most, self._others)

    def settle(self) -> None:
        """What was done is drawn and passed on: see what the program takes by now.

        What is freed between turns is others', where it is more than a line of the log that was sent; so the count may
        err. It does so by no more than what others took since its first page, and it is ended only for what is left
        when they take the most that they ever did.

        Raises:
            OwnError: it takes more than it may.
        """
        if self._after >= 0:
            return
        gc.collect()
        self._after = now = gc.mem_alloc() - self.lent  # type: ignore[attr-defined]
        self._others = min(now, max(self._others, self._base))
        self.used = now - self._others
        sure = now - self._most
        if sure > self.limits.heap:
            self._report("memory", f"{sure // 1024 + 1} KB")
            raise OwnError(f"the program uses more than the {self.limits.heap // 1024} KB of memory that it may use")

    def _time(self) -> int:
        """What a call may take: what is left of the launch, or the time of an event."""
        if not self._launched:
            return self.limits.event_ms
        return max(1, clock.ticks_diff(self._launched, clock.ticks_ms()))

    def _call(self, where: str, function: "Callable[..., Any]", *arguments: object) -> "Any":
        """Call a function of the program within its time. What it raises is logged, and it goes on.

        Raises:
            OwnError: it is the third in a row that took too long, or the tenth that raised.
        """
        outer, self._where = self._where, where
        value = None
        milliseconds = self._time()
        try:
            # Not by guard.call: each call less leaves more of a board's small stack to the program.
            guard.enter(milliseconds)
            try:
                value = function(*arguments)
            finally:
                guard.leave()
                self._show_changes()
            self._strikes = self._faults = 0
        except Stopped as stopped:
            self._took_too_long(milliseconds, faults.place_of(stopped) or where)
        except MemoryError:
            gc.collect()
            self._went_wrong(where, "MemoryError: the board has no memory left for what this handler does")
        except SystemExit:
            self._went_wrong(where, "SystemExit: a program does not end by itself")
        except Exception as error:  # noqa: BLE001 - a program's fault is the program's
            self._went_wrong(faults.place_of(error) or where, faults.text_of(error))
        finally:
            self._where = outer
        return value

    def _show_changes(self) -> None:
        """Bring pages up to date with what was written to their data: here, and not in ``set_data``, deep in the
        program's call, where a board has no stack left for it."""
        for record in self.stack.pages:
            view, changed = record.view, record.changed
            record.changed = None
            if view is None or changed is None:
                continue
            try:
                if view.root is None:
                    view.render()  # it could not be shown before
                    record.unsent = True
                else:
                    view.refresh(changed, record.operations if self._record and not record.unsent else None)
            except ViewError as error:
                self._report(f"{record.route}.view", f"the page cannot be shown: {error}")
            except MemoryError:
                gc.collect()
                view.render()  # anew: without nodes nothing could happen on it any more
                record.unsent = True

    def _report(self, where: str, text: str) -> None:
        self.fault = f"{where}: {text}"
        self._write("error", where, text)

    def _went_wrong(self, where: str, text: str) -> None:
        self._report(where, text)
        self._strikes = 0
        self._faults += 1
        if self._faults >= _FAULTS:
            raise OwnError(f"{_FAULTS} handlers in a row went wrong; the log says which")

    def _took_too_long(self, milliseconds: int, where: str) -> None:
        self._strikes += 1
        seconds = f"{milliseconds / 1000:g}"
        self._report(where, f"a handler took longer than {seconds} s and was stopped")
        if self._strikes >= _STRIKES:
            raise OwnError(f"{_STRIKES} handlers in a row took longer than {seconds} s")
