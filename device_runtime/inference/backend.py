"""Runtimes of TensorFlow Lite models behind one interface: LiteRT (``ai_edge_litert``) and ``tflite_runtime``.

Tensors go in and out as they are stored (quantised); :meth:`Tensor.quantize` and :meth:`Tensor.dequantize` convert.
Importing this module needs numpy, which the extras ``inference`` and ``inference-tflite`` install.
"""

import ctypes
import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from device_runtime.errors import CygnetError
from device_runtime.inference.repair import repaired
from device_runtime.inference.store import ModelError


class MissingRuntimeError(CygnetError):
    """No runtime for models is installed; the message says how to get one."""


_REMEDY = (
    "install one with: pip install 'cygnet[inference]' (or 'cygnet[inference-tflite]' on armv7l and on Python 3.11)"
)

try:
    import numpy as np
    from numpy.typing import NDArray
except ModuleNotFoundError as error:
    raise MissingRuntimeError(f"models need numpy and a runtime, and numpy is not installed; {_REMEDY}") from error

Array: TypeAlias = NDArray[Any]

# Operators with state of their own: resource variables, and the recurrent ones.
_REMEMBER = {
    "ASSIGN_VARIABLE", "BIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_RNN", "HASHTABLE_IMPORT", "LSTM", "RNN",
    "SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN",
}  # fmt: skip
_NO_BUILTIN = re.compile(r"op for builtin opcode '(\w+)' version '(\d+)'")
# A runtime may complain of each tensor.
_MOST_SAID = 300
_NO_CUSTOM = re.compile(r"unresolved custom op: ([^\s.]+)")


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output of a model. ``real = (stored - zero_point) * scale``; a ``scale`` of 0 is no quantisation."""

    name: str
    index: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float
    zero_point: int

    def quantize(self, real: Array) -> Array:
        """Real numbers of any shape as this tensor stores them: rounded to nearest, saturated at the dtype's ends."""
        if self.scale == 0:
            plain: Array = np.asarray(real, self.dtype)
            return plain
        limits = np.iinfo(self.dtype)
        stored = np.round(np.asarray(real, np.float32) / np.float32(self.scale)) + self.zero_point
        saturated: Array = np.clip(stored, limits.min, limits.max).astype(self.dtype)
        return saturated

    def dequantize(self, stored: Array) -> NDArray[np.float32]:
        """The real numbers, float32, that ``stored`` stands for."""
        if self.scale == 0:
            return np.asarray(stored, np.float32)
        return (np.asarray(stored, np.float32) - self.zero_point) * np.float32(self.scale)


class Model(Protocol):
    """A loaded model. Not for two threads at once."""

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    stateful: bool
    """It remembers from call to call: each who uses it needs one of their own."""

    def invoke(self, *arrays: Array) -> tuple[Array, ...]:
        """Run once: one array an input, in order, of the tensor's shape and dtype; copies of the outputs, in order.

        Raises:
            ModelError: an array of another shape or dtype, or the runtime failed.
        """

    def reset(self) -> None:
        """Forget all state: a streaming model answers the next call as it did the first."""


class Backend(Protocol):
    """A runtime for models."""

    name: str

    def load(self, source: bytes | Path, name: str) -> Model:
        """The model in ``source`` (the bytes of a .tflite file, or its path), called ``name`` in errors.

        Raises:
            ModelError: unreadable, no TensorFlow Lite model, or one with operators that this runtime lacks.
        """


