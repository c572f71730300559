"""A running host for the benchmarks: real sessions over a real zygote, and a listener that stamps what arrives."""

import asyncio
import gc
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.page import Row
from benchmarks.parts import is_followed
from device_runtime.capability.registry import CapabilityGate
from device_runtime.engine.frames import Patch, divide, encode_frame
from device_runtime.keys import decode_public_key, key_ring
from device_runtime.program.limits import Limits
from device_runtime.program.manifest import Manifest, parse_manifest
from device_runtime.program.package import read_package
from device_runtime.program.session import ProgramSession
from device_runtime.program.sessions import WORKER_ENTRY, Sessions
from device_runtime.program.surroundings import Surroundings
from device_runtime.view.mirror import MirrorNode, MirrorTree
from device_runtime.view.patches import Operation

INSIDE_ENTRY = "benchmarks.inside:prepare"
_DEADLINE = 60.0
# Quotas are for programs that should not hold up a board; here a slow machine is to give slow figures.
_LIMITS = Limits(
    event_seconds=60.0,
    launch_seconds=120.0,
    cpu_seconds_a_minute=60.0,
    sent_mb_a_second=1024,
    messages_a_second=100_000,
)


@dataclass(frozen=True)
class Program:
    """A program's manifest and files."""

    manifest: Manifest
    entries: Mapping[str, bytes]


@dataclass
class Arrived:
    """A patch, when its end came, and what it weighed on the wire."""

    at: float
    operations: list[Operation]

    @property
    def wire_bytes(self) -> int:
        """The length of its frames. Made again from what was read: the same frames give the same bytes."""
        return sum(len(encode_frame(part)) for part in divide(Patch(1, list(self.operations), "")))


@dataclass
class Listener:
    """Keeps the patches of each program, and lets one wait for the next."""

    patches: dict[str, list[Arrived]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    _waiting: dict[str, asyncio.Future[Arrived]] = field(default_factory=dict)
    _begun: dict[str, list[Operation]] = field(default_factory=dict)
    _trees: dict[str, MirrorTree] = field(default_factory=dict)
    _report: asyncio.Future[dict[str, float]] | None = None

    def next_patch(self, app_id: str) -> asyncio.Future[Arrived]:
        """The patch that comes next."""
        self._waiting[app_id] = asyncio.get_running_loop().create_future()
        return self._waiting[app_id]

    def next_report(self) -> asyncio.Future[dict[str, float]]:
        """What the worker tells next of itself (``benchmarks/inside.py``)."""
        self._report = asyncio.get_running_loop().create_future()
        return self._report

    def on_report(self, _app_id: str, payload: Mapping[str, Any]) -> None:
        """It told."""
        if self._report is not None and not self._report.done():
            self._report.set_result(dict(payload))

    def on_stack(self, app_id: str, pages: list[dict[str, Any]], transition: str, target: str) -> None:
        """Nothing is drawn."""

    def on_patch(self, app_id: str, _page: int, operations: list[Operation], _target: str) -> None:
        """Stamp it; it is looked at when nobody waits. Programs here have one page and no screen."""
        arrived = Arrived(time.perf_counter(), self._begun.pop(app_id, []) + operations)
        if is_followed(operations):
            self._begun[app_id] = arrived.operations
            return
        self.patches.setdefault(app_id, []).append(arrived)
        waiting = self._waiting.pop(app_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(arrived)

    def on_log(self, app_id: str, level: str, text: str, source: str) -> None:
        if level in ("error", "warn"):
            self._fail(app_id, f"{app_id} says {level}: {text} {source}")

    def on_exit(self, app_id: str, reason: str) -> None:
        if reason:
            self._fail(app_id, f"{app_id} ended: {reason}")

    def _fail(self, app_id: str, fault: str) -> None:
        self.faults.append(fault)
        waiting = self._waiting.pop(app_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_exception(BenchmarkError(fault))

    def forget(self, app_id: str) -> None:
        self.patches.pop(app_id, None)
        self._trees.pop(app_id, None)

    def tree(self, app_id: str) -> MirrorNode:
        """The page as a screen would have it now. Every patch so far is held in one tree."""
        tree = self._trees.setdefault(app_id, MirrorTree())
        for patch in self.patches.pop(app_id, []):
            tree.apply(patch.operations)
        # A host keeps no trees: what this one holds must not slow its garbage collector while it measures.
        gc.freeze()
        return tree.root

    def rows(self, app_id: str) -> list[Row]:
        """What the rows of the page show."""
        return [
            (str(row.attributes["class"]), row.children[0].text_content(), row.children[1].text_content())
            for row in self.tree(app_id).children
            if str(row.attributes.get("class", "")).startswith("row")
        ]


class Host:
    """Sessions that run, and the programs in them."""

    def __init__(self, entry: str = WORKER_ENTRY) -> None:
        self.listener = Listener()
        around = Surroundings(
            CapabilityGate([]),
            self.listener,
            dict,
            lambda _: {},
            limits=_LIMITS,
            inspect=self.listener.on_report,
        )
        self.sessions = Sessions(around, entry)

    async def launch(self, program: Program) -> tuple[ProgramSession, float]:
        """Start a program; returns it, and the seconds until its whole first page was here."""
        patched = self.listener.next_patch(program.manifest.app_id)
        started = time.perf_counter()
        launching = asyncio.create_task(self.sessions.launch(program))
        arrived = await asyncio.wait_for(patched, _DEADLINE)
        return await launching, arrived.at - started

    async def get_ready(self) -> None:
        """Wait until a worker waits for the next program, as one does soon after each launch, and no longer: a machine
        that rests wakes up slowly."""
        worker = await self.sessions.workers.prepare_worker()
        await asyncio.to_thread(_wait_until_asleep, worker.pid)

    async def stop(self, session: ProgramSession) -> None:
        """End a program, and forget what it showed."""
        await self.sessions.stop(session.app_id)
        self.listener.forget(session.app_id)

    async def tap(self, session: ProgramSession, node: int) -> tuple[float, Arrived]:
        """Tap a node; the seconds until the patch that it leads to was here, and the patch."""
        patched = self.listener.next_patch(session.app_id)
        started = time.perf_counter()
        session.node_event(1, node, "tap", {}, [], 0.0)
        arrived = await asyncio.wait_for(patched, _DEADLINE)
        return arrived.at - started, arrived

    def processes(self) -> list[int]:
        """Those besides this one: the zygote, and its workers, with any that waits for a program."""
        zygote = self.sessions.workers.zygote_pid
        return [] if zygote is None else [zygote, *children(zygote)]


def _wait_until_asleep(pid: int) -> None:
    stat = Path(f"/proc/{pid}/stat")
    while stat.read_text(encoding="ascii").rpartition(")")[2].split()[0] != "S":
        time.sleep(0.001)


def children(pid: int) -> list[int]:
    """The processes that a process started and that have not ended."""
    lists = [task.read_text(encoding="ascii") for task in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for line in lists for child in line.split()]


def kilobytes(pid: int | str, file: str, *fields: str) -> int:
    """Kilobytes of fields of /proc/PID/FILE, added up; ``self`` is this process."""
    lines = Path(f"/proc/{pid}/{file}").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(fields))


def read_program(path: Path, key: str) -> Program:
    """The program in a package file; ``key`` is who signed it."""
    package = read_package(path.read_bytes(), path.name, key_ring([decode_public_key(key)]))
    return Program(package.manifest, package.entries)


def renamed(program: Program, app_id: str) -> Program:
    """The same program as another."""
    document = json.dumps({**program.manifest.document, "app_id": app_id})
    return Program(parse_manifest(document), program.entries)
