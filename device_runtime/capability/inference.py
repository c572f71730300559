"""``inference.*``: models for programs, on their own data or on what the board's microphone hears.

A program names a file of its package or of its own folder (``model``), a shared model that its manifest lists under
``cygnet.models`` (``name``), or an ability, by which the device chooses (``ability``). It gets numbers and labels;
sound itself never crosses to it. Names, arguments and results are those of microcontrollers
(``device_runtime/micro/capability/inference.py``). Sessions end with the program.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeVar

from device_runtime.capability.arguments import refuse, text
from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.models import Abilities, Ears, Hearing, Models, ModelSession
from device_runtime.capability.paths import MAX_PATH_CHARACTERS
from device_runtime.capability.privacy import Privacy
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.capability.tensors import describe, read_inputs, write_tensor
from device_runtime.errors import CygnetError
from device_runtime.inference.card import ModelCard, parse_card
from device_runtime.inference.service import OwnModel
from device_runtime.inference.tensors import Detection
from device_runtime.program.allowance import Allowance
from device_runtime.program.data_plan import DataItem
from device_runtime.program.limits import Limits
from device_runtime.values import Value

T = TypeVar("T")

MODEL_SUFFIXES = (".tflite", ".onnx")
"""What a program's own models end with; which of them the device runs, its back ends say."""
MAX_WAITING_RUNS = 8
"""Of one session: a program that runs it faster than the model answers is told so."""
_MAX_NAME = 64
_MAX_CARD_BYTES = 64 * 1024
_WAYS = ("model", "name", "ability")


@dataclass(slots=True, eq=False)
class _Opened:
    session: ModelSession
    model: str
    shared: bool = False
    waiting: int = 0
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    listening: "asyncio.Task[None] | None" = None


@dataclass(slots=True, eq=False)
class _Run:
    """One run of a program: its sessions by their numbers, and what its models may still have of the processor.

    ``of`` and ``alive`` are held, so that the run is known by who it is until its task has ended.
    """

    owner: str
    of: object
    time: Allowance
    sessions: dict[int, _Opened] = field(default_factory=dict)
    opening: int = 0
    alive: "asyncio.Task[None] | None" = None
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))


