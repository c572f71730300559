"""A ``.tflite`` file as a graph of operators and tensors.

The schema is TensorFlow's (tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3); field numbers below are its.
"""

import math
from dataclasses import dataclass, field, replace

from firmware_tools.build.micro_model.errors import MicroModelError
from firmware_tools.build.micro_model.flatbuffer import Buffer, Table
from firmware_tools.build.micro_model.operator_names import NAMES

TYPES = {
    0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 5: "string", 6: "bool", 7: "int16", 8: "complex64",
    9: "int8", 10: "float64", 12: "uint64", 13: "resource", 14: "variant", 15: "uint32", 16: "uint16", 17: "int4",
}  # fmt: skip
_SIZES = {"float32": 4, "int32": 4, "uint8": 1, "int64": 8, "bool": 1, "int16": 2, "int8": 1}
_MOST_BYTES = 32 << 20
_MOST_TENSORS = 8192
_MOST_OPERATORS = 4096
_MOST_INPUTS = 1024
_MOST_PORTS = 64
_MOST_RANK = 6


@dataclass(frozen=True)
class Tensor:
    """One tensor.

    Args:
        content: its bytes when it is a constant, else None.
        scales, zero_points: one of each, or one for each index of dimension ``axis``; empty without quantisation.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    content: bytes | None
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()
    axis: int = 0
    signature: tuple[int, ...] = ()
    """The shape with -1 where the converter did not know it; what ``shape`` has there may be wrong."""
    fault: str = ""
    """Why nothing can use it. Recurrent operators have such tensors beside them; it is these that are to be named."""

    @property
    def size(self) -> int:
        """How many elements."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Operator:
    """One operator; ``inputs`` are numbers of tensors, -1 where an optional one is left out."""

    code: str
    number: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Table | None

    def option(self, field: int, form: str = "i", default: int = 0) -> int:
        """A whole number among its options."""
        return default if self.options is None else self.options.number(field, form, default)

    def real(self, field: int) -> float:
        """A float among its options."""
        return 0.0 if self.options is None else self.options.real(field)

    def text(self, field: int) -> str:
        """A string among its options."""
        return "" if self.options is None else self.options.text(field)


@dataclass(frozen=True)
class Graph:
    """One subgraph."""

    tensors: list[Tensor]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: list[Operator]


@dataclass(frozen=True)
class SourceModel:
    """What a file holds; ``graphs[0]`` is what runs."""

    name: str
    graphs: list[Graph] = field(default_factory=list)


def read_tflite(data: bytes, name: str) -> SourceModel:
    """Read a file; ``name`` is what errors call it.

    Raises:
        MicroModelError: it is no model, it is broken, or something in it is out of all bounds.
    """
    if data[4:8] != b"TFL3":
        raise MicroModelError(f"{name}: this is no .tflite file: bytes 4 to 8 must be TFL3")
    if len(data) > _MOST_BYTES:
        raise MicroModelError(f"{name}: the file has {len(data)} bytes; for a microcontroller {_MOST_BYTES} are enough")
    root = Buffer(bytes(data), name).root()
    codes = [_code(each) for each in root.tables(1)]
    buffers = root.tables(4)
    graphs = [_graph(each, codes, buffers, name) for each in root.tables(2)[:16]]
    if not graphs:
        raise MicroModelError(f"{name}: the file has no subgraph")
    return SourceModel(name, graphs)


def _code(table: Table) -> str:
    # Old files have only the number of one byte; newer ones both.
    number = max(table.number(0, "b"), table.number(3, "i"))
    name = NAMES[number] if 0 <= number < len(NAMES) else f"number {number}"
    return f"CUSTOM {ascii(table.text(1)[:80])[1:-1]}" if name == "CUSTOM" else name


