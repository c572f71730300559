"""Judging models that hear, as a device hears them: a stream of sound through the device's own code.

What wakes in background sound is a false accept; what does not wake at a word is a miss. A clip is played whole, and
then again its beginning, which is noise: the window of probabilities needs something to slide over.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

import numpy as np

from device_runtime.inference.features import MicroFeatures
from firmware_tools.training.dataset import Dataset, Progress
from firmware_tools.training.evaluation.classification import ALL, SCENARIOS, in_order, picture, read_sound
from firmware_tools.training.evaluation.evaluator import EvaluationError
from firmware_tools.training.evaluation.measures import (
    FALSE_ACCEPTS,
    Curve,
    Evaluation,
    Example,
    Measure,
    hourly,
    proportion,
)

DETECTIONS = "detections"
DELAY = "delay"
BACKGROUND = "background"
RATE = 16000
_CHUNK = RATE // 50 * 2
_TAIL = RATE * 4 // 5 * 2
_FRAME = RATE // 100
_MOST_CLIPS = 900
_MOST_WORST = 8
_SETTLING = 40
"""Rows until the front end knows the noise: brighter than all that follows."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a device heard: the label, when (seconds since the first sample), and how sure it was."""

    label: str
    seconds: float
    probability: float


class Listener(Protocol):
    """The device's own code for one model. Sound is 16 kHz mono int16."""

    def feed(self, pcm: bytes) -> list[Heard]:
        """What was heard in the next bytes; seconds since the last :meth:`restart`."""

    def restart(self) -> None:
        """Forget everything: what comes next is the first sound."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One example that was played: its index in the test split, what should have been heard, and what was."""

    index: int
    label: str
    heard: tuple[Heard, ...]

    @property
    def found(self) -> Heard | None:
        """The detection of the right label, if there was one."""
        return next((one for one in self.heard if one.label == self.label), None)


def play(listener: Listener, pcm: bytes) -> list[Heard]:
    """Everything that is heard in ``pcm``, fed as a microphone feeds it."""
    listener.restart()
    heard: list[Heard] = []
    for start in range(0, len(pcm), _CHUNK):
        heard += listener.feed(pcm[start : start + _CHUNK])
    return heard


def false_accepts(listener: Listener, data: Dataset, progress: Progress, variant: str) -> Evaluation:
    """How often something is heard an hour where nothing is said that counts."""
    if not data.background:
        return Evaluation(())
    progress.stage("listening to other speech and noise", len(data.background))
    seconds, wrong = 0.0, []
    for path in data.background:
        pcm = read_sound(path)
        wrong += [(path, one) for one in play(listener, pcm)]
        seconds += len(pcm) / 2 / RATE
        progress.advance()
    measure = hourly(BACKGROUND, FALSE_ACCEPTS, len(wrong), seconds, variant=variant, headline=True)
    worst = tuple(
        _example("", one, BACKGROUND, path.stem, _around(read_sound(path), one.seconds))
        for path, one in sorted(wrong, key=lambda item: -item[1].probability)[:4]
    )
    fact = ("Background", f"{seconds / 60:,.0f} minutes of other speech and noise, in which nothing should be heard")
    return Evaluation((measure,), worst=worst, facts=(fact,))


