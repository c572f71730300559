"""A broker that is always being talked to, or being looked for: MQTT for asyncio, with reconnection.

MQTT 5 is tried first and 3.1.1 where the broker has no 5. Between attempts the delay grows exponentially with full
jitter (Brooker, "Exponential Backoff And Jitter", AWS 2015), so that a fleet does not return in one wave.
"""

import asyncio
import logging
import math
import os
import random
import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from paho.mqtt.enums import MQTTProtocolVersion

from device_runtime.sync.addresses import AddressError, Rotation, split_addresses
from device_runtime.sync.link import (
    Credentials,
    Endpoint,
    Link,
    ProtocolVersionRefusedError,
    Publication,
)
from device_runtime.sync.link import TransportError as TransportError

log = logging.getLogger(__name__)

PASSWORD_VARIABLE = "CYGNET_MQTT_PASSWORD"  # noqa: S105 - the variable's name
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_STEADY_SECONDS = 10.0
_GOODBYE_SECONDS = 2.0
_REFUSALS_OF_PROVEN_VERSION = 5


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: ``ca`` for whom to trust (the system's CAs without it); ``certificate`` and ``key`` of the client."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Backoff:
    """The delay before attempt n is drawn from 0 to ``first * 2**n`` seconds, at most ``longest``."""

    first: float = 1.0
    longest: float = 60.0

    def draw(self, attempt: int) -> float:
        """A delay in seconds before the attempt with this number, from 0 on."""
        return random.uniform(0, min(self.longest, self.first * 2.0 ** min(attempt, 30)))  # noqa: S311 - no secret


class TransportListener(Protocol):
    """Who is told what happens; each method is called on the event loop and must not block."""

    def will(self) -> Publication | None:
        """What the broker shall say should this connection be lost; asked before each attempt."""

    def on_connected(self) -> None:
        """Connected, and every subscription stands."""

    def on_disconnected(self, reason: str) -> None:
        """A connection that stood has ended."""

    def on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        """A message; ``retained`` when the broker kept it from before the subscription."""


class MqttTransport:
    """One client of one broker. ``subscribe``, then ``start``; ``publish`` while ``connected``; ``stop`` at the end."""

    def __init__(
        self,
        url: str,
        client_id: str,
        *,
        credentials: Credentials | None = None,
        tls: TlsFiles | None = None,
        backoff: Backoff = Backoff(),
        keepalive: int = 30,
        older_first: bool = False,
    ) -> None:
        """
        Args:
            url: ``mqtt://host[:1883]`` or ``mqtts://host[:8883]``; a user name may stand in it, a password not.
                Several with commas between them are nodes of one cluster: each attempt goes to the next, in an order
                that this client draws.
            client_id: unique among the broker's clients, or they throw each other out.
            credentials: user and password; see :func:`read_credentials`.
            tls: files for ``mqtts``.
            backoff: how attempts are spread.
            keepalive: seconds of silence after which a dead connection is noticed (one and a half of it).
            older_first: try MQTT 3.1.1 first, and 5 where the broker has no 3.1.1.

        Raises:
            TransportError: the URL or a TLS file is wrong.
        """
        try:
            urls = split_addresses(url)
        except AddressError as error:
            raise TransportError(f"the broker's URL {error}") from error
        self._endpoints = Rotation(tuple(_endpoint(each, client_id, credentials, tls, keepalive) for each in urls))
        self._tls = tls
        self.shown: TlsFiles | None = None
        """The files with which the connection that stands, or stood last, was made."""
        self._backoff, self._holding = backoff, False
        self._version = MQTTProtocolVersion.MQTTv311 if older_first else MQTTProtocolVersion.MQTTv5
        self._proven: MQTTProtocolVersion | None = None
        self._refusals = 0
        self._stands_since = math.inf
        self._subscriptions: dict[str, int] = {}
        self._link: Link | None = None
        self._online = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.trouble = ""

    @property
    def connected(self) -> bool:
        """A connection stands; :attr:`trouble` says why none does, empty before the first attempt failed."""
        return self._online.is_set()

    @property
    def url(self) -> str:
        """The broker's URL, without any user; of several, the one that is connected, or tried next."""
        return str(self._endpoint)

    @property
    def _endpoint(self) -> Endpoint:
        return self._endpoints.now

    def subscribe(self, topic: str, qos: int = 1) -> None:
        """Hear this topic filter on every connection from the next on."""
        self._subscriptions[topic] = qos

    @property
    def may_share(self) -> bool:
        """The broker does not say that it has no shared subscriptions. Under 3.1.1 none can say so."""
        return self._link is not None and self._link.may_share

    async def hear(self, topic: str, qos: int = 1) -> None:
        """Hear this topic filter on the connection that stands, and on no later one.

        Raises:
            TransportError: no connection, or the broker refuses.
        """
        if self._link is None or not self.connected:
            raise TransportError(self.trouble or f"{self._endpoint} is not connected yet")
        await self._link.subscribe([(topic, qos)])

    def unhear(self, topic: str) -> None:
        """End what :meth:`hear` began; without a connection it has ended already."""
        if self._link is not None and self.connected:
            self._link.unsubscribe(topic)

    def start(self, listener: TransportListener) -> None:
        """Begin to connect, for ever, telling ``listener``."""
        if self._task is None:
            self._stopping = False
            self._task = asyncio.get_running_loop().create_task(self._run(listener), name="mqtt")

    def hold(self) -> None:
        """Hear nothing for now: the broker keeps what it has for us. For a transport that only listens; see
        :meth:`Link.hold`."""
        self._holding = True
        if self._link is not None:
            self._link.hold()

    def go_on(self) -> None:
        """Hear again."""
        self._holding = False
        if self._link is not None:
            self._link.go_on()

    def use_tls(self, tls: TlsFiles) -> None:
        """Show these files from the next connection on, and end the one that stands.

        Raises:
            TransportError: the files are no fitting certificates and keys; nothing changes.
        """
        context = _tls_context(tls)
        self._endpoints.change(lambda endpoint: replace(endpoint, tls=context))
        self._tls = tls
        self.break_off()

    def break_off(self) -> None:
        """End the connection without a goodbye, as a network does that goes away; the next attempt follows."""
        if self._link is not None:
            self._link.abort()

    async def stop(self, *, goodbye: bool = True) -> None:
        """End the connection. With a goodbye the broker does not publish the will; without, this is as a power cut."""
        if self._task is None:
            return
        self._stopping = True
        link = self._link if self.connected else None
        if link is not None and goodbye:
            link.close()
            await asyncio.wait([link.closed], timeout=_GOODBYE_SECONDS)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def online(self) -> None:
        """Wait until a connection stands."""
        await self._online.wait()

    async def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        timeout: float = 10.0,  # noqa: ASYNC109 - part of the error's sentence
    ) -> None:
        """Send a message and wait until the broker has acknowledged it (QoS 0: until it is written).

        A message that fails is not sent later; an acknowledged one may still be lost with the broker.

        Raises:
            TransportError: no connection, refused, or not acknowledged within ``timeout`` seconds.
        """
        if self._link is None or not self.connected:
            raise TransportError(self.trouble or f"{self._endpoint} is not connected yet")
        await self._link.publish(Publication(topic, payload, qos, retain), timeout)

    async def _run(self, listener: TransportListener) -> None:
        attempt = 0
        loop = asyncio.get_running_loop()
        while not self._stopping:
            self._stands_since = math.inf
            try:
                await self._one_connection(listener)
            except ProtocolVersionRefusedError as error:
                if self._try_older_version():
                    log.debug("%s; trying MQTT 3.1.1", error)
                    continue
                self._report(str(error))
            except TransportError as error:
                self._report(str(error))
            # A broker that takes us and at once throws us out again is not asked ever faster.
            attempt = 0 if loop.time() - self._stands_since > _STEADY_SECONDS else attempt + 1
            self._endpoints.turn()
            # The delay grows with each round, not with each address: the nodes that live are found soon.
            await asyncio.sleep(self._backoff.draw(attempt // len(self._endpoints)))

    def _try_older_version(self) -> bool:
        """After a refusal: change between MQTT 5 and 3.1.1; whether to try 3.1.1 at once.

        A version that has worked is left only after several refusals: the broker may have been on its way down.
        """
        self._refusals += 1
        if self._version == self._proven and self._refusals < _REFUSALS_OF_PROVEN_VERSION:
            return False
        self._refusals = 0
        newer = self._version == MQTTProtocolVersion.MQTTv5
        self._version = MQTTProtocolVersion.MQTTv311 if newer else MQTTProtocolVersion.MQTTv5
        return newer

    async def _one_connection(self, listener: TransportListener) -> None:
        loop = asyncio.get_running_loop()
        link = Link(self._endpoint, self._version, listener.will(), listener.on_message)
        self._link, shown = link, self._tls
        try:
            await link.open()
            if self._subscriptions:
                await link.subscribe(list(self._subscriptions.items()))
            log.info("connected to %s (%s)", self._endpoint, link.version_name)
            self.trouble = ""
            self._proven, self._refusals = self._version, 0
            self._stands_since = loop.time()
            self.shown = shown
            self._online.set()
            if self._holding:
                link.hold()
            loop.call_soon(listener.on_connected)
            reason = await asyncio.shield(link.closed)
            if self._stopping:
                log.info("disconnected from %s", self._endpoint)
            else:
                self._report(f"the connection to {self._endpoint} ended: {reason}")
        finally:
            link.abort()
            self._link = None
            if self.connected:
                self._online.clear()
                loop.call_soon(listener.on_disconnected, self.trouble)

    def _report(self, reason: str) -> None:
        """Once per change of reason: a broker that is away for a week is one line, not a full disk."""
        if reason != self.trouble:
            self.trouble = reason
            log.warning("%s; trying again", reason)


def read_credentials(user: str, password_file: Path | None = None) -> Credentials:
    """The password of ``user`` from the first line of a file, or else from ``$CYGNET_MQTT_PASSWORD``.

    Raises:
        TransportError: neither gives one.
    """
    if password_file is None:
        password = os.environ.get(PASSWORD_VARIABLE, "")
        if not password:
            raise TransportError(f"there is no password for {user}: name a password file or set ${PASSWORD_VARIABLE}")
        return Credentials(user, password)
    try:
        password = password_file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except OSError as error:
        raise TransportError(f"the password file {password_file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TransportError(f"the password file {password_file} is not UTF-8 text") from error
    if not password:
        raise TransportError(f"the first line of the password file {password_file} is empty")
    return Credentials(user, password)


def _endpoint(
    url: str, client_id: str, credentials: Credentials | None, tls: TlsFiles | None, keepalive: int
) -> Endpoint:
    expected = "mqtt://host:port or mqtts://host:port"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise TransportError(f"the broker's URL must be {expected}: {error}") from error
    if parts.password is not None:
        raise TransportError(
            f"the broker's URL must hold no password: put it into a password file or ${PASSWORD_VARIABLE}"
        )
    if parts.scheme not in _PORTS or not host or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise TransportError(f"the broker's URL {url!r} must be {expected}")
    if tls is not None and parts.scheme != "mqtts":
        raise TransportError(f"TLS files are given, but the broker's URL {url!r} does not start with mqtts://")
    context = _tls_context(tls or TlsFiles()) if parts.scheme == "mqtts" else None
    if parts.username and credentials is None:
        credentials = read_credentials(parts.username)
    return Endpoint(host, port or _PORTS[parts.scheme], client_id, credentials, context, keepalive)


def _tls_context(files: TlsFiles) -> ssl.SSLContext:
    for path in (files.ca, files.certificate, files.key):
        if path is not None and not path.is_file():
            raise TransportError(f"the TLS file {path} is missing")
    if files.key is not None and files.certificate is None:
        raise TransportError(f"the TLS key {files.key} is given without its certificate")
    try:
        context = ssl.create_default_context(cafile=files.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if files.certificate is not None:
            context.load_cert_chain(files.certificate, files.key)
    except (ssl.SSLError, OSError) as error:
        names = ", ".join(str(path) for path in (files.ca, files.certificate, files.key) if path)
        raise TransportError(f"the TLS files {names} are no fitting PEM certificates and keys: {error}") from error
    return context
