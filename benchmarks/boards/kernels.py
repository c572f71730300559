"""How fast compact models compute: each kernel beside a bare loop of viper that multiplies and adds bytes, in turns.

The bare loop is what one writes first: ``for at in range(n): total += a[at] * b[at]``. Speeds are multiplications of
the layer (as the model's tools count them) by the time of a whole ``invoke``, so rescaling, padding and gathering
count. Of many short turns the fastest counts: the others tell of what else ran.
"""

import json
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.boards.figures import Part
from benchmarks.boards.names import BARE_LOOP, KERNELS, OURS, PICO, UNIX, UNIX_32
from benchmarks.boards.tools import package_version, unix_port, unix_port_32, unix_port_version
from benchmarks.errors import BenchmarkError
from device_runtime.host.board import find_micro_board
from firmware_tools.build.micro_model import compile_model, describe
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.image import littlefs_image, rp2_place
from firmware_tools.provision.runtime import compiled_runtime, runtime_sources
from tests.boards.power import PicoW
from tests.micro.inference.tflite_models import Maker, options

_PREFIX = "bench kernels "
_PATIENCE_SECONDS = 900
_LOOP = 4096
_BARE = """
import micropython

@micropython.viper
def bare(a: ptr8, b: ptr8, n: int) -> int:
 total = 0
 for at in range(n):
  total += a[at] * b[at]
 return total
"""
_SCRIPT = f"""
import gc, time
from .bare import bare
from .inference.model import Model

def main(root, names, macs, enough, rounds):
 import json
 one, two = bytearray({_LOOP}), bytearray({_LOOP})
 models = [Model(root + name + ".cgm") for name in names]
 took = [[] for _ in range(len(names) + 1)]
 times = [enough // {_LOOP} or 1] + [enough // each or 1 for each in macs]
 for _ in range(rounds):
  for number in range(len(took)):
   gc.collect()
   model = models[number - 1]
   begun = time.ticks_us()
   for _ in range(times[number]):
    if number:
     model.invoke()
    else:
     bare(one, two, {_LOOP})
   took[number].append(time.ticks_diff(time.ticks_us(), begun) / times[number])
 print({_PREFIX!r} + json.dumps(took))
"""


def measure_kernels(part: Part, say: Callable[[str], None], *, quick: bool = False) -> None:
    """On both unix ports."""
    models = layers()
    with tempfile.TemporaryDirectory(prefix="cygnet-bench-") as folder:
        for name, content in _files(models).items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        call = _call(f"{folder}/", models, 2_000_000, 5 if quick else 60)
        for board, port in ((UNIX, unix_port()), (UNIX_32, unix_port_32())):
            if port is None:
                continue
            say(f"{board}: kernels …")
            part.versions[f"MicroPython, {board}"] = unix_port_version(port)
            done = subprocess.run(
                [port, "-X", "heapsize=4m", "-c", call], capture_output=True, text=True, timeout=_PATIENCE_SECONDS,
                check=False,
            )  # fmt: skip
            if done.returncode:
                raise BenchmarkError(f"the {board} failed: {(done.stderr or done.stdout)[-500:]}")
            take(done.stdout, board, part, models)


def measure_pico_kernels(part: Part, say: Callable[[str], None], *, quick: bool = False) -> None:
    """On stock MicroPython on an emulated Pico W, by its own clock; the same models, one after the other."""
    models = layers()
    part.versions["rp2040py"] = package_version("rp2040py")
    for name in list(models)[: 1 if quick else None]:
        one = {name: models[name]}
        with tempfile.TemporaryDirectory(prefix="cygnet-bench-") as folder:
            board = PicoW(Path(folder))
            files = {f"/{path}": content for path, content in _files(one).items()}
            board.flash.write_bytes(littlefs_image(files, rp2_place(find_micro_board("pico-w")).size))
            say(f"{PICO}: {name} …")
            with board, BoardConnection.open(board.port) as connection:
                part.versions["MicroPython on the Pico W"] = connection.facts.version_text
                said = connection.run(_call("/", one, 1, 2), "measuring", silence=_PATIENCE_SECONDS)
            take(said, PICO, part, one)


