"""The process of one model: it reads the model's file, and runs it, with all barriers around it.

Files of models come from strangers, and what reads them was not written to be attacked. So the host never does: it
forks a process a model from a zygote that has imported the runtime (:mod:`device_runtime.engine.zygote`), which can
compute and answer on its socket, and nothing else. Requests are frames of :mod:`device_runtime.engine.frames`, one
:class:`Response` each:

==========  ===============================================================  ==========================================
request     arguments                                                        answer
==========  ===============================================================  ==========================================
``part``    ``data``: the next bytes of the file                             nothing
``load``    ``name``                                                         ``inputs``, ``outputs``: lists of ``name``,
                                                                             ``shape``, ``dtype``, ``scale``,
                                                                             ``zero_point``; ``stateful``
``open``    ``session``; for one that listens ``sounds``: the members of     nothing
            :class:`~device_runtime.inference.sounds.SoundSettings`
``run``     ``session``; ``inputs``: a list of ``shape``, ``dtype``,         a list of ``shape``, ``dtype``, ``data``
            ``data``; ``real``: outputs as float32
``feed``    ``session``, ``pcm``                                             a list of ``label``, ``probability``,
                                                                             ``seconds``
``reset``   ``session``                                                      nothing
``close``   ``session``                                                      nothing
==========  ===============================================================  ==========================================
"""

import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

# Before numpy is imported: its threads would be lost in the fork.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

from device_runtime.engine.body import WorkerBody
from device_runtime.engine.connection import ConnectionClosed, WorkerConnection
from device_runtime.engine.frames import Exit, FrameError, Request, Response, encode_frame
from device_runtime.errors import CygnetError
from device_runtime.inference.backend import Array, Backend, Model, Tensor, find_backend
from device_runtime.inference.listening import SoundClassifier, check_sounds
from device_runtime.inference.onnx import OnnxBackend, fits
from device_runtime.inference.sounds import SoundSettings
from device_runtime.inference.store import ModelError
from device_runtime.inference.tensors import TensorData
from device_runtime.values import Value


def prepare(backend_name: str, threads: str, delegate: str) -> WorkerBody:
    """What the zygote is to be asked for: see :mod:`device_runtime.engine.zygote`."""
    try:
        backend = warmed(*_backend(backend_name, int(threads), delegate))
    except CygnetError as error:  # each model is answered so: who waits for it reads why, and what to install
        return WorkerBody(partial(_refuse, str(error)), threads=int(threads))
    with contextlib.suppress(ImportError):  # SoundClassifier says so, to who wants to hear
        import pymicro_features  # noqa: F401 it cannot be imported later

    def run(connection: socket.socket) -> None:
        serve(WorkerConnection(connection), backend)

    return WorkerBody(run, threads=int(threads))


def warmed(backend: Backend, file: str = "warming.tflite") -> Backend:
    """The back end, after it has run the model in ``file``, one of ours: runtimes look at the processor when they are
    first used, in files that a confined process cannot open."""
    with silence():
        warm = backend.load(Path(__file__).parent / file, "warming")
        warm.invoke(*(np.zeros(tensor.shape, tensor.dtype) for tensor in warm.inputs))
    return backend


def _backend(name: str, threads: int, delegate: str) -> tuple[Backend, str]:
    """The back end of this name, and the file of a small model for it."""
    if name == OnnxBackend.name:
        return OnnxBackend(threads), "warming.onnx"
    return find_backend("" if name == "auto" else name, threads, delegate), "warming.tflite"