class ProgramInference:
    """What every program on this board does with models."""

    def __init__(
        self,
        service: Models,
        abilities: Abilities,
        files: ProgramFiles,
        ears: Ears | None,
        limits: Limits,
        privacy: Privacy,
        hearing: Hearing | None = None,
    ) -> None:
        self._service, self._privacy = service, privacy
        self._abilities = abilities
        self._files = files
        self._ears = ears
        self._hearing = hearing
        self._limits = limits
        self._runs: dict[int, _Run] = {}
        self._numbers = itertools.count(1)
        self._closing: set[asyncio.Task[None]] = set()

    # -- sessions ----------------------------------------------------------------------------------------------

    async def open(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        """Load a model, or share one that is loaded; tells its inputs, outputs and labels.

        Raises:
            CapabilityError: an argument is wrong, the program may not have the model, has too many open, or its models
                took too much time.
            CygnetError: the model cannot be had or loaded.
        """
        ways = [way for way in _WAYS if arguments.get(way) is not None]
        if len(ways) != 1:
            raise refuse("one of model (a file), name (a shared model) and ability (a task) must be given")
        run = self._run(caller)
        most = self._limits.inference_sessions
        if len(run.sessions) + run.opening >= most:
            raise CapabilityError(f"more than {most} models are open; close one first")
        run.opening += 1
        try:
            name, model = await self._wanted(caller, ways[0], arguments)
            parameters = await asyncio.to_thread(self._parameters, model)
            self._check_time(run)
            session = await self._service.open(model, run.owner, run.time.owe)
        finally:
            run.opening -= 1
        if self._runs.get(id(caller.run)) is not run:  # the program ended meanwhile
            await session.close()
            raise CapabilityError("the program has ended")
        number = next(run.numbers)
        run.sessions[number] = _Opened(session, name, isinstance(model, str))
        return {
            "session": number,
            "name": PurePosixPath(name).stem,
            "task": session.task,
            "inputs": [dict(describe(info)) for info in session.inputs],
            "outputs": [dict(describe(info)) for info in session.outputs],
            "labels": list(session.labels),
            "parameters": dict(parameters),
        }

    def _parameters(self, model: str | OwnModel) -> Mapping[str, str | int | float | bool]:
        if isinstance(model, str):
            return self._abilities.parameters_of(model)
        return model.card.parameters if model.card is not None else {}

    async def _wanted(self, caller: Caller, way: str, arguments: Mapping[str, Value]) -> tuple[str, str | OwnModel]:
        """What to call the model in sentences, and what the service is to open."""
        if way == "model":
            path = text(arguments, way, MAX_PATH_CHARACTERS)
            return path, await self._own(caller, path)
        wanted = text(arguments, way, _MAX_NAME)
        if way == "ability":
            wanted = await asyncio.to_thread(self._abilities.model_for, wanted)
        elif wanted not in caller.manifest.models:
            raise CapabilityError(f"the manifest does not list the model {wanted!r} under cygnet.models")
        return wanted, wanted

    async def _own(self, caller: Caller, path: str) -> OwnModel:
        if not path.endswith(MODEL_SUFFIXES):
            raise refuse(f"model must end with {' or '.join(MODEL_SUFFIXES)}, and {path[-80:]!r} does not")
        content = await self._files.read(caller, path, "model")
        most = self._limits.model_mb * 1024 * 1024
        if len(content) > most:
            raise CapabilityError(f"the model {path} holds {len(content)} bytes; at most {most} are allowed")
        return OwnModel(path, content, await self._card(caller, path))

    async def _card(self, caller: Caller, path: str) -> ModelCard | None:
        """The card of a program's own model, if there is one beside it: ``models/x.toml``."""
        place = (
            str(PurePosixPath(path).with_suffix(".toml")) if "://" not in path else f"{path.rpartition('.')[0]}.toml"
        )
        try:
            content = await self._files.read(caller, place, "model")
        except CapabilityError as error:
            if str(error).startswith("no such file"):
                return None
            raise
        if len(content) > _MAX_CARD_BYTES:
            raise CapabilityError(f"the card {place} holds more than {_MAX_CARD_BYTES} bytes")
        try:
            document = content.decode()
        except UnicodeDecodeError as error:
            raise CapabilityError(f"the card {place} is not UTF-8 text") from error
        return parse_card(document, Path(place), PurePosixPath(place).stem, with_source=False)

    async def close(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        """End a session; one that is closed already is no error."""
        number = _number(arguments)
        run = self._runs.get(id(caller.run))
        opened = run.sessions.pop(number, None) if run is not None else None
        if opened is not None:
            await self._end_listening(opened)
            await opened.session.close()
        return None

    def _run(self, caller: Caller) -> _Run:
        """The run of this caller, which is forgotten when the program ends, with all of its sessions."""
        key = id(caller.run)
        run = self._runs.get(key)
        if run is None:
            minute = self._limits.cpu_seconds_a_minute
            run = self._runs[key] = _Run(
                f"{caller.app_id}#{next(self._numbers)}", caller.run, Allowance(minute / 60, minute)
            )
            run.alive = caller.keep(_for_ever())
            # A task that is cancelled before it began runs none of its code, so its end is what is heard.
            run.alive.add_done_callback(lambda _: self._forget(key))
        return run

    def _forget(self, key: int) -> None:
        run = self._runs.pop(key)
        closing = asyncio.get_running_loop().create_task(self._service.close_owner(run.owner))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _opened(self, caller: Caller, arguments: Mapping[str, Value]) -> tuple[_Run, int, _Opened]:
        number = _number(arguments)
        run = self._runs.get(id(caller.run))
        if run is None or number not in run.sessions:
            raise CapabilityError(f"there is no open session {number}")
        return run, number, run.sessions[number]

    # -- running -----------------------------------------------------------------------------------------------

    async def run(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        """Run the model once.

        Raises:
            CapabilityError: an input is wrong, or too many runs wait, or the program's models took too much time.
            CygnetError: the model failed.
        """
        run, _, opened = self._opened(caller, arguments)
        inputs = read_inputs(arguments.get("inputs"), opened.session.inputs, opened.model)
        if opened.waiting >= MAX_WAITING_RUNS:
            raise CapabilityError(f"more than {MAX_WAITING_RUNS} runs of {opened.model} wait; wait for an answer first")
        opened.waiting += 1
        try:
            async with opened.busy:
                self._check_time(run)
                outputs = await opened.session.run(inputs)
        finally:
            opened.waiting -= 1
        numbers = caller.manifest.language == "python"
        named = zip(opened.session.outputs, outputs, strict=True)
        return {"outputs": {info.name: write_tensor(tensor, as_numbers=numbers) for info, tensor in named}}

    def _check_time(self, run: _Run) -> None:
        """Before a model is asked: a program whose models took too much of the processor is told so."""
        if run.time.left < 0:
            raise CapabilityError(
                f"its models took more than the {self._limits.cpu_seconds_a_minute:g} s that they may take in a minute"
            )

    # -- listening ---------------------------------------------------------------------------------------------

    async def listen(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        """Begin to let the model hear; the program hears ``inference.result`` of what it recognises, and
        ``inference.microphone`` of what the microphone gives, at first and when that changes.

        Raises:
            CygnetError: the model is none that hears.
        """
        run, number, opened = self._opened(caller, arguments)
        await opened.session.feed(b"")  # says so if the model hears nothing
        if opened.listening is None or opened.listening.done():
            item = await self._privacy.collect(caller.app_id, caller.manifest.data_plan, "speech")
            if opened.listening is None or opened.listening.done():  # a person took a while to answer
                opened.listening = caller.keep(self._hear(caller, run, number, opened, item))
        return None

    def _end_soon(self, caller: Caller, number: int, opened: _Opened) -> None:
        caller.keep(self._revoked(caller, number, opened))

    async def _revoked(self, caller: Caller, number: int, opened: _Opened) -> None:
        await self._end_listening(opened)
        reason = "privacy: the person at the device no longer agrees"
        await caller.emit("inference.error", {"session": number, "reason": reason})

    async def _hear(self, caller: Caller, run: _Run, number: int, opened: _Opened, item: DataItem) -> None:
        ears = self._ears
        if ears is None:  # inference.listen is offered with a microphone only
            return
        ears.listening(caller.app_id, on=True)
        ended = self._privacy.collecting(caller.app_id, item, lambda: self._end_soon(caller, number, opened))
        telling = asyncio.create_task(self._tell_states(caller, number, ears))
        try:
            async with aclosing(self._heard(run, opened, ears)) as heard:
                async for found in heard:
                    told: dict[str, Value] = {
                        "session": number,
                        "label": found.label,
                        "probability": found.probability,
                        "seconds": found.seconds,
                    }
                    await caller.emit("inference.result", told)
        except CygnetError as error:
            await caller.emit("inference.error", {"session": number, "reason": str(error)})
        except Exception:  # a fault of the board's own: the program must not believe that all is quiet
            await caller.emit("inference.error", {"session": number, "reason": "internal error of the host"})
            raise
        finally:
            ended()
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            ears.listening(caller.app_id, on=False)

    async def _tell_states(self, caller: Caller, number: int, ears: Ears) -> None:
        async with _closing(ears.states()) as states:
            async for state in states:
                await caller.emit("inference.microphone", {"session": number, "state": state})

    async def _heard(self, run: _Run, opened: _Opened, ears: Ears) -> AsyncGenerator[Detection, None]:
        """What a session hears: a model of the device hears once for all, one of the program's own for it alone."""
        if opened.shared and self._hearing is not None:
            async with _closing(self._hearing.listen(opened.model)) as detections:
                async for found in detections:
                    yield found
            return
        async with _closing(ears.chunks()) as sounds:
            async for sound in sounds:
                async with opened.busy:
                    self._check_time(run)
                    heard = await opened.session.feed(sound)
                for found in heard:
                    yield found

    async def stop(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        """Let the model hear no more; what it has heard so far is forgotten. One that hears nothing is no error."""
        _, _, opened = self._opened(caller, arguments)
        if await self._end_listening(opened):
            await opened.session.reset()
        return None

    async def _end_listening(self, opened: _Opened) -> bool:
        listening, opened.listening = opened.listening, None
        if listening is None or listening.done():
            return False
        listening.cancel()
        await asyncio.wait([listening])
        return True


def inference_capabilities(
    service: Models,
    abilities: Abilities,
    files: ProgramFiles,
    ears: Ears | None,
    limits: Limits,
    privacy: Privacy,
    hearing: Hearing | None = None,
) -> list[Capability]:
    """``inference.open {model | name | ability}``, ``inference.run {session, inputs}``, ``inference.close {session}``;
    with a microphone ``inference.listen {session}`` and ``inference.stop {session}``, which need the permission
    ``record``. With ``hearing`` all programs hear what one model of the device hears."""
    models = ProgramInference(service, abilities, files, ears, limits, privacy, hearing)
    offered = [
        Capability("inference.open", models.open),
        Capability("inference.run", models.run),
        Capability("inference.close", models.close),
    ]
    if ears is not None:
        offered.append(Capability("inference.listen", models.listen, permission="record"))
        offered.append(Capability("inference.stop", models.stop, permission="record"))
    return offered


def _number(arguments: Mapping[str, Value]) -> int:
    value = arguments.get("session")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse("session must be the number that inference.open gave")
    return value


@asynccontextmanager
async def _closing(stream: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """The microphone is let go when nobody listens any more, and not when somebody clears away."""
    try:
        yield stream
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


async def _for_ever() -> None:
    await asyncio.Event().wait()


__all__ = ["Abilities", "Ears", "ProgramInference", "inference_capabilities"]
