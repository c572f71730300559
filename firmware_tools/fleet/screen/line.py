"""The way of looks to the broker: signed orders out, and the one topic of a device in."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from device_runtime.sync.messages import topic
from device_runtime.sync.screen_messages import ScreenOrder


class Broker(Protocol):
    """What is needed of :class:`device_runtime.sync.transport.MqttTransport`."""

    async def hear(self, topic: str, qos: int = 1) -> None: ...

    def unhear(self, topic: str) -> None: ...


class ScreenLine:
    """:class:`firmware_tools.fleet.screen.views.Line` over a fleet's transport."""

    def __init__(
        self,
        broker: Broker,
        sign: Callable[[ScreenOrder], bytes],
        send: Callable[..., Awaitable[None]],
    ) -> None:
        """``sign`` makes the payload of an order; ``send(topic, payload, qos=, retain=)`` publishes."""
        self._broker, self._sign, self._send = broker, sign, send

    async def hear(self, name: str) -> None:
        """Hear a topic on the connection that stands."""
        await self._broker.hear(name, 0)

    def unhear(self, name: str) -> None:
        """Hear it no more."""
        self._broker.unhear(name)

    async def order(self, order: ScreenOrder) -> None:
        """Send an order, once: one that comes late is refused."""
        await self._send(topic(order.fleet, order.device, "response"), self._sign(order), qos=1, retain=False)
