"""Multiply-accumulate operations of a ``.tflite`` model, counted from its operators and shapes.

Counted are fully connected, convolution, depthwise and transposed convolution, batch matrix multiplication and SVDF:
one multiplication with its addition each. What only adds, compares or moves is not counted, as elsewhere in the field
(MLPerf Tiny). The layouts of weights are TensorFlow Lite's: ``[out, in]``, ``[out, height, width, in]`` and
``[1, height, width, out]``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from device_runtime.errors import CygnetError
from firmware_tools.training.operators import Graph, read_graphs
from firmware_tools.training.operators import Operator as GraphOperator
from firmware_tools.training.workplace import LabError


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
        graphs = read_graphs(content)
        counted = [tuple(_counted(operator, graph) for operator in graph.operators) for graph in graphs]
        calls = [each for graph in graphs for each in graph.operators if each.kind == "CALL_ONCE"]
        before = sorted({each.options.initSubgraphIndex for each in calls})
        return Operators(counted[0], tuple(operator for index in before for operator in counted[index]))
    except LabError as error:
        raise CountError(f"the operations of model {name} cannot be counted: {error}") from error
    except (AttributeError, IndexError, TypeError) as error:
        raise CountError(f"model {name} is damaged: an operator lacks an input, an output or its options") from error


def _counted(operator: GraphOperator, graph: Graph) -> Operator:
    inputs = [graph.shapes[index] for index in operator.inputs]
    output = graph.shapes[operator.outputs[0]] if operator.outputs else ()
    macs = _macs(operator.kind, inputs, output, operator.options)
    return Operator(operator.kind.removeprefix("custom "), output, macs)


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