class TfliteBackend:
    """Either TensorFlow Lite runtime: both have the same ``Interpreter``.

    ``threads`` is per model; one is right for small models, which spend more on waking threads than on sums.
    ``options`` are further arguments of the interpreter: its kernels, and delegates; ``plain`` are those to try when it
    will not load a model with them.
    """

    def __init__(
        self,
        name: str,
        interpreter: Any,
        threads: int = 1,
        options: Mapping[str, Any] = MappingProxyType({}),
        plain: dict[str, Any] | None = None,
    ) -> None:
        self.name = name
        self._interpreter = interpreter
        self._options = {"num_threads": threads, **options}
        self._plain = plain

    def load(self, source: bytes | Path, name: str) -> "TfliteModel":
        """See :meth:`Backend.load`."""
        if isinstance(source, Path):
            try:
                content = source.read_bytes()
            except OSError as error:
                raise ModelError(f"model {name}: {source} cannot be read: {error.strerror}") from error
        else:
            content = source
        # Bytes 4 to 8 of the FlatBuffer are its file identifier. Other bytes can crash the runtime: refuse them here.
        if content[4:8] != b"TFL3":
            raise ModelError(f"model {name} is not a TensorFlow Lite model: bytes 4 to 8 are not 'TFL3'")
        try:
            return self._load(content, name)
        except ModelError as error:
            mended = repaired(content, str(error))
            if mended is None:
                raise
        return self._load(mended, name)

    def _load(self, content: bytes, name: str) -> "TfliteModel":
        try:
            return TfliteModel(name, self.name, lambda: self._interpreter(model_content=content, **self._options))
        except ModelError:
            if self._plain is None:
                raise
        # XNNPACK, which runtimes bring along, takes some models for broken that their own kernels run.
        options = self._options | self._plain
        return TfliteModel(name, self.name, lambda: self._interpreter(model_content=content, **options))


class TfliteModel:
    """A model in a TensorFlow Lite interpreter; see :class:`Model`."""

    def __init__(self, name: str, runtime: str, new_interpreter: Callable[[], Any]) -> None:
        self.name = name
        self._runtime = runtime
        self._new_interpreter = new_interpreter
        self._start()
        try:
            self.inputs = tuple(_tensor(detail) for detail in self._interpreter.get_input_details())
            self.outputs = tuple(_tensor(detail) for detail in self._interpreter.get_output_details())
            # The runtimes of all versions say which operators there are, by this name alone.
            operators = {detail["op_name"] for detail in self._interpreter._get_ops_details()}
        except UnicodeDecodeError as error:
            raise ModelError(f"model {name} cannot be loaded: the name of a tensor is not UTF-8") from error
        for kind, tensors in (("input", self.inputs), ("output", self.outputs)):
            for tensor in tensors:
                if tensor.dtype.kind not in "biuf":  # texts, complex numbers
                    stored = "texts" if tensor.dtype.kind in "SUO" else tensor.dtype.name
                    raise ModelError(
                        f"model {name} cannot be loaded: its {kind} {tensor.name} is of {stored}; expected real numbers"
                    )
        self.stateful = not operators.isdisjoint(_REMEMBER)
        self._expected = tuple((number, tensor.shape, tensor.dtype) for number, tensor in enumerate(self.inputs))
        self._places = tuple(tensor.index for tensor in self.inputs)
        self._given = tuple(tensor.index for tensor in self.outputs)
        self._only = self._given[0] if len(self._given) == 1 else None

    def _start(self) -> None:
        try:
            self._interpreter = self._new_interpreter()
            self._interpreter.allocate_tensors()
            self._set, self._get = self._interpreter.set_tensor, self._interpreter.get_tensor
            self._run = self._interpreter.invoke
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"model {self.name} cannot be loaded: {self._explain(str(error))}") from error

    def _explain(self, text: str) -> str:
        """What the runtime says of an operator that it lacks, in a sentence; anything else as it stands."""
        if found := _NO_BUILTIN.search(text):
            return (
                f"its operator {found[1]} version {found[2]} is not in the runtime {self._runtime}; "
                "convert the model for an older runtime, or install a newer one"
            )
        if found := _NO_CUSTOM.search(text):
            return f"its operator {found[1]} is none of TensorFlow Lite's own, and the runtime {self._runtime} lacks it"
        return " ".join(text.split())[:_MOST_SAID]

    def invoke(self, *arrays: Array) -> tuple[Array, ...]:
        """See :meth:`Model.invoke`."""
        # Called some thousand times a second for models that take microseconds: methods are bound once, and a dtype
        # is looked at twice only if it is another object.
        if len(arrays) != len(self._expected):
            raise ModelError(f"model {self.name} takes {len(self.inputs)} arrays, not {len(arrays)}")
        for index, shape, dtype in self._expected:
            array = arrays[index]
            if array.shape != shape or (array.dtype is not dtype and array.dtype != dtype):
                raise self._misfit(index, array)
            self._set(self._places[index], array)
        try:
            self._run()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"model {self.name} failed: {' '.join(str(error).split())}") from error
        if self._only is not None:
            return (self._get(self._only),)
        return tuple(map(self._get, self._given))

    def _misfit(self, index: int, array: Array) -> ModelError:
        tensor = self.inputs[index]
        return ModelError(
            f"model {self.name}, input {tensor.name}: expected {tensor.dtype.name} {list(tensor.shape)}, "
            f"got {array.dtype.name} {list(array.shape)}"
        )

    def reset(self) -> None:
        """See :meth:`Model.reset`.

        Resource variables outlive ``reset_all_variables`` and ``allocate_tensors`` in LiteRT 2.3 and in
        tflite-runtime 2.14 alike; only a new interpreter starts without them.
        """
        if self.stateful:
            self._start()


