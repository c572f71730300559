"""Brings a board to what is desired: the runtime first, then each program; and runs the program in front.

A program is fetched aside, checked, switched to, run on trial, and marked good when it has run well for some seconds;
else the version before comes back. There is no state to restore after a power cut but the records.
"""

import gc

from .. import clock
from .messages import MAX_ERROR, SyncError, one_line, unload
from .switching import begin, keep_only, mark_good, path_of, remove, roll_back, switch

try:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from .work import Work
except ImportError:
    pass

_LONGEST_RETRY = 900
_RESTARTS = (1, 5, 30)
"""Seconds before a program that ended is started again; after these, not any more."""


async def turn(work: "Work") -> None:
    """Do what is to be done now. Without a host (in safe mode) no program runs, so that none ends or does well."""
    if work.ended is not None:
        (app_id, sentence), work.ended = work.ended, None
        await _go_wrong(work, app_id, sentence)
    if work.good_at is not None and _is_past(work.good_at):
        work.good_at, work.restarts = None, 0
        if work.host.running:  # type: ignore[union-attr]
            try:
                mark_good(work.programs, work.host.running)  # type: ignore[union-attr]
                work.log("info", "sync", "good " + work.host.running)  # type: ignore[union-attr]
            except OSError as error:
                work.log("warning", "sync", f"{work.host.running} cannot be marked as good: {error}")  # type: ignore[union-attr]
    if work.again_at is not None and _is_past(work.again_at):
        work.again_at, work.woken = None, True
    if work.woken or (work.due is not None and _is_past(work.due)):
        work.woken, work.due = False, None
        work.due = await _pass(work)


async def _pass(work: "Work") -> "int | None":
    """Once through all that is desired; the ticks at which something must be tried again, or None."""
    held = work.memory.desired
    if work.restart_wanted:
        return None
    desired = held or {"runtime": None, "programs": {}}  # no fleet yet: what came over the cable runs
    if desired.get("settings") and "told" not in desired:
        desired["told"] = True  # no part of a board has a setting
        work.tell("settings_ignored", {"names": ", ".join(sorted(desired["settings"]))[:300]})
    runtime = desired["runtime"]
    if runtime is not None and _needs_runtime(work, runtime) and _is_due(work, "", runtime["sha256"]):
        await _attempt(work, "", runtime["sha256"], lambda: _update(work, desired, runtime))
    if work.safe or work.restart_wanted:
        return _next_due(work)
    for app_id in list(work.programs.apps) if held else ():
        if app_id not in desired["programs"] and not work.programs.apps[app_id].get("local"):
            work.failures.pop(app_id, None)
            await _attempt(work, app_id, "", lambda app_id=app_id: _remove(work, app_id))  # type: ignore[misc]
    for app_id in list(work.failures):
        if app_id and app_id not in desired["programs"]:
            del work.failures[app_id]
    _keep_only(work, desired)
    for app_id in sorted(desired["programs"]):
        target = desired["programs"][app_id]
        if work.memory.desired is not held:
            work.woken = True
            return None
        if _is_due(work, app_id, target["sha256"]):
            step = lambda app_id=app_id, target=target: _bring(work, desired, app_id, target)  # noqa: E731
            await _attempt(work, app_id, target["sha256"], step)
    await _run_front(work, desired)
    return _next_due(work)


def _keep_only(work: "Work", desired: "dict[str, Any]") -> None:
    try:
        keep_only(work.programs, [target["sha256"] for target in desired["programs"].values()])
    except OSError as error:
        work.log("warning", "sync", f"what is no longer needed cannot be cleared away: {error}")


# Attempts


def _is_due(work: "Work", app_id: str, sha256: str) -> bool:
    failure = work.failures.get(app_id)
    return failure is None or failure["sha256"] != sha256 or _is_past(failure["due"])


def _next_due(work: "Work") -> "int | None":
    due: int | None = None
    for failure in work.failures.values():
        if due is None or clock.ticks_diff(failure["due"], due) < 0:
            due = failure["due"]
    return due


async def _attempt(work: "Work", app_id: str, sha256: str, step: "Callable[[], Awaitable[None]]") -> None:
    desired = work.memory.desired
    try:
        try:
            await step()
        except MemoryError:
            if work.host is None or not work.host.running:
                raise
            work.log("info", "sync", "the program makes room for what is installed")
            await work.host.stop()
            work.good_at = None
            gc.collect()
            await step()
    except (SyncError, OSError, MemoryError) as error:
        if work.memory.desired is not desired:
            work.woken = True  # it failed because something else is desired now
        else:
            _fail(work, app_id, sha256, str(error) or "the board has not enough memory")
    else:
        work.failures.pop(app_id, None)
    work.underway.pop(app_id, None)
    work.on_change()


def _fail(work: "Work", app_id: str, sha256: str, sentence: str) -> None:
    before = work.failures.get(app_id)
    tries = before["tries"] + 1 if before is not None and before["sha256"] == sha256 else 1
    pause = min(_LONGEST_RETRY, work.pace["retry"] * 2 ** min(tries, 10))
    sentence = one_line(sentence, MAX_ERROR)
    if before is None or before["error"] != sentence:
        work.tell("failed" if app_id else "runtime_failed", {"app_id": app_id, "error": sentence[:300]})
    due = clock.ticks_add(clock.ticks_ms(), pause * 1000)
    work.failures[app_id] = {"sha256": sha256, "tries": tries, "due": due, "error": sentence}


