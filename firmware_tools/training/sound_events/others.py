"""What is none of the events, in two families as the events are: speech by one synthesiser each, notes, steps, engines.

The names of the functions say what they make. Each is a generator whose event has no spans.
"""

import subprocess
from functools import lru_cache

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.sound_events.event import RATE, Event, Generator, Random, Sound, add, faded, seconds

LENGTH = 4.5
"""Seconds of each sound here."""

_WORDS = (
    "the of and a to in is you that it he was for on are as with his they at be this have from or one had by word but "
    "not what all were we when your can said there use an each which she do how their if will up other about out many "
    "then them these so some her would make like him into time has look two more write go see number no way could "
    "people my than first water been call who oil its now find long down day did get come made may part over new sound "
    "take only little work know place year live me back give most very after thing our just name good sentence man "
    "think say great where help through much before line right too mean old any same tell boy follow came want show"
).split()
_ESPEAK_VOICES = (
    "en-us+m1",
    "en-us+f1",
    "en-gb-x-rp+m3",
    "en-us+f3",
    "de+m2",
    "fr+f2",
    "es+m5",
    "cmn+f1",
    "it+m4",
    "ru+f4",
)
_FLITE_VOICES = ("kal16", "awb", "rms", "slt")


def _event(sound: Sound) -> Event:
    samples = round(LENGTH * RATE)
    whole = np.zeros(samples)
    whole[: min(samples, len(sound))] = sound[:samples]
    return Event(whole, (), ())


def _sentence(rng: Random) -> str:
    return " ".join(rng.choice(_WORDS, int(rng.integers(9, 16))))


def speech_by_espeak(rng: Random) -> Event:
    """Words in a row by espeak-ng, one of ten voices, any pace and pitch."""
    from device_runtime.voice.speech import Speech, resample

    import io
    import wave

    voice = _ESPEAK_VOICES[int(rng.integers(len(_ESPEAK_VOICES)))]
    content = Speech(voice, rate=int(rng.integers(130, 230)), pitch=int(rng.integers(20, 80))).synthesize(
        _sentence(rng)
    )
    with wave.open(io.BytesIO(content)) as file:
        pcm = resample(file.readframes(file.getnframes()), file.getframerate(), RATE)
    return _event(np.frombuffer(pcm, "<i2").astype(np.float64))


def speech_by_flite(rng: Random) -> Event:
    """Words in a row by flite, one of four voices.

    Raises:
        DatasetError: flite is not installed.
    """
    return _event(
        _flite(_FLITE_VOICES[int(rng.integers(len(_FLITE_VOICES)))], _sentence(rng), round(rng.uniform(0.8, 1.25), 2))
    )


@lru_cache(maxsize=8)
def _flite(voice: str, text: str, stretch: float) -> Sound:
    import tempfile
    import wave
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "speech.wav"
        command = ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch}", "-t", text, "-o", str(target)]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        except FileNotFoundError as error:
            raise DatasetError(
                "speech to test with is by flite, which is not installed; run: apt install flite"
            ) from error
        except subprocess.SubprocessError as error:
            raise DatasetError(f"flite did not speak: {error}") from error
        with wave.open(str(target)) as file:
            rate, pcm = file.getframerate(), file.readframes(file.getnframes())
    from device_runtime.voice.speech import resample

    return np.frombuffer(resample(pcm, rate, RATE), "<i2").astype(np.float64)


# The family for training.


def notes(rng: Random) -> Event:
    """A melody or chords of harmonic tones that ring out."""
    sound = np.zeros(round(LENGTH * RATE))
    slope, at = rng.uniform(0.5, 2.5), 0.0
    plucked = rng.random() < 0.6
    while at < LENGTH:
        length = rng.uniform(0.1, 0.9)
        time = seconds(length + 0.3)
        for _ in range(int(rng.integers(1, 4))):
            pitch = 110 * 2 ** (rng.integers(0, 48) / 12)
            note = np.zeros(len(time))
            for k in range(1, 16):
                if k * pitch < 7600:
                    fade = np.exp(-time * k / rng.uniform(0.4, 2)) if plucked else 1.0
                    note += k**-slope * fade * np.sin(2 * np.pi * k * pitch * time + rng.uniform(0, 6))
            add(sound, faded(note, 0.005 if plucked else rng.uniform(0.02, 0.1), 0.05), at)
        at += length
    return _event(sound)


