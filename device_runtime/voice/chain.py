"""Wake word, end-pointing and recognition, one after the other, over one stream of sound.

Synchronous and without a clock: the same sound gives the same events. :mod:`device_runtime.voice.worker` runs it
in a process of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from device_runtime.voice.endpoint import (
    Endpointer,
    EndpointSettings,
    NoSpeech,
    SileroActivity,
    SpeechDropped,
    SpeechEnd,
    SpeechMore,
    SpeechStart,
)
from device_runtime.voice.recogniser import Hypothesis, Recogniser, Transition
from device_runtime.voice.wake import Wake, WakeWord

SAMPLE_RATE = 16000
_SLICE_BYTES = 1024  # the wake word may hand over to the endpointer after each slice


@dataclass(frozen=True, slots=True)
class Waiting:
    """The wake word is listened for."""


@dataclass(frozen=True, slots=True)
class Attentive:
    """A request is expected now."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A request ended; ``silence`` seconds of sound had passed since its last voice."""

    hypothesis: Hypothesis
    silence: float


@dataclass(frozen=True, slots=True)
class Unheard:
    """Nobody spoke before the timeout."""


ChainEvent: TypeAlias = Waiting | Wake | Attentive | Heard | Unheard


class Chain:
    """The whole way from sound to a hypothesis."""

    def __init__(
        self,
        wake: WakeWord,
        activity: SileroActivity,
        recogniser: Recogniser,
        settings: EndpointSettings | None = None,
    ) -> None:
        self._wake = wake
        self._activity = activity
        self._endpointer = Endpointer(activity, settings)
        self._recogniser = recogniser
        self._attentive = False

    def set_grammar(self, transitions: Sequence[Transition]) -> list[str]:
        """Listen for the sentences of :attr:`Grammar.transitions`; a warning for each word that is hard to listen for.

        A request that is being spoken is judged by it too.
        """
        return self._recogniser.set_grammar(transitions)

    def listen(self) -> list[ChainEvent]:
        """Expect a request now, without the wake word."""
        self._activity.reset()
        self._endpointer.reset()
        self._recogniser.abandon()
        self._attentive = True
        return [Attentive()]

    def reset(self) -> list[ChainEvent]:
        """Drop whatever is being said and wait for the wake word, as if no sound had come before."""
        self._recogniser.abandon()
        self._wake.reset()
        self._attentive = False
        return [Waiting()]

    def feed(self, pcm: bytes) -> list[ChainEvent]:
        """Take in 16 kHz mono int16 sound, any whole number of samples; what happened in it."""
        events: list[ChainEvent] = []
        for start in range(0, len(pcm), _SLICE_BYTES):
            piece = pcm[start : start + _SLICE_BYTES]
            events += self._request(piece) if self._attentive else self._wait(piece)
        return events

    def _wait(self, pcm: bytes) -> list[ChainEvent]:
        for wake in self._wake.feed(pcm):
            return [wake, *self.listen()]
        return []

    def _request(self, pcm: bytes) -> list[ChainEvent]:
        for event in self._endpointer.feed(pcm):
            match event:
                case SpeechStart():
                    self._recogniser.start()
                    self._recogniser.feed(event.pcm)
                case SpeechMore():
                    self._recogniser.feed(event.pcm)
                case SpeechDropped():
                    self._recogniser.abandon()
                case SpeechEnd():
                    return [Heard(self._recogniser.finish(), event.silence), *self.reset()]
                case NoSpeech():
                    return [Unheard(), *self.reset()]
        return []
