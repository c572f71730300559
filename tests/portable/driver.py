# ruff: noqa: PTH123, SIM105, SIM115 MicroPython has no pathlib and no contextlib
"""Runs on MicroPython: plays a built program, and says what came of it, one JSON document a step.

``driver.py RUNTIME GIVEN``: the folder of the package ``micro``, and a file with ``folder``, ``steps`` and ``limits``.
A step is ``[page, node, type, detail]``, ``["timer"]``, ``["back"]`` or ``["heard", label]``. Time stands
still, but while a handler runs.
"""

import json
import sys

try:
    from typing import Any
except ImportError:
    pass

sys.path.insert(0, sys.argv[1])

from micro import clock
from micro.program.errors import CapabilityError, ProgramError
from micro.program.limits import Limits
from micro.program.program import Program

given = json.load(open(sys.argv[2]))
now = [0]
stored: "dict[str, Any]" = {}
clock.ticks_ms = lambda: now[0]
log: "list[list[str]]" = []


def write(level: str, source: str, text: str) -> None:
    log.append([level, source, text])


def invoke(name: str, values: "dict[str, Any]") -> "Any":
    if name == "echo":
        return values
    if name == "sensor.read":
        return {"value": 21.5, "unit": "C"}
    if name == "led.set":
        log.append(["called", name, json.dumps(values.get("level", values.get("on")))])
        return None
    if name == "inference.open":
        shape = {"name": "x", "shape": [1, 2], "dtype": "float32", "scale": 0.0, "zero_point": 0}
        return {"session": 1, "name": "own", "task": "", "inputs": [shape], "outputs": [], "labels": ["on", "off"]}
    if name == "inference.run":
        return {"outputs": {"y": {"shape": [1, 2], "type": "float32", "data": values["inputs"]["x"]["data"]}}}
    if name in ("inference.listen", "inference.close"):
        return None
    if name == "storage.get":
        return stored.get(values["key"])
    if name == "storage.set":
        stored[values["key"]] = values["value"]
        return None
    raise CapabilityError("not supported on this host")


def tell(ended: str = "") -> None:
    print(json.dumps({"patches": program.take_patches(), "log": log, "ended": ended}))
    log.clear()


def play(step: "list[Any]") -> None:
    if step[0] == "timer":
        now[0] += program.timers.wait(now[0])
        program.fire_timers()
    elif step[0] == "back":
        program.back()
    elif step[0] == "heard":
        program.heard({"session": 1, "label": step[1], "probability": 0.75, "seconds": 1.5})
    else:
        program.event(step[0], step[1], step[2], step[3], 1)


program = Program(given["folder"], Limits(given["limits"]), invoke, write, True)
try:
    program.start()
    tell()
    for step in given["steps"]:
        play(step)
        tell()
except ProgramError as error:
    tell(str(error))
