"""From a ``.tflite`` to a ``.cgm``."""

from collections.abc import Callable, Mapping, Sequence

from firmware_tools.build.micro_model.arithmetic import binary, mean, softmax, table
from firmware_tools.build.micro_model.blocks import batch_to_space, space_to_batch, tile
from firmware_tools.build.micro_model.compact import FLIP, Compact, Port, View, write
from firmware_tools.build.micro_model.convolutions import conv, depthwise, fully_connected, pool
from firmware_tools.build.micro_model.errors import MicroModelError
from firmware_tools.build.micro_model.shapes import (
    concatenation,
    pad,
    resize_nearest,
    same,
    slice_,
    split,
    strided_slice,
    transpose,
)  # fmt: skip
from firmware_tools.build.micro_model.tflite import Operator, Tensor, read_tflite
from firmware_tools.build.micro_model.variables import Variables
from firmware_tools.build.micro_model.work import Work

_MOST_ARENA = 8 << 20
_LOWERED: Mapping[str, Callable[[Work, Operator], None]] = {
    "ADD": binary, "SUB": binary, "MUL": binary,
    "QUANTIZE": table, "LOGISTIC": table, "TANH": table, "RELU": table,
    "RELU6": table, "RELU_N1_TO_1": table, "LEAKY_RELU": table,
    "MEAN": mean, "SOFTMAX": softmax,
    "CONV_2D": conv, "DEPTHWISE_CONV_2D": depthwise,
    "FULLY_CONNECTED": fully_connected,
    "AVERAGE_POOL_2D": pool, "MAX_POOL_2D": pool,
    "RESHAPE": same, "SQUEEZE": same, "EXPAND_DIMS": same,
    "CONCATENATION": concatenation, "STRIDED_SLICE": strided_slice, "SLICE": slice_,
    "SPLIT": split, "SPLIT_V": split, "PAD": pad, "PADV2": pad,
    "TRANSPOSE": transpose, "RESIZE_NEAREST_NEIGHBOR": resize_nearest,
    "TILE": tile, "SPACE_TO_BATCH_ND": space_to_batch, "BATCH_TO_SPACE_ND": batch_to_space,
}  # fmt: skip
_VARIABLES = ("CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE")
SUPPORTED = tuple(sorted((*_LOWERED, *_VARIABLES, "DEQUANTIZE")))
"""The operators that a microcontroller runs."""


def compile_model(tflite: bytes, name: str, inputs: Sequence[str] = (), outputs: Sequence[str] = ()) -> bytes:
    """The compact file (``.cgm``) of a model; the same bytes for the same model.

    A float input that is only quantised, and a float output that is only dequantised, become the int8 tensor itself:
    who fills and reads them has its scale and zero point.

    Args:
        tflite: the content of a ``.tflite`` file, from whomever.
        name: what errors call the model.
        inputs, outputs: what programs call them by, in their order; by default as the file does.

    Raises:
        MicroModelError: it is broken, or needs what a microcontroller does not run; the sentence names model, operator
            and tensor, and what was expected.
    """
    work = Work(read_tflite(tflite, name), Compact())
    needed = _needed(work)
    ports = _ports(work)
    _name(work, inputs, outputs)
    variables = Variables(work)
    for _index, tensor_index in ports:
        size = work.tensor(tensor_index).size
        work.views[tensor_index] = View(work.place(size))
        work.views[tensor_index].place.touch(0)
        if work.tensor(tensor_index).dtype == "int8":
            work.step(FLIP, [work.views[tensor_index], size])
    taken = {index for _index, index in ports}
    for operator in work.graph.operators:
        if operator.number not in needed or set(operator.outputs) & taken or operator.code == "CALL_ONCE":
            continue
        _lower(work, variables, operator)
    _outputs(work)
    for original, index in ports:
        work.model.inputs.append(_port(work, index, work.input_names.get(original, work.tensor(original).name)))
    made = write(work.model)
    arena = max((place.at + place.size for place in work.model.places), default=0)
    if arena > _MOST_ARENA:
        raise MicroModelError(
            f"{name}: needs {arena} bytes while it runs; no microcontroller has more than {_MOST_ARENA}"
        )
    return made


def _lower(work: Work, variables: Variables, operator: Operator) -> None:
    if operator.code == "VAR_HANDLE" or (operator.code == "DEQUANTIZE" and _is_end(work, operator)):
        return
    if operator.code == "READ_VARIABLE":
        variables.read(operator)
    elif operator.code == "ASSIGN_VARIABLE":
        variables.assign(operator)
    elif operator.code in _LOWERED:
        if not operator.inputs or not operator.outputs:
            work.refuse(operator, None, "lacks inputs or outputs")
        _LOWERED[operator.code](work, operator)
    elif operator.code == "DEQUANTIZE":
        work.refuse(operator, operator.outputs[0], "makes floats inside the model; expected that only of its outputs")
    else:
        work.refuse(operator, None, f"does not run on a microcontroller; these do: {', '.join(SUPPORTED)}")


