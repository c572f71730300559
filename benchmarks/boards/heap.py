"""Memory of a whole board on MicroPython's unix port: the heap that it uses, and the smallest in which it works.

The runtime is the one that boards get, joined to its fleet through a real mosquitto with TLS. Words have 64 bits there,
as boards' have not; so it is measured once more on an older MicroPython with 32. What is used is ``gc.mem_alloc()``
after a collection, once a second, by a task beside the runtime; what that takes itself is seen without a runtime, and
taken off. The smallest heap is searched in steps of 4 KB, and must do three times in a row.
"""

import asyncio
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.boards.figures import Part
from benchmarks.boards.names import OURS, UNIX, UNIX_32
from benchmarks.boards.programs import beeper, lamp_timer
from benchmarks.boards.scripts import BARE_HEAP, HEAP_PREFIX, WATCH_HEAP
from benchmarks.boards.tools import unix_port, unix_port_32, unix_port_version
from benchmarks.errors import BenchmarkError
from firmware_tools.build.program import BuiltProgram
from tests.micro.whole import DEVICE, Whole, whole_board

_AMPLE = 512
_STEP = 4
_CONFIRMED = 3
_PATIENCE_SECONDS = 60.0
_STEADY_SECONDS = 3.0
_READINGS = 5
_FAILURES = re.compile(r"short of memory|does not fit|makes room|took the board down|rolled_back|fault|MemoryError")


@dataclass(frozen=True)
class State:
    """What a board does while it is looked at. ``least`` is the heap (KB) at which a search begins, ``most`` where it
    ends."""

    name: str
    program: Callable[[Path], BuiltProgram] | None
    display: bool
    least: int
    most: int


IDLE = State("idle", None, display=False, least=40, most=192)
SMALL = State("small program", beeper, display=False, least=64, most=256)
EXAMPLE = State("lamp_timer", lambda _folder: lamp_timer(), display=True, least=96, most=384)
STATES = (IDLE, SMALL, EXAMPLE)


def measure_heap(part: Part, say: Callable[[str], None], *, quick: bool = False) -> None:
    """The heap that each state uses."""
    for board, port in _ports(part):
        bare = bare_heap(port)
        part.add(board, OURS, "heap, bare", "bytes", [bare])
        for state in STATES[:1] if quick else STATES:
            say(f"{board}: heap used, {state.name} …")
            log, why = asyncio.run(_readings(port, state))
            if why:
                raise BenchmarkError(
                    f"a board with {_AMPLE} KB of heap does not come to {state.name}, {why}: {log[-400:]}"
                )
            watching = read_heap(log, bare=True)[0] - bare
            used = [used - watching for used in read_heap(log)[-_READINGS:]]
            part.add(board, OURS, f"heap, {state.name}", "bytes", used)


def _ports(part: Part) -> list[tuple[str, str]]:
    """What boards are called, and the MicroPython that stands for them."""
    small = unix_port_32()
    if small is None:
        part.remarks.append("there is no MicroPython with 32-bit words here: `make system-tools` says why")
        return [(UNIX, unix_port())]
    part.versions["MicroPython with 32-bit words"] = unix_port_version(small)
    return [(UNIX, unix_port()), (UNIX_32, small)]


def bare_heap(port: str) -> int:
    """Bytes that a unix port itself uses, with asyncio."""
    with tempfile.NamedTemporaryFile("w", suffix=".py", encoding="utf-8") as file:
        file.write(BARE_HEAP)
        file.flush()
        command = [port, "-X", f"heapsize={_AMPLE}k", file.name]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return read_heap(said, bare=True)[0]


def measure_smallest(part: Part, say: Callable[[str], None], *, quick: bool = False) -> None:
    """The smallest ``-X heapsize=`` at which each state is reached."""
    for board, port in _ports(part):
        for state in STATES[:1] if quick else STATES:

            def works(size: int, board: str = board, port: str = port, state: State = state) -> bool:
                why = asyncio.run(_try(port, state, size))
                say(f"{board}: {state.name} with {size}k: {why or 'works'}")
                return not why

            step = 4 * _STEP if quick else _STEP
            size = smallest(works, state.least, state.most, step, 1 if quick else _CONFIRMED)
            if size is None:
                part.remarks.append(f"{state.name} does not work with -X heapsize={state.most}k ({board})")
            else:
                part.add(board, OURS, f"smallest heap, {state.name}", "k", [size])


def smallest(works: Callable[[int], bool], least: int, most: int, step: int, confirmed: int) -> int | None:
    """The smallest size in a range that works so many times in a row; None if none does.

    What works is taken to work with more; the last steps are gone upward, until one has not failed once.
    """
    low, high = 0, (most - least) // step
    while low < high:
        middle = (low + high) // 2
        if works(least + middle * step):
            high = middle
        else:
            low = middle + 1
    for size in range(least + low * step, most + 1, step):
        if all(works(size) for _ in range(confirmed)):
            return size
    return None


def read_heap(log: str, *, bare: bool = False, free: bool = False) -> list[int]:
    """What a board said of its heap: bytes used, or free."""
    found = re.findall(rf"^{HEAP_PREFIX}(\d+) (\d+)( bare)?\s*$", log, re.MULTILINE)
    return [int(line[1 if free else 0]) for line in found if bool(line[2]) is bare]


async def _readings(port: str, state: State) -> tuple[str, str]:
    """What the board said, and why it is not in that state; empty if it is."""
    with tempfile.TemporaryDirectory(prefix="cygnet-bench-") as folder:
        async with whole_board(port, Path(folder), more=_more(state)) as whole:
            board = whole.board
            board.heap = f"{_AMPLE}k"
            await _bring(whole, state, Path(folder))
            board.start(WATCH_HEAP)
            why = await _reach(whole, state)
            wanted = len(read_heap(board.log)) + _READINGS
            while not why and len(read_heap(board.log)) < wanted:
                await asyncio.sleep(0.2)
                why = _failure(whole)
            return board.log, why


async def _try(port: str, state: State, size: int) -> str:
    """Why it does not work with a heap of so many KB; empty if it does."""
    with tempfile.TemporaryDirectory(prefix="cygnet-bench-") as folder:
        async with whole_board(port, Path(folder), more=_more(state)) as whole:
            whole.board.heap = f"{size}k"
            await _bring(whole, state, Path(folder))
            whole.board.start()
            why = await _reach(whole, state)
            if not why:
                await asyncio.sleep(_STEADY_SECONDS)
                why = _failure(whole)
            return why


async def _bring(whole: Whole, state: State, folder: Path) -> None:
    if state.program is not None:
        built = state.program(folder)
        await whole.fleet.operations.publish(built.data, "program.ma")
        await whole.fleet.operations.assign(DEVICE, built.package.manifest.app_id, None, True)


async def _reach(whole: Whole, state: State) -> str:
    """Wait until the board is in a state, as its fleet sees it; why it does not get there."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not (why := _failure(whole)):
                if _is_there(await whole.device(), state):
                    return ""
                await asyncio.sleep(0.1)
            return why
    except TimeoutError:
        return f"not within {_PATIENCE_SECONDS:g} s"


def _is_there(device: Any, state: State) -> bool:
    if device.status != "online" or device.reported_version != device.desired_version:
        return False
    return state.program is None or any(report.phase == "running" for report in device.has.values())


def _failure(whole: Whole) -> str:
    found = _FAILURES.search(whole.board.log)
    return found[0] if found else "it was started anew" if whole.board.starts > 1 else ""


def _more(state: State) -> Mapping[str, Any]:
    return {} if state.display else {"display": {}}
