"""The compact file: what it holds, and the writing of it.

All numbers have 32 bits, little endian, signed; offsets count bytes, from the file's beginning or the arena's.

======================  =====================================================================================
words 0 to 13           ``CGM1``; the form (1); bytes of the file; bytes of its first part (a multiple of 4),
                        which holds every number; bytes of the arena; how many inputs, outputs, operators and
                        states; where the table of inputs and outputs, of operators and of states lies;
                        multiplications of one run; 0
inputs and outputs      16 words each: dtype (0 int8, 1 uint8), rank, six sizes, scale (a float), zero point,
                        offset in the arena, bytes, offset and length of the name, 0, 0
operators, as they run  kind, offset of its own words
states                  offset in the arena, bytes, offset of the first content plus 1 (0: all bytes are the
                        fourth word), that byte: what variables and constants are at first
an operator's words     by kind; device_runtime/micro/inference/kernels says what each means
tables of numbers       bias, multiplier, shift + 64 (and more of the multiplier) a channel; addends; exponentials
the second part         weights (int8 plus 128, each channel's filled up with zeros to a multiple of 4), tables
                        of bytes, names
======================  =====================================================================================

The same model gives the same bytes.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from firmware_tools.build.micro_model.plan import Place, plan

CONV, DEPTHWISE, POOL, BINARY, LOOKUP, COPY, FILL, FLIP, MEAN, SOFTMAX = range(10)
KINDS = ("conv", "depthwise", "pool", "binary", "lookup", "copy", "fill", "flip", "mean", "softmax")
FORM = 1
_HEAD = 14
_ENTRY = "<8ifi6i"


@dataclass(frozen=True)
class View:
    """Bytes of a place in the arena: ``offset`` from its beginning."""

    place: Place
    offset: int = 0


@dataclass(frozen=True)
class Numbers:
    """A table among the file's numbers."""

    content: bytes


@dataclass(frozen=True)
class Content:
    """Bytes of the file's second part."""

    content: bytes


Word = int | View | Numbers | Content


@dataclass(frozen=True)
class Step:
    """One operator of the compact model."""

    kind: int
    words: Sequence[Word]
    macs: int = 0


@dataclass(frozen=True)
class Port:
    """An input or output, as programs see it."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int
    view: View
    size: int


@dataclass
class Compact:
    """A model as its parts."""

    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)


def write(model: Compact) -> bytes:
    """The file; gives the model's places their offsets."""
    arena = plan(model.places)
    contents: dict[bytes, int] = {}
    ports = [*model.inputs, *model.outputs]
    states = [place for place in model.places if place.initial is not None]
    words_of = [4 * len(step.words) for step in model.steps]
    ports_at = 4 * _HEAD
    steps_at = ports_at + 64 * len(ports)
    states_at = steps_at + 8 * len(model.steps)
    at = states_at + 16 * len(states)
    own = []
    for size in words_of:
        own.append(at)
        at += size
    numbers: dict[bytes, int] = {}
    tables = bytearray()
    for step in model.steps:
        for word in step.words:
            if isinstance(word, Numbers) and word.content not in numbers:
                numbers[word.content] = at + len(tables)
                tables += word.content
    split = at + len(tables)
    second = bytearray()

    def put(content: bytes) -> int:
        if content not in contents:
            contents[content] = split + len(second)
            second.extend(content)
        return contents[content]

    def value(word: Word) -> int:
        if isinstance(word, View):
            return word.place.at + word.offset
        if isinstance(word, Numbers):
            return numbers[word.content]
        return put(word.content) if isinstance(word, Content) else word

    body = bytearray()
    for step in model.steps:
        body += struct.pack(f"<{len(step.words)}i", *(value(word) for word in step.words))
    entries = bytearray()
    for port in ports:
        name = port.name.encode()[:255].decode(errors="ignore").encode()
        sizes = (*port.shape, 0, 0, 0, 0, 0, 0)[:6]
        dtype = ("int8", "uint8").index(port.dtype)
        entries += struct.pack(
            _ENTRY, dtype, len(port.shape), *sizes, port.scale, port.zero_point, value(port.view), port.size, put(name),
            len(name), 0, 0,
        )  # fmt: skip
    first = bytearray()
    for place in states:
        content = place.initial or b""
        same = content.count(content[:1]) == len(content)
        there = 0 if same else put(content) + 1
        first += struct.pack("<4i", place.at, place.size, there, content[0] if same else 0)
    table = struct.pack(
        f"<{2 * len(model.steps)}i",
        *(number for pair in zip((step.kind for step in model.steps), own, strict=True) for number in pair),
    )
    macs = sum(step.macs for step in model.steps) & 0x7FFFFFFF
    head = struct.pack(
        "<4s13i", b"CGM1", FORM, split + len(second), split, arena, len(model.inputs), len(model.outputs),
        len(model.steps), len(states), ports_at, steps_at, states_at, macs, 0,
    )  # fmt: skip
    return bytes(head + entries + table + first + body + tables + second)
