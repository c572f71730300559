"""Another process that records telemetry as fast as it can until it is killed with SIGKILL."""

import os
import signal
import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import sys
from pathlib import Path
from device_runtime.sync.telemetry import TelemetryQueue

queue = TelemetryQueue(Path(sys.argv[1]))
number = queue.pending()
while True:
    assert queue.record("app", "count", {"n": number})
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
    number += 1
"""


def record_until_killed(path: Path, least: int = 300) -> int:
    """Record ``{"n": 0}``, ``{"n": 1}``, ... going on after what is pending in the file; kill -9 in full flight.

    Returns:
        How many records, counted from the first in the file, had been accepted for certain.
    """
    process = subprocess.Popen([sys.executable, "-c", _PROGRAM, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    with process.stdout as said:
        lines = [said.readline() for _ in range(least)]
        os.kill(process.pid, signal.SIGKILL)
        lines += said.readlines()
    process.wait()
    return max(int(line) for line in lines if line.endswith("\n")) + 1
