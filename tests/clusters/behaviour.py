"""What a broker gives, found out by trying: each function is a row of the table of docs/operations.md, and answers a
cell of it."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from paho.mqtt.enums import MQTTProtocolVersion

from device_runtime.sync.link import Endpoint, Link, Publication
from device_runtime.sync.transport import Backoff, MqttTransport, TransportError

_HEARD_SECONDS = 20.0
_TRIES = 4
NOT_SO = "-"
"""A cell of something that cannot be asked."""
_NOTHING_SECONDS = 2.0
_LONGEST = 512 * 1024


@dataclass(frozen=True, slots=True)
class Site:
    """A broker: the URLs of its nodes; ``lose`` kills the first, and starts it again if it is the only one."""

    urls: tuple[str, ...]
    lose: Callable[[], None] | None = None

    @property
    def patience(self) -> float:
        """How long nothing has to come until a cell says no, in seconds: nodes of a cluster ask each other first."""
        return 2.0 if len(self.urls) == 1 else 8.0

    @property
    def here(self) -> str:
        return self.urls[0]

    @property
    def elsewhere(self) -> str:
        return self.urls[-1]


class Ear:
    """Keeps what it hears, and can be waited for."""

    def __init__(self, will: Publication | None = None) -> None:
        self._will = will
        self.heard: asyncio.Queue[tuple[str, bytes, bool]] = asyncio.Queue()
        self.ended = asyncio.Event()

    def will(self) -> Publication | None:
        return self._will

    def on_connected(self) -> None:
        """Nothing to do."""

    def on_disconnected(self, reason: str) -> None:
        del reason
        self.ended.set()

    def on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        self.heard.put_nowait((topic, payload, retained))

    async def next(self, seconds: float = _HEARD_SECONDS) -> tuple[str, bytes, bool] | None:
        """What comes next, or None."""
        try:
            async with asyncio.timeout(seconds):
                return await self.heard.get()
        except TimeoutError:
            return None


@asynccontextmanager
async def client(
    url: str, *topics: str, name: str = "", will: Publication | None = None, keepalive: int = 30
) -> AsyncIterator[tuple[MqttTransport, Ear]]:
    """A client that is connected and subscribed."""
    ear = Ear(will)
    transport = MqttTransport(
        url, name or f"probe-{secrets.token_hex(4)}", backoff=Backoff(0.05, 0.5), keepalive=keepalive
    )
    for topic in topics:
        transport.subscribe(topic)
    transport.start(ear)
    try:
        await asyncio.wait_for(transport.online(), 150)
        yield transport, ear
    finally:
        await transport.stop()


def _topic(channel: str, device: str = "") -> str:
    return f"cygnet/1/probe/{device or f'dev-{secrets.token_hex(4)}'}/{channel}"


async def versions(site: Site) -> str:
    """Which versions of MQTT it speaks, the newest first."""
    host, port = site.here.removeprefix("mqtt://").split(":")
    spoken = []
    for version in (MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311):
        endpoint = Endpoint(host, int(port), f"probe-{secrets.token_hex(4)}", None, None, 30)
        for _ in range(_TRIES):  # a node of a cluster that has only just begun closes some connections
            link = Link(endpoint, version, None, lambda *_: None)
            try:
                await link.open()
                spoken.append(link.version_name.removeprefix("MQTT "))
                break
            except TransportError:
                await asyncio.sleep(1)
            finally:
                link.abort()
    return ", ".join(spoken)


async def retained(site: Site) -> str:
    """Whether a message that is kept comes to who subscribes to its very topic."""
    return await _kept(site, site.here, lambda topic: topic)


async def retained_elsewhere(site: Site) -> str:
    """The same through another node."""
    if len(site.urls) == 1:
        return NOT_SO
    return await _kept(site, site.elsewhere, lambda topic: topic)


async def retained_by_pattern(site: Site) -> str:
    """Whether it comes to who subscribes with ``+``, as the fleet does."""
    return await _kept(site, site.here, lambda topic: "/".join([*topic.split("/")[:3], "+", topic.split("/")[4]]))


async def _kept(site: Site, url: str, pattern: Callable[[str], str]) -> str:
    topic = _topic(f"kept-{secrets.token_hex(4)}")
    async with client(site.here) as (one, _):
        await one.publish(topic, b"kept", retain=True)
        found = await _is_kept(site, url, pattern(topic), topic)
        await one.publish(topic, b"", retain=True)
    return found


async def _is_kept(site: Site, url: str, pattern: str, topic: str) -> str:
    """What a cluster acknowledged need not be found at once: three who come one after the other look for it."""
    for _ in range(3 if len(site.urls) > 1 else 1):
        async with client(url, pattern) as (_, ear):
            if await ear.next(site.patience) == (topic, b"kept", True):
                return "yes"
    return "no"


async def retained_after_a_kill(site: Site) -> str:
    """Whether it is still there when the node that took it was killed."""
    assert site.lose is not None
    topic = _topic("state")
    async with client(site.here) as (one, _):
        await one.publish(topic, b"kept", retain=True)
    site.lose()
    return await _is_kept(site, site.elsewhere, topic, topic)


async def will(site: Site) -> str:
    """Whether the will of a client that was cut off reaches a client of another node."""
    topic = _topic("state")
    async with (
        client(site.elsewhere, topic) as (_, ear),
        client(site.here, will=Publication(topic, b"lost", 1, True), keepalive=5) as (dying, _),
    ):
        await dying.stop(goodbye=False)
        came = await ear.next()
    return "yes" if came is not None and came[:2] == (topic, b"lost") else "no"


async def shared_subscriptions(site: Site) -> str:
    """Whether of two members of a group exactly one gets each message."""
    topic = _topic("request")
    try:
        async with (
            client(site.here, f"$share/probe/{topic}") as (_, first),
            client(site.elsewhere, f"$share/probe/{topic}") as (_, second),
            client(site.here) as (sender, _),
        ):
            for number in range(10):
                await sender.publish(topic, str(number).encode())
            heard = 0
            while heard < 10 and (await first.next(0.2) or await second.next(_NOTHING_SECONDS)):
                heard += 1
            more = first.heard.qsize() + second.heard.qsize()
    except (TransportError, TimeoutError):
        return "no"
    return "yes" if (heard, more) == (10, 0) else "no"


async def longest_message(site: Site) -> str:
    """Whether the longest message of the protocol goes through, whole."""
    topic, payload = _topic("telemetry"), secrets.token_bytes(_LONGEST - 1024)
    async with client(site.elsewhere, topic) as (_, ear), client(site.here) as (sender, _):
        await sender.publish(topic, payload)
        came = await ear.next()
    return "yes" if came == (topic, payload, False) else "no"


async def one_client_of_an_id(site: Site) -> str:
    """Whether who comes with the id of somebody at another node throws that one out."""
    name = f"probe-{secrets.token_hex(4)}"
    async with client(site.here, name=name) as (first, ear):
        second = Link(_endpoint(site.elsewhere, name), MQTTProtocolVersion.MQTTv311, None, lambda *_: None)
        try:
            await second.open()
            async with asyncio.timeout(_HEARD_SECONDS):
                await ear.ended.wait()
        except (TransportError, TimeoutError):
            return "no"
        finally:
            second.abort()
        del first
    return "yes"


def _endpoint(url: str, name: str) -> Endpoint:
    host, port = url.removeprefix("mqtt://").split(":")
    return Endpoint(host, int(port), name, None, None, 30)


async def ids_with_dots(site: Site) -> str:
    """Whether a device whose id has a dot in it can be heard, and told."""
    device = f"dev.{secrets.token_hex(4)}"
    up, down = _topic("state", device), _topic("desired", device)
    async with (
        client(site.elsewhere, "cygnet/1/probe/+/state") as (fleet, fleet_ear),
        client(site.here, down) as (sender, ear),
    ):
        await sender.publish(up, b"up")
        await fleet.publish(down, b"down")
        told = await ear.next(site.patience)
        heard = await fleet_ear.next(site.patience)
        while heard is not None and heard[0] != up:
            heard = await fleet_ear.next(site.patience)
    return "yes" if heard == (up, b"up", False) and told == (down, b"down", False) else "no"


ROWS: dict[str, Callable[[Site], Awaitable[str]]] = {
    "MQTT": versions,
    "kept message, by its topic": retained,
    "the same, at another node": retained_elsewhere,
    "kept messages, by a pattern": retained_by_pattern,
    "the will of a client that is cut off": will,
    "shared subscriptions": shared_subscriptions,
    "messages of 511 KiB": longest_message,
    "a client throws out another one of its id": one_client_of_an_id,
    "device ids with dots": ids_with_dots,
    "kept message, after kill -9 of the node that took it": retained_after_a_kill,
}
"""In the order in which they are tried: the last one costs a node."""