def _around(pcm: bytes, seconds: float) -> bytes:
    end = min(len(pcm) // 2, int((seconds + 0.3) * RATE))
    return pcm[max(0, end - 2 * RATE) * 2 : end * 2]


def detections(
    listener: Listener,
    data: Dataset,
    label_of: Callable[[int], str],
    progress: Progress,
    variant: str,
    *,
    with_delay: bool = True,
) -> tuple[Evaluation, list[Clip]]:
    """How many of the test split's words are heard, by scenario and ratio, and how long after their end.

    ``label_of`` gives what should be heard in an example, or nothing where nothing should. ``with_delay`` is for what
    has an end: a siren has none.
    """
    test = data.test
    if not test.sound:
        raise EvaluationError(f"{data.folder}: the test examples have no sound, which a stream is made of")
    chosen = [index for index in range(len(test)) if label_of(index)]
    step = -(-len(chosen) // _MOST_CLIPS) if chosen else 1
    chosen = chosen[::step]
    progress.stage(f"listening to {len(chosen):,} words as a device does", len(chosen))
    clips: list[Clip] = []
    delays: dict[str, list[float]] = defaultdict(list)
    for index in chosen:
        pcm = read_sound(data.folder / test.sound[index])
        clip = Clip(index, label_of(index), tuple(play(listener, pcm + pcm[:_TAIL])))
        clips.append(clip)
        if with_delay and clip.found is not None and str(test.scenario[index]) == SCENARIOS[0]:
            delays[SCENARIOS[0]].append(clip.found.seconds - word_end(pcm))
        progress.advance()
    scenarios = [name for name in in_order(str(name) for name in test.scenario[chosen]) if name]
    measures = [_share(ALL, clips, variant)]
    measures += [
        _share(scenario, [one for one in clips if test.scenario[one.index] == scenario], variant)
        for scenario in scenarios
    ]
    for scenario, found in delays.items():
        delay = Measure(scenario, DELAY, median(found), len(found), variant, unit="seconds", lower_is_better=True)
        measures.append(delay)
    return Evaluation(tuple(measures), _curve(data, clips, variant), worst=_missed(data, clips)), clips


def _share(scenario: str, clips: Sequence[Clip], variant: str) -> Measure:
    found = sum(clip.found is not None for clip in clips)
    return proportion(scenario, DETECTIONS, found, len(clips), variant=variant, headline=True)


def _curve(data: Dataset, clips: Sequence[Clip], variant: str) -> tuple[Curve, ...]:
    ratios: dict[float, list[bool]] = defaultdict(list)
    for clip in clips:
        ratio = float(data.test.snr[clip.index])
        if np.isfinite(ratio):
            ratios[round(ratio, 1)].append(clip.found is not None)
    points = tuple(
        (ratio, proportion(f"{ratio:g} dB", DETECTIONS, sum(found), len(found), variant=variant))
        for ratio, found in sorted(ratios.items())
        if len(found) >= 5
    )
    if not 2 <= len(points) <= 40:
        return ()
    return (Curve("Detections against noise", "signal-to-noise ratio, dB", points, variant),)


def _missed(data: Dataset, clips: Sequence[Clip]) -> tuple[Example, ...]:
    """Words that were not heard although they were the easiest: those with the least noise."""
    test = data.test
    missed = [clip for clip in clips if clip.found is None]
    missed.sort(key=lambda clip: -float(np.nan_to_num(test.snr[clip.index], nan=-99)))
    return tuple(
        _example(
            clip.label,
            clip.heard[0] if clip.heard else None,
            str(test.scenario[clip.index]),
            str(test.source[clip.index]),
            read_sound(data.folder / test.sound[clip.index]),
        )
        for clip in missed[:_MOST_WORST]
    )


def _example(expected: str, heard: Heard | None, scenario: str, source: str, pcm: bytes) -> Example:
    """Something misheard, with what the device's front end makes of it to look at."""
    label, probability = (heard.label, heard.probability) if heard else ("", 0.0)
    rows = np.array(list(MicroFeatures().feed(pcm)), np.float32)
    shown = rows[_SETTLING:] if len(rows) > 2 * _SETTLING else rows
    return Example(expected, label, probability, scenario, source, pcm, picture(shown))


def word_end(pcm: bytes) -> float:
    """Seconds to the end of the last sound that is within 30 dB of the loudest 10 ms: in quiet, the word's end."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    levels = np.sqrt(np.mean(frames**2, axis=1))
    loud = np.flatnonzero(levels > levels.max() * 10 ** (-30 / 20)) if len(levels) else np.zeros(0)
    return (int(loud[-1]) + 1) * _FRAME / RATE if len(loud) else 0.0
