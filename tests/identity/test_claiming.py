"""From a code to an identity, over a real broker with the generated rights."""

import asyncio
import dataclasses
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from device_runtime.errors import CygnetError
from device_runtime.host.claiming import ClaimAccess, ClaimError, claim
from device_runtime.host.identity_folder import IdentityFolder, identity_of
from device_runtime.host.provisioning import Provisioning, load_provisioning
from device_runtime.sync.certificates import certification_request, new_key
from device_runtime.sync.claim_codes import signing_key
from device_runtime.sync.identity_messages import ClaimRequest, IdentityAnswer, claim_bytes
from device_runtime.sync.messages import DesiredRequest, State, encode
from device_runtime.sync.transport import TlsFiles
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import ConflictError, FleetError
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.identity.claims import Claims, NewClaim
from firmware_tools.fleet.identity.desk import IdentityDesk
from firmware_tools.fleet.server import RunningFleet, run_fleet
from tests.brokers import free_port
from tests.fleet.devices import eventually
from tests.identity.test_answers import answer, authority, document
from tests.identity.world import RunningBroker, connected, make_home, running_broker
from tests.trust.power import every_cut

pytestmark = pytest.mark.broker


@dataclass
class Scene:
    home: FleetHome
    broker: RunningBroker
    fleet: RunningFleet
    folder: Path

    @property
    def bundle(self) -> ClaimAccess:
        made = self.home.directory / "identity" / "claim"
        url = f"mqtts://localhost:{self.broker.port}"
        return ClaimAccess(url, TlsFiles(made / "ca.pem", made / "claim.pem", made / "claim.key"))

    @property
    def desk(self) -> IdentityDesk:
        desk = self.fleet.service.identities
        assert isinstance(desk, IdentityDesk)
        return desk

    async def make(self, **options: object) -> NewClaim:
        members = {"count": 1, "device": None, "tags": (), "days": 1.0, "now": time.time(), **options}
        made = await self.fleet.service.change(
            lambda registry: Claims(registry.connection).create(**members)  # type: ignore[arg-type]
        )
        return made[0]

    async def claim(self, code: str, device: str = "", into: str = "device", patience: float = 15.0) -> Provisioning:
        return await claim(self.bundle, code, device, IdentityFolder(self.folder / into), patience=patience)

    async def ask(self, code: str, device: str = "", key: object = None, **changes: object) -> IdentityAnswer:
        """What the desk says to a claim, past the broker."""
        signer = signing_key(code)
        csr = certification_request(key or new_key(), "x")  # type: ignore[arg-type]
        signature = signer.sign(claim_bytes("north", device, csr))
        request = ClaimRequest("1", csr, signer.public_key().public_bytes_raw(), signature, device)
        claimer = next(iter(self.desk._claimers))
        return await self.desk.answer(claimer, dataclasses.replace(request, **changes))  # type: ignore[arg-type]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    port = free_port()
    home = make_home(tmp_path, port, "mosquitto")
    with running_broker(home, "mosquitto", port, tmp_path / "broker") as broker:
        async with run_fleet(home) as fleet:
            await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
            yield Scene(home, broker, fleet, tmp_path)


async def test_a_device_claims_connects_and_is_heard(scene: Scene) -> None:
    made = await scene.make(device="kitchen", tags=("room:k",))
    provisioning = await scene.claim(made.code.lower())
    assert (provisioning.fleet, provisioning.device) == ("north", "kitchen")
    assert provisioning.path is not None
    read = load_provisioning(provisioning.path)
    assert read == provisioning
    identity = identity_of(read)
    assert identity is not None
    assert identity.files.key is not None
    assert identity.files.key.stat().st_mode & 0o077 == 0
    async with connected(scene.broker, identity.files, "kitchen") as device:
        assert await device.hear("cygnet/1/north/kitchen/desired")
        await device.say("cygnet/1/north/kitchen/state", encode(State("online", 7)), retain=True)
        await eventually(lambda: scene.fleet.service._states.get("kitchen") == State("online", 7), "it is heard")
    tags = await scene.fleet.rollouts.tags()
    assert tags == {"kitchen": ["room:k"]}


