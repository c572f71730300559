"""Pico: SVOX's small synthesiser with hidden Markov models, the one that early Androids spoke with, by its two women of
English; and by those of other languages, who say Mandarin with their accent.

Licence: Apache-2.0, voices included. The wheel of py-nanotts carries all of it.
"""

import base64
import binascii
import importlib.metadata
import json
import sys
from pathlib import Path

from firmware_tools.training.synthesis.conversation import Conversation
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
    """The voices of py-nanotts, in a process that is kept running."""

    name = "pico"
    licence = "Apache-2.0"
    bends_pitch = True

    def __init__(self) -> None:
        self._program: Conversation | None = None

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
        if self._program is None or not self._program.usable:
            self.version()
            script = Path(__file__).with_name("pico_speaker.py")
            self._program = Conversation(self.name, [sys.executable, "-P", str(script)])
        asked = {"text": said, "voice": voice, "tempo": manner.tempo, "pitch": manner.pitch}
        answer = self._program.ask(json.dumps(asked))
        try:
            pcm = base64.b64decode(answer, validate=True)
        except binascii.Error as error:
            reason = answer[:300].decode(errors="replace").removeprefix("error: ")
            raise SynthesisError(f"pico cannot say {text!r} as {voice}: {reason}") from error
        return tidy(pcm, RATE, f"pico, saying {text!r} as {voice},")
