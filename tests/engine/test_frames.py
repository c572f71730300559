"""The frame codec: whatever arrives, it is a frame or a FrameError, and cutting the stream changes nothing."""

import struct

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

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

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_INT = st.integers(-(2**63), 2**63 - 1)
_VALUE = st.recursive(
    st.none() | st.booleans() | _INT | st.floats(allow_nan=False) | _TEXT | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=10,
)
_OBJECT = st.dictionaries(_TEXT, _VALUE, max_size=4)
_FRAME: st.SearchStrategy[Frame] = st.one_of(
    st.builds(Request, _INT, _TEXT, _OBJECT),
    st.builds(Response, _INT, _VALUE, st.none() | _TEXT),
    st.builds(Event, _TEXT, _OBJECT),
    st.builds(Patch, _INT, st.lists(_VALUE, max_size=4), _TEXT),
    st.builds(Log, _TEXT, _TEXT, _TEXT),
    st.builds(Exit, _TEXT),
)


@given(st.lists(_FRAME, max_size=5), st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_frames_survive_any_cutting_of_the_stream(frames: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(encode_frame(frame) for frame in frames)
    decoder, found, at, turn = FrameDecoder(), [], 0, 0
    while at < len(stream):
        step = cuts[turn % len(cuts)]
        found += list(decoder.feed(stream[at : at + step]))
        at, turn = at + step, turn + 1
    assert found == frames


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_an_error(data: bytes) -> None:
    try:
        for frame in FrameDecoder().feed(data):
            assert isinstance(frame, Frame)
    except FrameError:
        pass


@given(_VALUE)
def test_any_msgpack_is_a_frame_or_an_error(value: object) -> None:
    body = msgpack.packb(value)
    try:
        for frame in FrameDecoder().feed(struct.pack(">I", len(body)) + body):
            assert isinstance(frame, Frame)
    except FrameError:
        pass


def test_an_oversize_announcement_is_refused_before_its_bytes_arrive() -> None:
    with pytest.raises(FrameError, match="announces"):
        list(FrameDecoder().feed(struct.pack(">I", MAX_FRAME_BYTES + 1)))


def test_an_oversize_frame_is_not_sent() -> None:
    with pytest.raises(FrameError, match="larger than"):
        encode_frame(Log("log", "x" * (MAX_FRAME_BYTES + 1), ""))


@pytest.mark.parametrize("value", [object(), {1, 2}, 2**70, "\ud800"])
def test_what_cannot_be_sent_is_named(value: object) -> None:
    with pytest.raises(FrameError, match="cannot be sent"):
        encode_frame(Response(1, value, None))  # type: ignore[arg-type] # the point of the test
