"""Where an event is heard: a room or a cabin, its noise, the way past the listener, and the microphone.

The scenarios have the names that all models of sound are tested by; the signal-to-noise ratios here are those of loud
sources (an alarm is some 85 dB at 3 m), so they hold for events, not for speech.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.signal import fftconvolve

from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.sound_events.event import RATE, Random, Sound, level

SCENARIOS = ("quiet", "far-field", "car-idle", "car-60", "car-120", "babble")

TEST_SNR = {"quiet": 30.0, "far-field": 15.0, "car-idle": 15.0, "car-60": 8.0, "car-120": 3.0, "babble": 10.0}
"""dB, of the level while the event sounds against that of the noise, both without weighting."""

_TRAIN_SNR = {
    "quiet": (20, 45), "far-field": (8, 25), "car-idle": (8, 25), "car-60": (0, 18), "car-120": (-4, 12),
    "babble": (3, 20),
}  # fmt: skip
_RANGES = {  # of (length, width, height) in metres, absorption of the walls, distance in metres
    "room": ((2.5, 9), (2.2, 7), (2.3, 3.4), (0.1, 0.5), (0.4, 2.5)),
    "far": ((4, 12), (3, 9), (2.4, 4), (0.08, 0.3), (2.5, 6.5)),
    "cabin": ((1.6, 3), (1.2, 1.7), (1.0, 1.4), (0.25, 0.7), (0.4, 1.2)),
}
_PLACE = {"quiet": "room", "far-field": "far", "babble": "room"}  # the rest is a cabin


@dataclass(frozen=True, slots=True)
class Scene:
    """One listening place: the scenario's name, and the ratio of event to noise in dB."""

    scenario: str
    snr: float


def training_scene(rng: Random) -> Scene:
    """Any scenario, at any ratio of its range."""
    scenario = SCENARIOS[int(rng.integers(len(SCENARIOS)))]
    return Scene(scenario, float(rng.uniform(*_TRAIN_SNR[scenario])))


def doppler(sound: Sound, rng: Random) -> Sound:
    """The source drives past: 8 to 35 m/s, 3 to 15 m away at its nearest."""
    time = np.arange(len(sound)) / RATE
    nearest, speed, moment = rng.uniform(3, 15), rng.uniform(8, 35), rng.uniform(-1, time[-1] + 1)
    distance = np.hypot(nearest, speed * (time - moment))
    heard = np.interp(time - (distance - distance.min()) / 343, time, sound, left=0.0)
    moved: Sound = heard * (distance.min() / distance) ** 0.7
    return moved


@lru_cache(maxsize=512)
def _room(place: str, family: str, number: int) -> Sound:
    """One impulse response (image sources), starting at the direct sound, with energy 1.

    Raises:
        DatasetError: pyroomacoustics is not installed.
    """
    try:
        import pyroomacoustics
    except ImportError as error:
        raise DatasetError("rooms need pyroomacoustics; run: pip install 'cygnet[train]'") from error
    rng = np.random.default_rng([number, *family.encode(), *place.encode()])
    *sides, absorption, distance = _RANGES[place]
    size = np.array([rng.uniform(*side) for side in sides])
    microphone = size * rng.uniform(0.2, 0.8, 3)
    for _ in range(200):
        way = rng.normal(0, 1, 3) * [1, 1, 0.4]
        source = microphone + way / np.linalg.norm(way) * rng.uniform(*distance)
        if np.all(source > 0.1) and np.all(source < size - 0.1):
            break
    else:
        source = size * 0.5
    walls = pyroomacoustics.Material(float(rng.uniform(*absorption)))
    room = pyroomacoustics.ShoeBox(size, fs=RATE, materials=walls, max_order=10, air_absorption=True)
    room.add_source(source)
    room.add_microphone(microphone)
    room.compute_rir()
    response = np.asarray(room.rir[0][0], np.float64)
    response = response[np.argmax(np.abs(response)) :]
    whole: Sound = response / np.sqrt(np.sum(response**2))
    return whole


