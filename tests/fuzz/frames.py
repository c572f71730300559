"""The frame decoder: any bytes are frames or a FrameError, however the stream is cut, and in bounded memory."""

import struct
from collections.abc import Callable, Mapping

import msgpack

from device_runtime.engine.frames import (
    MAX_FRAME_BYTES,
    Event,
    Exit,
    Frame,
    FrameDecoder,
    FrameError,
    Log,
    Patch,
    Request,
    Response,
    encode_frame,
)
from tests.fuzz.choices import Choices
from tests.fuzz.documents import nested, value
from tests.fuzz.refusals import check_refusal

KINDS = ("request", "response", "event", "patch", "log", "exit", "", "frame")
FRAMES: list[Frame] = [
    Request(1, "storage.set", {"key": "a", "data": [1, 2.5, b"x"]}),
    Response(-1, {"a": [True, None]}, None),
    Event("stack", {"pages": [], "transition": "none", "target": ""}),
    Patch(1, [["insert", 0, 0, [1, "view", {"class": "a"}, ["tap"], [[2, "text"]]]]], ""),
    Log("error", "it failed", "app.js:1:2"),
    Exit("done"),
]
_FIELDS = ["a", {"a": [1, 2.5]}, [], "stack", 1, None, "", True]
SEEDS = [b"\0\0\0" + encode_frame(frame) for frame in FRAMES]
_HEADERS = (b"\xc1", b"\xd4\xff\0", b"\xd6\xff\0\0\0\1", b"\xd8\5" + b"x" * 16, b"\xdd\xff\xff\xff\xff",
b"\xdf\xff\xff\xff\xff",
            b"\xc6\xff\xff\xff\xff", b"\x81\x90\x90", b"\x81\xc4\1a\1", b"\xa1\xff", b"\x91" * 40,
            b"\x81\xa1a" * 40)  # fmt: skip


def feed(data: bytes) -> None:
    choices = Choices(data)
    whole = choices.below(2) == 0
    cuts = [choices.byte() + 1, choices.byte() + 1]
    check(choices.rest() if whole else b"".join(body(choices) for _ in range(choices.below(4) + 1)), cuts)


def body(choices: Choices) -> bytes:
    """One frame, nearly as it should be."""
    packed = encode_frame(choices.pick(FRAMES)) if choices.chance(4) else framed(packed_items(choices))
    if choices.chance(4):
        at = choices.below(len(packed))
        packed = packed[:at] + choices.pick(_HEADERS) + packed[at + choices.below(3) :]
    return packed


def packed_items(choices: Choices) -> bytes:
    items: list[object] = [choices.pick(KINDS)]
    items += [value(choices, _FIELDS)
              for _ in range(choices.below(5))]  # fmt: skip
    try:
        packed: bytes = msgpack.packb(items, use_bin_type=True, unicode_errors="surrogatepass")
    except (ValueError, OverflowError):
        return bytes(choices.rest())
    return packed


def framed(packed: bytes) -> bytes:
    return struct.pack(">I", len(packed)) + packed


def check(stream: bytes, cuts: list[int] = [7, 1]) -> None:  # noqa: B006 never written
    whole, refusal = decoded(stream, [len(stream) or 1])
    cut, cut_refusal = decoded(stream, cuts)
    assert repr(whole) == repr(cut)
    assert refusal == cut_refusal
    for frame in whole:
        assert isinstance(frame, Frame)
        # What was taken can be sent, and is the same then.
        assert repr([*FrameDecoder().feed(encode_frame(frame))]) == repr([frame])


def decoded(stream: bytes, cuts: list[int]) -> tuple[list[Frame], str]:
    decoder, found, at, turn = FrameDecoder(), list[Frame](), 0, 0
    while at < len(stream):
        step = cuts[turn % len(cuts)]
        try:
            for frame in decoder.feed(stream[at : at + step]):
                found.append(frame)
        except FrameError as error:
            check_refusal(error)
            return found, str(error)
        assert len(decoder._buffer) <= MAX_FRAME_BYTES + 4 + step
        at, turn = at + step, turn + 1
    return found, ""


def _frame(*items: object) -> Callable[[], bytes]:
    return lambda: framed(msgpack.packb([*items], use_bin_type=True))


CASES: Mapping[str, Callable[[], bytes]] = {
    "an extension type": _frame("exit", msgpack.ExtType(5, b"x")),
    "an extension type as an argument": _frame("request", 1, "a", {"b": msgpack.ExtType(5, b"x")}),
    "a timestamp": _frame("request", 1, "a", {"b": msgpack.Timestamp(1, 1)}),
    "a timestamp before the year one": _frame("request", 1, "a", {"b": msgpack.Timestamp(-(2**60), 1)}),
    "a name that is bytes": _frame("request", 1, "a", {b"b": 1}),
    "lists 600 deep": _frame("event", "a", {"b": nested(500)}),
    "a map whose key is a list": lambda: framed(b"\x93\xa5event\xa1a\x81\x90\x90"),
    "four million empty maps": lambda: framed(
        b"\x94\xa5patch\x01\xdd" + struct.pack(">I", 4_000_000) + b"\x80" * 4_000_000 + b"\xa0"
    ),
    "a list that says it has four billion items": lambda: framed(b"\x94\xa5patch\x01\xdd\xff\xff\xff\xff\xa0"),
    "nothing": lambda: b"\0\0\0\0",
}
