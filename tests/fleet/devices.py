"""A device's side of the protocol on a real MQTT connection, for tests that decide every message themselves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device_runtime.keys import key_ring
from device_runtime.sync.link import Publication
from device_runtime.sync.messages import (
    Channel,
    ContentBlock,
    ContentRequest,
    Desired,
    DesiredRequest,
    FleetResponse,
    Reported,
    SignedScreenOrder,
    State,
    TelemetryBatch,
    TelemetryReceipt,
    TelemetryRecord,
    decode_response,
    encode,
    topic,
    verify_desired,
)
from device_runtime.sync.transport import Backoff, MqttTransport

DEADLINE = 15.0


async def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait until ``condition`` holds."""
    try:
        async with asyncio.timeout(DEADLINE):
            while not condition():  # noqa: ASYNC110 - conditions of many kinds, most without an event
                await asyncio.sleep(0.01)
    except TimeoutError as error:
        raise AssertionError(f"not within {DEADLINE:g} s: {what}") from error


class PlainDevice:
    """Says what a test tells it to say, and keeps what it hears."""

    def __init__(self, fleet: str, device: str, url: str, session: int = 1) -> None:
        self.fleet, self.device, self.session = fleet, device, session
        self.desired: list[bytes] = []
        self.responses: list[FleetResponse] = []
        self.orders: list[SignedScreenOrder] = []
        self.transport = MqttTransport(url, f"device-{device}", backoff=Backoff(0.02, 0.1))
        self.transport.subscribe(topic(fleet, device, "desired"))
        self.transport.subscribe(topic(fleet, device, "response"))

    def will(self) -> Publication:
        return Publication(self.topic("state"), encode(State("lost", self.session)), retain=True)

    def on_connected(self) -> None: ...

    def on_disconnected(self, reason: str) -> None: ...

    def on_message(self, name: str, payload: bytes, _retained: bool) -> None:
        if name.endswith("/desired"):
            self.desired.append(payload)
        else:
            response = decode_response(payload)
            if isinstance(response, SignedScreenOrder):
                self.orders.append(response)
            else:
                self.responses.append(response)

    def topic(self, channel: Channel) -> str:
        return topic(self.fleet, self.device, channel)

    async def say(self, channel: Channel, payload: bytes, *, retain: bool = False) -> None:
        await self.transport.publish(self.topic(channel), payload, retain=retain)

    async def say_online(self) -> None:
        await self.say("state", encode(State("online", self.session)), retain=True)

    async def report(self, reported: Reported) -> None:
        await self.say("reported", encode(reported), retain=True)

    async def report_nothing(self) -> None:
        await self.report(Reported(self.session, 0, "test", "test", {}))

    async def send_batch(self, epoch: str, sequences: range, name: str = "ping") -> None:
        records = tuple(
            TelemetryRecord(sequence, 1_700_000_000.0 + sequence, "test", name, {"value": sequence})
            for sequence in sequences
        )
        await self.say("telemetry", encode(TelemetryBatch(epoch, records)))

    async def ask_desired(self, have: int = 0) -> None:
        await self.say("request", encode(DesiredRequest("d", have)))

    async def ask_block(self, request: ContentRequest) -> ContentBlock:
        """Ask for a block and wait for the answer."""
        await self.say("request", encode(request))

        def answer() -> list[ContentBlock]:
            return [
                response
                for response in self.responses
                if isinstance(response, ContentBlock) and response.id == request.id
            ]

        await eventually(lambda: bool(answer()), f"an answer to request {request.id}")
        return answer()[0]

    async def receipt(self, epoch: str, sequence: int) -> None:
        """Wait for the receipt of a batch."""
        await eventually(
            lambda: TelemetryReceipt(epoch, sequence) in self.responses, f"the receipt of {epoch} {sequence}"
        )

    async def newest_desired(self, key: Ed25519PublicKey, version: int) -> Desired:
        """Wait for a desired document of at least this version, checked as a device checks it."""

        def versions() -> list[Desired]:
            ring = key_ring([key])
            return [verify_desired(payload, ring, self.fleet, self.device) for payload in self.desired]

        await eventually(lambda: any(d.version >= version for d in versions()), f"desired version {version}")
        return max(versions(), key=lambda desired: desired.version)


@asynccontextmanager
async def connected_device(fleet: str, device: str, url: str, session: int = 1) -> AsyncIterator[PlainDevice]:
    """A device that is connected and subscribed."""
    plain = PlainDevice(fleet, device, url, session)
    plain.transport.start(plain)
    try:
        await eventually(lambda: plain.transport.connected, f"{device} connects")
        yield plain
    finally:
        await plain.transport.stop()