def _tensor(detail: dict[str, Any]) -> Tensor:
    scale, zero_point = detail["quantization"]
    shape = tuple(int(size) for size in detail["shape"])
    return Tensor(
        str(detail["name"]), int(detail["index"]), shape, np.dtype(detail["dtype"]), float(scale), int(zero_point)
    )


# In order of preference; why LiteRT comes first is in docs/decisions.md. The reference kernels are LiteRT's own,
# without any optimisation: what every other kernel should give.
_RUNTIMES = {
    "litert": "ai_edge_litert.interpreter",
    "tflite": "tflite_runtime.interpreter",
    "reference": "ai_edge_litert.interpreter",
}
BACKENDS = tuple(_RUNTIMES)
"""Names of back ends."""
DELEGATES = ("default", "none")
"""What a board may say of delegates, besides the path of a library that holds one."""


def find_backend(name: str = "", threads: int = 1, delegate: str = "default") -> TfliteBackend:
    """The back end ``name``, one of :data:`BACKENDS`; without a name the first of them that is installed.

    ``delegate`` is ``default`` (XNNPACK, where the runtime has it), ``none``, or the path of a shared library.

    Raises:
        MissingRuntimeError: it is not installed, or none is, or there is none of that name.
        ModelError: the delegate cannot be loaded.
    """
    if name and name not in _RUNTIMES:
        raise MissingRuntimeError(f"there is no back end {name!r}; there are {', '.join(_RUNTIMES)}")
    for candidate, module_name in _RUNTIMES.items():
        if name in ("", candidate):
            try:
                module = importlib.import_module(module_name)
            except ModuleNotFoundError:
                continue
            kernels = "experimental_op_resolver_type"
            plain: dict[str, Any] = {kernels: module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES}
            if candidate == "reference":
                options: dict[str, Any] = {kernels: module.OpResolverType.BUILTIN_REF}
            elif delegate in DELEGATES:
                options = {} if delegate == "default" else plain
            else:
                options = {"experimental_delegates": [_library(module, delegate)]}
            return TfliteBackend(candidate, module.Interpreter, threads, options, None if options else plain)
    raise MissingRuntimeError(f"the model runtime {name or 'LiteRT or tflite-runtime'} is not installed; {_REMEDY}")


def _library(module: Any, path: str) -> Any:
    try:
        ctypes.CDLL(path)  # the runtime's own loader leaves half an object behind that complains when it is collected
        return module.load_delegate(path)
    except (ValueError, OSError, RuntimeError) as error:
        raise ModelError(f"the delegate {path} cannot be loaded: {error}") from error
