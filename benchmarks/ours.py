"""Puts Cygnet through the steps, in a process of its own as each peer has one (``peers/driver.cjs``).

    python -m benchmarks.ours PLAN

PLAN is JSON, as the peers' is, with the ``package`` of the program and the ``key`` that signed it; what was seen is
written as JSON, one line each. ``inside`` times each ``setData`` in the worker, ``programs`` starts so many at once.
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.host import INSIDE_ENTRY, Host, Program, kilobytes, read_program, renamed
from benchmarks.page import digest
from device_runtime.program.session import ProgramSession
from device_runtime.program.sessions import WORKER_ENTRY


def _write(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


class _Run:
    """One plan, carried out."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._rows: int = plan["rows"]
        self._inside = bool(plan.get("inside"))
        self._host = Host(INSIDE_ENTRY if self._inside else WORKER_ENTRY)
        self._program = read_program(Path(plan["package"]), plan["key"])

    async def carry_out(self) -> None:
        """From the start of the host to its end."""
        try:
            await self._host.sessions.start()
            if "programs" in self._plan:
                await self._crowd(self._plan["programs"])
            else:
                await self._page()
        finally:
            await self._host.sessions.close()
        if self._host.listener.faults:
            raise BenchmarkError(self._host.listener.faults[0])

    def _figure(self, measure: str, unit: str, values: Sequence[float], rows: int = 0) -> None:
        _write({"measure": measure, "rows": rows or self._rows, "unit": unit, "values": values})

    def _state(self, session: ProgramSession, step: str, times: int) -> None:
        rows = self._host.listener.rows(session.app_id)
        _write({"state": step, "times": times, "rows": self._rows, "is": [len(rows), digest(rows)]})

    async def _page(self) -> None:
        session, _ = await self._host.launch(self._program)
        if not self._inside:
            _write({"first": True})
            session = await self._launches(session)
        await self._steps(session)
        if not self._inside:
            peaks = [kilobytes(pid, "status", "VmHWM") for pid in (os.getpid(), *self._host.processes())]
            self._figure("peak", "kB", [sum(peaks)])

    async def _launches(self, session: ProgramSession) -> ProgramSession:
        """Look at the first page, and launch it again and again; returns the last."""
        assert session.worker_pid is not None
        self._figure("private", "kB", [kilobytes(session.worker_pid, "smaps_rollup", "Private_")])
        if self._plan["name"] == "hello":
            _write({"text": self._host.listener.tree(session.app_id).text_content()})
        else:
            self._state(session, "fill", 1)
        launches = []
        for _ in range(self._plan["launches"]):
            await self._host.stop(session)
            await self._host.get_ready()
            session, seconds = await self._host.launch(self._program)
            launches.append(seconds * 1e3)
        self._figure("launch", "ms", launches)
        return session

    async def _steps(self, session: ProgramSession) -> None:
        tree = self._host.listener.tree(session.app_id)
        nodes = {str(child.attributes.get("id", "")): child.id for child in tree.children if child.tag}
        cleared, filled = [], []
        for step, times in self._plan["steps"]:
            cleared.append(await self._take(session, nodes["clear"]))
            self._state(session, "clear", 1)
            filled.append(await self._take(session, nodes["fill"]))
            self._state(session, "fill", 1)
            self._tell(step, [await self._take(session, nodes[step]) for _ in range(times)])
            self._state(session, step, times)
        if cleared:
            self._tell("clear", cleared)
            self._tell("fill", filled)

    async def _take(self, session: ProgramSession, node: int) -> dict[str, float]:
        """One step: the milliseconds of its whole way, or those inside the worker, and the bytes of its patch."""
        timed = self._host.listener.next_report()
        seconds, arrived = await self._host.tap(session, node)
        if not self._inside:
            return {"ms": seconds * 1e3, "bytes": arrived.wire_bytes}
        seen = await timed
        return {"inside": seen["wall"] * 1e3, "cpu": seen["cpu"] * 1e3}

    def _tell(self, step: str, taken: list[dict[str, float]]) -> None:
        if self._inside:
            self._figure(f"{step}, inside", "ms", [one["inside"] for one in taken])
            self._figure(f"{step}, CPU", "ms", [one["cpu"] for one in taken])
        else:
            self._figure(step, "ms", [one["ms"] for one in taken])
            self._figure(f"{step}, wire", "B", [one["bytes"] for one in taken])

    async def _crowd(self, count: int) -> None:
        """So many programs at once, and what they weigh together."""
        programs: list[Program] = [renamed(self._program, f"cygnet.benchmark.n{number}") for number in range(count)]
        sessions = [(await self._host.launch(program))[0] for program in programs]
        workers = [session.worker_pid for session in sessions if session.worker_pid is not None]
        private = [kilobytes(pid, "smaps_rollup", "Private_") for pid in workers]
        here = kilobytes(os.getpid(), "smaps_rollup", "Pss:")
        self._figure(
            "crowd", "kB", [here + sum(kilobytes(pid, "smaps_rollup", "Pss:") for pid in self._host.processes())], count
        )
        self._figure("crowd, host", "kB", [here], count)
        self._figure("crowd, private each", "kB", private, count)


def main() -> int:
    """Carry out the plan on the command line."""
    try:
        asyncio.run(_Run(json.loads(sys.argv[1])).carry_out())
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
