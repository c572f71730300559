"""What every synthesiser of the lab offers, and what all of them share."""

import shutil
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from device_runtime.voice.speech import resample
from firmware_tools.training.dataset import DatasetError

RATE = 16000
"""Hz: of all sound in the lab."""
PEAK = 0.5
"""Of an utterance: levels are set later, with the scenario."""
_FRAME = RATE // 100
_SILENT = 10 ** (-45 / 20)
"""Below the loudest 10 ms by 45 dB is silence: below every consonant of these voices, above their noise."""
MARGIN = _FRAME * 2

Sound = NDArray[np.float32]
"""16 kHz mono, -1 to 1."""


class SynthesisError(DatasetError):
    """A synthesiser is missing or failed; the message says which one and what to install."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How something is said: factors on the voice's own tempo and pitch, 0.5 to 2."""

    tempo: float = 1.0
    pitch: float = 1.0

    def __post_init__(self) -> None:
        for name in ("tempo", "pitch"):
            if not 0.5 <= getattr(self, name) <= 2.0:
                raise SynthesisError(f"a voice's {name} is changed by 0.5 to 2, not by {getattr(self, name)!r}")


class Synthesiser(Protocol):
    """One make of voices. ``say`` gives the same sound for the same arguments in every process."""

    name: str
    licence: str
    """Of the program and of its voices."""
    bends_pitch: bool
    """Whether it follows ``Manner.pitch`` itself."""

    def version(self) -> str:
        """What changes when its sound may: versions of program and voices.

        Raises:
            SynthesisError: it is not installed.
        """

    def voices(self, language: str) -> tuple[str, ...]:
        """Its voices of a language (``en``, ``cmn``); none where it does not speak it."""

    def speaker(self, voice: str) -> str:
        """Whose voice it is. Two synthesisers made from one person's recordings give the same name."""

    def say(self, text: str, voice: str, manner: Manner = Manner()) -> Sound:
        """``text`` spoken, without the silence around it, its peak at ``PEAK``.

        Raises:
            SynthesisError: it is not installed, has no such voice, or failed.
        """


def tidy(pcm: bytes, rate: int, what: str) -> Sound:
    """Mono int16 sound as ``Synthesiser.say`` gives it: 16 kHz, silence around it cut away, at one level.

    Raises:
        SynthesisError: there is nothing to hear; ``what`` says whose fault that is.
    """
    sound = np.frombuffer(resample(pcm, rate, RATE), "<i2").astype(np.float32) / np.float32(32768)
    frames = len(sound) // _FRAME
    levels = np.sqrt(np.mean(sound[: frames * _FRAME].reshape(frames, _FRAME) ** 2, axis=1)) if frames else np.zeros(0)
    if not levels.any():
        raise SynthesisError(f"{what} gave no sound")
    loud = np.flatnonzero(levels > levels.max() * _SILENT)
    begin, end = max(0, int(loud[0]) * _FRAME - MARGIN), (int(loud[-1]) + 1) * _FRAME + MARGIN
    sound = sound[begin:end]
    return np.asarray(sound * np.float32(PEAK / float(np.abs(sound).max())), np.float32)


def int16(sound: NDArray[np.floating]) -> bytes:
    """Real samples, -1 to 1, as ``tidy`` takes them."""
    return bytes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


def find_program(program: str, make: str, install: str) -> str:
    """The path of a program.

    Raises:
        SynthesisError: it is not installed.
    """
    path = shutil.which(program)
    if path is None:
        raise SynthesisError(f"the voices of {make} need the program {program}, which is not installed; run: {install}")
    return path
