"""One of many that give content to the devices of a fleet: ``cygnet fleet content-worker``.

It needs the directory of content, the list of enrolled devices and the broker; no keys. Where the broker has shared
subscriptions (MQTT 5, and brokers that offer them on 3.1.1), each request reaches one worker, whichever they are.
Where it has not, each hears every request and answers those of its part of the devices, by a hash of their ids.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from device_runtime.sync.messages import (
    ContentRequest,
    ProtocolError,
    decode_request,
    encode,
    parse_topic,
    topic,
)
from device_runtime.sync.transport import MqttTransport, TransportError
from firmware_tools.fleet.connections import make_transport
from firmware_tools.fleet.content_answers import ContentAnswers
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError, StorageError
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.identity.authority import service_files
from firmware_tools.fleet.identity.brokers.rights import probe_of
from firmware_tools.fleet.listening import Part, Probe, hear_at_last
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.request_queue import RequestQueue
from firmware_tools.fleet.share_groups import share_group
from firmware_tools.fleet.traffic.counting import Traffic
from firmware_tools.fleet.traffic.keeping import TrafficKeeper

log = logging.getLogger(__name__)

GROUP = "cygnet-content"
_LOOK_AGAIN = 2.0


class Enrolled:
    """Which devices are enrolled, as the database had it a moment ago."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._devices: frozenset[str] = frozenset()
        self._looked = -_LOOK_AGAIN
        self._lock = asyncio.Lock()

    async def has(self, device: str) -> bool:
        """Whether a device is enrolled; strangers make the database be read every two seconds at most.

        Raises:
            StorageError: the database refuses.
        """
        if device in self._devices:
            return True
        async with self._lock:
            if time.monotonic() - self._looked >= _LOOK_AGAIN:
                self._devices = await asyncio.to_thread(self._read)
                self._looked = time.monotonic()
        return device in self._devices

    def _read(self) -> frozenset[str]:
        with self._database.transaction() as connection:
            return frozenset(device.id for device in Registry(connection).devices())


class ContentWorker:
    """Listens to a :class:`MqttTransport` and answers requests for content.

    ``mode`` is how it hears them: ``shared``, ``part``, or empty as long as it does not.
    """

    def __init__(
        self,
        fleet: str,
        transport: MqttTransport,
        answers: ContentAnswers,
        enrolled: Enrolled,
        part: Part,
        *,
        group: str = GROUP,
        probe: str = "",
        traffic: Traffic | None = None,
    ) -> None:
        """``group`` names the shared subscription; ``probe`` is the device id for messages to oneself, drawn without
        one; ``traffic`` counts the bytes that leave."""
        self._fleet, self._transport, self._answers, self._enrolled = fleet, transport, answers, enrolled
        self._part, self._group = part, group
        self._probe = Probe(fleet, transport, probe)
        self._traffic = traffic or Traffic()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Task[None] | None = None
        self.mode = ""
        self.answered = 0
        """How many requests."""
        self.dropped = 0
        """How many were too many."""
        self._queue: RequestQueue[ContentRequest] = RequestQueue(self._answer, self._start, self._drop)

    def will(self) -> None:
        """None: who asks and gets no answer asks again."""

    def on_connected(self) -> None:
        """Hear requests, shared where that can be."""
        self._end_listening()
        self._listening = self._start(self._listen())

    def on_disconnected(self, reason: str) -> None:
        """Others answer meanwhile."""
        del reason  # the transport has logged it
        self._end_listening()
        self._queue.forget()
        self.mode = ""

    def on_message(self, name: str, payload: bytes, retained: bool) -> None:
        """A request, or the message to oneself."""
        try:
            fleet, device, channel = parse_topic(name)
            if fleet != self._fleet or retained:
                return
            if self._probe.hear(name):
                return
            if channel == "request":
                request = decode_request(payload)
                if isinstance(request, ContentRequest) and (self.mode == "shared" or self._part.has(device)):
                    self._queue.put(device, request)
        except ProtocolError as error:
            log.debug("a message is dropped: %s", error)

    async def stop(self) -> None:
        """End what is under way."""
        self._queue.forget()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self) -> None:
        requests = topic(self._fleet, "+", "request")
        if await self._probe.shares():
            await hear_at_last(self._transport, f"$share/{self._group}/{requests}", 0)
            self.mode = "shared"
            log.info("requests for content are shared among all workers of fleet %s", self._fleet)
        else:
            self.mode = "part"
            await hear_at_last(self._transport, requests, 0)
            log.info(
                "the broker has no shared subscriptions: this worker is number %d of %d, and answers its part of "
                "the devices", self._part.number, self._part.parts,
            )  # fmt: skip

    def _drop(self) -> None:
        self.dropped += 1

    async def _answer(self, device: str, request: ContentRequest) -> None:
        try:
            if await self._enrolled.has(device):
                answer = await self._answers.answer(request)
                name, payload = topic(self._fleet, device, "response"), encode(answer)
                await self._transport.publish(name, payload, qos=0)
                self._traffic.received(device, "content", len(name) + len(payload))
                self.answered += 1
        except (TransportError, StorageError) as error:
            log.warning("%s is not answered, and asks again: %s", device, error)

    def _end_listening(self) -> None:
        if self._listening is not None:
            self._listening.cancel()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task of the content worker failed", exc_info=error)


@asynccontextmanager
async def run_content_worker(home: FleetHome, number: int) -> AsyncIterator[ContentWorker]:
    """Run the worker of this number for the length of an ``async with`` block. A broker that is away is waited for.

    Raises:
        FleetError: the home or its database cannot be used, or it has no workers, or fewer.
        TransportError: the broker's settings are wrong.
    """
    settings = home.settings()
    if not 1 <= number <= settings.content_workers:
        raise FleetError(
            f"{home.settings_file} wants {settings.content_workers} content workers, and this is to be number "
            f"{number}: set workers in [content] and restart `cygnet fleet serve`, which then leaves content to them"
        )
    database = Database(settings.database or f"sqlite:///{home.database_file.absolute()}")
    answers = ContentAnswers(home.content, settings.forms_bytes)
    keeper = TrafficKeeper(database, asyncio.to_thread)
    # Any number of workers may run, so no two have one name: they would throw each other out.
    name = f"content-{number}"
    tls = service_files(home.directory, settings.broker, name)
    try:
        transport = make_transport(settings, f"cygnet-fleet-{settings.fleet}-content-{secrets.token_hex(4)}", tls)
        with database.transaction() as connection:
            group = share_group(connection, GROUP)
        worker = ContentWorker(
            settings.fleet,
            transport,
            answers,
            Enrolled(database),
            Part(number, settings.content_workers),
            group=group,
            probe=probe_of(name) if tls is not None else "",
            traffic=keeper.traffic,
        )
        async with answers.running():
            transport.start(worker)
            keeping = asyncio.create_task(keeper.run())
            try:
                yield worker
            finally:
                await transport.stop()
                await worker.stop()
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)
                await keeper.store()
    finally:
        database.close()
