"""Packed sound (MP3, FLAC, Ogg Vorbis) as WAV, by miniaudio where it is installed (the extra ``sound``)."""

import importlib
import io
import wave
from typing import Any

from device_runtime.capability.registry import CapabilityError

RATE = 44_100
CHANNELS = 2
MAX_PCM_BYTES = 64 * 1024 * 1024
"""About six minutes."""
_FRAMES = 65_536


def is_wav(content: bytes) -> bool:
    """Is this a WAV file?"""
    return content[:4] == b"RIFF" and content[8:12] == b"WAVE"


def as_wav(content: bytes) -> bytes:
    """The same sound as a WAV file. It takes a while: call it in a thread.

    Raises:
        CapabilityError: it is no sound that this board can read, or too long.
    """
    if is_wav(content):
        return content
    try:
        library: Any = importlib.import_module("miniaudio")
    except ImportError as error:
        raise CapabilityError(
            "the sound is no WAV file, which is what this board plays; convert it with: sox in.mp3 -b 16 out.wav"
        ) from error
    pcm = bytearray()
    try:
        for piece in library.stream_memory(content, nchannels=CHANNELS, sample_rate=RATE, frames_to_read=_FRAMES):
            pcm += piece.tobytes()
            if len(pcm) > MAX_PCM_BYTES:
                raise CapabilityError(f"the sound is longer than {MAX_PCM_BYTES // (RATE * CHANNELS * 2)} s")
    except library.DecodeError as error:
        raise CapabilityError(
            "the sound is neither WAV nor MP3, FLAC or Ogg Vorbis, which is what this board plays"
        ) from error
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(CHANNELS)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(pcm))
    return out.getvalue()
