"""Many compact models in one MicroPython: how they answer, byte for byte."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware_tools.build.micro_model import compile_model, describe
from tests.micro.inference.tflite_models import Array

RUNTIME = Path(__file__).parents[3] / "device_runtime"
_SCRIPT = """
import sys, json
sys.path[:0] = [{runtime!r}]
{before}
from micro.inference.model import Model
from micropython import heap_lock, heap_unlock
{after}
with open({folder!r} + "/cases.json") as file:
    cases = json.load(file)
data = open({folder!r} + "/cases.bin", "rb")
out = open({folder!r} + "/said.bin", "wb")
def take(count):
    return data.read(count)
for size, steps, counts in cases:
    model = Model(take(size))
    for step in range(steps):
        if step and step == steps // 2:
            model.reset()
        for number, count in enumerate(counts):
            model.input(number)[:] = take(count)
        {lock}
        model.invoke()
        {unlock}
        for number in range(len(model.outputs)):
            out.write(model.output(number))
out.close()
"""


@dataclass(frozen=True)
class Case:
    """A model and its inputs, step by step; halfway the model is reset."""

    name: str
    tflite: bytes
    steps: Sequence[Sequence[Array]]


def answers(
    micropython: str, cases: Sequence[Case], folder: Path, *, locked: bool = True, before: str = "", after: str = ""
) -> list[list[list[Array]]]:
    """What the interpreter in MicroPython makes of cases; while a model runs, the heap is locked.

    Args:
        micropython: the port.
        cases: what to run.
        folder: for what goes in and out.
        locked: whether memory may not be taken while a model runs.
        before: code before the interpreter is imported.
        after: code thereafter.
    """
    listed, content, sizes = [], bytearray(), []
    for case in cases:
        made = compile_model(case.tflite, case.name)
        content += made
        for step in case.steps:
            for value in step:
                content += value.tobytes()
        listed.append([len(made), len(case.steps), [value.nbytes for value in case.steps[0]]])
        outputs = [(port.shape, np.dtype(port.dtype)) for port in describe(made).outputs]
        sizes.append((len(case.steps), outputs))
    (folder / "cases.json").write_text(__import__("json").dumps(listed))
    (folder / "cases.bin").write_bytes(bytes(content))
    script = _SCRIPT.format(
        runtime=str(RUNTIME), folder=str(folder), before=before, after=after, lock="heap_lock()" if locked else "pass",
        unlock="heap_unlock()" if locked else "pass",
    )  # fmt: skip
    done = subprocess.run(
        [micropython, "-X", "heapsize=8m", "-c", script], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    said, at, result = (folder / "said.bin").read_bytes(), 0, []
    for count, outputs in sizes:
        steps = []
        for _ in range(count):
            values = []
            for shape, dtype in outputs:
                size = int(np.prod(shape, dtype=int))
                values.append(np.frombuffer(said, dtype, size, at).reshape(shape))
                at += size
            steps.append(values)
        result.append(steps)
    assert at == len(said)
    return result
