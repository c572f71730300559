"""Multiply-accumulate operations of a ``.tflite`` model, counted from its operators and shapes.

Counted are fully connected, convolution, depthwise and transposed convolution, batch matrix multiplication and SVDF:
one multiplication with its addition each. What only adds, compares or moves is not counted, as elsewhere in the field
(MLPerf Tiny). The schema is LiteRT's (``ai_edge_litert/schema_py_generated.py``), the layouts of weights TensorFlow
Lite's: ``[out, in]``, ``[out, height, width, in]`` and ``[1, height, width, out]``.
"""

import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from device_runtime.errors import CygnetError


class CountError(CygnetError):
    """A model's operations cannot be counted; the message says why."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: its name as TensorFlow Lite has it, its output's shape, and what one run of it multiplies."""

    name: str
    shape: tuple[int, ...]
    macs: int


@dataclass(frozen=True, slots=True)
class Operators:
    """All operators in the order in which they run; those of ``once`` run before the first invocation alone."""

    operators: tuple[Operator, ...]
    once: tuple[Operator, ...] = ()

    @property
    def macs(self) -> int:
        """Of one invocation."""
        return sum(operator.macs for operator in self.operators)


def count_operators(content: bytes, name: str) -> Operators:
    """The operators of a model; ``name`` is for errors.

    Raises:
        CountError: no TensorFlow Lite model, damaged, or LiteRT is not installed, which has the schema.
    """
    try:
        schema = importlib.import_module("ai_edge_litert.schema_py_generated")
    except ModuleNotFoundError as error:
        raise CountError(
            f"counting the operations of {name} needs {error.name}; run: pip install 'cygnet[inference]'"
        ) from error
    if content[4:8] != b"TFL3":
        raise CountError(f"model {name} is not a TensorFlow Lite model: bytes 4 to 8 are not 'TFL3'")
    names = {value: key for key, value in vars(schema.BuiltinOperator).items() if not key.startswith("_")}
    try:
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
        graphs = [
            tuple(_operator(operator, graph, model, names) for operator in _list(graph.operators))
            for graph in model.subgraphs
        ]
        once = {
            operator.builtinOptions.initSubgraphIndex
            for graph in model.subgraphs
            for operator in _list(graph.operators)
            if _name(operator, model, names) == "CALL_ONCE"
        }
        before = tuple(operator for index in sorted(once) for operator in graphs[index])
    except Exception as error:  # a damaged file fails anywhere in the flatbuffer library, in any way
        raise CountError(f"model {name} is damaged: its operators cannot be read ({type(error).__name__})") from error
    return Operators(graphs[0], before)


def _list(items: Any) -> Sequence[Any]:
    return [] if items is None else items


def _name(operator: Any, model: Any, names: dict[int, str]) -> str:
    code = model.operatorCodes[operator.opcodeIndex]
    # Old files have only the first, which is one byte; newer ones both.
    builtin = max(code.deprecatedBuiltinCode, code.builtinCode)
    custom = code.customCode.decode(errors="replace") if isinstance(code.customCode, bytes) else ""
    return custom or names.get(builtin, str(builtin))


def _operator(operator: Any, graph: Any, model: Any, names: dict[int, str]) -> Operator:
    def shape(index: int) -> tuple[int, ...]:
        found = graph.tensors[index].shape if index >= 0 else None
        return () if found is None else tuple(int(size) for size in found)

    name = _name(operator, model, names)
    inputs = [shape(index) for index in _list(operator.inputs)]
    outputs = [shape(index) for index in _list(operator.outputs)]
    output = outputs[0] if outputs else ()
    return Operator(name, output, _macs(name, inputs, output, operator.builtinOptions))


def _macs(name: str, inputs: Sequence[tuple[int, ...]], output: tuple[int, ...], options: Any) -> int:
    match name:
        case "FULLY_CONNECTED":
            return math.prod(output) * inputs[1][-1]
        case "CONV_2D":
            return math.prod(output) * math.prod(inputs[1][1:])
        case "DEPTHWISE_CONV_2D":
            return math.prod(output) * inputs[1][1] * inputs[1][2]
        case "CONV_3D":
            return math.prod(output) * math.prod(inputs[1][:4])
        case "TRANSPOSE_CONV":  # inputs: the output's shape, weights, data; each value of the data is spread
            return math.prod(inputs[2]) * inputs[1][0] * inputs[1][1] * inputs[1][2]
        case "BATCH_MATMUL":
            return math.prod(output) * inputs[0][-2 if options.adjX else -1]
        case "SVDF":  # features [filters, in], time [filters, memory]
            return math.prod(inputs[1]) + math.prod(inputs[2])
        case _:
            return 0
