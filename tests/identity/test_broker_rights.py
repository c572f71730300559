"""The generated rights, tried on real brokers: what is not a client's own is refused, and what is its own works."""

import asyncio
from collections.abc import Iterator

import pytest

from device_runtime.sync.link import Publication, TransportError
from firmware_tools.fleet.identity.certificates import Certificates
from firmware_tools.fleet.identity.office import IdentityOffice
from firmware_tools.fleet.identity.settings import BrokerKind
from firmware_tools.fleet.share_groups import share_group
from tests.brokers import free_port
from tests.identity.attacks import BAD_CERTIFICATES, DOTTED, FOREIGN, WANTED, T, World, make_files, opened
from tests.identity.world import connected, make_home, running_broker

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module", params=["mosquitto", "nats"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    kind: BrokerKind = request.param
    folder, port = tmp_path_factory.mktemp(kind), free_port()
    home = make_home(folder, port)
    files = make_files(home, folder)
    with running_broker(home, kind, port, folder / "broker") as broker:
        yield World(broker, home, files, IdentityOffice(home).authority.claimers()[0].name)


@pytest.mark.parametrize("device", ["kitchen", DOTTED])
async def test_a_device_may_write_and_read_what_is_its_own(world: World, device: str) -> None:
    async with (
        connected(world.broker, world.files["fleet"], "f-own") as fleet,
        connected(world.broker, world.files[device], f"c-{device.replace('.', '_')}") as peer,
    ):
        assert await fleet.hear(f"{T}/#")
        for channel in ("desired", "response"):
            assert await peer.hear(f"{T}/{device}/{channel}")
            assert await fleet.say(f"{T}/{device}/{channel}", b"for you")
            await peer.until(f"{T}/{device}/{channel}", b"for you")
        for channel in ("reported", "state", "telemetry", "request"):
            assert await peer.say(f"{T}/{device}/{channel}", b"mine")
            await fleet.until(f"{T}/{device}/{channel}", b"mine")


@pytest.mark.parametrize("retain", [False, True], ids=["", "retained"])
async def test_a_device_cannot_write_what_is_anothers_or_for_it_to_read(world: World, retain: bool) -> None:
    async with (
        connected(world.broker, world.files["fleet"], "f-write") as fleet,
        connected(world.broker, world.files["hall"], "c-hall") as hall,
        connected(world.broker, world.files["kitchen"], "c-kitchen") as kitchen,
    ):
        assert await fleet.hear(f"{T}/#")
        for channel in ("desired", "response"):
            assert await hall.hear(f"{T}/hall/{channel}")
        for topic in FOREIGN:
            await kitchen.say(topic, b"forged", retain=retain)
        await kitchen.say(f"{T}/kitchen/telemetry", b"last")
        await fleet.until(f"{T}/kitchen/telemetry", b"last")
        await fleet.say(f"{T}/hall/response", b"last")
        await hall.until(f"{T}/hall/response", b"last")
        assert not [topic for topic, payload in (*fleet.heard, *hall.heard) if payload == b"forged"]


@pytest.mark.parametrize("wanted", WANTED)
async def test_a_device_cannot_read_what_is_anothers(world: World, wanted: str) -> None:
    async with (
        connected(world.broker, world.files["fleet"], "f-read") as fleet,
        connected(world.broker, world.files["hall"], "c-hall") as hall,
        connected(world.broker, world.files["kitchen"], "c-kitchen") as kitchen,
    ):
        assert await kitchen.hear(f"{T}/kitchen/response")
        await kitchen.hear(wanted)  # some brokers take it and deliver nothing
        for channel in ("desired", "response"):
            await fleet.say(f"{T}/hall/{channel}", b"secret", retain=channel == "desired")
        for channel in ("state", "request"):
            await hall.say(f"{T}/hall/{channel}", b"secret")
        await fleet.say(f"{T}/kitchen/response", b"last")
        await kitchen.until(f"{T}/kitchen/response", b"last")
        assert {topic for topic, _ in kitchen.heard} == {f"{T}/kitchen/response"}


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
    async with (
        connected(world.broker, world.files["fleet"], "f-claim") as fleet,
        connected(world.broker, world.files["claim"], "c-claim") as claimer,
    ):
        assert await fleet.hear(f"{T}/#")
        assert await claimer.hear(f"{own}/response")
        for topic in (*FOREIGN, f"{own}/state", f"{own}/reported", f"{own}/telemetry", f"{T}/kitchen/request"):
            if topic != f"{own}/request":
                await claimer.say(topic, b"forged", retain=True)
        for wanted in (f"{own}/desired", f"{T}/kitchen/desired", f"{T}/+/response", f"{T}/#", f"{T}/+/request", "#"):
            await claimer.hear(wanted)
        for device in ("kitchen", "hall"):
            await fleet.say(f"{T}/{device}/desired", b"secret")
            await fleet.say(f"{T}/{device}/response", b"secret")
        assert await claimer.say(f"{own}/request", b"claim")
        await fleet.until(f"{own}/request", b"claim")
        await fleet.say(f"{own}/response", b"answer")
        await claimer.until(f"{own}/response", b"answer")
        assert {topic for topic, _ in claimer.heard} == {f"{own}/response"}
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
        await worker.hear(f"{T}/+/telemetry")
        assert await kitchen.hear(f"{T}/kitchen/response")
        assert await kitchen.hear(f"{T}/kitchen/desired")
        await kitchen.say(f"{T}/kitchen/telemetry", b"private")
        await kitchen.say(f"{T}/kitchen/request", b"block?")
        await worker.until(f"{T}/kitchen/request", b"block?")
        await worker.say(f"{T}/kitchen/desired", b"forged")
        await worker.say(f"{T}/kitchen/response", b"block")
        await kitchen.until(f"{T}/kitchen/response", b"block")
        assert await worker.say(f"{T}/probe-content-1/response", b"")
        await worker.until(f"{T}/probe-content-1/response", b"")
        assert (f"{T}/kitchen/desired", b"forged") not in kitchen.heard
        assert (f"{T}/kitchen/telemetry", b"private") not in worker.heard


