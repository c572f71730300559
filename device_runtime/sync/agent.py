"""Keeps one device in step with its fleet: hears what is desired, says what is, sends telemetry until it is stored.

That the broker is away is the normal case: everything that must not be lost is on the disk, nothing waits for the
network but the task whose subject it is.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device_runtime.errors import CygnetError
from device_runtime.keys import KeyRing
from device_runtime.sync.content import ContentPuller
from device_runtime.sync.erasing import Erasing
from device_runtime.sync.fields import one_line
from device_runtime.sync.gate import Gate
from device_runtime.sync.link import MessageRefusedError, Publication
from device_runtime.sync.memory import SyncMemory
from device_runtime.sync.messages import (
    MAX_ERROR,
    MAX_TEXT,
    Channel,
    ContentBlock,
    ContentPlan,
    ContentRequest,
    Desired,
    DesiredRequest,
    EraseAnswer,
    EraseRequest,
    IdentityAnswer,
    MetadataBlock,
    MetadataRequest,
    RenewRequest,
    Reported,
    SettingReport,
    State,
    TelemetryReceipt,
    check_identifier,
    decode_response,
    encode,
    topic,
)
from device_runtime.sync.models import ModelInstaller
from device_runtime.sync.pace import Pace
from device_runtime.sync.reconciler import Installer, Reconciler
from device_runtime.sync.renewal import Renewal
from device_runtime.sync.reporting import Reporting
from device_runtime.sync.screen_messages import SignedScreenOrder
from device_runtime.sync.share_messages import Peers, Share, ShareReceipt, SharingRequest
from device_runtime.sync.sharing import Sharing, SharingError
from device_runtime.sync.staging import Updating
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.telemetry_sender import TelemetrySender
from device_runtime.sync.transport import MqttTransport, TlsFiles, TransportError
from device_runtime.sync.viewing import Viewing
from device_runtime.update.records import UpdateRecords
from device_runtime.values import Value

log = logging.getLogger(__name__)

_WAITING_DOCUMENTS = 16
_GOODBYE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Which device this is: ids of fleet and device, and the names of its board and runtime for the operator."""

    fleet: str
    device: str
    board: str
    runtime: str


