"""The generated rights, tried on a real RabbitMQ by the table of attacks that mosquitto and NATS meet, too
(``tests/identity``). It answers each by ending the connection, so each attack comes over one of its own."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from device_runtime.sync.link import Publication, TransportError
from firmware_tools.fleet.identity.certificates import Certificates
from firmware_tools.fleet.identity.office import IdentityOffice
from tests.brokers import free_port
from tests.clusters.rabbitmq import PROGRAM
from tests.identity.attacks import BAD_CERTIFICATES, DOTTED, FOREIGN, WANTED, T, World, make_files, opened, service
from tests.identity.rabbitmq import running_rabbit
from tests.identity.world import DEADLINE, Peer, connected, enroll, issue, make_home

pytestmark = [
    pytest.mark.broker,
    pytest.mark.timeout(300),
    pytest.mark.skipif("CYGNET_CLUSTERS" not in os.environ, reason="`make clusters` runs it"),
    pytest.mark.skipif(not PROGRAM.exists(), reason="RabbitMQ is missing"),
]
SPELLED_FOREIGN = [
    "cygnet.1.north.hall.state",
    f"{T}/hall.state",
    "cygnet.1/north.hall/desired",
    f"{T}.kitchen.desired",
]
"""RabbitMQ takes a dot for a slash."""
SPELLED_WANTED = [f"{T}/*/desired", "cygnet.1.north.*.desired", f"{T}.hall.desired", "*.*.*.*.response"]
"""...and has wildcards of its own."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder, port = tmp_path_factory.mktemp("rabbitmq"), free_port()
    home = make_home(folder, port)
    files = make_files(home, folder)
    with running_rabbit(home, port, folder / "broker") as broker:
        yield World(broker, home, files, IdentityOffice(home).authority.claimers()[0].name)


def writes(topic: str, *, retain: bool = False) -> Callable[[Peer], Awaitable[object]]:
    """The attack of writing on a topic."""
    return lambda peer: peer.link.publish(Publication(topic, b"forged", retain=retain), DEADLINE)


def reads(wanted: str) -> Callable[[Peer], Awaitable[object]]:
    """The attack of subscribing."""
    return lambda peer: peer.hear(wanted)


async def ends_the_connection(
    world: World, who: str, attack: Callable[[Peer], Awaitable[object]], heard: list[tuple[str, bytes]] | None = None
) -> bool:
    """Whether the broker ends a connection of ``who`` over what it tries; what came over it goes to ``heard``."""
    async with connected(world.broker, world.files[who], f"c-{who}") as peer:
        try:
            await attack(peer)
        except TransportError:
            return True
        finally:
            if heard is not None:
                heard += peer.heard
    return False


async def test_a_device_may_write_and_read_what_is_its_own(world: World) -> None:
    async with (
        connected(world.broker, world.files["fleet"], "f-own") as fleet,
        connected(world.broker, world.files["kitchen"], "c-own") as peer,
    ):
        assert await fleet.hear(f"{T}/#")
        for channel in ("desired", "response"):
            assert await peer.hear(f"{T}/kitchen/{channel}")
            assert await fleet.say(f"{T}/kitchen/{channel}", b"for you")
            await peer.until(f"{T}/kitchen/{channel}", b"for you")
        for channel in ("reported", "state", "telemetry", "request"):
            assert await peer.say(f"{T}/kitchen/{channel}", b"mine")
            await fleet.until(f"{T}/kitchen/{channel}", b"mine")


@pytest.mark.parametrize("retain", [False, True], ids=["", "retained"])
async def test_a_device_cannot_write_what_is_anothers_or_for_it_to_read(world: World, retain: bool) -> None:
    async with (
        connected(world.broker, world.files["fleet"], "f-write") as fleet,
        connected(world.broker, world.files["hall"], "c-hall") as hall,
    ):
        assert await fleet.hear(f"{T}/#")
        for channel in ("desired", "response"):
            assert await hall.hear(f"{T}/hall/{channel}")
        for topic in (*FOREIGN, *SPELLED_FOREIGN):
            assert await ends_the_connection(world, "kitchen", writes(topic, retain=retain)), topic
        async with connected(world.broker, world.files["kitchen"], "c-last") as kitchen:
            await kitchen.say(f"{T}/kitchen/telemetry", b"last")
        await fleet.until(f"{T}/kitchen/telemetry", b"last")
        await fleet.say(f"{T}/hall/response", b"last")
        await hall.until(f"{T}/hall/response", b"last")
        assert not [topic for topic, payload in (*fleet.heard, *hall.heard) if payload == b"forged"]
        # Nor is it kept for who comes later.
        async with connected(world.broker, world.files["fleet"], "f-later") as later:
            for topic in (each for each in FOREIGN if each.startswith(T)):
                assert await later.hear(topic)
            await later.say(f"{T}/kitchen/anything", b"last")
            await later.until(f"{T}/kitchen/anything", b"last")
            assert b"forged" not in {payload for _, payload in later.heard}


