"""Judging classifiers of sound twice: clip by clip, and as a device hears them in a stream."""

import numpy as np

from firmware_tools.training.dataset import Progress
from firmware_tools.training.evaluation.classification import ALL, evaluate_classifier
from firmware_tools.training.evaluation.evaluator import Subject
from firmware_tools.training.evaluation.listeners import DeviceListener
from firmware_tools.training.evaluation.measures import INT8, Evaluation, proportion
from firmware_tools.training.evaluation.streaming import detections, false_accepts

WRONG = "taken for another"


def evaluate_sounds(subject: Subject, progress: Progress, *, with_delay: bool) -> Evaluation:
    """Accuracy by clip for the model and its twin; detections, delay and false accepts by the device's own code."""
    data, card = subject.data, subject.card
    by_clip = evaluate_classifier(subject, progress)
    listener = DeviceListener(subject.model(), card)
    rejects = set(card.text("rejects").split()) if "rejects" in card.parameters else set()
    names = ["" if label in rejects else label for label in data.labels]
    found = by_clip
    if data.test.sound and np.any([names[int(right)] for right in data.test.y]):
        right = [names[int(index)] for index in data.test.y]
        heard, clips = detections(listener, data, right.__getitem__, progress, INT8, with_delay=with_delay)
        wrong = sum(any(one.label != clip.label for one in clip.heard) for clip in clips)
        other = proportion(ALL, WRONG, wrong, len(clips), lower_is_better=True, headline=True)
        # The worst clips are shown by clip already, with their features.
        found = found.joined(Evaluation((*heard.measures, other), heard.curves))
    return found.joined(false_accepts(listener, data, progress, INT8))