def _is_end(work: Work, operator: Operator) -> bool:
    """Whether what an operator makes is an output, and nothing else."""
    made = set(operator.outputs)
    return made <= set(work.graph.outputs) and not any(made & set(each.inputs) for each in work.graph.operators)


def _needed(work: Work) -> set[int]:
    """The operators that an output or a variable depends on: what only computes shapes is left out."""
    makers = work.makers
    for operator in work.graph.operators:
        for index in operator.outputs:
            if index in makers:
                work.refuse(operator, index, f"is also made by operator {makers[index].number}; expected one maker")
            makers[index] = operator
    waiting = [makers[index] for index in work.graph.outputs if index in makers]
    waiting += [operator for operator in work.graph.operators if operator.code == "ASSIGN_VARIABLE"]
    needed: set[int] = set()
    while waiting:
        operator = waiting.pop()
        if operator.number in needed:
            continue
        needed.add(operator.number)
        # The second input of these is a shape, which the output has anyway.
        shaped = operator.code in ("RESHAPE", "EXPAND_DIMS", "RESIZE_NEAREST_NEIGHBOR")
        inputs = operator.inputs[:1] if shaped else operator.inputs
        waiting += [makers[index] for index in inputs if index in makers]
    return needed


def _name(work: Work, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    graph = work.graph
    for what, names, indexes in (("input", inputs, graph.inputs), ("output", outputs, graph.outputs)):
        if names and len(names) != len(indexes):
            raise MicroModelError(
                f"{work.source.name}: its card names {len(names)} {what}s; expected one for each of its {len(indexes)}"
            )
        named = work.output_names if what == "output" else work.input_names
        named.update(zip(indexes, names, strict=False))


def _ports(work: Work) -> list[tuple[int, int]]:
    """The inputs: as the file has them, and the 8-bit tensor that each is or only becomes."""
    ports = []
    for index in work.graph.inputs:
        users = [operator for operator in work.graph.operators if index in operator.inputs]
        one = users[0] if len(users) == 1 else None
        inner = index
        if one is not None and one.code == "QUANTIZE" and work.tensor(index).dtype == "float32" and one.outputs:
            inner = one.outputs[0]
        _check_port(work, work.tensor(inner), "input")
        ports.append((index, inner))
    if len({inner for _index, inner in ports}) != len(ports):
        raise MicroModelError(f"{work.source.name}: one tensor is two inputs; expected each once")
    return ports


def _check_port(work: Work, tensor: Tensor, what: str) -> None:
    if tensor.dtype not in ("int8", "uint8") or len(tensor.scales) != 1 or tensor.content is not None:
        scales = {0: "out a scale", 1: " one scale"}.get(len(tensor.scales), f" {len(tensor.scales)} scales")
        raise MicroModelError(
            f"{work.source.name}: {what} {tensor.name[:80]!r} is {tensor.dtype} with{scales}; a microcontroller takes "
            "int8 or uint8 with one scale: quantise the model whole, to 8 bits, with integer inputs and outputs"
        )


def _outputs(work: Work) -> None:
    """The outputs get places of their own: they are turned to int8 where they lie."""
    makers = {index: operator for operator in work.graph.operators for index in operator.outputs}
    inputs = [port_view.place for index in work.graph.inputs if (port_view := work.views.get(index))]
    taken = {id(place) for place in inputs}
    ends = []
    for index in work.graph.outputs:
        inner, maker = index, makers.get(index)
        if maker is not None and maker.code == "DEQUANTIZE" and maker.inputs and work.tensor(index).dtype == "float32":
            inner = maker.inputs[0]
        tensor = work.tensor(inner)
        _check_port(work, tensor, "output")
        view = work.views.get(inner)
        if view is None:
            raise MicroModelError(f"{work.source.name}: output {tensor.name[:80]!r} is made by no operator")
        if id(view.place) in taken or view.place.initial is not None or view.place.first == 0:
            own = View(work.place(tensor.size))
            work.copy(view, own, tensor.size)
            view = own
        taken.add(id(view.place))
        ends.append((view, tensor.dtype, tensor.size))
        port = _port(work, inner, work.output_names.get(index, work.tensor(index).name))
        work.model.outputs.append(
            Port(port.name, port.shape, port.dtype, port.scale, port.zero_point, view, tensor.size)
        )
    for view, dtype, size in ends:
        if dtype == "int8":
            work.step(FLIP, [view, size])
        view.place.touch(len(work.model.steps) + len(ends) + 1)


def _port(work: Work, index: int, name: str) -> Port:
    tensor = work.tensor(index)
    view = work.views[index]
    return Port(name, tensor.shape, tensor.dtype, tensor.scales[0], tensor.zero_points[0], view, tensor.size)
