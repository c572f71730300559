"""Whatever a program gives as tensors is taken as it is or refused in one sentence."""

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_runtime.capability.registry import CapabilityError
from device_runtime.capability.tensors import read_inputs, write_tensor
from device_runtime.inference.tensors import SIZES, TensorData, TensorInfo

FORMATS = {
    "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
    "float32": "f", "float64": "d",
}  # fmt: skip
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=16),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
INFOS = (TensorInfo("x", (1, 3), "float32"), TensorInfo("q", (2,), "int8", 0.5, 1))


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        JUNK,
        st.fixed_dictionaries(
            {name: st.fixed_dictionaries({}, optional=dict.fromkeys(("data", "shape", "type"), JUNK)) for name in "xq"}
        ),
    )
)
def test_junk_is_refused_in_one_sentence(value: Any) -> None:
    try:
        tensors = read_inputs(value, INFOS, "double")
    except CapabilityError as error:
        told = str(error)
        assert told.startswith("parameter error: ")
        assert "\n" not in told
        assert len(told) < 500
    else:
        assert [tensor.shape for tensor in tensors] == [(1, 3), (2,)]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(FORMATS)), st.data())
def test_numbers_are_packed_and_unpacked_as_they_are(dtype: str, data: st.DataObject) -> None:
    floats = dtype.startswith("float")
    bits = 8 * SIZES[dtype]
    least, most = (0, 2**bits - 1) if dtype.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    width: Any = bits
    each: Any = st.floats(width=width, allow_nan=False, allow_infinity=False) if floats else st.integers(least, most)
    numbers = data.draw(st.lists(each, min_size=1, max_size=8))
    info = TensorInfo("x", (len(numbers),), dtype)
    (tensor,) = read_inputs({"x": {"type": dtype, "data": list(numbers)}}, [info], "m")
    assert tensor == TensorData((len(numbers),), dtype, struct.pack(f"<{len(numbers)}{FORMATS[dtype]}", *numbers))
    assert write_tensor(tensor, as_numbers=True)["data"] == numbers
    assert write_tensor(tensor, as_numbers=False)["data"] == tensor.data


@pytest.mark.parametrize(
    ("shape", "fits"),
    [([2, 4], True), ([1, 4], True), ([2, 3], False), ([4], False), (None, False), ([0, 4], False), ([1, 2, 4], False)],
)
def test_a_size_that_the_model_leaves_open_is_the_program_s(shape: Any, fits: bool) -> None:
    count = 1 if not shape else max(1, shape[0]) * shape[-1]
    given: Any = {"x": {"shape": shape, "data": [0.0] * count}}
    infos = [TensorInfo("x", (-1, 4), "float32")]
    if fits:
        assert read_inputs(given, infos, "m")[0].shape == tuple(shape)
    else:
        with pytest.raises(CapabilityError, match="shape"):
            read_inputs(given, infos, "m")


def test_inputs_together_have_a_bound() -> None:
    infos = [TensorInfo(name, (1024, 1024), "float32") for name in "abc"]
    given: Any = {name: {"data": bytes(4 * 1024 * 1024)} for name in "abc"}
    with pytest.raises(CapabilityError, match="the inputs of m hold more than 8388608 bytes"):
        read_inputs(given, infos, "m")


def test_an_output_without_numbers_is_refused_to_who_wants_a_list() -> None:
    with pytest.raises(CapabilityError, match="an output of the type bool cannot be given as numbers"):
        write_tensor(TensorData((1,), "bool", b"\x01"), as_numbers=True)
