"""Spoken requests for tests: synthesised in memory, with the noise of a quiet room around them."""

from functools import cache

import numpy as np

from device_runtime.voice.speech import Speech, resample

RATE = 16000


@cache
def spoken(text: str, voice: str = "en-us", before: float = 0.5, after: float = 1.2) -> bytes:
    """``text`` as 16 kHz mono int16 samples, ``before`` and ``after`` seconds of room around it."""
    speech = Speech(voice)
    sound = np.frombuffer(resample(speech.samples(text), speech.sample_rate, RATE), np.int16).astype(np.float64)
    sound = np.concatenate([np.zeros(int(before * RATE)), sound, np.zeros(int(after * RATE))])
    sound += np.random.default_rng(3).normal(0, 20, len(sound))
    return np.clip(sound, -32768, 32767).astype("<i2").tobytes()


def silence(seconds: float) -> bytes:
    """A quiet room."""
    noise = np.random.default_rng(4).normal(0, 20, int(seconds * RATE))
    return noise.astype("<i2").tobytes()


def pieces(pcm: bytes, size: int = 1024) -> list[bytes]:
    """``pcm`` in chunks of ``size`` bytes."""
    return [pcm[start : start + size] for start in range(0, len(pcm), size)]
