"""The two connections of a fleet to its broker: one for telemetry, one for everything else.

Telemetry comes in floods, and while the store does not keep up, the broker is to keep what comes: its connection is
held. On a connection of its own that delays no state, report or request, and where the broker's queue overflows, as
mosquitto's does after 1,000 messages (``max_queued_messages``), it is telemetry that devices send again.
"""

import asyncio
import logging
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from device_runtime.sync.messages import Channel, topic
from device_runtime.sync.transport import (
    MqttTransport,
    TlsFiles,
    TransportListener,
    read_credentials,
)
from firmware_tools.fleet.home import BrokerSettings, FleetSettings
from firmware_tools.fleet.identity.authority import TELEMETRY, service_files
from firmware_tools.fleet.listening import Probe, hear_at_last
from firmware_tools.fleet.team import Team

log = logging.getLogger(__name__)

GROUP = "cygnet-fleet"
"""Of shared subscriptions."""
ORDERED: tuple[Channel, ...] = ("reported", "state")
"""Of which the latest counts: each process hears all of it, in one order. Retained, besides, and no shared subscription
gets what was retained (MQTT 5, 4.8.2)."""
SPOKEN: tuple[Channel, ...] = (*ORDERED, "request")
"""What devices say beside telemetry."""


@dataclass(frozen=True, slots=True)
class ConnectionFiles:
    """A certificate for each connection: a broker may throw out whoever comes with another's."""

    main: TlsFiles
    telemetry: TlsFiles


def connection_files(home: Path, broker: BrokerSettings, name: str) -> ConnectionFiles | None:
    """The certificates of the fleet or of a worker, by ``name``; see :func:`service_files`, also for what it raises."""
    telemetry = service_files(home, broker, f"{name}{TELEMETRY}")
    main = service_files(home, broker, name)
    return ConnectionFiles(main, telemetry) if main and telemetry else None


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

    def __init__(
        self,
        settings: FleetSettings,
        client_id: str,
        team: Team | None = None,
        group: str = GROUP,
        files: ConnectionFiles | None = None,
    ) -> None:
        """``client_id``: of the connection for everything but telemetry. ``team``: processes with which this one shares
        telemetry and requests, by a shared subscription where the broker has that; without it, this one hears all.
        ``group``: the name of that subscription, which nobody else is to know
        (:mod:`firmware_tools.fleet.share_groups`). ``files``: certificates, where that of ``settings`` is not for
        both.

        Raises:
            TransportError: the broker's settings are wrong.
        """
        self._fleet, self._team, self._group = settings.fleet, team, group
        if settings.broker.cert is not None:
            # With certificates, nobody else may know the client's id: some brokers throw out whoever has it. NATS wants
            # no dots in it.
            client_id = f"{client_id.replace('.', '_')}-{secrets.token_hex(6)}"
        self._main = make_transport(settings, client_id, files.main if files else None)
        # Reading the properties of MQTT 5 is a fifth of what paho does for a message, and nothing is said with them.
        # But shared subscriptions are of MQTT 5.
        self.telemetry = make_transport(
            settings, f"{client_id}-telemetry", files.telemetry if files else None, older_first=team is None
        )
        """The one for telemetry, which can be held."""
        for channel in ORDERED if team else SPOKEN:
            self._main.subscribe(topic(self._fleet, "+", channel))
        if team is None:
            self.telemetry.subscribe(topic(self._fleet, "+", "telemetry"))
        self._probe = Probe(settings.fleet, self._main)
        self.publish = self._main.publish
        self._listener: TransportListener | None = None
        self._told = False
        self._hears_requests = self._hears_telemetry = False
        self._tasks: dict[Channel, asyncio.Task[None]] = {}

    @property
    def main(self) -> MqttTransport:
        """The connection for everything but telemetry."""
        return self._main

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
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), self._main.stop(), self.telemetry.stop(), return_exceptions=True)

    async def online(self) -> None:
        """Wait until both connections stand."""
        await self.telemetry.online()
        await self._main.online()

    def hear(self, name: str) -> bool:
        """Whether a message was only to find out what the broker can."""
        return self._probe.hear(name)

    def begun(self, *, telemetry: bool) -> None:
        """A connection stands."""
        if self._team is None:
            self._hears_requests, self._hears_telemetry = self._main.connected, self.telemetry.connected
            self._tell()
            return
        if telemetry:
            self._begin("telemetry", self._share_telemetry())
        else:
            self._begin("request", self._share_requests(self._team))

    def ended(self, reason: str, *, telemetry: bool) -> None:
        """A connection ended. That of telemetry alone may come back without a word."""
        if (task := self._tasks.get("telemetry" if telemetry else "request")) is not None:
            task.cancel()
        if telemetry:
            self._hears_telemetry = False
            return
        self._hears_requests = False
        if self._told and self._listener is not None:
            self._told = False
            self._listener.on_disconnected(reason)

    async def _share_requests(self, team: Team) -> None:
        team.shared = await self._probe.shares()
        await hear_at_last(self._main, self._filter("request"))
        self._hears_requests = True
        log.info(
            "telemetry and requests are shared among the workers by the broker"
            if team.shared
            else "the broker has no shared subscriptions: each worker hears all, and takes its part of the devices"
        )
        self._begin("telemetry", self._share_telemetry())

    async def _share_telemetry(self) -> None:
        """Once it is known how, on each connection for telemetry."""
        if not self._hears_requests or not self.telemetry.connected:
            return
        await hear_at_last(self.telemetry, self._filter("telemetry"))
        self._hears_telemetry = True
        self._tell()

    def _begin(self, channel: Channel, work: Coroutine[Any, Any, None]) -> None:
        """Do it in place of what was done for this channel on an earlier connection."""
        if (before := self._tasks.get(channel)) is not None:
            before.cancel()
        self._tasks[channel] = asyncio.get_running_loop().create_task(work, name="listen")

    def _filter(self, channel: Channel) -> str:
        name = topic(self._fleet, "+", channel)
        return f"$share/{self._group}/{name}" if self._team is not None and self._team.shared else name

    def _tell(self) -> None:
        if self._hears_requests and self._hears_telemetry and not self._told and self._listener is not None:
            self._told = True
            self._listener.on_connected()


