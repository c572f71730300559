"""Other speakers and other channels out of one voice: what keeps a model from learning a synthesiser by heart.

All functions take and give 16 kHz sound of -1 to 1, draw from the generator that they are handed, and change nothing
else; the same generator gives the same result.
"""

import importlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_runtime.voice.speech import resample
from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.revoice import revoice
from firmware_tools.training.synthesis import RATE, Sound
from firmware_tools.training.synthesis.synthesiser import int16

_FRAME, _HOP = 512, 128
_QUEFRENCIES = 28
"""Of the cepstrum, at 16 kHz: below the period of every voice, so what is left is the vocal tract."""
_MOST_GAIN = 2.5
CODECS = ("mu-law", "narrow-band", "opus")


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How much of each; 0 is none. ``resample``, ``formants``: the largest change as a fraction; ``equalise``: dB;
    ``codec``: the share of examples that pass through one; ``revoice``: the share that is said anew by a voice drawn
    by chance (:mod:`firmware_tools.training.revoice`), to which ``resample`` and ``formants`` are not done.

    Raises:
        DatasetError: a number is out of its range.
    """

    resample: float = 0.0
    formants: float = 0.0
    equalise: float = 0.0
    codec: float = 0.0
    revoice: float = 0.0

    def __post_init__(self) -> None:
        for name, most in (("resample", 0.4), ("formants", 0.4), ("equalise", 20.0), ("codec", 1.0), ("revoice", 1.0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
                raise DatasetError(f"augment.{name} is a number from 0 to {most}, not {value!r}")


def another_speaker(
    sound: Sound, settings: Augmentation, generator: np.random.Generator, tones: Sequence[int] = ()
) -> Sound:
    """The same said by somebody of another size, in another pitch, through another microphone; with ``tones`` where it
    was said without them and is said anew."""
    if settings.revoice and generator.uniform() < settings.revoice:
        sound = revoice(sound, generator, tones)
    else:
        if settings.resample:
            sound = resize(sound, _factor(settings.resample, generator))
        if settings.formants:
            sound = warp_formants(sound, _factor(settings.formants, generator))
    if settings.equalise:
        sound = equalise(sound, settings.equalise, generator)
    return sound


def _factor(most: float, generator: np.random.Generator) -> float:
    return float(np.exp(generator.uniform(-1, 1) * np.log1p(most)))


def resize(sound: Sound, factor: float) -> Sound:
    """Pitch, formants and tempo times ``factor``, as from a record played faster."""
    if round(RATE * factor) == RATE:
        return sound
    pcm = resample(int16(sound), round(RATE * factor), RATE)
    return np.asarray(np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32767))


def warp_formants(sound: Sound, factor: float) -> Sound:
    """The vocal tract's resonances at ``factor`` times their frequencies, pitch and tempo as they were.

    The envelope of each short spectrum (cepstral smoothing; A. V. Oppenheim and R. W. Schafer) is replaced by itself,
    stretched: vocal tract length perturbation (N. Jaitly and G. Hinton, 2013) of the sound instead of its features.
    """
    if len(sound) < _FRAME:
        return sound
    window = np.hanning(_FRAME + 1)[:-1]
    padded = np.concatenate([np.zeros(_FRAME), sound.astype(np.float64), np.zeros(_FRAME)])
    count = (len(padded) - _FRAME) // _HOP + 1
    places = np.arange(count)[:, None] * _HOP + np.arange(_FRAME)
    spectra = np.fft.rfft(padded[places] * window)
    cepstra = np.fft.irfft(np.log(np.abs(spectra) + 1e-6))
    cepstra[:, _QUEFRENCIES : _FRAME - _QUEFRENCIES + 1] = 0
    envelopes = np.fft.rfft(cepstra).real
    bins = np.arange(envelopes.shape[1])
    source = np.clip(bins / factor, 0, bins[-1])
    below = np.minimum(source.astype(int), bins[-1] - 1)
    share = source - below
    stretched = envelopes[:, below] * (1 - share) + envelopes[:, below + 1] * share
    spectra *= np.exp(np.clip(stretched - envelopes, -_MOST_GAIN, _MOST_GAIN))
    result = np.zeros(len(padded))
    weight = np.full(len(padded), 1e-9)
    for frame, part in zip(places, np.fft.irfft(spectra) * window, strict=True):
        result[frame] += part
        weight[frame] += window**2
    return np.asarray((result / weight)[_FRAME : _FRAME + len(sound)], np.float32)


def equalise(sound: Sound, most: float, generator: np.random.Generator) -> Sound:
    """Gains of up to ``most`` dB either way over frequency, smoothly, as microphones and housings have them."""
    spectrum = np.fft.rfft(sound)
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    points = np.geomspace(80, 8000, 7)
    gains = generator.uniform(-most, most, len(points))
    decibels = np.interp(np.log(np.maximum(frequencies, 1.0)), np.log(points), gains)
    return np.asarray(np.fft.irfft(spectrum * 10 ** (decibels / 20), len(sound)), np.float32)


def through_codec(sound: Sound, codec: str) -> Sound:
    """As it comes out of a codec: ``mu-law`` (G.711's curve at 16 kHz), ``narrow-band`` (300 to 3400 Hz), ``opus``.

    Raises:
        DatasetError: there is no such codec, or a library is missing.
    """
    if codec == "mu-law":
        return _mu_law(sound)
    if codec == "narrow-band":
        spectrum = np.fft.rfft(sound)
        frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
        edge = 1 / (1 + np.exp(-(frequencies - 300) / 30)) / (1 + np.exp((frequencies - 3400) / 100))
        return np.asarray(np.fft.irfft(spectrum * edge, len(sound)), np.float32)
    if codec == "opus":
        return _opus(sound)
    raise DatasetError(f"there is no codec {codec!r}; there are {', '.join(CODECS)}")


def _mu_law(sound: NDArray[np.float32]) -> Sound:
    curved = np.sign(sound) * np.log1p(255 * np.minimum(np.abs(sound), 1)) / np.log(256)
    stored = np.round(curved * 127) / 127
    return np.asarray(np.sign(stored) * np.expm1(np.abs(stored) * np.log(256)) / 255, np.float32)


def _opus(sound: Sound) -> Sound:
    try:
        files: Any = importlib.import_module("soundfile")
    except (ImportError, OSError) as error:  # OSError: its C library is missing
        raise DatasetError(f"the codec opus needs soundfile: {error}; run: pip install 'cygnet[voices]'") from error
    packed = io.BytesIO()
    files.write(packed, sound, RATE, format="OGG", subtype="OPUS")
    packed.seek(0)
    heard, _ = files.read(packed, dtype="float32")
    heard = heard[: len(sound)]
    return np.asarray(np.pad(heard, (0, len(sound) - len(heard))), np.float32)
