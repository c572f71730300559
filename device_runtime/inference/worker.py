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
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# Before numpy is imported: its threads would be lost in the fork.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

from device_runtime.engine.body import WorkerBody
from device_runtime.engine.connection import ConnectionClosed, WorkerConnection
from device_runtime.engine.frames import FrameError, Request, Response
from device_runtime.errors import CygnetError
from device_runtime.inference.backend import Array, Backend, Model, Tensor, find_backend
from device_runtime.inference.listening import SoundClassifier
from device_runtime.inference.sounds import SoundSettings
from device_runtime.inference.store import ModelError
from device_runtime.inference.tensors import TensorData
from device_runtime.values import Value

_WARMING = Path(__file__).parent / "warming.tflite"


def prepare(backend_name: str, threads: str, delegate: str) -> WorkerBody:
    """What the zygote is to be asked for: see :mod:`device_runtime.engine.zygote`."""
    backend = find_backend("" if backend_name == "auto" else backend_name, int(threads), delegate)
    # Runtimes look at the processor when they are first used, in files that a model's process cannot open.
    warm = backend.load(_WARMING, "warming")
    warm.invoke(*(np.zeros(tensor.shape, tensor.dtype) for tensor in warm.inputs))
    with contextlib.suppress(ImportError):  # SoundClassifier says so, to who wants to hear
        import pymicro_features  # noqa: F401 it cannot be imported later

    def run(connection: socket.socket) -> None:
        serve(WorkerConnection(connection), backend)

    return WorkerBody(run, threads=int(threads))


def serve(connection: WorkerConnection, backend: Backend) -> None:
    """Answer requests until the host closes its end."""
    server = _Server(backend)
    try:
        while True:
            request = connection.receive(None)
            if isinstance(request, Request):
                connection.send(_answer(server, request))
    except ConnectionClosed:
        return


def _answer(server: "_Server", request: Request) -> Response:
    try:
        value = server.requests[request.name](request.arguments)
        response = Response(request.id, value, None)
    except CygnetError as error:
        response = Response(request.id, None, str(error))
    except MemoryError:
        response = Response(request.id, None, f"model {server.name}: there is no memory left for it")
    except FrameError as error:
        response = Response(request.id, None, f"model {server.name}: its outputs are too large: {error}")
    return response


class _Session:
    """One user of the model; ``sounds`` where it listens."""

    def __init__(self, model: Model, sounds: SoundClassifier | None) -> None:
        self.model, self.sounds = model, sounds


class _Server:
    """One model and its sessions. A model without memory is shared by them all."""

    def __init__(self, backend: Backend) -> None:
        self.name = ""
        self._backend = backend
        self._content = bytearray()
        self._file = b""
        self._model: Model | None = None
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
        return {
            "inputs": [_described(tensor) for tensor in self._model.inputs],
            "outputs": [_described(tensor) for tensor in self._model.outputs],
            "stateful": self._model.stateful,
        }

    def _open(self, arguments: Mapping[str, Any]) -> Value:
        model = self._model
        if model is None:
            raise ModelError("a session is opened before its model is there")
        if model.stateful and self._sessions:
            model = self._backend.load(self._file, self.name)
        sounds = None
        if "sounds" in arguments:
            sounds = SoundClassifier(model, SoundSettings.of(arguments["sounds"]))
        self._sessions[arguments["session"]] = _Session(model, sounds)
        return None

    def _run(self, arguments: Mapping[str, Any]) -> Value:
        model = self._sessions[arguments["session"]].model
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
        sounds = self._sessions[arguments["session"]].sounds
        if sounds is None:
            raise ModelError(f"model {self.name} does not listen")
        return [[heard.label, heard.probability, heard.seconds] for heard in sounds.feed(arguments["pcm"])]

    def _reset(self, arguments: Mapping[str, Any]) -> Value:
        session = self._sessions[arguments["session"]]
        (session.sounds or session.model).reset()
        return None

    def _close(self, arguments: Mapping[str, Any]) -> Value:
        self._sessions.pop(arguments["session"], None)
        return None


def _described(tensor: Tensor) -> Value:
    return [tensor.name, list(tensor.shape), tensor.dtype.name, tensor.scale, tensor.zero_point]


def _stored(model: str, tensor: Tensor, data: TensorData) -> Array:
    """What was given as the model stores it: real numbers are quantised, other whole numbers fit or are refused."""
    where = f"model {model}, input {tensor.name}"
    data.check(where)
    if data.shape != tensor.shape:
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
