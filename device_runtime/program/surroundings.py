"""What a program's session needs of the board: what it runs from, who shows it, what it may have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from device_runtime.capability.registry import CapabilityGate
from device_runtime.program.limits import Limits
from device_runtime.program.manifest import Manifest
from device_runtime.values import Value
from device_runtime.view.patches import Operation


class SessionListener(Protocol):
    """Who shows and logs what programs do. Called in the event loop; it must not block."""

    def on_stack(self, app_id: str, pages: list[dict[str, Any]], transition: str, target: str) -> None:
        """The page stack from bottom to top; ``target`` is the one screen concerned, or empty for all."""

    def on_patch(self, app_id: str, page: int, operations: list[Operation], target: str) -> None:
        """Operations for one page of the last stack."""

    def on_log(self, app_id: str, level: str, text: str, source: str) -> None:
        """A console line or an error of the program."""

    def on_exit(self, app_id: str, reason: str) -> None:
        """The program ended; ``reason`` is a sentence, or empty when all is well. Called exactly once."""


class ProgramSource(Protocol):
    """What a program is started from: a package has this shape."""

    @property
    def manifest(self) -> Manifest:
        """The checked manifest."""

    @property
    def entries(self) -> Mapping[str, bytes]:
        """The content of every file by its path."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a board gives to every program.

    ``system()`` is what ``getSystemInfoSync`` answers; ``storage(app_id)`` a program's stored pairs, and may block.
    ``start_seconds`` bounds :meth:`ProgramSession.start`, ``intent_seconds`` one :meth:`ProgramSession.intent`.
    ``inspect(app_id, payload)`` hears what inspected workers tell of themselves; where it is None, as on every device,
    workers may tell nothing.
    """

    gate: CapabilityGate
    listener: SessionListener
    system: Callable[[], Mapping[str, Value]]
    storage: Callable[[str], Mapping[str, Value]]
    limits: Limits = field(default_factory=Limits)
    start_seconds: float = 15.0
    intent_seconds: float = 10.0
    inspect: Callable[[str, Mapping[str, Value]], None] | None = None