def _graph(table: Table, codes: list[str], buffers: list[Table], name: str) -> Graph:
    places = table.tables(0)
    if len(places) > _MOST_TENSORS:
        raise MicroModelError(f"{name}: a subgraph has {len(places)} tensors, more than {_MOST_TENSORS}")
    tensors = [_tensor(each, buffers, name) for each in places]
    operators = []
    rows = table.tables(3)
    if len(rows) > _MOST_OPERATORS:
        raise MicroModelError(f"{name}: a subgraph has {len(rows)} operators, more than {_MOST_OPERATORS}")
    for number, each in enumerate(rows):
        index = each.number(0, "I")
        if index >= len(codes):
            raise MicroModelError(f"{name}: operator {number} is of kind {index}, but there are {len(codes)} kinds")
        code = codes[index]
        operator = Operator(code, number, each.numbers(1, "i"), each.numbers(2, "i"), each.table(4))
        if max(len(operator.inputs), len(operator.outputs)) > _MOST_INPUTS:
            raise MicroModelError(f"{name}: operator {number} ({code}): has more than {_MOST_INPUTS} inputs or outputs")
        _check_indexes(operator.inputs, len(tensors), f"{name}: operator {number} ({code})", -1)
        _check_indexes(operator.outputs, len(tensors), f"{name}: operator {number} ({code})", 0)
        operators.append(operator)
    graph = Graph(tensors, table.numbers(1, "i"), table.numbers(2, "i"), operators)
    _check_indexes((*graph.inputs, *graph.outputs), len(tensors), f"{name}: the list of inputs and outputs", 0)
    if max(len(graph.inputs), len(graph.outputs)) > _MOST_PORTS:
        raise MicroModelError(f"{name}: a subgraph has more than {_MOST_PORTS} inputs or outputs")
    return graph


def _check_indexes(indexes: tuple[int, ...], count: int, where: str, least: int) -> None:
    for index in indexes:
        if not least <= index < count:
            raise MicroModelError(f"{where}: names tensor {index}, but there are {count} tensors")


def _tensor(table: Table, buffers: list[Table], model: str) -> Tensor:
    name = table.text(3) or "(no name)"
    where = f"{model}: tensor {name[:80]!r}"
    shape = table.numbers(0, "i")
    kind = table.number(1, "b")
    dtype = TYPES.get(kind, f"type {kind}")
    if len(shape) > _MOST_RANK or any(not 0 < size < 1 << 24 for size in shape) or math.prod(shape) > 1 << 24:
        fault = (
            f"{where}: has the shape {list(shape[:9])}; expected at most {_MOST_RANK} dimensions, each above 0, with "
            f"at most {1 << 24} elements"
        )
        return Tensor(name, (), dtype, None, fault=fault)
    content = _content(table, buffers, where)
    signature = table.numbers(7, "i")
    tensor = Tensor(name, shape, dtype, content, signature=signature if len(signature) == len(shape) else ())
    if content is not None and dtype in _SIZES and len(content) != tensor.size * _SIZES[dtype]:
        raise MicroModelError(
            f"{where}: holds {len(content)} bytes; expected {tensor.size * _SIZES[dtype]} for {dtype} {list(shape)}"
        )
    quantization = table.table(4)
    if quantization is None:
        return tensor
    scales, points, axis = quantization.reals(2), quantization.numbers(3, "q"), quantization.number(6, "i")
    if len(shape) == 1:
        axis = 0  # there is no other; converters leave in a bias that of its weights
    if not scales:
        return tensor
    points = points or (0,) * len(scales)
    if len(points) == 1:
        points *= len(scales)
    if any(not (math.isfinite(scale) and scale > 0) for scale in scales):
        raise MicroModelError(f"{where}: has a scale that is not above 0")
    if len(points) != len(scales) or any(not -(1 << 15) <= point < 1 << 16 for point in points):
        raise MicroModelError(f"{where}: has {len(scales)} scales and {len(points)} zero points, or one out of range")
    if len(scales) > 1 and not (0 <= axis < len(shape) and shape[axis] == len(scales)):
        raise MicroModelError(
            f"{where}: has {len(scales)} scales along dimension {axis} of {list(shape)}; expected one for each index"
        )
    return replace(tensor, scales=scales, zero_points=points, axis=axis)


def _content(table: Table, buffers: list[Table], where: str) -> bytes | None:
    """The bytes of a constant; None of a tensor that is computed."""
    index = table.number(2, "I")
    if index >= len(buffers):
        raise MicroModelError(f"{where}: names buffer {index}, but there are {len(buffers)} buffers")
    content = buffers[index].content(0) if index else b""
    if not content and index:
        at, size = buffers[index].number(1, "Q"), buffers[index].number(2, "Q")
        if at > 1 and size:  # a buffer behind the FlatBuffer, as files above 2 GB have it
            content = buffers[index].buffer.data[at : at + size]
    return content or None
