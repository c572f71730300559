"""Attacks as a table: who the attacker is, what is done, what the device says, and what it would install then.

In each, the device first believes an honest fleet. The attacker owns the wire always; keys are stolen where it says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Timestamp

from device_runtime.keys import encode_public_key
from device_runtime.trust.errors import TrustError
from firmware_tools.fleet.trust import ceremony
from firmware_tools.fleet.trust.releases import offer, published, withdraw
from firmware_tools.sign.keys import load_private_key
from tests.trust.world import (
    ACME_APP,
    APP,
    BEGIN,
    DAY,
    DeviceSide,
    Person,
    World,
    forge,
    offer_of,
    resigned,
    stranger,
    with_target,
)

EVIL = offer_of(APP, 2, b"evil")
EVIL_ACME = offer_of(ACME_APP, 2, b"evil for acme")


@dataclass(frozen=True)
class Attack:
    """``strike`` sets the attacker's answers. The refusal holds ``says``; where it is empty, ``path``
    stays what it was. ``online``: the keys of snapshot and timestamp were used, so that a root has to replace them."""

    name: str
    strike: Callable[[World], None]
    says: tuple[str, ...]
    path: str = EVIL.path
    online: bool = False

    def __str__(self) -> str:
        return self.name


def unsigned_software(world: World) -> None:
    """The wire alone: a target put into the house's metadata, signed by a key of the attacker's."""
    house = world.repository.role("house")
    assert house
    thief = stranger()
    world.answers = forge(world, {"house": resigned(with_target(house, EVIL), [thief])}, [thief], [thief])


def software_in_old_metadata(world: World) -> None:
    """The wire alone: a file is swapped below metadata that is honest."""
    house = world.repository.role("house")
    assert house
    name = f"{house.signed.version}.house.json"
    world.answers = {name: resigned(with_target(house, EVIL), [stranger()])}
    world.folder.joinpath("device", "metadata", "house.json").unlink()


def software_by_online_keys(world: World) -> None:
    """Snapshot and timestamp keys stolen: a house's target, signed by nobody who may."""
    house = world.repository.role("house")
    assert house
    data = resigned(with_target(house, EVIL), [*world.held("snapshot"), *world.held("timestamp")])
    world.answers = forge(world, {"house": data}, world.held("snapshot"), world.held("timestamp"))


def software_of_acme_by_the_house(world: World) -> None:
    """Everything on the fleet's machine stolen, the house's key too: it signs what is another developer's."""
    house = world.repository.role("house")
    assert house
    data = resigned(with_target(house, EVIL_ACME), world.held("house"))
    world.answers = forge(world, {"house": data}, world.held("snapshot"), world.held("timestamp"))


def software_of_the_house_by_acme(world: World) -> None:
    """Acme's key stolen, and the fleet lists what it signs: a program outside of com.acme.*."""
    acme = world.repository.role("acme")
    assert acme
    data = resigned(with_target(acme, EVIL), [world.people["acme"].signer])
    world.answers = forge(world, {"acme": data}, world.held("snapshot"), world.held("timestamp"))


def developers_by_the_targets_key(world: World) -> None:
    """A targets key stolen, and nothing else: the house's ids go to a key of the attacker's."""
    targets = world.repository.role("targets")
    assert targets
    thief = stranger()
    targets.signed.version += 1
    delegations = targets.signed.delegations
    assert delegations is not None
    assert delegations.roles is not None
    delegations.roles["house"].keyids = [thief.public_key.keyid]
    delegations.keys[thief.public_key.keyid] = thief.public_key
    house = world.repository.role("house")
    assert house
    changed = {
        "targets": resigned(targets, [world.people["tess"].signer]),
        "house": resigned(with_target(house, EVIL), [thief]),
    }
    world.answers = forge(world, changed, [thief], [thief])


def new_root_by_one(world: World) -> None:
    """One of three root keys stolen, two are needed: a root with keys of the attacker's."""
    root = world.repository.root()
    assert root
    thief = stranger()
    root.signed.version += 1
    for name in ("targets", "snapshot", "timestamp"):
        root.signed.add_key(thief.public_key, name)
    world.answers = {"2.root.json": resigned(root, [world.people["anna"].signer, thief])}


def new_root_by_itself(world: World) -> None:
    """No key stolen: a root that is good by itself, and not by the one before."""
    root = world.repository.root()
    assert root
    thief = stranger()
    root.signed.version += 1
    root.signed.roles["root"].keyids, root.signed.roles["root"].threshold = [thief.public_key.keyid], 1
    root.signed.keys[thief.public_key.keyid] = thief.public_key
    world.answers = {"2.root.json": resigned(root, [thief])}


