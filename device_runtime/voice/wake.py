"""The wake word: one model that hears, and what it is listening for."""

from dataclasses import dataclass
from typing import Protocol

from device_runtime.inference.backend import Backend, Model
from device_runtime.inference.card import ModelCard
from device_runtime.inference.listening import SoundClassifier
from device_runtime.inference.sounds import sound_settings
from device_runtime.inference.store import ModelError

WAKE_TASK = "wake-word"


@dataclass(frozen=True, slots=True)
class Wake:
    """The wake word was heard; ``seconds`` since the first sample, ``probability`` the mean over the window."""

    phrase: str
    seconds: float
    probability: float


class Models(Protocol):
    """Where the model of a wake word comes from; :class:`~device_runtime.inference.store.ModelStore` is one."""

    def load(self, card: ModelCard, backend: Backend | None = None) -> Model: ...


class WakeWord:
    """Listens for one wake word in a stream of 16 kHz mono int16 sound.

    Raises:
        ModelError: the model is missing, is not what its card says, or takes no feature rows; or the extra ``voice``
            is not installed.
        CardError: the card lacks ``phrase``, ``cutoff``, ``window`` or ``refractory_seconds``.
    """

    def __init__(self, models: "Models", card: ModelCard, backend: Backend | None = None) -> None:
        if card.task != WAKE_TASK:
            raise ModelError(f"{card.path}: the task is {card.task!r}; a wake word needs {WAKE_TASK!r}")
        self.phrase = card.text("phrase")
        self._sounds = SoundClassifier(models.load(card, backend), sound_settings(card))

    def feed(self, pcm: bytes) -> list[Wake]:
        """Take in sound, any number of bytes; every time the wake word ended in it, seldom more than one."""
        return [Wake(self.phrase, heard.seconds, heard.probability) for heard in self._sounds.feed(pcm)]

    def reset(self) -> None:
        """Forget all sound so far: what follows is judged as if it came first. Time goes on."""
        self._sounds.reset()
