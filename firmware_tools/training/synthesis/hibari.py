"""Hibari: a small neural synthesiser (distilled from Kokoro-82M's voice ``heart``) whose wheel carries the voice.

Licence: Apache-2.0. Its other voices would be downloaded, so they are not used.
"""

import importlib
import importlib.metadata
import zlib
from typing import Any

import numpy as np

from firmware_tools.training.synthesis.synthesiser import Manner, Sound, SynthesisError, int16, tidy

_INSTALL = "pip install 'cygnet[train]'"
_RATE = 24000
_VOICES = {"heart": "Kokoro heart"}


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
        return tuple(_VOICES) if language == "en" else ()

    def speaker(self, voice: str) -> str:
        return _VOICES[voice]

    def say(self, text: str, voice: str, manner: Manner = Manner()) -> Sound:
        if voice not in _VOICES:
            raise SynthesisError(f"hibari is used with the voice {', '.join(_VOICES)}, not with {voice!r}")
        if self._speak is None:
            self.version()
            try:
                self._speak = importlib.import_module("hibari").Hibari(threads=1)
            except ImportError as error:
                raise SynthesisError(f"hibari does not load: {error}; run: {_INSTALL}") from error
        sound = self._speak(text, speed=manner.tempo, seed=zlib.crc32(text.encode()))
        return tidy(int16(np.asarray(sound, np.float32)), _RATE, f"hibari, saying {text!r},")
