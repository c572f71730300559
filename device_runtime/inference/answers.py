"""What the process of a model answers: hostile until checked, since a model may have taken its process over."""

import math
from typing import Any

from device_runtime.inference.store import ModelError
from device_runtime.inference.tensors import Detection, TensorData, TensorInfo


class AnswerError(ModelError):
    """A process does not answer as it should; the message says how."""


def read_infos(told: Any) -> tuple[TensorInfo, ...]:
    """Inputs or outputs, as ``load`` tells of them.

    Raises:
        AnswerError: they are no list of ``name``, ``shape``, ``dtype``, ``scale``, ``zero_point``.
    """
    infos = []
    for name, shape, dtype, scale, zero_point in _rows(told, 5):
        sizes = _sizes(shape)
        if not _are((name, str), (dtype, str), (zero_point, int)) or not isinstance(scale, float | int):
            raise AnswerError(f"{str(name)[:40]!a} is described by {str(dtype)[:40]!a}, {scale!a:.40}")
        infos.append(TensorInfo(name, sizes, dtype, float(scale), zero_point))
    return tuple(infos)


def read_tensors(told: Any, count: int) -> tuple[TensorData, ...]:
    """The ``count`` outputs of a run.

    Raises:
        AnswerError: there are others, or one's bytes are not those of its dtype and shape.
    """
    rows = _rows(told, 3)
    if len(rows) != count:
        raise AnswerError(f"{len(rows)} outputs came, and there are {count}")
    tensors = []
    for number, (shape, dtype, data) in enumerate(rows):
        sizes = _sizes(shape)
        if not _are((dtype, str), (data, bytes)):
            raise AnswerError(f"output {number} is no tensor")
        tensor = TensorData(sizes, dtype, data)
        try:
            tensor.check(f"output {number}")
        except ModelError as error:
            raise AnswerError(str(error)) from error
        tensors.append(tensor)
    return tuple(tensors)


def read_detections(told: Any) -> tuple[Detection, ...]:
    """What a model has heard.

    Raises:
        AnswerError: it is no list of ``label``, ``probability``, ``seconds``.
    """
    heard = []
    for label, probability, seconds in _rows(told, 3):
        if not _are((label, str), (probability, float), (seconds, float)):
            raise AnswerError("what it heard is no label with a probability and a time")
        if not (math.isfinite(probability) and math.isfinite(seconds)):
            raise AnswerError(f"it heard {label[:40]!a} with the probability {probability} at {seconds} s")
        heard.append(Detection(label, probability, seconds))
    return tuple(heard)


def _rows(told: Any, members: int) -> list[list[Any]]:
    if not isinstance(told, list) or not all(isinstance(row, list) and len(row) == members for row in told):
        raise AnswerError(f"it gives no list of {members} members each")
    return told


def _sizes(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, list) or not _are(*((size, int) for size in shape)):
        raise AnswerError("a shape is no list of whole numbers")
    return tuple(shape)


def _are(*pairs: tuple[Any, type]) -> bool:
    return all(type(value) is kind for value, kind in pairs)