def _shaped(samples: int, slope: float, knee: float, rng: Random) -> Sound:
    """Noise that falls by ``slope`` dB an octave above ``knee`` Hz."""
    spectrum = np.fft.rfft(rng.normal(0, 1, samples))
    frequency = np.maximum(np.fft.rfftfreq(samples, 1 / RATE), 20.0)
    spectrum *= (1 + (frequency / knee) ** 2) ** (-slope / 12.04)
    noise: Sound = np.fft.irfft(spectrum, samples)
    return noise / np.std(noise)


def noise(scenario: str, samples: int, rng: Random) -> Sound:
    """The scenario's own noise, at level 1."""
    if scenario == "babble":
        return _babble(samples, rng)
    if not scenario.startswith("car-"):
        return _shaped(samples, rng.uniform(3, 7), rng.uniform(60, 300), rng)
    speed = {"car-idle": 0.0, "car-60": 60.0, "car-120": 120.0}[scenario]
    time = np.arange(samples) / RATE
    fires = rng.uniform(22, 32) if speed == 0 else rng.uniform(45, 100)  # ignitions a second, four cylinders
    motor = sum(
        k ** -rng.uniform(0.8, 1.5) * np.sin(2 * np.pi * k * fires / 2 * time + rng.uniform(0, 6)) for k in range(1, 14)
    )
    tyres = _shaped(samples, rng.uniform(7, 10), rng.uniform(60, 150), rng)
    wind = _shaped(samples, rng.uniform(4, 6), rng.uniform(150, 500), rng)
    moments = np.arange(0, samples / RATE + 2)
    gusts = 1 + 0.3 * np.interp(time, moments, rng.normal(0, 1, len(moments)))
    mixed = np.asarray(motor) * (1.0 if speed == 0 else 0.35) + tyres * speed / 60 + wind * gusts * (speed / 90) ** 1.5
    mixed = mixed + _shaped(samples, 5, 100, rng) * 0.25  # the fan
    whole: Sound = mixed / np.std(mixed)
    return whole


def _babble(samples: int, rng: Random) -> Sound:
    """Many voices: harmonic sound of five wandering pitches in moving formants, by the syllable, and breath noise."""
    time = np.arange(samples) / RATE
    frames = time[::160]  # formants move slowly
    babble = np.zeros(samples)
    for _ in range(5):
        knots = int(samples / RATE * rng.uniform(3, 6)) + 3
        grid = np.linspace(0, time[-1], knots)
        pitch = rng.uniform(90, 240) * np.interp(frames, grid, rng.normal(1, 0.08, knots))
        loud = np.interp(frames, grid, rng.random(knots) ** 2)
        first, second = (np.interp(frames, grid, rng.uniform(*band, knots)) for band in ((300, 800), (900, 2300)))
        phase = 2 * np.pi * np.cumsum(np.interp(time, frames, pitch)) / RATE
        for k in range(1, 17):
            formants = np.exp(-(((k * pitch - first) / 180) ** 2)) + 0.5 * np.exp(-(((k * pitch - second) / 260) ** 2))
            strength = loud * (formants + 0.02) / k**0.3
            babble += np.interp(time, frames, strength) * np.sin(k * phase)
    babble += 0.1 * np.std(babble) * _shaped(samples, 2, 2000, rng)
    whole: Sound = babble / np.std(babble)
    return whole


def heard(event: Sound, lead: float, length: float, scene: Scene, family: str, rng: Random) -> Sound:
    """``length`` seconds as a microphone hears them: the event ``lead`` seconds after the noise began; int16 range."""
    samples = round(length * RATE)
    place = _PLACE.get(scene.scenario, "cabin")
    wet = fftconvolve(event, _room(place, family, int(rng.integers(60))))
    foreground = np.zeros(samples)
    start = round(lead * RATE)
    part = wet[: samples - start]
    foreground[start : start + len(part)] = part
    background = noise(scene.scenario, samples, rng)
    loud = level(foreground)
    if loud > 0:
        foreground /= loud
        background *= 10 ** (-scene.snr / 20)
    mixed = foreground + background
    if rng.random() < 0.5:  # a cheap microphone: a tilt of the spectrum
        tilt = rng.uniform(-0.35, 0.35)
        mixed = mixed + tilt * np.concatenate([[0.0], mixed[:-1]])
    peak = 32767 * 10 ** (rng.uniform(-36, -1) / 20)
    mixed = mixed * (peak / np.max(np.abs(mixed)))
    heard_sound: Sound = np.round(mixed)
    return heard_sound
