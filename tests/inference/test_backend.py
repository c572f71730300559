"""The back ends, each that is installed: the same tests on LiteRT and on tflite-runtime."""

import builtins
import importlib.util
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_runtime.inference.backend import MissingRuntimeError, Model, TfliteBackend, find_backend
from device_runtime.inference.repair import repaired
from device_runtime.inference.store import ModelError, ModelStore

INSTALLED = [
    name
    for name, package in (("litert", "ai_edge_litert"), ("tflite", "tflite_runtime"))
    if importlib.util.find_spec(package)
]
COUNTER = Path(__file__).parent / "data" / "counter.tflite"

# The first digit of each kind in scikit-learn's set, a row a line, ink in hexadecimal with g for 16.
ZERO = "005d9100 00dfaf50 03f20b80 04c00880 05800980 04b01c70 02e5ac00 006da000"
FOUR = "0001b000 00078000 001d6220 007f09g1 05ggfgg0 013f9g40 00009g00 0000bb00"


def image(rows: str) -> Any:
    return np.array([int(pixel, 17) for pixel in rows.replace(" ", "")], np.float32).reshape(1, 8, 8, 1)


@pytest.fixture(params=INSTALLED)
def backend(request: pytest.FixtureRequest) -> TfliteBackend:
    return find_backend(request.param)


@pytest.fixture
def digits(backend: TfliteBackend) -> Model:
    store = ModelStore()
    return store.load(store.card("digits"), backend)


@pytest.fixture
def counter(backend: TfliteBackend) -> Model:
    return backend.load(COUNTER, "counter")


def add(counter: Model, first: int, second: int) -> list[int]:
    (total,) = counter.invoke(np.array([[first, second]], np.int32))
    return [int(value) for value in total[0]]


@pytest.mark.parametrize(("rows", "label"), [(ZERO, 0), (FOUR, 4)])
def test_a_quantised_model_classifies(digits: Model, rows: str, label: int) -> None:
    (stored,) = digits.invoke(digits.inputs[0].quantize(image(rows)))
    probabilities = digits.outputs[0].dequantize(stored)
    assert stored.dtype == np.int8
    assert int(probabilities.argmax()) == label
    assert probabilities.sum() == pytest.approx(1, abs=0.05)


def test_outputs_are_copies(digits: Model) -> None:
    (first,) = digits.invoke(digits.inputs[0].quantize(image(ZERO)))
    kept = first.copy()
    digits.invoke(digits.inputs[0].quantize(image(FOUR)))
    assert (first == kept).all()


def test_quantising_rounds_and_saturates(digits: Model) -> None:
    tensor = digits.inputs[0]
    real = np.array([-5.0, 0.0, 8.0, 16.0, 99.0])
    assert tensor.quantize(real).tolist() == [-128, -128, -1, 127, 127]
    assert tensor.dequantize(tensor.quantize(real))[1:4] == pytest.approx([0, 8, 16], abs=tensor.scale / 2)


def test_tensors_without_scale_pass_unchanged(counter: Model) -> None:
    assert counter.inputs[0].scale == 0
    assert counter.inputs[0].quantize(np.array([7])).tolist() == [7]
    assert counter.outputs[0].dequantize(np.array([7])).tolist() == [7.0]


def test_resource_variables_live_from_call_to_call(counter: Model) -> None:
    assert [add(counter, 1, 2), add(counter, 10, 20), add(counter, 100, 200)] == [[1, 2], [11, 22], [111, 222]]


def test_a_reset_forgets_resource_variables(counter: Model) -> None:
    add(counter, 5, 5)
    counter.reset()
    assert add(counter, 1, 2) == [1, 2]


