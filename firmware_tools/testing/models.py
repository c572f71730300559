"""Models of a device under test: they hear what the test says, and compute what it says.

A test gives them by what the program opens (an ability, a shared model's name, or a path in its package): ``{labels}``,
and for one that is run ``{inputs: {name: shape}, outputs: {name: numbers}}``. What stands between the program and them
is the device's own code.
"""

import array
import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from device_runtime.capability.models import HearingState
from device_runtime.errors import CygnetError
from device_runtime.inference.process import Spend
from device_runtime.inference.service import OwnModel
from device_runtime.inference.tensors import Detection, TensorData, TensorInfo
from device_runtime.values import Value

_SOUND_TASK = "sound-events"
_STEP_SECONDS = 1.0


class PlayedModelError(CygnetError):
    """What a test says of a model cannot be read, or the program opens one that the test says nothing about."""


@dataclass(slots=True, eq=False)
class PlayedModel:
    """One session of a model that the test gives."""

    task: str
    labels: tuple[str, ...]
    inputs: tuple[TensorInfo, ...] = ()
    outputs: tuple[TensorInfo, ...] = ()
    answers: Mapping[str, Sequence[float]] = field(default_factory=dict)
    heard: int = 0

    async def run(self, inputs: Sequence[TensorData], *, real: bool = True) -> tuple[TensorData, ...]:  # noqa: ARG002
        """The outputs, as the test says."""
        return tuple(
            TensorData(info.shape, info.dtype, array.array("f", self.answers[info.name]).tobytes())
            for info in self.outputs
        )

    async def feed(self, pcm: bytes) -> tuple[Detection, ...]:
        """What a test lets be heard is not sound but the word for it."""
        if not self.labels:
            raise PlayedModelError("the test gives this model no labels, so it does not listen")
        if not pcm:
            return ()
        self.heard += 1
        label, probability = json.loads(pcm)
        if label not in self.labels:
            return ()
        return (Detection(label, probability, self.heard * _STEP_SECONDS),)

    async def reset(self) -> None:
        """It remembers nothing."""

    async def close(self) -> None:
        """It holds nothing."""


class PlayedModels:
    """The models, the choice among them, and the microphone of a device under test."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}
        self._listeners: list[asyncio.Queue[bytes]] = []

    async def open(self, model: str | OwnModel, owner: str, spend: Spend | None = None) -> PlayedModel:  # noqa: ARG002
        """A model that the test gives."""
        name = model if isinstance(model, str) else model.name.lstrip("/")
        if name not in self.given:
            raise PlayedModelError(
                f"the test gives no model {name!r}; give launch() {{models: {{'{name}': {{labels: [...]}}}}}}"
            )
        card = model.card if isinstance(model, OwnModel) else None
        return _read(name, self.given[name], card.labels if card is not None else ())

    async def close_owner(self, owner: str) -> None:
        """They hold nothing."""

    def model_for(self, ability: str) -> str:
        """A test gives a model by its ability."""
        return ability

    def parameters_of(self, model: str) -> Mapping[str, str | int | float | bool]:  # noqa: ARG002 the device's shape
        """They have none."""
        return {}

    async def chunks(self) -> AsyncIterator[bytes]:
        """What the test lets be heard."""
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._listeners.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.remove(queue)

    async def states(self) -> AsyncIterator[HearingState]:
        """It is on."""
        yield "hearing"

    def listening(self, app_id: str, *, on: bool) -> None:
        """There are no people."""

    def hear(self, label: str, probability: float) -> None:
        """Let every model that listens hear something.

        Raises:
            PlayedModelError: none does.
        """
        if not self._listeners:
            raise PlayedModelError(f"the program does not listen, so it cannot hear {label!r}")
        for listener in self._listeners:
            listener.put_nowait(json.dumps([label, probability]).encode())


def _read(name: str, told: Any, labels: Sequence[str]) -> PlayedModel:
    if not isinstance(told, dict) or not set(told) <= {"labels", "inputs", "outputs", "task"}:
        raise PlayedModelError(f"the model {name!r} of a test has labels, inputs, outputs and task, and nothing else")
    try:
        inputs = tuple(
            TensorInfo(key, tuple(shape), "float32") for key, shape in dict(told.get("inputs") or {}).items()
        )
        outputs = {
            key: [float(number) for number in numbers] for key, numbers in dict(told.get("outputs") or {}).items()
        }
        described = tuple(TensorInfo(key, (1, len(numbers)), "float32") for key, numbers in outputs.items())
        chosen = tuple(str(label) for label in told.get("labels") or labels)
    except (TypeError, ValueError) as error:
        raise PlayedModelError(f"the model {name!r} of a test: {error}") from error
    if any(prod(info.shape) < 1 for info in inputs):
        raise PlayedModelError(f"the model {name!r} of a test has an input with a shape that is not above 0")
    task: Value = told.get("task")
    return PlayedModel(str(task or (_SOUND_TASK if chosen else "")), chosen, inputs, described, outputs)
