"""The back end for ONNX files, which is what WeChat's ``createInferenceSession`` takes: ONNX Runtime.

Its own extra, ``onnx``; every other model of this device is a .tflite file. Importing this module needs numpy.
"""

import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np

from device_runtime.inference.backend import Array, MissingRuntimeError, Tensor
from device_runtime.inference.store import ModelError

_DTYPES = {
    "tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16", "tensor(bool)": "bool",
    "tensor(int8)": "int8", "tensor(uint8)": "uint8", "tensor(int16)": "int16", "tensor(uint16)": "uint16",
    "tensor(int32)": "int32", "tensor(uint32)": "uint32", "tensor(int64)": "int64", "tensor(uint64)": "uint64",
}  # fmt: skip
_STATE = "onnxruntime.capi.onnxruntime_pybind11_state"
_PREAMBLE = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ")
ANY = -1
"""A size in the shape of a tensor that the caller chooses."""


class OnnxBackend:
    """ONNX Runtime on the processor, ``threads`` a model.

    Raises:
        MissingRuntimeError: it is not installed.
    """

    name = "onnx"

    def __init__(self, threads: int = 1) -> None:
        try:
            self._runtime: Any = importlib.import_module("onnxruntime")
            state: Any = importlib.import_module(_STATE)
        except ImportError as error:
            raise MissingRuntimeError(
                f"ONNX models need onnxruntime: {error}; install it with: pip install 'cygnet[onnx]', or convert the "
                "model with: cygnet model import"
            ) from error
        self._threads = threads
        # Its exceptions have no class in common.
        own = [each for each in vars(state).values() if isinstance(each, type) and issubclass(each, Exception)]
        self.failures: tuple[type[Exception], ...] = (ValueError, *own)

    def load(self, source: bytes | Path, name: str) -> "OnnxModel":
        """See :meth:`device_runtime.inference.backend.Backend.load`."""
        if isinstance(source, Path):
            try:
                content = source.read_bytes()
            except OSError as error:
                raise ModelError(f"model {name}: {source} cannot be read: {error.strerror}") from error
        else:
            content = source
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self._threads, 1
        options.log_severity_level = 4
        try:
            session = self._runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except self.failures as error:
            raise ModelError(f"model {name} cannot be loaded: {_sentence(error)}") from error
        return OnnxModel(name, session, self.failures)


class OnnxModel:
    """A model in ONNX Runtime; see :class:`device_runtime.inference.backend.Model`. A size of :data:`ANY` in a shape is
    the caller's choice."""

    stateful = False

    def __init__(self, name: str, session: Any, failures: tuple[type[Exception], ...]) -> None:
        self.name = name
        self._session = session
        self._failures = failures
        self.inputs = tuple(_tensor(name, number, told) for number, told in enumerate(session.get_inputs()))
        self.outputs = tuple(_tensor(name, number, told) for number, told in enumerate(session.get_outputs()))

    def invoke(self, *arrays: Array) -> tuple[Array, ...]:
        """See :meth:`device_runtime.inference.backend.Model.invoke`."""
        if len(arrays) != len(self.inputs):
            raise ModelError(f"model {self.name} takes {len(self.inputs)} arrays, not {len(arrays)}")
        for tensor, array in zip(self.inputs, arrays, strict=True):
            if array.dtype != tensor.dtype or not fits(array.shape, tensor.shape):
                raise ModelError(
                    f"model {self.name}, input {tensor.name}: expected {tensor.dtype.name} {list(tensor.shape)}, "
                    f"got {array.dtype.name} {list(array.shape)}"
                )
        given = {tensor.name: array for tensor, array in zip(self.inputs, arrays, strict=True)}
        try:
            return tuple(np.asarray(array) for array in self._session.run(None, given))
        except self._failures as error:
            raise ModelError(f"model {self.name} failed: {_sentence(error)}") from error

    def reset(self) -> None:
        """Nothing is remembered from call to call."""


def fits(shape: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    """Whether a shape is the expected one, in which :data:`ANY` stands for any size."""
    return len(shape) == len(expected) and all(
        wanted in (ANY, size) for size, wanted in zip(shape, expected, strict=True)
    )


def _tensor(model: str, number: int, told: Any) -> Tensor:
    if told.type not in _DTYPES:
        raise ModelError(f"model {model} cannot be loaded: {told.name} is a {told.type}; expected a tensor of numbers")
    shape = tuple(size if isinstance(size, int) and size >= 0 else ANY for size in told.shape)
    return Tensor(str(told.name), number, shape, np.dtype(_DTYPES[told.type]), 0.0, 0)


def _sentence(error: Exception) -> str:
    return " ".join(_PREAMBLE.sub("", str(error)).split())[:500]
