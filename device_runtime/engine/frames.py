"""Frames between the host and a worker: length-prefixed msgpack, the same kinds in both directions.

On the wire a frame is an unsigned 32-bit big-endian length and that many bytes of msgpack: a list whose
first item is the kind and whose rest are the fields of that kind's class in order. A frame that is too
large, of unknown kind, or of the wrong shape raises :class:`FrameError`; whoever reads it ends the worker.

The host reads one frame in one go, and serves nobody else meanwhile. So a frame of a worker is bounded not only in its
bytes but in what it costs to read (``MAX_WEIGHT``), and a large patch travels in several frames (:func:`divide`).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, get_args

import msgpack

from device_runtime.errors import CygnetError
from device_runtime.values import Value

MAX_FRAME_BYTES = 16 * 1024 * 1024
MAX_OPERATIONS = 4_000
"""Of one patch. Reading these takes some 10 ms on a PC."""
MAX_WEIGHT = 400_000
"""Of one frame from a worker: each value weighs 1, a list or object 8 more. Without this bound a frame of 16 million
empty lists, which has the size of a picture, kept a PC busy for 21 seconds."""
_WEIGHT_OF_A_CONTAINER = 8
# Nothing so short can weigh too much.
_WEIGHED_BYTES = MAX_WEIGHT // (2 * _WEIGHT_OF_A_CONTAINER)
_LENGTH = struct.Struct(">I")
_Container = TypeVar("_Container", list[Any], dict[Any, Any])


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


def encode_frame(frame: Frame, most: int = MAX_FRAME_BYTES) -> bytes:
    """One frame as bytes, its length in front.

    Raises:
        FrameError: it is larger than ``most``, or holds a value that msgpack cannot carry.
    """
    fields = [getattr(frame, name) for name in type(frame).__match_args__]
    try:
        body: bytes = msgpack.packb([type(frame).__name__.lower(), *fields], use_bin_type=True)
    except (TypeError, ValueError, OverflowError) as error:
        raise FrameError(f"a {type(frame).__name__} frame holds a value that cannot be sent: {error}") from error
    if len(body) > most:
        raise FrameError(f"a frame of {len(body)} bytes is larger than the {most} allowed")
    return _LENGTH.pack(len(body)) + body


def divide(frame: Frame) -> Iterator[Frame]:
    """A frame as the host takes it: a patch with too many operations in several, which mean the same one by one."""
    if isinstance(frame, Patch) and len(frame.operations) > MAX_OPERATIONS:
        for start in range(0, len(frame.operations), MAX_OPERATIONS):
            yield Patch(frame.page, frame.operations[start : start + MAX_OPERATIONS], frame.target)
    else:
        yield frame


class _Scales:
    """Weighs what is read while it is read, so that too much is never read to its end."""

    def __init__(self) -> None:
        self._left = MAX_WEIGHT

    def __call__(self, container: _Container) -> _Container:
        self._left -= _WEIGHT_OF_A_CONTAINER + len(container)
        if self._left < 0:
            raise ValueError(f"it holds more values than a frame may: more than {MAX_WEIGHT}, lists counting eightfold")
        return container


def _no_extension(code: int, _data: bytes) -> Value:
    raise ValueError(f"it holds an extension ({code}), which no frame has")


def _decode_body(body: bytes, *, weigh: bool) -> Frame:
    more: dict[str, Any] = {}
    if weigh and len(body) > _WEIGHED_BYTES:
        scales = _Scales()
        most = MAX_WEIGHT // _WEIGHT_OF_A_CONTAINER
        more = {"list_hook": scales, "object_hook": scales, "max_array_len": MAX_WEIGHT, "max_map_len": most}
    try:
        items = msgpack.unpackb(body, raw=False, strict_map_key=True, timestamp=1, ext_hook=_no_extension, **more)
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
    """Cuts a byte stream into frames. Give it what arrives; it yields what is complete.

    ``frame_bytes`` is the size of the frame that was yielded last. ``weigh`` bounds what a frame may cost; those of
    the host may cost more."""

    def __init__(self, *, weigh: bool = False) -> None:
        self._buffer = bytearray()
        self._weigh = weigh
        self.frame_bytes = 0

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
            with memoryview(self._buffer) as whole:
                body = bytes(whole[_LENGTH.size : end])
            del self._buffer[:end]
            self.frame_bytes = length
            yield _decode_body(body, weigh=self._weigh)
