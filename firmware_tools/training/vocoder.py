"""Speech taken apart into melody, resonances and noise, and put together again otherwise: other people out of one.

A source and filter vocoder (H. Dudley, 1939): the pitch of each frame by autocorrelation, its resonances by cepstral
smoothing (A. V. Oppenheim and R. W. Schafer), and instead of the voice's own source pulses and noise. What a
synthesiser is known by (its pulses, its melody, how long its sounds are, how sharp its resonances) is changed at will;
what is said stays.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_tools.training.synthesis.synthesiser import RATE, Sound

FRAME, HOP = 512, 80
"""Samples of a frame, and from one to the next: 32 and 5 ms."""
FRAMES_A_SECOND = RATE // HOP
_PITCHES = (60.0, 420.0)
"""Hz: of people."""
_VOICED = 0.4
"""Of a frame's autocorrelation: above it the frame is voiced."""
_QUEFRENCIES = 34
"""Of the cepstrum, at 16 kHz: below the period of nearly every voice, so that what is left is the vocal tract."""
_LIFTS = 3
_WINDOW = np.hanning(FRAME + 1)[:-1]
_FAINT = 1e-5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spoken:
    """Speech, taken apart: a frame each 5 ms.

    Attributes:
        cepstra: ``[n, quefrencies]``: the resonances and the level of each frame, as cosines of its logarithmic
            spectrum.
        pitch: ``[n]``, Hz; between voiced frames it goes on evenly. 0 where none is voiced.
        voicing: ``[n]``, 0 (noise) to 1 (pulses).
        samples: how long the sound was.
    """

    cepstra: Floats
    pitch: Floats
    voicing: Floats
    samples: int