async def test_a_device_proposes_its_id_where_the_claim_names_none(scene: Scene) -> None:
    made = await scene.make()
    with pytest.raises(ClaimError, match="lets the device choose its id"):
        await scene.claim(made.code)
    assert (await scene.claim(made.code, "lamp.2")).device == "lamp.2"
    other = await scene.make()
    with pytest.raises(ClaimError, match="is taken"):
        await scene.claim(other.code, "lamp.2", "thief")
    with pytest.raises(ClaimError, match="fleet's own"):
        await scene.claim(other.code, "claim-0123456789ab", "thief")
    assert not (scene.folder / "thief" / "provisioning.toml").exists()


async def test_wrong_codes_are_all_answered_alike(scene: Scene) -> None:
    used, revoked, fresh = await scene.make(device="a"), await scene.make(device="b"), await scene.make(device="c")
    expired = await scene.make(device="d", now=time.time() - 2 * 86_400)
    await scene.claim(used.code)
    await scene.fleet.service.change(lambda registry: Claims(registry.connection).revoke(revoked.claim.id, time.time()))
    unknown = signing_key((await scene.make(device="e", now=1.0)).code)  # of a claim that expired long ago
    sentences = set()
    for code in (used.code, revoked.code, expired.code):
        answer = await scene.ask(code)
        sentences.add(answer.error)
    forged = await scene.ask(fresh.code, verifier=unknown.public_key().public_bytes_raw())
    unsigned = await scene.ask(fresh.code, signature=bytes(64))
    for_another = await scene.ask(fresh.code, device="c", csr=certification_request(new_key(), "c"))
    sentences |= {forged.error, unsigned.error, for_another.error}
    assert len(sentences) == 1
    assert all("not good here" in sentence for sentence in sentences)
    assert scene.desk.counters.wrong == 6
    assert (await scene.ask(fresh.code)).document  # and it was not used up meanwhile


async def test_wrong_codes_are_held_back_and_right_ones_work_again_later(scene: Scene) -> None:
    seconds = 0.0
    desk = IdentityDesk(
        scene.fleet.service,
        scene.desk._authority,
        scene.desk._settings,
        scene.fleet.operations.joining,
        scene.desk._reissue.sign,
        monotonic=lambda: seconds,
    )
    desk.learn([], scene.desk._claimers)
    scene.fleet.service.identities = desk
    good = await scene.make(device="kitchen")
    wrong = await scene.make(device="hall", now=1.0)
    answers = [await scene.ask(wrong.code) for _ in range(60)]
    assert sum(answer.retry_after == 0 for answer in answers) == 20
    held = await scene.ask(good.code)
    assert held.retry_after > 0
    assert not held.document
    seconds = 10.0
    assert (await scene.ask(good.code)).document
    assert desk.counters.held_back == 41


async def test_a_claim_whose_answer_was_lost_is_answered_the_same_and_to_the_same_key_only(scene: Scene) -> None:
    made, key = await scene.make(device="kitchen"), new_key()
    first = await scene.ask(made.code, key=key)
    again = await scene.ask(made.code, key=key)
    assert first.document == again.document != b""
    assert not (await scene.ask(made.code, key=new_key())).document
    assert (scene.desk.counters.granted, scene.desk.counters.repeated) == (1, 1)


async def test_of_many_that_use_one_code_at_once_one_gets_in(scene: Scene) -> None:
    made = await scene.make()
    answers = await asyncio.gather(*(scene.ask(made.code, f"device-{number}") for number in range(8)))
    assert sum(bool(answer.document) for answer in answers) == 1
    devices = await scene.fleet.service.read(lambda registry, _: registry.device_ids())
    assert len(devices) == 1


