"""The messages between a worker and Monty, as far as an engine needs them.

Monty's own client starts threads and processes, which a confined worker may not; what is left of it is this: framed
protobuf (https://protobuf.dev/programming-guides/encoding/), one request, then events until one ends the turn. Version
6 is that of pydantic-monty 1.4. Values cross as texts, which hold JSON; only the arguments of ``log`` are read as
values, which are nodes of a graph that name each other by number.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from device_runtime.engine import EngineError
from device_runtime.values import Value

PROTOCOL: Final = 6
LENGTH: Final = struct.Struct("<I")
MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
_DOUBLE: Final = struct.Struct("<d")
_MOST_ARGUMENTS: Final = 1000
_DEPTH: Final = 20
_MOST_VALUES: Final = 10_000

# Kinds of events, and of values.
PRINT, FUNCTION_CALL, OS_CALL, NAME_LOOKUP, COMPLETE, ERROR, OK, FATAL = 1, 2, 3, 4, 6, 7, 10, 11
_ELLIPSIS, _NONE, _BOOLEAN, _INTEGER, _BIG_INTEGER, _FLOAT, _STRING, _BYTES = 1, 2, 4, 5, 6, 7, 8, 9
_LIST, _TUPLE, _DICT, _SET, _FROZEN_SET, _FUNCTION, _REPR = 11, 12, 14, 15, 16, 25, 29
_SEQUENCES: Final = frozenset({_LIST, _TUPLE, _SET, _FROZEN_SET})


class WireError(EngineError):
    """Monty sent what is no message."""


@dataclass(frozen=True, slots=True)
class Place:
    """One line of a traceback, from the outside to the inside: function, line and column in a source."""

    source: str
    line: int
    column: int
    function: str


@dataclass(frozen=True, slots=True)
class Event:
    """What Monty says. ``kind`` tells which of the others mean something: ``name`` and ``arguments`` of a call (and
    where in its source it stands, in bytes), ``text`` and ``places`` of an error."""

    kind: int
    name: str = ""
    arguments: tuple[Value, ...] = ()
    call: int = 0
    source: str = ""
    offset: int = 0
    text: str = ""
    places: tuple[Place, ...] = ()


# -- writing ---------------------------------------------------------------------------------------------------


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _block(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _graph(field: int, node: bytes) -> bytes:
    return _block(field, _number(1, 1) + _block(2, node))


def configure(memory_bytes: int, depth: int, turn_seconds: float) -> bytes:
    """Begin a session with these limits; ``turn_seconds`` are those between two answers of ours."""
    limits = _number(2, memory_bytes) + _number(4, depth) + _number(7, int(turn_seconds * 1_000_000))
    return _block(1, _block(1, b"program.py") + _block(2, limits) + _number(6, 0) + _number(9, PROTOCOL))


def feed(code: str) -> bytes:
    """Run a snippet."""
    return _block(3, _block(1, code.encode()))


def answer(call: int, text: str) -> bytes:
    """A call's result."""
    return _block(4, _number(1, call) + _block(2, _number(1, 0)) + _graph(3, _block(_STRING, text.encode())))


def refuse(call: int, kind: str, text: str) -> bytes:
    """A call raises an exception of a built-in kind."""
    return _block(4, _number(1, call) + _block(2, _block(2, _block(1, kind.encode()) + _block(2, text.encode()))))


def not_found(call: int, name: str) -> bytes:
    """There is no such function."""
    return _block(4, _number(1, call) + _block(2, _block(4, name.encode())))


def not_handled(call: int) -> bytes:
    """Nobody answers calls of the operating system."""
    return _block(4, _number(1, call) + _block(2, _block(5, b"")))


def undefined() -> bytes:
    """There is no such name."""
    return _block(5, _block(3, b""))


def function(name: str) -> bytes:
    """A name is that of a function of ours."""
    return _block(5, _graph(1, _block(_FUNCTION, _block(1, name.encode()))) + _number(2, 0))


def abort(text: str) -> bytes:
    """End what waits for an answer, with a ``TimeoutError`` that nothing catches."""
    return _block(11, _block(1, _block(1, b"TimeoutError") + _block(2, text.encode())))


# -- reading ---------------------------------------------------------------------------------------------------


def _read_varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise WireError("Monty sent a number that is too long")


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """The fields of a message: whole numbers, or bytes."""
    at, end = 0, len(data)
    while at < end:
        key, at = _read_varint(data, at)
        value: Any
        match key & 7:
            case 0:
                value, at = _read_varint(data, at)
            case 1:
                value, at = data[at : at + 8], at + 8
            case 2:
                length, at = _read_varint(data, at)
                value, at = data[at : at + length], at + length
            case 5:
                value, at = data[at : at + 4], at + 4
            case _:
                raise WireError("Monty sent a field of an unknown kind")
        if at > end:
            raise WireError("Monty sent a message that ends too early")
        yield key >> 3, value