def root_that_skips(world: World) -> None:
    """Two root keys stolen would do; here the honest next root is answered under a number that is not its own."""
    root = world.repository.root()
    assert root
    root.signed.version = 7
    world.answers = {"2.root.json": resigned(root, [world.people["anna"].signer, world.people["ben"].signer])}


def rollback_of_timestamp(world: World) -> None:
    """The wire alone: yesterday's answers, which were good then and have not expired."""
    captured = world.capture()
    world.keep()
    DeviceSide(world, world.folder / "device", world.root_pin()).refresh()
    world.replay(captured)


def rollback_of_snapshot(world: World) -> None:
    """The timestamp's key stolen: it names the snapshot of before."""
    captured = world.capture()
    world.keep()
    DeviceSide(world, world.folder / "device", world.root_pin()).refresh()
    old: Metadata[Timestamp] = Metadata.from_bytes(captured["timestamp.json"])
    old.signed.version += 5
    world.replay({**captured, "timestamp.json": resigned(old, world.held("timestamp"))})


def rollback_of_a_developer(world: World) -> None:
    """Snapshot and timestamp keys stolen: a snapshot with a release less than before."""
    first = Metadata.from_bytes((world.repository.metadata / "1.acme.json").read_bytes()).to_bytes()
    world.answers = forge(world, {"acme": first}, world.held("snapshot"), world.held("timestamp"))


def freeze(world: World) -> None:
    """The wire alone: today's answers for ever, and the device's clock goes on."""
    world.replay(world.capture())
    world.now += 2 * DAY


def freeze_of_root(world: World) -> None:
    """The root is a year old, and nobody has signed another."""
    world.now += 366 * DAY
    world.keep()


def freeze_of_targets(world: World) -> None:
    """The people of the root have renewed theirs, the one of the targets has not."""
    world.now += 360 * DAY
    ceremony.renew(world.repository, "root")
    world.sign("root", "ben", "carla")
    world.now += 10 * DAY
    world.keep()
    Path(world.folder, "device", "metadata", "targets.json").unlink()


def endless_timestamp(world: World) -> None:
    """The wire alone: a timestamp that does not end."""
    world.answers = {"timestamp.json": b" " * 20_000_000}


def endless_root(world: World) -> None:
    """The wire alone: a root that does not end."""
    world.answers = {"2.root.json": b"[" * 20_000_000}


def endless_snapshot(world: World) -> None:
    """The timestamp's key stolen: it says that the snapshot has two gigabytes, and so it has."""
    stamp = world.repository.timestamp()
    assert stamp
    stamp.signed.version += 1
    stamp.signed.snapshot_meta.version += 1
    stamp.signed.snapshot_meta.length = 2_000_000_000
    name = f"{stamp.signed.snapshot_meta.version}.snapshot.json"
    world.answers = {"timestamp.json": resigned(stamp, world.held("timestamp")), name: b" " * 5_000_000}


def mix_and_match(world: World) -> None:
    """The wire alone: the newest timestamp and snapshot, with a developer's metadata of another state."""
    old = world.capture()[f"{_version(world, 'house')}.house.json"]
    offer(world.repository, [offer_of(APP, 3)])
    world.answers = {f"{_version(world, 'house')}.house.json": old}


def mix_of_snapshots(world: World) -> None:
    """The wire alone: the newest timestamp, with the snapshot of before."""
    stamp = world.repository.timestamp()
    assert stamp
    old = (world.repository.metadata / f"{stamp.signed.snapshot_meta.version}.snapshot.json").read_bytes()
    world.keep()
    world.answers = {f"{stamp.signed.snapshot_meta.version + 1}.snapshot.json": old}


def role_for_another(world: World) -> None:
    """The wire alone: honest metadata of the house in the place of acme's."""
    house = (world.repository.metadata / f"{_version(world, 'house')}.house.json").read_bytes()
    world.answers = {f"{_version(world, 'acme')}.acme.json": house}
    world.folder.joinpath("device", "metadata", "acme.json").unlink()


def no_metadata(world: World) -> None:
    """The wire alone: rubbish."""
    world.answers = {"timestamp.json": b"\x00\xff" * 100}


def nested_metadata(world: World) -> None:
    """The wire alone: JSON that is deeper than a parser's stack."""
    world.answers = {"timestamp.json": b"[" * 16_000}


