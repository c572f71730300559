"""Test sound made on demand: somebody speaks in a scenario, and a device hears it.

For models that others trained: they are judged in the scenarios in which the lab's own are.
"""

import io
import wave
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.noise import babble, make_noise
from firmware_tools.training.rooms import impulse_response, reverberate
from firmware_tools.training.scenarios import Scenario, mix
from firmware_tools.training.synthesis import MAKES, RATE, Sound, find_synthesiser
from firmware_tools.training.synthesis.synthesiser import int16

LEVEL = -28.0
"""dB below full scale: the power of speech in the front end's band, as in the lab's own test sets."""
_NOISES, _NOISE_SECONDS = 4, 12
_ROOMS = 8
_BABBLE_SENTENCES = 24

Voice = tuple[str, str]
"""A synthesiser's name and one of its voices."""


def read_voices(names: Sequence[str]) -> list[Voice]:
    """Voices as data sets name them: ``flite:slt``.

    Raises:
        DatasetError: there is none, or one is of no synthesiser that there is.
    """
    voices = [(make, voice) for make, _, voice in (name.partition(":") for name in names)]
    for make, voice in voices:
        if make not in MAKES or not voice:
            raise DatasetError(
                f"data.voices has {f'{make}:{voice}'!r}; expected one of {', '.join(MAKES)}, ':' and a voice"
            )
    if not voices:
        raise DatasetError("data.voices is empty; somebody must speak")
    return voices


def need_repeatable(voices: Sequence[Voice]) -> None:
    """See that voices say the same each time: some variants of espeak-ng breathe by chance, and none of the lab does.

    Raises:
        DatasetError: one does not.
        SynthesisError: a synthesiser is not installed.
    """
    for make, voice in voices:
        variant = voice.partition("+")[2]
        known = {name.partition("+")[2] for name in find_synthesiser(make).voices("en")} if variant else {variant}
        if variant not in known:
            raise DatasetError(
                f"data.voices has {f'{make}:{voice}'!r}, which is not there, or sounds another way each time; variants "
                f"that do not are {', '.join(sorted(known))}"
            )


def say(voice: Voice, text: str) -> Sound:
    """``text`` in a voice, without silence around it.

    Raises:
        SynthesisError: the voice is not there, or failed.
    """
    return find_synthesiser(voice[0]).say(text, voice[1])


class Stage:
    """Noises and rooms of one seed, each made when it is first needed; the same seed gives the same sound.

    ``voices`` and ``talk`` are what babble is made of.
    """

    def __init__(self, seed: int, voices: Sequence[Voice], talk: Sequence[str]) -> None:
        self._seed, self._voices, self._talk = seed, voices, talk
        self._noises: dict[str, list[Sound]] = {}
        self._rooms: dict[str, list[Sound]] = {}

    def hear(self, said: Sound, scenario: Scenario, snr: float, before: float, after: float, number: int) -> bytes:
        """``said`` in ``scenario``, so many dB above its noise, with so many seconds of noise around it; int16.

        ``number`` chooses noise and room. The echo of the last sound falls into what comes after.
        """
        generator = np.random.default_rng([self._seed, number])
        said = reverberate(said, self._room(scenario.place, generator))
        begin = int(before * RATE)
        samples = begin + len(said) + int(after * RATE)
        noise = self.noise(scenario.noises[int(generator.integers(len(scenario.noises)))], samples, generator)
        return finished(mix(said, noise, begin, snr), snr)

    def talking(
        self, scenario: Scenario, snr: float, samples: int, number: int, quiet: float = 0.2
    ) -> tuple[bytes, Sound]:
        """People saying sentences of ``talk`` one after the other in ``scenario``: int16, and the speech alone.

        ``quiet`` is the least pause between two, in seconds; the longest is six times as long.
        """
        generator = np.random.default_rng([self._seed, number])
        kind = scenario.noises[int(generator.integers(len(scenario.noises)))]
        sound = self.noise(kind, samples, generator)
        alone = np.zeros(samples, np.float32)
        place = int(generator.uniform(quiet, quiet * 6) * RATE)
        while True:
            voice = self._voices[int(generator.integers(len(self._voices)))]
            text = self._talk[int(generator.integers(len(self._talk)))]
            dry = say(voice, text)
            said = reverberate(dry, self._room(scenario.place, generator))
            if place + len(said) > samples:
                return finished(sound, snr), alone
            sound = mix(said, sound, place, snr)
            alone[place : place + len(dry)] += dry
            place += len(said) + int(generator.uniform(quiet, quiet * 6) * RATE)

    def only_noise(self, scenario: Scenario, snr: float, samples: int, number: int) -> bytes:
        """The scenario's noise as loud as it is under speech ``snr`` dB above it; int16."""
        generator = np.random.default_rng([self._seed, number])
        kind = scenario.noises[int(generator.integers(len(scenario.noises)))]
        return finished(self.noise(kind, samples, generator), snr)

    def noise(self, kind: str, samples: int, generator: np.random.Generator) -> Sound:
        """A stretch of one of the stage's noises, of power 1 in the band, repeated where it is too short."""
        if kind not in self._noises:
            own = np.random.default_rng([self._seed, *kind.encode()])
            length = _NOISE_SECONDS * RATE
            self._noises[kind] = [
                babble(length, self._sentences, int(own.integers(4, 9)), own)
                if kind == "babble"
                else make_noise(kind, length, own)
                for _ in range(_NOISES)
            ]
        among = self._noises[kind]
        chosen = among[int(generator.integers(len(among)))]
        start = int(generator.integers(len(chosen)))
        return np.asarray(np.take(chosen, np.arange(start, start + samples), mode="wrap"), np.float32)

    def _room(self, place: str, generator: np.random.Generator) -> Sound:
        if place not in self._rooms:
            own = np.random.default_rng([self._seed, *place.encode()])
            self._rooms[place] = [impulse_response(place, own) for _ in range(_ROOMS)]
        among = self._rooms[place]
        return among[int(generator.integers(len(among)))]

    @cached_property
    def _sentences(self) -> list[Sound]:
        own = np.random.default_rng([self._seed, 1])
        return [
            say(self._voices[int(own.integers(len(self._voices)))], self._talk[int(own.integers(len(self._talk)))])
            for _ in range(_BABBLE_SENTENCES)
        ]


def finished(sound: Sound, snr: float) -> bytes:
    """Sound whose noise has power 1 in the band, as int16 in which speech ``snr`` dB above it has :data:`LEVEL`."""
    return int16(sound * np.float32(np.sqrt(10 ** ((LEVEL - snr) / 10))))


def wav(pcm: bytes) -> bytes:
    """A WAV file of 16 kHz mono int16 samples."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm)
    return content.getvalue()
