"""Spoken commands: by clip, and in a stream of sound as a device hears it."""

from firmware_tools.training.dataset import Progress
from firmware_tools.training.evaluation.evaluator import Subject
from firmware_tools.training.evaluation.measures import Evaluation
from firmware_tools.training.evaluation.sounds import evaluate_sounds


class Evaluator:
    """See :class:`firmware_tools.training.evaluation.evaluator.Evaluator`."""

    def evaluate(self, subject: Subject, progress: Progress) -> Evaluation:
        """Accuracy by scenario, detections in a stream, and false accepts an hour."""
        return evaluate_sounds(subject, progress, with_delay=True)