async def test_devices_that_claim_at_once_with_one_provisioning_certificate_all_get_in(scene: Scene) -> None:
    codes = [(await scene.make(device=f"device-{number}")).code for number in range(4)]
    made = await asyncio.gather(*(scene.claim(code, into=f"d{at}") for at, code in enumerate(codes)))
    assert [provisioning.device for provisioning in made] == [f"device-{number}" for number in range(4)]


async def test_a_device_that_claims_anew_has_its_former_certificates_revoked(scene: Scene) -> None:
    first = await scene.claim((await scene.make(device="kitchen")).code, into="first")
    second = await scene.claim((await scene.make(device="kitchen")).code, into="second")
    assert first.cert is not None
    assert second.cert is not None
    before, after = identity_of(first), identity_of(second)
    assert before is not None
    assert after is not None
    await eventually(lambda: "eload" in scene.broker.log(), "the broker is told")
    async with connected(scene.broker, after.files, "kitchen"):
        pass

    async def shut_out() -> None:
        while True:
            try:
                async with connected(scene.broker, before.files, "kitchen"):
                    pass
            except Exception:  # noqa: BLE001 - whatever keeps it out
                return

    async with asyncio.timeout(15):
        await shut_out()


async def test_a_revoked_device_is_not_heard_whatever_its_broker_lets_through(scene: Scene) -> None:
    await scene.ask((await scene.make(device="kitchen")).code)
    service, said = scene.fleet.service, encode(State("online", 9))
    scene.desk.bar("kitchen")
    for channel in ("telemetry", "state", "reported"):
        service.on_message(f"cygnet/1/north/kitchen/{channel}", said, False)
    service.on_message("cygnet/1/north/kitchen/request", encode(DesiredRequest("1", 0)), False)
    assert service.counters.refused == 4
    assert "kitchen" not in service._states
    scene.desk.learn([], [])
    service.on_message("cygnet/1/north/kitchen/state", said, False)
    assert service._states["kitchen"] == State("online", 9)


def test_the_power_may_go_at_any_step_of_claiming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = authority(tmp_path / "ca")
    issuer = made.issuer()
    said = dataclasses.replace(document(issuer), fleet_key="iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=")
    assert answer(issuer, said).document
    for number, cut in enumerate(every_cut(monkeypatch)):
        folder = IdentityFolder(tmp_path / f"device{number}")
        with cut():
            key = folder.pending_key()
            folder.found(said, folder.stage(said, key))
        if folder.claimed:
            read = load_provisioning(folder.provisioning_file)
            assert read.device == "kitchen"
            assert all(path is not None and path.exists() for path in (read.cert, read.key, read.ca))
        else:
            kept = folder.pending_key()
            assert kept.private_numbers() == folder.pending_key().private_numbers()
            folder.found(said, folder.stage(said, kept))
        assert folder.claimed


async def test_a_claim_that_was_used_or_is_unknown_cannot_be_revoked(scene: Scene) -> None:
    made = await scene.make(device="kitchen")
    await scene.ask(made.code)
    for claim_id, kind in ((made.claim.id, ConflictError), (secrets.token_hex(6), FleetError)):
        with pytest.raises(kind):
            await scene.fleet.service.change(
                lambda registry, id_=claim_id: Claims(registry.connection).revoke(id_, time.time())  # type: ignore[misc]
            )


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('claims') / 'fleet.db'}")
    yield made
    made.close()


@pytest.mark.parametrize(
    "options",
    [{"count": 0}, {"count": 10_001}, {"count": 2, "device": "a"}, {"days": 0}, {"days": 4_000}, {"tags": ("A B",)},
     {"device": "claim-0123456789ab"}, {"device": "UP"}],
    ids=str,
)  # fmt: skip
def test_claims_out_of_range_are_refused(database: Database, options: dict[str, object]) -> None:
    members = {"count": 1, "device": None, "tags": (), "days": 1.0, "now": 1.0, **options}
    with database.transaction() as connection, pytest.raises(CygnetError):
        Claims(connection).create(**members)  # type: ignore[arg-type]
