"""The fleet's side of the conversation: hears devices, stores what they say, answers, and tells them what to have.

Everything here runs on one event loop and never waits for the disk: a single writer thread owns all changes of the
database, reader threads fetch blocks of content. A receipt leaves only after the commit that it speaks of.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from device_runtime.errors import CygnetError
from device_runtime.sync.messages import (
    Channel,
    Desired,
    encode,
    topic,
)
from device_runtime.sync.transport import TransportError
from firmware_tools.fleet.announcing import Announcer
from firmware_tools.fleet.answering import Answering, Erasures, Identities
from firmware_tools.fleet.audit.pending import pending_addition
from firmware_tools.fleet.connections import Flow, FreeFlow
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.content_answers import ContentAnswers
from firmware_tools.fleet.counters import Counters as Counters
from firmware_tools.fleet.database import Database, retry
from firmware_tools.fleet.documents import telemetry_documents
from firmware_tools.fleet.errors import StorageError
from firmware_tools.fleet.events.rollups import SeriesIds
from firmware_tools.fleet.feed import LiveFeed
from firmware_tools.fleet.hearing import Hearing
from firmware_tools.fleet.inbox import Inbox, Work
from firmware_tools.fleet.metadata import MetadataFiles
from firmware_tools.fleet.presence import KEPT_SECONDS, Presence
from firmware_tools.fleet.publishing import Publisher
from firmware_tools.fleet.records import Device
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.signing import Signer
from firmware_tools.fleet.storing import Stored, store_work, tell_changed
from firmware_tools.fleet.strangers import Strangers
from firmware_tools.fleet.team import Alone, FencedError, Team
from firmware_tools.fleet.telemetry import TelemetryStore
from firmware_tools.fleet.traffic.keeping import TrafficKeeper

log = logging.getLogger(__name__)
T = TypeVar("T")

_MOST_SHOWN = 20
_RETRY_STORAGE = 1.0
_PRUNE_EVERY, _PRUNE_PAUSE = 600.0, 0.2


class Sender(Protocol):
    """What the service needs of a transport."""

    async def __call__(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None: ...


class FleetService:
    """One fleet, listening to a :class:`MqttTransport`: it is its :class:`TransportListener`."""

    def __init__(
        self,
        fleet: str,
        key: Ed25519PrivateKey,
        database: Database,
        content: ContentStore,
        send: Sender,
        *,
        answers: ContentAnswers | None = None,
        lost_after: float = 90.0,
        prune: Callable[[float], bool] = lambda _now: False,
        signer: Signer | None = None,
        metadata: MetadataFiles | None = None,
        flow: Flow | None = None,
        team: Team | None = None,
        check_signing: Callable[[Connection], None] = lambda _connection: None,
    ) -> None:
        """``answers``: who answers requests for content; without it, others on the same broker do.
        ``lost_after``: how long after a connect a device that the database calls online may be silent, in seconds. The
        broker may have died together with the wills that it held. ``prune``: deletes a portion of what is too old at a
        time (Unix seconds), and says whether there is more; by the process that leads.
        ``signer``: in place of one with ``key`` alone; ``metadata``: gives files of signed metadata.
        ``flow``: keeps telemetry with the broker while it comes faster than it can be stored.
        ``team``: other processes that do the same.
        ``check_signing``: called in a transaction before documents are signed; a :class:`StorageError` of it puts that
        off."""
        self.fleet, self.feed = fleet, LiveFeed()
        self.counters = Counters()
        self.announcer = Announcer(self.feed, self._devices, self._start)
        self.connected_at: float | None = None
        self._was_connected = False
        self.on_broker_away: Callable[[], None] = lambda: None
        self._database, self._content, self._send = database, content, send
        self._signer = signer or Signer(key, content)
        self._flow = flow or FreeFlow()
        self._lost_after, self._prune, self._series = lost_after, prune, SeriesIds()
        self._inbox = Inbox()
        self._team = team or Alone()
        self._presence = Presence(self._inbox, self._team)
        self._publisher = Publisher(
            fleet, database, self._signer, self._tell, self.announcer.report_trouble, self._team, check_signing
        )
        self._states = self._presence.states
        self._answering = Answering(
            self._tell, self.read, self._in_reader, self._start, self.counters, self._states, answers, metadata
        )
        self._writer = ThreadPoolExecutor(1, "fleet-writer")
        self.traffic_keeper = TrafficKeeper(database, partial(self._in, self._writer))
        """Stores how many bytes devices send and receive."""
        self._traffic = self.traffic_keeper.traffic
        self.hearing = Hearing(
            fleet,
            self._team,
            self._presence,
            self._inbox,
            self._answering,
            self._flow,
            self.feed,
            self.counters,
            self._traffic,
        )
        self._troubled_at = 0.0
        self._must_publish = False
        self._readers = ThreadPoolExecutor(2, "fleet-reader")
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def identities(self) -> Identities | None:
        """Who answers claims and renewals; without them nobody does, and all enrolled devices are heard."""
        return self._answering.identities

    @identities.setter
    def identities(self, identities: Identities | None) -> None:
        self._answering.identities = identities

    @property
    def erasures(self) -> Erasures | None:
        """Who erases what devices want erased; without it, nobody is answered."""
        return self._answering.erasures

    @erasures.setter
    def erasures(self, erasures: Erasures | None) -> None:
        self._answering.erasures = erasures

    # Running

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Store what arrives and tell what changes, for the length of an ``async with`` block.

        Raises:
            StorageError: the database refuses.
        """
        devices = await self.read(lambda registry, _: registry.devices())
        self.hearing.enrolled = {device.id for device in devices}
        self._presence.load(devices)
        self._team.watch(self._distributed, self._told)
        try:
            async with asyncio.TaskGroup() as group:  # if one of them fails, so does the block
                work = (self._store_all(), self._publisher.run(), self._prune_all(), self.traffic_keeper.run())
                loops = [group.create_task(loop) for loop in work]
                try:
                    yield
                finally:
                    self._answering.forget()
                    for task in [*loops, *self._tasks]:
                        task.cancel()
        finally:
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self.traffic_keeper.store()
            self.feed.close()
            self._writer.shutdown()
            self._readers.shutdown()

    def will(self) -> None:
        """None: devices need not know whether their fleet is there."""

    def on_connected(self) -> None:
        """The broker is there (again) and may have forgotten everything: tell every device what it should have."""
        self._publisher.begin_anew(remembers=self._was_connected)
        self.connected_at, self._was_connected = time.time(), True
        self._presence.begin_anew()
        self.feed.announce({"type": "broker", "connected": True})
        self._must_publish = True
        self._team.set_hearing(hears=True)
        self._lead()
        self._start(self._find_lost(self.connected_at))

    def on_disconnected(self, reason: str) -> None:
        """The broker is away; devices go on with what they have."""
        del reason  # the transport has logged it
        self.connected_at = None
        self._answering.forget()
        self._team.set_hearing(hears=False)
        self.on_broker_away()
        self.feed.announce({"type": "broker", "connected": False})

    async def change(self, work: Callable[[Registry], T], devices: Iterable[str] = ()) -> T:
        """Change the registry in the writer's thread, then tell ``devices`` what they should have now.

        Within a request, the change and the request's entry in the audit log are one transaction.

        Raises:
            FleetError: what ``work`` raises, or the database refuses; then nothing changed.
        """

        audited = await pending_addition()

        def in_transaction() -> tuple[T, list[Desired], list[Device] | None]:
            with self._database.transaction() as connection:
                registry, now = Registry(connection), time.time()
                result = work(registry)
                named = list(dict.fromkeys(devices))
                tell_changed(self._team, connection, named)
                changed = (
                    result,
                    registry.desired.of(self.fleet, named, now),
                    [registry.device(device) for device in named] if len(named) <= _MOST_SHOWN else None,
                )
                audited.write(connection)
                return changed

        result, desired, changed = await self._in(self._writer, partial(retry, in_transaction))
        audited.stored()
        for document in desired:
            self.hearing.let_in(document.device)
        self.announcer.show(changed)
        self._publisher.put_all(desired)
        return result

    async def read(self, work: Callable[[Registry, TelemetryStore], T]) -> T:
        """Read from the database in a reader's thread.

        Raises:
            FleetError: what ``work`` raises, or the database refuses.
        """

        def in_transaction() -> T:
            with self._database.transaction() as connection:
                return work(Registry(connection), TelemetryStore(connection))

        return await self._in(self._readers, in_transaction)

    @property
    def strangers(self) -> Strangers:
        """Devices that speak and are not enrolled."""
        return self.hearing.strangers

    @property
    def trouble(self) -> str:
        """See :attr:`Announcer.trouble`."""
        return self.announcer.trouble

    async def _devices(self, chosen: Sequence[str]) -> list[Device]:
        return await self.read(lambda registry, _: [registry.device(device) for device in chosen])

    def is_online(self, device: str) -> bool:
        """Whether a device was last heard to be there, stored or not."""
        return self._presence.is_online(device)

    def publish_again(self) -> None:
        """Tell every device what it should have: all documents have changed."""
        self._publisher.begin_anew(remembers=False)
        self._must_publish = True
        self._lead()

    async def add_content(self, data: bytes) -> str:
        """Store a package file and return its SHA-256."""
        return await self._in(self._readers, lambda: self._content.add(data))

    # Hearing

    def on_message(self, name: str, payload: bytes, retained: bool) -> None:
        """One message from the broker; ``retained`` when it was said some time before we subscribed."""
        self.hearing.on_message(name, payload, retained)

    # Storing

    async def _store_all(self) -> None:
        while True:
            work = await self._inbox.take()
            if self._inbox.has_room:
                self._flow.go_on()
            work.keep_only(self._team.owns)
            try:
                stored = await self._in(self._writer, partial(self._store, work, time.time(), self.feed.is_watched))
            except FencedError:
                self._inbox.put_back(work)
                await self._team.look()
                continue
            except StorageError as error:
                self.announcer.report_trouble(str(error))
                self._troubled_at = time.monotonic()
                if not error.passing:  # the portion itself may be at fault, and must not come back for ever
                    self.counters.dropped += len(work.batches)
                    work.batches = []
                self._inbox.put_back(work)
                await asyncio.sleep(_RETRY_STORAGE)
                continue
            self.announcer.report_trouble("")
            if time.monotonic() - self._troubled_at > KEPT_SECONDS:
                self._presence.forget_old()
            await self._follow_up(stored)

    def _store(self, work: Work, now: float, shows: bool) -> Stored:
        return store_work(self._database, self.fleet, work, now, self._series, self._team, shows=shows)

    async def _follow_up(self, stored: Stored) -> None:
        self.counters.records += stored.telemetry.count
        self.counters.repeated += stored.telemetry.repeated
        for device, error in stored.malformed:
            self.hearing.note_malformed(device, error)
        await asyncio.gather(
            *(
                # A receipt that is lost on its way costs a repetition. Acknowledging each would cost more.
                self._tell(device, "response", encode(receipt), qos=0, retain=False)
                for device, receipt in stored.receipts
            )
        )
        if stored.telemetry.new:
            self.feed.announce({"type": "telemetry", **telemetry_documents(stored.telemetry)})
        self.announcer.show(stored.changed)
        self._publisher.put_answers(stored.desired, stored.held)

    async def _prune_all(self) -> None:
        """Delete what is old, a little at a time, so that what arrives never waits for it long."""
        while True:
            more = False
            if self._team.leads:
                try:
                    more = await self._in(self._writer, partial(self._prune, time.time()))
                except StorageError as error:
                    self.announcer.report_trouble(str(error))
            await asyncio.sleep(_PRUNE_PAUSE if more else _PRUNE_EVERY)

    async def _find_lost(self, connected_at: float) -> None:
        """What the database calls online, but nobody has heard since the broker came back, is lost."""
        await asyncio.sleep(self._lost_after)
        if self.connected_at != connected_at:
            return
        if not self._team.leads:
            return
        heard = frozenset(self._presence.heard)

        def record(registry: Registry) -> list[str]:
            self._team.fence(registry.connection)
            return registry.record_lost(heard)

        lost = await self.change(record)
        self._presence.note_lost(lost)
        if lost:
            self.feed.announce({"type": "refresh"})

    # With others

    def _distributed(self, someone_is_gone: bool) -> None:
        """Devices were distributed anew."""
        self._presence.take_over()
        if someone_is_gone:
            self.hearing.read_anew()
        # Who is gone may have changed what a device should have, and not have told it.
        self._must_publish |= someone_is_gone
        self._lead()

    def _lead(self) -> None:
        """Publish everything, if that is due and this process's to do."""
        if self._must_publish and self._team.leads and self.connected_at is not None:
            self._must_publish = False
            self._start(self._publisher.publish_everything())

    def _told(self, document: Mapping[str, Any] | None) -> None:
        """Another process has changed something; with None, some of it may have been missed."""
        if document is not None and document.get("publish"):
            self._must_publish = True
            self._lead()
        changed = document.get("changed") if document is not None else None
        if document is None or changed is None:
            self._start(self._load_enrolled())
            return
        for device in changed:
            self.hearing.let_in(device)
        self.announcer.show_soon(changed)
        if (telemetry := document.get("telemetry")) is not None:
            self.feed.announce({"type": "telemetry", "records": telemetry["records"], "counts": telemetry["counts"]})

    async def _load_enrolled(self) -> None:
        self.hearing.enrolled = await self.read(lambda registry, _: registry.device_ids())
        self.hearing.read_anew()
        self.feed.announce({"type": "refresh"})

    # Telling

    async def _tell(
        self, device: str, channel: Channel, payload: bytes, *, qos: int, retain: bool, content: bool = False
    ) -> bool:
        """Send, or let it be: what is lost is asked for again, and everything is published again at a connect. Whether
        the broker has it."""
        name = topic(self.fleet, device, channel)
        try:
            await self._send(name, payload, qos=qos, retain=retain)
            if device in self.hearing.enrolled:
                self._traffic.received(device, "content" if content else channel, len(name) + len(payload))
        except TransportError as error:
            self.counters.unsent += 1
            log.debug("a message for %s was not sent: %s", device, error)
            return False
        return True

    async def _in(self, executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, work)

    async def _in_reader(self, work: Callable[[], T]) -> T:
        return await self._in(self._readers, work)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error(
                "a task of the fleet service failed: %s",
                error,
                exc_info=None if isinstance(error, CygnetError) else error,
            )
