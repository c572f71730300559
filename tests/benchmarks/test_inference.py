"""The bench of the inference layer: it measures, and judges what it measured."""

import pytest

from benchmarks.boards.figures import BoardResults, Part
from benchmarks.inference.invoke import measure
from benchmarks.inference.report import BARE, OURS, THEIRS, judge_inference


def test_both_ways_are_measured_in_turns() -> None:
    for figure in measure(rounds=2, calls=3):
        assert len(figure["ours"]) == len(figure["bare"]) == 2
        assert min(figure["ours"] + figure["bare"]) > 0


CASES = [
    ("wake word x", THEIRS, "ms/s", 2.0, 2.1, "reached"),
    ("wake word x", THEIRS, "ms/s", 2.0, 2.3, "not reached"),
    ("wake word x", THEIRS, "ms/s", 20.0, 11.0, "not reached"),  # quicker than theirs, and still too slow
    ("invoke x", BARE, "us", 7.0, 7.9, "reached"),
    ("invoke x", BARE, "us", 7.0, 8.1, "not reached"),
]


@pytest.mark.parametrize(("name", "way", "unit", "theirs", "ours", "verdict"), CASES)
def test_an_aim_is_judged_by_its_figures(
    name: str, way: str, unit: str, theirs: float, ours: float, verdict: str
) -> None:
    part = Part("a machine", "a day", [0.0])
    part.add("litert", way, name, unit, [theirs])
    part.add("litert", OURS, name, unit, [ours])
    judged = [
        one for one in judge_inference(BoardResults({"inference": part})) if "`x`" in one.title or " x," in one.title
    ]
    assert [one.verdict for one in judged] == [verdict]


@pytest.mark.parametrize(("ten", "verdict"), [(109, "reached"), (111, "not reached")])
def test_memory_of_ten_is_held_against_that_of_one(ten: float, verdict: str) -> None:
    part = Part("a machine", "a day", [0.0])
    part.add("litert", OURS, "memory x 1", "bytes", [100])
    part.add("litert", OURS, "memory x 10", "bytes", [ten])
    (judged,) = [one for one in judge_inference(BoardResults({"inference": part})) if "`x`" in one.title]
    assert judged.verdict == verdict
