"""Models for everybody on this device who asks: each loaded once, in a process of its own, within a budget of memory.

A model's way: name or file -> checked against its card -> a process that loads it -> sessions. Processes of models that
nobody has used for the longest time are ended when memory is needed for another; who still has a session does not
notice, since the next call loads the model again. A model that remembers what it heard is kept while somebody has a
session of it.
"""

import asyncio
import contextlib
import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from device_runtime.engine import EngineError
from device_runtime.engine.isolation.confine import BARRIERS
from device_runtime.engine.workers import WorkerFactory
from device_runtime.inference.answers import read_detections, read_tensors
from device_runtime.inference.budget import MemoryBudget
from device_runtime.inference.card import ModelCard, TensorCard
from device_runtime.inference.loaded import Loaded
from device_runtime.inference.process import ModelProcess, Spend
from device_runtime.inference.sounds import SOUND_TASKS, sound_settings
from device_runtime.inference.store import ModelError, ModelStore, check_tensors
from device_runtime.inference.tensors import Detection, TensorData, TensorInfo
from device_runtime.values import Value

T = TypeVar("T")

_ENTRY = "device_runtime.inference.worker:prepare"
_MIB = 1024 * 1024
_SOUND_BYTES = 320_000  # ten seconds
# Files of ONNX begin with the field `ir_version` of their protocol buffer; those of TensorFlow Lite name themselves.
_ONNX, _TFLITE = b"\x08", b"TFL3"
# A file that ended its process as often is not given to another.
_MOST_ENDS = 3


@dataclass(frozen=True, slots=True)
class InferenceSettings:
    """How models are run on this device.

    ``backend``: ``auto`` or a name of :data:`~device_runtime.inference.backend.BACKENDS`. ``threads`` a model.
    ``delegate``: ``default``, ``none``, or the path of a shared library; such a one needs devices, so that models run
    without ``barriers`` there. ``memory_bytes``: what all loaded models may have; ``model_bytes``: of one file.
    ``load_seconds``, ``run_seconds``: a model that takes longer is ended.
    """

    backend: str = "auto"
    threads: int = 1
    delegate: str = "default"
    memory_bytes: int = 256 * _MIB
    model_bytes: int = 64 * _MIB
    load_seconds: float = 30.0
    run_seconds: float = 30.0
    barriers: tuple[str, ...] = BARRIERS
    required_barriers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnModel:
    """A program's own model: the bytes of a .tflite file, called ``name`` in errors, and its card, if it has one."""

    name: str
    content: bytes = field(repr=False)
    card: ModelCard | None = None


