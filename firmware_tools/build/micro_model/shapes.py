"""Operators that move bytes: RESHAPE, CONCATENATION, STRIDED_SLICE, SLICE, SPLIT, SPLIT_V, PAD, PADV2, TRANSPOSE, …"""

import math
from collections.abc import Sequence

from firmware_tools.build.micro_model.compact import COPY, FILL, View
from firmware_tools.build.micro_model.tflite import Operator
from firmware_tools.build.micro_model.whole_numbers import evaluate
from firmware_tools.build.micro_model.work import Work, as_bytes


def same(work: Work, operator: Operator) -> None:
    """RESHAPE, SQUEEZE, EXPAND_DIMS: the same bytes under another shape."""
    source, target = operator.inputs[0], operator.outputs[0]
    work.check_same_scale(operator, (source, target))
    shape = evaluate(work, operator.inputs[1]) if operator.code == "RESHAPE" and len(operator.inputs) > 1 else None
    if shape is not None and work.tensor(target).size != work.tensor(source).size:
        known = math.prod(size for size in shape if size >= 0)
        rest = work.tensor(source).size // known if known else 0
        work.check_shape(operator, target, [rest if size < 0 else size for size in shape])
    work.check_size(operator, target, work.tensor(source).size)
    work.views[target] = work.input(operator, 0)


def concatenation(work: Work, operator: Operator) -> None:
    """CONCATENATION: one copy an input."""
    if not operator.inputs:
        work.refuse(operator, None, "has no input")
    work.check_counts(operator, (len(operator.inputs),))
    target = operator.outputs[0]
    shape = work.tensor(target).shape
    axis = _axis(work, operator, operator.option(0), len(shape))
    if operator.option(1, "b"):
        work.refuse(operator, None, "has a fused activation; expected none")
    work.check_same_scale(operator, (target, *operator.inputs))
    first = work.tensor(operator.inputs[0]).shape
    along = sum(work.tensor(index).shape[axis] for index in operator.inputs if len(work.tensor(index).shape) > axis)
    if len(first) == len(shape):
        work.check_shape(operator, target, [*first[:axis], along, *first[axis + 1 :]])
        shape = work.tensor(target).shape
    outer, inner = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    given = [work.input(operator, number) for number in range(len(operator.inputs))]
    out = work.output(operator)
    at = 0
    for index, view in zip(operator.inputs, given, strict=True):
        own = work.tensor(index).shape
        if len(own) != len(shape) or own[:axis] + own[axis + 1 :] != shape[:axis] + shape[axis + 1 :]:
            work.refuse(operator, index, f"has the shape {list(own)}, which is no part of {list(shape)}")
        run = own[axis] * inner
        _move(work, view, shifted(out, at), run, [(outer, run, shape[axis] * inner)])
        at += run
    if at != shape[axis] * inner:
        work.refuse(operator, target, f"has the shape {list(shape)}, which is not what its inputs make")


