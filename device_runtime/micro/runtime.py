"""The runtime of a MicroPython board: put together here, started by the loader (``main.py``)."""

import asyncio
import gc
import json

from . import clock
from .watchdog import Watchdog
from .wifi import Wifi

try:
    from typing import Any
except ImportError:
    pass

_TRIAL_SECONDS = 10
_HOUR = 3600
_LONGEST_LINE = 500


class Services:
    """What the runtime does for programs (``micro.program.host``)."""

    def __init__(self, queue: "Any") -> None:
        self._queue = queue

    def telemetry(self, source: str, name: str, values: "dict[str, Any]") -> bool:
        """Take an event for the fleet; False when it is no record that the fleet takes."""
        return bool(self._queue.record(source, name, values))

    def log(self, level: str, source: str, text: str) -> None:
        """Say something to whoever listens at the serial port (``cygnet board logs``)."""
        log(level, source, text)


def log(level: str, source: str, text: str) -> None:
    """One line at the serial port, whatever a program or the network put into the text."""
    text = "".join([each if each >= " " and each != "\x7f" else " " for each in str(text)[:_LONGEST_LINE]])
    print(f"{level} {source}: {text}")


def main(root: str = "/", slot: str = "a", safe: bool = False) -> str:
    """Run until something wants a restart.

    Args:
        root: below it lies ``cygnet/``; ends with a slash.
        slot: the slot that this code was loaded from.
        safe: touch no programs, only talk to the fleet.

    Returns:
        ``restart``, or ``stay`` when this board has not been provisioned.
    """
    identity, board = _read(root + "cygnet/identity.json"), _read(root + "cygnet/board.json")
    if identity is None:
        log("error", "runtime", "cygnet/identity.json is missing or broken: run `cygnet board provision`")
        return "stay"
    watchdog = Watchdog((board or {}).get("watchdog", 0))
    try:
        asyncio.run(_run(root, slot, safe, identity, board or {}, watchdog))
    except KeyboardInterrupt:
        watchdog.hold()
        raise
    return "restart"


async def _run(
    root: str, slot: str, safe: bool, identity: "dict[str, Any]", board: "dict[str, Any]", watchdog: Watchdog
) -> None:
    from .sync.agent import PACE, Agent
    from .sync.files import make_folder
    from .sync.link import Link
    from .sync.memory import Memory
    from .sync.messages import MAX_DESIRED_BYTES
    from .sync.programs import Programs
    from .sync.slots import Slots
    from .sync.telemetry import Telemetry
    from .sync.work import Work

    pace = dict(PACE)
    pace.update(board.get("sync", {}))
    for folder in ("queue/", "programs/"):
        make_folder(root + "cygnet/" + folder)
    memory = Memory(root, identity)
    telemetry = Telemetry(root + "cygnet/queue/", memory, pace["queue"], pace["hold"])
    slots = Slots(root, slot)
    log("info", "runtime", f"{identity['device']} of {identity['fleet']}, runtime {slots.version}, slot {slot}")
    if safe:
        log("warning", "runtime", "safe mode: the board went down several times in a row; programs are not started")
    host = None if safe else _host(root, board, Services(telemetry))
    trial_seconds = board.get("program", {}).get("trial_seconds", _TRIAL_SECONDS)
    work = Work(identity, memory, telemetry, Programs(root), slots, host, pace, trial_seconds, log, safe)
    agents: list[Agent] = []
    link = Link(
        identity,
        root,
        Wifi(identity.get("wifi", []), board.get("country", "")),
        watchdog,
        memory.next_session,
        lambda channel, payload: agents[0].hear(channel, payload),
        log,
        MAX_DESIRED_BYTES,
    )
    agent = Agent(board.get("name", identity.get("board", "")), link, memory, telemetry, work, pace, log)
    agents.append(agent)
    work.link = link
    gc.collect()
    tasks = [asyncio.create_task(each) for each in (link.run(), agent.tell(), agent.check_documents(), work.run())]
    try:
        await _watch(tasks, agent, work, slots, watchdog, pace, safe)
    finally:
        for task in tasks[1:]:
            task.cancel()
        if host is not None and host.running:
            await host.stop()
        try:
            telemetry.write()
        except OSError as error:
            log("warning", "runtime", f"the last telemetry is lost: {error}")
        await link.goodbye()


async def _watch(
    tasks: "list[Any]", agent: "Any", work: "Any", slots: "Any", watchdog: Watchdog, pace: "dict[str, int]", safe: bool
) -> None:
    """Feed the watchdog and judge this start, until something wants a restart or a task ended by a fault."""
    began = clock.ticks_ms()
    settled = False
    while not work.restart_wanted:
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


def _host(root: str, board: "dict[str, Any]", services: Services) -> "Any":
    """What runs programs, or None in a runtime without it."""
    try:
        from .program.host import ProgramHost  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError as error:
        log("warning", "runtime", f"this runtime runs no programs: {error}")
        return None
    return ProgramHost(root, board, services)


def _read(path: str) -> "dict[str, Any] | None":
    try:
        with open(path) as file:
            document = json.load(file)
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None
