"""Anomalies in telemetry: how well the reconstruction error tells faults from what is usual, and how often it errs."""

import numpy as np
from numpy.typing import NDArray

from device_runtime.inference.backend import Model
from device_runtime.inference.telemetry import score
from firmware_tools.training.dataset import Progress, Split
from firmware_tools.training.evaluation.evaluator import EvaluationError, Subject
from firmware_tools.training.evaluation.measures import INT8, Curve, Evaluation, Example, Measure, Series, proportion

ALL = "all"
AREA = "area under the ROC curve"
DETECTED = "faults detected"
FALSE_ALARMS = "false alarms a day"
_WORST = 12


class Evaluator:
    """See :class:`firmware_tools.training.evaluation.evaluator.Evaluator`."""

    def evaluate(self, subject: Subject, progress: Progress) -> Evaluation:
        """Area under the ROC curve, faults detected by kind, and false alarms a day at the card's threshold.

        Raises:
            EvaluationError: the data have no windows of one of the two kinds.
        """
        card, test = subject.card, subject.data.test
        if set(np.unique(test.y).tolist()) != {0, 1}:
            raise EvaluationError(f"{card.path}: its data have not both usual windows and anomalies")
        threshold, apart = card.number("threshold"), card.number("minutes_between_windows")
        measures: list[Measure] = []
        scores: dict[str, NDArray[np.float64]] = {}
        for variant in subject.variants:
            progress.stage(f"{card.name}, {variant}: {len(test):,} windows", len(test))
            found = scores[variant] = _scores(subject.model(variant), test, progress)
            area = area_under_curve(found[test.y == 1], found[test.y == 0])
            measures.append(Measure(ALL, AREA, area, len(test), variant, unit="share", headline=True))
            alarms = found > threshold
            measures.append(_detected(ALL, alarms[test.y == 1], variant))
            kinds = dict.fromkeys(str(name) for name in test.scenario[test.y == 1])
            measures += [_detected(kind, alarms[test.scenario == kind], variant) for kind in kinds]
            measures.append(_false_alarms(test, alarms, apart, variant))
        curve = _curve(test, scores[INT8])
        return Evaluation(
            tuple(measures), (curve,) if curve.points else (), worst=_worst(test, scores[INT8], threshold),
            series=_series(test, scores[INT8], threshold, apart),
            facts=(("Test windows", f"{len(test):,} of devices that were not learned from; all of them simulated"),),
        )  # fmt: skip


def _scores(model: Model, test: Split, progress: Progress) -> NDArray[np.float64]:
    """How unusual each window is: what goes in is what the model stores of it, as on a device."""
    found = np.empty(len(test))
    for index, x in enumerate(test.x):
        (stored,) = model.invoke(model.inputs[0].quantize(x[None]))
        found[index] = score(x.tolist(), model.outputs[0].dequantize(stored)[0].tolist())
        progress.advance()
    return found


def area_under_curve(anomalies: NDArray[np.float64], usual: NDArray[np.float64]) -> float:
    """How often an anomaly scores above what is usual, over all pairs; a draw is half (Hanley and McNeil, 1982)."""
    ordered = np.sort(usual)
    below = np.searchsorted(ordered, anomalies, "left")
    up_to = np.searchsorted(ordered, anomalies, "right")
    return float(np.mean((below + up_to) / 2) / len(usual))


def _detected(kind: str, alarms: NDArray[np.bool_], variant: str) -> Measure:
    return proportion(kind, DETECTED, int(alarms.sum()), len(alarms), variant=variant, headline=True)


def _false_alarms(test: Split, alarms: NDArray[np.bool_], minutes: float, variant: str) -> Measure:
    """Stretches of windows above the threshold; those of a device follow each other in time."""
    usual = test.y == 0
    count = 0
    for device in dict.fromkeys(test.source[usual].tolist()):
        there = alarms[usual & (test.source == device)].astype(int)
        count += int((np.diff(there, prepend=0) == 1).sum())
    days = usual.sum() * minutes / 60 / 24
    return Measure(
        ALL, FALSE_ALARMS, count / days, int(usual.sum()), variant, unit="a day", lower_is_better=True, headline=True
    )


def _curve(test: Split, found: NDArray[np.float64]) -> Curve:
    """Faults detected against the share of usual windows that alarm."""
    usual = np.sort(found[test.y == 0])
    anomalies = found[test.y == 1]
    points = []
    for share in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1):
        at = usual[min(len(usual) - 1, int(len(usual) * (1 - share)))]
        hits = int((anomalies > at).sum())
        points.append((share, proportion(f"{share:.1%}", DETECTED, hits, len(anomalies))))
    return Curve("Faults detected", "share of usual windows that alarm", tuple(points))


def _worst(test: Split, found: NDArray[np.float64], threshold: float) -> tuple[Example, ...]:
    """The faults that look most usual, and what is usual and looks least so."""
    missed = [int(index) for index in np.argsort(found) if test.y[index] == 1 and found[index] <= threshold]
    false = [int(index) for index in np.argsort(-found) if test.y[index] == 0 and found[index] > threshold]
    chosen = missed[: _WORST // 2] + false[: _WORST // 2]
    return tuple(
        Example(
            str(test.scenario[index]) if test.y[index] else "usual",
            "anomaly" if found[index] > threshold else "usual",
            float(min(1.0, found[index] / (2 * threshold))),
            str(test.scenario[index]),
            str(test.source[index]),
        )
        for index in chosen
    )


def _series(test: Split, found: NDArray[np.float64], threshold: float, minutes: float) -> tuple[Series, ...]:
    """One device: its usual days, then its faults one after another."""
    there = test.source == test.source[0]
    values = tuple(float(value) for value in found[there])
    true = tuple(bool(value) for value in test.y[there])
    across = f"windows, {minutes:g} minutes apart; the faults follow one after another"
    return (Series("How unusual one device's telemetry is", across, values, true, threshold),)
