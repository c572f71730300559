"""Fuzzing for longer: ``python -m tests.fuzz [TARGET...] [--seconds N]``, or ``python -m tests.fuzz TARGET FILE`` to
feed once more what a crash has left.

atheris runs each target in a process of its own, since libFuzzer ends the process that it runs in. What was found
interesting is kept in ``.fuzz/corpus``, what broke a target in ``.fuzz/crashes``.
"""

import argparse
import asyncio
import logging
import subprocess
import sys
from pathlib import Path

from tests.fuzz import in_chromium
from tests.fuzz.targets import TARGETS, load

FOLDER = Path(".fuzz")
CRASHES = FOLDER / "crashes"
ALL = (*TARGETS, in_chromium.NAME)
# An input of a few kilobytes that takes so long, or so much memory, is a crash, too.
_SECONDS_AN_INPUT, _MEGABYTES = 20, 2048


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"one of {', '.join(ALL)}; all of them if none")
    parser.add_argument("--seconds", type=int, default=60, help="how long each runs (default: 60)")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    names: list[str] = arguments.targets or [*ALL]
    files = [Path(name) for name in names[1:] if name not in ALL]
    if unknown := [name for name in names if name not in ALL and Path(name) not in files]:
        parser.error(f"there is no target {unknown[0]}; there are {', '.join(ALL)}")
    CRASHES.mkdir(parents=True, exist_ok=True)
    if files:
        return _feed(names[0], files)
    if arguments.inside:
        _fuzz(names[0], arguments.seconds)
    known = {*CRASHES.iterdir()}
    for name in names:
        print(f"== {name}: {arguments.seconds} s", flush=True)
        _run(name, arguments.seconds)
    found = sorted({*CRASHES.iterdir()} - known)
    for crash in found:
        print(f"once more: {sys.executable} -m tests.fuzz {crash.name.partition('-')[0]} {crash}")
    return bool(found)


def _feed(name: str, files: list[Path]) -> int:
    for file in files:
        if name == in_chromium.NAME:
            asyncio.run(in_chromium.feed(file.read_bytes()))
        else:
            load(name).feed(file.read_bytes())
        print(f"{name} takes {file}")
    return 0


def _run(name: str, seconds: int) -> None:
    if name == in_chromium.NAME:
        asyncio.run(in_chromium.fuzz(seconds, CRASHES))
        return
    command = [sys.executable, "-m", "tests.fuzz", name, "--seconds", str(seconds), "--inside"]
    subprocess.run(command, check=False)


def _fuzz(name: str, seconds: int) -> None:
    """Never returns: libFuzzer ends the process."""
    import atheris  # it is in the environment of `make fuzz` alone

    logging.disable()
    with atheris.instrument_imports(include=["device_runtime", "firmware_tools"]):
        target = load(name)
    corpus, seeds = FOLDER / "corpus" / name, FOLDER / "seeds" / name
    for folder in (corpus, seeds):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.SEEDS):
        (seeds / str(number)).write_bytes(seed)
    options = {
        "max_total_time": seconds, "timeout": _SECONDS_AN_INPUT, "rss_limit_mb": _MEGABYTES, "max_len": 4096,
        "artifact_prefix": f"{CRASHES}/{name}-", "print_final_stats": 1, "report_slow_units": _SECONDS_AN_INPUT,
        "verbosity": 0,
    }  # fmt: skip
    flags = [f"-{option}={value}" for option, value in options.items()]
    atheris.Setup([sys.argv[0], *flags, str(corpus), str(seeds)], target.feed)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
