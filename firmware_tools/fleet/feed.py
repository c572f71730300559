"""What happens in the fleet, as it happens, to whoever watches: the operator page and the command line."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from firmware_tools.fleet.live_events import LiveEvent

_MOST_WAITING = 256


class Watcher:
    """One who watches. Who reads too slowly loses events and is told to load everything again."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[LiveEvent] = asyncio.Queue(_MOST_WAITING)
        self._closed = False

    def offer(self, event: LiveEvent) -> None:
        """Add an event, or replace what waits by one ``refresh`` when too much waits."""
        if self._events.full():
            while not self._events.empty():
                self._events.get_nowait()
            event = {"type": "refresh"}
        self._events.put_nowait(event)

    def close(self) -> None:
        """End the iteration."""
        self._closed = True
        self.offer({"type": "closed"})

    async def events(self, idle: float) -> AsyncIterator[LiveEvent | None]:
        """Each event; ``None`` after every ``idle`` seconds without one."""
        while not self._closed:
            try:
                async with asyncio.timeout(idle):
                    event = await self._events.get()
            except TimeoutError:
                yield None
                continue
            if not self._closed:
                yield event


class LiveFeed:
    """Passes each event to everyone who watches, and waits for nobody."""

    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()

    @contextmanager
    def watch(self) -> Iterator[Watcher]:
        """A watcher that hears all that happens from now on."""
        watcher = Watcher()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    @property
    def is_watched(self) -> bool:
        """Whether anybody watches."""
        return bool(self._watchers)

    def announce(self, event: LiveEvent) -> None:
        """Pass one event on."""
        for watcher in self._watchers:
            watcher.offer(event)

    def close(self) -> None:
        """Send everyone home."""
        for watcher in self._watchers:
            watcher.close()
