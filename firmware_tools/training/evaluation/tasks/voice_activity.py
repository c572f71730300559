"""Voice activity, chunk by chunk through the device's own code: speech that is found, noise that is taken for it."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_runtime.voice.endpoint import CHUNK_BYTES, CHUNK_SAMPLES, SileroActivity
from firmware_tools.training.dataset import Progress
from firmware_tools.training.evaluation.classification import ALL, in_order, read_sound
from firmware_tools.training.evaluation.evaluator import EvaluationError, Subject
from firmware_tools.training.evaluation.measures import (
    FLOAT32,
    INT8,
    Curve,
    Evaluation,
    Measure,
    Series,
    proportion,
)

FRAMES = "frame accuracy"
FOUND = "speech found"
FALSE = "noise taken for speech"
_FRAME = 160
_SHOWN = "car-60"
_VOICES = "babble"


@dataclass(frozen=True, slots=True)
class _Clip:
    """Of one clip, by chunk: the probability of speech, and what is right (1, 0, or -1 for what is not counted)."""

    probability: NDArray[np.float32]
    truth: NDArray[np.int8]


class Evaluator:
    """See :class:`firmware_tools.training.evaluation.evaluator.Evaluator`."""

    def evaluate(self, subject: Subject, progress: Progress) -> Evaluation:
        """The share of chunks that are judged rightly, and both kinds of error, by scenario."""
        card, test = subject.card, subject.data.test
        if not test.sound:
            raise EvaluationError(f"{subject.data.folder}: the test examples have no sound")
        cutoff = card.number("cutoff")
        activity = SileroActivity(subject.store, card)
        # A model of real numbers is its own float32; nothing about it was quantised.
        variant = FLOAT32 if card.inputs and card.inputs[0].dtype == FLOAT32 else INT8
        progress.stage(f"{card.name}: {len(test)} clips", len(test))
        clips = []
        for index, name in enumerate(test.sound):
            activity.reset()
            clips.append(_listen(activity, read_sound(subject.data.folder / name), test.y[index]))
            progress.advance()
        scenarios = [str(name) for name in test.scenario]
        measures = _measures(ALL, clips, cutoff, variant)
        by_ratio: dict[float, list[_Clip]] = defaultdict(list)
        for name in in_order(scenarios):
            measures += _measures(
                name, [clip for clip, at in zip(clips, scenarios, strict=True) if at == name], cutoff, variant
            )
        for clip, ratio, at in zip(clips, test.snr, scenarios, strict=True):
            if at != _VOICES:
                by_ratio[float(ratio)].append(clip)
        points = tuple(
            (ratio, _measures(f"{ratio:g} dB", among, cutoff, variant)[0]) for ratio, among in sorted(by_ratio.items())
        )
        title = f"{FRAMES[:1].upper()}{FRAMES[1:]} against noise, without {_VOICES}"
        curves = (Curve(title, "signal-to-noise ratio, dB", points, variant),) if len(points) > 1 else ()
        seconds = sum(len(clip.truth) for clip in clips) * CHUNK_SAMPLES / 16000
        facts = (
            ("Test sound", f"{seconds / 60:.0f} minutes of synthesised sentences with pauses, and of noise alone"),
            ("Scenarios", ", ".join(in_order(scenarios))),
            ("Not counted", "chunks within 100 ms of where speech begins or ends"),
            ("Babble", "other people's voices, which are speech too: taking them for it is no mistake of the model"),
        )
        return Evaluation(tuple(measures), curves, series=_series(clips, scenarios, cutoff), facts=facts)


def _listen(activity: SileroActivity, pcm: bytes, frames: NDArray[np.int8]) -> _Clip:
    count = len(pcm) // CHUNK_BYTES
    probability = np.array(
        [activity(pcm[at * CHUNK_BYTES : (at + 1) * CHUNK_BYTES]) for at in range(count)], np.float32
    )
    truth = np.full(count, -1, np.int8)
    for at in range(count):
        within = frames[at * CHUNK_SAMPLES // _FRAME : -(-(at + 1) * CHUNK_SAMPLES // _FRAME)]
        if len(within) and (within == within[0]).all():
            truth[at] = within[0]
    return _Clip(probability, truth)


def _measures(scenario: str, clips: list[_Clip], cutoff: float, variant: str) -> list[Measure]:
    probability = np.concatenate([clip.probability for clip in clips])
    truth = np.concatenate([clip.truth for clip in clips])
    says = probability >= cutoff
    speech, noise = truth == 1, truth == 0
    right = int((says & speech).sum() + (~says & noise).sum())
    return [
        proportion(scenario, FRAMES, right, int(speech.sum() + noise.sum()), variant=variant, headline=True),
        proportion(scenario, FOUND, int((says & speech).sum()), int(speech.sum()), variant=variant, headline=True),
        proportion(
            scenario, FALSE, int((says & noise).sum()), int(noise.sum()),
            variant=variant, headline=True, lower_is_better=True,
        ),
    ]  # fmt: skip


def _series(clips: list[_Clip], scenarios: list[str], cutoff: float) -> tuple[Series, ...]:
    """One clip to look at: the first in a car at 60 km/h in which somebody speaks."""
    for clip, scenario in zip(clips, scenarios, strict=True):
        if scenario == _SHOWN and (clip.truth == 1).any():
            values = tuple(float(value) for value in clip.probability)
            true = tuple(bool(value == 1) for value in clip.truth)
            title = f"Probability of speech in a clip, {scenario}"
            return (Series(title, "chunks of 32 ms; shaded: somebody speaks", values, true, cutoff),)
    return ()