def strided_slice(work: Work, operator: Operator) -> None:
    """STRIDED_SLICE with constant bounds."""
    work.check_counts(operator, (4,))
    shape = work.tensor(operator.inputs[0]).shape
    begins, ends, steps = (work.integers(operator, number) for number in (1, 2, 3))
    begin_mask, end_mask, ellipsis, new, shrink = (operator.option(field) for field in range(5))
    if ellipsis or new or operator.option(5, "b"):
        work.refuse(operator, None, "uses an ellipsis, a new dimension or an offset; expected plain bounds")
    if not len(begins) == len(ends) == len(steps) <= len(shape):
        work.refuse(operator, operator.inputs[1], f"has {len(begins)} bounds for {len(shape)} dimensions")
    parts = []
    for axis, size in enumerate(shape):
        if axis >= len(begins):
            parts.append((0, size, 1))
            continue
        step = steps[axis]
        if not step:
            work.refuse(operator, operator.inputs[3], "has a step of 0")
        begin, end = begins[axis], ends[axis]
        if begin_mask >> axis & 1:
            begin = 0 if step > 0 else size - 1
        elif begin < 0:
            begin += size
        if end_mask >> axis & 1:
            end = size if step > 0 else -1
        elif end < 0:
            end += size
        if shrink >> axis & 1:
            end, step = begin + 1, 1
            if not 0 <= begin < size:
                work.refuse(operator, operator.inputs[1], f"names index {begin} of a dimension of {size}")
        low, high = (0, size) if step > 0 else (-1, size - 1)
        begin, end = min(max(begin, low), high), min(max(end, low), high)
        count = -(-(end - begin) // step) if (end - begin) * step > 0 else 0
        if not count:
            work.refuse(operator, operator.outputs[0], "is empty")
        parts.append((begin, count, step))
    _take(work, operator, parts)


def slice_(work: Work, operator: Operator) -> None:
    """SLICE with constant bounds; a size of -1 is all that is left."""
    work.check_counts(operator, (3,))
    shape = work.tensor(operator.inputs[0]).shape
    begins, sizes = work.integers(operator, 1), work.integers(operator, 2)
    if not len(begins) == len(sizes) == len(shape):
        work.refuse(operator, operator.inputs[1], f"has {len(begins)} bounds for {len(shape)} dimensions")
    parts = []
    for begin, size, whole in zip(begins, sizes, shape, strict=True):
        count = whole - begin if size == -1 else size
        if begin < 0 or count < 1 or begin + count > whole:
            work.refuse(operator, operator.inputs[1], f"takes {count} from {begin} of {whole}")
        parts.append((begin, count, 1))
    _take(work, operator, parts)


def _take(work: Work, operator: Operator, parts: Sequence[tuple[int, int, int]]) -> None:
    """Of each dimension of the first input, so many from a beginning with a step."""
    source, target = operator.inputs[0], operator.outputs[0]
    work.check_same_scale(operator, (source, target))
    work.check_size(operator, target, math.prod(count for _, count, _ in parts))
    given = work.input(operator, 0)
    strides = strides_of(work.tensor(source).shape)
    start = sum(begin * stride for (begin, _, _), stride in zip(parts, strides, strict=True))
    counts = [count for _, count, _ in parts]
    steps = [step * stride for (_, _, step), stride in zip(parts, strides, strict=True)]
    arrange(work, operator, shifted(given, start), work.output(operator), counts, steps)


def split(work: Work, operator: Operator) -> None:
    """SPLIT into equal parts, SPLIT_V into parts of given sizes."""
    work.check_counts(operator, (2,) if operator.code == "SPLIT" else (3,), len(operator.outputs))
    number, axis_number = (1, 0) if operator.code == "SPLIT" else (0, 2)
    source = operator.inputs[number]
    shape = work.tensor(source).shape if source >= 0 else ()
    axes = work.integers(operator, axis_number)
    if len(axes) != 1:
        work.refuse(operator, operator.inputs[axis_number], "must be one number")
    axis = _axis(work, operator, axes[0], len(shape))
    work.check_same_scale(operator, (source, *operator.outputs))
    view = work.input(operator, number)
    outer, inner = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    at = 0
    for out_number, index in enumerate(operator.outputs):
        own = work.tensor(index).shape
        if len(own) != len(shape) or own[:axis] + own[axis + 1 :] != shape[:axis] + shape[axis + 1 :]:
            work.refuse(operator, index, f"has the shape {list(own)}, which is no part of {list(shape)}")
        run = own[axis] * inner
        if at + run <= shape[axis] * inner:
            _move(work, shifted(view, at), work.output(operator, out_number), run, [(outer, shape[axis] * inner, run)])
        at += run
    if at != shape[axis] * inner:
        work.refuse(operator, source, f"has the shape {list(shape)}, which is not what its parts make")


def pad(work: Work, operator: Operator) -> None:
    """PAD and PADV2: the whole filled, then the inner part copied."""
    work.check_counts(operator, (3,) if operator.code == "PADV2" else (2,))
    source, target = operator.inputs[0], operator.outputs[0]
    work.check_same_scale(operator, (source, target))
    shape = work.tensor(source).shape
    pairs = work.integers(operator, 1)
    if len(pairs) != 2 * len(shape) or min(pairs, default=0) < 0:
        work.refuse(
            operator, operator.inputs[1], f"must have two numbers, not below 0, for each of {len(shape)} dimensions"
        )
    whole = [pairs[2 * axis] + size + pairs[2 * axis + 1] for axis, size in enumerate(shape)]
    work.check_shape(operator, target, whole)
    value = work.quantized(operator, target)[1]
    if operator.code == "PADV2":
        work.check_same_scale(operator, (source, operator.inputs[2]))
        constant = work.tensor(operator.inputs[2])
        if constant.content is None or constant.size != 1:
            work.refuse(operator, operator.inputs[2], "must be a constant of one number")
        value = as_bytes(constant.content, constant.dtype)[0]
    given, out = work.input(operator, 0), work.output(operator)
    strides = strides_of(whole)
    if whole != list(shape):
        work.step(FILL, [out, math.prod(whole), value])
    start = sum(pairs[2 * axis] * stride for axis, stride in enumerate(strides))
    arrange(work, operator, given, shifted(out, start), shape, strides_of(shape), strides)


def transpose(work: Work, operator: Operator) -> None:
    """TRANSPOSE by constant dimensions."""
    work.check_counts(operator, (2,))
    source, target = operator.inputs[0], operator.outputs[0]
    work.check_same_scale(operator, (source, target))
    shape, order = work.tensor(source).shape, work.integers(operator, 1)
    if sorted(order) != list(range(len(shape))):
        work.refuse(
            operator, operator.inputs[1], f"is {list(order)[:9]}; expected each of {len(shape)} dimensions once"
        )
    work.check_shape(operator, target, [shape[axis] for axis in order])
    strides = strides_of(shape)
    given = work.input(operator, 0)
    out = work.output(operator)
    arrange(work, operator, given, out, [shape[axis] for axis in order], [strides[axis] for axis in order])


def resize_nearest(work: Work, operator: Operator) -> None:
    """RESIZE_NEAREST_NEIGHBOR by whole factors."""
    work.check_counts(operator, (2,))
    source, target = operator.inputs[0], operator.outputs[0]
    work.check_same_scale(operator, (source, target))
    shape, made = work.tensor(source).shape, work.tensor(target).shape
    if len(shape) != 4 or len(made) != 4 or shape[0] != made[0] or shape[3] != made[3]:
        work.refuse(operator, target, f"has the shape {list(made)}; expected another height and width of {list(shape)}")
    if operator.option(0, "b") or made[1] % shape[1] or made[2] % shape[2]:
        work.refuse(operator, target, "is not a whole number of times as large; expected that, without align_corners")
    batch, high, wide, deep = shape
    up, across = made[1] // high, made[2] // wide
    row = wide * deep
    arrange(
        work, operator, work.input(operator, 0), work.output(operator), [batch * high, up, wide, across, deep],
        [row, 0, deep, 0, 1],
    )  # fmt: skip


def _axis(work: Work, operator: Operator, axis: int, rank: int) -> int:
    axis = axis + rank if axis < 0 else axis
    if not 0 <= axis < rank:
        work.refuse(operator, None, f"is along dimension {axis} of {rank}")
    return axis


def strides_of(shape: Sequence[int]) -> list[int]:
    """From element to element along each dimension."""
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]


