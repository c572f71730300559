"""The other end of the wire for tests: a small fleet that answers one device, and can misbehave on purpose."""

import asyncio
import dataclasses
import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import key_ring
from device_runtime.sync.link import Publication, TransportError
from device_runtime.sync.messages import (
    Channel,
    ClaimRequest,
    ContentBlock,
    ContentRequest,
    Desired,
    DesiredRequest,
    MetadataRequest,
    ModelTarget,
    ProgramTarget,
    RenewRequest,
    Reported,
    State,
    TelemetryReceipt,
    TelemetryRecord,
    decode_reported,
    decode_request,
    decode_state,
    decode_telemetry,
    encode,
    parse_topic,
    sign_desired,
    topic,
)
from device_runtime.sync.share_messages import PeersRequest, ShareRequest, SharingRequest, SharingResponse
from device_runtime.sync.transport import Backoff, MqttTransport

KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
TRUSTED = key_ring([KEY.public_key()])
FLEET, DEVICE = "shop", "kiosk-1"


def target_of(data: bytes, code: int = 1, launch: bool = False) -> ProgramTarget:
    """What a desired document says of a package with this content."""
    return ProgramTarget(code, f"{code}.0", hashlib.sha256(data).hexdigest(), len(data), launch)


def model_of(data: bytes, code: int = 1) -> ModelTarget:
    """What a desired document says of a model's package with this content."""
    return ModelTarget(code, f"{code}.0", hashlib.sha256(data).hexdigest(), len(data))


class FleetEnd:
    """Remembers what the device said. ``alter`` may change a block or, by giving None, lose it."""

    def __init__(self, url: str) -> None:
        self.transport = MqttTransport(url, "fleet-end", backoff=Backoff(0.01, 0.05))
        channels: tuple[Channel, ...] = ("reported", "state", "telemetry", "request")
        for channel in channels:
            self.transport.subscribe(topic(FLEET, "+", channel))
        self.content: dict[str, bytes] = {}
        self.alter: Callable[[ContentBlock], ContentBlock | None] = lambda block: block
        self.deaf_to_telemetry = False
        self.payload = b""
        self.version = 0
        self.reported: list[Reported] = []
        self.states: list[State] = []
        self.requests: list[ContentRequest] = []
        self.asked_for_desired = 0
        self.shares: list[SharingRequest] = []
        self.share_answers: Callable[[SharingRequest], list[SharingResponse]] = lambda _request: []
        self.records: dict[tuple[str, str, int], TelemetryRecord] = {}
        self.deliveries: Counter[tuple[str, str, int]] = Counter()
        self._sending: set[asyncio.Task[None]] = set()

    # What tests say

    def add(self, data: bytes) -> bytes:
        """Make content available."""
        self.content[hashlib.sha256(data).hexdigest()] = data
        return data

    async def desire(self, programs: dict[str, ProgramTarget], **changes: Any) -> Desired:
        """Sign and publish the next version of what the device should have."""
        self.version += 1
        desired = Desired(FLEET, DEVICE, self.version, int(time.time()), programs)
        desired = dataclasses.replace(desired, **changes)
        await self.say_desired(sign_desired(desired, KEY))
        return desired

    async def say_desired(self, payload: bytes, retain: bool = True) -> None:
        """Publish an envelope as it is."""
        self.payload = payload
        await self.transport.publish(topic(FLEET, DEVICE, "desired"), payload, retain=retain)

    def bytes_asked(self) -> int:
        """How many bytes of content were asked for in all."""
        return sum(request.length for request in self.requests)

    def phase(self, app_id: str) -> str:
        """The phase of a program in the latest report."""
        programs = self.reported[-1].programs if self.reported else {}
        return programs[app_id].phase if app_id in programs else ""

    def model(self, name: str) -> tuple[str, int]:
        """Phase and version code of a model in the latest report."""
        models = (self.reported[-1].models or {}) if self.reported else {}
        return (models[name].phase, models[name].version_code) if name in models else ("", 0)

    def names(self) -> list[str]:
        """The names of the stored records, in order."""
        return [self.records[key].name for key in sorted(self.records)]

    # The transport's listener

    def will(self) -> Publication | None:
        return None

    def on_connected(self) -> None:
        if self.payload:
            self._send("desired", self.payload, retain=True)

    def on_disconnected(self, reason: str) -> None:  # noqa: ARG002 - the listener's form
        return

    def on_message(self, name: str, payload: bytes, retained: bool) -> None:  # noqa: ARG002 - the listener's form
        _, device, channel = parse_topic(name)
        if channel == "reported":
            self.reported.append(decode_reported(payload))
        elif channel == "state":
            self.states.append(decode_state(payload))
        elif channel == "telemetry":
            self._hear_telemetry(device, payload)
        else:
            self._hear_request(payload)

    def _hear_telemetry(self, device: str, payload: bytes) -> None:
        batch = decode_telemetry(payload)
        if self.deaf_to_telemetry:
            return
        for record in batch.records:
            key = (device, batch.epoch, record.sequence)
            assert self.records.setdefault(key, record) == record, "one name, two records"
            self.deliveries[key] += 1
        self._send("response", encode(TelemetryReceipt(batch.epoch, batch.records[-1].sequence)))

    def _hear_request(self, payload: bytes) -> None:
        request = decode_request(payload)
        if isinstance(request, PeersRequest | ShareRequest):
            self.shares.append(request)
            for response in self.share_answers(request):
                self._send("response", encode(response))
            return
        if isinstance(request, DesiredRequest):
            self.asked_for_desired += 1
            if self.payload:
                self._send("desired", self.payload, retain=True)
            return
        if isinstance(request, MetadataRequest | ClaimRequest | RenewRequest):
            return  # this fleet has no root, and no CA
        if not request.encodings:  # else it asks for shorter forms, of which this fleet knows nothing
            self.requests.append(request)
        data = self.content.get(request.sha256)
        if data is None:
            block = ContentBlock(request.id, request.sha256, request.offset, 0, error="there is no such content")
        else:
            piece = data[request.offset : request.offset + request.length]
            block = ContentBlock(request.id, request.sha256, request.offset, len(data), piece)
        altered = block if request.encodings else self.alter(block)
        if altered is not None:
            self._send("response", encode(altered))

    def _send(self, channel: Channel, payload: bytes, *, retain: bool = False) -> None:
        task = asyncio.get_running_loop().create_task(self._try(topic(FLEET, DEVICE, channel), payload, retain))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _try(self, name: str, payload: bytes, retain: bool) -> None:
        try:
            await self.transport.publish(name, payload, retain=retain)
        except TransportError:
            return  # the device asks again


@asynccontextmanager
async def running_fleet(url: str) -> AsyncIterator[FleetEnd]:
    """A fleet end for the length of an ``async with`` block; connects when the broker is there."""
    fleet = FleetEnd(url)
    fleet.transport.start(fleet)
    try:
        yield fleet
    finally:
        await fleet.transport.stop()
