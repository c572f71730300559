"""A transport on which messages are lost, late, out of order, damaged or there twice; the broker is a real one."""

import asyncio
from collections.abc import Callable
from typing import Any

from device_runtime.sync.link import Publication
from device_runtime.sync.transport import MqttTransport, TransportListener
from firmware_tools.simulation.weather import Fate


class BadWire(MqttTransport):
    """A :class:`MqttTransport` in bad weather."""

    def __init__(self, url: str, client_id: str, fate: Fate, **options: Any) -> None:
        super().__init__(url, client_id, **options)
        self._fate = fate

    def start(self, listener: TransportListener) -> None:
        """Begin to connect; ``listener`` hears what the weather lets through."""
        super().start(_Listener(listener, self._fate))

    async def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        timeout: float = 10.0,  # noqa: ASYNC109 - as the method that it stands for
    ) -> None:
        """Send a message, if the weather lets it through. Raises :class:`TransportError`."""
        if delay := self._fate.delay():
            await asyncio.sleep(delay)
        if qos == 0 and self._fate.is_lost():
            return
        for _ in range(2 if self._fate.is_repeated() else 1):
            await super().publish(topic, payload, qos=qos, retain=retain, timeout=timeout)


class _Listener:
    """Between the transport and who listens to it."""

    def __init__(self, listener: TransportListener, fate: Fate) -> None:
        self._listener, self._fate = listener, fate
        self._connection = 0

    def will(self) -> Publication | None:
        return self._listener.will()

    def on_connected(self) -> None:
        self._connection += 1
        self._listener.on_connected()

    def on_disconnected(self, reason: str) -> None:
        self._connection += 1  # what is under way is lost with the connection
        self._listener.on_disconnected(reason)

    def on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        if topic.endswith("/response"):
            if self._fate.is_lost():
                return
            payload = self._fate.arrives(payload)
        for _ in range(2 if self._fate.is_repeated() else 1):
            if delay := self._fate.delay():
                asyncio.get_running_loop().call_later(delay, self._pass_on(topic, payload, retained))
            else:
                self._listener.on_message(topic, payload, retained)

    def _pass_on(self, topic: str, payload: bytes, retained: bool) -> Callable[[], None]:
        connection = self._connection

        def pass_on() -> None:
            if self._connection == connection:
                self._listener.on_message(topic, payload, retained)

        return pass_on
