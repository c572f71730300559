"""How several processes share what devices say: by a shared subscription, or each its part of the devices.

A broker without shared subscriptions need not refuse one: so a message to oneself, through a shared subscription, has
to come back.
"""

import asyncio
import logging
import secrets
import time
import zlib
from dataclasses import dataclass

from device_runtime.sync.messages import topic
from device_runtime.sync.transport import MqttTransport, TransportError

log = logging.getLogger(__name__)

_PROBE_SECONDS = 3.0
_AGAIN_SECONDS = 1.0
_MOST_CUTS = 2
_CUTS_COUNT_SECONDS = 3600.0


async def hear_at_last(transport: MqttTransport, topic_filter: str, qos: int = 1) -> None:
    """Subscribe on the connection that stands, as often as it takes: a cluster that has just lost a node refuses for
    some seconds, and the connection goes on. Cancel it when the connection ends."""
    trouble = ""
    while True:
        try:
            await transport.hear(topic_filter, qos)
        except TransportError as error:
            if trouble != str(error):
                trouble = str(error)
                log.warning("%s is not heard, and tried again: %s", topic_filter, error)
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            return


@dataclass(frozen=True, slots=True)
class Part:
    """The ``number``-th of ``parts`` parts of the devices, from 1 on."""

    number: int
    parts: int

    def has(self, device: str) -> bool:
        """Whether a device is in it."""
        return zlib.crc32(device.encode()) % self.parts == self.number - 1


class Probe:
    """Finds out, on each connection anew, whether a broker has shared subscriptions."""

    def __init__(self, fleet: str, transport: MqttTransport, name: str = "") -> None:
        """``name``: the device id for messages to oneself, which the broker may have to allow; drawn without one."""
        self._transport = transport
        self._name = name or f"probe-{secrets.token_hex(6)}"
        self._topic = topic(fleet, self._name, "response")
        self._came_back = asyncio.Event()
        self._cuts: list[float] = []

    def hear(self, name: str) -> bool:
        """Whether a message was the one to oneself; call it with the topic of each."""
        if name != self._topic:
            return False
        self._came_back.set()
        return True

    async def shares(self) -> bool:
        """Ask; takes three seconds where the answer is no and the broker does not say so."""
        now = time.monotonic()
        self._cuts = [at for at in self._cuts if now - at < _CUTS_COUNT_SECONDS]
        if not self._transport.may_share or len(self._cuts) >= _MOST_CUTS:
            return False
        # A broker may end the connection over it, as RabbitMQ does where its rights do not let one subscribe so: what
        # was asked in vain on two connections is not asked on the next, or none would stand. Nor is it for ever: the
        # broker may have been started anew meanwhile.
        self._cuts.append(now)
        self._came_back.clear()
        try:
            await self._transport.hear(f"$share/{self._name}/{self._topic}", 0)
            await self._transport.publish(self._topic, b"", qos=1)
            async with asyncio.timeout(_PROBE_SECONDS):
                await self._came_back.wait()
        except TransportError as error:
            log.debug("no shared subscription: %s", error)
            return False
        except TimeoutError:
            log.debug("no shared subscription: nothing came back")
            self._cuts.clear()
            return False
        self._cuts.clear()
        return True
