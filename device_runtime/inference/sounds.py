"""How a model hears, as its card says: without numpy, since the host has no other use for it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from device_runtime.inference.card import ModelCard
from device_runtime.inference.store import ModelError
from device_runtime.values import Value

SOUND_TASKS = ("wake-word", "spoken-commands", "sound-events")
"""Tasks of models that hear."""
_FRONT_END = "micro"


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """How a model hears, from its card.

    ``stride``: feature rows from one invocation to the next, each 10 ms; 0 is as many as the model's input has.
    ``window``: probabilities that are averaged. ``rejects``: labels that are never heard, such as silence.
    """

    labels: tuple[str, ...]
    stride: int
    window: int
    cutoff: float
    refractory_seconds: float
    rejects: frozenset[str]

    def members(self) -> dict[str, Value]:
        """For a frame."""
        labels: list[Value] = list(self.labels)
        rejects: list[Value] = [*sorted(self.rejects)]
        return {**asdict(self), "labels": labels, "rejects": rejects}

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> "SoundSettings":
        """What :meth:`members` gave."""
        told = {**members, "labels": tuple(members["labels"]), "rejects": frozenset(members["rejects"])}
        return cls(**told)


def sound_settings(card: ModelCard) -> SoundSettings:
    """What a card says of how its model hears.

    Raises:
        ModelError: the card's task is none of :data:`SOUND_TASKS`, or it names a front end that is not here.
        CardError: a parameter is missing or wrong.
    """
    if card.task not in SOUND_TASKS:
        raise ModelError(f"{card.path}: a model of the task {card.task!r} hears nothing; {', '.join(SOUND_TASKS)} do")
    parameters = card.parameters
    front_end = parameters.get("front_end", _FRONT_END)
    if front_end != _FRONT_END:
        raise ModelError(f"{card.path}: there is no front end {str(front_end)[:40]!r}; there is {_FRONT_END}")
    window, stride = card.number("window"), card.number("stride") if "stride" in parameters else 0
    if not 1 <= window <= 1000 or not 0 <= stride <= 1000:
        raise ModelError(f"{card.path}: parameters.window must be 1 to 1000, and parameters.stride 0 to 1000")
    return SoundSettings(
        labels=card.labels or (card.text("phrase"),),
        stride=int(stride),
        window=int(window),
        cutoff=card.number("cutoff"),
        refractory_seconds=card.number("refractory_seconds"),
        rejects=frozenset(card.text("rejects").split()) if "rejects" in parameters else frozenset(),
    )
