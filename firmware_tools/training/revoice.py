"""Voices drawn by chance: the same words in another body, melody, rhythm and kind of source.

Each draw is a speaker nobody recorded. The ranges are those of people, and a little beyond, so that what differs
between two makes of synthesisers is small against what differs between two draws.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from firmware_tools.training.synthesis.synthesiser import PEAK, Sound
from firmware_tools.training.vocoder import FRAMES_A_SECOND, Floats, Manners, Spoken, put_together, take_apart

_PITCH = (75.0, 270.0)
"""Hz, the middle of a voice's melody: deep men to high women and children."""
_MOST_BEND = 1.8
"""The most by which a pitch is moved: envelopes of very high voices tell too little to make low ones of them."""
_SIZE = 0.16
_PLACES = (700.0, 1800.0, 3600.0, 7000.0)
"""Hz: regions of the first, second and third resonances and above, which differ between people by factors of their
own (G. Fant, 1975), each by as much as _PART."""
_PART = 0.07
_MONOTONE, _WHISPER = 0.2, 0.04
"""Shares of voices without melody, as those put together from pieces have it, and without any pulses."""
_RHYTHM, _TEMPO = 0.35, 0.15
_STRETCH_SECONDS = (0.06, 0.2)


_TONES: Mapping[int, tuple[float, float, float]] = {
    1: (0.9, 0.9, 0.85), 2: (-0.3, -0.1, 0.8), 3: (-0.4, -0.9, -0.9), 4: (1.0, 0.3, -0.8), 5: (0.0, -0.2, -0.4),
}  # fmt: skip
_LAST_THIRD = (-0.4, -1.0, -0.2)
"""Begin, middle and end of Mandarin's tones within a voice's range, -1 to 1 (after Y. R. Chao, 1968: 55, 35, 21 and at
the end 214, 51)."""
_RANGE = (0.18, 0.4)
"""Of a Mandarin voice: what -1 to 1 is, as the logarithm of a factor; a third to two thirds of an octave either way."""


def revoice(sound: Sound, generator: np.random.Generator, tones: Sequence[int] = ()) -> Sound:
    """``sound`` (16 kHz, -1 to 1) said by somebody else, who is drawn; its peak at ``PEAK``. ``tones`` (1 to 5, one a
    syllable) replace its melody by theirs."""
    spoken = take_apart(sound)
    tempo = _rhythm(len(spoken.cepstra), generator)
    manners = Manners(
        melody=_melody(spoken, tempo, tones, generator),
        tempo=tempo,
        bend=_body(generator),
        sharpness=float(generator.uniform(0.8, 1.15)),
        tilt=float(generator.uniform(-8, 8)),
        slur=float(generator.uniform(0, 0.012)),
        breath=_breath(generator),
        noise_above=float(generator.uniform(2500, 9000)),
    )
    said = put_together(spoken, manners, generator)
    peak = float(np.abs(said).max())
    return np.asarray(said * np.float32(PEAK / peak), np.float32) if peak > 0 else sound


def _drawn(most: float, generator: np.random.Generator) -> float:
    return float(np.exp(generator.uniform(-most, most)))


def _rhythm(frames: int, generator: np.random.Generator) -> Floats:
    """Where in the speech each new frame is: stretches of a sound's length pass faster or slower, each by itself."""
    speed = _drawn(_TEMPO, generator)
    paces = []
    covered = 0.0
    while covered < frames:
        length = int(generator.uniform(*_STRETCH_SECONDS) * FRAMES_A_SECOND)
        pace = speed * _drawn(_RHYTHM, generator)
        paces += [pace] * max(1, round(length / pace))
        covered += length
    places = np.cumsum(paces) - paces[0]
    return np.asarray(places[places <= frames - 1]) if frames > 1 else np.zeros(1)


def _melody(spoken: Spoken, tempo: Floats, tones: Sequence[int], generator: np.random.Generator) -> Floats:
    """Another melody for the new frames: the speech's own about another middle, wider or narrower, and falling."""
    own = np.log(np.maximum(spoken.pitch, 1.0))
    voiced = spoken.voicing > 0.5
    if not voiced.any():
        return np.full(len(tempo), 120.0)
    middle = float(np.median(own[voiced]))
    wanted = generator.uniform(*np.log(_PITCH))
    wanted = float(np.clip(wanted, middle - np.log(_MOST_BEND), middle + np.log(_MOST_BEND)))
    if tones:
        contour = _sung(spoken, tones) * generator.uniform(*_RANGE)
        fall = generator.uniform(-0.2, 0.05) * (np.linspace(0, 1, len(tempo)) - 0.5)
        return np.asarray(np.clip(np.exp(wanted + np.interp(tempo, np.arange(len(own)), contour) + fall), 55, 450))
    width = 0.0 if generator.uniform() < _MONOTONE else generator.uniform(0.3, 1.5)
    time = np.linspace(0, 1, len(tempo))
    shift = np.interp(tempo, np.arange(len(own)), own) - middle
    bumps = np.interp(time, np.linspace(0, 1, 4), generator.normal(0, 0.06, 4)) if width else 0.0
    fall = generator.uniform(-0.25, 0.1) * (time - 0.5)
    return np.asarray(np.clip(np.exp(wanted + width * np.clip(shift, -0.5, 0.5) + bumps + fall), 55, 450))


def _sung(spoken: Spoken, tones: Sequence[int]) -> Floats:
    """``[n]``, -1 to 1: the tones over the syllables, of which each has about the same part of what is voiced, from one
    fall of loudness to the next."""
    voiced = np.flatnonzero(spoken.voicing > 0.5)
    begin, end = int(voiced[0]), int(voiced[-1]) + 1
    edges = [begin]
    part = (end - begin) / len(tones)
    for number in range(1, len(tones)):
        low, high = round(begin + (number - 0.25) * part), round(begin + (number + 0.25) * part) + 1
        edges.append(low + int(np.argmin(spoken.cepstra[low:high, 0])))
    edges.append(end)
    places: list[float] = []
    heights: list[float] = []
    for number, tone in enumerate(tones):
        shape = _LAST_THIRD if tone == 3 and number == len(tones) - 1 else _TONES[tone]
        length = edges[number + 1] - edges[number]
        places += [edges[number] + share * length for share in (0.15, 0.5, 0.95)]
        heights += shape
    return np.interp(np.arange(len(spoken.pitch)), places, heights)


def _body(generator: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """A vocal tract of another size, whose resonances move by factors of their own."""
    size = _drawn(_SIZE, generator)
    return tuple((place, place * size * _drawn(_PART, generator)) for place in _PLACES)


def _breath(generator: np.random.Generator) -> float:
    if generator.uniform() < _WHISPER:
        return float(generator.uniform(0.85, 1.0))
    return float(generator.uniform(0, 0.3) * (generator.uniform() < 0.6))