def _text(data: memoryview) -> str:
    return str(data, "utf-8", "replace")


def read_event(data: bytes) -> Event:
    """One message of Monty.

    Raises:
        WireError: it is none.
    """
    try:
        for field, value in _fields(memoryview(data)):
            match field:
                case 2:
                    return _read_call(value)
                case 3:
                    return Event(OS_CALL, call=_first_number(value))
                case 4:
                    return Event(NAME_LOOKUP, name=next((_text(v) for f, v in _fields(value) if f == 1), ""))
                case 7:
                    exception = next((v for f, v in _fields(value) if f == 1), memoryview(b""))
                    return _read_error(exception)
                case 11:
                    return Event(FATAL, text=next((_text(v) for f, v in _fields(value) if f == 1), ""))
                case 1 | 6 | 10:
                    return Event(field)
                case 5 | 8 | 9 | 12:
                    break
    except (IndexError, TypeError, struct.error) as error:
        raise WireError("Monty sent what is no message") from error
    raise WireError("Monty sent a message of an unknown kind")


def _first_number(data: memoryview) -> int:
    return next((value for field, value in _fields(data) if field == 1 and isinstance(value, int)), 0)


def _read_call(data: memoryview) -> Event:
    name, source, call, offset = "", "", 0, 0
    roots: list[int] = []
    nodes: list[memoryview] = []
    for field, value in _fields(data):
        match field:
            case 1:
                name = _text(value)
            case 2:
                roots = _packed(value)
            case 4:
                call = value
            case 7:
                nodes = [node for part, node in _fields(value) if part == 2]
            case 8:
                for part, inner in _fields(value):
                    source = _text(inner) if part == 1 else source
                    offset = inner if part == 2 else offset
    if len(roots) > _MOST_ARGUMENTS:
        raise WireError("Monty sent a call with too many arguments")
    values = _Values(nodes)
    return Event(FUNCTION_CALL, name, tuple(values.read(root, 0) for root in roots), call, source, offset)


def _packed(data: memoryview) -> list[int]:
    numbers, at = [], 0
    while at < len(data):
        number, at = _read_varint(data, at)
        numbers.append(number)
    return numbers


class _Values:
    """The nodes of a graph as values, as many as a message of people needs: a node may be in many places."""

    def __init__(self, nodes: list[memoryview]) -> None:
        self._nodes = nodes
        self._left = _MOST_VALUES

    def read(self, number: int, depth: int) -> Any:
        """A node as a value. What is no plain value is its ``repr``."""
        self._left -= 1
        if depth > _DEPTH or self._left < 0:
            return "…"
        kind, data = next(_fields(self._nodes[number]))
        if kind in _SEQUENCES:
            inner = (
                self.read(part, depth + 1) for field, parts in _fields(data) if field == 1 for part in _packed(parts)
            )
            return (
                tuple(inner)
                if kind == _TUPLE
                else set(map(_hashable, inner))
                if kind in (_SET, _FROZEN_SET)
                else list(inner)
            )
        match kind:
            case 4:
                return data != 0
            case 5:
                return (data >> 1) ^ -(data & 1)
            case 6:
                parts = dict(_fields(data))
                size = int.from_bytes(bytes(parts.get(2, b"")), "big")
                return -size if parts.get(1) else size
            case 7:
                return _DOUBLE.unpack(data)[0]
            case 8 | 29:
                return _text(data)
            case 9:
                return bytes(data)
            case 14:
                pairs = [dict(_fields(pair)) for field, pair in _fields(data) if field == 1]
                return {
                    _hashable(self.read(pair.get(1, 0), depth + 1)): self.read(pair.get(2, 0), depth + 1)
                    for pair in pairs
                }
            case 2:
                return None
            case 22:  # an exception, as its str() is
                return next((_text(value) for field, value in _fields(data) if field == 2), "")
            case 23:
                return f"<class '{next((_text(value) for field, value in _fields(data) if field == 1), '')}'>"
            case _:
                return "<object>"


def _hashable(value: Any) -> Any:
    return str(value) if isinstance(value, list | dict | set) else value


def _read_error(data: memoryview) -> Event:
    kind, text = "", ""
    places: list[Place] = []
    for field, value in _fields(data):
        match field:
            case 1:
                kind = _text(value)
            case 2:
                text = _text(value)
            case 3 if len(places) < _MOST_ARGUMENTS:
                places.append(_read_place(value))
    return Event(ERROR, kind, text=text, places=tuple(places))


def _read_place(data: memoryview) -> Place:
    source, function_name, line, column = "", "", 0, 0
    for field, value in _fields(data):
        match field:
            case 1:
                source = _text(value)
            case 2:
                start = dict(_fields(value))
                line, column = start.get(1, 0), start.get(2, 0)
            case 4:
                function_name = _text(value)
    return Place(source, line, column, function_name)
