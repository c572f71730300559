"""Small ``.tflite`` files, made operator by operator of the schema's objects, and what the reference makes of them."""

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

Array = np.ndarray[Any, np.dtype[Any]]
_TYPES = {"int8": 9, "uint8": 3, "int32": 2, "float32": 0, "int16": 7, "resource": 13}


class Maker:
    """One subgraph in the making."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.operatorCodes, self.model.buffers = [], [schema.BufferT()]
        self.graph = self._graph()
        self.model.subgraphs = [self.graph]

    @staticmethod
    def _graph() -> Any:
        graph = schema.SubGraphT()
        graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [], []
        return graph

    def more(self) -> Any:
        """A further subgraph."""
        graph = self._graph()
        self.model.subgraphs.append(graph)
        return graph

    def tensor(
        self, shape: Sequence[int], dtype: str = "int8", scale: float | Sequence[float] = (), point: int = 0,
        content: Array | None = None, axis: int = 0, graph: Any = None,
    ) -> int:  # fmt: skip
        """A tensor; its number."""
        graph = graph or self.graph
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.buffer = list(shape), _TYPES[dtype], 0
        tensor.name = f"t{len(graph.tensors)}"
        scales = list(scale) if isinstance(scale, Sequence) else [scale]
        if scales:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = scales, [point] * len(scales)
            tensor.quantization.quantizedDimension = axis
        if content is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(content.tobytes(), np.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        graph.tensors.append(tensor)
        return len(graph.tensors) - 1

    def ints(self, values: Sequence[int], shape: Sequence[int] | None = None, graph: Any = None) -> int:
        """A constant of whole numbers."""
        return self.tensor([len(values)] if shape is None else shape, "int32", content=np.array(values, np.int32),
                           graph=graph)  # fmt: skip

    def add(self, code: str, inputs: Sequence[int], outputs: Sequence[int], options: Any = None,
            graph: Any = None) -> None:  # fmt: skip
        """An operator."""
        number = getattr(schema.BuiltinOperator, code)
        numbers = [each.builtinCode for each in self.model.operatorCodes]
        if number not in numbers:
            kind = schema.OperatorCodeT()
            kind.builtinCode = number
            kind.deprecatedBuiltinCode = min(number, 127)
            # Per-channel and int8 variants are later versions of the operators.
            kind.version = 1
            self.model.operatorCodes.append(kind)
            numbers.append(number)
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = numbers.index(number), list(inputs), list(outputs)
        if options is not None:
            operator.builtinOptions = options
            name = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        (graph or self.graph).operators.append(operator)

    def finish(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The file."""
        self.graph.inputs, self.graph.outputs = list(inputs), list(outputs)
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def options(name: str, **values: Any) -> Any:
    """The options of an operator: ``options("Conv2D", strideH=2)``."""
    made = getattr(schema, f"{name}OptionsT")()
    for key, value in values.items():
        assert hasattr(made, key), key
        setattr(made, key, value)
    return made


def reference(tflite: bytes) -> Interpreter:
    """The reference kernels, ready to run."""
    interpreter = Interpreter(
        model_content=tflite, experimental_op_resolver_type=OpResolverType.BUILTIN_REF, num_threads=1
    )
    interpreter.allocate_tensors()
    return interpreter


def reference_outputs(tflite: bytes, steps: Sequence[Sequence[Array]]) -> list[list[Array]]:
    """What the reference says to inputs, step by step, one interpreter for all."""
    interpreter = reference(tflite)
    inputs = [each["index"] for each in interpreter.get_input_details()]
    outputs = [each["index"] for each in interpreter.get_output_details()]
    said = []
    for step in steps:
        for index, value in zip(inputs, step, strict=True):
            interpreter.set_tensor(index, value)
        interpreter.invoke()
        said.append([interpreter.get_tensor(index).copy() for index in outputs])
    return said
