"""A model that may be in a process now."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from device_runtime.inference.process import ModelProcess

if TYPE_CHECKING:
    from device_runtime.inference.service import InferenceSession, OwnModel


class Loaded:
    """A model that may be in a process now; ``generation`` counts its processes, ``used`` orders models by the time of
    their last use."""

    def __init__(self, model: "OwnModel") -> None:
        self.model = model
        self.process: ModelProcess | None = None
        self.generation = 0
        self.used = 0
        self.sessions: set[InferenceSession] = set()
        self.loading = asyncio.Lock()
        self.asking = 0
        """How many wait for an answer, or are about to ask."""

    @contextlib.contextmanager
    def needed(self) -> Iterator[None]:
        """While somebody asks it something, it is not unloaded to make room, also not between two requests."""
        self.asking += 1
        try:
            yield
        finally:
            self.asking -= 1

    @property
    def running(self) -> ModelProcess | None:
        """Its process, if that is there."""
        return None if self.process is None or self.process.lost else self.process

    @property
    def remembers(self) -> bool:
        """Somebody has a session of it, and it remembers what it was told there."""
        return self.process is not None and self.process.stateful and bool(self.sessions)

    @property
    def can_go(self) -> bool:
        """It can be unloaded, and nobody will notice: the next request loads it again."""
        process = self.running
        return process is not None and process.idle and not self.asking and not self.remembers
