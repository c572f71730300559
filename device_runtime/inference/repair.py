"""Files that older runtimes took, and LiteRT refuses.

Converters of 2019 left in a bias, which has one dimension, the ``quantized_dimension`` of its weights: 3 of a depthwise
convolution. It means nothing there. TensorFlow Lite Micro's example ``person_detect`` is such a file.
"""

import struct

_DIMENSION = "quantized_dimension must be in range"

# Field numbers of tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3.
_SUBGRAPHS, _TENSORS, _SHAPE, _QUANTIZATION, _QUANTIZED_DIMENSION = 2, 0, 0, 4, 6


def repaired(content: bytes, refused: str) -> bytes | None:
    """The file without what it was ``refused`` for, if that is known here and harmless; else None."""
    if _DIMENSION not in refused:
        return None
    mended = bytearray(content)
    try:
        changed = _reset_dimensions(mended)
    except struct.error:  # it is broken besides: what the runtime said stands
        return None
    return bytes(mended) if changed else None


def _reset_dimensions(data: bytearray) -> int:
    """Set the quantised dimension of each tensor of one dimension to 0; how many there were."""
    changed = 0
    for subgraph in _tables(data, _field(data, _indirect(data, 0), _SUBGRAPHS)):
        for tensor in _tables(data, _field(data, subgraph, _TENSORS)):
            shape, quantization = _field(data, tensor, _SHAPE), _field(data, tensor, _QUANTIZATION)
            if shape is None or quantization is None or _number(data, _indirect(data, shape)) != 1:
                continue
            dimension = _field(data, _indirect(data, quantization), _QUANTIZED_DIMENSION)
            if dimension is not None and _number(data, dimension):
                struct.pack_into("<i", data, dimension, 0)
                changed += 1
    return changed


# A FlatBuffer: a table begins with how far back its list of fields is, a reference is how far ahead its target is.


def _number(data: bytearray, at: int) -> int:
    number: int = struct.unpack_from("<I", data, at)[0]
    return number


def _indirect(data: bytearray, at: int) -> int:
    return at + _number(data, at)


def _field(data: bytearray, table: int, number: int) -> int | None:
    fields = table - struct.unpack_from("<i", data, table)[0]
    if fields < 0:
        raise struct.error("a table's fields lie before the file")
    (size,) = struct.unpack_from("<H", data, fields)
    place = 4 + 2 * number
    offset = struct.unpack_from("<H", data, fields + place)[0] if place < size else 0
    return table + offset if offset else None


def _tables(data: bytearray, at: int | None) -> list[int]:
    if at is None:
        return []
    first = _indirect(data, at)
    count = _number(data, first)
    if count > len(data) // 4:
        raise struct.error("a list is longer than the file")
    return [_indirect(data, first + 4 + 4 * index) for index in range(count)]
