"""Compact models on an emulated Pico W: what they answer, what memory they take, how long they run by its clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.image import littlefs_image
from firmware_tools.provision.runtime import compiled_runtime, runtime_sources
from tests.boards.power import PicoW

_FLASH = 848 * 1024
_PROBE = """
import gc, time
from micropython import heap_lock, heap_unlock

def main():
    gc.collect()
    start = gc.mem_alloc()
    begun = time.ticks_us()
    from .inference.model import Model
    gc.collect()
    code = gc.mem_alloc()
    model = Model("/model.cgm")
    load = time.ticks_diff(time.ticks_us(), begun)
    gc.collect()
    whole = gc.mem_alloc()
    print("memory", code - start, whole - code, load)
    with open("/inputs.bin", "rb") as data:
        while data.readinto(model.input(0)):
            for number in range(1, len(model.inputs)):
                data.readinto(model.input(number))
            heap_lock()
            begun = time.ticks_us()
            model.invoke()
            took = time.ticks_diff(time.ticks_us(), begun)
            heap_unlock()
            print("step", took, *[bytes(model.output(number)).hex() for number in range(len(model.outputs))])
"""
"""A module beside the interpreter, packed with it: only so are names the same."""


@dataclass(frozen=True)
class BoardRun:
    """What a board said.

    Args:
        code: bytes of heap that the interpreter takes before it has a model.
        model: bytes that the model takes: its file, its arena, its kernels.
        load: microseconds that importing and loading take, compiling the kernels among it.
        microseconds: of each run, by the board's clock.
        outputs: of each run, one after the other.
    """

    code: int
    model: int
    load: int
    microseconds: list[int]
    outputs: list[bytes]


def run_on_pico(
    folder: Path, compact: bytes, steps: Sequence[bytes], more: Mapping[str, bytes] | None = None
) -> BoardRun:
    """Run a compact model on a Pico W with nothing else on it.

    Args:
        folder: for the board's flash.
        compact: the model.
        steps: the bytes of all inputs, run by run.
        more: further files by path.
    """
    mine = {
        name: text for name, text in runtime_sources().items() if "/inference/" in name or name == "micro/__init__.py"
    }
    files = {f"/{name}": data for name, data in compiled_runtime({**mine, "micro/probe.py": _PROBE}).items()}
    files |= {"/model.cgm": compact, "/inputs.bin": b"".join(steps), **(more or {})}
    board = PicoW(folder)
    board.flash.write_bytes(littlefs_image(files, _FLASH))
    with board, BoardConnection.open(board.port) as connection:
        said = connection.run(
            "import sys;sys.path.insert(0,'/');import micro.probe;micro.probe.main()", "running a model", silence=400
        )
    lines = [line.split() for line in said.strip().splitlines()]
    _word, code, model, load = lines[0]
    runs = [line for line in lines if line[0] == "step"]
    return BoardRun(
        int(code),
        int(model),
        int(load),
        [int(run[1]) for run in runs],
        [bytes.fromhex("".join(run[2:])) for run in runs],
    )
