"""Whether a sentence of the grammar was said, or something else."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """A word, phone or silence of a decoding: frames of 10 ms, both ends included, and its natural log likelihood."""

    word: str
    first: int
    last: int
    score: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """``confidence`` is 0 to 1; ``reason`` is empty if ``accepted``."""

    accepted: bool
    confidence: float
    reason: str


def judge(sentence: Sequence[Segment], rival: Sequence[Segment]) -> Verdict:
    return Verdict(True, 1.0, "")
