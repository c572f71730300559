"""The whole of a wake word, features included: seconds of CPU time for a second of sound, ours and pymicro-wakeword's
own loop in turns."""

import time
from collections.abc import Callable

from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

from benchmarks import voice_corpus as corpus
from device_runtime.inference.store import ModelStore
from device_runtime.voice.wake import WakeWord

MODELS = ("okay_nabu", "alexa", "hey_jarvis", "hey_mycroft")
_CHUNK_BYTES = 640  # 20 ms, as sound cards give it


def speech(seconds: float) -> bytes:
    """Speech of several voices, 16 kHz mono int16, in a quiet room."""
    texts = [*corpus.TEST_OUTSIDE, *corpus.TEST_COMMANDS]
    pcm = b""
    while len(pcm) < seconds * 2 * corpus.RATE:
        for text in texts:
            pcm += corpus.in_room(corpus.speak("flite", "slt", text), "quiet", 12)
            if len(pcm) >= seconds * 2 * corpus.RATE:
                break
    return pcm[: int(seconds * corpus.RATE) * 2]


def ours(name: str) -> Callable[[bytes], int]:
    """Feeds our wake word; how often it woke."""
    store = ModelStore()
    wake = WakeWord(store, store.card(name))
    return lambda pcm: len(wake.feed(pcm))


def theirs(name: str) -> Callable[[bytes], int]:
    """Feeds pymicro-wakeword, as its documentation shows."""
    wake, features = MicroWakeWord.from_builtin(Model(name)), MicroWakeWordFeatures()
    return lambda pcm: sum(bool(wake.process_streaming(row)) for row in features.process_streaming(pcm))


def cpu_share(feed: Callable[[bytes], int], pcm: bytes) -> float:
    """Seconds of CPU time for a second of sound."""
    begun = time.process_time()
    for start in range(0, len(pcm), _CHUNK_BYTES):
        feed(pcm[start : start + _CHUNK_BYTES])
    return (time.process_time() - begun) / (len(pcm) / 2 / corpus.RATE)
