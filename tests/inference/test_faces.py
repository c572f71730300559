"""Anchors, boxes, overlaps and the letterbox of face detection, by answers worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.inference.faces import (
    VALUES,
    Face,
    Letterbox,
    anchors,
    decode,
    intersection_over_union,
    merge,
)


def test_anchors_are_512_fine_ones_two_a_place_and_384_coarse_ones_six_a_place() -> None:
    centres = anchors()
    assert len(centres) == 896
    assert centres[0] == centres[1] == (0.5 / 16, 0.5 / 16)
    assert centres[2] == (1.5 / 16, 0.5 / 16)
    assert centres[32] == (0.5 / 16, 1.5 / 16)
    assert centres[511] == (15.5 / 16, 15.5 / 16)
    assert centres[512:518] == [(0.5 / 8, 0.5 / 8)] * 6
    assert centres[-1] == (7.5 / 8, 7.5 / 8)


def outputs(at: int, values: list[float], logit: float) -> tuple[list[float], list[float]]:
    boxes, scores = [0.0] * (896 * VALUES), [-50.0] * 896
    boxes[at * VALUES : at * VALUES + len(values)] = values
    scores[at] = logit
    return boxes, scores


def test_a_box_is_pixels_from_its_anchor() -> None:
    boxes, scores = outputs(0, [4, 8, 32, 64, 6.4, -6.4], 2.0)
    (face,) = decode(boxes, scores, anchors())
    x, y = 0.5 / 16 + 4 / 128, 0.5 / 16 + 8 / 128
    assert (face.left, face.right) == pytest.approx((x - 0.125, x + 0.125))
    assert (face.top, face.bottom) == pytest.approx((y - 0.25, y + 0.25))
    assert face.points[0] == pytest.approx((0.5 / 16 + 0.05, 0.5 / 16 - 0.05))
    assert len(face.points) == 6
    assert face.probability == pytest.approx(1 / (1 + math.exp(-2)))


@pytest.mark.parametrize(
    ("score", "gain", "zero", "found"),
    [(0.01, 1, 0, 1), (-0.01, 1, 0, 0), (3.01, 2, 3, 1), (2.99, 2, 3, 0)],
)
def test_a_face_is_what_reaches_the_cut_off(score: float, gain: float, zero: float, found: int) -> None:
    boxes, scores = outputs(700, [0, 0, 30, 30], score)
    assert len(decode(boxes, scores, anchors(), cutoff=0.5, gain=gain, zero=zero)) == found


def test_scores_far_out_of_range_and_boxes_that_are_no_numbers_do_no_harm() -> None:
    boxes, scores = outputs(5, [math.nan, 0, 1, 1], 1e30)
    assert decode(boxes, scores, anchors()) == []
    boxes, scores = outputs(5, [0, 0, 1, 1], 1e30)
    (face,) = decode(boxes, scores, anchors())
    assert face.probability == pytest.approx(1)


def test_outputs_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="896 anchors need 14336 numbers of boxes and 896 scores; got 16 and 1"):
        decode([0.0] * 16, [0.0], anchors())


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (Face(1, 0, 0, 1, 1), 1.0),
        (Face(1, 0.5, 0, 1.5, 1), 1 / 3),
        (Face(1, 2, 2, 3, 3), 0.0),
        (Face(1, 0.25, 0.25, 0.75, 0.75), 0.25),
        (Face(1, 1, 1, 0, 0), 0.0),
    ],
)
def test_overlap_is_intersection_over_union(other: Face, expected: float) -> None:
    assert intersection_over_union(Face(1, 0, 0, 1, 1), other) == pytest.approx(expected)


def test_boxes_of_one_face_become_their_mean_weighted_by_probability() -> None:
    sure, unsure = Face(0.9, 0.1, 0.1, 0.5, 0.5), Face(0.6, 0.2, 0.1, 0.6, 0.5)
    other = Face(0.7, 0.8, 0.8, 0.9, 0.9)
    first, second = merge([unsure, other, sure], 0.3)
    assert first.probability == 0.9
    assert first.left == pytest.approx((0.9 * 0.1 + 0.6 * 0.2) / 1.5)
    assert second == other


def test_boxes_that_overlap_little_stay_apart() -> None:
    assert len(merge([Face(0.9, 0, 0, 1, 1), Face(0.8, 0.8, 0, 1.8, 1)], 0.3)) == 2


def test_a_wide_picture_lies_between_bars_above_and_below() -> None:
    box = Letterbox.of(640, 320)
    assert box == Letterbox(0.0, 0.25, 1.0, 0.5)
    face = box.undo(Face(1, 0.5, 0.5, 0.75, 0.75, ((0.5, 0.25),)))
    assert (face.left, face.top, face.right, face.bottom) == (0.5, 0.5, 0.75, 1.0)
    assert face.points == ((0.5, 0.0),)


@given(st.integers(1, 4000), st.integers(1, 4000), st.floats(0, 1), st.floats(0, 1))
def test_the_letterbox_is_undone_exactly(width: int, height: int, x: float, y: float) -> None:
    box = Letterbox.of(width, height)
    place = box.left + x * box.width, box.top + y * box.height
    face = box.undo(Face(1, *place, *place))
    assert (face.left, face.top) == pytest.approx((x, y), abs=1e-6)
