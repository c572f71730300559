"""Operators of one or two bytes: tables, ADD, SUB, MUL, MEAN, SOFTMAX."""

from collections.abc import Sequence

from firmware_tools.build.micro_model.compact import BINARY, LOOKUP, MEAN, SOFTMAX, Content, Numbers, Word
from firmware_tools.build.micro_model.fixed import activation_range, quantize_multiplier, single
from firmware_tools.build.micro_model.tables import (
    addend,
    by_float,
    leaky_relu,
    logistic,
    relu,
    requantize,
    softmax_exponentials,
    tanh,
)  # fmt: skip
from firmware_tools.build.micro_model.tflite import Operator
from firmware_tools.build.micro_model.work import Work

_ACTIVATIONS = {"RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}
_MOST_CLASSES = 4096  # the sum of exponentials has 12 bits before the point


def table(work: Work, operator: Operator) -> None:
    """QUANTIZE between 8-bit types, LOGISTIC, TANH, RELU, RELU6, RELU_N1_TO_1, LEAKY_RELU."""
    work.check_counts(operator, (1,))
    source, target = operator.inputs[0], operator.outputs[0]
    given, made = work.quantized(operator, source), work.quantized(operator, target)
    size = work.tensor(source).size
    if work.tensor(target).size != size:
        work.check_shape(operator, target, work.tensor(source).shape)
    if operator.code != "QUANTIZE" and work.tensor(source).dtype != work.tensor(target).dtype:
        work.refuse(operator, target, f"must be {work.tensor(source).dtype} as the input is")
    content = _table(work, operator, given, made)
    if content == bytes(range(256)):
        work.views[target] = work.input(operator, 0)
        return
    work.step(LOOKUP, [work.input(operator, 0), work.output(operator), size, Content(content)])


def _table(work: Work, operator: Operator, given: tuple[float, int], made: tuple[float, int]) -> bytes:
    if operator.code == "QUANTIZE":
        return requantize(*given, *made)
    if operator.code in _ACTIVATIONS:
        return relu(*given, *made, activation_range(_ACTIVATIONS[operator.code], *made))
    if operator.code == "LEAKY_RELU":
        return leaky_relu(*given, *made, operator.real(0))
    if operator.code == "LOGISTIC":
        if made[0] != 1 / 256:
            work.refuse(operator, operator.outputs[0], f"has the scale {made[0]}; expected 1/256")
        return by_float(logistic, *given, *made)
    return by_float(tanh, *given, *made)


def binary(work: Work, operator: Operator) -> None:
    """ADD, SUB and MUL, each input repeated where the other has more."""
    work.check_counts(operator, (2,))
    first, second = operator.inputs
    target = operator.outputs[0]
    (scale, zero), (scale2, zero2) = (work.quantized(operator, index) for index in operator.inputs)
    out_scale, out_zero = work.quantized(operator, target)
    if len({work.tensor(index).dtype for index in (first, second, target)}) > 1:
        work.refuse(operator, target, "must have the dtype of both inputs")
    fused = operator.option(0, "b")
    if fused not in (0, 1, 2, 3):
        work.refuse(
            operator, None, f"has the fused activation {fused}; expected none, ReLU, ReLU6 or ReLU from -1 to 1"
        )
    product = operator.code == "MUL"
    if product:
        multiplier, shift = quantize_multiplier(single(single(scale * scale2) / out_scale))
        one: int | Numbers = zero
        two: int | Numbers = zero2
    else:
        most = 2 * max(scale, scale2)
        multiplier, shift = quantize_multiplier(most / ((1 << 20) * out_scale))
        one = Numbers(addend(scale, zero, most))
        two = Numbers(addend(scale2, zero2, most, negative=operator.code == "SUB"))
    if shift > (14 if product else 0):
        work.refuse(operator, target, f"has the scale {out_scale}, too small for what its inputs can be")
    work.check_shape(operator, target, _broadcast(*(work.tensor(index).shape for index in (first, second))))
    shape = work.tensor(target).shape
    steps = [_steps(work, operator, index, shape) for index in (first, second)]
    sizes, (steps1, steps2) = _merged(shape, steps)
    if len(sizes) > 4:
        work.refuse(operator, None, f"repeats its inputs along {len(sizes)} separate dimensions; expected at most 4")
    sizes, steps1, steps2 = (
        [fill] * (4 - len(sizes)) + list(each) for fill, each in ((1, sizes), (0, steps1), (0, steps2))
    )
    given = [work.input(operator, 0), work.input(operator, 1)]
    words = [
        *given, work.output(operator), one, two, int(product), *sizes, *steps1, *steps2, multiplier, shift + 64,
        out_zero, *activation_range(fused, out_scale, out_zero),
    ]  # fmt: skip
    work.step(BINARY, words)


def _broadcast(one: Sequence[int], two: Sequence[int]) -> list[int]:
    """The shape of both, aligned at the end, the larger size of each pair."""
    rank = max(len(one), len(two))
    pairs = zip((*[1] * (rank - len(one)), *one), (*[1] * (rank - len(two)), *two), strict=True)
    return [max(pair) for pair in pairs]


def _steps(work: Work, operator: Operator, index: int, shape: Sequence[int]) -> list[int]:
    """From element to element of an input along each dimension of the output; 0 where it is repeated."""
    own = work.tensor(index).shape
    if len(own) > len(shape):
        work.refuse(operator, index, f"has the shape {list(own)}; expected one that becomes {list(shape)}")
    own = (1,) * (len(shape) - len(own)) + own
    steps, step = [], 1
    for size, out in zip(reversed(own), reversed(shape), strict=True):
        if size not in (1, out):
            work.refuse(operator, index, f"has the shape {list(own)}; expected one that becomes {list(shape)}")
        steps.append(0 if size == 1 else step)
        step *= size
    return steps[::-1]


def _merged(shape: Sequence[int], steps: Sequence[Sequence[int]]) -> tuple[list[int], list[list[int]]]:
    """Dimensions of 1 left out, and those made one that go on as one in every input."""
    sizes: list[int] = []
    merged: list[list[int]] = [[] for _ in steps]
    for at, size in enumerate(shape):
        if size == 1:
            continue
        if sizes and all(mine[-1] == each[at] * size for mine, each in zip(merged, steps, strict=True)):
            sizes[-1] *= size
            for mine, each in zip(merged, steps, strict=True):
                mine[-1] = each[at]
            continue
        sizes.append(size)
        for mine, each in zip(merged, steps, strict=True):
            mine.append(each[at])
    return sizes, merged


def mean(work: Work, operator: Operator) -> None:
    """MEAN over constant dimensions (reference/reduce.h, QuantizedMeanOrSum)."""
    work.check_counts(operator, (2,))
    source, target = operator.inputs[0], operator.outputs[0]
    shape = work.tensor(source).shape
    (scale, zero), (out_scale, out_zero) = (work.quantized(operator, index) for index in (source, target))
    if work.tensor(source).dtype != work.tensor(target).dtype:
        work.refuse(operator, target, f"must be {work.tensor(source).dtype} as the input is")
    axes = {axis + len(shape) if axis < 0 else axis for axis in work.integers(operator, 1)}
    if any(not 0 <= axis < len(shape) for axis in axes):
        work.refuse(operator, operator.inputs[1], f"names a dimension that {list(shape)} has not got")
    count = 1
    for axis in axes:
        count *= shape[axis]
    if work.tensor(target).size * count != work.tensor(source).size:
        work.refuse(operator, target, f"has the shape {list(work.tensor(target).shape)}, which is not what stays")
    multiplier, shift = quantize_multiplier(scale / out_scale)
    less = min(count.bit_length() - 1, 32, 31 + shift)
    multiplier, shift = (multiplier << less) // count, shift - less
    kept, gone = _groups(shape, axes)
    if len(kept) > 3 or len(gone) > 3:
        work.refuse(
            operator, None, f"takes {sorted(axes)} of {list(shape)} together; expected fewer separate dimensions"
        )
    kept = [(1, 0)] * (3 - len(kept)) + kept
    gone = [(1, 0)] * (3 - len(gone)) + gone
    words: list[Word] = [
        work.input(operator, 0), work.output(operator), *(size for size, _ in kept + gone),
        *(step for _, step in kept + gone), multiplier, shift + 64, out_zero, zero * count,
    ]  # fmt: skip
    work.step(MEAN, words)


def _groups(shape: Sequence[int], axes: set[int]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Sizes and steps of what stays and of what goes; neighbours of a kind are one."""
    groups: list[tuple[bool, int, int]] = []
    step = 1
    for axis in reversed(range(len(shape))):
        size, goes = shape[axis], axis in axes
        if groups and groups[-1][0] == goes:
            groups[-1] = (goes, groups[-1][1] * size, groups[-1][2])
        elif size > 1:
            groups.append((goes, size, step))
        step *= size
    groups.reverse()
    return [(size, step) for goes, size, step in groups if not goes], [
        (size, step) for goes, size, step in groups if goes
    ]


def softmax(work: Work, operator: Operator) -> None:
    """SOFTMAX over the last dimension (reference/softmax.h)."""
    work.check_counts(operator, (1,))
    source, target = operator.inputs[0], operator.outputs[0]
    scale, _zero = work.quantized(operator, source)
    out_scale, out_zero = work.quantized(operator, target)
    shape = work.tensor(source).shape
    work.check_shape(operator, target, shape)
    if work.tensor(source).dtype != work.tensor(target).dtype:
        work.refuse(operator, target, f"must be {work.tensor(source).dtype} as the input is")
    if out_scale != 1 / 256 or out_zero:
        work.refuse(operator, target, f"has the scale {out_scale}; expected 1/256, and the least number as zero point")
    beta = operator.real(0)
    if not 2**-26 < beta * scale < 1e6:
        work.refuse(operator, None, f"has the beta {beta} for the scale {scale}; expected them within reason")
    if not shape or shape[-1] >= _MOST_CLASSES:
        work.refuse(operator, source, f"has the shape {list(shape)}; expected fewer than {_MOST_CLASSES} in a row")
    depth = shape[-1]
    exponentials = Numbers(softmax_exponentials(scale, beta))
    rows = work.tensor(source).size // depth
    work.step(SOFTMAX, [work.input(operator, 0), work.output(operator), rows, depth, exponentials])
