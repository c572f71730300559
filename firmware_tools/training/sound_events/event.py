"""One sound event as a generator makes it, and small tools that both families use on finished sound."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

RATE = 16000
"""Samples a second of everything in this package."""

Sound: TypeAlias = NDArray[np.float64]
Random: TypeAlias = np.random.Generator


@dataclass(frozen=True, slots=True)
class Event:
    """A sound, and where in it something can be told.

    Attributes:
        sound: ``[samples]``, 16 kHz mono, any level.
        spans: ``(start, end)`` in seconds: whoever hears one of them whole has heard enough to name the event.
        active: ``(start, end)`` in seconds of everything that sounds; outside there is nothing to hear.
    """

    sound: Sound
    spans: tuple[tuple[float, float], ...]
    active: tuple[tuple[float, float], ...]


Generator: TypeAlias = Callable[[Random], Event]


def seconds(duration: float) -> NDArray[Any]:
    """The times of the samples of ``duration`` seconds."""
    return np.arange(round(duration * RATE)) / RATE


def faded(sound: Sound, attack: float, release: float) -> Sound:
    """With raised-cosine ends of so many seconds."""
    faded_sound = np.array(sound, np.float64)
    rise = min(round(attack * RATE), len(sound) // 2)
    fall = min(round(release * RATE), len(sound) // 2)
    if rise:
        faded_sound[:rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
    if fall:
        faded_sound[len(sound) - fall :] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(fall) / fall)
    return faded_sound


def add(into: Sound, sound: Sound, at: float) -> None:
    """Mix ``sound`` into ``into`` from ``at`` seconds on; what does not fit is cut off."""
    start = round(at * RATE)
    end = min(len(into), start + len(sound))
    if 0 <= start < end:
        into[start:end] += sound[: end - start]


def level(sound: Sound) -> float:
    """Root mean square over what is louder than a hundredth of the peak: pauses do not make a sound quieter."""
    loud = np.abs(sound) > 0.01 * np.max(np.abs(sound), initial=0.0)
    return float(np.sqrt(np.mean(np.square(sound[loud])))) if loud.any() else 0.0


def steady_spans(start: float, end: float, needed: float, step: float = 0.2) -> tuple[tuple[float, float], ...]:
    """All stretches of ``needed`` seconds between ``start`` and ``end``, ``step`` seconds apart."""
    count = int((end - start - needed) / step + 1e-9) + 1
    return tuple((start + index * step, start + index * step + needed) for index in range(max(count, 0)))
