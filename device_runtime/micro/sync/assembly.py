"""Putting a board's runtime together; in memory only until it runs."""

import os

from ..records import read_document
from .agent import Agent
from .link import Link
from .memory import Memory
from .messages import MAX_DESIRED_BYTES
from .programs import Programs
from .slots import Slots
from .stage import Stage
from .telemetry import Telemetry
from .work import Work

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from ..watchdog import Watchdog
except ImportError:
    pass

_TRIAL_SECONDS = 10
PACE = {
    "report": 1,
    "ask": 600,
    "batch": 5,
    "receipt": 30,
    "retry": 5,
    "settle": 60,
    "runtime_trial": 600,
    "safe": 3600,
    "hold": 60,
    "queue": 32_768,
}
"""How often things happen, in seconds (``queue``: bytes); ``board.json`` may say otherwise under ``sync``.

``report``: between two reports; ``ask``: between two requests for the desired document; ``batch``: what telemetry
there is after so long is sent; ``receipt``: after which a batch is sent again; ``retry``: the first pause before a
program that failed is tried again; ``settle``: a start that lasts so long went well; ``runtime_trial``: a new runtime
must have reached its fleet within; ``safe``: how long safe mode lasts; ``hold``: how long a record may wait in memory;
what :mod:`.renewal` waits for may be said there, too, and takes no room here: ``renew_soon`` (60): within which after a
start a board looks whether its certificate is due; ``renew_settle`` (30): before it shows a new one; ``renew_proving``
(300): in which that has to connect.
"""


def assemble(
    root: str,
    slot: str,
    safe: bool,
    identity: "dict[str, Any]",
    watchdog: "Watchdog | None",
    log: "Callable[[str, str, str], None]",
) -> "tuple[Link, Agent, Work, dict[str, int]]":
    """The parts that run, and the pace at which.

    Args:
        root: below it lies ``cygnet/``.
        slot: the one that runs.
        safe: leave programs alone.
        identity: ``identity.json``.
        watchdog: or None.
        log: takes a level, a source and a text.

    Raises:
        OSError: the disk does not take what must be remembered.
    """
    board = read_document(root + "cygnet/board.json") or {}  # whoever needs it later reads it again
    pace = dict(PACE)
    pace.update(board.get("sync", {}))
    for folder in ("queue", "programs"):
        _make(root + "cygnet/" + folder)
    memory = Memory(root, identity)
    telemetry = Telemetry(root + "cygnet/queue/", memory, pace["queue"], pace["hold"])
    slots = Slots(root, slot)
    log("info", "runtime", f"{identity['device']} of {identity['fleet']}, runtime {slots.version}, slot {slot}")
    if safe:
        log("warning", "runtime", "safe mode: the board went down several times in a row; programs are not started")
    host = None if safe else Stage(root, telemetry, log)
    trial_seconds = board.get("program", {}).get("trial_seconds", _TRIAL_SECONDS)
    work = Work(memory, telemetry, Programs(root), slots, host, pace, trial_seconds, log, safe)
    wifi = None
    if identity.get("wifi"):
        from ..wifi import Wifi

        wifi = Wifi(identity["wifi"], board.get("country", ""))
    link = Link(identity, root, wifi, watchdog, memory.next_session, log, MAX_DESIRED_BYTES)
    agent = Agent(board.get("name", identity.get("board", "")), link, memory, telemetry, work, pace, log)
    work.link, link.proving = link, pace.get("renew_proving", 300)
    # Each of them is made once: what makes it is nearly two of the kilobytes that a board has for everything.
    for each in (Memory, Telemetry, Slots, Programs, Work, Link, Agent):
        each.__init__ = None  # type: ignore[assignment, method-assign]  # what is deleted stays in its table
    Memory._recall = None  # type: ignore[assignment, method-assign]
    return link, agent, work, pace


def _make(folder: str) -> None:
    try:
        os.mkdir(folder)
    except OSError:
        pass  # it is there; if not, who writes there says so
