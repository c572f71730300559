"""espeak-ng: formant synthesis (and Klatt's) in over a hundred languages, with a hundred variants of each voice.

Licence: GPL-3.0-or-later, through the wheel of espeakng-loader. What it says is not under its licence.
"""

import importlib
import importlib.metadata
import math
from pathlib import Path
from typing import Any

from firmware_tools.training.synthesis.fresh_espeak import FreshEspeak
from firmware_tools.training.synthesis.synthesiser import Manner, Sound, SynthesisError, tidy

_INSTALL = "pip install 'cygnet[train]'"
_LANGUAGES = {"en": ("en-us", "en-gb-x-rp", "en-us", "en-gb-scotland", "en-us-nyc", "en"), "cmn": ("cmn",)}
# Not like a person, or not to be understood by one: robots, demons, and variants that are effects.
_NO_PERSON = ("robosoft", "UniRobot", "anikaRobot", "Demonic", "whisper", "croak", "Tweaky", "fast", "AnxiousAndy")
_WORDS_A_MINUTE = 165
_OCTAVE = 50.0
"""espeak's pitch goes from 0 to 100; 50 is the voice's own, and about an octave lies on either side."""


class Espeak:
    """espeak-ng. A voice is a language and a variant: ``en-us+f3``."""

    name = "espeak-ng"
    licence = "GPL-3.0-or-later"
    bends_pitch = True

    def __init__(self) -> None:
        self._library: FreshEspeak | None = None

    def version(self) -> str:
        self._data()
        return f"espeakng-loader {importlib.metadata.version('espeakng-loader')}"

    def voices(self, language: str) -> tuple[str, ...]:
        folder = self._data() / "voices" / "!v"
        variants = sorted(
            path.name for path in folder.iterdir() if not path.name.startswith(_NO_PERSON) and not _breathes(path)
        )
        accents = _LANGUAGES.get(language, ())
        # One accent a variant in turn: a hundred speakers, not five hundred.
        return tuple(f"{accents[place % len(accents)]}+{variant}" for place, variant in enumerate(variants) if accents)

    def speaker(self, voice: str) -> str:
        return f"espeak-ng {voice.partition('+')[2] or voice}"

    def say(self, text: str, voice: str, manner: Manner = Manner()) -> Sound:
        if self._library is None:
            self._library = FreshEspeak(self._loader().get_library_path(), str(self._data()))
        pitch = min(max(round(50 + _OCTAVE * math.log2(manner.pitch)), 0), 99)
        pcm, rate = self._library.say(text, voice, round(_WORDS_A_MINUTE * manner.tempo), pitch)
        return tidy(pcm, rate, f"espeak-ng, saying {text!r} as {voice},")

    def _data(self) -> Path:
        return Path(self._loader().get_data_path())

    @staticmethod
    def _loader() -> Any:
        try:
            return importlib.import_module("espeakng_loader")
        except ImportError as error:
            raise SynthesisError(f"the voices of espeak-ng need espeakng-loader; run: {_INSTALL}") from error


def _breathes(variant: Path) -> bool:
    """Whether a variant breathes: that filter of espeak-ng 1.52 starts from memory that nothing has set, so that the
    same text sounds another way each time."""
    lines = variant.read_text(encoding="utf-8", errors="replace").splitlines()
    return any(line.split()[:1] == ["breath"] for line in lines)
