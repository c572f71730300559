"""What one model hears: rows of features to its input, and what of its output counts as heard.

As on Linux (``device_runtime/inference/listening.py``): the mean of the last ``window`` probabilities must rise above
``cutoff``; then the model is deaf for ``refractory_seconds``.
"""

from .rows import quantized, unrolled

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from ..inference.model import Model
except ImportError:
    pass

_CHANNELS = 40
_ROWS_A_SECOND = 100


class Hearing:
    """Feeds ``model`` by its ``card`` (``labels``, ``stride``, ``window``, ``cutoff``, ``refractory_seconds``,
    ``rejects``); ``table`` gives the bytes that features are to it (see :func:`.rows.quantized`).

    Raises:
        ValueError: the model is none that hears, by its shapes.
    """

    def __init__(self, model: "Model", card: "dict[str, Any]", table: "bytes | bytearray") -> None:
        shape, labels = tuple(model.inputs[0][1]) if model.inputs else (), card["labels"]
        rows = (1, shape[1] if len(shape) > 1 else 0, _CHANNELS)
        if len(model.inputs) != 1 or shape not in (rows, rows + (1,)):
            raise ValueError(f"its input must be [1, rows, {_CHANNELS}], and is {list(shape)}")
        if len(model.outputs) != 1 or tuple(model.outputs[0][1]) != (1, len(labels)):
            raise ValueError(f"its output must be [1, {len(labels)}], and is {list(model.outputs[0][1])}")
        self._model, self._labels, self._table = model, labels, table
        self._dtype, self._scale, self._zero = model.outputs[0][2:5]
        self._ring = bytearray(shape[1] * _CHANNELS)
        self._stride, self._window = card["stride"] or shape[1], card["window"]
        self._cutoff, self._deaf = card["cutoff"], card["refractory_seconds"]
        self._rejects = card["rejects"]
        self._outputs = bytearray(self._window * len(labels))
        self._steps = 0
        self._forget()

    def _forget(self) -> None:
        silence = self._table[2]  # what a feature of 0 is
        for at in range(len(self._ring)):
            self._ring[at] = silence
        for at in range(len(self._outputs)):
            self._outputs[at] = self._zero & 255
        self._at = self._waiting = self._oldest = 0
        # The front end takes the first sounds for loud ones, until it knows the noise; a window holds them for long.
        slides = self._stride * _CHANNELS < len(self._ring)
        self._deaf_until = self._steps / _ROWS_A_SECOND + self._deaf if slides else 0.0

    def reset(self) -> None:
        """Forget all that was heard; time goes on."""
        self._model.reset()
        self._forget()

    def take(self, row: bytearray) -> "tuple[str, float, float] | None":
        """Take in the next 10 ms; what was heard by then: label, probability, seconds since the first sample."""
        ring = self._ring
        quantized(row, self._table, ring, self._at)
        self._at += _CHANNELS
        if self._at == len(ring):
            self._at = 0
        self._steps += 1
        self._waiting += 1
        if self._waiting < self._stride:
            return None
        self._waiting = 0
        model = self._model
        unrolled(ring, self._at, model.input(0), len(ring))
        model.invoke()
        return self._judge(model.output(0))

    def _judge(self, output: "memoryview") -> "tuple[str, float, float] | None":
        outputs, count, zero = self._outputs, len(self._labels), self._zero
        at = self._oldest
        for each in range(count):
            outputs[at + each] = output[each]
        self._oldest = 0 if at + count == len(outputs) else at + count
        best = most = -1
        for label in range(count):
            total = 0
            for place in range(label, len(outputs), count):
                value = outputs[place]
                total += (value - 256 if self._dtype == "int8" and value > 127 else value) - zero
            if best < 0 or total > most:
                best, most = label, total
        probability = most * self._scale / self._window
        seconds = self._steps / _ROWS_A_SECOND
        name = self._labels[best]
        if probability <= self._cutoff or name in self._rejects or seconds < self._deaf_until:
            return None
        self._deaf_until = seconds + self._deaf
        return name, probability, seconds
