"""Digits: a classifier of pictures, judged picture by picture."""

from firmware_tools.training.dataset import Progress
from firmware_tools.training.evaluation.classification import evaluate_classifier
from firmware_tools.training.evaluation.evaluator import Subject
from firmware_tools.training.evaluation.measures import Evaluation


class Evaluator:
    """See :class:`firmware_tools.training.evaluation.evaluator.Evaluator`."""

    def evaluate(self, subject: Subject, progress: Progress) -> Evaluation:
        """Accuracy over all pictures, and the recall of each digit."""
        return evaluate_classifier(subject, progress)
