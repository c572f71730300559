"""What was spoken, kept: where one utterance is in many examples, nobody says it twice, in this process or another."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from firmware_tools.training.speech.plan import Voice
from firmware_tools.training.synthesis import Manner, Sound, find_synthesiser

Say = Callable[[str, Voice, Manner], Sound]
_IN_MEMORY = 4096


def say_anew(text: str, voice: Voice, manner: Manner) -> Sound:
    """``text`` by ``voice``.

    Raises:
        SynthesisError: it cannot be spoken.
    """
    return find_synthesiser(voice.make).say(text, voice.name, manner)


def kept_in(folder: Path | None) -> Say:
    """As :func:`say_anew`, but what was said before is taken from memory, and with a ``folder`` from its files."""

    @lru_cache(maxsize=_IN_MEMORY)
    def say(text: str, voice: Voice, manner: Manner) -> Sound:
        if folder is None:
            return say_anew(text, voice, manner)
        name = hashlib.sha256(f"{voice.make} {voice.name} {manner} {text}".encode()).hexdigest()[:24]
        path = folder / f"{name}.f32"
        with contextlib.suppress(OSError):
            content = path.read_bytes()
            if content and len(content) % 4 == 0:  # a power cut can leave a file of nothing
                return np.frombuffer(content, "<f4").astype(np.float32)
        sound = say_anew(text, voice, manner)
        part = path.with_suffix(f".{os.getpid()}.part")
        with contextlib.suppress(OSError):  # a full disk is said where the data set itself is written
            folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(sound.astype("<f4").tobytes())
            part.replace(path)
        return sound

    return say
