"""Wake words at their cards' cut-offs: how often they wake by scenario, and how often other sound wakes them."""

from firmware_tools.training.dataset import Progress
from firmware_tools.training.evaluation.classification import ALL, describe, grouped, read_sound
from firmware_tools.training.evaluation.evaluator import EvaluationError, Subject
from firmware_tools.training.evaluation.listeners import DeviceListener
from firmware_tools.training.evaluation.measures import INT8, Evaluation, Measure, proportion
from firmware_tools.training.evaluation.streaming import Clip, detections, false_accepts, play

NEAR = "near phrases taken for it"


class Evaluator:
    """See :class:`firmware_tools.training.evaluation.evaluator.Evaluator`."""

    def evaluate(self, subject: Subject, progress: Progress) -> Evaluation:
        """Detections by scenario, the delay, near phrases that wake, and false accepts an hour."""
        card, data = subject.card, subject.data
        phrase = card.text("phrase")
        if data.labels != (phrase,):
            raise EvaluationError(
                f"{card.path}: parameters.phrase is {phrase!r}; its data are of {', '.join(data.labels)!r}"
            )
        listener = DeviceListener(subject.model(), card)
        said = [phrase if right == 0 else "" for right in data.test.y]
        heard, clips = detections(listener, data, lambda index: said[index], progress, INT8)
        near, measures = [index for index, label in enumerate(said) if not label], []
        if near:
            progress.stage("listening to phrases that are nearly it", len(near))
            woken = 0
            for index in near:
                woken += bool(play(listener, read_sound(data.folder / data.test.sound[index])))
                progress.advance()
            measures = [proportion(ALL, NEAR, woken, len(near), headline=True, lower_is_better=True)]
        facts = tuple(describe(data.test, data.labels))
        own = Evaluation(tuple(measures), groups=voices(subject, clips), facts=facts)
        return heard.joined(own).joined(false_accepts(listener, data, progress, INT8))


def voices(subject: Subject, clips: list[Clip]) -> tuple[tuple[str, tuple[Measure, ...]], ...]:
    """Detections by voice and by synthesiser."""
    test = subject.data.test
    return grouped([str(test.source[clip.index]) for clip in clips], [clip.found is not None for clip in clips])
