"""Examples in batches: in another order and otherwise changed in each epoch, always the same for a seed and an epoch.

What an epoch sees depends on nothing before it, so that training goes on after an interruption as if there were none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_tools.training.dataset import Split
from firmware_tools.training.recipe import Augmentation

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Batches:
    """A split in batches of ``size``, the last of which may be smaller."""

    split: Split
    size: int
    seed: int
    augmentation: Augmentation

    def __len__(self) -> int:
        return -(-len(self.split) // self.size)

    def epoch(self, number: int) -> Iterator[tuple[Floats, NDArray[np.int64]]]:
        """``(x, indices)`` of each batch: changed examples ``[size, *shape]``, and which of the split they are."""
        order = np.random.default_rng([self.seed, number]).permutation(len(self.split))
        for start in range(0, len(order), self.size):
            chosen = order[start : start + self.size]
            random = np.random.default_rng([self.seed, number, start])
            yield augment(np.asarray(self.split.x[chosen], np.float32), self.augmentation, random), chosen


def augment(x: Floats, how: Augmentation, random: np.random.Generator) -> Floats:
    """Changed examples, of the shape of ``x``; ``x`` itself is left as it is.

    Args:
        x: ``[n, rows, channels]`` or ``[n, rows, columns, channels]``; other shapes know ``gain`` and ``noise`` only.
        how: by how much.
        random: where all that is drawn comes from.
    """
    count = len(x)
    if x.ndim in (3, 4):
        x = _moved(x, how, random)
    if how.gain:
        x = x + _each(random.uniform(-how.gain, how.gain, count), x.ndim)
    if how.tilt and x.ndim in (3, 4):
        ramp = np.linspace(-1, 1, x.shape[2], dtype=np.float32).reshape(1, 1, -1, *[1] * (x.ndim - 3))
        x = x + _each(random.uniform(-how.tilt, how.tilt, count), x.ndim) * ramp
    if how.noise:
        x = x + random.standard_normal(x.shape, np.float32) * np.float32(how.noise)
    if x.ndim in (3, 4) and (how.time_masks or how.channel_masks):
        x = _masked(x, how, random)
    return np.ascontiguousarray(x, np.float32)


def _each(amounts: NDArray[np.float64], dimensions: int) -> Floats:
    """One number an example, so that it can be added to all of it."""
    return amounts.astype(np.float32).reshape(-1, *[1] * (dimensions - 1))


def _moved(x: Floats, how: Augmentation, random: np.random.Generator) -> Floats:
    """Shifted, stretched and turned: each example is looked up at other places. What lies beyond the edge is the edge
    of sound, and 0 in pictures."""
    count, rows, columns = x.shape[:3]
    picture = bool(how.translate or how.rotate or how.zoom)
    if not (picture or how.shift_rows or how.channel_stretch or how.row_stretch):
        return x

    def drawn(most: float) -> NDArray[np.float64]:
        return np.asarray(random.uniform(-most, most, count)).reshape(-1, 1, 1)

    zoom, turn = 1 + drawn(how.zoom), np.deg2rad(drawn(how.rotate))
    row_scale, column_scale = zoom * (1 + drawn(how.row_stretch)), zoom * (1 + drawn(how.channel_stretch))
    down, across = drawn(how.translate) * rows, drawn(how.translate) * columns
    if how.shift_rows:
        down = down + random.integers(-how.shift_rows, how.shift_rows + 1, (count, 1, 1))
    # Pictures keep their middle; a stretched spectrum keeps its lowest channel, as a longer vocal tract has it.
    middle_row, middle_column = (rows - 1) / 2, (columns - 1) / 2 if picture else 0.0
    row = (np.arange(rows) - middle_row).reshape(1, -1, 1)
    column = (np.arange(columns) - middle_column).reshape(1, 1, -1)
    sine, cosine = np.sin(turn), np.cos(turn)
    at_row = (cosine * row - sine * column) * row_scale + middle_row - down
    at_column = (sine * row + cosine * column) * column_scale + middle_column - across
    if not picture:  # nothing is turned: rows and channels one after the other, in half the time
        return _along(_along(x, at_row[:, :, 0], 1), at_column[:, 0, :], 2)
    return _looked_up(x, at_row, at_column)


def _along(x: Floats, at: NDArray[np.float64], axis: int) -> Floats:
    """``x`` at fractional places ``[n, rows or channels]`` of one axis, between the nearest two; beyond its ends, the
    ends."""
    size = x.shape[axis]
    at = np.clip(at, 0, size - 1)
    below = np.minimum(np.floor(at).astype(np.int64), max(size - 2, 0))
    share = (at - below).astype(np.float32).reshape(len(x), *[-1 if each == axis else 1 for each in range(1, x.ndim)])
    example = np.arange(len(x))[:, None]
    above = np.minimum(below + 1, size - 1)
    if axis == 1:
        low, high = x[example, below], x[example, above]
    else:
        turned = np.moveaxis(x, 2, 1)
        low, high = np.moveaxis(turned[example, below], 1, 2), np.moveaxis(turned[example, above], 1, 2)
    return np.asarray(low + (high - low) * share)


def _looked_up(x: Floats, at_row: NDArray[np.float64], at_column: NDArray[np.float64]) -> Floats:
    """``x`` at fractional places ``[n, rows, columns]``, between the four nearest."""
    count, rows, columns = x.shape[:3]
    top, left = np.floor(at_row).astype(np.int64), np.floor(at_column).astype(np.int64)
    result = np.zeros_like(x)
    example = np.arange(count)[:, None, None]
    for row, column in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        weight = (1 - np.abs(at_row - row)) * (1 - np.abs(at_column - column))
        weight = weight * ((row >= 0) & (row < rows) & (column >= 0) & (column < columns))
        found = x[example, np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)]
        result += found * weight.astype(np.float32).reshape(*weight.shape, *[1] * (x.ndim - 3))
    return result


def _masked(x: Floats, how: Augmentation, random: np.random.Generator) -> Floats:
    count, rows, channels = x.shape[:3]
    keep = np.ones((count, rows, channels), bool)
    for masks, most, size, axis in (
        (how.time_masks, how.time_mask_rows, rows, 1),
        (how.channel_masks, how.channel_mask_width, channels, 2),
    ):
        for _ in range(masks):
            width = random.integers(0, min(most, size) + 1, count)
            start = random.integers(0, size - width + 1)
            place = np.arange(size)[None, :]
            hidden = (place >= start[:, None]) & (place < (start + width)[:, None])
            keep &= ~np.expand_dims(hidden, 3 - axis)
    return x * keep.reshape(*keep.shape, *[1] * (x.ndim - 3))
