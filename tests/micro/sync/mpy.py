"""Running a few lines on MicroPython with the board's own modules."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.micro.sync.board import REPOSITORY


def run_micropython(micropython: str, code: str, given: Any = None, heap: str = "1m") -> Any:
    """What ``code`` puts into ``answer``, which JSON can say; ``given`` is there under that name."""
    script = (
        "import sys, json\n"
        f"sys.path.insert(0, {str(REPOSITORY / 'device_runtime')!r})\n"
        "given = json.loads(sys.stdin.readline())\n"
        f"{code}\n"
        "print('\\n=' + json.dumps(answer))\n"
    )
    done = subprocess.run(
        [micropython, "-X", f"heapsize={heap}", "-c", script],
        input=json.dumps(given) + "\n",
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path("/"),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.rpartition("\n=")[2])
