"""The runtime of a MicroPython board: put together here, started by ``main.py``."""

import asyncio
import gc

from . import clock
from .records import read_document

try:
    from collections.abc import Awaitable, Callable
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .sync.agent import Agent
        from .sync.work import Work
        from .watchdog import Watchdog
except ImportError:
    pass


_LONGEST_LINE = 500
_SHORT = 2
_COLLECT_EVERY = 8192
"""Bytes after which garbage is collected: what lives long then lies close together, and memory stays in one piece."""


def log(level: str, source: str, text: str) -> None:
    """One line at the serial port, whatever a program or the network put into the text."""
    text = str(text)[:_LONGEST_LINE]
    for each in text:
        if each < " " or each == "\x7f":  # only then: there are things to be said when there is no memory to say them
            text = "".join([each if each >= " " and each != "\x7f" else " " for each in text])
            break
    print(level, " ", source, ": ", text, sep="")


def main(root: str = "/", slot: str = "a", safe: bool = False) -> str:
    """Run until something wants a restart.

    Args:
        root: below it lies ``cygnet/``; ends with a slash.
        slot: the slot that this code was loaded from.
        safe: touch no programs, only talk to the fleet.

    Returns:
        ``restart``, or ``stay`` when this board has not been provisioned.
    """
    identity = read_document(root + "cygnet/identity.json")
    if identity is None:
        log("error", "runtime", "cygnet/identity.json is missing or broken: run `cygnet board provision`")
        return "stay"
    gc.threshold(_COLLECT_EVERY)  # type: ignore[attr-defined]
    seconds = (read_document(root + "cygnet/board.json") or {}).get("watchdog")
    watchdog = None
    if seconds:
        from .watchdog import Watchdog

        watchdog = Watchdog(seconds)
    try:
        asyncio.run(_run(root, slot, safe, identity, watchdog))
    except KeyboardInterrupt:
        if watchdog is not None:
            watchdog.hold()
        raise
    return "restart"


async def _run(root: str, slot: str, safe: bool, identity: "dict[str, Any]", watchdog: "Watchdog | None") -> None:
    from .sync.assembly import assemble
    from .sync.messages import unload

    link, agent, work, pace = assemble(root, slot, safe, identity, watchdog, log)
    del assemble
    unload("assembly")
    gc.collect()
    parts = (link.run, agent.tell, agent.check_documents, work.run)
    tasks = [asyncio.create_task(_steadily(each)) for each in parts]
    try:
        await _watch(tasks, agent, work, watchdog, pace, safe)
    finally:
        for task in tasks[1:]:
            task.cancel()
        if work.host is not None and work.host.running:
            await work.host.stop()
        try:
            work.telemetry.write()
        except OSError as error:
            log("warning", "runtime", f"the last telemetry is lost: {error}")
        await link.goodbye()


async def _steadily(part: "Callable[[], Awaitable[None]]") -> None:
    """Run a part of the runtime; where it ran out of memory, go on with it when there may be some again."""
    while True:
        try:
            await part()
        except MemoryError:
            gc.collect()
        else:
            return
        log("warning", "runtime", "the board is short of memory: it goes on soon")
        await asyncio.sleep(_SHORT)


async def _watch(
    tasks: "list[asyncio.Task[None]]",
    agent: "Agent",
    work: "Work",
    watchdog: "Watchdog | None",
    pace: "dict[str, int]",
    safe: bool,
) -> None:
    """Feed the watchdog and judge this start, until something wants a restart or a task ended by a fault."""
    slots = work.slots
    began = clock.ticks_ms()
    settled = False
    while not work.restart_wanted:
        if watchdog is not None:
            watchdog.feed()
        for task in tasks:
            if task.done():
                await task  # a fault in the runtime: raised to the loader, which starts anew
        lasted = clock.ticks_diff(clock.ticks_ms(), began) // 1000
        if slots.is_on_trial:
            if agent.heard_fleet and lasted >= min(pace["settle"], 10):
                slots.confirm()
                settled = True
                log("info", "runtime", f"runtime {slots.version} has proved itself")
                work.wake()
            elif lasted >= pace["runtime_trial"]:
                slots.give_up(f"it did not reach its fleet within {pace['runtime_trial']} s")
                return
        elif safe:
            if lasted >= pace["safe"]:
                slots.leave_safe_mode()
                return
        elif not settled and lasted >= pace["settle"]:
            slots.confirm()
            settled = True
        await asyncio.sleep(1 if pace["settle"] >= 10 else 0.2)
