"""Sends telemetry in batches, each until the fleet has said that it is stored."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from device_runtime.sync.messages import DEFLATE, TelemetryBatch, TelemetryReceipt, deflate, encode
from device_runtime.sync.pace import Pace
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import TransportError

log = logging.getLogger(__name__)

_ENVELOPE_BYTES = 220
"""What a batch costs on the wire beside payload and topic: MQTT headers, acknowledgement, and the fleet's receipt."""


class TelemetrySender:
    """Empties a queue, one batch after the other, whether there is a connection or not."""

    def __init__(
        self,
        queue: TelemetryQueue,
        pace: Pace,
        topic: str,
        online: Callable[[], Awaitable[None]],
        send: Callable[[bytes], Awaitable[None]],
    ) -> None:
        """``topic`` is where batches go; ``online`` waits for a connection; ``send`` sends a payload, or raises
        :class:`TransportError`."""
        self._queue, self._pace, self._topic, self._online, self._send = queue, pace, topic, online, send
        self._connections_ended = 0
        self._awaited: tuple[str, int] | None = None
        self._accepts: tuple[str, ...] = ()
        self._receipt = asyncio.Event()
        self._batch_ready = asyncio.Event()

    def notice_record(self) -> None:
        """The queue has one record more."""
        if self._is_worth_sending():
            self._batch_ready.set()

    def on_receipt(self, receipt: TelemetryReceipt) -> None:
        """The fleet has stored all up to this."""
        self._queue.acknowledge(receipt)
        self._accepts = receipt.accepts
        if self._awaited is not None and receipt.epoch == self._awaited[0] and receipt.sequence >= self._awaited[1]:
            self._awaited = None
            self._receipt.set()

    def on_disconnected(self) -> None:
        """No receipt comes any more on this connection."""
        self._connections_ended += 1
        self._receipt.set()

    async def run(self) -> None:
        """Send, until cancelled."""
        attempt = 0
        while True:
            await self._wait_for_batch()
            await self._online()
            batch = self._queue.next_batch()
            if batch is None:
                continue
            try:
                await self._deliver(batch)
            except (TransportError, TimeoutError) as error:
                log.debug("telemetry is sent again: %s", error)
                self._accepts = ()  # perhaps an older fleet is there now, which reads plain JSON only
                await asyncio.sleep(self._pace.resend.draw(attempt))
                attempt += 1
                continue
            attempt = 0
            await self._queue.tidy()

    async def _wait_for_batch(self) -> None:
        self._batch_ready.clear()
        if not self._is_worth_sending():
            try:
                async with asyncio.timeout(self._pace.batch):
                    await self._batch_ready.wait()
            except TimeoutError:
                return

    async def _deliver(self, batch: TelemetryBatch) -> None:
        """Send a batch and wait for its receipt, as long as the connection stands."""
        ended = self._connections_ended
        self._awaited = batch.epoch, batch.records[-1].sequence
        payload = encode(batch)
        if DEFLATE in self._accepts:
            payload = min(payload, deflate(payload), key=len)
        self._queue.spend(len(payload) + len(self._topic) + _ENVELOPE_BYTES)
        await self._send(payload)
        async with asyncio.timeout(self._pace.receipt):
            while self._awaited is not None:
                if self._connections_ended != ended:
                    raise TransportError("the connection ended before the receipt came")
                self._receipt.clear()
                await self._receipt.wait()

    def _is_worth_sending(self) -> bool:
        """Whether there is enough to send, or something that does not wait."""
        return self._queue.is_urgent() or self._queue.sendable() >= self._pace.batch_records
