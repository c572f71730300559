"""``speak``: a program says a sentence aloud; ``speech.synthesize``: it gets one as a file, to play it later."""

import array
import asyncio
import io
import re
import sys
import wave
from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from device_runtime.capability.arguments import number, refuse, text
from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.registry import Caller, Capability
from device_runtime.values import Value

MAX_CHARACTERS = 500

Synthesiser: TypeAlias = Callable[[str, str, int, int], bytes]
"""Text, language (``zh``, or empty for the board's own), words a minute and pitch (0 to 100) to a WAV file. Blocks, and
raises ``CygnetError``."""
_CHINESE = re.compile("[\u3400-\u9fff]")
_RATE, _RATE_STEP = 165, 20
_PITCH, _PITCH_STEP = 50, 10
_MIDDLE = 5


class Speaker(Protocol):
    """The board's voice."""

    async def say(self, app_id: str, text: str) -> None:
        """Say ``text`` for a program; returns when it is accepted for speaking, and raises ``CygnetError`` if not."""
        ...


def speech_capability(speaker: Speaker) -> Capability:
    """``speak {text}``: 1 to ``MAX_CHARACTERS`` characters; control characters are dropped."""

    async def speak(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        await speaker.say(caller.app_id, _words(arguments))
        return None

    return Capability("speak", speak)


def synthesis_capability(synthesise: Synthesiser, files: ProgramFiles) -> Capability:
    """``speech.synthesize {text, speed?, pitch?, volume?}`` -> ``{filePath}``: a WAV file that lasts as long as the
    program runs. ``speed``, ``pitch`` and ``volume`` are 0 to 9, and 5 is as the board speaks."""

    async def synthesize(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        words = _words(arguments)
        rate = _RATE + round((number(arguments, "speed", 0, 9, _MIDDLE) - _MIDDLE) * _RATE_STEP)
        pitch = _PITCH + round((number(arguments, "pitch", 0, 9, _MIDDLE) - _MIDDLE) * _PITCH_STEP)
        volume = number(arguments, "volume", 0, 9, _MIDDLE) / _MIDDLE
        language = "zh" if _CHINESE.search(words) else ""
        spoken = await asyncio.to_thread(synthesise, words, language, rate, pitch)
        if volume != 1:
            spoken = await asyncio.to_thread(_louder, spoken, volume)
        return {"filePath": await files.add_temporary(caller, spoken, ".wav")}

    return Capability("speech.synthesize", synthesize)


def _words(arguments: Mapping[str, Value]) -> str:
    words = text(arguments, "text", MAX_CHARACTERS)
    spoken = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    if not spoken:
        raise refuse("text must hold something to say")
    return spoken


def _louder(wav: bytes, volume: float) -> bytes:
    """The same 16-bit sound, so many times as loud, and no louder than a sample can be."""
    with wave.open(io.BytesIO(wav), "rb") as file:
        form, frames = file.getparams(), file.readframes(file.getnframes())
    samples = array.array("h", frames)
    if sys.byteorder == "big":
        samples.byteswap()
    samples = array.array("h", (max(-32_768, min(32_767, int(sample * volume))) for sample in samples))
    if sys.byteorder == "big":
        samples.byteswap()
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams(form)
        file.writeframes(samples.tobytes())
    return out.getvalue()
