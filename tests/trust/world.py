"""A fleet's real repository and a device's real verifier with an attacker between them, and a clock for all.

The attacker owns the wire: ``answers`` replaces any file by any bytes. With stolen keys it is given signers.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner, Key, Signer
from tuf.api.metadata import Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from device_runtime.keys import decode_public_key, key_id
from device_runtime.sync.desired import RootTarget
from device_runtime.sync.metadata import MetadataMissingError, MetadataTooLongError
from device_runtime.trust.keyrings import FleetKeys
from device_runtime.trust.reference_time import ReferenceTime
from device_runtime.trust.verifier import Approved, Verifier
from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.trust import ceremony, signatures
from firmware_tools.fleet.trust.keys import make_key, named, open_signer
from firmware_tools.fleet.trust.releases import Offer, offer
from firmware_tools.fleet.trust.repository import Repository
from firmware_tools.sign.keys import load_private_key

DAY = 86_400.0
BEGIN = 1_795_000_000.0
APP, ACME_APP = "org.example.lamp", "com.acme.radio"
COMPACT = JSONSerializer(compact=True)


class Person:
    """Somebody with a key of their own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.pem"
        self.key: Key = make_key(self.path, name, "")

    @property
    def signer(self) -> Signer:
        return open_signer(f"pem:{self.path}", self.key, Path("/"), lambda _name: "")


def offer_of(app_id: str, code: int, content: bytes = b"") -> Offer:
    """A release of a program, as a target."""
    data = content or f"{app_id} {code}".encode()
    digests = hashlib.sha256(b"files of " + data).hexdigest()
    return Offer(f"programs/{app_id}/{code}.ma", hashlib.sha256(data).hexdigest(), len(data), digests, f"{code}.0")


@dataclass
class World:
    """``now`` is Unix time in seconds, of the fleet; ``device_clock`` that of the device, 0 for one without a clock."""

    folder: Path
    now: float = BEGIN
    device_clock: Callable[[], float] | None = None
    answers: Mapping[str, bytes | None] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)
    passed: float = 0.0

    def __post_init__(self) -> None:
        self.home: FleetHome = init_home(self.folder / "fleet", "north")
        self.repository = Repository(self.home.directory, lambda: self.now)
        self.people = {name: Person(self.folder, name) for name in ("anna", "ben", "carla", "tess", "acme")}

    # The fleet

    def begin(self, *, house: bool = True, threshold: int = 2) -> None:
        """Root keys of Anna, Ben and Carla, two of whom must sign; targets by Tess; one lamp of the house."""
        roots = [self.people[name].key for name in ("anna", "ben", "carla")]
        targets = [self.people["tess"].key]
        ceremony.init(self.repository, "north", roots, targets, threshold=threshold, house=house)
        self.sign("root", "anna", "ben")
        self.sign("targets", "tess")
        if house:
            offer(self.repository, [offer_of(APP, 1)])

    def sign(self, role: str, *names: str) -> signatures.Progress:
        """The ceremony: the file travels to each, and comes back."""
        travelling = self.folder / f"{role}.json"
        travelling.write_bytes((self.repository.staged / f"{role}.json").read_bytes())
        for name in names:
            signatures.sign(travelling, self.people[name].signer)
        return signatures.accept(self.repository, travelling)

    def add_acme(self) -> None:
        """A developer for com.acme.*, whose key the fleet does not hold, with one radio."""
        ceremony.add_developer(self.repository, "acme", [self.people["acme"].key], ["com.acme.*"], [])
        self.sign("targets", "tess")
        self.sign("acme", "acme")
        offer(self.repository, [offer_of(ACME_APP, 1)])
        self.sign("acme", "acme")

    def keep(self) -> None:
        """What the running fleet does: sign the timestamp anew, and the snapshot."""
        with self.repository.changing():
            self.repository.renew(snapshot=True)

    def held(self, role: str) -> list[Signer]:
        """The keys of a role that lie on the fleet's machine: what its thief has."""
        held, root, targets = self.repository.settings().held, self.repository.root(), self.repository.role("targets")
        assert root is not None
        assert targets is not None
        delegator: Any = root.signed if role in root.signed.roles else targets.signed
        keys = {keyid: delegator.get_key(keyid) for keyid in delegator.get_delegated_role(role).keyids}
        return [open_signer(held[keyid], key, self.home.directory, lambda _: "") for keyid, key in keys.items()]

    def root_pin(self, version: int = 1) -> RootTarget:
        return RootTarget(version, hashlib.sha256(self.repository.root_bytes(version)).hexdigest())

    # The wire

    def fetch(self, name: str, most: int) -> bytes:
        """What the device gets: the attacker's answer, where there is one (None: no such file)."""
        self.asked.append((name, most))
        path = self.repository.metadata / name
        data = self.answers.get(name, path.read_bytes() if path.exists() else None)
        if data is None:
            raise MetadataMissingError(f"the fleet has no metadata called {name}")
        if len(data) > most:
            raise MetadataTooLongError(
                f"the metadata {name} would have {len(data)} bytes, but it may have {most} at most"
            )
        return data

    def capture(self) -> dict[str, bytes]:
        """Everything that the fleet gives now."""
        return {path.name: path.read_bytes() for path in self.repository.metadata.iterdir()}

    def replay(self, captured: dict[str, bytes]) -> None:
        """The attacker answers with what it captured, and withholds what came since."""
        self.answers = dict.fromkeys(self.capture()) | captured

    # The device

    def device(self, name: str = "device", pin: RootTarget | None = None) -> "DeviceSide":
        return DeviceSide(self, self.folder / name, pin or self.root_pin())


