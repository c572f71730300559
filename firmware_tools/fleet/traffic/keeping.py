"""Stores what was counted, in batches: what a process loses with its power is what passed in a minute."""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from functools import partial

from firmware_tools.fleet.database import Database, retry
from firmware_tools.fleet.errors import StorageError
from firmware_tools.fleet.traffic import store
from firmware_tools.fleet.traffic.counting import Sums, Taken, Traffic

log = logging.getLogger(__name__)
EVERY = 60.0
_AT_ONCE, _PAUSE = 1_000, 0.05


Writing = Callable[[Callable[[], None]], Awaitable[None]]
"""Does work with the database beside the event loop, where this process does all that it writes."""


class TrafficKeeper:
    """Of one process. ``traffic`` is what it counts with.

    Args:
        database: where sums are added to those of the other processes.
        write: see :data:`Writing`.
        clock: Unix time in seconds, by which a count belongs to a day.
    """

    def __init__(self, database: Database, write: Writing, clock: Callable[[], float] = time.time) -> None:
        self.traffic = Traffic()
        self._database, self._write, self._clock = database, write, clock
        self._left: dict[tuple[str, int], Sums] = {}
        self._busy = asyncio.Lock()
        # Who is cancelled leaves a thread that works on, while the last of it is stored by another.
        self._at_work = threading.Lock()

    async def run(self) -> None:
        """Store once a minute, for ever."""
        while True:
            await asyncio.sleep(EVERY)
            await self.store()

    async def store(self) -> None:
        """Store what was counted; what the database refuses is kept, and stored with the next."""
        async with self._busy:
            taken, day = self.traffic.take(), int(self._clock() // store.DAY_SECONDS)
            try:
                await self._write(partial(self._merge, taken, day))
                while self._left:
                    await self._write(self._store_some)
                    if self._left:
                        await asyncio.sleep(_PAUSE)  # so that telemetry never waits for long
            except StorageError as error:
                log.warning("how many bytes devices sent and received is stored later: %s", error)

    def _merge(self, taken: Taken, day: int) -> None:
        with self._at_work:
            for device, sums in taken.by_device().items():
                before = self._left.get((device, day))
                self._left[device, day] = sums if before is None else [a + b for a, b in zip(before, sums, strict=True)]

    def _store_some(self) -> None:
        with self._at_work:
            some = sorted(self._left)[:_AT_ONCE]
            retry(partial(self._add, some))
            for key in some:
                del self._left[key]

    def _add(self, some: list[tuple[str, int]]) -> None:
        with self._database.transaction() as connection:
            store.add(connection, [(device, day, self._left[device, day]) for device, day in some])
