"""TILE, SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND: the latter two are what dilated convolutions are converted to."""

import math
from collections.abc import Sequence

from firmware_tools.build.micro_model.compact import FILL, View
from firmware_tools.build.micro_model.shapes import arrange, shifted, strides_of
from firmware_tools.build.micro_model.tflite import Operator
from firmware_tools.build.micro_model.work import Work


def tile(work: Work, operator: Operator) -> None:
    """TILE by constant numbers."""
    work.check_counts(operator, (2,))
    source, target = operator.inputs[0], operator.outputs[0]
    work.check_same_scale(operator, (source, target))
    shape, times = work.tensor(source).shape, work.integers(operator, 1)
    if len(times) != len(shape) or min(times, default=1) < 1:
        work.refuse(operator, operator.inputs[1], f"is {list(times)[:9]}; expected a number above 0 for each dimension")
    work.check_shape(operator, target, [size * time for size, time in zip(shape, times, strict=True)])
    counts: list[int] = []
    steps: list[int] = []
    for size, time, stride in zip(shape, times, strides_of(shape), strict=True):
        counts += [time, size]
        steps += [0, stride]
    given = work.input(operator, 0)
    arrange(work, operator, given, work.output(operator), counts, steps)


def space_to_batch(work: Work, operator: Operator) -> None:
    """SPACE_TO_BATCH_ND: what is added at the edges, then each block's places apart."""
    shape, block, edges = _blocks(work, operator)
    whole = [edges[2 * at] + size + edges[2 * at + 1] for at, size in enumerate(shape[1:3])]
    if any(size % by for size, by in zip(whole, block, strict=True)):
        work.refuse(operator, operator.inputs[1], f"is {block[:2]}, which does not divide {whole}")
    batch, deep = shape[0], shape[3]
    high, wide = whole[0] // block[0], whole[1] // block[1]
    target = operator.outputs[0]
    made = [batch * block[0] * block[1], high, wide, deep]
    work.check_shape(operator, target, made if len(work.tensor(target).shape) == 4 else [*made[:2], deep])
    given = work.input(operator, 0)
    full = [batch, *whole, deep]
    if any(edges):
        padded = View(work.place(math.prod(full)))
        work.step(FILL, [padded, math.prod(full), work.quantized(operator, target)[1]])
        strides = strides_of(full)
        inner = shifted(padded, edges[0] * strides[1] + edges[2] * strides[2])
        arrange(work, operator, given, inner, shape, strides_of(shape), strides)
        given = padded
    image, row, column, _one = strides_of(full)
    arrange(
        work, operator, given, work.output(operator), [*block, batch, high, wide, deep],
        [row, column, image, block[0] * row, block[1] * column, 1],
    )  # fmt: skip


def batch_to_space(work: Work, operator: Operator) -> None:
    """BATCH_TO_SPACE_ND: each block's places together, then the edges cut off."""
    shape, block, edges = _blocks(work, operator)
    if shape[0] % (block[0] * block[1]):
        work.refuse(operator, operator.inputs[1], f"is {block}, which does not divide the batch of {shape[0]}")
    batch, deep = shape[0] // (block[0] * block[1]), shape[3]
    full = [batch, shape[1] * block[0], shape[2] * block[1], deep]
    left = [batch, full[1] - edges[0] - edges[1], full[2] - edges[2] - edges[3], deep]
    target = operator.outputs[0]
    if min(left) < 1:
        work.refuse(
            operator, operator.inputs[2], f"cuts off more than the {full[1]} rows or {full[2]} columns there are"
        )
    work.check_shape(operator, target, left if len(work.tensor(target).shape) == 4 else [*left[:2], deep])
    given = work.input(operator, 0)
    out = work.output(operator)
    together = View(work.place(math.prod(full))) if any(edges) else out
    image, row, column, _one = strides_of(shape)
    across = batch * image  # from a place of the block to the next
    arrange(
        work, operator, given, together, [batch, shape[1], block[0], shape[2], block[1], deep],
        [image, row, block[1] * across, column, across, 1],
    )  # fmt: skip
    if any(edges):
        strides = strides_of(full)
        arrange(work, operator, shifted(together, edges[0] * strides[1] + edges[2] * strides[2]), out, left, strides)


def _blocks(work: Work, operator: Operator) -> tuple[list[int], list[int], Sequence[int]]:
    """The input's shape with four dimensions, the block's two sizes, and what is added or cut on four sides."""
    work.check_counts(operator, (3,))
    work.check_same_scale(operator, (operator.inputs[0], operator.outputs[0]))
    shape = list(work.tensor(operator.inputs[0]).shape)
    block, edges = list(work.integers(operator, 1)), list(work.integers(operator, 2))
    if len(shape) not in (3, 4) or len(block) != len(shape) - 2 or len(edges) != 2 * len(block):
        work.refuse(operator, operator.inputs[0], f"has the shape {shape}; expected three or four dimensions")
    if min(block) < 1 or min(edges) < 0:
        work.refuse(operator, operator.inputs[1], "has a block below 1, or an edge below 0")
    if len(shape) == 3:
        shape.insert(2, 1)
        block, edges = [*block, 1], [*edges, 0, 0]
    return shape, block, edges
