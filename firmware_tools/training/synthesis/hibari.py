# ruff: noqa: RUF001  (the International Phonetic Alphabet looks like other letters on purpose)
"""Hibari: a small neural synthesiser (distilled from Kokoro-82M's voice ``heart``) whose wheel carries the voice.
Mandarin it says with an English accent.

Licence: Apache-2.0. Its other voices would be downloaded, so they are not used.
"""

import importlib
import importlib.metadata
import zlib
from typing import Any

import numpy as np

from device_runtime.voice.errors import VoiceError
from device_runtime.voice.speech import phonemes
from firmware_tools.training.synthesis.accents import AccentedVoices
from firmware_tools.training.synthesis.mandarin import ENGLISH, is_mandarin, sounds
from firmware_tools.training.synthesis.synthesiser import PLAIN, Manner, Sound, SynthesisError, int16, tidy

_INSTALL = "pip install 'cygnet[voices]'"
_RATE = 24000
_VOICES = AccentedVoices("hibari", {"heart": "Kokoro heart"})
_ONE_LETTER = {
    "dʒ": "ʤ", "tʃ": "ʧ", "aɪ": "I", "eɪ": "A", "aʊ": "W", "ʌʉ": "W", "oʊ": "O", "əʊ": "Q", "ɔɪ": "Y", "ː": "",
}  # fmt: skip
"""As Kokoro writes what the International Phonetic Alphabet writes with two."""


class Hibari:
    """The voice in the wheel of hibari-tts."""

    name = "hibari"
    licence = "Apache-2.0"
    bends_pitch = False

    def __init__(self) -> None:
        self._speak: Any = None

    def version(self) -> str:
        try:
            return f"hibari-tts {importlib.metadata.version('hibari-tts')}"
        except importlib.metadata.PackageNotFoundError as error:
            raise SynthesisError(f"the voice of hibari needs hibari-tts; run: {_INSTALL}") from error

    def voices(self, language: str) -> tuple[str, ...]:
        return _VOICES.names(language)

    def speaker(self, voice: str) -> str:
        return _VOICES.speaker(voice)

    def say(self, text: str, voice: str, manner: Manner = PLAIN) -> Sound:
        accent = _VOICES.accent(voice)
        if self._speak is None:
            self.version()
            try:
                self._speak = importlib.import_module("hibari").Hibari(threads=1)
            except ImportError as error:
                raise SynthesisError(f"hibari does not load: {error}; run: {_INSTALL}") from error
        seed = zlib.crc32(text.encode())
        if is_mandarin(text):
            sound = self._speak.from_phonemes(_mandarin(text), speed=manner.tempo, seed=seed)
        elif accent:
            sound = self._speak.from_phonemes(_accented(text, accent), speed=manner.tempo, seed=seed)
        else:
            sound = self._speak(text, speed=manner.tempo, seed=seed)
        return tidy(int16(np.asarray(sound, np.float32)), _RATE, f"hibari, saying {text!r},")


def _mandarin(text: str) -> str:
    return _lettered("".join("ˈ" + "".join(syllable) for syllable in sounds(text, ENGLISH)))


def _accented(text: str, accent: str) -> str:
    try:
        return _lettered(phonemes(text, accent))
    except VoiceError as error:
        raise SynthesisError(f"hibari needs espeak-ng's phonemes of {text!r}: {error}") from error


def _lettered(spoken: str) -> str:
    for two, one in _ONE_LETTER.items():
        spoken = spoken.replace(two, one)
    return spoken