# The runtime


def _needs_runtime(work: "Work", target: "dict[str, Any]") -> bool:
    failed = work.slots.failed
    return not (
        target["version"] == work.slots.version
        or work.slots.is_on_trial
        or (failed is not None and failed["version"] == target["version"])
    )


async def _update(work: "Work", desired: "dict[str, Any]", target: "dict[str, Any]") -> None:
    from .fetching import reader
    from .update import update_runtime

    await update_runtime(work.slots, reader(work, desired, target), target)
    work.tell("runtime_installed", {"version": target["version"]})
    work.restart_wanted = True


# Programs


async def _bring(work: "Work", desired: "dict[str, Any]", app_id: str, target: "dict[str, Any]") -> None:
    app = work.programs.apps.get(app_id)
    current, bad = (app["current"], app["bad"]) if app else (None, None)
    if app and app.get("local"):
        app["local"] = False  # from now on it is the fleet's
        work.programs.save()
    if (current and current["sha256"] == target["sha256"]) or (bad and bad["sha256"] == target["sha256"]):
        return
    await _fetch(work, desired, app_id, target)
    unload("fetching", "files", "package", "update")  # a program needs the room
    gc.collect()
    await _stop(work, app_id)
    switch(work.programs, app_id, target)
    work.down.pop(app_id, None)
    work.failures.pop(app_id, None)
    work.underway.pop(app_id, None)
    work.tell("installed", {"app_id": app_id, "version_code": target["version_code"]})
    work.restarts, work.kept_off = 0, ""
    if target["launch"]:
        work.programs.front = app_id
        await _start(work, app_id)


async def _fetch(work: "Work", desired: "dict[str, Any]", app_id: str, target: "dict[str, Any]") -> None:
    from .fetching import reader
    from .update import fetch_program

    def progress(received: int) -> None:
        work.underway[app_id] = (min(received, target["size"]), target["size"])
        work.on_change()

    await fetch_program(work.programs, reader(work, desired, target), app_id, target, progress)


async def _remove(work: "Work", app_id: str) -> None:
    await _stop(work, app_id)
    remove(work.programs, app_id)
    _forget(work.programs.root, app_id)
    work.down.pop(app_id, None)
    work.tell("removed", {"app_id": app_id})


def _forget(root: str, app_id: str) -> None:
    from ..consents import forget_consents

    forget_consents(root, app_id)
    del forget_consents
    unload("consents")


async def _stop(work: "Work", app_id: str) -> None:
    """It runs no more, nor is it what is started next."""
    if work.launch is not None and work.launch[0] == app_id:
        work.launch = None
    if work.host is not None and work.host.running == app_id:
        await work.host.stop()
        work.good_at = None


async def _run_front(work: "Work", desired: "dict[str, Any]") -> None:
    """After a start of the board, or when what ran is gone: run the program in front."""
    if work.host is None or work.host.running or work.again_at is not None or work.launch is not None:
        return
    apps = work.programs.apps
    wanted = [app_id for app_id in sorted(apps) if apps[app_id].get("local") and apps[app_id]["current"]]
    wanted += [app_id for app_id in sorted(desired["programs"]) if desired["programs"][app_id]["launch"]]
    front = work.programs.front if work.programs.front in wanted else (wanted[-1] if wanted else "")
    if front and front != work.kept_off and work.programs.current(front):
        await _start(work, front)


async def _start(work: "Work", app_id: str) -> None:
    if work.host is None:
        raise SyncError("this runtime has no part that runs programs: update it")
    if work.host.running:
        await work.host.stop()
    work.good_at = work.ended = None
    if not begin(work.programs, app_id):
        await _go_wrong(work, app_id, "it took the board down each time it was started", final=True)
        return
    work.launch = (app_id, path_of(work.programs, app_id)[:-1])


async def _go_wrong(work: "Work", app_id: str, sentence: str, final: bool = False) -> None:
    """A program ended by its own fault."""
    work.good_at = None
    current = work.programs.current(app_id)
    if current is None:
        return
    if work.host.running == app_id:  # type: ignore[union-attr]
        await work.host.stop()  # type: ignore[union-attr]
    sentence = one_line(sentence, 300)
    if work.programs.apps[app_id]["trial"]:
        work.tell("rolled_back", {"app_id": app_id, "version_code": current["code"], "error": sentence})
        roll_back(work.programs, app_id, sentence)
        if work.programs.current(app_id) and work.programs.front == app_id:
            await _start(work, app_id)
        work.woken = True  # where nothing was before it, another program may be to run
    else:
        if work.down.get(app_id) != sentence:
            work.tell("failed", {"app_id": app_id, "version_code": current["code"], "error": sentence})
        work.down[app_id] = sentence
        if final or work.restarts >= len(_RESTARTS):
            work.kept_off = app_id
        else:
            work.again_at = clock.ticks_add(clock.ticks_ms(), _RESTARTS[work.restarts] * 1000)
            work.restarts += 1
    work.on_change()


def _is_past(ticks: int) -> bool:
    return clock.ticks_diff(clock.ticks_ms(), ticks) >= 0
