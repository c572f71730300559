"""Whole numbers that a model computes of shapes, for RESHAPE: known when it is built, as all its shapes are."""

import struct

from firmware_tools.build.micro_model.tflite import Operator
from firmware_tools.build.micro_model.work import Work

_INTEGERS = {"int32": "i", "int64": "q"}
_DEEPEST = 8
_MOST = 16


def evaluate(work: Work, index: int, depth: int = 0) -> tuple[int, ...] | None:
    """What a tensor of whole numbers holds; None where that is not just constants and shapes."""
    tensor = work.tensor(index)
    if tensor.content is not None:
        form = _INTEGERS.get(tensor.dtype)
        return struct.unpack(f"<{tensor.size}{form}", tensor.content) if form and tensor.size <= _MOST else None
    operator = work.makers.get(index)
    if operator is None or depth > _DEEPEST or not 0 < len(operator.inputs) <= _MOST:
        return None
    if operator.code == "SHAPE":
        return work.tensor(operator.inputs[0]).shape
    parts = [evaluate(work, each, depth + 1) for each in operator.inputs if each >= 0]
    values = [part for part in parts if part is not None]
    if len(values) != len(operator.inputs):
        return None
    if operator.code in ("PACK", "CONCATENATION"):
        return tuple(number for value in values for number in value)[:_MOST]
    if operator.code == "STRIDED_SLICE" and len(values) == 4:
        return _sliced(operator, values)
    return None


def _sliced(operator: Operator, values: list[tuple[int, ...]]) -> tuple[int, ...] | None:
    """A part of a vector."""
    vector, begins, ends, steps = values
    if not len(begins) == len(ends) == len(steps) == 1 or not steps[0]:
        return None
    if operator.option(4) & 1:
        return (vector[begins[0]],) if -len(vector) <= begins[0] < len(vector) else None
    begin = None if operator.option(0) & 1 else begins[0]
    end = None if operator.option(1) & 1 else ends[0]
    return vector[begin : end : steps[0]]