def layers() -> Mapping[str, bytes]:
    """The layers as compact models, by what figures call them."""
    return {
        name: compile_model(make(), name)
        for name, make in zip(KERNELS, (_dense, _conv, _pointwise, _depthwise), strict=True)
    }


def take(said: str, board: str, part: Part, models: Mapping[str, bytes]) -> None:
    """The speeds of what a board printed, in millions a second."""
    (told,) = (line.partition(_PREFIX)[2] for line in said.splitlines() if _PREFIX in line)
    counts = [_LOOP, *(describe(content).macs for content in models.values())]
    for name, count, took in zip((BARE_LOOP, *models), counts, json.loads(told), strict=True):
        if name != BARE_LOOP or not any(figure.measure == name and figure.board == board for figure in part.figures):
            part.add(board, OURS, name, "M/s", [count / each for each in took])


def _files(models: Mapping[str, bytes]) -> Mapping[str, bytes]:
    mine = {
        name: text for name, text in runtime_sources().items() if "/inference/" in name or name == "micro/__init__.py"
    }
    files = dict(compiled_runtime({**mine, "micro/bare.py": _BARE, "micro/bench.py": _SCRIPT}))
    return files | {f"{name}.cgm": content for name, content in models.items()}


def _call(root: str, models: Mapping[str, bytes], enough: int, rounds: int) -> str:
    macs = [describe(content).macs for content in models.values()]
    return (
        f"import sys\nsys.path[:0] = [{root!r}]\nfrom micro import bench\n"
        f"bench.main({root!r}, {list(models)!r}, {macs!r}, {enough}, {rounds})\n"
    )


def _weights(maker: Maker, shape: Sequence[int], axis: int) -> list[int]:
    rng = np.random.default_rng(1)
    channels = shape[axis]
    weights = maker.tensor(
        shape, "int8", [0.01] * channels, 0, rng.integers(-127, 128, tuple(shape)).astype(np.int8), axis
    )
    bias = rng.integers(-1000, 1000, channels).astype(np.int32)
    return [weights, maker.tensor([channels], "int32", [0.0005] * channels, 0, bias)]


def _dense() -> bytes:
    maker = Maker()
    given, made = maker.tensor([1, 512], "int8", 0.05, 3), maker.tensor([1, 32], "int8", 0.5, -4)
    maker.add("FULLY_CONNECTED", [given, *_weights(maker, [32, 512], 0)], [made], options("FullyConnected"))
    return maker.finish([given], [made])


def _convolution(size: int, deep: int, channels: int, taps: int) -> bytes:
    maker = Maker()
    given = maker.tensor([1, size, size, deep], "int8", 0.05, 3)
    made = maker.tensor([1, size, size, channels], "int8", 0.5, -4)
    chosen = options("Conv2D", strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1, fusedActivationFunction=1)
    maker.add("CONV_2D", [given, *_weights(maker, [channels, taps, taps, deep], 0)], [made], chosen)
    return maker.finish([given], [made])


def _conv() -> bytes:
    return _convolution(8, 16, 32, 3)


def _pointwise() -> bytes:
    return _convolution(8, 64, 64, 1)


def _depthwise() -> bytes:
    maker = Maker()
    given, made = maker.tensor([1, 12, 12, 32], "int8", 0.05, 3), maker.tensor([1, 12, 12, 32], "int8", 0.5, -4)
    chosen = options("DepthwiseConv2D", strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1, depthMultiplier=1)
    maker.add("DEPTHWISE_CONV_2D", [given, *_weights(maker, [1, 3, 3, 32], 3)], [made], chosen)
    return maker.finish([given], [made])
