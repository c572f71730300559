"""Models of one operator that moves bytes, of random shapes; the others are in :mod:`.one_operator`."""

import numpy as np

from tests.micro.inference.one_operator import Random, finish
from tests.micro.inference.running import Case
from tests.micro.inference.tflite_models import Maker, options


def reshape(random: Random) -> Case:
    maker, shape = Maker(), random.shape(3)
    given = maker.tensor(shape, "int8", 0.1, 3)
    made = maker.tensor([shape[0] * shape[1], shape[2]], "int8", 0.1, 3)
    maker.add("RESHAPE", [given, maker.ints([-1, shape[2]])], [made], options("Reshape", newShape=[-1, shape[2]]))
    return finish("reshape", maker, [given], [made], random)


def concatenation(random: Random) -> Case:
    maker, shape = Maker(), random.shape(random.whole(1, 4))
    axis = random.whole(0, len(shape) - 1)
    given, total = [], 0
    for _ in range(random.whole(1, 4)):
        own = [*shape]
        own[axis] = random.whole(1, 4)
        total += own[axis]
        given.append(maker.tensor(own, "int8", 0.1, 3))
    shape[axis] = total
    made = maker.tensor(shape, "int8", 0.1, 3)
    axis = axis - len(shape) if random.whole(0, 1) else axis
    maker.add("CONCATENATION", given, [made], options("Concatenation", axis=axis))
    return finish("concatenation", maker, given, [made], random)


