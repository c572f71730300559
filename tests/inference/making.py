"""Small models, put together operator by operator: what a converter would never write can be in them, too.

    python -m tests.inference.making

writes ``device_runtime/inference/warming.tflite`` again.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

schema: Any = pytest.importorskip("ai_edge_litert.schema_py_generated")
flatbuffers: Any = pytest.importorskip("flatbuffers")

DTYPES = {
    "float32": schema.TensorType.FLOAT32,
    "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8,
    "int16": schema.TensorType.INT16,
    "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64,
    "string": schema.TensorType.STRING,
    "complex64": schema.TensorType.COMPLEX64,
}


class ModelMaker:
    """Collects tensors and operators of one subgraph, and packs them."""

    def __init__(self) -> None:
        self._model = schema.ModelT()
        self._model.version = 3
        self._model.description = "made for tests"
        self._model.buffers = [schema.BufferT()]
        self._model.operatorCodes = []
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._model.subgraphs = [self._graph]

    def tensor(
        self, name: str, shape: tuple[int, ...], dtype: str, scale: float = 0.0, zero_point: int = 0,
        content: "NDArray[Any] | None" = None,
    ) -> int:  # fmt: skip
        """A tensor, constant if it has a content; its number."""
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, list(shape), DTYPES[dtype]
        if scale:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [zero_point]
        if content is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(content.tobytes(), np.uint8)
            self._model.buffers.append(buffer)
            tensor.buffer = len(self._model.buffers) - 1
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def quantize_along(self, tensor: int, count: int, dimension: int) -> None:
        """Give a tensor ``count`` scales, those that it has, along a dimension."""
        quantization = self._graph.tensors[tensor].quantization
        quantization.scale = quantization.scale * count
        quantization.zeroPoint = quantization.zeroPoint * count
        quantization.quantizedDimension = dimension

    def operator(
        self, code: int, inputs: list[int], outputs: list[int], kind: int = 0, options: Any = None, *, version: int = 1,
        custom: str = "",
    ) -> None:  # fmt: skip
        """An operator; ``kind`` and ``options`` are its entry of the union BuiltinOptions."""
        entry = schema.OperatorCodeT()
        entry.builtinCode, entry.version = code, version
        entry.deprecatedBuiltinCode = min(code, 127)
        if custom:
            entry.customCode = custom
        self._model.operatorCodes.append(entry)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self._model.operatorCodes) - 1
        operator.inputs, operator.outputs = inputs, outputs
        operator.builtinOptionsType, operator.builtinOptions = kind, options
        self._graph.operators.append(operator)

    def pack(self, inputs: list[int], outputs: list[int]) -> bytes:
        """The bytes of the .tflite file."""
        self._graph.inputs, self._graph.outputs = inputs, outputs
        builder = flatbuffers.Builder(1024)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def fully_connected(width: int = 4, height: int = 3, *, version: int = 4) -> bytes:
    """int8: ``[1, width]`` to ``[1, height]``, all weights 1."""
    maker = ModelMaker()
    given = maker.tensor("given", (1, width), "int8", 0.5, 0)
    weights = maker.tensor("weights", (height, width), "int8", 1.0, 0, np.ones((height, width), np.int8))
    bias = maker.tensor("bias", (height,), "int32", 0.5, 0, np.zeros(height, np.int32))
    wanted = maker.tensor("wanted", (1, height), "int8", 1.0, 0)
    options = schema.FullyConnectedOptionsT()
    maker.operator(
        schema.BuiltinOperator.FULLY_CONNECTED, [given, weights, bias], [wanted],
        schema.BuiltinOptions.FullyConnectedOptions, options, version=version,
    )  # fmt: skip
    return maker.pack([given], [wanted])


def passing(dtype: str) -> bytes:
    """``[1, 4]`` reshaped to ``[4]``."""
    maker = ModelMaker()
    given, wanted = maker.tensor("given", (1, 4), dtype), maker.tensor("wanted", (4,), dtype)
    shape = maker.tensor("shape", (1,), "int32", content=np.array([4], np.int32))
    maker.operator(schema.BuiltinOperator.RESHAPE, [given, shape], [wanted])
    return maker.pack([given], [wanted])


def old_bias() -> bytes:
    """:func:`fully_connected`, with a quantised dimension of its bias that only its weights could have."""
    maker = ModelMaker()
    given = maker.tensor("given", (1, 4), "int8", 0.5, 0)
    weights = maker.tensor("weights", (3, 4), "int8", 1.0, 0, np.ones((3, 4), np.int8))
    bias = maker.tensor("bias", (3,), "int32", 0.5, 0, np.zeros(3, np.int32))
    wanted = maker.tensor("wanted", (1, 3), "int8", 1.0, 0)
    for tensor in (weights, bias):
        maker.quantize_along(tensor, 3, 0 if tensor == weights else 3)
    maker.operator(
        schema.BuiltinOperator.FULLY_CONNECTED, [given, weights, bias], [wanted],
        schema.BuiltinOptions.FullyConnectedOptions, schema.FullyConnectedOptionsT(), version=4,
    )  # fmt: skip
    return maker.pack([given], [wanted])


def sums(dtype: str) -> bytes:
    """``[1, 4]`` to ``[1, 3]`` of that dtype, the sum of the four each time; steps of 0.5 in, 1.0 out."""
    maker = ModelMaker()
    if dtype == "float32":
        given, wanted = maker.tensor("given", (1, 4), dtype), maker.tensor("wanted", (1, 3), dtype)
        weights = maker.tensor("weights", (3, 4), dtype, content=np.ones((3, 4), np.float32))
        bias = maker.tensor("bias", (3,), dtype, content=np.zeros(3, np.float32))
    else:
        zero = 128 if dtype == "uint8" else 0
        stored, total = ("uint8", "int32") if dtype == "uint8" else ("int8", "int64" if dtype == "int16" else "int32")
        given = maker.tensor("given", (1, 4), dtype, 0.5, zero)
        wanted = maker.tensor("wanted", (1, 3), dtype, 1.0, zero)
        weights = maker.tensor("weights", (3, 4), stored, 1.0, zero, np.full((3, 4), 1 + zero, stored))
        bias = maker.tensor("bias", (3,), total, 0.5, 0, np.zeros(3, total))
    options, code = schema.FullyConnectedOptionsT(), schema.BuiltinOperator.FULLY_CONNECTED
    kind = schema.BuiltinOptions.FullyConnectedOptions
    maker.operator(code, [given, weights, bias], [wanted], kind, options, version=7 if dtype == "int16" else 4)
    return maker.pack([given], [wanted])


def slow() -> bytes:
    """int8: a convolution of some 120 billion multiplications, with few weights: a second and more."""
    maker = ModelMaker()
    given = maker.tensor("given", (1, 256, 256, 32), "int8", 0.5, 0)
    weights = maker.tensor("weights", (256, 15, 15, 32), "int8", 1.0, 0, np.ones((256, 15, 15, 32), np.int8))
    bias = maker.tensor("bias", (256,), "int32", 0.5, 0, np.zeros(256, np.int32))
    wanted = maker.tensor("wanted", (1, 256, 256, 256), "int8", 1.0, 0)
    options = schema.Conv2DOptionsT()
    options.padding, options.strideH, options.strideW = schema.Padding.SAME, 1, 1
    maker.operator(
        schema.BuiltinOperator.CONV_2D, [given, weights, bias], [wanted], schema.BuiltinOptions.Conv2DOptions, options,
        version=3,
    )  # fmt: skip
    return maker.pack([given], [wanted])


def custom(name: str, dtype: str = "float32") -> bytes:
    """A model with an operator that no runtime has."""
    maker = ModelMaker()
    scale = 0.0 if dtype == "float32" else 0.5
    given, wanted = maker.tensor("given", (1, 4), dtype, scale), maker.tensor("wanted", (1, 4), dtype, scale)
    maker.operator(schema.BuiltinOperator.CUSTOM, [given], [wanted], custom=name)
    return maker.pack([given], [wanted])


if __name__ == "__main__":
    Path("device_runtime/inference/warming.tflite").write_bytes(fully_connected(8, 8))