class DeviceSide:
    """One device: what it has believed lies in ``folder``, so that a new one there is the same after a restart."""

    def __init__(self, world: World, folder: Path, pin: RootTarget) -> None:
        folder.mkdir(exist_ok=True)
        fleet_key = load_private_key(world.home.key_file).public_key()
        self.keys = FleetKeys(fleet_key)
        clock = world.device_clock or (lambda: world.now)
        self.time = ReferenceTime(folder / "clock.json", clock, lambda: world.passed)
        self.verifier = Verifier(folder, "north", pin, self.keys, self.time)
        self._world = world

    def refresh(self) -> None:
        self.verifier.refresh(self._world.fetch)

    def sees(self, path: str) -> Approved | None:
        """What it would install now under this path."""
        self.refresh()
        return self.verifier.find(path)

    def trusts(self, key: str) -> bool:
        """Whether desired documents of this key (base64) count."""
        return key_id(decode_public_key(key)) in self.keys.desired


# What a thief makes


def resigned(metadata: Metadata[Any], signers: list[Signer]) -> bytes:
    """The same, signed by these and nobody else."""
    metadata.signatures.clear()
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes(COMPACT)


def stranger() -> Signer:
    """A key that nobody trusts."""
    signer = CryptoSigner.generate_ed25519()
    named(signer.public_key, "mallory")
    return signer


def later(metadata: Metadata[Any], days: float, now: float) -> None:
    metadata.signed.expires = datetime.fromtimestamp(int(now + days * DAY), UTC)


def forge(
    world: World,
    changed: dict[str, bytes],
    snapshot_signers: list[Signer],
    timestamp_signers: list[Signer],
    *,
    ahead: int = 1,
) -> dict[str, bytes]:
    """Answers in which these roles' files are part of a new state, ``ahead`` versions later."""
    stamp, before = world.repository.timestamp(), world.repository.snapshot()
    assert stamp is not None
    assert before is not None
    answers: dict[str, bytes] = {}
    snapshot: Metadata[Snapshot] = Metadata(
        Snapshot(version=before.signed.version + ahead, expires=before.signed.expires, meta=dict(before.signed.meta))
    )
    for name, data in changed.items():
        version = Metadata.from_bytes(data).signed.version
        snapshot.signed.meta[f"{name}.json"] = MetaFile.from_data(version, data, ["sha256"])
        answers[f"{version}.{name}.json"] = data
    later(snapshot, 7, world.now)
    data = resigned(snapshot, snapshot_signers)
    answers[f"{snapshot.signed.version}.snapshot.json"] = data
    new: Metadata[Timestamp] = Metadata(
        Timestamp(
            version=stamp.signed.version + ahead,
            expires=stamp.signed.expires,
            snapshot_meta=MetaFile.from_data(snapshot.signed.version, data, ["sha256"]),
            unrecognized_fields={"x-issued": int(world.now)},
        )
    )
    later(new, 1, world.now)
    answers["timestamp.json"] = resigned(new, timestamp_signers)
    return answers


def with_target(metadata: Metadata[Targets], item: Offer) -> Metadata[Targets]:
    """The next version of a role's metadata with one more target."""
    metadata.signed.version += 1
    metadata.signed.targets[item.path] = TargetFile(
        item.size, {"sha256": item.sha256}, item.path, {"custom": {"digests": item.digests}}
    )
    return metadata
