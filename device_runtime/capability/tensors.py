"""Tensors as programs give and get them: ``{shape?, type?, data}``, where ``data`` are bytes or a list of numbers.

Everything here is hostile until checked. Shapes, names of types and their bytes are those of WeChat's ``Tensor``
(https://developers.weixin.qq.com/miniprogram/dev/api/ai/inference/Tensor.html): C order, little-endian.
"""

import array
import math
import sys
from collections.abc import Mapping, Sequence
from math import prod

from device_runtime.capability.arguments import refuse
from device_runtime.capability.registry import CapabilityError
from device_runtime.inference.tensors import SIZES, TensorData, TensorInfo
from device_runtime.values import Value

MAX_BYTES = 8 * 1024 * 1024
"""Of all inputs of one run."""
REAL = "float32"
"""The type of numbers where a program names none; a model with quantised tensors converts them."""
# By the names of array's type codes on every platform that Cygnet runs on.
_CODES = {
    "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
    "float32": "f", "float64": "d",
}  # fmt: skip
_MOST_NAMES = 8


def read_inputs(value: Value, expected: Sequence[TensorInfo], model: str) -> list[TensorData]:
    """What a program gives a model's inputs, by their names, in the model's order.

    Raises:
        CapabilityError: an input is missing or is not one of the model's, or its type, shape or data do not fit; the
            sentence names model, input and what was expected.
    """
    if not isinstance(value, dict):
        raise refuse(f"inputs must be an object of tensors by the names of the inputs of {model}: {_names(expected)}")
    for name in value:
        if all(name != info.name for info in expected):
            raise refuse(f"{model} has no input {name[:80]!r}; it has {_names(expected)}")
    read = []
    for info in expected:
        if info.name not in value:
            raise refuse(f"{model} needs the input {info.name!r}, which is missing; it has {_names(expected)}")
        read.append(_read(value[info.name], info, f"input {info.name!r} of {model}"))
    if sum(len(tensor.data) for tensor in read) > MAX_BYTES:
        raise refuse(f"the inputs of {model} hold more than {MAX_BYTES} bytes")
    return read


def _names(infos: Sequence[TensorInfo]) -> str:
    shown = ", ".join(repr(info.name[:80]) for info in infos[:_MOST_NAMES])
    return f"{shown} and {len(infos) - _MOST_NAMES} more" if len(infos) > _MOST_NAMES else shown or "none"


def _read(value: Value, info: TensorInfo, where: str) -> TensorData:
    if not isinstance(value, dict):
        raise refuse(f"{where} must be an object with data, and with shape and type as needed")
    dtype = value.get("type")
    if dtype is None:
        dtype = REAL
    accepted = (info.dtype,) if info.dtype == REAL else (info.dtype, REAL)
    if not isinstance(dtype, str) or dtype not in accepted:
        raise refuse(f"{where}: expected the type {' or '.join(accepted)}, got {str(dtype)[:40]!r}")
    shape = _shape(value.get("shape"), info, where)
    data = value.get("data")
    if isinstance(data, list):
        data = _packed(data, dtype, where)
    if not isinstance(data, bytes):
        raise refuse(f"{where}: data must be an ArrayBuffer or a list of numbers")
    wanted = prod(shape) * SIZES[dtype]
    if len(data) != wanted:
        raise refuse(
            f"{where}: {dtype} {list(shape)} takes {prod(shape)} numbers in {wanted} bytes, got {len(data)} bytes"
        )
    return TensorData(shape, dtype, data)


def _shape(value: Value, info: TensorInfo, where: str) -> tuple[int, ...]:
    """The shape that was given. A size of the model that is not above 0 is one that it leaves open."""
    fixed = all(size > 0 for size in info.shape)
    if value is None:
        if not fixed:
            raise refuse(f"{where}: shape must be given, since the model leaves it open: {list(info.shape)}")
        return info.shape
    sizes = []
    for size in value if isinstance(value, list) else [value]:
        whole = size if isinstance(size, int) else int(size) if isinstance(size, float) and size.is_integer() else -1
        if isinstance(size, bool) or not 0 < whole <= MAX_BYTES:
            raise refuse(f"{where}: shape must be a list of whole numbers above 0")
        sizes.append(whole)
    fits = len(sizes) == len(info.shape) and all(
        wanted <= 0 or size == wanted for wanted, size in zip(info.shape, sizes, strict=False)
    )
    if not isinstance(value, list) or not fits:
        raise refuse(f"{where}: expected the shape {list(info.shape)}, got {str(value)[:80]}")
    if prod(sizes) > MAX_BYTES:
        raise refuse(f"{where}: the shape {sizes} has more than {MAX_BYTES} numbers")
    return tuple(sizes)


def _packed(numbers: list[Value], dtype: str, where: str) -> bytes:
    whole = not dtype.startswith("float")
    checked: list[int | float] = []
    for index, number in enumerate(numbers):
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise refuse(f"{where}: data[{index}] must be a number")
        if whole and isinstance(number, float):
            if not number.is_integer():
                raise refuse(f"{where}: data[{index}] must be a whole number, since the type is {dtype}")
            number = int(number)
        checked.append(number)
    try:
        packed = array.array(_CODES[dtype], checked)
    except OverflowError as error:
        raise refuse(f"{where}: data holds a number that {dtype} cannot hold") from error
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def write_tensor(tensor: TensorData, *, as_numbers: bool) -> dict[str, Value]:
    """A tensor for a program: data as bytes, or ``as_numbers`` as a flat list, where what is not finite is ``None``.

    Raises:
        CapabilityError: the type has no numbers that a list can hold.
    """
    data: Value = tensor.data
    if as_numbers:
        if tensor.dtype not in _CODES:
            raise CapabilityError(f"an output of the type {tensor.dtype} cannot be given as numbers")
        numbers = array.array(_CODES[tensor.dtype])
        numbers.frombytes(tensor.data)
        if sys.byteorder == "big":
            numbers.byteswap()
        data = [number if math.isfinite(number) else None for number in numbers.tolist()]
    return {"shape": list(tensor.shape), "type": tensor.dtype, "data": data}


def describe(info: TensorInfo) -> Mapping[str, Value]:
    """An input or output as ``inference.open`` tells of it."""
    return {
        "name": info.name,
        "shape": list(info.shape),
        "dtype": info.dtype,
        "scale": info.scale,
        "zero_point": info.zero_point,
    }