@pytest.mark.parametrize("wanted", [*WANTED, *SPELLED_WANTED])
async def test_a_device_cannot_read_what_is_anothers(world: World, wanted: str) -> None:
    async with (
        connected(world.broker, world.files["fleet"], "f-read") as fleet,
        connected(world.broker, world.files["hall"], "c-hall") as hall,
    ):
        for channel in ("desired", "response"):
            assert await fleet.say(f"{T}/hall/{channel}", b"secret", retain=True)
        heard: list[tuple[str, bytes]] = []

        async def listen(kitchen: Peer) -> None:
            assert await kitchen.hear(wanted)
            await hall.say(f"{T}/hall/state", b"secret")

        assert await ends_the_connection(world, "kitchen", listen, heard)
        assert not heard


async def test_a_will_on_anothers_topic_is_not_published(world: World) -> None:
    async with connected(world.broker, world.files["fleet"], "f-will") as fleet:
        assert await fleet.hear(f"{T}/#")
        for name, owner in (("forged", "hall"), ("mine", "kitchen")):
            will = Publication(f"{T}/{owner}/state", name.encode(), retain=True)
            async with connected(world.broker, world.files["kitchen"], f"c-will-{name}", will) as kitchen:
                await kitchen.say(f"{T}/kitchen/telemetry", b"here")
        await fleet.until(f"{T}/kitchen/state", b"mine")
        assert (f"{T}/hall/state", b"forged") not in fleet.heard


async def test_a_provisioning_certificate_may_claim_and_nothing_else(world: World) -> None:
    own = f"{T}/{world.claimer}"
    async with connected(world.broker, world.files["fleet"], "f-claim") as fleet:
        assert await fleet.hear(f"{T}/#")
        for topic in (*FOREIGN, f"{own}/state", f"{own}/reported", f"{own}/telemetry", f"{T}/kitchen/request"):
            assert await ends_the_connection(world, "claim", writes(topic, retain=True)), topic
        for wanted in (f"{own}/desired", f"{T}/kitchen/desired", f"{T}/+/response", f"{T}/#", f"{T}/+/request", "#"):
            assert await ends_the_connection(world, "claim", reads(wanted)), wanted
        async with connected(world.broker, world.files["claim"], "c-claiming") as claimer:
            assert await claimer.hear(f"{own}/response")
            assert await claimer.say(f"{own}/request", b"claim")
            await fleet.until(f"{own}/request", b"claim")
            await fleet.say(f"{own}/response", b"answer")
            await claimer.until(f"{own}/response", b"answer")
        assert not [topic for topic, payload in fleet.heard if payload == b"forged"]


@pytest.mark.parametrize("who", BAD_CERTIFICATES)
async def test_who_has_no_good_certificate_does_not_get_in(world: World, who: str) -> None:
    with pytest.raises(TransportError):
        async with connected(world.broker, world.files[who], "c-bad"):
            pass


async def test_a_content_worker_answers_requests_and_tells_nobody_what_to_have(world: World) -> None:
    async with (
        connected(world.broker, world.files["content"], "f-content") as worker,
        connected(world.broker, world.files["kitchen"], "c-kitchen") as kitchen,
    ):
        assert await worker.hear(f"{T}/+/request")
        assert await worker.hear(f"{T}/probe-content-1/response")
        for channel in ("response", "desired"):
            assert await kitchen.hear(f"{T}/kitchen/{channel}")
        assert await ends_the_connection(world, "content", reads(f"{T}/+/telemetry"))
        assert await ends_the_connection(world, "content", writes(f"{T}/kitchen/desired"))
        await kitchen.say(f"{T}/kitchen/request", b"block?")
        await worker.until(f"{T}/kitchen/request", b"block?")
        assert await worker.say(f"{T}/probe-content-1/response", b"")
        await worker.until(f"{T}/probe-content-1/response", b"")
        await worker.say(f"{T}/kitchen/response", b"block")
        await kitchen.until(f"{T}/kitchen/response", b"block")
        assert (f"{T}/kitchen/desired", b"forged") not in kitchen.heard


async def test_the_fleets_connection_for_telemetry_reads_telemetry_and_nothing_else(world: World) -> None:
    async with (
        connected(world.broker, world.files["telemetry"], "f-telemetry") as reader,
        connected(world.broker, world.files["kitchen"], "c-kitchen") as kitchen,
    ):
        assert await reader.hear(f"{T}/+/telemetry")
        for channel in ("desired", "response"):
            assert await kitchen.hear(f"{T}/kitchen/{channel}")
            assert await ends_the_connection(world, "telemetry", writes(f"{T}/kitchen/{channel}"))
        assert await ends_the_connection(world, "telemetry", reads(f"{T}/+/request"))
        await kitchen.say(f"{T}/kitchen/telemetry", b"batch")
        await reader.until(f"{T}/kitchen/telemetry", b"batch")
        assert {topic for topic, _ in reader.heard} == {f"{T}/kitchen/telemetry"}
        assert not kitchen.heard


