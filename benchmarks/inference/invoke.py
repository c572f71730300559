"""One invocation through our layer, and through the bare interpreter of the same runtime, in turns.

    python -m benchmarks.inference.invoke

prints JSON, so that it can be run in the environment of either runtime: a list of model, runtime and version, and the
microseconds of each round by ``ours`` and ``bare``.
"""

import functools
import importlib
import json
import sys
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any

import numpy as np

from device_runtime.inference.backend import find_backend
from device_runtime.inference.store import ModelError, ModelStore

MODELS = ("digits", "okay_nabu")
_RUNTIMES = {
    "litert": ("ai_edge_litert.interpreter", "ai-edge-litert"),
    "tflite": ("tflite_runtime.interpreter", "tflite-runtime"),
}


def measure(rounds: int, calls: int) -> list[dict[str, Any]]:
    """Each model on the runtime that is installed."""
    backend = find_backend()
    module, package = _RUNTIMES[backend.name]
    interpreter_class = importlib.import_module(module).Interpreter
    store, figures = ModelStore(), list[dict[str, Any]]()
    for name in MODELS:
        try:
            content = store.read(store.card(name))
        except ModelError as error:  # its package is not in this environment
            print(f"{name}: {error}", file=sys.stderr)
            continue
        model = backend.load(content, name)
        given = np.zeros(model.inputs[0].shape, model.inputs[0].dtype)
        bare = interpreter_class(model_content=content, num_threads=1)
        bare.allocate_tensors()
        put, get = bare.get_input_details()[0]["index"], bare.get_output_details()[0]["index"]

        ways: dict[str, Callable[[], object]] = {
            "ours": functools.partial(model.invoke, given),
            "bare": functools.partial(_bare, bare, put, get, given),
        }
        times: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, call in ways.items():
                times[way].append(_microseconds(call, calls))
        figures.append({"model": name, "runtime": backend.name, "version": metadata.version(package), **times})
    return figures


def _bare(interpreter: Any, put: int, get: int, given: Any) -> None:
    interpreter.set_tensor(put, given)
    interpreter.invoke()
    interpreter.get_tensor(get)


def _microseconds(call: Callable[[], object], calls: int) -> float:
    begun = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - begun) / calls * 1e6


if __name__ == "__main__":
    rounds, calls = (int(argument) for argument in sys.argv[1:3]) if len(sys.argv) > 2 else (200, 200)
    json.dump(measure(rounds, calls), sys.stdout)