def thuds(rng: Random) -> Event:
    """Single blows far apart: doors, things put down, steps."""
    sound = np.zeros(round(LENGTH * RATE))
    at = rng.uniform(0, 0.6)
    apart = rng.uniform(0.5, 2.5)
    colour = rng.uniform(200, 5000)
    while at < LENGTH:
        time = seconds(0.4)
        burst = rng.normal(0, 1, len(time)) * np.exp(-time / rng.uniform(0.005, 0.06))
        burst = lfilter([1], [1, -np.exp(-2 * np.pi * colour / RATE)], burst)
        for _ in range(int(rng.integers(0, 4))):
            tone = np.exp(-time / rng.uniform(0.01, 0.06)) * np.sin(2 * np.pi * rng.uniform(60, 1500) * time)
            burst = burst + tone * np.std(burst) * 10
        add(sound, burst * rng.uniform(0.5, 1), at)
        at += apart * rng.uniform(0.8, 1.2)
    return _event(sound)


def signals(rng: Random) -> Event:
    """A chime or a beep of a device, once: what no alarm's pattern is."""
    sound = np.zeros(round(LENGTH * RATE))
    at = rng.uniform(0, 2)
    for _ in range(int(rng.integers(1, 4))):
        length = rng.uniform(0.06, 0.4)
        time = seconds(length)
        pitch = rng.uniform(350, 1900)
        tone = np.sin(2 * np.pi * pitch * time) + rng.uniform(0, 0.4) * np.sin(4 * np.pi * pitch * time)
        add(sound, faded(tone * np.exp(-time / rng.uniform(0.05, 1)), 0.004, 0.02), at)
        at += length * rng.uniform(0.9, 1.6)
    return _event(sound)


def engine(rng: Random) -> Event:
    """An engine that is revved: low harmonics and noise with the speed."""
    time = seconds(LENGTH)
    speed = np.interp(time, [0, 1, 2, 3, LENGTH], rng.uniform(15, 90, 5))
    phase = 2 * np.pi * np.cumsum(speed) / RATE
    sound = np.zeros(len(time))
    for k in range(1, 40):
        sound += k ** -rng.uniform(0.5, 1.5) * np.sin(k * phase / 2 + rng.uniform(0, 6))
    noise = lfilter([1], [1, -rng.uniform(0.8, 0.97)], rng.normal(0, 1, len(time)))
    return _event(sound + noise * (0.5 + 0.5 * np.sin(phase)) * rng.uniform(0.2, 2))


def rustle(rng: Random) -> Event:
    """Bursts of noise of any colour: applause, paper, water, brakes."""
    samples = round(LENGTH * RATE)
    noise = rng.normal(0, 1, samples)
    low = rng.uniform(100, 3000)
    band = butter(2, [low, min(low * rng.uniform(1.5, 8), 7800)], "bandpass", fs=RATE, output="sos")
    noise = sosfilt(band, noise)
    knots = int(rng.integers(3, 60))
    swell = np.interp(np.arange(samples), np.linspace(0, samples, knots), rng.random(knots) ** rng.uniform(0.5, 4))
    return _event(noise * swell)


def silence(rng: Random) -> Event:  # noqa: ARG001 - a generator as the others
    """Nothing: only the scene's own noise is heard."""
    return _event(np.zeros(1))


# The family for tests.


def strings(rng: Random) -> Event:
    """Plucked strings after Karplus and Strong."""
    sound = np.zeros(round(LENGTH * RATE))
    at = 0.0
    while at < LENGTH:
        delay = round(RATE / (82 * 2 ** (rng.integers(0, 36) / 12)))
        burst = np.zeros(round(1.2 * RATE))
        burst[:delay] = rng.uniform(-1, 1, delay)
        feedback = np.zeros(delay + 2)
        feedback[0], feedback[delay], feedback[delay + 1] = 1, -0.498, -0.498
        add(sound, lfilter([1.0], feedback, burst), at)
        at += rng.choice([0.25, 0.5, 0.75])
    return _event(sound)


