"""A model in the making: the graph that is read, and the steps that come of it."""

import math
import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from firmware_tools.build.micro_model.compact import COPY, Compact, Step, View, Word
from firmware_tools.build.micro_model.errors import MicroModelError
from firmware_tools.build.micro_model.plan import Place
from firmware_tools.build.micro_model.tflite import Graph, Operator, SourceModel, Tensor

_ZEROS = {"int8": 128, "uint8": 0}
_MOST_STEPS = 1024
_INTEGERS = {"int32": "i", "int64": "q"}


class Work:
    """What operators are turned into steps with.

    Args:
        source: the model.
        model: where steps and places go.
    """

    def __init__(self, source: SourceModel, model: Compact) -> None:
        self.source, self.model = source, model
        self.graph: Graph = source.graphs[0]
        self.makers: dict[int, Operator] = {}
        """The operator that makes a tensor, by the tensor's number."""
        self.views: dict[int, View] = {}
        """Where the graph's tensors lie, by their numbers."""
        self.input_names: dict[int, str] = {}
        self.output_names: dict[int, str] = {}
        """What programs call tensors by, if not as the file does."""

    def tensor(self, index: int) -> Tensor:
        """A tensor of the graph.

        Raises:
            MicroModelError: nothing can use it.
        """
        tensor = self.graph.tensors[index]
        if tensor.fault:
            raise MicroModelError(tensor.fault)
        return tensor

    def refuse(self, operator: Operator, index: int | None, what: str) -> NoReturn:
        """Raise the sentence of what does not go.

        Args:
            operator: where it stands.
            index: the tensor that it is about; None for the operator itself.
            what: it is, and what is expected.
        """
        about = "" if index is None or index < 0 else f", tensor {self.tensor(index).name[:80]!r}"
        raise MicroModelError(f"{self.source.name}: operator {operator.number} ({operator.code}){about}: {what}")

    def check_counts(self, operator: Operator, inputs: Sequence[int], outputs: int = 1) -> None:
        """An operator has one of these numbers of inputs, and so many outputs."""
        if len(operator.inputs) not in inputs or len(operator.outputs) != outputs:
            self.refuse(
                operator, None, f"has {len(operator.inputs)} inputs and {len(operator.outputs)} outputs; expected "
                f"{' or '.join(map(str, inputs))} and {outputs}",
            )  # fmt: skip

    def quantized(self, operator: Operator, index: int) -> tuple[float, int]:
        """Scale and zero point of an 8-bit tensor, the latter as a byte of the arena.

        Raises:
            MicroModelError: the tensor is not of 8 bits, or has not just one scale.
        """
        if index < 0:
            self.refuse(operator, None, "lacks an input that it needs")
        tensor = self.tensor(index)
        if tensor.dtype not in _ZEROS:
            self.refuse(
                operator, index, f"is {tensor.dtype}; expected int8 or uint8: on a microcontroller models are "
                "quantised whole, with int8 activations and integer inputs and outputs",
            )  # fmt: skip
        if len(tensor.scales) != 1:
            self.refuse(operator, index, f"has {len(tensor.scales)} scales; expected one")
        zero = tensor.zero_points[0] + _ZEROS[tensor.dtype]
        if not 0 <= zero <= 255:
            self.refuse(operator, index, f"has the zero point {tensor.zero_points[0]}, which is no {tensor.dtype}")
        return tensor.scales[0], zero

    def input(self, operator: Operator, number: int) -> View:
        """Where an 8-bit input lies; a constant gets a place that keeps it."""
        index = operator.inputs[number]
        self.quantized(operator, index)
        if index not in self.views:
            tensor = self.tensor(index)
            if tensor.content is None:
                self.refuse(operator, index, "is read before anything writes it")
            content = as_bytes(tensor.content, tensor.dtype)
            self.views[index] = View(self.place(len(content), content))
        return self.views[index]

    def output(self, operator: Operator, number: int = 0) -> View:
        """A new place for an 8-bit output."""
        index = operator.outputs[number]
        self.quantized(operator, index)
        self.views[index] = View(self.place(self.tensor(index).size))
        return self.views[index]

    def place(self, size: int, initial: bytes | None = None) -> Place:
        """Room in the arena."""
        place = Place(size, initial)
        self.model.places.append(place)
        return place

    def step(self, kind: int, words: Sequence[Word], macs: int = 0) -> None:
        """The next step; places among its words are needed then."""
        number = len(self.model.steps) + 1  # inputs are written before the first
        if number > _MOST_STEPS:
            raise MicroModelError(
                f"{self.source.name}: needs more than {_MOST_STEPS} steps; no microcontroller runs that"
            )
        for word in words:
            if isinstance(word, View):
                word.place.touch(number)
        self.model.steps.append(Step(kind, words, macs))

    def copy(self, source: View, target: View, size: int) -> None:
        """A step that copies bytes as they lie."""
        self.step(COPY, [source, target, size, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0])

    def integers(self, operator: Operator, number: int) -> tuple[int, ...]:
        """What a constant of whole numbers says.

        Raises:
            MicroModelError: it is computed, or of another type.
        """
        index = operator.inputs[number] if number < len(operator.inputs) else -1
        tensor = self.tensor(index) if index >= 0 else None
        if tensor is None or tensor.content is None or tensor.dtype not in _INTEGERS:
            self.refuse(
                operator, index, f"input {number} must be a constant of int32: what is computed cannot be planned"
            )
        return struct.unpack(f"<{tensor.size}{_INTEGERS[tensor.dtype]}", tensor.content)

    def check_shape(self, operator: Operator, index: int, shape: Sequence[int]) -> None:
        """A tensor has this shape, or the converter did not know it, and now it is known."""
        tensor = self.tensor(index)
        if tensor.shape != tuple(shape) and _agrees(tensor.signature, shape):
            self.graph.tensors[index] = replace(tensor, shape=tuple(shape))
        if self.tensor(index).shape != tuple(shape):
            self.refuse(operator, index, f"has the shape {list(self.tensor(index).shape)}; expected {list(shape)}")

    def check_size(self, operator: Operator, index: int, size: int) -> None:
        """A tensor has so many elements; where the converter left one dimension open, that is found by it."""
        tensor = self.tensor(index)
        known = [each for each in tensor.signature if each > 0]
        if tensor.size != size and len(known) == len(tensor.signature) - 1 and not size % math.prod(known):
            open_one = size // math.prod(known)
            shape = tuple(each if each > 0 else open_one for each in tensor.signature)
            self.graph.tensors[index] = tensor = replace(tensor, shape=shape)
        if tensor.size != size:
            self.refuse(operator, index, f"has {tensor.size} elements; expected {size}")

    def check_same_scale(self, operator: Operator, indexes: Sequence[int]) -> None:
        """8-bit tensors that are moved as they are have one scale and zero point."""
        first = self.quantized(operator, indexes[0])
        for index in indexes[1:]:
            dtypes = {self.tensor(indexes[0]).dtype, self.tensor(index).dtype}
            if self.quantized(operator, index) != first or len(dtypes) > 1:
                self.refuse(operator, index, "must have the dtype, scale and zero point of what it is made of")


def _agrees(signature: Sequence[int], shape: Sequence[int]) -> bool:
    """Whether a shape is one that the converter left open."""
    if len(signature) != len(shape):
        return False
    return all(known in (-1, size) for known, size in zip(signature, shape, strict=True))


def as_bytes(content: bytes, dtype: str) -> bytes:
    """Bytes of an 8-bit tensor as the arena keeps them."""
    return content.translate(_FLIPPED) if dtype == "int8" else content


_FLIPPED = bytes(byte ^ 128 for byte in range(256))
