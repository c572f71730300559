"""Whether a sentence of the grammar was said, or something else.

A likelihood-ratio test, as in keyword spotting with a filler model (Rose and Paul, "A hidden Markov model based
keyword recognition system", ICASSP 1990): frame by frame, the grammar's sentence against a free loop of phones over
the same sound. Speech outside the grammar fits the loop well and the sentence badly, as a whole, in its worst word
or in its worst quarter of a second, or it leaves parts of the sound without a word. Logistic regression weighs
these; ``benchmarks/voice_rejection.py --fit`` finds the weights, on one synthesiser, to be judged on another.
"""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

_WINDOW_FRAMES = 25


@dataclass(frozen=True, slots=True)
class Segment:
    """A word, phone or silence of a decoding: frames of 10 ms, both ends included, and its log likelihood.

    Names in angle brackets are silences. Likelihoods are in pocketsphinx's own units; only differences count.
    """

    word: str
    first: int
    last: int
    score: float

    @property
    def silent(self) -> bool:
        """True if nothing is said in it."""
        return self.word.startswith("<")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the two decodings say about each other; higher is better for the first three, worse for the last two.

    ``speech``, ``word``, ``window``: sentence minus loop, a frame: over all speech, in the worst word, in the worst
    quarter of a second. ``uncovered``: the share of the loop's speech in which the sentence is silent.
    ``pauses``: the share of the sentence that is silence between its words.
    """

    speech: float
    word: float
    window: float
    uncovered: float
    pauses: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """``confidence`` is 0 to 1; ``reason`` is empty if ``accepted``."""

    accepted: bool
    confidence: float
    reason: str


WEIGHTS = Evidence(speech=1.470, word=0.624, window=1.241, uncovered=-1.415, pauses=-0.650)
BIAS = 7.799
ACCEPT_FROM = 0.5


def weigh(sentence: Sequence[Segment], loop: Sequence[Segment]) -> Evidence | None:
    """The evidence of two decodings of the same sound; ``None`` if the sentence holds no words."""
    words = [segment for segment in sentence if not segment.silent]
    if not words:
        return None
    frames = 1 + max(segment.last for segment in (*sentence, *loop))
    gain = [own - other for own, other in zip(_by_frame(sentence, frames), _by_frame(loop, frames), strict=True)]
    said = _spoken(words, frames)
    voiced = _spoken([segment for segment in loop if not segment.silent], frames)
    speech = [value for value, own, other in zip(gain, said, voiced, strict=True) if own or other]
    first, last = words[0].first, words[-1].last
    return Evidence(
        speech=_mean(speech),
        word=min(_mean(gain[word.first : word.last + 1]) for word in words),
        window=_worst_window(speech),
        uncovered=sum(v and not s for v, s in zip(voiced, said, strict=True)) / max(1, sum(voiced)),
        pauses=1 - sum(said[first : last + 1]) / (last + 1 - first),
    )


def judge(sentence: Sequence[Segment], loop: Sequence[Segment]) -> Verdict:
    """Accept or reject the sentence that the grammar made of some sound, given the phone loop's account of it."""
    evidence = weigh(sentence, loop)
    if evidence is None:
        return Verdict(accepted=False, confidence=0.0, reason="no request sounds like this")
    confidence = confidence_of(evidence)
    if confidence < ACCEPT_FROM:
        return Verdict(accepted=False, confidence=confidence, reason="this does not sound like any request")
    return Verdict(accepted=True, confidence=confidence, reason="")


def confidence_of(evidence: Evidence) -> float:
    """The probability, by the regression, that the sentence was said."""
    total = BIAS + sum(weight * value for weight, value in zip(astuple(WEIGHTS), astuple(evidence), strict=True))
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, total))))


def _by_frame(segments: Sequence[Segment], frames: int) -> list[float]:
    """Each segment's score spread evenly over its frames."""
    scores = [0.0] * frames
    for segment in segments:
        length = segment.last + 1 - segment.first
        for frame in range(segment.first, segment.last + 1):
            scores[frame] = segment.score / length
    return scores


def _spoken(segments: Sequence[Segment], frames: int) -> list[bool]:
    spoken = [False] * frames
    for segment in segments:
        spoken[segment.first : segment.last + 1] = [True] * (segment.last + 1 - segment.first)
    return spoken


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))


def _worst_window(values: Sequence[float]) -> float:
    """The lowest mean of ``_WINDOW_FRAMES`` values in a row."""
    if len(values) <= _WINDOW_FRAMES:
        return _mean(values)
    total = lowest = sum(values[:_WINDOW_FRAMES])
    for entering, leaving in zip(values[_WINDOW_FRAMES:], values, strict=False):
        total += entering - leaving
        lowest = min(lowest, total)
    return lowest / _WINDOW_FRAMES
