"""What :mod:`device_runtime.capability.inference` asks of a device: who loads models, who chooses them, who hears."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Literal, Protocol

from device_runtime.inference.process import Spend
from device_runtime.inference.service import OwnModel
from device_runtime.inference.tensors import Detection, TensorData, TensorInfo

HearingState = Literal["hearing", "waiting", "refused"]
"""What a microphone gives: sound; nothing, before a person turns it on; nothing, since a person or the screen's browser
refused it."""


class ModelSession(Protocol):
    """One user's way to a model; :class:`device_runtime.inference.service.InferenceSession` is one."""

    @property
    def inputs(self) -> tuple[TensorInfo, ...]: ...

    @property
    def outputs(self) -> tuple[TensorInfo, ...]: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def task(self) -> str: ...

    async def run(self, inputs: Sequence[TensorData], *, real: bool = True) -> tuple[TensorData, ...]: ...

    async def feed(self, pcm: bytes) -> tuple[Detection, ...]: ...

    async def reset(self) -> None: ...

    async def close(self) -> None: ...


class Models(Protocol):
    """Who loads models; :class:`device_runtime.inference.service.InferenceService` does."""

    async def open(self, model: str | OwnModel, owner: str, spend: Spend | None = None) -> ModelSession: ...

    async def close_owner(self, owner: str) -> None: ...


class Abilities(Protocol):
    """The device's choice of models."""

    def model_for(self, ability: str) -> str:
        """The name of the model that serves a task.

        Raises:
            CygnetError: the device has none; the sentence says what it has.
        """

    def parameters_of(self, model: str) -> Mapping[str, str | int | float | bool]:
        """What the card of a model of the device says for whoever uses it, such as a cut-off."""


class Ears(Protocol):
    """The board's microphone, for several listeners at once."""

    def chunks(self) -> AsyncIterator[bytes]:
        """16 kHz mono int16 as it comes; nothing while the board itself speaks.

        Raises:
            CygnetError: there is no microphone, or it fails.
        """

    def states(self) -> AsyncIterator[HearingState]:
        """What it gives, now and whenever that has changed."""

    def listening(self, app_id: str, *, on: bool) -> None:
        """A program begins to listen, or ends: people are shown it."""


class Hearing(Protocol):
    """What a model of the device hears, for all who want to know;
    :class:`device_runtime.inference.shared_hearing.SharedHearing` is one."""

    def listen(self, model: str) -> AsyncIterator[Detection]:
        """What the model of that name hears from now on.

        Raises:
            CygnetError: it, or the microphone, has failed.
        """