def take_apart(sound: Sound) -> Spoken:
    """``sound`` (16 kHz, -1 to 1) as frames."""
    padded = np.concatenate([np.zeros(FRAME // 2), np.asarray(sound, np.float64), np.zeros(FRAME)])
    count = max(1, (len(padded) - FRAME) // HOP)
    frames = padded[np.arange(count)[:, None] * HOP + np.arange(FRAME)]
    spectra = np.abs(np.fft.rfft(frames * _WINDOW))
    cepstra = _envelopes(np.log(spectra + _FAINT))
    pitch, voicing = _melody(frames)
    return Spoken(cepstra, pitch, voicing, len(sound))


def _envelopes(spectra: Floats) -> Floats:
    """Cepstra of curves over logarithmic spectra: smoothed, those run through the valleys between harmonics, so what
    lies below the curve is lifted to it and smoothed again (S. Imai and Y. Abe, 1979)."""
    bins = np.arange(spectra.shape[1])
    cosines = np.cos(2 * np.pi / FRAME * np.outer(np.arange(_QUEFRENCIES), bins))
    target = spectra
    for again in range(_LIFTS + 1):
        cepstra = np.fft.irfft(target)[:, :_QUEFRENCIES]
        cepstra[:, 1:] *= 2
        if again < _LIFTS:
            target = np.maximum(spectra, cepstra @ cosines)
    return np.asarray(cepstra)


def _melody(frames: Floats) -> tuple[Floats, Floats]:
    """Pitch and voicing of each frame: the peak of its autocorrelation, that of the window taken out."""
    centred = frames - frames.mean(1, keepdims=True)
    power = np.abs(np.fft.rfft(centred * _WINDOW, 2 * FRAME)) ** 2
    own = np.fft.irfft(np.abs(np.fft.rfft(_WINDOW, 2 * FRAME)) ** 2)
    lags = np.arange(int(RATE / _PITCHES[1]), int(RATE / _PITCHES[0]))
    correlation = np.fft.irfft(power)
    strength = correlation[:, lags] / (correlation[:, :1] + _FAINT) * (own[0] / own[lags])
    # Of peaks that are nearly as high, that of the shortest period: its multiples are peaks, too.
    strength = strength - 0.06 * np.log2(lags / lags[0])
    best = np.argmax(strength, axis=1)
    found = RATE / lags[best]
    loud = correlation[:, 0] > correlation[:, 0].max() * 1e-4
    voiced = (strength[np.arange(len(best)), best] > _VOICED) & loud
    voiced = _middle(voiced.astype(np.float64), 5) > 0.5
    if not voiced.any():
        return np.zeros(len(frames)), np.zeros(len(frames))
    places = np.flatnonzero(voiced)
    steady = _middle(found[places], 5)
    return np.interp(np.arange(len(frames)), places, steady), _smoothed(voiced.astype(np.float64), 1.0)


def _middle(values: Floats, width: int) -> Floats:
    """The running median."""
    if len(values) < width:
        return values
    padded = np.pad(values, width // 2, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1))


def _smoothed(values: Floats, frames: float) -> Floats:
    """Along the first axis, by a bell of so many frames."""
    if frames <= 0:
        return values
    reach = max(1, round(2.5 * frames))
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / frames) ** 2)
    bell /= bell.sum()
    padded = np.pad(values, [(reach, reach)] + [(0, 0)] * (values.ndim - 1), mode="edge")
    return np.asarray(sum(weight * padded[at : at + len(values)] for at, weight in enumerate(bell)))


@dataclass(frozen=True, slots=True)
class Manners:
    """How :func:`put_together` speaks.

    Attributes:
        melody: ``[n]`` Hz instead of the pitch of ``n`` frames (after ``tempo``); None keeps it.
        tempo: ``[n]``: which frame of the speech, in fractions of one, each frame is; None keeps the tempo.
        bend: frequencies in Hz, and where they go: the resonances' scale is stretched between them.
        sharpness: of the resonances: 1 as they are, less is dull, more is sharp.
        tilt: dB from 0 to 8 kHz that are added.
        slur: seconds over which resonances are smoothed in time.
        breath: 0 to 1, noise among the pulses; 1 is a whisper.
        noise_above: Hz; above it voiced sounds are noise, too.
    """

    melody: Floats | None = None
    tempo: Floats | None = None
    bend: tuple[tuple[float, float], ...] = ()
    sharpness: float = 1.0
    tilt: float = 0.0
    slur: float = 0.0
    breath: float = 0.0
    noise_above: float = 8000.0


def put_together(spoken: Spoken, manners: Manners, generator: np.random.Generator) -> Sound:
    """Speech anew, with pulses and noise for a source; its level is that of the speech, about."""
    cepstra, pitch, voicing, samples = spoken.cepstra, spoken.pitch, spoken.voicing, spoken.samples
    if manners.tempo is not None:
        cepstra = _at(cepstra, manners.tempo)
        pitch, voicing = _at(pitch[:, None], manners.tempo)[:, 0], _at(voicing[:, None], manners.tempo)[:, 0]
        samples = len(cepstra) * HOP
    if manners.melody is not None:
        pitch = manners.melody
    if manners.slur:
        cepstra = _smoothed(cepstra, manners.slur * FRAMES_A_SECOND)
    bins = np.arange(FRAME // 2 + 1, dtype=np.float64)
    shape = np.ones(_QUEFRENCIES)
    shape[2:] = manners.sharpness
    source = _bent(bins * (RATE / FRAME), manners.bend)
    cosines = np.cos(2 * np.pi / FRAME * np.outer(np.arange(_QUEFRENCIES, dtype=np.float64), source))
    envelope = (cepstra * shape) @ cosines + manners.tilt / 8.686 * (bins / bins[-1] - 0.5)
    return _sounded(np.exp(envelope), pitch, voicing * (1 - manners.breath), manners.noise_above, samples, generator)


def _bent(frequencies: Floats, bend: tuple[tuple[float, float], ...]) -> Floats:
    """Where each frequency of the result is in the speech, in bins of a frame."""
    source = frequencies
    if bend:
        there = [0.0, *(to for _, to in bend)]
        here = [0.0, *(of for of, _ in bend)]
        last = (here[-1] - here[-2]) / (there[-1] - there[-2])
        source = np.interp(frequencies, there, here) + np.maximum(0, frequencies - there[-1]) * last
    return np.asarray(np.minimum(source, RATE / 2) * (FRAME / RATE))


def _at(values: Floats, places: Floats) -> Floats:
    """``values`` ``[n, m]`` at fractional places, between the nearest two."""
    places = np.clip(places, 0, len(values) - 1)
    below = np.minimum(places.astype(int), max(0, len(values) - 2))
    share = (places - below)[:, None]
    return np.asarray(values[below] * (1 - share) + values[np.minimum(below + 1, len(values) - 1)] * share)


def _sounded(
    envelope: Floats, pitch: Floats, voicing: Floats, noise_above: float, samples: int, generator: np.random.Generator
) -> Sound:
    count = len(envelope)
    total = count * HOP + FRAME
    places = np.arange(count)[:, None] * HOP + np.arange(FRAME)
    noise = generator.standard_normal(total)
    melody = np.interp(np.arange(total), np.arange(count) * HOP + FRAME // 2, pitch)
    turns = np.cumsum(melody / RATE)
    begins = np.flatnonzero(np.diff(np.floor(turns)) > 0) + 1
    pulses = np.zeros(total)
    pulses[begins] = np.sqrt(RATE / np.maximum(melody[begins], 1.0))  # power 1, as the noise has it
    bins = np.arange(FRAME // 2 + 1) * (RATE / FRAME)
    hissing = 1 / (1 + np.exp((noise_above - bins) / 200))
    share = voicing[:, None] * (1 - hissing)
    spectra = np.fft.rfft(pulses[places] * _WINDOW) * np.sqrt(share)
    spectra += np.fft.rfft(noise[places] * _WINDOW) * np.sqrt(1 - share)
    # The envelope is of windowed speech; the source of power 1 has this much in a window.
    parts = np.fft.irfft(spectra * envelope / np.sqrt(np.sum(_WINDOW**2))) * _WINDOW
    result, weight = np.zeros(total), np.full(total, 1e-9)
    for begin, part in zip(range(0, count * HOP, HOP), parts, strict=True):
        result[begin : begin + FRAME] += part
        weight[begin : begin + FRAME] += _WINDOW**2
    sound = (result / np.maximum(weight, weight.max() * 0.1))[FRAME // 2 : FRAME // 2 + samples]
    return np.asarray(sound, np.float32)
