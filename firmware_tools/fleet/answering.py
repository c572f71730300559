"""What devices ask for, answered: content, signed metadata, shared pages, certificates; so many at once at most."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol

from device_runtime.sync.identity_messages import ClaimRequest, IdentityAnswer, RenewRequest
from device_runtime.sync.messages import (
    Channel,
    ContentBlock,
    ContentRequest,
    DesiredRequest,
    DeviceRequest,
    EraseAnswer,
    EraseRequest,
    MetadataBlock,
    MetadataRequest,
    State,
    encode,
)
from device_runtime.sync.reissue_messages import CertificateAnswer, ReissueRequest
from device_runtime.sync.share_messages import PeersRequest, ShareRequest, SharingRequest
from firmware_tools.fleet.content_answers import ContentAnswers
from firmware_tools.fleet.counters import Counters
from firmware_tools.fleet.metadata import MetadataFiles, metadata_block
from firmware_tools.fleet.records import Device
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.request_queue import RequestQueue
from firmware_tools.fleet.sharing import ShareDesk
from firmware_tools.fleet.telemetry import TelemetryStore


class Identities(Protocol):
    """Who answers claims and renewals, and knows whom not to hear."""

    def hears(self, device: str) -> bool:
        """Whether this is no device, but a provisioning certificate that may claim."""

    def bars(self, device: str) -> bool:
        """Whether this device's certificates are revoked."""

    async def answer(self, device: str, request: ClaimRequest | RenewRequest) -> IdentityAnswer:
        """The answer to a claim or a renewal."""

    async def reissue(self, device: str, request: ReissueRequest) -> CertificateAnswer:
        """The answer to who renews for the key that it has."""


class Erasures(Protocol):
    """Who erases what devices want erased."""

    async def answer(self, device: str, request: EraseRequest) -> EraseAnswer:
        """The answer, once it is erased."""


class Teller(Protocol):
    """Sends a message to a device, or lets it be; whether the broker has it."""

    async def __call__(
        self, device: str, channel: Channel, payload: bytes, *, qos: int, retain: bool, content: bool = False
    ) -> bool: ...


class Reading(Protocol):
    """Reads from the database beside the event loop."""

    async def __call__(self, work: Callable[[Registry, TelemetryStore], list[Device]]) -> list[Device]: ...


class Answering:
    """Answers requests, many at the same time."""

    def __init__(
        self,
        tell: Teller,
        read: Reading,
        in_reader: Callable[[Callable[[], MetadataBlock]], Awaitable[MetadataBlock]],
        start: Callable[[Coroutine[Any, Any, None]], None],
        counters: Counters,
        states: Mapping[str, State],
        content: ContentAnswers | None,
        metadata: MetadataFiles | None,
    ) -> None:
        """
        Args:
            tell: sends an answer.
            read: reads from the database.
            in_reader: does what waits for a disk.
            start: begins a task.
            counters: count what is answered, and what is dropped since too much is asked at once.
            states: of all devices, as they were heard last.
            content: who answers requests for content; without it, others on the same broker do.
            metadata: gives files of signed metadata.
        """
        self._tell, self._read, self._in_reader = tell, read, in_reader
        self._counters, self._states, self._content, self._metadata = counters, states, content, metadata
        self._shares = ShareDesk()
        self._queue: RequestQueue[DeviceRequest] = RequestQueue(self._answer, start, self._drop)
        self.identities: Identities | None = None
        """Without them, claims and renewals are not answered."""
        self.erasures: Erasures | None = None
        """Without them, nothing is erased for devices."""

    def hear(self, device: str, request: DeviceRequest) -> None:
        """Answer a request, unless there are too many."""
        if isinstance(request, ContentRequest) and self._content is None:
            return  # a content worker's
        # Who claims an identity has no topics yet: all do it over those of a provisioning certificate.
        of = f"{device} {request.verifier.hex()}" if isinstance(request, ClaimRequest) else device
        self._queue.put(device, request, of)

    def forget(self) -> None:
        """Answer nothing of what waits: who asked asks again."""
        self._queue.forget()

    def _drop(self) -> None:
        self._counters.dropped += 1

    async def _answer(self, device: str, request: DeviceRequest) -> None:
        match request:
            case PeersRequest() | ShareRequest():
                await self._pass_on(device, request)
            case MetadataRequest():
                block = await self._in_reader(lambda: metadata_block(self._metadata, request))
                await self._tell(device, "response", encode(block), qos=0, retain=False)
            case ClaimRequest() | RenewRequest():
                await self._answer_identity(device, request)
            case ReissueRequest():
                if self.identities is not None:
                    answer = await self.identities.reissue(device, request)
                    await self._tell(device, "response", encode(answer), qos=1, retain=False)
            case EraseRequest():
                if self.erasures is not None:
                    erased = await self.erasures.answer(device, request)
                    await self._tell(device, "response", encode(erased), qos=1, retain=False)
            case ContentRequest():
                await self._answer_content(device, request)
            case DesiredRequest():
                pass  # whoever publishes hears of it otherwise

    async def _pass_on(self, device: str, request: SharingRequest) -> None:
        devices = await self._read(lambda registry, _: registry.devices())
        for to, response in self._shares.answer(device, request, devices, self._states):
            await self._tell(to, "response", encode(response), qos=1, retain=False)

    async def _answer_content(self, device: str, request: ContentRequest) -> None:
        if self._content is None:
            return
        answer = await self._content.answer(request)
        self._counters.refused += isinstance(answer, ContentBlock) and bool(answer.error)
        self._counters.blocks += isinstance(answer, ContentBlock) and not answer.error
        await self._tell(device, "response", encode(answer), qos=0, retain=False, content=True)

    async def _answer_identity(self, device: str, request: ClaimRequest | RenewRequest) -> None:
        # A claim over a device's own topics is none: who claims has no id yet.
        if self.identities is not None and self.identities.hears(device) == isinstance(request, ClaimRequest):
            answer = await self.identities.answer(device, request)
            await self._tell(device, "response", encode(answer), qos=1, retain=False)