def test_two_models_from_one_file_share_no_state(backend: TfliteBackend) -> None:
    first, second = backend.load(COUNTER, "first"), backend.load(COUNTER.read_bytes(), "second")
    add(first, 5, 5)
    assert add(second, 1, 2) == [1, 2]


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.zeros((1, 3), np.int32), r"expected int32 \[1, 2\], got int32 \[1, 3\]"),
        (np.zeros((1, 2), np.float32), r"expected int32 \[1, 2\], got float32 \[1, 2\]"),
    ],
)
def test_a_wrong_array_is_told_with_model_and_tensor(counter: Model, array: Any, told: str) -> None:
    with pytest.raises(ModelError, match=rf"model counter, input .*: {told}"):
        counter.invoke(array)


def test_a_wrong_number_of_arrays_is_told(counter: Model) -> None:
    with pytest.raises(ModelError, match="model counter takes 1 arrays, not 0"):
        counter.invoke()


@pytest.mark.parametrize("content", [b"", b"hello", b"\0\0\0\0TFL2 and more"])
def test_bytes_that_are_no_model_are_refused(backend: TfliteBackend, content: bytes) -> None:
    with pytest.raises(ModelError, match="model noise is not a TensorFlow Lite model"):
        backend.load(content, "noise")


def test_a_missing_model_file_is_told(backend: TfliteBackend, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model gone: .* cannot be read: No such file"):
        backend.load(tmp_path / "gone.tflite", "gone")


def test_an_unknown_back_end_is_told_with_those_there_are() -> None:
    with pytest.raises(MissingRuntimeError, match="no back end 'onnx'; there are litert, tflite"):
        find_backend("onnx")


def test_without_any_runtime_the_extras_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("ai_edge_litert", "tflite_runtime"):
        for module in [name for name in sys.modules if name.partition(".")[0] == package]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        MissingRuntimeError, match=r"not installed; .*'cygnet\[inference\]'.*'cygnet\[inference-tflite\]'"
    ):
        find_backend()


def test_without_numpy_the_extras_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import: Callable[..., Any] = builtins.__import__

    def without_numpy(name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "numpy":
            raise ModuleNotFoundError("No module named 'numpy'", name="numpy")
        return real_import(name, *arguments, **options)

    monkeypatch.delitem(sys.modules, "device_runtime.inference.backend")
    monkeypatch.setattr(builtins, "__import__", without_numpy)
    with pytest.raises(Exception, match=r"numpy is not installed; .*'cygnet\[inference\]'"):
        importlib.import_module("device_runtime.inference.backend")


@pytest.mark.parametrize("backend", ["", "reference"])
def test_a_bias_of_an_old_converter_is_no_reason_to_refuse_a_model(backend: str) -> None:
    from tests.inference.making import fully_connected, old_bias

    given = np.array([[1, 2, 3, 4]], np.int8)
    model = find_backend(backend).load(old_bias(), "old")
    assert (
        model.invoke(given)[0].tolist()
        == find_backend(backend).load(fully_connected(), "new").invoke(given)[0].tolist()
    )


def test_what_is_broken_besides_is_refused_as_the_runtime_says() -> None:
    from tests.inference.making import old_bias

    refused = "quantized_dimension must be in range [0, 1). Was 3."
    whole = old_bias()
    assert repaired(whole, "something else") is None
    assert repaired(whole, refused) is not None
    chance = random.Random(7)  # noqa: S311 the same ones each time
    for _ in range(2000):
        broken = bytearray(whole[: chance.randrange(8, len(whole))] if chance.random() < 0.3 else whole)
        for _ in range(chance.choice((1, 4, 12))):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        mended = repaired(bytes(broken), refused)
        assert mended is None or len(mended) == len(broken)


@pytest.mark.parametrize(("dtype", "called"), [("string", "texts"), ("complex64", "complex64")])
def test_a_model_of_other_than_numbers_is_refused_when_it_is_loaded(dtype: str, called: str) -> None:
    from tests.inference.making import passing

    assert find_backend().load(passing("float32"), "numbers").inputs[0].dtype == np.float32
    with pytest.raises(ModelError, match=f"model odd cannot be loaded: its input given is of {called}; expected"):
        find_backend().load(passing(dtype), "odd")
