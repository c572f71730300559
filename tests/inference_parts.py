"""Models for tests of the border between programs and models: arithmetic in place of a runtime, ears that hear what is
loud. What a real runtime does with them is tested with a real one."""

import array
import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from device_runtime.capability.models import HearingState
from device_runtime.inference.process import Spend
from device_runtime.inference.service import OwnModel
from device_runtime.inference.store import ModelError
from device_runtime.inference.tensors import Detection, TensorData, TensorInfo

HEARS = {"alarms": "sound-events", "words": "spoken-commands"}
"""The shared models that hear; ``double`` is the one that counts."""


@dataclass(eq=False)
class Session:
    """``x`` float32 [1, 4] and ``q`` int8 [2] to ``y``, twice ``x``; a model that hears knows ``loud``."""

    service: "Service"
    owner: str
    name: str
    task: str = ""
    inputs: tuple[TensorInfo, ...] = (TensorInfo("x", (1, 4), "float32"), TensorInfo("q", (2,), "int8", 0.5, 3))
    outputs: tuple[TensorInfo, ...] = (TensorInfo("y", (1, 4), "float32"),)
    labels: tuple[str, ...] = ()
    closed: bool = False
    fed: int = 0
    resets: int = 0
    spend: Spend | None = None

    async def run(self, inputs: Sequence[TensorData], *, real: bool = True) -> tuple[TensorData, ...]:  # noqa: ARG002
        self.service.running.set()
        await self.service.may_run.wait()
        if self.service.fails:
            raise ModelError(f"model {self.name}: {self.service.fails}")
        if self.spend is not None:
            self.spend(self.service.takes)
        self.service.seen.append(tuple(inputs))
        doubled = array.array("f", [2 * number for number in array.array("f", inputs[0].data)])
        return (TensorData((1, 4), "float32", doubled.tobytes()),)

    async def feed(self, pcm: bytes) -> tuple[Detection, ...]:
        if not self.task:
            raise ModelError(f"model {self.name} does not listen")
        if self.service.fails and pcm:
            raise ModelError(f"model {self.name}: {self.service.fails}")
        self.fed += len(pcm) // 2
        loud = any(abs(sample) > 10_000 for sample in array.array("h", pcm))
        return (Detection("loud", 0.75, self.fed / 16_000),) if loud else ()

    async def reset(self) -> None:
        self.resets += 1

    async def close(self) -> None:
        self.closed = True


@dataclass
class Service:
    """Opens sessions and remembers them."""

    sessions: list[Session] = field(default_factory=list)
    own: list[OwnModel] = field(default_factory=list)
    seen: list[tuple[TensorData, ...]] = field(default_factory=list)
    closed_owners: list[str] = field(default_factory=list)
    fails: str = ""
    takes: float = 0.0
    """Seconds of the processor, each time."""
    may_run: asyncio.Event = field(default_factory=asyncio.Event)
    running: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_run.set()

    async def open(self, model: str | OwnModel, owner: str, spend: Spend | None = None) -> Session:
        if spend is not None:
            spend(self.takes)
        if isinstance(model, OwnModel):
            self.own.append(model)
            name, task = model.name, model.card.task if model.card is not None else ""
            labels = model.card.labels if model.card is not None else ()
            if model.content == b"broken":
                raise ModelError(f"model {name} cannot be loaded: it is broken")
        elif model in ("double", *HEARS):
            name, task, labels = model, HEARS.get(model, ""), ("loud",) if model in HEARS else ()
        else:
            raise ModelError(f"there is no model {model!r} on this device")
        session = Session(self, owner, name, task, labels=labels, spend=spend)
        self.sessions.append(session)
        return session

    async def close_owner(self, owner: str) -> None:
        self.closed_owners.append(owner)
        for session in self.sessions:
            session.closed = session.closed or session.owner == owner

    async def close(self) -> None: ...

    def model_for(self, ability: str) -> str:
        for name, task in HEARS.items():
            if task == ability:
                return name
        raise ModelError(f"this device has no model for {ability!r}")

    def parameters_of(self, model: str) -> Mapping[str, str | int | float | bool]:
        return {"cutoff": 0.5} if model in HEARS else {}


class Ears:
    """A microphone that a test speaks into."""

    def __init__(self) -> None:
        self.listeners: list[asyncio.Queue[bytes | Exception]] = []
        self.shown: list[tuple[str, bool]] = []
        self.told: list[HearingState] = []

    async def chunks(self) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes | Exception] = asyncio.Queue()
        self.listeners.append(queue)
        try:
            while True:
                sound = await queue.get()
                if isinstance(sound, Exception):
                    raise sound
                yield sound
        finally:
            self.listeners.remove(queue)

    async def states(self) -> AsyncIterator[HearingState]:
        for state in self.told:
            yield state

    def listening(self, app_id: str, *, on: bool) -> None:
        self.shown.append((app_id, on))

    def say(self, level: int) -> None:
        """Let everybody hear 32 ms at this level."""
        for queue in self.listeners:
            queue.put_nowait(level.to_bytes(2, "little", signed=True) * 512)

    def lose(self, error: Exception) -> None:
        """Let the microphone fail."""
        for queue in self.listeners:
            queue.put_nowait(error)
