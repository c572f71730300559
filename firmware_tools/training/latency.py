"""How long one invocation takes through Cygnet's back ends, on this machine."""

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device_runtime.inference.backend import MissingRuntimeError, Model, find_backend
from device_runtime.inference.worker import silence

BACKENDS = ("litert", "tflite")
_WARM_UP = 20
_MOST_RUNS = 2000
_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Timing:
    """Microseconds of one invocation with ``backend``, over ``runs``. Without runs, ``missing`` says why."""

    backend: str
    median: float
    minimum: float
    runs: int
    missing: str = ""


def machine_name() -> str:
    """The processor, in the form in which cards name machines that measured on x86: ``2 x Intel Xeon, x86_64``."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{os.cpu_count()} x {names[0] if names else platform.processor() or 'unknown'}, {platform.machine()}"


def time_invocations(content: bytes, name: str) -> list[Timing]:
    """The model's time with each back end that is installed; input arrays are zeros, since no operator minds.

    Raises:
        ModelError: a back end that is installed does not run it.
    """
    found = []
    for backend in BACKENDS:
        try:
            with silence():
                model = find_backend(backend).load(content, name)
        except MissingRuntimeError as error:
            found.append(Timing(backend, 0.0, 0.0, 0, str(error).split("; ")[0]))
            continue
        found.append(time_model(model, backend))
    return found


def time_model(model: Model, backend: str) -> Timing:
    """The median and the least time of one invocation, after some that are not counted."""
    arrays = [np.zeros(tensor.shape, tensor.dtype) for tensor in model.inputs]
    for _ in range(_WARM_UP):
        model.invoke(*arrays)
    times: list[int] = []
    end = time.perf_counter_ns() + int(_SECONDS * 1e9)
    while len(times) < _MOST_RUNS:
        before = time.perf_counter_ns()
        model.invoke(*arrays)
        after = time.perf_counter_ns()
        times.append(after - before)
        if after > end and len(times) >= _WARM_UP:
            break
    times.sort()
    return Timing(backend, times[len(times) // 2] / 1000, times[0] / 1000, len(times))
