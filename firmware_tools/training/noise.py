"""Noise by recipe: what is heard in rooms and cars, made from random numbers, so that nobody's recordings are needed.

Each recipe is a spectrum, in dB at some frequencies, that random noise is given; harmonics of what turns; and how much
it swells and falls. They are models, not recordings: see docs/models.md for what that means.

Sources of the shapes:
- road and cabin: most energy below 500 Hz, falling steeply above (B. Schuller, Intelligent Audio Analysis, 2013, ch. 10,
  fig. 10.2), with the resonance of the tyres' air near 220 Hz (H. Sakata et al., SAE 901163, 1990);
- level grows with speed, by tyres first and wind later (D. Flor et al., Characterization of Noise Level Inside a Vehicle
  under Different Conditions, Sensors 20(9):2471, 2020);
- engine: four-stroke, four cylinders: two firings a revolution;
- rooms and fans: power falls by 3 dB an octave (pink), with the hum of the motor.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.synthesis import RATE, Sound

BAND = (125.0, 7500.0)
"""Hz: what the micro front end hears. Signal-to-noise ratios are of the power in it, since the rumble of a car below it
is strong and harmless."""

_Curve = Sequence[tuple[float, float]]
_PINK: _Curve = ((20, 0), (8000, -26))
_ROAD: _Curve = ((20, 0), (60, 4), (120, 0), (220, 2), (300, -6), (500, -12), (1000, -22), (2000, -32), (8000, -52))
_WIND: _Curve = ((20, -6), (100, 0), (400, -4), (1000, -10), (2000, -16), (4000, -23), (8000, -32))
_CABIN: _Curve = ((20, 0), (80, 0), (200, -10), (500, -20), (1000, -27), (2000, -32), (4000, -38), (8000, -46))
_FAN: _Curve = ((20, -6), (100, 0), (500, -3), (1500, -9), (4000, -18), (8000, -28))


def shaped(samples: int, curve: _Curve, generator: np.random.Generator) -> NDArray[np.float64]:
    """Random noise with a spectrum: ``(Hz, dB)`` points, joined by lines over the logarithm of frequency. RMS 1."""
    spectrum = np.fft.rfft(generator.standard_normal(samples))
    frequencies = np.fft.rfftfreq(samples, 1 / RATE)
    points = np.log([frequency for frequency, _ in curve])
    decibels = np.interp(np.log(np.maximum(frequencies, 1.0)), points, [level for _, level in curve])
    spectrum *= 10 ** (decibels / 20)
    spectrum[0] = 0
    return _unit(np.fft.irfft(spectrum, samples))


def _unit(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(sound / np.sqrt(np.mean(sound**2) + 1e-20))


def _slow(samples: int, hertz: float, depth: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """A gain that swells and falls about ``hertz`` times a second, by ``depth`` either way."""
    points = max(4, int(samples / RATE * hertz) + 3)
    values = generator.standard_normal(points)
    return np.asarray(1 + depth * np.tanh(np.interp(np.linspace(0, points - 1, samples), np.arange(points), values)))


def _turning(samples: int, hertz: float, fall: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """Harmonics of what turns at about ``hertz``, each ``fall`` dB below the one before, never quite steady."""
    phase = np.cumsum(hertz * _slow(samples, 2.0, 0.02, generator)) * (2 * np.pi / RATE)
    harmonics = min(16, int(3000 / hertz))
    sound = np.zeros(samples)
    for number in range(1, harmonics + 1):
        level = 10 ** (-fall * (number - 1) / 20) * generator.uniform(0.4, 1.0)
        sound += level * np.sin(number * phase + generator.uniform(0, 2 * np.pi))
    return _unit(sound)


def _room(samples: int, generator: np.random.Generator) -> NDArray[np.float64]:
    return shaped(samples, _PINK, generator)


def _fan(samples: int, generator: np.random.Generator) -> NDArray[np.float64]:
    hum = _turning(samples, generator.choice([50.0, 60.0]) * generator.choice([1, 2]), 8.0, generator)
    blades = _turning(samples, generator.uniform(120, 300), 10.0, generator)
    air = shaped(samples, _FAN, generator) * _slow(samples, 0.5, 0.1, generator)
    return air + generator.uniform(0.05, 0.3) * hum + generator.uniform(0.05, 0.25) * blades


def _car(
    samples: int, generator: np.random.Generator, turns: tuple[float, float], parts: Sequence[float]
) -> NDArray[np.float64]:
    """``turns`` of the engine a minute; ``parts``: engine, cabin, road and wind."""
    engine = _turning(samples, generator.uniform(*turns) / 60 * 2, 3.0, generator)
    road = shaped(samples, _ROAD, generator) * _slow(samples, 4.0, 0.25, generator)
    wind = shaped(samples, _WIND, generator) * _slow(samples, 1.5, 0.3, generator)
    sounds = (engine, shaped(samples, _CABIN, generator), road, wind)
    total = np.zeros(samples)
    for part, sound in zip(parts, sounds, strict=True):
        total += part * generator.uniform(0.7, 1.3) * sound
    return total


def _idle(samples: int, generator: np.random.Generator) -> NDArray[np.float64]:
    blower = generator.uniform(0.0, 0.15) * shaped(samples, _FAN, generator)  # the car's own fan, or none
    return _car(samples, generator, (700, 950), (0.8, 1.0, 0.0, 0.0)) + blower


def _car_60(samples: int, generator: np.random.Generator) -> NDArray[np.float64]:
    return _car(samples, generator, (1500, 2300), (0.4, 0.3, 1.0, 0.12))


def _car_120(samples: int, generator: np.random.Generator) -> NDArray[np.float64]:
    return _car(samples, generator, (2300, 3300), (0.35, 0.3, 1.0, 0.5))


NOISES: Mapping[str, Callable[[int, np.random.Generator], NDArray[np.float64]]] = {
    "room": _room,
    "fan": _fan,
    "car-idle": _idle,
    "car-60": _car_60,
    "car-120": _car_120,
}
"""All recipes but babble, which needs voices."""


def make_noise(kind: str, samples: int, generator: np.random.Generator) -> Sound:
    """``samples`` of a recipe of :data:`NOISES`; its power in :data:`BAND` is 1.

    Raises:
        DatasetError: there is no such recipe.
    """
    recipe = NOISES.get(kind)
    if recipe is None:
        raise DatasetError(f"there is no noise {kind!r}; there are {', '.join(NOISES)}")
    return _in_band(recipe(samples, generator))


def babble(samples: int, utterances: Sequence[Sound], talkers: int, generator: np.random.Generator) -> Sound:
    """``talkers`` speaking at once, each an endless row of ``utterances``; its power in :data:`BAND` is 1.

    Raises:
        DatasetError: there are no utterances.
    """
    if not utterances:
        raise DatasetError("babble needs utterances to be made of")
    total = np.zeros(samples)
    for _ in range(talkers):
        place = -int(generator.integers(0, RATE))
        level = generator.uniform(0.5, 1.0)
        while place < samples:
            said = utterances[int(generator.integers(len(utterances)))]
            begin, end = max(place, 0), min(place + len(said), samples)
            if end > begin:
                total[begin:end] += level * said[begin - place : end - place]
            place += len(said) + int(generator.integers(0, RATE // 3))
    return _in_band(total + 1e-4 * shaped(samples, _PINK, generator))


def band_power(sound: NDArray[np.floating]) -> float:
    """Mean power in :data:`BAND`."""
    spectrum = np.fft.rfft(np.asarray(sound, np.float64))
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    inside = (frequencies >= BAND[0]) & (frequencies <= BAND[1])
    return float(2 * np.sum(np.abs(spectrum[inside]) ** 2) / len(sound) ** 2)


def _in_band(sound: NDArray[np.float64]) -> Sound:
    return np.asarray(sound / np.sqrt(band_power(sound) + 1e-20), np.float32)