def modulated(rng: Random) -> Event:
    """Brass, bells and organ-like tones by frequency modulation after Chowning."""
    sound = np.zeros(round(LENGTH * RATE))
    ratio, index = float(rng.choice([1, 1, 1.4, 2, 3.5])), rng.uniform(0.5, 5)
    at = 0.0
    while at < LENGTH:
        length = float(rng.choice([0.2, 0.4, 0.8]))
        time = seconds(length)
        pitch = 131 * 2 ** (rng.integers(0, 30) / 12)
        shape = np.exp(-time * rng.uniform(0.5, 6))
        wave = np.sin(2 * np.pi * pitch * time + index * shape * np.sin(2 * np.pi * pitch * ratio * time))
        add(sound, faded(wave * shape, 0.02, 0.05), at)
        at += length
    return _event(sound)


def steps(rng: Random) -> Event:
    """Somebody walks on gravel, snow or boards: many small collisions a step."""
    sound = np.zeros(round(LENGTH * RATE))
    at, pace = rng.uniform(0, 0.4), rng.normal(0.58, 0.05)
    centre, width = rng.uniform(300, 3500), rng.uniform(1, 4)
    while at < LENGTH:
        time = seconds(0.25)
        energy = np.exp(-time / 0.05) * (1 - np.exp(-time / 0.01))
        grains = (rng.random(len(time)) < 0.08 * energy + 0.002) * rng.normal(0, 1, len(time)) * energy
        angle, radius = 2 * np.pi * centre / RATE, np.exp(-np.pi * centre / width / RATE)
        add(sound, lfilter([1], [1, -2 * radius * np.cos(angle), radius**2], grains), at)
        at += pace * rng.normal(1, 0.03)
    return _event(sound)


def rain(rng: Random) -> Event:
    """Drops on a roof, each a small ringing bubble."""
    samples = round(LENGTH * RATE)
    drops = (rng.random(samples) < rng.uniform(0.0005, 0.01)) * rng.exponential(1, samples)
    sound = np.zeros(samples)
    for _ in range(6):
        angle = 2 * np.pi * rng.uniform(500, 6000) / RATE
        radius = rng.uniform(0.9, 0.985)
        sound += lfilter([1], [1, -2 * radius * np.cos(angle), radius**2], drops * (rng.random(samples) < 0.3))
    return _event(sound + rng.normal(0, 0.05, samples))


def motor(rng: Random) -> Event:
    """A motor of cylinders that fire unevenly, through an exhaust."""
    samples = round(LENGTH * RATE)
    fires = np.zeros(samples)
    at, speed = 0.0, rng.uniform(20, 60)
    while at < LENGTH - 0.01:
        fires[round(at * RATE)] = rng.normal(1, 0.15)
        speed = min(max(speed + rng.normal(0, 0.6), 12), 110)
        at += 1 / speed
    exhaust = np.zeros(round(RATE / rng.uniform(60, 140)) + 1)
    exhaust[0], exhaust[-1] = 1, rng.uniform(0.3, 0.7)
    sound = lfilter([1, 0.5], [1, -1.6, 0.68], lfilter([1], exhaust, fires))
    return _event(sound + lfilter([1], [1, -0.9], rng.normal(0, 0.05, samples)))


TRAINING: tuple[tuple[Generator, float], ...] = (
    (speech_by_espeak, 0.3), (notes, 0.17), (thuds, 0.13), (signals, 0.08), (engine, 0.1), (rustle, 0.12),
    (silence, 0.1),
)  # fmt: skip
"""Generators with their shares of the label ``none``."""

TESTING: tuple[tuple[Generator, float], ...] = (
    (speech_by_flite, 0.35), (strings, 0.13), (modulated, 0.12), (steps, 0.12), (rain, 0.1), (motor, 0.1),
    (silence, 0.08),
)  # fmt: skip
