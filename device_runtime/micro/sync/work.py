"""Brings a board to what is desired: the runtime first, then each program; and runs the program in front.

A program is fetched aside, checked, switched to, run on trial, and marked good when it has run well for some seconds;
else the version before comes back. There is no state to restore after a power cut but the records.
"""

import asyncio

from .. import clock
from .messages import MAX_ERROR, MAX_TEXT, SyncError, one_line

try:
    from collections.abc import Callable
    from typing import Any

    from .link import Link
    from .memory import Memory
    from .programs import Programs
    from .slots import Slots
    from .telemetry import Telemetry
except ImportError:
    pass

_TURN = 0.2
_LONGEST_RETRY = 900
_RESTARTS = (1, 5, 30)
"""Seconds before a program that ended is started again; after these, not any more."""


class Work:
    """The doing of one board. ``host`` runs programs (``micro.program.host``), or is None."""

    def __init__(
        self,
        identity: "dict[str, Any]",
        memory: "Memory",
        telemetry: "Telemetry",
        programs: "Programs",
        slots: "Slots",
        host: "Any",
        pace: "dict[str, int]",
        trial_seconds: int,
        log: "Callable[[str, str, str], None]",
        safe: bool,
    ) -> None:
        """``trial_seconds``: a program that ran so long runs well. ``safe``: no program is touched."""
        self._identity, self._memory, self._telemetry, self.programs = identity, memory, telemetry, programs
        self.slots, self._host, self._pace, self._log, self._safe = slots, host, pace, log, safe
        self._trial_seconds = trial_seconds
        self.link: Link | None = None
        self.on_change: Callable[[], None] = lambda: None
        self.restart_wanted = False
        self._woken = True
        self._underway: dict[str, tuple[int, int]] = {}
        self._failures: dict[str, dict[str, Any]] = {}
        self._ended: tuple[str, str] | None = None
        self._good_at: int | None = None
        self._restarts = 0
        self._again_at: int | None = None
        self._kept_off = ""
        self._down: dict[str, str] = {}
        """Why a program that is installed does not run."""
        if host is not None:
            host.on_failure = self._on_failure

    def wake(self) -> None:
        """What is desired has changed."""
        self._woken = True
        self._kept_off = ""
        self._restarts = 0
        if self._safe:
            self.slots.leave_safe_mode(forgive=True)
            self.restart_wanted = True

    def reports(self) -> "dict[str, dict[str, Any]]":
        """Each program as it is now, for ``reported``."""
        reports: dict[str, dict[str, Any]] = {}
        running = self._host.running if self._host is not None else ""
        for app_id in self.programs.app_ids():
            current, bad = self.programs.current(app_id), self.programs.failure(app_id)
            if bad:
                again = f"; version {current['code']} is back" if current else ""
                reports[app_id] = _failed(bad["code"], bad["name"], bad["error"] + again)
            elif current:
                phase = "running" if app_id == running else "installed"
                reports[app_id] = {"version_code": current["code"], "version_name": current["name"], "phase": phase}
                why = "safe mode: the board went down several times in a row" if self._safe else self._down.get(app_id)
                if why:
                    reports[app_id] = _failed(current["code"], current["name"], why)
        desired = self._memory.desired
        targets = desired["programs"] if desired else {}
        for app_id, failure in self._failures.items():
            if app_id:
                target = targets.get(app_id)
                code, name = (target["version_code"], target["version_name"]) if target else (0, "")
                reports[app_id] = _failed(code, name, failure["error"])
        for app_id, (received, size) in self._underway.items():
            target = targets.get(app_id)
            if target:
                reports[app_id] = {
                    "version_code": target["version_code"],
                    "version_name": target["version_name"],
                    "phase": "downloading",
                    "received": received,
                    "size": size,
                }
        return reports

    async def run(self) -> None:
        """Do what is to be done, for ever."""
        due: int | None = clock.ticks_ms()
        while True:
            if self._woken or (due is not None and _is_past(due)):
                self._woken = False
                due = await self._pass()
            await self._look_after()
            await asyncio.sleep(_TURN)

    async def _pass(self) -> "int | None":
        """Once through all that is desired; the ticks at which something must be tried again, or None."""
        desired = self._memory.desired
        if desired is None:
            return None
        runtime = desired["runtime"]
        if runtime is not None and self._needs_runtime(runtime) and self._is_due("", runtime["sha256"]):
            await self._attempt("", runtime["sha256"], self._update(desired, runtime))
        if self._safe or self.restart_wanted:
            return self._next_due()
        for app_id in self.programs.app_ids():
            if app_id not in desired["programs"]:
                self._failures.pop(app_id, None)
                await self._attempt(app_id, "", self._remove(app_id))
        for app_id in list(self._failures):
            if app_id and app_id not in desired["programs"]:
                del self._failures[app_id]
        self._keep_only(desired)
        for app_id in sorted(desired["programs"]):
            target = desired["programs"][app_id]
            if self._memory.desired is not desired:
                self._woken = True
                return None
            if self._is_due(app_id, target["sha256"]):
                await self._attempt(app_id, target["sha256"], self._bring(desired, app_id, target))
        await self._run_front(desired)
        return self._next_due()

    def _keep_only(self, desired: "dict[str, Any]") -> None:
        try:
            self.programs.keep_only([target["sha256"] for target in desired["programs"].values()])
        except OSError as error:
            self._log("warning", "sync", f"what is no longer needed cannot be cleared away: {error}")

    # Attempts

    def _is_due(self, app_id: str, sha256: str) -> bool:
        failure = self._failures.get(app_id)
        return failure is None or failure["sha256"] != sha256 or _is_past(failure["due"])

    def _next_due(self) -> "int | None":
        due: int | None = None
        for failure in self._failures.values():
            if due is None or clock.ticks_diff(failure["due"], due) < 0:
                due = failure["due"]
        return due

    async def _attempt(self, app_id: str, sha256: str, step: "Any") -> None:
        desired = self._memory.desired
        try:
            await step
        except (SyncError, OSError, MemoryError) as error:
            if self._memory.desired is not desired:
                self._woken = True  # it failed because something else is desired now
            else:
                self._fail(app_id, sha256, str(error) or "the board has not enough memory")
        else:
            self._failures.pop(app_id, None)
        self._underway.pop(app_id, None)
        self.on_change()

    def _fail(self, app_id: str, sha256: str, sentence: str) -> None:
        before = self._failures.get(app_id)
        tries = before["tries"] + 1 if before is not None and before["sha256"] == sha256 else 1
        pause = min(_LONGEST_RETRY, self._pace["retry"] * 2 ** min(tries, 10))
        sentence = one_line(sentence, MAX_ERROR)
        if before is None or before["error"] != sentence:
            self._tell("failed" if app_id else "runtime_failed", {"app_id": app_id, "error": sentence[:300]})
        due = clock.ticks_add(clock.ticks_ms(), pause * 1000)
        self._failures[app_id] = {"sha256": sha256, "tries": tries, "due": due, "error": sentence}

    def _tell(self, name: str, values: "dict[str, Any]") -> None:
        self._log("info", "sync", name + " " + ", ".join([str(value) for value in values.values()]))
        self._telemetry.record("sync", name, values)

    def _reader(self, desired: "dict[str, Any]", target: "dict[str, Any]") -> "Any":
        async def read(offset: int, length: int) -> bytes:
            assert self.link is not None, "the runtime sets it"  # noqa: S101 - for the type checker
            data = b""
            while len(data) < length:  # most are one block; a list of files may be more
                some = min(2048, length - len(data))
                data += await self.link.content(
                    target["sha256"], target["size"], offset + len(data), some, lambda: self._memory.desired is desired
                )
            return data

        return read

    # The runtime

    def _needs_runtime(self, target: "dict[str, Any]") -> bool:
        failed = self.slots.failed
        return not (
            target["version"] == self.slots.version
            or self.slots.is_on_trial
            or (failed is not None and failed["version"] == target["version"])
        )

    async def _update(self, desired: "dict[str, Any]", target: "dict[str, Any]") -> None:
        from .update import update_runtime

        await update_runtime(self.slots, self._reader(desired, target), target, self._identity)
        self._tell("runtime_installed", {"version": target["version"]})
        self.restart_wanted = True

    # Programs

    async def _bring(self, desired: "dict[str, Any]", app_id: str, target: "dict[str, Any]") -> None:
        current, bad = self.programs.current(app_id), self.programs.failure(app_id)
        if (current and current["sha256"] == target["sha256"]) or (bad and bad["sha256"] == target["sha256"]):
            return
        from .update import fetch_program

        def progress(received: int) -> None:
            self._underway[app_id] = (min(received, target["size"]), target["size"])
            self.on_change()

        await fetch_program(self.programs, self._reader(desired, target), app_id, target, self._identity, progress)
        if self._host is not None and self._host.running == app_id:
            await self._host.stop()
        self.programs.switch(app_id, target)
        self._down.pop(app_id, None)
        self._failures.pop(app_id, None)
        self._underway.pop(app_id, None)
        self._tell("installed", {"app_id": app_id, "version_code": target["version_code"]})
        self._restarts, self._kept_off = 0, ""
        if target["launch"]:
            self.programs.front = app_id
            await self._start(app_id)

    async def _remove(self, app_id: str) -> None:
        if self._host is not None and self._host.running == app_id:
            await self._host.stop()
            self._good_at = None
        self.programs.remove(app_id)
        self._down.pop(app_id, None)
        self._tell("removed", {"app_id": app_id})

    async def _run_front(self, desired: "dict[str, Any]") -> None:
        """After a start of the board, or when what ran is gone: run the program in front."""
        if self._host is None or self._host.running or self._again_at is not None:
            return
        wanted = [app_id for app_id in sorted(desired["programs"]) if desired["programs"][app_id]["launch"]]
        front = self.programs.front if self.programs.front in wanted else (wanted[-1] if wanted else "")
        if front and front != self._kept_off and self.programs.current(front):
            await self._start(front)

    async def _start(self, app_id: str) -> None:
        if self._host is None:
            raise SyncError("this runtime has no part that runs programs: update it")
        if self._host.running:
            await self._host.stop()
        self._good_at = self._ended = None
        if not self.programs.start(app_id):
            await self._go_wrong(app_id, "it took the board down each time it was started", final=True)
            return
        try:
            await self._host.start(app_id, self.programs.path(app_id)[:-1])
        except (KeyboardInterrupt, SystemExit):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a program does, the board goes on
            await self._go_wrong(app_id, str(error) or repr(error))
            return
        self._good_at = clock.ticks_add(clock.ticks_ms(), self._trial_seconds * 1000)
        self._down.pop(app_id, None)
        self.on_change()

    def _on_failure(self, app_id: str, sentence: str) -> None:
        self._ended = (app_id, sentence)

    async def _look_after(self) -> None:
        """The program that runs: has it ended, has it run well, is it time to start it again?"""
        if self._ended is not None:
            (app_id, sentence), self._ended = self._ended, None
            await self._go_wrong(app_id, sentence)
        elif self._good_at is not None and _is_past(self._good_at):
            self._good_at = None
            self._restarts = 0
            app_id = self._host.running
            if app_id:
                try:
                    self.programs.mark_good(app_id)
                except OSError as error:
                    self._log("warning", "sync", f"{app_id} cannot be marked as good: {error}")
        elif self._again_at is not None and _is_past(self._again_at):
            self._again_at = None
            self._woken = True

    async def _go_wrong(self, app_id: str, sentence: str, final: bool = False) -> None:
        """A program ended by its own fault."""
        self._good_at = None
        current = self.programs.current(app_id)
        if current is None:
            return
        if self._host.running == app_id:
            await self._host.stop()
        sentence = one_line(sentence, 300)
        if self.programs.is_on_trial(app_id):
            self._tell("rolled_back", {"app_id": app_id, "version_code": current["code"], "error": sentence})
            self.programs.roll_back(app_id, sentence)
            if self.programs.current(app_id) and self.programs.front == app_id:
                await self._start(app_id)
        else:
            if self._down.get(app_id) != sentence:
                self._tell("failed", {"app_id": app_id, "version_code": current["code"], "error": sentence})
            self._down[app_id] = sentence
            if final or self._restarts >= len(_RESTARTS):
                self._kept_off = app_id
            else:
                self._again_at = clock.ticks_add(clock.ticks_ms(), _RESTARTS[self._restarts] * 1000)
                self._restarts += 1
        self.on_change()


def _failed(code: int, name: str, sentence: str) -> "dict[str, Any]":
    return {
        "version_code": code,
        "version_name": one_line(name, MAX_TEXT),
        "phase": "failed",
        "error": one_line(sentence, MAX_ERROR),
    }


def _is_past(ticks: int) -> bool:
    return clock.ticks_diff(clock.ticks_ms(), ticks) >= 0
