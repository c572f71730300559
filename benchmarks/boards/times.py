"""How soon a program is there, and how soon a button shows: by the clock of the board that does it.

A start is that of a board whose fleet launches a program: what runs programs is read from its files, the program is
read, and its first page is drawn; it ends with the last byte for the display. An event is the work between a button
that counts as pressed and the last byte for the display; "edge" is from the instant when the contact closes, with the
30 ms for which a contact must be steady. The wire to the display ends in nothing, and its bytes are counted.

Beside the counter's page the same picture is drawn by hand, in turns, with ``framebuf`` and the same driver; that both
drew the same is looked at first. Garbage is collected before each.
"""

import json
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.boards.figures import Part
from benchmarks.boards.names import COUNTS, LAMP_TIMER, PICO, UNIX
from benchmarks.boards.programs import counter, entries, lamp_timer
from benchmarks.boards.scripts import BY_HAND, TIMES, TIMES_PREFIX
from benchmarks.boards.tools import unix_port
from benchmarks.errors import BenchmarkError
from device_runtime.host.board import find_micro_board
from device_runtime.host.microboard import board_document
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.errors import BoardCodeError
from firmware_tools.provision.image import littlefs_image, rp2_place
from firmware_tools.provision.runtime import compiled_runtime, runtime_sources
from tests.boards.power import PicoW

_PATIENCE_SECONDS = 900
_HEAP = "512k"
_PROGRAM_KB = 4096
"""No limit: what is measured is time."""
_NEVER, _IN_TURNS, _COMPARED = range(3)
# app_id, starts, events, whether the same is drawn by hand; pictures are compared where that takes no minutes
_UNIX_PLAN = ((COUNTS, 30, 300, _COMPARED), (LAMP_TIMER, 30, 300, _NEVER))
# An emulator gives the same again and again, within a hundredth, and takes long for it.
_PICO_PLAN = ((COUNTS, 2, 4, _IN_TURNS), (LAMP_TIMER, 2, 4, _NEVER))
_QUICK_PLAN = ((COUNTS, 2, 3, _COMPARED), (LAMP_TIMER, 1, 2, _NEVER))
_QUICK_PICO_PLAN = ((COUNTS, 1, 2, _IN_TURNS),)


def measure_unix_times(part: Part, say: Callable[[str], None], *, quick: bool = False) -> None:
    """On MicroPython's unix port."""
    with tempfile.TemporaryDirectory(prefix="cygnet-bench-") as folder:
        root = Path(folder)
        _write(root, _files())
        say(f"{UNIX}: starts and events …")
        script = _call(f"{folder}/", _QUICK_PLAN if quick else _UNIX_PLAN)
        done = subprocess.run(
            [unix_port(), "-X", f"heapsize={_HEAP}", "-c", script],
            capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode:
            raise BenchmarkError(f"the unix port failed: {(done.stderr or done.stdout)[-500:]}")
    take(done.stdout, UNIX, part)


def measure_pico_times(part: Part, say: Callable[[str], None], *, quick: bool = False) -> None:
    """On stock MicroPython on an emulated Pico W, by its own clock."""
    with tempfile.TemporaryDirectory(prefix="cygnet-bench-") as folder:
        board = PicoW(Path(folder))
        board.flash.write_bytes(littlefs_image(_files(), rp2_place(find_micro_board("pico-w")).size))
        say(f"{PICO}: starts and events …")
        try:
            with board, BoardConnection.open(board.port) as connection:
                part.versions["MicroPython on the Pico W"] = connection.facts.version_text
                code = _call("/", _QUICK_PICO_PLAN if quick else _PICO_PLAN)
                connection.run(code, "measuring", silence=_PATIENCE_SECONDS)
        except BoardCodeError as error:  # what it said before counts
            part.remarks.append(f"not all starts and events were measured on the {PICO}: {error}")
        finally:
            if board.said.exists():
                take(board.said.read_text(encoding="utf-8", errors="replace"), PICO, part)


def take(said: str, board: str, part: Part) -> None:
    """The figures that a board printed.

    Raises:
        BenchmarkError: what was drawn by hand is not what the page shows.
    """
    for line in said.splitlines():
        _, found, told = line.partition(TIMES_PREFIX)  # before the first stands the prompt
        if found:
            measure, way, values = json.loads(told)
            if measure == "pictures":
                check_pictures(*values)
                continue
            unit, scale = ("bytes", 1) if measure.startswith("bus ") else ("ms", 1000)
            part.add(board, way, measure, unit, [value / scale for value in values])


def check_pictures(page: list[int], hand: list[int]) -> None:
    """See that two frames of an SSD1306 show the same: text above, a button below, in lines of eight pixels. The page's
    letters stand closer together than those of ``framebuf``, so not each pixel is the same.

    Raises:
        BenchmarkError: they do not.
    """
    pages, hands = ([_lit(frame[at : at + 128]) for at in range(0, 1024, 128)] for frame in (page, hand))
    if any(abs(ours - theirs) > max(ours, theirs) * 0.1 + 4 for ours, theirs in zip(pages, hands, strict=True)):
        raise BenchmarkError(
            "the counter that is drawn by hand (BY_HAND in benchmarks/boards/scripts.py) is not what its page shows:\n"
            f"{picture(page)}\nby hand:\n{picture(hand)}"
        )


def _lit(line: list[int]) -> int:
    return sum(byte.bit_count() for byte in line)


def picture(frame: list[int]) -> str:
    """A frame of an SSD1306 as text."""
    return "\n".join(
        "".join("#" if frame[y // 8 * 128 + x] >> y % 8 & 1 else "." for x in range(128)).rstrip(".") for y in range(64)
    ).rstrip()


def _files() -> Mapping[str, bytes]:
    """What the board holds: the runtime with the bench in it, and the programs, at the top."""
    sources = {**runtime_sources(), "micro/bench.py": TIMES, "micro/hand.py": BY_HAND}
    files = {f"/cygnet/a/{name}": data for name, data in compiled_runtime(sources).items()}
    document: dict[str, Any] = dict(board_document(find_micro_board("pico-w")))
    document["organisation"] = "Example"
    document["program"] = {**document.get("program", {}), "heap_kb": _PROGRAM_KB}
    files["/cygnet/board.json"] = json.dumps(document).encode()
    with tempfile.TemporaryDirectory(prefix="cygnet-bench-") as folder:
        for app_id, built in ((COUNTS, counter(Path(folder))), (LAMP_TIMER, lamp_timer())):
            files |= {f"/{app_id}/{name}": data for name, data in entries(built).items()}
    return files


def _call(root: str, plan: tuple[tuple[str, int, int, int], ...]) -> str:
    return (
        f"import sys\nsys.path[:0] = [{root + 'cygnet/a'!r}]\nfrom micro import bench\nbench.main({root!r}, {plan!r})\n"
    )


def _write(root: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
