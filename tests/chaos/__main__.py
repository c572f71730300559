"""``python -m tests.chaos``: a long chaos, by a seed."""

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from firmware_tools.simulation.weather import WEATHERS
from tests.chaos.faults import play
from tests.chaos.scene import scene


async def _run(devices: int, faults: int, pause: float, weather: str, seed: int, workers: int) -> None:
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {text}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="cygnet-chaos-") as folder:
        try:
            async with scene(Path(folder), devices, WEATHERS[weather], seed, say, workers) as made:
                await made.release()
                await play(made, faults, pause)
                made.crowd.calm_down()
                made.crowd.fall_silent()
                say("calm; all must come into step")
                await made.assert_all_is_well()
                census = made.crowd.census()
        except BaseException:
            _show_logs(Path(folder))
            raise
    print(", ".join(f"{name} {count:,}" for name, count in asdict(census).items()))
    print(f"{faults} faults, seed {seed}: all devices in step, no record lost or there twice")


def _show_logs(folder: Path) -> None:
    for log in sorted(folder.glob("*.log")):
        sys.stderr.write(f"--- {log.name}\n{log.read_text()[-3000:]}")


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--devices", type=int, default=40)
    parser.add_argument("--faults", type=int, default=40)
    parser.add_argument("--pause", type=float, default=5.0, help="seconds between two faults, at most")
    parser.add_argument("--weather", choices=list(WEATHERS), default="storm")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 1_000_000)
    parser.add_argument("--workers", type=int, default=0, help="so many beside the service, on PostgreSQL")
    options = parser.parse_args()
    print(f"seed {options.seed}", file=sys.stderr)
    asyncio.run(_run(options.devices, options.faults, options.pause, options.weather, options.seed, options.workers))


if __name__ == "__main__":
    main()
