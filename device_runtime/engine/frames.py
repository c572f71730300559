"""Frames between the host and a worker: length-prefixed msgpack, the same kinds in both directions.

On the wire a frame is an unsigned 32-bit big-endian length and that many bytes of msgpack: a list whose
first item is the kind and whose rest are the fields of that kind's class in order. A frame that is too
large, of unknown kind, or of the wrong shape raises :class:`FrameError`; whoever reads it ends the worker.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, get_args

import msgpack

from device_runtime.errors import CygnetError
from device_runtime.values import Value

MAX_FRAME_BYTES = 16 * 1024 * 1024
MAX_CONTAINERS = 1_000_000
"""The most lists and maps in a frame."""
_OPENING = bytes((*range(0x80, 0xA0), *range(0xDC, 0xE0)))
_LENGTH = struct.Struct(">I")


class FrameError(CygnetError):
    """The peer sent bytes that are no frame."""


@dataclass(frozen=True, slots=True)
class Request:
    """Worker to host: call capability ``name``. The host answers with a :class:`Response` of the same ``id``."""

    id: int
    name: str
    arguments: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Response:
    """Host to worker: ``value``, or in ``error`` the reason that follows ``<name>:fail ``."""

    id: int
    value: Value
    error: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened. Host to worker: ``launch``, ``node``, ``intent``, ``attach``, ``back``, ``show``,
    ``hide``, ``open``, ``capability``. Worker to host: ``ready``, ``stack``, ``answer``.
    ``docs/architecture.md`` lists the payload of each."""

    name: str
    payload: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Patch:
    """Worker to host: operations of :mod:`device_runtime.view.patches` for one page.

    ``target`` is empty for every screen, else the one screen that asked for a snapshot."""

    page: int
    operations: list[Value]
    target: str


@dataclass(frozen=True, slots=True)
class Log:
    """Worker to host: a console line or an uncaught error; ``source`` is ``file:line:column`` or empty."""

    level: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Exit:
    """Either way: stop now. ``reason`` is a sentence for people; empty when all is well."""

    reason: str


Frame: TypeAlias = Request | Response | Event | Patch | Log | Exit

_KINDS: dict[str, type[Frame]] = {kind.__name__.lower(): kind for kind in get_args(Frame)}
# The types that each field may have; none stands for any.
_SHAPES: dict[type[Frame], tuple[tuple[type, ...], ...]] = {
    Request: ((int,), (str,), (dict,)),
    Response: ((int,), (), (str, type(None))),
    Event: ((str,), (dict,)),
    Patch: ((int,), (list,), (str,)),
    Log: ((str,), (str,), (str,)),
    Exit: ((str,),),
}


def encode_frame(frame: Frame) -> bytes:
    """One frame as bytes, its length in front.

    Raises:
        FrameError: it is larger than ``MAX_FRAME_BYTES``, or holds a value that msgpack cannot carry.
    """
    fields = [getattr(frame, name) for name in type(frame).__match_args__]
    try:
        body: bytes = msgpack.packb([type(frame).__name__.lower(), *fields], use_bin_type=True)
    except (TypeError, ValueError, OverflowError) as error:
        raise FrameError(f"a {type(frame).__name__} frame holds a value that cannot be sent: {error}") from error
    if len(body) > MAX_FRAME_BYTES:
        raise FrameError(f"a frame of {len(body)} bytes is larger than the {MAX_FRAME_BYTES} allowed")
    return _LENGTH.pack(len(body)) + body


def _refuse(code: int, _: bytes) -> Value:
    raise ValueError(f"it holds the extension type {code}")


def _hooks(body: bytes) -> dict[str, Callable[[Any], Any]]:
    """What counts lists and maps, where there may be too many: a byte can be an empty map, which takes 64 in memory.

    Nearly all frames are too short for that, or have too few bytes that could be one.
    """
    if len(body) <= MAX_CONTAINERS or len(body) - len(body.translate(None, _OPENING)) <= MAX_CONTAINERS:
        return {}
    left = iter(range(MAX_CONTAINERS))

    def count(container: Any) -> Any:
        if next(left, None) is None:
            raise ValueError(f"it holds more than {MAX_CONTAINERS} lists and maps")
        return container

    return {"object_hook": count, "list_hook": count}


def _decode_body(body: bytes) -> Frame:
    try:
        items = msgpack.unpackb(body, raw=False, strict_map_key=True, timestamp=1, ext_hook=_refuse, **_hooks(body))
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise FrameError(f"a frame is not msgpack: {error}") from error
    if not isinstance(items, list) or not items or not isinstance(items[0], str) or items[0] not in _KINDS:
        raise FrameError("a frame is not a list that starts with a known kind")
    kind = _KINDS[items[0]]
    fields, shape = items[1:], _SHAPES[kind]
    if len(fields) != len(shape) or not all(not s or type(f) in s for f, s in zip(fields, shape, strict=True)):
        raise FrameError(f"a {items[0]} frame has the wrong fields")
    return kind(*fields)


class FrameDecoder:
    """Cuts a byte stream into frames. Give it what arrives; it yields what is complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield each frame completed by ``data``.

        Raises:
            FrameError: the stream is broken; nothing after it can be trusted.
        """
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > MAX_FRAME_BYTES:
                raise FrameError(f"a frame announces {length} bytes; at most {MAX_FRAME_BYTES} are allowed")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_LENGTH.size : end])
            del self._buffer[:end]
            yield _decode_body(body)