class InferenceSession:
    """One user's way to a model. ``task`` and ``labels`` are empty where the model has no card."""

    def __init__(
        self, service: "InferenceService", loaded: Loaded, number: int, owner: str, spend: Spend | None = None
    ) -> None:
        self._service, self._loaded, self._number = service, loaded, number
        self._spend = spend
        self._generation = 0
        self._closed = False
        self._connecting = asyncio.Lock()
        self.owner = owner
        self.inputs: tuple[TensorInfo, ...] = ()
        self.outputs: tuple[TensorInfo, ...] = ()
        card = loaded.model.card
        self.name = loaded.model.name
        self.labels = card.labels if card is not None else ()
        self.task = card.task if card is not None else ""

    async def run(self, inputs: Sequence[TensorData], *, real: bool = True) -> tuple[TensorData, ...]:
        """Run the model once.

        Args:
            inputs: one for each input, in order. Floats are quantised where the model stores whole numbers; other
                numbers must have the model's dtype, or fit in it.
            real: give real numbers (float32) where an output is quantised, not what is stored.

        Raises:
            ModelError: a tensor has another shape or dtype; or the model failed, took too long, or is gone.
        """
        for number, data in enumerate(inputs):
            data.check(f"model {self.name}, input {number}")
        given: list[Value] = [[list(data.shape), data.dtype, data.data] for data in inputs]
        return await self._ask("run", {"inputs": given, "real": real}, read_tensors, len(self.outputs))

    def check_hears(self) -> None:
        """Raises :class:`ModelError`: this model's task is not one that hears."""
        if self.task not in SOUND_TASKS:
            raise ModelError(
                f"model {self.name} does not listen: its task is {self.task or 'not known without a card'}, and "
                f"those that do are {', '.join(SOUND_TASKS)}"
            )

    async def feed(self, pcm: bytes) -> tuple[Detection, ...]:
        """Let a model that hears take in sound: 16 kHz mono int16 little-endian; what it heard in it.

        Raises:
            ModelError: the model's task is not one that hears; or as for :meth:`run`.
        """
        self.check_hears()
        heard: list[Detection] = []
        for start in range(0, len(pcm), _SOUND_BYTES):
            heard += await self._ask("feed", {"pcm": pcm[start : start + _SOUND_BYTES]}, read_detections)
        return tuple(heard)

    @property
    def process_id(self) -> int | None:
        """Of the process that its model is in now."""
        process = self._loaded.process
        return None if process is None or process.lost else process.pid

    async def reset(self) -> None:
        """Forget what was heard or remembered. Raises :class:`ModelError`: the model is gone."""
        await self._ask("reset", {}, lambda _: None)

    async def close(self) -> None:
        """End the session; nothing happens the second time."""
        if not self._closed:
            self._closed = True
            await self._service._leave(self, self._loaded, self._number, self._generation)

    async def open(self) -> None:
        """Begin; the service calls it."""
        with self._loaded.needed():
            await self._connect()
        self._check_open()

    def _check_open(self) -> None:
        if self._closed:
            raise ModelError(f"this session of the model {self.name} has been closed")

    async def _ask(self, name: str, arguments: Mapping[str, Value], reader: Callable[..., T], *expected: object) -> T:
        self._check_open()
        with self._loaded.needed():
            process = await self._connect()
            self._check_open()
            given: dict[str, Value] = {"session": self._number, **arguments}
            seconds = self._service.settings.run_seconds
            with self._service.budget.watched(self._loaded):
                answer = await process.request(name, given, seconds, spend=self._spend)
            told = process.read(reader, answer, *expected)
        self._service.budget.settle(self._loaded)
        return told

    async def _connect(self) -> ModelProcess:
        """The model's process, in which this session is known."""
        async with self._connecting:
            process = await self._service._provide(self._loaded, self._spend)
            if self._generation != self._loaded.generation:
                arguments: dict[str, Value] = {"session": self._number}
                if self.task in SOUND_TASKS and self._loaded.model.card is not None:
                    arguments["sounds"] = sound_settings(self._loaded.model.card).members()
                seconds = self._service.settings.load_seconds
                await process.request("open", arguments, seconds, "was loaded", self._spend)
                self._generation = self._loaded.generation
                self.inputs, self.outputs = process.inputs, process.outputs
                if (card := self._loaded.model.card) is not None:
                    # People read the card; converters call tensors `serving_default_keras_tensor_7:0`.
                    self.inputs, self.outputs = _named(self.inputs, card.inputs), _named(self.outputs, card.outputs)
        return process


def _named(tensors: tuple[TensorInfo, ...], told: tuple[TensorCard, ...]) -> tuple[TensorInfo, ...]:
    return tuple(replace(tensor, name=card.name) for tensor, card in zip(tensors, told, strict=True))