def _refuse(sentence: str, connection: socket.socket) -> None:
    """Give every request this answer."""
    host = WorkerConnection(connection)
    with contextlib.suppress(ConnectionClosed):
        while True:
            request = host.receive(None)
            if isinstance(request, Request):
                host.send(Response(request.id, None, sentence))


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Without what the runtime tells the terminal of its delegates; what goes wrong, it raises."""
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def serve(connection: WorkerConnection, backend: Backend) -> None:
    """Answer requests until the host closes its end."""
    server = _Server(backend)
    farewell = encode_frame(Exit("there is no memory left for it"))  # later there is none to put it together, either
    try:
        while True:
            request = connection.receive(None)
            if isinstance(request, Request):
                response = _answer(server, request)
                try:
                    connection.send(response)
                except FrameError as error:  # nothing was sent
                    sentence = f"model {server.name}: its outputs are too large: {error}"
                    connection.send(Response(request.id, None, sentence))
    except ConnectionClosed:
        return
    except MemoryError:  # not even for what was asked
        connection.send_encoded(farewell)


def _answer(server: "_Server", request: Request) -> Response:
    try:
        value = server.requests[request.name](request.arguments)
        response = Response(request.id, value, None)
    except CygnetError as error:
        response = Response(request.id, None, str(error))
    except MemoryError:
        response = Response(request.id, None, f"model {server.name}: there is no memory left for it")
    return response


class _Session:
    """One user of the model. One that remembers gets a copy for each of them, when it is first used: most of those who
    open a model that hears listen to what others hear, too (``shared_hearing.py``), and need none."""

    def __init__(self, make: Callable[[], Model], settings: SoundSettings | None) -> None:
        self._make, self._settings = make, settings

    @cached_property
    def model(self) -> Model:
        return self._make()

    @cached_property
    def sounds(self) -> SoundClassifier | None:
        return None if self._settings is None else SoundClassifier(self.model, self._settings)

    @property
    def has_model(self) -> bool:
        """It has been used."""
        return "model" in vars(self)

    def reset(self) -> None:
        if "sounds" in vars(self) and self.sounds is not None:
            self.sounds.reset()
        elif self.has_model:
            self.model.reset()


class _Server:
    """One model and its sessions. A model without memory is shared by them all."""

    def __init__(self, backend: Backend) -> None:
        self.name = ""
        self._backend = backend
        self._content = bytearray()
        self._file = b""
        self._model: Model | None = None
        self._free: list[Model] = []
        self._sessions: dict[int, _Session] = {}
        self.requests: Mapping[str, Callable[[Mapping[str, Any]], Value]] = {
            "part": self._part,
            "load": self._load,
            "open": self._open,
            "run": self._run,
            "feed": self._feed,
            "reset": self._reset,
            "close": self._close,
        }

    def _part(self, arguments: Mapping[str, Any]) -> Value:
        self._content += arguments["data"]
        return None

    def _load(self, arguments: Mapping[str, Any]) -> Value:
        self.name = arguments["name"]
        self._file = bytes(self._content)
        self._content = bytearray()
        self._model = self._backend.load(self._file, self.name)
        if self._model.stateful:
            self._free.append(self._model)
        return {
            "inputs": [_described(tensor) for tensor in self._model.inputs],
            "outputs": [_described(tensor) for tensor in self._model.outputs],
            "stateful": self._model.stateful,
        }

    def _open(self, arguments: Mapping[str, Any]) -> Value:
        settings = SoundSettings.of(arguments["sounds"]) if "sounds" in arguments else None
        if settings is not None:
            check_sounds(self._loaded(), settings)
        self._sessions[arguments["session"]] = _Session(self._copy, settings)
        return None

    def _session(self, arguments: Mapping[str, Any]) -> _Session:
        session = self._sessions.get(arguments["session"])
        if session is None:  # closed while this waited for its turn
            raise ModelError(f"this session of the model {self.name} has been closed")
        return session

    def _loaded(self) -> Model:
        if self._model is None:
            raise ModelError("a session is opened before its model is there")
        return self._model

    def _copy(self) -> Model:
        """The model, if it can be shared; else one that nobody has any more, or a new one."""
        model = self._loaded()
        if not model.stateful:
            return model
        if self._free:
            free = self._free.pop()
            free.reset()
            return free
        return self._backend.load(self._file, self.name)

    def _run(self, arguments: Mapping[str, Any]) -> Value:
        model = self._session(arguments).model
        given = [TensorData(tuple(shape), dtype, data) for shape, dtype, data in arguments["inputs"]]
        if len(given) != len(model.inputs):
            names = ", ".join(tensor.name for tensor in model.inputs)
            raise ModelError(f"model {self.name} takes {len(model.inputs)} inputs ({names}), not {len(given)}")
        arrays = [_stored(self.name, tensor, data) for tensor, data in zip(model.inputs, given, strict=True)]
        outputs = model.invoke(*arrays)
        if arguments["real"]:
            outputs = tuple(
                tensor.dequantize(array) if tensor.scale else array
                for tensor, array in zip(model.outputs, outputs, strict=True)
            )
        return [[list(array.shape), array.dtype.name, array.tobytes()] for array in outputs]

    def _feed(self, arguments: Mapping[str, Any]) -> Value:
        sounds = self._session(arguments).sounds
        if sounds is None:
            raise ModelError(f"model {self.name} does not listen")
        return [[heard.label, heard.probability, heard.seconds] for heard in sounds.feed(arguments["pcm"])]

    def _reset(self, arguments: Mapping[str, Any]) -> Value:
        self._session(arguments).reset()
        return None

    def _close(self, arguments: Mapping[str, Any]) -> Value:
        session = self._sessions.pop(arguments["session"], None)
        # One is kept for the next who comes; what others took is given back.
        if session is not None and session.has_model and session.model.stateful and not self._free:
            self._free.append(session.model)
        return None


def _described(tensor: Tensor) -> Value:
    return [tensor.name, list(tensor.shape), tensor.dtype.name, tensor.scale, tensor.zero_point]


def _stored(model: str, tensor: Tensor, data: TensorData) -> Array:
    """What was given as the model stores it: real numbers are quantised, other whole numbers fit or are refused."""
    where = f"model {model}, input {tensor.name}"
    data.check(where)
    if not fits(data.shape, tensor.shape):
        raise ModelError(
            f"{where}: expected {tensor.dtype.name} {list(tensor.shape)}, got {data.dtype} {list(data.shape)}"
        )
    array: Array = np.frombuffer(data.data, data.dtype).reshape(data.shape)
    if array.dtype == tensor.dtype:
        return array
    if array.dtype.kind == "f":
        if np.isnan(array).any():
            raise ModelError(f"{where}: it holds NaN, which is no number")
        if tensor.scale:
            return tensor.quantize(array)
        if tensor.dtype.kind == "f":
            return array.astype(tensor.dtype)
    converted: Array = array.astype(tensor.dtype)
    if tensor.scale or not np.array_equal(converted, array):
        raise ModelError(
            f"{where}: expected {tensor.dtype.name}{' or real numbers' if tensor.scale else ''}, got {data.dtype}"
        )
    return converted
