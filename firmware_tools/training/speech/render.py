"""Examples to sound and features, and sound in which nothing is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_runtime.inference.features import CHANNELS, MicroFeatures
from firmware_tools.training.augment import CODECS, Augmentation, another_speaker, through_codec
from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.rooms import reverberate
from firmware_tools.training.scenarios import SCENARIOS, mix
from firmware_tools.training.speech.banks import Bank
from firmware_tools.training.speech.options import SpeechOptions
from firmware_tools.training.speech.plan import SPLITS, Example, Voice
from firmware_tools.training.speech.spoken import Say, say_anew
from firmware_tools.training.synthesis import RATE, Manner
from firmware_tools.training.synthesis.mandarin import TONAL, is_mandarin, tones
from firmware_tools.training.synthesis.synthesiser import int16

_STEP = RATE // 100
_WINDOW = RATE * 3 // 100
_BEFORE = (1.0, 1.6)
"""Seconds of noise before the window: the front end's estimate of noise has settled by then."""
_MARGIN = _STEP * 3
_LEVEL, _TEST_LEVEL = (-42.0, -16.0), -28.0
"""dB below full scale: the power of speech in the front end's band."""
_INSIDE = (0.05, 0.4)
"""Of a command that is cut: how much of it the window has."""
_ENDS = 0.5
"""Of the commands that are cut: those of which the window has the end."""
_NO_AUGMENTATION = Augmentation()


@dataclass(frozen=True, slots=True)
class Rendered:
    """``features`` ``[rows, 40]`` float32 as the front end gives them; ``pcm``: the sound that they are the end of."""

    features: NDArray[np.float32]
    pcm: bytes


def window_samples(rows: int) -> int:
    """Samples that so many rows of features are made of."""
    return (rows - 1) * _STEP + _WINDOW


def render(example: Example, options: SpeechOptions, bank: Bank, seed: int, say: Say = say_anew) -> Rendered:
    """The sound and the features of one example; the same arguments give the same bytes.

    Raises:
        SynthesisError: it cannot be spoken.
        DatasetError: a library is missing.
    """
    generator = np.random.default_rng([seed, SPLITS.index(example.split), 4, example.number])
    training = example.split == "train"
    settings = options.augment if training else _NO_AUGMENTATION
    scenario = SCENARIOS[example.scenario]
    window = window_samples(options.rows)
    before = int(generator.uniform(*_BEFORE) * RATE) // _STEP * _STEP
    kind = scenario.noises[int(generator.integers(len(scenario.noises)))]
    level = generator.uniform(*_LEVEL) if training else _TEST_LEVEL
    if example.voice is None:
        sound = bank.noise(kind, before + window, generator)
        ratio = generator.uniform(*scenario.train) if training else generator.choice(scenario.test)
        decibels = level - ratio
    else:
        said = say(example.text, example.voice, example.manner)
        said = another_speaker(said, settings, generator, _lost_tones(example.text, example.voice))
        begin = before + _place(len(said), window, example, generator)
        said = reverberate(said, bank.room(scenario.place, generator))
        if begin < 0:
            said, begin = said[-begin:], 0
        noise = bank.noise(kind, max(before + window, begin + len(said)), generator)
        sound = mix(said, noise, begin, example.snr)[: before + window]
        decibels = level - example.snr
    if settings.equalise:  # the noise comes through the same microphone
        sound = another_speaker(sound, Augmentation(equalise=settings.equalise / 2), generator)
    sound = sound * np.float32(np.sqrt(10 ** (decibels / 10)))
    if settings.codec and generator.uniform() < settings.codec:
        sound = through_codec(sound, CODECS[int(generator.integers(len(CODECS)))])
    pcm = int16(sound)
    return Rendered(features_of(pcm)[-options.rows :], pcm)


def _lost_tones(text: str, voice: Voice) -> tuple[int, ...]:
    """The tones of Mandarin that a voice without Mandarin does not say; () where none are lost."""
    return tones(text) if is_mandarin(text) and voice.make not in TONAL else ()


def _place(length: int, window: int, example: Example, generator: np.random.Generator) -> int:
    """Where in the window an utterance begins: all of it inside, with a little room where there is any. A piece
    covers the window; what is longer than it is cut at both ends. What is cut has too little inside to be told."""
    if example.cut:
        inside = int(length * generator.uniform(*_INSIDE))
        return inside - length if generator.uniform() < _ENDS else window - inside
    if example.piece:
        return -int(generator.integers(0, max(1, length - window // 2)))
    spare = window - length
    if spare < 2 * _MARGIN:
        return spare // 2
    return int(generator.integers(_MARGIN, spare - _MARGIN + 1))


def features_of(pcm: bytes) -> NDArray[np.float32]:
    """``[rows, 40]`` of a sound from its beginning, by the device's own front end.

    Raises:
        DatasetError: the sound is shorter than a window.
    """
    rows = list(MicroFeatures().feed(pcm))
    if not rows:
        raise DatasetError(f"a sound of {len(pcm) // 2} samples is too short for the front end")
    return np.asarray(rows, np.float32).reshape(-1, CHANNELS)


def render_background(
    number: int,
    options: SpeechOptions,
    voices: Sequence[Voice],
    bank: Bank,
    seed: int,
    seconds: int,
    say: Say = say_anew,
) -> bytes:
    """Sound in which no command is said, as int16 samples: sentences of the test's voices, one scenario a file, and
    noise alone in every fourth."""
    generator = np.random.default_rng([seed, 9, number])
    scenario = SCENARIOS[options.scenarios[number % len(options.scenarios)]]
    kind = scenario.noises[int(generator.integers(len(scenario.noises)))]
    total = seconds * RATE
    sound = bank.noise(kind, total, generator)
    snr = float(generator.choice(scenario.test))
    place = int(generator.integers(RATE // 2, RATE))
    while number % 4 != 3:
        voice = voices[int(generator.integers(len(voices)))]
        text = options.test_talk[int(generator.integers(len(options.test_talk)))]
        said = reverberate(say(text, voice, Manner()), bank.room(scenario.place, generator))
        if place + len(said) > total:
            break
        sound = mix(said, sound, place, snr)
        place += len(said) + int(generator.integers(RATE // 5, RATE * 3 // 2))
    return int16(sound * np.float32(np.sqrt(10 ** ((_TEST_LEVEL - snr) / 10))))