class InferenceService:
    """Loads models and opens sessions; see this module. One event loop's."""

    def __init__(self, store: ModelStore, settings: InferenceSettings | None = None) -> None:
        self.settings = settings or InferenceSettings()
        self._store = store
        self._models: dict[tuple[str, str], Loaded] = {}
        self.budget = MemoryBudget(self.settings.memory_bytes, lambda: self._models.values())
        self._numbers = itertools.count(1)
        self._clock = itertools.count(1)
        self._ends: dict[str, int] = {}
        self._factories: dict[str, WorkerFactory] = {}

    async def open(self, model: str | OwnModel, owner: str, spend: Spend | None = None) -> InferenceSession:
        """A session of a model of this device, by its name, or of a program's own, for ``owner``.

        ``spend`` hears what the model's process takes of the processor for this session, in seconds, request by
        request, loading included.

        Raises:
            ModelError: there is no such model; its file is not what its card says, or is no model, or none that the
                runtime can run; or there is no room for it.
        """
        if isinstance(model, str):
            card = self._store.card(model)
            release = self._store.hold(card)  # the fleet may send another version meanwhile
            try:
                content = await asyncio.to_thread(self._store.read, card)
            finally:
                release()
            wanted, place = OwnModel(model, content, card), ""
        else:
            wanted, place = model, owner
        if len(wanted.content) > self.settings.model_bytes:
            raise ModelError(
                f"model {wanted.name} has {len(wanted.content)} bytes; "
                f"this device takes models of up to {self.settings.model_bytes}"
            )
        # Another card makes another model of the same file: other labels, another cut-off.
        digest = hashlib.sha256(wanted.content)
        digest.update(repr(wanted.card).encode())
        key = (place, digest.hexdigest())
        self._end_stale()
        loaded = self._models.get(key)
        if loaded is None or (loaded.process is not None and loaded.process.lost):
            loaded = self._models[key] = Loaded(wanted)
        session = InferenceSession(self, loaded, next(self._numbers), owner, spend)
        loaded.sessions.add(session)
        try:
            await session.open()
        except BaseException:
            self._forget(session, loaded)
            raise
        return session

    async def check(self, card: ModelCard, content: bytes) -> None:
        """See if a model that has come could be run here, in a process for that alone.

        Raises:
            ModelError: it is not what its card says, or cannot be run.
        """
        process = await self._start(OwnModel(card.name, content, card))
        process.end()

    def _workers(self, content: bytes) -> WorkerFactory:
        """Where processes for a file of this kind come from; those of each runtime from a zygote of their own."""
        kind = "onnx" if content[:1] == _ONNX and content[4:8] != _TFLITE else self.settings.backend
        if kind not in self._factories:
            settings = self.settings
            own_library = settings.delegate not in ("default", "none")
            self._factories[kind] = WorkerFactory(
                _ENTRY,
                kind,
                str(settings.threads),
                settings.delegate,
                barriers=() if own_library else settings.barriers,
                required=settings.required_barriers,
                memory_bytes=settings.memory_bytes,
                threads=settings.threads,
            )
        return self._factories[kind]

    async def close_owner(self, owner: str) -> None:
        """End all sessions of an owner, such as a program that has ended."""
        theirs = [session for loaded in self._models.values() for session in loaded.sessions if session.owner == owner]
        await asyncio.gather(*(session.close() for session in theirs))

    async def close(self) -> None:
        """End every process."""
        for loaded in self._models.values():
            if loaded.process is not None:
                loaded.process.end()
        self._models.clear()
        for factory in self._factories.values():
            await factory.close()

    @property
    def missing(self) -> Mapping[str, str]:
        """Barriers that this kernel does not put around models, and why; known when one has been loaded."""
        return {name: why for factory in self._factories.values() for name, why in factory.missing.items()}

    def memory_bytes(self) -> int:
        """What all loaded models have at this moment."""
        return self.budget.memory_bytes()

    async def _provide(self, loaded: Loaded, spend: Spend | None) -> ModelProcess:
        """The process of a model, started if it has none."""
        loaded.used = next(self._clock)
        async with loaded.loading:
            process = loaded.process
            if process is not None and process.lost and loaded.generation:
                raise ModelError(process.lost)
            if process is None:
                process = await self._start(loaded.model, spend)
                if loaded not in self._models.values():  # all of its sessions were closed meanwhile
                    process.end()
                    raise ModelError(f"the session of the model {loaded.model.name} was closed while it was loaded")
                loaded.process = process
                loaded.generation += 1
                self.budget.make_room(loaded)
        return process

    async def _start(self, model: OwnModel, spend: Spend | None = None) -> ModelProcess:
        sha256 = hashlib.sha256(model.content).hexdigest()
        if self._ends.get(sha256, 0) >= _MOST_ENDS:
            raise ModelError(f"model {model.name} has ended its process {_MOST_ENDS} times, and is not loaded again")
        try:
            worker = await self._workers(model.content).start_worker()
        except EngineError as error:
            raise ModelError(f"model {model.name} cannot be loaded: {error}") from error
        process = ModelProcess(model.name, worker)
        try:
            await process.load(model.content, self.settings.load_seconds, spend)
            if model.card is not None:
                check_tensors(model.card, process.inputs, process.outputs)
        except BaseException:
            if process.lost:
                self._ends[sha256] = self._ends.get(sha256, 0) + 1
            process.end()
            raise
        return process

    async def _leave(self, session: InferenceSession, loaded: Loaded, number: int, generation: int) -> None:
        process = loaded.process
        self._forget(session, loaded)
        if process is not None and not process.lost and generation == loaded.generation and loaded.sessions:
            with contextlib.suppress(ModelError):  # its process ends meanwhile: so does the session
                await process.request("close", {"session": number}, self.settings.run_seconds)

    def _forget(self, session: InferenceSession, loaded: Loaded) -> None:
        """A model that nobody has a session of any more stays loaded while there is room: programs come again. One of
        a program's own, and one whose process is lost, goes."""
        loaded.sessions.discard(session)
        if loaded.sessions:
            return
        for key, other in list(self._models.items()):
            if other is loaded and (key[0] or loaded.process is None or loaded.process.lost):
                del self._models[key]
                if loaded.process is not None:
                    loaded.process.end()
        self._end_stale()

    def _end_stale(self) -> None:
        """End models that the store has no more, or in another version, as soon as nobody has a session of them."""
        cards = self._store.cards()
        for key, loaded in list(self._models.items()):
            if not key[0] and not loaded.sessions and loaded.model.card not in cards:
                del self._models[key]
                if loaded.process is not None:
                    loaded.process.end()