async def test_the_fleets_connection_for_telemetry_reads_telemetry_and_nothing_else(world: World) -> None:
    async with (
        connected(world.broker, world.files["telemetry"], "f-telemetry") as reader,
        connected(world.broker, world.files["kitchen"], "c-kitchen") as kitchen,
    ):
        assert await reader.hear(f"{T}/+/telemetry")
        await reader.hear(f"{T}/+/request")
        assert await kitchen.hear(f"{T}/kitchen/desired")
        assert await kitchen.hear(f"{T}/kitchen/response")
        await reader.say(f"{T}/kitchen/desired", b"forged")
        await reader.say(f"{T}/kitchen/response", b"forged")
        await kitchen.say(f"{T}/kitchen/request", b"private")
        await kitchen.say(f"{T}/kitchen/telemetry", b"batch")
        await reader.until(f"{T}/kitchen/telemetry", b"batch")
        assert {topic for topic, _ in reader.heard} == {f"{T}/kitchen/telemetry"}
        assert not kitchen.heard


async def test_a_device_cannot_throw_another_out(world: World) -> None:
    """mosquitto takes the certificate's name for the client's id. NATS takes what is said, so devices draw theirs."""
    known = "cygnet-north-kitchen" if world.broker.kind == "nats" else "kitchen"
    drawn = f"{known}-5f70bf18a086" if world.broker.kind == "nats" else known
    async with (
        connected(world.broker, world.files["fleet"], "f-over") as fleet,
        connected(world.broker, world.files["kitchen"], drawn) as kitchen,
    ):
        assert await fleet.hear(f"{T}/#")
        async with connected(world.broker, world.files["hall"], known) as thief:
            assert await thief.say(f"{T}/hall/state", b"in")
            await fleet.until(f"{T}/hall/state", b"in")
            assert await kitchen.say(f"{T}/kitchen/state", b"still here")
            await fleet.until(f"{T}/kitchen/state", b"still here")
            assert not kitchen.link.closed.done()


async def test_a_device_that_does_not_know_the_group_takes_nothing_from_workers(world: World) -> None:
    if world.broker.kind == "nats":
        pytest.skip("NATS has no shared subscriptions for MQTT")
    with opened(world.home) as database, database.transaction() as connection:
        group = share_group(connection, "cygnet-content")
        assert group == share_group(connection, "cygnet-content")
    async with (
        connected(world.broker, world.files["content"], "f-group") as worker,
        connected(world.broker, world.files["hall"], "c-hall") as thief,
        connected(world.broker, world.files["kitchen"], "c-kitchen") as kitchen,
    ):
        assert await worker.hear(f"$share/{group}/{T}/+/request")
        await thief.hear(f"$share/cygnet-content/{T}/+/request")
        for number in range(10):
            assert await kitchen.say(f"{T}/kitchen/request", b"%d" % number)
        for number in range(10):
            await worker.until(f"{T}/kitchen/request", b"%d" % number)


async def test_a_revoked_device_is_shut_out_at_once_and_the_others_stay(world: World) -> None:
    async with (
        connected(world.broker, world.files["fleet"], "f-revoke") as fleet,
        connected(world.broker, world.files["kitchen"], "c-kitchen") as kitchen,
        connected(world.broker, world.files["gone"], "c-gone") as gone,
    ):
        assert await fleet.hear(f"{T}/#")
        assert await gone.hear(f"{T}/gone/desired")
        assert await gone.say(f"{T}/gone/state", b"before")
        await fleet.until(f"{T}/gone/state", b"before")
        with opened(world.home) as database, database.transaction() as connection:
            assert Certificates(connection).bar("gone", "stolen", 1e9) == 1
        office, broker = IdentityOffice(world.home), world.broker
        assert office.write_broker(broker.kind, broker.folder, f"127.0.0.1:{broker.port}", None, None)
        broker.reload()
        if broker.kind == "nats":
            async with asyncio.timeout(15):
                await gone.link.closed
        else:
            await gone.say(f"{T}/gone/state", b"after")
            await fleet.say(f"{T}/gone/desired", b"secret")
        with pytest.raises(TransportError):
            async with connected(broker, world.files["gone"], "c-gone-again"):
                pass
        assert await kitchen.say(f"{T}/kitchen/state", b"still here")
        await fleet.until(f"{T}/kitchen/state", b"still here")
        assert (f"{T}/gone/state", b"after") not in fleet.heard
        assert not gone.heard
