"""TensorFlow Lite models for tests, and ways to break them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from device_runtime.resources import resource_directory

DIGITS = resource_directory("models") / "digits"
INT8, FLOAT = DIGITS / "digits.tflite", DIGITS / "digits_float.tflite"


def changed(path: Path, change: Callable[[Any], None]) -> bytes:
    """The model at ``path`` after ``change`` was at its object tree (``schema.ModelT``)."""
    import flatbuffers

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(path.read_bytes(), 0))
    change(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def spoil_weights(operator: int) -> Callable[[Any], None]:
    """Have the ``operator``-th operator's weights negated."""

    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        buffer = model.buffers[graph.tensors[graph.operators[operator].inputs[1]].buffer]
        weights = np.asarray(buffer.data, np.uint8).view(np.int8)
        buffer.data = (-np.maximum(weights, -127)).astype(np.int8).view(np.uint8)

    return change


def pictures(count: int) -> list[tuple[NDArray[np.float32]]]:
    """Something like digits: ``[1, 8, 8, 1]``, 0 to 16."""
    random = np.random.default_rng(5)
    return [(np.clip(random.normal(5, 6, (1, 8, 8, 1)), 0, 16).astype(np.float32),) for _ in range(count)]
