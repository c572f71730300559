"""Kernels as bytecode, for firmware without viper: the same source, with stand-ins for viper's own types.

Here a kernel takes memory while it runs, and some hundred times as long.
"""

import sys

import uctypes

try:
    from typing import Any
except ImportError:
    pass

_loaded = {}  # type: dict[str, dict[str, Any]]


class Bytes:
    """``ptr8``: bytes at an address."""

    def __init__(self, address: "int | Bytes") -> None:
        self.address = _whole(address)

    def __getitem__(self, at: int) -> int:
        found: int = uctypes.bytearray_at(self.address + at, 1)[0]
        return found

    def __setitem__(self, at: int, value: int) -> None:
        uctypes.bytearray_at(self.address + at, 1)[0] = value & 255


class Words(Bytes):
    """``ptr32``: numbers of 32 bits at an address."""

    def __getitem__(self, at: int) -> int:
        found: bytearray = uctypes.bytearray_at(self.address + 4 * at, 4)
        return int.from_bytes(found, "little") - (found[3] >> 7 << 32)


def _whole(value: "int | Bytes") -> int:
    """``int``, as kernels use it."""
    return value.address if isinstance(value, Bytes) else value


def load(module: str) -> "dict[str, Any]":
    """The functions of a module of kernels."""
    if module not in _loaded:
        names = {"ptr8": Bytes, "ptr32": Words, "int": _whole}  # type: dict[str, Any]
        exec(_source(module), names)  # noqa: S102 - the runtime's own source, as it is imported elsewhere
        _loaded[module] = names
    return _loaded[module]


def _source(module: str) -> str:
    for folder in sys.path:
        try:
            with open(folder + "/" + module.replace(".", "/") + ".py") as file:
                text = file.read()
        except OSError:
            continue
        lines = []  # type: list[str]
        head = ""
        for line in text.split("\n"):
            if head:  # what viper does with its parameters, in the function's own indentation
                indent = line[: len(line) - len(line.lstrip())]
                names = [each.split(":")[0].strip() for each in head.split("(", 1)[1].split(")")[0].split(",")]
                lines.append(f"{head.split('(')[0]}({','.join(names)}):")
                lines.append(f"{indent}{names[2]} = 0")
                lines.append(f"{indent}{names[3]} = ptr32({names[3]})")
                head = ""
            if line in ("import micropython", "@micropython.viper"):
                continue
            if line.startswith("def "):
                head = line
            else:
                lines.append(line)
        return "\n".join(lines)
    raise ImportError("no source of " + module)