def root_of_another_fleet(world: World) -> None:
    """Root keys are shared by two fleets: a root of the other one is signed well."""
    root = world.repository.root()
    assert root
    root.signed.version += 1
    root.signed.unrecognized_fields["x-cygnet"]["fleet"] = "south"
    world.answers = {"2.root.json": resigned(root, [world.people["anna"].signer, world.people["ben"].signer])}


def _version(world: World, name: str) -> int:
    role = world.repository.role(name)
    assert role
    return role.signed.version


OLD = f"programs/{ACME_APP}/1.ma"
REFUSED = "is refused"
ATTACKS = [
    Attack(
        "arbitrary software, no key", unsigned_software, ("timestamp version", REFUSED, "signed by 0", "expected 1")
    ),
    Attack(
        "arbitrary software below honest metadata",
        software_in_old_metadata,
        ("house version 2", REFUSED, "bytes", "at most"),
    ),
    Attack(
        "arbitrary software, online keys",
        software_by_online_keys,
        ("house version 3", REFUSED, "signed by 0"),
        online=True,
    ),
    Attack("a developer's app id by the house's key", software_of_acme_by_the_house, (), EVIL_ACME.path, online=True),
    Attack("another's app id by a developer's key", software_of_the_house_by_acme, (), online=True),
    Attack("targets' key alone", developers_by_the_targets_key, ("timestamp version", REFUSED, "signed by 0")),
    Attack("a root by one key of two", new_root_by_one, ("root version 2", REFUSED, "signed by 1", "expected 2")),
    Attack("a root by itself", new_root_by_itself, ("root version 2", REFUSED, "signed by 0", "expected 2")),
    Attack("a root that skips versions", root_that_skips, ("root version 2", REFUSED, "Expected root version 2", "7")),
    Attack(
        "a root of another fleet", root_of_another_fleet, ("root version 2", REFUSED, "'south'", "expected 'north'")
    ),
    Attack("rollback of the timestamp", rollback_of_timestamp, ("timestamp version", REFUSED, "must be >=")),
    Attack(
        "rollback of the snapshot, timestamp's key",
        rollback_of_snapshot,
        ("timestamp", REFUSED, "must be >="),
        online=True,
    ),
    Attack(
        "rollback of a developer, online keys",
        rollback_of_a_developer,
        ("snapshot version", REFUSED, "acme.json"),
        online=True,
    ),
    Attack("indefinite freeze", freeze, ("timestamp version", REFUSED, "expired on", "or later")),
    Attack("freeze: an old root", freeze_of_root, ("root version 1", REFUSED, "expired on")),
    Attack("freeze: old targets", freeze_of_targets, ("targets version 2", REFUSED, "expired on")),
    Attack("endless data: timestamp", endless_timestamp, ("timestamp", REFUSED, "20000000 bytes", "16384 at most")),
    Attack("endless data: root", endless_root, ("root version 2", REFUSED, "131072 at most")),
    Attack(
        "endless data: snapshot, timestamp's key",
        endless_snapshot,
        ("snapshot", REFUSED, "4194304 at most"),
        online=True,
    ),
    Attack("mix-and-match: a developer of before", mix_and_match, ("house version 3", REFUSED, "SHA-256")),
    Attack("mix-and-match: a snapshot of before", mix_of_snapshots, ("snapshot version", REFUSED, "SHA-256")),
    Attack("one role's metadata for another's", role_for_another, ("acme version 2", REFUSED, "at most"), OLD),
    Attack("no metadata at all", no_metadata, ("timestamp", REFUSED, "expected signed JSON")),
    Attack("metadata that is too deep", nested_metadata, ("timestamp", REFUSED, "expected signed JSON")),
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.begin()
    made.add_acme()
    return made


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_an_attack_is_refused_in_one_sentence_and_recovered_from(world: World, attack: Attack) -> None:
    device = world.device()
    before = {path: device.sees(path) for path in (attack.path, f"programs/{APP}/1.ma", OLD)}
    assert before[OLD] is not None
    attack.strike(world)
    after_a_restart = world.device()
    for victim in (device, after_a_restart):
        if attack.says:
            with pytest.raises(TrustError) as refused:
                victim.sees(attack.path)
            sentence = str(refused.value)
            assert all(part in sentence for part in attack.says), sentence
            assert "\n" not in sentence
            assert len(sentence) < 500
            assert refused.value.cause == "refused"
        else:
            assert victim.sees(attack.path) == before[attack.path], "only who may sign for it counts"
    assert max((most for _, most in world.asked), default=0) <= 4 * 1024 * 1024
    if "freeze: " not in attack.name:
        world.answers = {}
        if attack.online:
            ceremony.rotate(world.repository, "online")
            world.sign("root", "ben", "carla")
        world.keep()  # the honest fleet goes on
        assert device.sees(OLD) == before[OLD]


def test_a_name_that_is_withheld_is_told_as_unreachable(world: World) -> None:
    device = world.device()
    device.refresh()
    world.answers = {"timestamp.json": None}
    with pytest.raises(TrustError, match="timestamp did not come") as missing:
        device.refresh()
    assert missing.value.cause == "unreachable"


def test_a_root_that_is_not_the_pinned_one_is_refused(world: World) -> None:
    world.answers = {"1.root.json": World(_sub(world)).home.settings_file.read_bytes()}
    with pytest.raises(TrustError, match=r"root version 1 is refused: its SHA-256 is .*, expected"):
        world.device().refresh()


def _sub(world: World) -> Path:
    other = world.folder / "other"
    other.mkdir()
    return other


# Fast-forward, and coming back from it


@dataclass(frozen=True)
class Forward:
    """Stolen keys name versions that nobody reaches honestly; new keys in a root bring the fleet back."""

    name: str
    changed: Callable[[World], dict[str, bytes]]

    def __str__(self) -> str:
        return self.name


def nothing_but_numbers(_world: World) -> dict[str, bytes]:
    return {}


def a_developer_far_ahead(world: World) -> dict[str, bytes]:
    acme = world.repository.role("acme")
    assert acme
    acme.signed.version = 2**31
    return {"acme": resigned(acme, [world.people["acme"].signer])}


@pytest.mark.parametrize(
    "forward",
    [Forward("snapshot and timestamp", nothing_but_numbers), Forward("a developer too", a_developer_far_ahead)],
    ids=str,
)
def test_a_fast_forward_holds_up_the_fleet_until_a_root_names_other_keys(world: World, forward: Forward) -> None:
    device = world.device()
    device.refresh()
    snapshot, timestamp = world.held("snapshot"), world.held("timestamp")
    world.answers = forge(world, forward.changed(world), snapshot, timestamp, ahead=2**31)
    device.refresh()
    world.answers = {}
    with pytest.raises(TrustError, match=r"timestamp version .* is refused: its version goes back"):
        device.refresh()
    ceremony.rotate(world.repository, "online")
    world.sign("root", "ben", "carla")
    assert device.sees(OLD) is not None
    assert world.device().sees(OLD) is not None, "also after a restart"
    world.answers = forge(world, {}, snapshot, timestamp, ahead=2**31 + 1)
    with pytest.raises(TrustError, match="signed by 0 of the keys"):
        device.refresh()


def test_a_time_in_the_far_future_counts_no_more_when_its_keys_are_replaced(world: World) -> None:
    device = world.device()
    device.refresh()
    world.now, honest = 32_503_680_000.0, world.now  # the thief says that it is the year 3000
    stamp = forge(world, {}, world.held("snapshot"), world.held("timestamp"))
    world.now = honest
    world.answers = stamp
    device.refresh()
    world.answers = {}
    with pytest.raises(TrustError, match=r"expired on 2027.*, and it is 3000-01-01"):
        world.device().refresh()
    ceremony.rotate(world.repository, "online")
    world.sign("root", "ben", "carla")
    assert world.device().sees(OLD) is not None


# A device without a clock


def test_a_device_without_a_clock_takes_the_time_from_the_fleet(tmp_path: Path) -> None:
    world = World(tmp_path, device_clock=lambda: 0.0)
    world.begin()
    old = world.capture()
    device = world.device()
    device.refresh()
    assert device.time.now() == pytest.approx(BEGIN, abs=1)
    world.replay(old)
    device.time.note(BEGIN + 2 * DAY)  # a desired document that the fleet signed two days later
    for victim in (device, world.device()):  # it is kept on the disk
        with pytest.raises(
            TrustError, match=r"timestamp version 2 is refused: it expired on .*, and it is .* or later"
        ):
            victim.refresh()


def test_without_any_word_of_the_fleet_the_time_goes_on_while_the_device_runs(tmp_path: Path) -> None:
    world = World(tmp_path, device_clock=lambda: 0.0)
    world.begin()
    device = world.device()
    device.refresh()
    world.replay(world.capture())
    world.passed += 2 * DAY  # of the monotonic clock: no message came that tells the time
    with pytest.raises(TrustError, match="expired on"):
        device.refresh()


def test_metadata_that_expired_before_the_device_was_made_is_refused_by_the_root_s_time(tmp_path: Path) -> None:
    world = World(tmp_path, device_clock=lambda: 0.0)
    world.begin()
    stale = world.capture()
    world.now += 40 * DAY
    ceremony.renew(world.repository, "root")
    world.sign("root", "anna", "ben")
    device = world.device(pin=world.root_pin(2))
    world.answers = {"timestamp.json": stale["timestamp.json"]}
    with pytest.raises(TrustError, match=r"timestamp version .* expired on"):
        device.refresh()


# Stolen keys and recovery


def test_a_stolen_developer_s_key_reaches_its_own_app_ids_until_it_is_replaced(world: World) -> None:
    device = world.device()
    thief = world.people["acme"].signer
    staged = offer(world.repository, [EVIL_ACME])  # the thief got it published, and signs for it
    assert staged == ["acme"]
    world.sign("acme", "acme")
    assert device.sees(EVIL_ACME.path) is not None, "within its app ids, a stolen key is the developer's"
    assert device.sees(EVIL.path) is None

    world.people["acme"].path.rename(world.folder / "acme-stolen.pem")
    world.people["acme"] = Person(world.folder, "acme")
    ceremony.add_developer(world.repository, "acme", [world.people["acme"].key], ["com.acme.*"], [])
    world.sign("targets", "tess")
    with pytest.raises(TrustError, match="acme version 3 is refused: it is signed by 0"):
        device.sees(OLD)
    withdraw(world.repository, EVIL_ACME.path)
    world.sign("acme", "acme")
    assert device.sees(EVIL_ACME.path) is None
    assert device.sees(OLD) is not None
    assert EVIL_ACME.path not in published(world.repository)
    acme = world.repository.role("acme")
    assert acme
    data = resigned(with_target(acme, EVIL_ACME), [thief])
    world.answers = forge(world, {"acme": data}, world.held("snapshot"), world.held("timestamp"))
    with pytest.raises(TrustError, match="acme version 5 is refused: it is signed by 0"):
        device.sees(EVIL_ACME.path)


def test_a_developer_who_is_removed_signs_for_nothing(world: World) -> None:
    device = world.device()
    assert device.sees(OLD) is not None
    ceremony.remove_developer(world.repository, "acme")
    world.sign("targets", "tess")
    assert device.sees(OLD) is None
    assert device.sees(f"programs/{APP}/1.ma") is not None


def test_a_stolen_fleet_key_signs_nothing_once_a_root_names_another(world: World) -> None:
    device = world.device()
    device.refresh()
    stolen = encode_public_key(load_private_key(world.home.key_file).public_key())
    assert device.trusts(stolen)
    told: list[bool] = []
    device.verifier.on_new_signers = lambda: told.append(True)
    ceremony.recover(world.repository)
    world.sign("root", "anna", "carla")
    world.sign("targets", "tess")
    device.refresh()
    new = encode_public_key(load_private_key(world.home.key_file).public_key())
    assert new != stolen
    assert (device.trusts(new), device.trusts(stolen), told) == (True, False, [True])
    assert not world.device().trusts(stolen), "also after a restart"
    assert set(device.keys.sealing) > set(device.keys.desired), "what it sealed before still opens"


def test_stolen_root_keys_below_the_threshold_are_replaced(world: World) -> None:
    device = world.device()
    device.refresh()
    stolen = world.people["anna"].signer
    world.people["dora"] = Person(world.folder, "dora")
    ceremony.rotate(world.repository, "root", add=[world.people["dora"].key], remove=["anna"])
    world.sign("root", "ben", "carla")
    assert device.sees(OLD) is not None
    assert device.verifier.root_version == 2
    root = world.repository.root()
    assert root
    root.signed.version += 1
    world.answers = {"3.root.json": resigned(root, [stolen, world.people["ben"].signer])}
    with pytest.raises(TrustError, match="root version 3 is refused: it is signed by 1 of the keys"):
        device.refresh()


def test_a_device_that_was_off_for_many_rotations_follows_them_all(world: World) -> None:
    device = world.device()
    device.refresh()
    for _ in range(6):
        world.now += 90 * DAY
        ceremony.rotate(world.repository, "online")
        world.sign("root", "anna", "ben")
    ceremony.renew(world.repository, "targets")
    world.sign("targets", "tess")
    ceremony.renew(world.repository, "acme")
    world.sign("acme", "acme")
    assert device.sees(OLD) is not None
    assert device.verifier.root_version == 7
    world.asked.clear()
    world.device().refresh()
    assert [name for name, _ in world.asked if "root" in name] == ["8.root.json"], "it begins where it was"