def shifted(view: View, by: int) -> View:
    """The same place, ``by`` bytes on."""
    return View(view.place, view.offset + by)


def arrange(
    work: Work, operator: Operator, source: View, target: View, counts: Sequence[int], steps: Sequence[int],
    out_steps: Sequence[int] = (),
) -> None:  # fmt: skip
    """Copy element by element along dimensions, with steps in the input and (by default packed) in the output."""
    out_steps = out_steps or strides_of(counts)
    merged: list[tuple[int, int, int]] = []
    for count, step, out_step in zip(counts, steps, out_steps, strict=True):
        if count == 1:
            continue
        if merged and merged[-1][1] == count * step and merged[-1][2] == count * out_step:
            merged[-1] = (merged[-1][0] * count, step, out_step)
        else:
            merged.append((count, step, out_step))
    run = 1
    if merged and merged[-1][1:] == (1, 1):
        run = merged.pop()[0]
    if len(merged) > 4:
        work.refuse(operator, None, f"moves along {len(merged)} separate dimensions; expected at most 4")
    _move(work, source, target, run, merged)


def _move(work: Work, source: View, target: View, run: int, loops: Sequence[tuple[int, int, int]]) -> None:
    """A step that copies runs of bytes; each loop is a count, a step in the input and one in the output."""
    filled = [(1, 0, 0)] * (4 - len(loops)) + list(loops)
    columns = list(zip(*filled, strict=True))
    work.step(COPY, [source, target, run, *columns[0], *columns[1], *columns[2]])
