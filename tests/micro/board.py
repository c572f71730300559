"""Runs scripts on MicroPython's unix port with the runtime's own source."""

import json
import subprocess
from pathlib import Path
from typing import Any

RUNTIME = Path(__file__).parents[2] / "device_runtime"


def run(micropython: str, script: str, *arguments: str, heap: str = "1m", folder: Path | None = None) -> str:
    """What ``script`` prints; the package ``micro`` is on its path."""
    program = f"import sys\nsys.path[:0] = [{str(RUNTIME)!r}]\n{script}"
    done = subprocess.run(
        [micropython, "-X", f"heapsize={heap}", "-c", program, *arguments],
        capture_output=True, text=True, timeout=100, check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def run_json(micropython: str, script: str, given: Any, folder: Path, heap: str = "1m") -> Any:
    """What ``script`` makes of ``given``: it has ``given`` and prints one JSON document with ``answer(value)``."""
    path = folder / "given.json"
    path.write_text(json.dumps(given))
    head = f"import json\ngiven = json.load(open({str(path)!r}))\ndef answer(value): print(json.dumps(value))\n"
    return json.loads(run(micropython, head + script, heap=heap))
