"""Run on both machines: what every model with a .tflite of its own gives for fixed inputs, as JSON."""

import json
import sys

import numpy as np

from device_runtime.inference.backend import find_backend
from device_runtime.inference.store import ModelStore


def main() -> None:
    """``models.py BACKEND``: outputs, as stored, of a seeded input a model."""
    backend, store = find_backend(sys.argv[1]), ModelStore()
    outputs: dict[str, list[list[int]]] = {}
    for name in sys.argv[2:]:
        model = store.load(store.card(name), backend)
        tensor = model.inputs[0]
        limits, rng = np.iinfo(tensor.dtype), np.random.default_rng(7)
        stored = rng.integers(limits.min, limits.max, tensor.shape, dtype=tensor.dtype, endpoint=True)
        outputs[name] = [[int(value) for value in output.ravel()] for output in model.invoke(stored)]
    print(json.dumps(outputs))


if __name__ == "__main__":
    main()
