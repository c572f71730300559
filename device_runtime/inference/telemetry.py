"""What a device tells of itself, as an anomaly detector takes it: windows in the device's own usual spread, and a
score.

For models of the task ``anomaly-detection``: an autoencoder that learned what is usual gives back its input; what it
cannot give back is unusual. Numbers are plain lists, so programs and devices without numpy can use this.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, pstdev

SIGNALS = ("temperature", "load", "memory", "free_disk", "voltage", "message_rate")
"""In the order of the model's input: degrees Celsius, 0 to 1, 0 to 1, 0 to 1, volts, messages a minute."""

ROWS = 36
"""Readings in a window, one each five minutes: three hours."""

INPUTS = (ROWS + 1) * len(SIGNALS)
"""Numbers of the model's input: all signals of the first reading, of the next, ..., then how rough each signal is."""

LIMIT = 8.0
"""Nothing is further than this from usual: larger numbers are cut to it."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for one signal of one device, over at least a day without faults (a week is better).

    Attributes:
        mean, spread: of its readings; the spread is a standard deviation above 0.
        roughness, roughness_spread: mean and standard deviation of :func:`roughness` over windows.
    """

    mean: float
    spread: float
    roughness: float
    roughness_spread: float

    @classmethod
    def of(cls, readings: Sequence[float]) -> "Usual":
        """From one signal's readings in their order, at least two windows of them.

        Raises:
            ValueError: they are fewer, or not all are finite.
        """
        if len(readings) < 2 * ROWS or not all(math.isfinite(reading) for reading in readings):
            raise ValueError(f"what is usual takes at least {2 * ROWS} finite readings; got {len(readings)}")
        rough = [roughness(readings[at : at + ROWS]) for at in range(0, len(readings) - ROWS + 1, ROWS // 4)]
        return cls(fmean(readings), pstdev(readings) or 1e-6, fmean(rough), max(pstdev(rough), 0.05))


def roughness(readings: Sequence[float]) -> float:
    """The logarithm of the mean step from reading to reading: very low where a sensor is stuck."""
    steps = [abs(after - before) for before, after in pairwise(readings)]
    return math.log(fmean(steps) + 1e-6)


def window(readings: Mapping[str, Sequence[float]], usual: Mapping[str, Usual]) -> list[float]:
    """The model's input: :data:`INPUTS` numbers within :data:`LIMIT` of 0.

    Args:
        readings: the last :data:`ROWS` readings of each of :data:`SIGNALS`.
        usual: of each signal.

    Raises:
        ValueError: a signal is missing, or has another number of readings.
    """
    for signal in SIGNALS:
        if signal not in readings or signal not in usual or len(readings[signal]) != ROWS:
            raise ValueError(f"a window takes {ROWS} readings of {signal}, and what is usual for it")
    numbers = [
        (readings[signal][row] - usual[signal].mean) / usual[signal].spread for row in range(ROWS) for signal in SIGNALS
    ]
    numbers += [
        (roughness(readings[signal]) - usual[signal].roughness) / usual[signal].roughness_spread for signal in SIGNALS
    ]
    return [min(max(number, -LIMIT), LIMIT) if number == number else LIMIT for number in numbers]


def score(given: Sequence[float], answered: Sequence[float]) -> float:
    """How unusual a window is, 0 or more: the largest mean squared difference of a signal, its roughness among it.

    Args:
        given, answered: the model's input and output, real numbers, flat, of one length.

    Raises:
        ValueError: they have not :data:`INPUTS` numbers each.
    """
    if len(given) != INPUTS or len(answered) != INPUTS:
        raise ValueError(f"a score takes {INPUTS} numbers given and answered; got {len(given)} and {len(answered)}")
    count = len(SIGNALS)
    errors = [(before - after) ** 2 for before, after in zip(given, answered, strict=True)]
    return max(
        fmean(errors[signal : ROWS * count : count]) + errors[ROWS * count + signal] / 4 for signal in range(count)
    )