class _Main:
    """Hears one connection."""

    _is_telemetry = False

    def __init__(self, connections: FleetConnections, listener: TransportListener) -> None:
        self._connections, self._listener = connections, listener

    def will(self) -> None:
        """None: devices need not know whether their fleet is there."""

    def on_connected(self) -> None:
        """It stands."""
        self._connections.begun(telemetry=self._is_telemetry)

    def on_disconnected(self, reason: str) -> None:
        """It ended."""
        self._connections.ended(reason, telemetry=self._is_telemetry)

    def on_message(self, name: str, payload: bytes, retained: bool) -> None:
        """A message."""
        if not self._connections.hear(name):
            self._listener.on_message(name, payload, retained)


class _Telemetry(_Main):
    """Hears the other."""

    _is_telemetry = True


def make_transport(
    settings: FleetSettings, client_id: str, tls: TlsFiles | None = None, *, older_first: bool = False
) -> MqttTransport:
    """A client of the fleet's broker, with the fleet's rights there, or those of the certificate in ``tls``.

    Raises:
        TransportError: the broker's settings are wrong.
    """
    broker = settings.broker
    return MqttTransport(
        broker.url,
        client_id,
        credentials=read_credentials(broker.username, broker.password_file) if broker.username else None,
        tls=tls or _tls(broker),
        older_first=older_first,
    )


def _tls(broker: BrokerSettings) -> TlsFiles | None:
    if not broker.url.startswith("mqtts:"):
        return None
    return TlsFiles(broker.ca, broker.cert, broker.key)
