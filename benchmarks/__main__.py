"""``make bench``: every benchmark, one after another, each in a process of its own."""

import subprocess
import sys

_BENCHMARKS = ("wake_word", "launch", "system")

for name in _BENCHMARKS:
    print(f"\n== {name}", flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