def strided_slice(random: Random) -> Case:
    maker, shape = Maker(), random.shape(random.whole(1, 4))
    begins, ends, steps, taken = [], [], [], []
    begin_mask, end_mask, shrink = 0, 0, 0
    for axis, size in enumerate(shape):
        step = random.one_of(1, 1, 1, 2, -1, -2)
        low = random.whole(0, size - 1)
        high = random.whole(low + 1, size)
        count = -(-(high - low) // abs(step))
        begin, end = (low, high) if step > 0 else (high - 1, low - 1)
        if end < 0:
            end_mask |= 1 << axis
            end = 0
        if begin == (0 if step > 0 else size - 1) and random.whole(0, 1):
            begin_mask |= 1 << axis
            begin = 99
        elif random.whole(0, 2) == 0:
            begin -= size
        if count == 1 and step > 0 and not begin_mask >> axis & 1 and random.whole(0, 1):
            shrink |= 1 << axis
            step, end = 1, begin + 1
        else:
            taken.append(count)
        begins.append(begin)
        ends.append(end)
        steps.append(step)
    given = maker.tensor(shape, "int8", 0.1, 3)
    made = maker.tensor(taken, "int8", 0.1, 3)
    maker.add("STRIDED_SLICE", [given, maker.ints(begins), maker.ints(ends), maker.ints(steps)], [made],
              options("StridedSlice", beginMask=begin_mask, endMask=end_mask, shrinkAxisMask=shrink))  # fmt: skip
    return finish("strided slice", maker, [given], [made], random)


def slice_(random: Random) -> Case:
    maker, shape = Maker(), random.shape(random.whole(1, 4))
    begins = [random.whole(0, size - 1) for size in shape]
    sizes = [random.whole(1, size - begin) for size, begin in zip(shape, begins, strict=True)]
    given, made = maker.tensor(shape, "int8", 0.1, 3), maker.tensor(sizes, "int8", 0.1, 3)
    maker.add("SLICE", [given, maker.ints(begins), maker.ints(sizes)], [made], options("Slice"))
    return finish("slice", maker, [given], [made], random)


def split(random: Random) -> Case:
    maker, shape, count = Maker(), random.shape(random.whole(1, 4)), random.whole(1, 3)
    axis = random.whole(0, len(shape) - 1)
    own = [*shape]
    shape[axis] *= count
    given = maker.tensor(shape, "int8", 0.1, 3)
    made = [maker.tensor(own, "int8", 0.1, 3) for _ in range(count)]
    maker.add("SPLIT", [maker.ints([axis], []), given], made, options("Split", numSplits=count))
    return finish("split", maker, [given], made, random)


def split_v(random: Random) -> Case:
    maker, shape = Maker(), random.shape(random.whole(1, 4))
    axis = random.whole(0, len(shape) - 1)
    sizes = [random.whole(1, 4) for _ in range(random.whole(1, 4))]
    made = [maker.tensor([*shape[:axis], size, *shape[axis + 1 :]], "int8", 0.1, 3) for size in sizes]
    shape[axis] = sum(sizes)
    given = maker.tensor(shape, "int8", 0.1, 3)
    maker.add("SPLIT_V", [given, maker.ints(sizes), maker.ints([axis], [])], made,
              options("SplitV", numSplits=len(sizes)))  # fmt: skip
    return finish("split_v", maker, [given], made, random)


def pad(random: Random) -> Case:
    maker, shape = Maker(), random.shape(random.whole(1, 4), 4)
    pairs = [(random.whole(0, 2), random.whole(0, 2)) for _ in shape]
    whole = [before + size + after for size, (before, after) in zip(shape, pairs, strict=True)]
    point = random.point()
    given, made = maker.tensor(shape, "int8", 0.1, point), maker.tensor(whole, "int8", 0.1, point)
    numbers = maker.ints([number for pair in pairs for number in pair], [len(shape), 2])
    if random.whole(0, 1):
        value = maker.tensor([1], "int8", 0.1, point, random.values([1]))
        maker.add("PADV2", [given, numbers, value], [made], options("PadV2"))
    else:
        maker.add("PAD", [given, numbers], [made], options("Pad"))
    return finish("pad", maker, [given], [made], random)


def transpose(random: Random) -> Case:
    maker, shape = Maker(), random.shape(random.whole(1, 4))
    order = [int(axis) for axis in random.rng.permutation(len(shape))]
    given = maker.tensor(shape, "int8", 0.1, 3)
    made = maker.tensor([shape[axis] for axis in order], "int8", 0.1, 3)
    maker.add("TRANSPOSE", [given, maker.ints(order)], [made], options("Transpose"))
    return finish("transpose", maker, [given], [made], random)


def resize_nearest(random: Random) -> Case:
    maker, shape = Maker(), random.shape(4, 4)
    up, across = random.whole(1, 3), random.whole(1, 3)
    given = maker.tensor(shape, "int8", 0.1, 3)
    made = maker.tensor([shape[0], shape[1] * up, shape[2] * across, shape[3]], "int8", 0.1, 3)
    maker.add("RESIZE_NEAREST_NEIGHBOR", [given, maker.ints([shape[1] * up, shape[2] * across])], [made],
              options("ResizeNearestNeighbor", halfPixelCenters=bool(random.whole(0, 1))))  # fmt: skip
    return finish("resize", maker, [given], [made], random)


def tile(random: Random) -> Case:
    maker, shape = Maker(), random.shape(random.whole(1, 4), 4)
    times = [random.one_of(1, 1, 2, 3) if axis < 2 else 1 for axis in range(len(shape))]
    given = maker.tensor(shape, "int8", 0.1, 3)
    made = maker.tensor([size * time for size, time in zip(shape, times, strict=True)], "int8", 0.1, 3)
    maker.add("TILE", [given, maker.ints(times)], [made], options("Tile"))
    return finish("tile", maker, [given], [made], random)


def _blocks(random: Random, code: str) -> Case:
    maker, rank = Maker(), random.whole(1, 2)
    point, block = random.point(), [random.whole(1, 3) for _ in range(rank)]
    batch, deep = random.whole(1, 3), random.whole(1, 4)
    if rank == 2:  # as the reference has it, one image at a time is enough to try
        batch = 1
    edges = [(random.whole(0, 2), random.whole(0, 2)) for _ in block]
    small = [random.whole(2, 4) for _ in block]
    whole = [size * by for size, by in zip(small, block, strict=True)]
    cut = [max(size - before - after, 0) for size, (before, after) in zip(whole, edges, strict=True)]
    if 0 in cut:
        edges, cut = [(0, 0)] * rank, whole
    spread, packed = [batch, *cut, deep], [batch * int(np.prod(block)), *small, deep]
    from_, to = (spread, packed) if code == "SPACE_TO_BATCH_ND" else (packed, spread)
    given, made = maker.tensor(from_, "int8", 0.1, point), maker.tensor(to, "int8", 0.1, point)
    sides = maker.ints([side for pair in edges for side in pair], [rank, 2])
    name = "SpaceToBatchND" if code == "SPACE_TO_BATCH_ND" else "BatchToSpaceND"
    maker.add(code, [given, maker.ints(block), sides], [made], options(name))
    return finish(code, maker, [given], [made], random)


def space_to_batch(random: Random) -> Case:
    return _blocks(random, "SPACE_TO_BATCH_ND")


def batch_to_space(random: Random) -> Case:
    return _blocks(random, "BATCH_TO_SPACE_ND")
