"""Face detection: are the faces found where they are, is nothing else taken for one, and what do whole numbers cost."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_runtime.inference.backend import Model
from device_runtime.inference.card import ModelCard
from device_runtime.inference.faces import Face, anchors, decode, intersection_over_union
from firmware_tools.training.dataset import Progress, Split
from firmware_tools.training.evaluation.evaluator import EvaluationError, Subject
from firmware_tools.training.evaluation.measures import FLOAT32, INT8, Evaluation, Example, Measure, proportion

ALL = "all"
RECALL = "faces found"
OVERLAP = "mean overlap of found faces"
FALSE = "pictures with a false face"
AGREEMENT = "faces of float32 found by int8"
_SAME = 0.5  # boxes that overlap this much are one face
_WORST = 12


class Evaluator:
    """See :class:`firmware_tools.training.evaluation.evaluator.Evaluator`."""

    def evaluate(self, subject: Subject, progress: Progress) -> Evaluation:
        """Recall, false faces and overlap (intersection over union), by scenario; and how far int8 agrees with float32.

        Raises:
            EvaluationError: the model's outputs are not those of such a detector, or the data are not pictures of
            faces.
        """
        card, test = subject.card, subject.data.test
        if not len(test) or test.y.ndim != 3 or test.y.shape[2] != 5:
            raise EvaluationError(f"{card.path}: its data are no pictures with the places of faces")
        found: dict[str, list[list[Face]]] = {}
        for variant in subject.variants:
            progress.stage(f"{card.name}, {variant}: {len(test):,} pictures", len(test))
            found[variant] = _detect(subject.model(variant), card, test.x, progress)
        measures: list[Measure] = []
        for variant, faces in found.items():
            measures += _measures(test, faces, variant)
        if FLOAT32 in found:
            measures.append(_agreement(found[FLOAT32], found[INT8]))
        sources = len(set(map(str, test.source)))
        facts = (("Test pictures", f"{len(test):,}, made of {sources} cut-outs; none trained the model"),)
        return Evaluation(tuple(measures), worst=_worst(test, found[INT8]), facts=facts)


def _detect(model: Model, card: ModelCard, pictures: NDArray[Any], progress: Progress) -> list[list[Face]]:
    """The faces in each picture."""
    size = model.inputs[0].shape[1]
    centres = anchors(size)
    if len(model.outputs) != 2 or model.outputs[1].shape != (1, len(centres), 1):
        raise EvaluationError(
            f"{card.path}: expected two outputs, [1, {len(centres)}, 16] and [1, {len(centres)}, 1], of the anchors"
        )
    found = []
    for picture in pictures:
        boxes, scores = model.invoke(model.inputs[0].quantize(picture[None]))
        found.append(
            decode(
                model.outputs[0].dequantize(boxes).ravel().tolist(),
                model.outputs[1].dequantize(scores).ravel().tolist(),
                centres,
                size=size,
                cutoff=card.number("cutoff"),
                overlap=card.number("overlap"),
                gain=card.number("score_gain"),
                zero=card.number("score_zero"),
            )
        )
        progress.advance()
    return found


def _there(y: NDArray[Any]) -> list[Face]:
    """The faces that are in a picture."""
    return [Face(1.0, float(p[1]), float(p[2]), float(p[3]), float(p[4])) for p in y if p[0] > 0]


def _best(face: Face, others: Sequence[Face]) -> float:
    return max((intersection_over_union(face, other) for other in others), default=0.0)


def _measures(test: Split, found: Sequence[Sequence[Face]], variant: str) -> list[Measure]:
    measures = []
    for scenario in (ALL, *dict.fromkeys(str(name) for name in test.scenario)):
        chosen = [index for index in range(len(test)) if scenario in (ALL, str(test.scenario[index]))]
        overlaps = [_best(face, found[index]) for index in chosen for face in _there(test.y[index])]
        matched = [overlap for overlap in overlaps if overlap >= _SAME]
        if overlaps:
            measures.append(proportion(scenario, RECALL, len(matched), len(overlaps), variant=variant, headline=True))
        if matched:
            mean = float(np.mean(matched))
            measures.append(Measure(scenario, OVERLAP, mean, len(matched), variant, headline=scenario == ALL))
        wrong = sum(any(_best(face, _there(test.y[index])) < _SAME for face in found[index]) for index in chosen)
        measures.append(
            proportion(scenario, FALSE, wrong, len(chosen), variant=variant, headline=True, lower_is_better=True)
        )
    return measures


def _agreement(right: Sequence[Sequence[Face]], found: Sequence[Sequence[Face]]) -> Measure:
    pairs = [(face, others) for faces, others in zip(right, found, strict=True) for face in faces]
    hits = sum(_best(face, others) >= _SAME for face, others in pairs)
    return proportion(ALL, AGREEMENT, hits, len(pairs), headline=True)


def _worst(test: Split, found: Sequence[Sequence[Face]]) -> tuple[Example, ...]:
    """Faces that were missed, then false ones, the surest first."""
    examples = []
    for index, faces in enumerate(found):
        there = _there(test.y[index])
        picture = (test.x[index].mean(axis=-1) + 1) / 2
        scenario, source = str(test.scenario[index]), str(test.source[index])
        if any(_best(face, faces) < _SAME for face in there):
            examples.append(Example("face", "nothing", 1.0, scenario, source, picture=picture))
        examples += [
            Example("nothing", "face", face.probability, scenario, source, picture=picture)
            for face in faces
            if _best(face, there) < _SAME
        ]
    return tuple(sorted(examples, key=lambda one: -one.probability)[:_WORST])
