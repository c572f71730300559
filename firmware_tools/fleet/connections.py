"""The two connections of a fleet to its broker: one for telemetry, one for everything else.

Telemetry comes in floods, and while the store does not keep up, the broker is to keep what comes: its connection is
held. On a connection of its own that delays no state, report or request, and where the broker's queue overflows, as
mosquitto's does after 1,000 messages (``max_queued_messages``), it is telemetry that devices send again.
"""

import asyncio
from collections.abc import Iterable
from typing import Protocol

from device_runtime.sync.messages import Channel, topic
from device_runtime.sync.transport import MqttTransport, TlsFiles, TransportListener, read_credentials
from firmware_tools.fleet.home import BrokerSettings, FleetSettings

SPOKEN: tuple[Channel, ...] = ("reported", "state", "request")
"""What devices say beside telemetry."""


class Flow(Protocol):
    """What the service needs to keep the broker from sending more telemetry than it can store."""

    def hold(self) -> None:
        """Let the broker keep what comes."""

    def go_on(self) -> None:
        """Let it come again."""


class FreeFlow:
    """Holds nothing."""

    def hold(self) -> None:
        """Nothing."""

    def go_on(self) -> None:
        """Nothing."""


class FleetConnections:
    """What a fleet hears and says; a :class:`TransportListener` is told of both connections as of one."""

    def __init__(self, settings: FleetSettings, client_id: str) -> None:
        """``client_id``: of the connection for everything but telemetry.

        Raises:
            TransportError: the broker's settings are wrong.
        """
        self._main = make_transport(settings, client_id)
        self.telemetry = make_transport(settings, f"{client_id}-telemetry")
        """The one for telemetry, which can be held."""
        _subscribe(self._main, settings.fleet, SPOKEN)
        _subscribe(self.telemetry, settings.fleet, ("telemetry",))
        self.publish = self._main.publish
        self._listener: TransportListener | None = None
        self._told = False

    @property
    def url(self) -> str:
        """The broker's URL, without any user."""
        return self._main.url

    @property
    def connected(self) -> bool:
        """Both connections stand; :attr:`trouble` says why one does not."""
        return self._main.connected and self.telemetry.connected

    @property
    def trouble(self) -> str:
        """Why a connection does not stand; empty before the first attempt failed."""
        return self._main.trouble or self.telemetry.trouble

    def start(self, listener: TransportListener) -> None:
        """Begin to connect, for ever, telling ``listener``."""
        self._listener = listener
        self.telemetry.start(_Telemetry(self, listener))
        self._main.start(_Main(self, listener))

    async def stop(self) -> None:
        """Say goodbye."""
        await asyncio.gather(self._main.stop(), self.telemetry.stop())

    async def online(self) -> None:
        """Wait until both connections stand."""
        await self.telemetry.online()
        await self._main.online()

    def tell(self) -> None:
        """Once both connections stand, say so; that of telemetry alone may end and come back without a word."""
        if self.connected and not self._told and self._listener is not None:
            self._told = True
            self._listener.on_connected()

    def main_ended(self, reason: str) -> None:
        """The connection ended on which the fleet speaks."""
        if self._told and self._listener is not None:
            self._told = False
            self._listener.on_disconnected(reason)


class _Main:
    """Hears one connection."""

    def __init__(self, connections: FleetConnections, listener: TransportListener) -> None:
        self._connections = connections
        self.on_message = listener.on_message

    def will(self) -> None:
        """None: devices need not know whether their fleet is there."""

    def on_connected(self) -> None:
        """It stands."""
        self._connections.tell()

    def on_disconnected(self, reason: str) -> None:
        """It ended."""
        self._connections.main_ended(reason)


class _Telemetry(_Main):
    """Hears the other."""

    def on_disconnected(self, reason: str) -> None:
        """It ended; the transport has logged it."""


def _subscribe(transport: MqttTransport, fleet: str, channels: Iterable[Channel]) -> None:
    for channel in channels:
        transport.subscribe(topic(fleet, "+", channel))


def make_transport(settings: FleetSettings, client_id: str) -> MqttTransport:
    """A client of the fleet's broker, with the fleet's rights there.

    Raises:
        TransportError: the broker's settings are wrong.
    """
    broker = settings.broker
    return MqttTransport(
        broker.url,
        client_id,
        credentials=read_credentials(broker.username, broker.password_file) if broker.username else None,
        tls=_tls(broker),
    )


def _tls(broker: BrokerSettings) -> TlsFiles | None:
    if not broker.url.startswith("mqtts:"):
        return None
    return TlsFiles(broker.ca, broker.cert, broker.key)
