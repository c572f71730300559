"""Where a device is spoken to: place, noise, and how far speech is above it.

Signal-to-noise ratios are of powers in 125 Hz to 7.5 kHz, of the utterance as it is heard in the place against the
noise during it. Of test sets each ratio is one of ``test``; training draws evenly from ``train``, which reaches a little
beyond.

Where the ratios are from:
- quiet, far-field: conversational speech has 60 dB(A) at 1 m (ISO 9921:2003, table of vocal effort, "normal"), quiet
  living rooms 30 dB(A); doubling the distance costs up to 6 dB, and a fan or a kitchen adds 10 to 15 dB.
- cars: 120 km/h on a highway gives ratios around and below 0 dB over the whole band, since most of the noise is below
  500 Hz (B. Schuller, Intelligent Audio Analysis, 2013, ch. 10); in the band of the front end that is 0 to 10 dB. Noise
  grows with speed (D. Flor et al., Sensors 20(9):2471, 2020).
- babble: 20 to 5 dB, the upper half of AURORA-2 (H.-G. Hirsch and D. Pearce, ISCA ASR2000, 2000).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.noise import band_power
from firmware_tools.training.synthesis import Sound


@dataclass(frozen=True, slots=True)
class Scenario:
    """Attributes:
    place: of :data:`firmware_tools.training.rooms.PLACES`.
    noises: of :data:`firmware_tools.training.noise.NOISES`, or ``babble``; one is drawn.
    train: least and most dB in training.
    test: dB of test sets.
    """

    name: str
    place: str
    noises: tuple[str, ...]
    train: tuple[float, float]
    test: tuple[float, ...]


_ALL = (
    Scenario("quiet", "near", ("room",), (25.0, 50.0), (40.0,)),
    Scenario("far-field", "far", ("room", "fan"), (7.0, 30.0), (20.0, 15.0, 10.0)),
    Scenario("car-idle", "cabin", ("car-idle",), (7.0, 25.0), (20.0, 15.0, 10.0)),
    Scenario("car-60", "cabin", ("car-60",), (2.0, 20.0), (15.0, 10.0, 5.0)),
    Scenario("car-120", "cabin", ("car-120",), (-3.0, 15.0), (10.0, 5.0, 0.0)),
    Scenario("babble", "near", ("babble",), (2.0, 25.0), (20.0, 10.0, 5.0)),
)
SCENARIOS: Mapping[str, Scenario] = {scenario.name: scenario for scenario in _ALL}


def find_scenario(name: str) -> Scenario:
    """The scenario of that name.

    Raises:
        DatasetError: there is none.
    """
    scenario = SCENARIOS.get(name)
    if scenario is None:
        raise DatasetError(f"there is no scenario {name!r}; there are {', '.join(SCENARIOS)}")
    return scenario


def mix(speech: Sound, noise: Sound, begin: int, decibels: float) -> Sound:
    """``noise`` with ``speech`` in it from ``begin``, so many dB above the noise that it covers.

    Raises:
        DatasetError: the speech does not fit into the noise, or either is silent.
    """
    end = begin + len(speech)
    if begin < 0 or end > len(noise):
        raise DatasetError(f"speech from sample {begin} to {end} does not fit into noise of {len(noise)} samples")
    spoken, around = band_power(speech), band_power(noise[begin:end])
    if spoken <= 0 or around <= 0:
        raise DatasetError("a signal-to-noise ratio needs sound on both sides; one is silent")
    mixed = noise.copy()
    mixed[begin:end] += speech * np.float32(np.sqrt(around / spoken * 10 ** (decibels / 10)))
    return mixed


NoiseSource = Callable[[str, int, np.random.Generator], Sound]
"""``(kind, samples, generator)``: noise of power 1 in the band."""
