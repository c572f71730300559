"""Plays a program on MicroPython's unix port: its files, then what happens, then what came of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.micro.board import run_json
from tests.micro.view.test_same_patches import document

_PLAY = """
import sys, time
from micro import clock
from micro.program.errors import CapabilityError, ProgramError
from micro.program.limits import Limits
from micro.program.program import Program
now = [0]
clock.ticks_ms = lambda: now[0] & 0x3FFFFFFF
said = []
made = []
def write(level, source, text): said.append([level, source, text])
def invoke(name, values):
    if name == "echo":
        return values
    if name == "slow":
        time.sleep_ms(values["ms"])
        return None
    raise CapabilityError("not supported on this host")
program = Program(given["folder"], Limits(given["limits"]), invoke, write, True)
try:
    program.start(given.get("url", ""))
    made.append(program.take_patches())
    for step in given["steps"]:
        if step[0] == "wait":
            now[0] += step[1]
            program.fire_timers()
        elif step[0] == "back":
            program.back()
        else:
            program.event(*step)
        made.append(program.take_patches())
    ended = ""
except ProgramError as error:
    ended = str(error)
pages = [record.route for record in program.stack.pages]
data = [one.instance.data for one in program.stack.pages if one.instance]
log = said.copy()
used = program.used
modules = [name for name in sys.modules if name[:11] == 'micro.view.']
program.stop()
answer({"patches": made, "log": log, "stopping": said[len(log):], "ended": ended, "pages": pages, "data": data,
        "used": used, "modules": modules})
"""


def write_program(folder: Path, files: Mapping[str, str], **manifest: Any) -> Path:
    """A program in a folder; ``*.wxml`` become its templates."""
    pages = [name.removesuffix(".wxml") for name in files if name.endswith(".wxml")]
    described = {"app_id": "com.example.tried", "name": "Tried", "version": {"code": 1, "name": "1.0"}, "pages": pages}
    for name, text in {**files, "manifest.json": json.dumps({**described, **manifest})}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".wxml"):
            path.with_suffix(".view").write_text(document(text))
        else:
            path.write_text(text)
    return folder


def play(
    micropython: str,
    folder: Path,
    files: Mapping[str, str],
    *steps: Any,
    url: str = "",
    heap: str = "1m",
    limits: Mapping[str, int] | None = None,
) -> Any:
    """What came of it: ``patches`` (those of the start, then of each step), ``log``, ``ended``, ``pages``, ``data``.

    A step is ``(page, node, type, detail, time_stamp)``, ``("wait", milliseconds)`` or ``("back",)``. Time stands
    still between them.
    """
    write_program(folder / "program", files)
    given = {
        "folder": str(folder / "program"),
        "steps": [list(step) for step in steps],
        "url": url,
        "limits": {"event_ms": 100, "heap_kb": 200, "nodes": 200, **(limits or {})},
    }
    return run_json(micropython, _PLAY, given, folder, heap)
