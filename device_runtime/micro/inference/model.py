"""A compact model (``.cgm``) in memory, ready to run.

The form of the file is told in firmware_tools/build/micro_model/compact.py, which writes it. Nothing in it is believed:
kernels do not look where they write, so each offset, size and step is checked here once, before any of them runs.
Weights are read where the file lies (flash too); activations and states live in one arena.
"""

import struct
import sys

import uctypes

from .checks import SIZES, fault_in
from .loading import kernel

try:
    from typing import Any
except ImportError:
    pass

_HEAD = 14
_ENTRY = 16
_SLACK = 8  # inner loops take four bytes at a time, and may look over a tensor's end
_DTYPES = ("int8", "uint8")


class ModelError(Exception):
    """The file is no model, or one that cannot run here; the sentence says why."""


class Model:
    """One model.

    Args:
        source: the file's bytes, or its path.

    Raises:
        ModelError: it is not in order.
        OSError: the path cannot be read.
        MemoryError: the arena does not fit.
    """

    def __init__(self, source: "str | bytes | bytearray | memoryview") -> None:
        data = _content(source) if isinstance(source, str) else memoryview(source)
        try:
            self._load(data)
        except (ValueError, IndexError, OverflowError):
            raise ModelError("the model is broken: it ends early, or a number in it is out of range")

    def _load(self, data: "memoryview") -> None:
        if len(data) < 4 * _HEAD or bytes(data[:4]) != b"CGM1":
            raise ModelError("this is no compact model: it must begin with CGM1; build the program again")
        head = _numbers(data, "<14i", 0)
        if head[1] != 1:
            raise ModelError(f"the model has the form {head[1]}, this runtime reads 1; build the program again")
        if head[2] != len(data) or not 4 * _HEAD <= head[3] <= head[2] or head[4] < 0 or min(head[5:9]) < 0:
            raise ModelError(f"the model has {len(data)} bytes and says {head[2]}; bring it again")
        room, words = head[4], head[3]
        self.inputs = self.outputs = ()  # type: Any
        ports = head[5] + head[6]
        entries = [self._entry(data, head[9] + 4 * _ENTRY * number, room) for number in range(ports)]
        states = []
        for number in range(head[8]):
            state = _numbers(data, "<4i", head[11] + 16 * number)
            at, size, there, _value = state
            if at < 0 or size < 0 or at + size > room or there < 0 or (there and there - 1 + size > len(data)):
                raise ModelError(f"the model is broken: state {number} lies outside")
            states.append(state)
        plan = []
        for number in range(head[7]):
            kind, at = _numbers(data, "<2i", head[10] + 8 * number)
            if not 0 <= kind < len(SIZES) or at & 3 or at < 0 or at + 4 * SIZES[kind] > words:
                raise ModelError(f"the model is broken: operator {number} is of no known kind")
            fault = fault_in(kind, _numbers(data, f"<{SIZES[kind]}i", at), room, len(data), words)
            if fault:
                raise ModelError(f"the model is broken: operator {number}: {fault} lies outside")
            plan.append((kind, at))
        self._arena = bytearray(room + _SLACK)
        self._data = data
        # Numbers of 32 bits have to lie where the processor can read them.
        self._words = data if not uctypes.addressof(data) & 3 else bytearray(data[:words])
        base = uctypes.addressof(self._words)
        self._places = (uctypes.addressof(self._arena), uctypes.addressof(data), base)
        self._steps = [(kernel(kind), base + at) for kind, at in plan]
        self._spare = 32 if sys.maxsize >> 40 else 0
        self._states = states
        arena = memoryview(self._arena)
        self.inputs = [entry for entry, _at, _size in entries[: head[5]]]
        self.outputs = [entry for entry, _at, _size in entries[head[5] :]]
        views = [arena[at : at + size] for _entry, at, size in entries]
        self._inputs, self._outputs = views[: head[5]], views[head[5] :]
        self.reset()

    def _entry(self, data: "memoryview", at: int, room: int) -> "tuple[tuple[Any, ...], int, int]":
        fields = _numbers(data, "<8ifi4i", at)
        dtype, rank, scale, point, offset, size, name, length = fields[:2] + fields[8:]
        if not 0 <= dtype < 2 or not 0 <= rank <= 6 or offset < 0 or size < 0 or offset + size > room:
            raise ModelError("the model is broken: an input or output lies outside")
        if name < 0 or not 0 <= length < 256 or name + length > len(data):
            raise ModelError("the model is broken: a name lies outside")
        if not 0 < scale < 1e30:  # nor is it NaN
            raise ModelError("the model is broken: the scale of an input or output is no number above 0")
        shape = fields[2 : 2 + rank]
        total = 1
        for each in shape:
            total *= each
        if total != size or min(shape or (1,)) < 1:
            raise ModelError("the model is broken: the shape of an input or output is not its size")
        text = bytes(data[name : name + length]).decode()
        return (text, shape, _DTYPES[dtype], scale, point), offset, size

    def input(self, number: int) -> "memoryview":
        """Where input ``number`` is to be written before each :meth:`invoke`, which uses it up; bytes of its dtype."""
        return self._inputs[number]

    def output(self, number: int) -> "memoryview":
        """Where output ``number`` lies after :meth:`invoke`, until the next; bytes of its dtype."""
        return self._outputs[number]

    def invoke(self) -> None:
        """Run once. Takes no memory where kernels are machine code."""
        arena, data, words = self._places
        spare = self._spare
        for step, at in self._steps:
            step(0, 0, spare, at, arena, data, words)

    def reset(self) -> None:
        """Put the states of a streaming model back to how they began."""
        arena = memoryview(self._arena)
        for at, size, there, value in self._states:
            if there:
                arena[at : at + size] = self._data[there - 1 : there - 1 + size]
            else:
                for place in range(at, at + size):
                    arena[place] = value & 255


def _numbers(data: "memoryview", form: str, at: int) -> "tuple[Any, ...]":
    """Numbers of the file. ``unpack_from`` itself does not notice an offset that wraps around (MicroPython 1.25)."""
    if not 0 <= at <= len(data) - struct.calcsize(form):
        raise ModelError(f"the model is broken: something lies at byte {at} of {len(data)}")
    return struct.unpack_from(form, data, at)


def _content(path: str) -> "memoryview":
    """The bytes of a file, in place where it lies in memory anyway (a ROM file system)."""
    file = open(path, "rb")  # noqa: SIM115 - a file that is a view of memory stays open
    try:
        return memoryview(file)  # type: ignore[arg-type]
    except TypeError:
        with file:
            return memoryview(file.read())