async def test_a_device_that_says_anothers_id_ends_its_connection_and_reads_nothing_of_it(
    world: World,
) -> None:
    """RabbitMQ takes the id that a client says; devices draw theirs. Microcontrollers do not."""
    known, drawn = "cygnet-north-kitchen", "cygnet-north-kitchen-5f70bf18a086"
    async with (
        connected(world.broker, world.files["fleet"], "f-over") as fleet,
        connected(world.broker, world.files["kitchen"], drawn) as kitchen,
    ):
        assert await kitchen.hear(f"{T}/kitchen/response")
        async with connected(world.broker, world.files["hall"], known) as thief:
            assert await thief.say(f"{T}/hall/state", b"in")
            assert await fleet.say(f"{T}/kitchen/response", b"still here")
            await kitchen.until(f"{T}/kitchen/response", b"still here")
            assert not kitchen.link.closed.done()
        with Session(world, "hall", drawn) as session:
            async with asyncio.timeout(15):
                await kitchen.link.closed
            for number in range(5):
                await fleet.say(f"{T}/kitchen/response", b"private %d" % number)
            async with connected(world.broker, world.files["hall"], "c-hall") as hall:
                assert await hall.hear(f"{T}/hall/response")
                await fleet.say(f"{T}/hall/response", b"last")
                await hall.until(f"{T}/hall/response", b"last")
            assert session.heard == []


class Session:
    """A client that asks for the session that is kept for an id, as none of Cygnet's does."""

    def __init__(self, world: World, who: str, client_id: str) -> None:
        files = world.files[who]
        self.heard: list[bytes] = []
        self._port = world.broker.port
        self._client = Client(CallbackAPIVersion.VERSION2, client_id, clean_session=False, reconnect_on_failure=False)
        self._client.tls_set(str(files.ca), str(files.certificate), str(files.key))
        self._client.on_message = lambda _client, _data, message: self.heard.append(bytes(message.payload))

    def __enter__(self) -> "Session":
        self._client.connect("localhost", self._port)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


async def test_who_is_revoked_or_withdrawn_is_shut_out_once_the_broker_is_told_and_who_is_new_comes_in(
    world: World,
) -> None:
    office, broker = IdentityOffice(world.home), world.broker
    office.service("content-9")
    world.files["content-9"] = service(world.home, "content-9")
    tell(world)
    async with (
        connected(broker, world.files["fleet"], "f-revoke") as fleet,
        connected(broker, world.files["kitchen"], "c-kitchen") as kitchen,
        connected(broker, world.files["gone"], "c-gone") as gone,
        connected(broker, world.files["content-9"], "f-content-9") as worker,
    ):
        assert await fleet.hear(f"{T}/#")
        assert await gone.say(f"{T}/gone/state", b"before")
        await fleet.until(f"{T}/gone/state", b"before")
        with opened(world.home) as database, database.transaction() as connection:
            assert Certificates(connection).bar("gone", "stolen", 1e9) == 1
        assert office.withdraw("content-9") == 1
        enroll(world.home, "late")
        world.files["late"] = issue(world.home, "late", world.home.directory.parent / "late")
        tell(world)
        async with asyncio.timeout(15):
            await gone.link.closed
            await worker.link.closed
        for who in ("gone", "content-9"):
            with pytest.raises(TransportError):
                async with connected(broker, world.files[who], "c-again"):
                    pass
        async with connected(broker, world.files["late"], "c-late") as late:
            assert await late.say(f"{T}/late/state", b"here")
            await fleet.until(f"{T}/late/state", b"here")
        assert await kitchen.say(f"{T}/kitchen/state", b"still here")
        await fleet.until(f"{T}/kitchen/state", b"still here")


def tell(world: World) -> None:
    """Write the broker's files anew, and let it know."""
    broker = world.broker
    IdentityOffice(world.home).write_broker("rabbitmq", broker.folder, f"127.0.0.1:{broker.port}", None, None)
    broker.reload()


async def test_a_device_whose_id_has_a_dot_is_not_heard_under_it(world: World) -> None:
    async with (
        connected(world.broker, world.files["fleet"], "f-dot") as fleet,
        connected(world.broker, world.files[DOTTED], "c-dot") as peer,
    ):
        assert await fleet.hear(f"{T}/#")
        assert await peer.say(f"{T}/{DOTTED}/state", b"mine")
        await fleet.until(f"{T}/{DOTTED.replace('.', '/')}/state", b"mine")
