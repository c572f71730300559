"""The processes of a fleet on one PostgreSQL, as one of them sees it: it is the :class:`Team` of a service.

Devices are distributed by a hash of their ids among the processes that hear, the oldest of which leads. Every process
hears the state and the reports of all devices, and stores those of its own; telemetry and requests are shared by the
broker, or distributed in the same way.
"""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy import Connection

from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import StorageError
from firmware_tools.fleet.listening import Part
from firmware_tools.fleet.workers import notices, roll
from firmware_tools.fleet.workers.roll import BEAT_SECONDS, LEASE_SECONDS, Presented, Roll

log = logging.getLogger(__name__)


class Crew:
    """Use :meth:`running` around the service that it is given to."""

    def __init__(self, database: Database, kind: str, count: Callable[[], tuple[int, int]], name: str = "") -> None:
        """``kind``: ``serve`` or ``worker``. ``count`` gives how many messages this process has heard, and how many
        records it has stored. ``name``: for people, in place of the number of the process."""
        self.id = secrets.token_hex(6)
        self.is_alone = False
        self.shared = False
        self._database, self._kind, self._count = database, kind, count
        self.name = f"{socket.gethostname()}:{name or os.getpid()}"
        self._hears = False
        self._roll = Roll(0, ())
        self._part: Part | None = None
        self._beaten_at = 0.0
        self._due = asyncio.Event()
        self._looked = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "fleet-roll")
        self._on_change: Callable[[bool], None] = lambda _gone: None
        self._on_told: Callable[[Mapping[str, Any] | None], None] = lambda _document: None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Be on the roll for the length of an ``async with`` block.

        Raises:
            StorageError: the database refuses at the beginning.
        """
        await self._beat()
        heard = notices.Notices(self._database.url, self.id, lambda document: self._on_told(document))
        tasks = [asyncio.create_task(self._go_on(), name="roll"), asyncio.create_task(heard.run(), name="notices")]
        for task in tasks:
            task.add_done_callback(_log_fault)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with suppress(StorageError):  # then it is missed
                await self._in_thread(lambda: roll.leave(self._database, self.id))
            self._thread.shutdown()

    @property
    def leads(self) -> bool:
        """Of the processes that hear, this one is there longest."""
        return self._stands and self._part is not None and self._part.number == 1

    @property
    def members(self) -> Roll:
        """The roll as it was a moment ago."""
        return self._roll

    def owns(self, device: str) -> bool:
        """This process stores state and reports of the device."""
        return self._part is not None and self._part.has(device)

    def fence(self, connection: Connection) -> None:
        """Hold the distribution. Raises :class:`FencedError`."""
        roll.fence(connection, self._roll.number)

    def tell(self, connection: Connection, document: Mapping[str, Any]) -> None:
        """Tell the others."""
        notices.tell(connection, self.id, document)

    async def look(self) -> None:
        """Beat now, and see how things stand."""
        self._looked.clear()
        self._due.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(LEASE_SECONDS):
                await self._looked.wait()

    def set_hearing(self, *, hears: bool) -> None:
        """This process is connected to the broker now, or no longer."""
        self._hears = hears
        self._due.set()

    def watch(self, on_change: Callable[[bool], None], on_told: Callable[[Mapping[str, Any] | None], None]) -> None:
        """See :class:`Team`."""
        self._on_change, self._on_told = on_change, on_told

    @property
    def _stands(self) -> bool:
        """Nobody can have struck this process off yet."""
        return asyncio.get_running_loop().time() - self._beaten_at < LEASE_SECONDS

    async def _go_on(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_SECONDS):
                    await self._due.wait()
            self._due.clear()
            try:
                await self._beat()
            except StorageError as error:
                log.debug("the roll cannot be kept: %s", error)  # the service says so
            self._looked.set()

    async def _beat(self) -> None:
        begun = asyncio.get_running_loop().time()
        messages, records = self._count()
        me = Presented(self.id, self._kind, self.name, self._hears, messages, records)
        found = await self._in_thread(lambda: roll.beat(self._database, me))
        self._beaten_at = begun
        before, self._roll = self._roll, found
        place = found.place(self.id)
        self._part = None if place is None else Part(place[0] + 1, place[1])
        for name in found.gone:
            log.warning("%s is gone without goodbye; the others have its devices now", name)
        if found.number != before.number:
            if self._part is not None:
                log.info("this process has part %d of %d of the devices", self._part.number, self._part.parts)
            self._on_change(bool(found.gone) or _vanished(before, found))

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _log_fault(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s ended by a fault: restart this process", task.get_name(), exc_info=error)


def _vanished(before: Roll, after: Roll) -> bool:
    """Somebody is missing; with a goodbye or without, which does not matter to who has to make up for it."""
    return bool({member.id for member in before.members} - {member.id for member in after.members})
