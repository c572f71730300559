"""``python -m benchmarks.inference``: what our layer costs over the libraries that it stands on.

Ours and theirs take turns in one run. The figures go to ``results-inference.json``, and docs/performance.md is written
from it; with ``--quick`` or ``--dry`` it only prints. tflite-runtime has an environment of its own (``make
test-tflite`` makes it), and is left out where that is missing.
"""

import argparse
import asyncio
import datetime
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from benchmarks.boards.figures import BoardResults, Part
from benchmarks.figures import read_results
from benchmarks.inference import sharing, wake
from benchmarks.inference.report import BARE, OURS, RESULTS, THEIRS, print_inference
from benchmarks.machine import describe_machine
from benchmarks.report import write_pages
from benchmarks.systems import ROOT

_ENVIRONMENTS = (sys.executable, str(ROOT / ".venv-tflite" / "bin" / "python"))
_SHARED = (("digits", sharing.running), ("okay_nabu", sharing.listening))


def measure_wake_words(part: Part, *, quick: bool) -> None:
    """CPU time of whole wake words."""
    pcm = wake.speech(4 if quick else 30)
    for name in wake.MODELS:
        feeds = {OURS: wake.ours(name), THEIRS: wake.theirs(name)}
        shares: dict[str, list[float]] = {way: [] for way in feeds}
        for _ in range(2 if quick else 15):
            for way, feed in feeds.items():
                shares[way].append(1000 * wake.cpu_share(feed, pcm))
        for way, values in shares.items():
            part.add("litert", way, f"wake word {name}", "ms/s", values)
    part.versions["pymicro-wakeword"] = metadata.version("pymicro-wakeword")


def measure_invocations(part: Part, *, quick: bool) -> None:
    """One invocation, on each runtime that there is an environment of."""
    for python in _ENVIRONMENTS:
        if not Path(python).exists():
            part.remarks.append(f"tflite-runtime was not measured: there is no {python}")
            continue
        command = [python, "-m", "benchmarks.inference.invoke", *(("5", "50") if quick else ("300", "200"))]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        for figure in json.loads(done.stdout):
            for way in (OURS, BARE):
                part.add(figure["runtime"], way, f"invoke {figure['model']}", "us", figure[way])
            part.versions[figure["runtime"]] = figure["version"]


def measure_sharing(part: Part, *, quick: bool) -> None:
    """Memory of one and of ten, and the way through a model's process."""
    for name, use in _SHARED:
        taken: dict[int, list[float]] = {1: [], 10: []}
        for _ in range(1 if quick else 5):
            for programs, values in taken.items():
                values.append(asyncio.run(use(name, programs)))
        for programs, values in taken.items():
            part.add("litert", OURS, f"memory {name} {programs}", "bytes", values)
    for name, _ in _SHARED:
        part.add(
            "litert", OURS, f"round trip {name}", "us", asyncio.run(sharing.round_trip(name, 50 if quick else 2000))
        )


def main() -> int:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inference", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few of each, to see that it runs")
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    part = Part(describe_machine(), date, [os.getloadavg()[0]])
    for measure in (measure_wake_words, measure_invocations, measure_sharing):
        print(f"{measure.__name__.removeprefix('measure_').replace('_', ' ')} ...", file=sys.stderr, flush=True)
        measure(part, quick=options.quick)
    part.load.append(os.getloadavg()[0])
    results = BoardResults({"inference": part})
    if not options.quick and not options.dry:
        results.write(RESULTS)
        write_pages(read_results())
    print_inference(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
