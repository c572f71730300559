"""Judging classifiers by example: right or wrong, by scenario, by source, against the signal-to-noise ratio."""

import math
import wave
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_runtime.inference.backend import Model
from firmware_tools.training.dataset import Dataset, Progress, Split
from firmware_tools.training.evaluation.evaluator import EvaluationError, Subject
from firmware_tools.training.evaluation.measures import (
    FLOAT32,
    INT8,
    Confusion,
    Curve,
    Evaluation,
    Example,
    Measure,
    proportion,
)

ALL = "all"
SCENARIOS = ("quiet", "far-field", "car-idle", "car-60", "car-120", "babble")
ACCURACY = "accuracy"
_WORST = 8
_MOST_GROUPS, _LEAST_OF_A_GROUP = 16, 4


def probabilities(model: Model, x: NDArray[Any], step: Callable[[], None] = lambda: None) -> NDArray[np.float32]:
    """What ``model`` answers to each of ``x``, as if it came first: ``[n, outputs]``, real numbers.

    Raises:
        EvaluationError: an example is not of the shape of the model's input.
        ModelError: the model fails.
    """
    given, answered = model.inputs[0], model.outputs[0]
    if tuple(x.shape[1:]) != given.shape[1:]:
        raise EvaluationError(
            f"model {model.name}: an example of its data is {list(x.shape[1:])}, its input {list(given.shape[1:])}; "
            "make the data again, or choose the recipe that the model was made by"
        )
    found = np.empty((len(x), math.prod(answered.shape)), np.float32)
    for index, example in enumerate(x):
        if model.stateful:
            model.reset()
        (stored,) = model.invoke(given.quantize(example[None]))
        found[index] = answered.dequantize(stored).reshape(-1)
        step()
    return found


def evaluate_classifier(subject: Subject, progress: Progress, *, facts: Sequence[tuple[str, str]] = ()) -> Evaluation:
    """All that can be said of a classifier by its test split, the model and its float twin side by side."""
    data, labels = subject.data, subject.card.labels
    test = data.test
    if tuple(data.labels) != labels:
        raise EvaluationError(
            f"{subject.card.path}: labels are {', '.join(labels)}; those of its data are {', '.join(data.labels)}"
        )
    if not len(test):
        raise EvaluationError(f"{subject.card.path}: the data have no test examples")
    answers: dict[str, NDArray[np.float32]] = {}
    for variant in subject.variants:
        progress.stage(f"{subject.card.name}, {variant}: {len(test):,} examples", len(test))
        answers[variant] = probabilities(subject.model(variant), test.x, progress.advance)
        if answers[variant].shape[1] != len(labels):
            raise EvaluationError(
                f"{subject.card.path}: the model has {answers[variant].shape[1]} outputs for {len(labels)} labels"
            )
    measures: list[Measure] = []
    curves: list[Curve] = []
    for variant, found in answers.items():
        right = found.argmax(1) == test.y
        measures += by_scenario(test, right, variant)
        curves += against_snr(test, right, variant)
    chosen = answers[INT8].argmax(1)
    for index, label in enumerate(labels):
        there = test.y == index
        if there.any():
            hit = int((chosen[there] == index).sum())
            measures.append(proportion(ALL, f"recall of {label}", hit, int(there.sum())))
    return Evaluation(
        tuple(measures),
        tuple(curves),
        tuple(confusion(test, found.argmax(1), labels, variant) for variant, found in answers.items()),
        groups(test, chosen == test.y),
        worst(data, answers[INT8], labels),
        facts=(*describe(test, labels), *facts),
    )


def by_scenario(test: Split, right: NDArray[np.bool_], variant: str) -> list[Measure]:
    """The accuracy over all examples and in each scenario, in the order in which the data have them."""
    found = [proportion(ALL, ACCURACY, int(right.sum()), len(right), variant=variant, headline=True)]
    for scenario in in_order(str(name) for name in test.scenario):
        if scenario:
            there = test.scenario == scenario
            found.append(
                proportion(
                    scenario, ACCURACY, int(right[there].sum()), int(there.sum()), variant=variant, headline=True
                )
            )
    return found


def in_order(scenarios: Iterable[str]) -> list[str]:
    """Each scenario once: those that have a place in the world's order of difficulty by it, others as they come."""
    found = dict.fromkeys(scenarios)
    return sorted(found, key=lambda name: SCENARIOS.index(name) if name in SCENARIOS else len(SCENARIOS))


def against_snr(test: Split, right: NDArray[np.bool_], variant: str, *, least: int = 8) -> list[Curve]:
    """The accuracy by signal-to-noise ratio, in bins of at least 3 dB that hold at least ``least`` examples."""
    known = np.isfinite(test.snr)
    if not known.any() or np.unique(test.snr[known]).size < 2:
        return []
    ratios, hits = test.snr[known], right[known]
    low, high = float(ratios.min()), float(ratios.max())
    exact = np.unique(np.round(ratios, 2))
    if exact.size <= 12:
        bins = [(float(value), np.round(ratios, 2) == value) for value in exact]
    else:
        width = max(3.0, (high - low) / 12)
        edges = np.arange(low, high + width, width)
        bins = [
            (float(ratios[inside].mean()), inside)
            for start in edges
            if (inside := (ratios >= start) & (ratios < start + width)).any()
        ]
    points = tuple(
        (ratio, proportion(f"{ratio:.0f} dB", ACCURACY, int(hits[inside].sum()), int(inside.sum()), variant=variant))
        for ratio, inside in bins
        if inside.sum() >= least
    )
    return [Curve("Accuracy against noise", "signal-to-noise ratio, dB", points, variant)] if len(points) > 1 else []