class SyncAgent:
    """One device's end of the conversation. ``start`` it on the event loop; ``stop`` it at the end."""

    def __init__(
        self,
        identity: Identity,
        trusted: KeyRing,
        folder: Path,
        transport: MqttTransport,
        installer: Installer,
        telemetry: TelemetryQueue,
        *,
        models: ModelInstaller | None = None,
        updating: Updating | None = None,
        on_settings: Callable[[Mapping[str, Value]], None] | None = None,
        settings_reports: Callable[[], Mapping[str, SettingReport]] | None = None,
        gate: Gate | None = None,
        renewal: Renewal | None = None,
        pace: Pace | None = None,
        content_options: Mapping[str, Any] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            identity: which device this is.
            trusted: keys that may sign what is desired.
            folder: for what is remembered and downloaded; made when missing.
            transport: not started yet; the agent starts and stops it.
            installer: the device's programs.
            telemetry: the queue whose records are sent; it stays the caller's to close.
            models: the device's models from the fleet; without it, it takes none.
            updating: how it stages, waits, tries and goes back; without it, what is verified is installed at once.
            on_settings: hears the desired settings at the start and when they change.
            settings_reports: what came of each; without it, the device says that it follows none.
            gate: must agree to what is installed; without it, what ``trusted`` keys sign is installed.
            renewal: keeps the certificate with which the transport connects good; without it, it is as it is.
            pace: how often things happen.
            content_options: passed on to :class:`ContentPuller`.
            clock: Unix time in seconds.

        Raises:
            ProtocolError: an id cannot be a topic level.
            CygnetError: the folder cannot be written.
        """
        check_identifier("fleet", identity.fleet)
        check_identifier("device", identity.device)
        self._identity, self._transport, self._telemetry = identity, transport, telemetry
        self._on_settings, self._settings_reports, self._pace = on_settings, settings_reports, pace or Pace()
        self._gate, self._renewal = gate, renewal
        self._memory = SyncMemory(
            folder,
            trusted,
            identity.fleet,
            identity.device,
            gate.now if gate is not None else clock,
            gate.known_keys if gate is not None else None,
        )
        self.sharing = Sharing(self._ask_to_share)
        """Pages for other devices of the fleet, and theirs for this one."""
        self.erasing = Erasing(identity.fleet, identity.device, trusted, self._ask_to_erase, transport.online)
        """What the fleet is to erase."""
        self.viewing = Viewing(
            identity.fleet,
            identity.device,
            trusted,
            gate.now if gate is not None else clock,
            self._send_screen,
            lambda reason: self._refuse("screen_refused", reason),
            self._keep,
        )
        """Operators who want to look at the screen."""
        self._puller = ContentPuller(folder / "content", self, **(content_options or {}))
        self._puller.tell_setbacks(
            lambda sha256, encoding, error: telemetry.record(
                "sync", "content_setback", {"sha256": sha256, "encoding": encoding, "error": error}
            )
        )
        self._reporting = Reporting(
            self._pace,
            self._reported,
            transport.online,
            lambda payload: self._send("reported", payload, retain=True),
            lambda reason: self._refuse("report_impossible", reason),
        )
        self._reconciler = Reconciler(
            self._memory,
            self._puller,
            installer,
            telemetry,
            self._pace.retry,
            self._reporting.look,
            UpdateRecords(folder / "updates.json"),
            lambda: transport.connected,
            models,
            updating,
            gate,
        )
        self._documents: asyncio.Queue[tuple[bytes, bool]] = asyncio.Queue(_WAITING_DOCUMENTS)
        self._session = 0
        self._greet_again = asyncio.Event()
        self._sender = TelemetrySender(
            telemetry,
            self._pace,
            self._topic("telemetry"),
            transport.online,
            lambda payload: self._send("telemetry", payload),
        )
        self._settings: Mapping[str, Value] | None = None
        self._refused: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._conversation: asyncio.Task[None] | None = None

    @property
    def desired(self) -> Desired | None:
        """The document that the device follows; None before the first."""
        return self._memory.desired

    def start(self) -> None:
        """Begin; returns at once, whether there is a broker or not."""
        for channel in ("desired", "response"):
            self._transport.subscribe(self._topic(channel))
        self._telemetry.on_record = self._sender.notice_record
        self._pass_settings_on()
        if self._gate is not None:
            self._gate.use(self)
            self._gate.on_new_signers = lambda: self._keep(self._hear_new_signers())
        if self._renewal is not None:
            self._renewal.use(self)
        self._tasks = [
            self._begin(self._reconciler.run(), "reconcile"),
            self._begin(self._accept_documents(), "desired"),
            self._begin(self._reporting.run(), "report"),
            self._begin(self._sender.run(), "telemetry"),
            *([self._begin(self._gate.run(), "trust")] if self._gate is not None else []),
            *([self._begin(self._renewal.run(), "renewal")] if self._renewal is not None else []),
        ]
        self._transport.start(self)

    async def stop(self, *, goodbye: bool = True) -> None:
        """Say goodbye and end; downloads and telemetry go on at the next start. Without a goodbye the broker publishes
        the will, as after a power cut."""
        self._telemetry.on_record = None
        if self._conversation is not None:
            self._tasks.append(self._conversation)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks, self._conversation = [], None
        if self._transport.connected and goodbye:
            try:
                await self._send("state", encode(State("offline", self._session)), retain=True, wait=_GOODBYE_SECONDS)
            except TransportError as error:
                log.info("no goodbye: %s", error)
        await self._transport.stop(goodbye=goodbye)

    def refresh(self) -> None:
        """Something started or ended on the device: report now, without waiting until it is noticed."""
        self._reporting.look()

    # What the transport tells

    def will(self) -> Publication:
        """``lost``, with the number of the session that is about to begin."""
        self._session = self._memory.next_session()
        return Publication(self._topic("state"), encode(State("lost", self._session)), qos=1, retain=True)

    def on_connected(self) -> None:
        """Greet the fleet, and report anew: the broker may have forgotten everything."""
        if self._renewal is not None:
            self._renewal.on_connected(self._transport.shown)
        self._conversation = self._begin(self._converse(), "conversation")
        self._reporting.repeat()

    def on_disconnected(self, reason: str) -> None:
        """Stop waiting for what cannot come any more."""
        log.debug("session %d ended: %s", self._session, reason)
        if self._conversation is not None:
            self._conversation.cancel()
            self._conversation = None
        self._puller.on_disconnected()
        self.viewing.on_disconnected()
        if self._gate is not None:
            self._gate.on_disconnected()
        self._sender.on_disconnected()

    def on_message(self, name: str, payload: bytes, retained: bool) -> None:
        """A desired document, a block of content or a receipt; anything else is refused."""
        if name == self._topic("desired"):
            log.debug("a desired document came%s", " from the broker's memory" if retained else "")
            if self._documents.full():
                self._refuse(
                    "desired_dropped", "desired documents come faster than they can be checked: one is dropped"
                )
            elif payload:
                self._documents.put_nowait((payload, retained))
        elif name == self._topic("response"):
            self._hear_response(payload)

    def _hear_response(self, payload: bytes) -> None:
        try:
            response = decode_response(payload)
        except CygnetError as error:
            self._refuse("response_refused", str(error))
            return
        match response:
            case ContentBlock():
                self._puller.on_block(response)
            case MetadataBlock():
                if self._gate is not None:
                    self._gate.on_block(response)
            case ContentPlan():
                self._puller.on_plan(response)
            case TelemetryReceipt():
                self._sender.on_receipt(response)
            case Peers() | Share() | ShareReceipt():
                self.sharing.hear(response)
            case EraseAnswer():
                self.erasing.hear(response)
            case IdentityAnswer():
                if self._renewal is not None:
                    self._renewal.on_answer(response)
            case SignedScreenOrder():
                self.viewing.hear(response)

    # What the content puller needs

    async def online(self) -> None:
        """Wait until there is a connection."""
        await self._transport.online()

    async def ask(self, request: ContentRequest) -> None:
        """Send a request for content. Raises :class:`TransportError`."""
        await self._send("request", encode(request), qos=0)

    async def ask_metadata(self, request: MetadataRequest) -> None:
        """Send a request for metadata. Raises :class:`TransportError`."""
        await self._send("request", encode(request), qos=0)

    async def ask_renewal(self, request: RenewRequest) -> None:
        """Send a request for a newer certificate. Raises :class:`TransportError`."""
        await self._send("request", encode(request))

    def connect_with(self, files: TlsFiles) -> None:
        """Connect anew with another certificate. Raises :class:`TransportError`."""
        self._transport.use_tls(files)

    async def _ask_to_share(self, request: SharingRequest) -> None:
        if not self._transport.connected:
            raise SharingError("the device is not connected to its fleet now")
        await self._send("request", encode(request))

    async def _ask_to_erase(self, request: EraseRequest) -> None:
        await self._send("request", encode(request))

    async def _send_screen(self, payload: bytes) -> None:
        await self._send("screen", payload, qos=0)

    # Tasks

    async def _converse(self) -> None:
        """While one connection stands: say that we are there and ask what is desired, again now and then.

        Also when the first document came: a fleet that has only just let us in did not listen before.
        """
        while True:
            self._greet_again.clear()
            await self._send_until_sent("state", encode(State("online", self._session)), retain=True)
            request = DesiredRequest(secrets.token_hex(8), self._memory.held_version)
            await self._send_until_sent("request", encode(request))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pace.ask):
                    await self._greet_again.wait()

    async def _accept_documents(self) -> None:
        while True:
            payload, retained = await self._documents.get()
            first = self._memory.desired is None
            try:
                changed = await asyncio.to_thread(self._memory.accept, payload)
            except CygnetError as error:
                self._refuse("desired_refused", str(error))
                if self._gate is not None:
                    self._gate.on_refused()
                continue
            if self._gate is not None and self._memory.desired is not None:
                await self._gate.on_desired(self._memory.desired, self._memory.issued)
            if changed and self._memory.desired is not None:
                log.info("desired version %d is accepted", self._memory.desired.version)
                self._refused.clear()
                self._pass_settings_on()
                self._reconciler.wake()
                self._reporting.look()
                if first:
                    self._greet_again.set()
            elif not retained:
                # The fleet says again what it said: it may be back, at a broker that kept no report for it.
                self._reporting.repeat()

    async def _hear_new_signers(self) -> None:
        """Other keys sign what is desired: ask for it, as these keys sign it."""
        await asyncio.to_thread(self._memory.forget_versions)
        self._refused.clear()
        self._greet_again.set()

    def _pass_settings_on(self) -> None:
        desired = self._memory.desired
        if desired is not None and desired.settings != self._settings and self._on_settings is not None:
            self._settings = desired.settings
            self._on_settings(desired.settings)

    def _reported(self) -> Reported:
        desired = self._memory.desired
        return Reported(
            session=self._session,
            desired_version=desired.version if desired else 0,
            board=one_line(self._identity.board, MAX_TEXT),
            runtime=one_line(self._identity.runtime, MAX_TEXT),
            programs=self._reconciler.reports(),
            models=self._reconciler.model_reports(),
            settings=self._settings_reports() if self._settings_reports is not None else None,
        )

    # Helpers

    def _refuse(self, name: str, reason: str) -> None:
        """Tell of a refusal once: a broker that repeats itself must not fill the log and the telemetry."""
        if reason not in self._refused and len(self._refused) < 100:
            self._refused.add(reason)
            log.warning("%s", reason)
            self._telemetry.record("sync", name, {"reason": one_line(reason, MAX_ERROR)})

    def _topic(self, channel: Channel) -> str:
        return topic(self._identity.fleet, self._identity.device, channel)

    async def _send(
        self, channel: Channel, payload: bytes, *, qos: int = 1, retain: bool = False, wait: float = 10.0
    ) -> None:
        try:
            await self._transport.publish(self._topic(channel), payload, qos=qos, retain=retain, timeout=wait)
        except MessageRefusedError as error:
            self._refuse("message_refused", str(error))
            raise

    async def _send_until_sent(self, channel: Channel, payload: bytes, *, retain: bool = False) -> None:
        attempt = 0
        while True:
            try:
                return await self._send(channel, payload, retain=retain)
            except TransportError as error:
                log.debug("sent again: %s", error)
                await asyncio.sleep(self._pace.resend.draw(attempt))
                attempt += 1

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin something that ends by itself, and let it be cancelled with the others."""
        task = self._begin(work, "work")
        self._tasks.append(task)
        task.add_done_callback(lambda done: self._tasks.remove(done) if done in self._tasks else None)

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=f"sync-{name}")
        task.add_done_callback(_log_fault)
        return task


def _log_fault(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s ended by a fault", task.get_name(), exc_info=error)
