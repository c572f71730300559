"""The wake word: a streaming int8 model over a sliding window of its own probabilities.

Source: microWakeWord (Kevin Ahrendt), https://github.com/kahrendt/microWakeWord: the mean of the last ``window``
probabilities must rise above ``cutoff``; both come from the model's card.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from device_runtime.inference.backend import Backend
from device_runtime.inference.card import ModelCard
from device_runtime.inference.features import CHANNELS, STEP_SECONDS, MicroFeatures
from device_runtime.inference.store import ModelError, ModelStore

WAKE_TASK = "wake-word"


@dataclass(frozen=True, slots=True)
class Wake:
    """The wake word was heard; ``seconds`` since the first sample, ``probability`` the mean over the window."""

    phrase: str
    seconds: float
    probability: float


class WakeWord:
    """Listens for one wake word in a stream of 16 kHz mono int16 sound.

    Raises:
        ModelError: the model is missing, is not what its card says, or takes no feature rows; or the extra ``voice``
            is not installed.
        CardError: the card lacks ``phrase``, ``cutoff``, ``window`` or ``refractory_seconds``.
    """

    def __init__(self, store: ModelStore, card: ModelCard, backend: Backend | None = None) -> None:
        if card.task != WAKE_TASK:
            raise ModelError(f"{card.path}: the task is {card.task!r}; a wake word needs {WAKE_TASK!r}")
        self.phrase = card.text("phrase")
        self._cutoff = card.number("cutoff")
        self._window = int(card.number("window"))
        self._refractory = card.number("refractory_seconds")
        self._model = store.load(card, backend)
        self._input, self._output = self._model.inputs[0], self._model.outputs[0]
        if len(self._input.shape) != 3 or self._input.shape[0] != 1 or self._input.shape[2] != CHANNELS:
            raise ModelError(
                f"{card.path}: a wake word's input is [1, rows, {CHANNELS}], not {list(self._input.shape)}"
            )
        self._rows_a_call = self._input.shape[1]
        self._features = MicroFeatures()
        self._steps = 0
        self._start()

    def _start(self) -> None:
        self._rows: list[list[float]] = []
        self._probabilities: deque[float] = deque(maxlen=self._window)
        self._deaf_until = 0.0

    def feed(self, pcm: bytes) -> list[Wake]:
        """Take in sound, any number of bytes; every time the wake word ended in it, seldom more than one."""
        heard = []
        for row in self._features.feed(pcm):
            self._steps += 1
            self._rows.append(row)
            if len(self._rows) < self._rows_a_call:
                continue
            stored = self._input.quantize(np.array([self._rows], np.float32))
            self._rows.clear()
            (output,) = self._model.invoke(stored)
            self._probabilities.append(float(self._output.dequantize(output).item()))
            mean = sum(self._probabilities) / self._window
            seconds = self._steps * STEP_SECONDS
            if mean > self._cutoff and seconds >= self._deaf_until:
                self._deaf_until = seconds + self._refractory
                heard.append(Wake(self.phrase, seconds, mean))
        return heard

    def reset(self) -> None:
        """Forget all sound so far: what follows is judged as if it came first. Time goes on."""
        self._features.reset()
        self._model.reset()
        self._start()