def groups(test: Split, right: NDArray[np.bool_]) -> tuple[tuple[str, tuple[Measure, ...]], ...]:
    """The accuracy by synthesiser and by voice, or whatever else the sources are."""
    return grouped([str(source) for source in test.source], [bool(hit) for hit in right])


def grouped(sources: Sequence[str], hits: Sequence[bool]) -> tuple[tuple[str, tuple[Measure, ...]], ...]:
    """Shares by origin (what stands before the first ``:`` or ``/`` of a source) and by source, the worst first.

    Of very many sources, the worst alone.
    """
    origins: dict[str, list[bool]] = defaultdict(list)
    all_sources: dict[str, list[bool]] = defaultdict(list)
    for source, hit in zip(sources, hits, strict=True):
        origins[source.replace("/", ":").partition(":")[0]].append(hit)
        all_sources[source].append(hit)
    found = []
    for title, shares in (("By origin", origins), ("By voice or recording", all_sources)):
        if len(shares) < 2 or "" in shares or len(sources) < _LEAST_OF_A_GROUP * len(shares):
            continue
        ordered = sorted(shares.items(), key=lambda item: (sum(item[1]) / len(item[1]), item[0]))
        measures = tuple(proportion(name, ACCURACY, sum(own), len(own)) for name, own in ordered[:_MOST_GROUPS])
        found.append((title if len(shares) <= _MOST_GROUPS else f"The worst {_MOST_GROUPS} of {len(shares)}", measures))
    if len(found) == 2 and len(origins) == len(all_sources):
        del found[0]
    return tuple(found)


def confusion(test: Split, answered: NDArray[Any], labels: tuple[str, ...], variant: str) -> Confusion:
    """How often what was taken for what."""
    counts = np.zeros((len(labels), len(labels)), int)
    np.add.at(counts, (test.y, answered), 1)
    return Confusion(labels, tuple(tuple(int(count) for count in row) for row in counts), variant)


def worst(data: Dataset, found: NDArray[np.float32], labels: tuple[str, ...]) -> tuple[Example, ...]:
    """The wrong answers that the model was surest of, at most two of the same confusion."""
    test = data.test
    answered = found.argmax(1)
    wrong = np.flatnonzero(answered != test.y)
    examples: list[Example] = []
    often: dict[tuple[str, str], int] = defaultdict(int)
    for index in sorted(wrong, key=lambda one: -found[one, answered[one]]):
        kind = labels[int(test.y[index])], labels[int(answered[index])]
        if often[kind] == 2:
            continue
        often[kind] += 1
        sound = read_sound(data.folder / test.sound[index]) if test.sound else b""
        examples.append(
            Example(
                *kind,
                float(found[index, answered[index]]),
                str(test.scenario[index]),
                str(test.source[index]),
                sound,
                picture(test.x[index]),
            )
        )
        if len(examples) == _WORST:
            break
    return tuple(examples)


def picture(x: NDArray[Any]) -> NDArray[np.float32] | None:
    """An example of two dimensions as something to look at, 0 to 1; None where it has no two dimensions."""
    plane = np.squeeze(np.asarray(x, np.float32))
    if plane.ndim != 2 or min(plane.shape) < 2:
        return None
    span = float(plane.max() - plane.min())
    shown: NDArray[np.float32] = (plane - plane.min()) / (span or 1.0)
    return shown


def read_sound(path: Path) -> bytes:
    """The samples of a 16 kHz mono WAV file.

    Raises:
        EvaluationError: it is missing, or of another form.
    """
    try:
        with wave.open(str(path), "rb") as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (16000, 1, 2):
                raise EvaluationError(f"{path}: expected 16 kHz mono, 16 bits")
            return file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise EvaluationError(f"{path}: the sound cannot be read: {error}; make the data again") from error


def describe(test: Split, labels: Sequence[str]) -> list[tuple[str, str]]:
    """What the test data are, in sentences."""
    facts = [("Test examples", f"{len(test):,}, of {len(labels)} labels; none of them was used in training")]
    scenarios = [name for name in in_order(str(name) for name in test.scenario) if name]
    if scenarios:
        facts.append(("Scenarios", ", ".join(scenarios)))
    sources = sorted({str(name) for name in test.source} - {""})
    if sources:
        shown = ", ".join(sources[:16]) + (f" and {len(sources) - 16} more" if len(sources) > 16 else "")
        facts.append(("Voices and recordings held out", f"{len(sources)}: {shown}"))
    return facts


def points_lost(measures: Sequence[Measure]) -> float | None:
    """How many points of a hundred int8 loses against float32 over all examples; None without a float twin."""
    found = {measure.variant: measure for measure in measures if measure.scenario == ALL and measure.metric == ACCURACY}
    if INT8 not in found or FLOAT32 not in found:
        return None
    return (found[FLOAT32].value - found[INT8].value) * 100
