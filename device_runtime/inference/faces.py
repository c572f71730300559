"""Faces from the outputs of a single-shot detector of the BlazeFace kind: anchors, boxes, and one box a face.

Source: MediaPipe's ``SsdAnchorsCalculator``, ``TensorsToDetectionsCalculator`` and ``NonMaxSuppressionCalculator`` with
the options of its short-range face detector (strides 8, 16, 16, 16; anchors of fixed size; overlaps are averaged by
their probability). Nothing here needs numpy: few of the anchors are above the cut-off, and only those are decoded.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

POINTS = ("right eye", "left eye", "nose", "mouth", "right ear", "left ear")
"""The six points of a face, in the detector's order; right and left are the person's own."""

VALUES = 4 + 2 * len(POINTS)
"""Numbers of the first output for each anchor: centre x and y, width, height, then x and y of each point."""

_MOST = 32  # faces are looked for among so many of the surest anchors


@dataclass(frozen=True, slots=True)
class Face:
    """One face; places are fractions of the picture, which may lie a little outside of 0 to 1.

    Attributes:
        probability: 0 to 1.
        left, top, right, bottom: from the chin to above the brows.
        points: x and y of each of :data:`POINTS`.
    """

    probability: float
    left: float
    top: float
    right: float
    bottom: float
    points: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a picture of any shape lies in the detector's square: whole, in the middle, with bars at two sides.

    A place ``x`` of the square (a fraction) is ``(x - left) / width`` of the picture.
    """

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def of(cls, width: int, height: int) -> "Letterbox":
        """Of a picture of ``width`` by ``height`` pixels, both above 0."""
        most = max(width, height)
        return cls((1 - width / most) / 2, (1 - height / most) / 2, width / most, height / most)

    def undo(self, face: Face) -> Face:
        """The face's places in the picture instead of in the square."""

        def across(x: float) -> float:
            return (x - self.left) / self.width

        def down(y: float) -> float:
            return (y - self.top) / self.height

        points = tuple((across(x), down(y)) for x, y in face.points)
        return Face(
            face.probability, across(face.left), down(face.top), across(face.right), down(face.bottom), points
        )  # fmt: skip


def anchors(size: int = 128, strides: Sequence[int] = (8, 16, 16, 16)) -> list[tuple[float, float]]:
    """Centres ``(x, y)`` of the anchors, fractions of the picture, in the order of the detector's outputs.

    Layers of the same stride share one grid: two anchors a place for each. 896 for the defaults.
    """
    centres: list[tuple[float, float]] = []
    layer = 0
    while layer < len(strides):
        stride, here = strides[layer], 0
        while layer < len(strides) and strides[layer] == stride:
            here, layer = here + 2, layer + 1
        grid = -(-size // stride)
        centres += [
            ((column + 0.5) / grid, (row + 0.5) / grid)
            for row in range(grid)
            for column in range(grid)
            for _ in range(here)
        ]
    return centres


def decode(
    boxes: Sequence[float],
    scores: Sequence[float],
    centres: Sequence[tuple[float, float]],
    *,
    size: int = 128,
    cutoff: float = 0.5,
    overlap: float = 0.3,
    gain: float = 1.0,
    zero: float = 0.0,
) -> list[Face]:
    """The faces, surest first.

    Args:
        boxes: the first output, flat: ``VALUES`` numbers an anchor, in pixels of a picture of ``size`` by ``size``.
        scores: the second output, flat: a score an anchor, whose logit is ``(score - zero) * gain``.
        centres: of the anchors: see :func:`anchors`.
        cutoff: the least probability of a face.
        overlap: boxes whose intersection is more than this part of their union are one face.
        gain, zero: what a logit is made of a score by; ``gain`` is above 0.

    Raises:
        ValueError: the lengths do not belong together.
    """
    if len(scores) != len(centres) or len(boxes) != VALUES * len(centres):
        raise ValueError(
            f"{len(centres)} anchors need {VALUES * len(centres)} numbers of boxes and {len(centres)} scores; "
            f"got {len(boxes)} and {len(scores)}"
        )
    logit = math.log(cutoff / (1 - cutoff)) if 0 < cutoff < 1 else (math.inf if cutoff >= 1 else -math.inf)
    least = logit / gain + zero
    sure = sorted((-score, index) for index, score in enumerate(scores) if score >= least)[:_MOST]
    found = []
    for negative, index in sure:
        values = boxes[index * VALUES : (index + 1) * VALUES]
        if all(math.isfinite(value) for value in values):
            logit = min(max((-negative - zero) * gain, -80.0), 80.0)
            found.append(_face(values, centres[index], 1 / (1 + math.exp(-logit)), size))
    return merge(found, overlap)


def _face(values: Sequence[float], centre: tuple[float, float], probability: float, size: int) -> Face:
    x, y = centre[0] + values[0] / size, centre[1] + values[1] / size
    half_width, half_height = values[2] / size / 2, values[3] / size / 2
    points = tuple(
        (centre[0] + values[at] / size, centre[1] + values[at + 1] / size) for at in range(4, VALUES, 2)
    )  # fmt: skip
    return Face(probability, x - half_width, y - half_height, x + half_width, y + half_height, points)


def intersection_over_union(a: Face, b: Face) -> float:
    """0 (apart) to 1 (the same box)."""
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    either = (a.right - a.left) * (a.bottom - a.top) + (b.right - b.left) * (b.bottom - b.top) - both
    return both / either if either > 0 else 0.0


def merge(faces: Sequence[Face], overlap: float) -> list[Face]:
    """One face for each group that overlaps the surest of it: its place the mean, each weighted by its probability."""
    left = sorted(faces, key=lambda face: -face.probability)
    merged = []
    while left:
        first = left[0]
        group = [face for face in left if face is first or intersection_over_union(face, first) > overlap]
        left = [face for face in left if face is not first and intersection_over_union(face, first) <= overlap]
        total = sum(face.probability for face in group)
        weights = [face.probability / total for face in group] if total > 0 else [1 / len(group)] * len(group)

        def mean(values: Sequence[float], weights: Sequence[float] = weights) -> float:
            return sum(value * weight for value, weight in zip(values, weights, strict=True))

        points = tuple(
            (mean([face.points[at][0] for face in group]), mean([face.points[at][1] for face in group]))
            for at in range(min(len(face.points) for face in group))
        )
        merged.append(
            Face(
                first.probability,
                mean([face.left for face in group]),
                mean([face.top for face in group]),
                mean([face.right for face in group]),
                mean([face.bottom for face in group]),
                points,
            )
        )
    return merged
