"""Tensors as the host passes them between programs and model processes, without numpy."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from device_runtime.inference.store import ModelError

SIZES: Mapping[str, int] = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "float16": 2, "int32": 4, "uint32": 4, "float32": 4,
    "int64": 8, "uint64": 8, "float64": 8,
}  # fmt: skip
"""Bytes of an element of each dtype, by numpy's name of it."""
MAX_DIMENSIONS = 8


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """An input or output of a model. ``real = (stored - zero_point) * scale``; a ``scale`` of 0 is no quantisation."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float = 0.0
    zero_point: int = 0


@dataclass(frozen=True, slots=True)
class TensorData:
    """The elements of a tensor, in C order and little-endian; ``dtype`` as numpy names it."""

    shape: tuple[int, ...]
    dtype: str
    data: bytes

    def check(self, where: str) -> None:
        """Raises :class:`ModelError`, which begins with ``where``: the bytes are not those of dtype and shape."""
        if self.dtype not in SIZES:
            raise ModelError(f"{where}: there is no dtype {self.dtype[:40]!r}; there are {', '.join(SIZES)}")
        if len(self.shape) > MAX_DIMENSIONS or any(size < 0 for size in self.shape):
            raise ModelError(f"{where}: a shape has at most {MAX_DIMENSIONS} sizes, none of them negative")
        if len(self.data) != prod(self.shape) * SIZES[self.dtype]:
            raise ModelError(
                f"{where}: {self.dtype} {list(self.shape)} has {prod(self.shape) * SIZES[self.dtype]} bytes, "
                f"not {len(self.data)}"
            )


@dataclass(frozen=True, slots=True)
class Detection:
    """A model that hears has heard something: ``seconds`` since the first sample, ``probability`` over its window."""

    label: str
    probability: float
    seconds: float
