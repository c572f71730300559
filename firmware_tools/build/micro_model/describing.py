"""What a compact file says of itself, for tools."""

import struct
from collections import Counter
from dataclasses import dataclass

from firmware_tools.build.micro_model.compact import FORM, KINDS
from firmware_tools.build.micro_model.errors import MicroModelError

_DTYPES = ("int8", "uint8")


@dataclass(frozen=True)
class PortDescription:
    """An input or output: ``real = (stored - zero_point) * scale``."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int


@dataclass(frozen=True)
class ModelDescription:
    """A compact model.

    Args:
        size: bytes of the file.
        arena: bytes that it needs while it runs, states among them.
        macs: multiplications of one run.
        kinds: how many steps of each kind.
    """

    size: int
    arena: int
    macs: int
    inputs: tuple[PortDescription, ...]
    outputs: tuple[PortDescription, ...]
    kinds: dict[str, int]


def describe(cgm: bytes) -> ModelDescription:
    """Read the head and the tables of a file that :func:`compile_model` made.

    Raises:
        MicroModelError: it is no such file.
    """
    try:
        magic, form, size, _split, arena, inputs, outputs, steps, _states, ports_at, steps_at, _at, macs, _zero = (
            struct.unpack_from("<4s13i", cgm)
        )
        if magic != b"CGM1" or form != FORM or size != len(cgm):
            raise MicroModelError("this is no compact model of this form; build the program again")
        if not (0 <= inputs < 1024 and 0 <= outputs < 1024 and 0 <= steps < 1 << 16):
            raise MicroModelError("the compact model is broken; build the program again")
        ports = [_port(cgm, ports_at + 64 * number) for number in range(inputs + outputs)]
        kinds = Counter(KINDS[struct.unpack_from("<i", cgm, steps_at + 8 * number)[0]] for number in range(steps))
    except (struct.error, IndexError) as error:
        raise MicroModelError("the compact model is broken; build the program again") from error
    return ModelDescription(
        size, arena, macs, tuple(ports[:inputs]), tuple(ports[inputs:]), dict(sorted(kinds.items()))
    )


def _port(cgm: bytes, at: int) -> PortDescription:
    fields = struct.unpack_from("<8ifi4i", cgm, at)
    dtype, rank, name, length = fields[0], fields[1], fields[12], fields[13]
    text = cgm[name : name + length].decode(errors="replace")
    return PortDescription(text, tuple(fields[2 : 2 + rank]), _DTYPES[dtype], fields[8], fields[9])
