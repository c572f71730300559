"""Tensors as programs give and get them: ``{shape?, type?, data}`` with a flat list of numbers, as on Linux."""

from .arguments import refuse

try:
    from typing import Any
except ImportError:
    pass

_REAL = "float32"
_LEAST = {"int8": -128, "uint8": 0}


def read_tensor(given: object, entry: "tuple[Any, ...]", target: "memoryview", where: str) -> None:
    """Write what a program gives into an input, quantised where it is real.

    Raises:
        CapabilityError: type, shape or data are none that the input takes.
    """
    _, shape, dtype, scale, zero = entry
    if not isinstance(given, dict):
        raise refuse(f"{where} must be an object with data, and with shape and type as needed")
    kind = given.get("type") or _REAL
    if kind not in (_REAL, dtype):
        raise refuse(f"{where}: expected the type {dtype} or {_REAL}, got {str(kind)[:40]!r}")
    if given.get("shape") is not None and given["shape"] != list(shape):
        raise refuse(f"{where}: expected the shape {list(shape)}, got {str(given['shape'])[:80]}")
    numbers = given.get("data")
    if not isinstance(numbers, list) or len(numbers) != len(target):
        got = len(numbers) if isinstance(numbers, list) else "none"
        raise refuse(f"{where}: {kind} {list(shape)} takes {len(target)} numbers in a list, got {got}")
    least = _LEAST[dtype]
    for at in range(len(numbers)):
        number = numbers[at]
        if isinstance(number, bool) or not isinstance(number, (int, float)) or number - number != 0:
            raise refuse(f"{where}: data[{at}] must be a number")
        if kind == _REAL:
            number = min(max(round(min(max(number / scale, -1000), 1000)) + zero, least), least + 255)
        elif number != int(number) or not least <= number <= least + 255:
            raise refuse(f"{where}: data[{at}] must be a whole number that {dtype} can hold")
        target[at] = int(number) & 255


def write_tensor(entry: "tuple[Any, ...]", source: "memoryview") -> "dict[str, Any]":
    """An output, as real numbers."""
    _, shape, dtype, scale, zero = entry
    most = 127 if dtype == "int8" else 255
    data = [((value - 256 if value > most else value) - zero) * scale for value in source]
    return {"shape": list(shape), "type": _REAL, "data": data}
