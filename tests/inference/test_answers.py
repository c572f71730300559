"""A model may have taken its process over: whatever that answers ends in a sentence."""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.inference.answers import AnswerError, read_detections, read_infos, read_tensors
from device_runtime.inference.process import ModelProcess
from device_runtime.inference.service import InferenceService
from device_runtime.inference.store import ModelError, ModelStore
from device_runtime.inference.tensors import Detection, TensorData, TensorInfo
from device_runtime.values import Value
from tests.inference.test_backend import ZERO
from tests.inference.test_service import add, counter, floats


@pytest.fixture
async def service() -> AsyncIterator[InferenceService]:
    service = InferenceService(ModelStore())
    yield service
    await service.close()


def test_what_a_process_should_answer_is_read() -> None:
    assert read_infos([["x", [-1, 4], "int8", 0.5, -3]]) == (TensorInfo("x", (-1, 4), "int8", 0.5, -3),)
    assert read_tensors([[[2], "int16", bytes(4)], [[], "bool", b"1"]], 2) == (
        TensorData((2,), "int16", bytes(4)),
        TensorData((), "bool", b"1"),
    )
    assert read_detections([["on", 0.5, 1.0]]) == (Detection("on", 0.5, 1.0),)


BAD: list[tuple[Callable[..., object], tuple[Value, ...]]] = [
    (read_infos, (None,)),
    (read_infos, ([["x", [1], "int8", 0.5]],)),
    (read_infos, ([[b"x", [1], "int8", 0.5, 0]],)),
    (read_infos, ([["x", ["1"], "int8", 0.5, 0]],)),
    (read_infos, ([["x", [1], "int8", "0.5", 0]],)),
    (read_tensors, ([], 1)),
    (read_tensors, ([[[2], "int8", b"1"]], 1)),
    (read_tensors, ([[[-1], "int8", b""]], 1)),
    (read_tensors, ([[[1.0], "int8", b"1"]], 1)),
    (read_tensors, ([[[1], ["int8"], b"1"]], 1)),
    (read_tensors, ([[[1], "int8", "1"]], 1)),
    (read_detections, ("on",)),
    (read_detections, ([[["on"], 0.5, 1.0]],)),
    (read_detections, ([["on", float("nan"), 1.0]],)),
    (read_detections, ([["on", 0.5, "now"]],)),
]


@pytest.mark.parametrize(("reader", "told"), BAD)
def test_what_it_should_not_answer_is_refused(reader: Callable[..., object], told: tuple[Value, ...]) -> None:
    with pytest.raises(AnswerError):
        reader(*told)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()


@given(st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner)))
def test_any_answer_is_read_or_refused(told: Value) -> None:
    for read in (read_infos, read_detections, lambda answer: read_tensors(answer, 1)):
        with suppress(AnswerError):
            read(told)


async def test_a_process_that_answers_what_it_should_not_is_ended(
    service: InferenceService, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, other = await service.open("digits", "a program"), await service.open(counter(), "another")
    with monkeypatch.context() as patched:
        request = ModelProcess.request

        async def taken_over(self: ModelProcess, name: str, *arguments: Any, **options: Any) -> Value:
            return [["mine"]] if self.name == "digits" else await request(self, name, *arguments, **options)

        patched.setattr(ModelProcess, "request", taken_over)
        with pytest.raises(
            ModelError, match="model digits: its process does not answer as it should: it gives no list"
        ):
            await session.run([floats(ZERO)])
    assert session.process_id is None
    assert await add(other, 1, 1) == [1, 1]
    assert await (await service.open("digits", "a program")).run([floats(ZERO)])
