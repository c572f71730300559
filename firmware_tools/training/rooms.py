"""Rooms and cabins: impulse responses by the image source method (Allen and Berkley, 1979), through pyroomacoustics."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.synthesis import RATE, Sound

_INSTALL = "pip install 'cygnet[train]'"
_ORDER = 12
"""Reflections of reflections: enough for the first 100 ms; what follows is faint."""
_TRIES = 50


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of place; each range is drawn from evenly. Lengths in metres, ``echo`` (RT60) in seconds."""

    size: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    echo: tuple[float, float]
    distance: tuple[float, float]
    """Between mouth and microphone."""


PLACES: Mapping[str, Place] = {
    "near": Place(((3, 6), (3, 5), (2.4, 3.0)), (0.15, 0.45), (0.3, 1.0)),
    "far": Place(((4, 8), (3.5, 6), (2.4, 3.2)), (0.3, 0.7), (2.0, 4.5)),
    "cabin": Place(((2.2, 2.8), (1.35, 1.6), (1.1, 1.3)), (0.05, 0.10), (0.4, 0.9)),
}


def impulse_response(place: str, generator: np.random.Generator) -> Sound:
    """One of a place drawn by chance: 16 kHz, its direct sound first, of energy 1.

    Raises:
        DatasetError: there is no such place, or pyroomacoustics is not installed.
    """
    kind = PLACES.get(place)
    if kind is None:
        raise DatasetError(f"there is no place {place!r}; there are {', '.join(PLACES)}")
    try:
        acoustics: Any = importlib.import_module("pyroomacoustics")
    except ImportError as error:
        raise DatasetError(f"rooms need pyroomacoustics, which is not installed; run: {_INSTALL}") from error
    size = np.array([generator.uniform(*side) for side in kind.size])
    echo = generator.uniform(*kind.echo)
    try:
        absorption, _ = acoustics.inverse_sabine(echo, size)
    except ValueError:  # shorter than a room of that size can be by Sabine's formula: nearly all is swallowed
        absorption = 0.95
    microphone, mouth = _positions(size, kind.distance, generator)
    room = acoustics.ShoeBox(size, fs=RATE, materials=acoustics.Material(min(absorption, 0.95)), max_order=_ORDER)
    room.add_source(mouth)
    room.add_microphone(microphone)
    room.compute_rir()
    response = np.asarray(room.rir[0][0], np.float64)
    begin = int(np.argmax(np.abs(response)))
    response = response[max(0, begin - 16) : begin + int(RATE * 0.6)]
    return np.asarray(response / np.sqrt(np.sum(response**2)), np.float32)


def _positions(
    size: NDArray[np.float64], distance: tuple[float, float], generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Microphone and mouth inside a room, so far apart; as far as the room lets them after many tries."""
    edge = np.minimum(0.3, size * 0.15)
    wanted = generator.uniform(*distance)
    best: tuple[float, NDArray[np.float64], NDArray[np.float64]] | None = None
    for _ in range(_TRIES):
        microphone = generator.uniform(edge, size - edge)
        direction = generator.standard_normal(3)
        direction[2] *= 0.3  # mouths and microphones are at about the same height
        mouth = np.clip(microphone + direction / np.linalg.norm(direction) * wanted, edge, size - edge)
        miss = abs(float(np.linalg.norm(mouth - microphone)) - wanted)
        if best is None or miss < best[0]:
            best = (miss, microphone, mouth)
        if miss < 0.05:
            break
    assert best is not None  # noqa: S101 (there is always a first try)
    return best[1], best[2]


def reverberate(sound: Sound, response: Sound) -> Sound:
    """``sound`` as heard there, without the end of its echo that would make it longer than 0.2 s more."""
    length = len(sound) + len(response) - 1
    size = 1 << (length - 1).bit_length()
    heard = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)[:length]
    return np.asarray(heard[: len(sound) + RATE // 5], np.float32)
