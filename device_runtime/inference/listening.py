"""Models that hear: a sliding window of sound features, and what counts as heard.

After microWakeWord (Kevin Ahrendt, https://github.com/kahrendt/microWakeWord): the mean of the last ``window``
probabilities must rise above ``cutoff``; then the model is deaf for ``refractory_seconds``.
"""

from collections import deque

import numpy as np

from device_runtime.inference.backend import Array, Model
from device_runtime.inference.features import CHANNELS, STEP_SECONDS, MicroFeatures
from device_runtime.inference.sounds import SoundSettings
from device_runtime.inference.store import ModelError
from device_runtime.inference.tensors import Detection


def check_sounds(model: Model, settings: SoundSettings) -> None:
    """See if a model can hear as its card says.

    Raises:
        ModelError: its input is not ``[1, rows, 40]`` or ``[1, rows, 40, 1]``, or its output not one number a label.
    """
    shape = model.inputs[0].shape if len(model.inputs) == 1 else ()
    if len(shape) not in (3, 4) or (shape[0], shape[2], *shape[3:]) not in ((1, CHANNELS), (1, CHANNELS, 1)):
        raise ModelError(
            f"model {model.name}: a model that hears has one input [1, rows, {CHANNELS}], not "
            f"{[list(tensor.shape) for tensor in model.inputs]}"
        )
    output = model.outputs[0].shape if len(model.outputs) == 1 else ()
    if output != (1, len(settings.labels)):
        raise ModelError(
            f"model {model.name}: {len(settings.labels)} labels need one output [1, {len(settings.labels)}], not "
            f"{[list(tensor.shape) for tensor in model.outputs]}"
        )
    if settings.stride > shape[1]:
        raise ModelError(f"model {model.name}: a stride of {settings.stride} rows would leave some unheard")


class SoundClassifier:
    """Listens with one model to a stream of 16 kHz mono int16 sound.

    Raises:
        ModelError: the model's input is not ``[1, rows, 40]`` or ``[1, rows, 40, 1]``, or its output not one number a
            label; or ``pymicro-features`` is not installed.
    """

    def __init__(self, model: Model, settings: SoundSettings) -> None:
        check_sounds(model, settings)
        shape = model.inputs[0].shape
        self._model, self._settings = model, settings
        self._input, self._output = model.inputs[0], model.outputs[0]
        self._stride = settings.stride or shape[1]
        # Rows are quantised once, when they come; what was heard before the first one is silence.
        silence = self._input.quantize(np.zeros((), np.float32))
        self._rows: Array = np.full((shape[1], CHANNELS), silence, self._input.dtype)
        self._silence = silence
        self._shape = shape
        self._heard = [label not in settings.rejects for label in settings.labels]
        self._features = MicroFeatures()
        self._steps = 0
        self._start()

    def _start(self) -> None:
        self._waiting: list[list[float]] = []
        self._probabilities: deque[Array] = deque(maxlen=self._settings.window)
        # The front end takes the first sounds for loud ones, until it knows the noise; a window holds them for long.
        slides = self._stride < len(self._rows)
        self._deaf_until = self._steps * STEP_SECONDS + self._settings.refractory_seconds if slides else 0.0
        self._rows[:] = self._silence

    def feed(self, pcm: bytes) -> list[Detection]:
        """Take in sound, any number of bytes; what was heard in it, in its order."""
        heard = []
        for row in self._features.feed(pcm):
            self._steps += 1
            self._waiting.append(row)
            if len(self._waiting) == self._stride:
                detection = self._judge(self._probability())
                if detection is not None:
                    heard.append(detection)
        return heard

    def _probability(self) -> Array:
        """Run the model on what is in its window now; ``[labels]`` float32, the mean over the last ones."""
        new = self._input.quantize(np.array(self._waiting, np.float32))
        self._waiting.clear()
        if len(new) < len(self._rows):
            self._rows[: -len(new)] = self._rows[len(new) :]
        self._rows[-len(new) :] = new
        (stored,) = self._model.invoke(self._rows.reshape(self._shape))
        self._probabilities.append(stored[0])
        real = self._output.dequantize(np.array(self._probabilities))
        mean: Array = real.sum(axis=0) / self._settings.window
        return mean

    def _judge(self, mean: Array) -> Detection | None:
        best = int(mean.argmax())
        seconds = self._steps * STEP_SECONDS
        if mean[best] <= self._settings.cutoff or not self._heard[best] or seconds < self._deaf_until:
            return None
        self._deaf_until = seconds + self._settings.refractory_seconds
        return Detection(self._settings.labels[best], float(mean[best]), seconds)

    def reset(self) -> None:
        """Forget all sound so far: what follows is judged as if it came first. Time goes on."""
        self._features.reset()
        self._model.reset()
        self._start()
