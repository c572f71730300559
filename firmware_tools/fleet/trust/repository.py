"""The files of the repository, and how a change of them is published: all of it at once, or nothing.

```
trust/trust.json      which keys the fleet holds (firmware_tools/fleet/trust/settings.py)
trust/metadata/       what devices fetch: timestamp.json, and by version root, snapshot, targets and each developer's
trust/staged/         what waits for signatures: root.json, targets.json, <developer>.json
keys/trust/           keys of roles that the fleet signs for by itself, mode 0600
```

``timestamp.json`` is what makes a change visible, and it is replaced last. A root is visible by its name alone; a crash
between it and the timestamp is healed by :meth:`Repository.advance`, which reads what is staged again.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from securesystemslib.signer import Key
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Signed, Snapshot, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from device_runtime.keys import encode_public_key
from device_runtime.sealed.durable import sync_directory, write_whole
from device_runtime.sync.metadata_messages import METADATA_NAME
from firmware_tools.fleet.errors import FleetError, NotFoundError, StorageError
from firmware_tools.fleet.trust.keys import Secrets, open_signer, unattended
from firmware_tools.fleet.trust.settings import DAY, TrustSettings, read_settings, write_settings
from firmware_tools.sign.keys import load_private_key

S = TypeVar("S", bound=Signed)
ISSUED = "x-issued"
_SERIALIZER = JSONSerializer(compact=True)


class Repository:
    """The repository of the fleet in ``home``. Read it from any thread; change it within :meth:`changing`."""

    def __init__(self, home: Path, clock: Callable[[], float] = time.time, secrets: Secrets = unattended) -> None:
        """``clock``: Unix time in seconds; ``secrets``: for keys that the fleet holds."""
        self.home, self.clock, self._secrets = home, clock, secrets
        self._folder = home / "trust"
        self.metadata, self.staged = self._folder / "metadata", self._folder / "staged"

    @property
    def exists(self) -> bool:
        """Whether devices may rely on it: a root has been published."""
        return (self.metadata / "1.root.json").exists() and (self.metadata / "timestamp.json").exists()

    @property
    def begun(self) -> bool:
        """Whether somebody has begun to make one."""
        return (self._folder / "trust.json").exists()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One change at a time, whichever process makes it.

        Raises:
            StorageError: the folder cannot be written.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.metadata.mkdir(exist_ok=True)
            self.staged.mkdir(exist_ok=True)
            descriptor = os.open(self._folder / "trust.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StorageError(f"the repository {self._folder} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise StorageError(f"the repository {self._folder} cannot be written: {error.strerror}") from error
        finally:
            os.close(descriptor)

    # Reading

    def settings(self) -> TrustSettings:
        """Raises :class:`FleetError` where there is no repository."""
        return read_settings(self._folder / "trust.json")

    def set_settings(self, settings: TrustSettings) -> None:
        """Raises :class:`StorageError`."""
        write_settings(self._folder / "trust.json", settings)

    def read_block(self, name: str, offset: int, length: int) -> tuple[bytes, int]:
        """Up to ``length`` bytes of a file that devices fetch, and its whole size.

        Raises:
            NotFoundError: there is no such file.
            FleetError: the offset is outside of it, or the disk refuses.
        """
        if not METADATA_NAME.fullmatch(name):
            raise NotFoundError("there is no such metadata")
        try:
            with (self.metadata / name).open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if not 0 <= offset < size:
                    raise FleetError(f"offset {offset} is outside the metadata's {size} bytes")
                file.seek(offset)
                return file.read(length), size
        except FileNotFoundError as error:
            raise NotFoundError("there is no such metadata") from error
        except OSError as error:
            raise StorageError(f"the metadata {name} cannot be read: {error.strerror}") from error

    def root(self) -> Metadata[Root] | None:
        """The newest published root."""
        version = 0
        while (self.metadata / f"{version + 1}.root.json").exists():
            version += 1
        return self.load(self.metadata / f"{version}.root.json") if version else None

    def timestamp(self) -> Metadata[Timestamp] | None:
        """What is published."""
        return self.load(self.metadata / "timestamp.json")

    def snapshot(self) -> Metadata[Snapshot] | None:
        """What is published."""
        timestamp = self.timestamp()
        if timestamp is None:
            return None
        return self.load(self.metadata / f"{timestamp.signed.snapshot_meta.version}.snapshot.json")

    def role(self, name: str) -> Metadata[Targets] | None:
        """The published targets of ``targets`` or of a developer."""
        snapshot = self.snapshot()
        meta = snapshot.signed.meta.get(f"{name}.json") if snapshot is not None else None
        return self.load(self.metadata / f"{meta.version}.{name}.json") if meta is not None else None

    def waiting(self, name: str) -> Metadata[Any] | None:
        """What waits for signatures of this role."""
        return self.load(self.staged / f"{name}.json")

    def load(self, path: Path) -> Metadata[Any] | None:
        """Metadata of a file; None where there is none.

        Raises:
            FleetError: it is damaged or cannot be read.
        """
        try:
            return Metadata.from_bytes(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"the metadata {path} cannot be read: {error.strerror}") from error
        except RepositoryError as error:
            raise FleetError(f"{path} is no metadata of TUF: it is damaged, or something else") from error

    def first_root(self) -> bytes:
        """The bytes of root version 1, which devices without a root are told of.

        Raises:
            StorageError: it cannot be read.
        """
        return self.root_bytes(1)

    def root_bytes(self, version: int) -> bytes:
        """The bytes of a published root. Raises :class:`StorageError`."""
        try:
            return (self.metadata / f"{version}.root.json").read_bytes()
        except OSError as error:
            raise StorageError(f"the fleet's root version {version} cannot be read: {error.strerror}") from error

    # Changing

    def stage(self, name: str, metadata: Metadata[Any]) -> None:
        """Let this wait for signatures, after those of the keys that the fleet holds."""
        keys = self._signing_keys(name, metadata)
        self.sign_held(metadata, keys)
        write_whole(self.staged / f"{name}.json", metadata.to_bytes(_SERIALIZER))

    def unstage(self, name: str) -> None:
        """Nothing waits any more."""
        (self.staged / f"{name}.json").unlink(missing_ok=True)
        sync_directory(self.staged)

    def sign_held(self, metadata: Metadata[Any], keys: Mapping[str, Key]) -> None:
        """Add the signatures of keys that the fleet holds."""
        held = self.settings().held
        for keyid, key in keys.items():
            if keyid in held and keyid not in metadata.signatures:
                metadata.sign(open_signer(held[keyid], key, self.home, self._secrets), append=True)

    def expiry(self, days: int) -> datetime:
        """So many days from now, as TUF writes times."""
        return datetime.fromtimestamp(int(self.clock()) + days * DAY, UTC)

    def verified(self, name: str, metadata: Metadata[Any] | None, root: Metadata[Root] | None = None) -> bool:
        """Whether this is signed as ``root`` (the published one, by default) and the published targets want it."""
        if metadata is None:
            return False
        root = root or self.root()
        delegator: Any = root.signed if root is not None else None
        if name not in {"root", "targets", "snapshot", "timestamp"}:
            targets = self.role("targets")
            delegator = targets.signed if targets is not None else None
        return is_signed(delegator, name, metadata)

    def advance(self) -> bool:
        """Publish whatever has all the signatures that it needs; whether anything was. Call it within
        :meth:`changing`."""
        root, new_root = self._next_root()
        if root is None:
            return False
        targets, new_targets = self._next("targets", root.signed)
        if targets is None:
            return False  # a root whose targets nobody can verify helps nobody: both wait
        changed: dict[str, Metadata[Targets]] = {"targets": targets} if new_targets else {}
        for path in sorted(self.staged.glob("*.json")):
            if path.stem not in {"root", "targets"}:
                role, new = self._next(path.stem, targets.signed)
                if role is not None and new:
                    changed[path.stem] = role
        stale = not all(
            is_signed(root.signed, name, found)
            for name, found in (("timestamp", self.timestamp()), ("snapshot", self.snapshot()))
        )
        if new_root or changed or stale:
            self._publish(root, new_root, changed)
        self._tidy(root)
        return new_root or bool(changed)

    def renew(self, *, snapshot: bool) -> None:
        """A new timestamp, and with ``snapshot`` a new snapshot. Call it within :meth:`changing`."""
        root = self.root()
        if root is not None:
            self._publish(root, new_root=False, changed={}, snapshot=snapshot)

    def _next_root(self) -> tuple[Metadata[Root] | None, bool]:
        current, staged = self.root(), self.waiting("root")
        if staged is None or (current is not None and staged.signed.version <= current.signed.version):
            return current, False
        if not is_signed(staged.signed, "root", staged):
            return current, False
        if current is not None and not is_signed(current.signed, "root", staged):
            return current, False
        # What the new root wants of the targets may have to be signed yet.
        if self._next("targets", staged.signed)[0] is None:
            return current, False
        return staged, True

    def _next(self, name: str, delegator: Any) -> tuple[Metadata[Targets] | None, bool]:
        """What would be published of a role, and if it is new."""
        current, staged = self.role(name), self.waiting(name)
        newer = staged is not None and (current is None or staged.signed.version > current.signed.version)
        if newer and is_signed(delegator, name, staged):
            return staged, True
        return (current, False) if is_signed(delegator, name, current) else (None, False)

    def _publish(
        self,
        root: Metadata[Root],
        new_root: bool,
        changed: Mapping[str, Metadata[Targets]],
        snapshot: bool = True,
    ) -> None:
        settings = self.settings()
        before, stamp = self.snapshot(), self.timestamp()
        if snapshot or before is None:
            # Entries of developers who are gone stay: devices refuse a snapshot in which one is missing.
            meta = dict(before.signed.meta) if before is not None else {}
            for name, role in changed.items():
                data = role.to_bytes(_SERIALIZER)
                write_whole(self.metadata / f"{role.signed.version}.{name}.json", data)
                meta[f"{name}.json"] = _meta_file(role.signed.version, data)
            after = Metadata(
                Snapshot(
                    version=before.signed.version + 1 if before is not None else 1,
                    expires=self.expiry(settings.snapshot_days),
                    meta=meta,
                )
            )
            self.sign_held(after, _keys_of(root.signed, "snapshot"))
            self._require_signed(root, "snapshot", after)
        else:
            after = before
        data = after.to_bytes(_SERIALIZER)
        new_stamp = Metadata(
            Timestamp(
                version=stamp.signed.version + 1 if stamp is not None else 1,
                expires=self.expiry(settings.timestamp_days),
                snapshot_meta=_meta_file(after.signed.version, data),
                unrecognized_fields={ISSUED: int(self.clock())},
            )
        )
        self.sign_held(new_stamp, _keys_of(root.signed, "timestamp"))
        self._require_signed(root, "timestamp", new_stamp)
        write_whole(self.metadata / f"{after.signed.version}.snapshot.json", data)
        if new_root:
            write_whole(self.metadata / f"{root.signed.version}.root.json", root.to_bytes(_SERIALIZER))
        write_whole(self.metadata / "timestamp.json", new_stamp.to_bytes(_SERIALIZER))

    def _require_signed(self, root: Metadata[Root], name: str, metadata: Metadata[Any]) -> None:
        if not is_signed(root.signed, name, metadata):
            raise FleetError(
                f"the fleet cannot sign its {name}: root version {root.signed.version} names a key for it that this "
                "fleet does not hold; sign a root with new ones: `cygnet fleet trust rotate online`"
            )

    def _tidy(self, root: Metadata[Root]) -> None:
        """What was published no longer waits, and the fleet's key is the one that the root names."""
        for path in self.staged.glob("*.json"):
            staged, current = self.load(path), root if path.stem == "root" else self.role(path.stem)
            if staged is not None and current is not None and staged.signed.version <= current.signed.version:
                self.unstage(path.stem)
        key, coming = self.home / "keys" / "fleet.key", self.home / "keys" / "fleet.key.next"
        wanted = root.signed.unrecognized_fields.get("x-cygnet", {}).get("desired_keys", [])
        if coming.exists() and encode_public_key(load_private_key(coming).public_key()) in wanted:
            if key.exists() and encode_public_key(load_private_key(key).public_key()) not in wanted:
                key.replace(key.with_name(f"fleet.key.former-{root.signed.version}"))
            coming.replace(key)
            sync_directory(key.parent)

    def _signing_keys(self, name: str, metadata: Metadata[Any]) -> dict[str, Key]:
        """Keys that may sign for a role: as the published metadata says, and what is staged."""
        keys: dict[str, Key] = {}
        for root in (self.root(), metadata if name == "root" else self.waiting("root")):
            if root is not None and name in {"root", "targets"}:
                keys.update(_keys_of(root.signed, name))
        if name not in {"root", "targets"}:
            for targets in (self.role("targets"), self.waiting("targets")):
                if (
                    targets is not None
                    and targets.signed.delegations
                    and name in (targets.signed.delegations.roles or {})
                ):
                    keys.update(_keys_of(targets.signed, name))
        return keys


def is_signed(delegator: Any, name: str, metadata: Metadata[Any] | None) -> bool:
    """Whether the threshold of keys that ``delegator`` names for the role has signed."""
    if delegator is None or metadata is None:
        return False
    try:
        delegator.verify_delegate(name, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError):
        return False
    return True


def _keys_of(delegator: Any, name: str) -> dict[str, Key]:
    role = delegator.get_delegated_role(name)
    return {keyid: delegator.get_key(keyid) for keyid in role.keyids}


def _meta_file(version: int, data: bytes) -> MetaFile:
    return MetaFile.from_data(version, data, ["sha256"])
