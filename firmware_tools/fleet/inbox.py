"""What devices said and the database does not hold yet.

Of ``state`` and ``reported`` only the latest of each device matters, so they can never pile up. Telemetry does, so
it is bounded: before it is full, nothing more is read from the broker. What does not fit all the same is dropped
without a receipt, and the device sends it again.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from device_runtime.sync.messages import Reported, State

MOST_BATCHES = 4_000
MOST_BYTES = 64 * 1024 * 1024
"""Of batches that wait: the memory that a flood may take."""
_FULL, _ROOMY = 0.75, 0.4
"""Shares of these bounds at which no more is read, and at which reading goes on."""
_BATCHES_AT_ONCE, _BYTES_AT_ONCE = 1_000, 2 * 1024 * 1024
"""What one transaction stores: many small batches or some large ones, in a fraction of a second either way."""


@dataclass(slots=True)
class Work:
    """What one transaction stores. ``seen`` maps devices to when they were last there (Unix seconds); ``held`` those
    that ask for their desired document to the version that they hold; ``batches`` are telemetry as it arrived, since
    decoding it takes longer than the event loop has time."""

    states: dict[str, tuple[State, float | None]] = field(default_factory=dict)
    reported: dict[str, tuple[Reported, float]] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    batches: list[tuple[str, bytes]] = field(default_factory=list)

    def keep_only(self, owns: Callable[[str], bool]) -> None:
        """Leave out state and reports of devices that others have to store."""
        self.states = {device: state for device, state in self.states.items() if owns(device)}
        self.reported = {device: reported for device, reported in self.reported.items() if owns(device)}

    def __bool__(self) -> bool:
        return bool(self.states or self.reported or self.seen or self.held or self.batches)


class Inbox:
    """Collects work from the event loop and hands it out in portions that one transaction can store."""

    def __init__(self) -> None:
        self._work = Work()
        self._batches: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()

    def put_state(self, device: str, state: State, seen: float | None) -> None:
        """Note what a device's state channel says; see :meth:`Registry.record_states`."""
        self._work.states[device] = (state, seen)
        self._filled.set()

    def put_reported(self, device: str, reported: Reported, now: float) -> None:
        """Note what a device has."""
        self._work.reported[device] = (reported, now)
        self._filled.set()

    def put_seen(self, device: str, now: float) -> None:
        """Note that a device was there."""
        self._work.seen[device] = now
        self._filled.set()

    def put_held(self, device: str, version: int) -> None:
        """Note that a device asks for its desired document, and which version it holds."""
        self._work.held[device] = version
        self._filled.set()

    def put_batch(self, device: str, payload: bytes) -> bool:
        """Note a telemetry message; false when there is too much already, and it is dropped."""
        if len(self._batches) >= MOST_BATCHES or self._bytes + len(payload) > MOST_BYTES:
            return False
        self._batches.append((device, payload))
        self._bytes += len(payload)
        self._filled.set()
        return True

    @property
    def is_full(self) -> bool:
        """It is time to read no more."""
        return self._bytes > MOST_BYTES * _FULL or len(self._batches) > MOST_BATCHES * _FULL

    @property
    def has_room(self) -> bool:
        """It is time to read again."""
        return self._bytes < MOST_BYTES * _ROOMY and len(self._batches) < MOST_BATCHES * _ROOMY

    def put_back(self, work: Work) -> None:
        """Return what could not be stored, except where something newer came in meanwhile."""
        self._batches.extendleft(reversed(work.batches))
        self._bytes += sum(len(payload) for _, payload in work.batches)
        for device, state in work.states.items():
            self._work.states.setdefault(device, state)
        for device, reported in work.reported.items():
            self._work.reported.setdefault(device, reported)
        for device, version in work.held.items():
            self._work.held.setdefault(device, version)
        for device, when in work.seen.items():
            self._work.seen.setdefault(device, when)
        self._filled.set()

    async def take(self) -> Work:
        """Wait for work and take a portion."""
        while True:
            await self._filled.wait()
            work, self._work = self._work, Work()
            size = 0
            while self._batches and len(work.batches) < _BATCHES_AT_ONCE and size < _BYTES_AT_ONCE:
                work.batches.append(self._batches.popleft())
                size += len(work.batches[-1][1])
            self._bytes -= size
            if not self._batches:
                self._filled.clear()
            if work:
                return work
