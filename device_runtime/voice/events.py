"""What the voice pipeline tells its listener. ``time`` is seconds of ``time.monotonic()`` on the host."""

from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeAlias

from device_runtime.voice.grammar import Match


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing is going on; the wake word is listened for."""

    stage: ClassVar[str] = "idle"
    time: float


@dataclass(frozen=True, slots=True)
class Woken:
    """The wake word ``phrase`` was heard, with the mean ``probability`` of its window."""

    stage: ClassVar[str] = "wake"
    time: float
    phrase: str
    probability: float


@dataclass(frozen=True, slots=True)
class Listening:
    """A request is expected now."""

    stage: ClassVar[str] = "listening"
    time: float


@dataclass(frozen=True, slots=True)
class Recognised:
    """A request of the grammar was heard. ``confidence`` is 0 to 1; ``delay`` is seconds from the last voice to now."""

    stage: ClassVar[str] = "recognised"
    time: float
    match: Match
    confidence: float
    delay: float


@dataclass(frozen=True, slots=True)
class Rejected:
    """Nothing was understood. ``reason`` is a sentence; ``heard`` is the nearest request, or empty."""

    stage: ClassVar[str] = "rejected"
    time: float
    reason: str
    heard: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Answering:
    """The device speaks for ``seconds`` and does not listen meanwhile."""

    stage: ClassVar[str] = "answer"
    time: float
    seconds: float


@dataclass(frozen=True, slots=True)
class VoiceWarning:
    """Something that a person should know: a word without a pronunciation, sound lost, the voice process restarted."""

    stage: ClassVar[str] = "warning"
    time: float
    text: str


VoiceEvent: TypeAlias = Idle | Woken | Listening | Recognised | Rejected | Answering | VoiceWarning


class VoiceListener(Protocol):
    """Who is told; always called on the event loop on which the pipeline was started."""

    def on_voice(self, event: VoiceEvent) -> None:
        """One event, in order."""
