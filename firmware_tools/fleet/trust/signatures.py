"""Signatures of people: a file that waits for them travels to whoever holds a key, and comes back.

It is plain metadata of TUF: signatures add up in it, and what has enough of them is published.
"""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securesystemslib.signer import Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Targets
from tuf.api.serialization.json import JSONSerializer

from device_runtime.sealed.durable import write_whole
from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError, StorageError
from firmware_tools.fleet.trust.keys import holder
from firmware_tools.fleet.trust.repository import Repository
from firmware_tools.fleet.trust.settings import TOP

_SERIALIZER = JSONSerializer(compact=True)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a role's next version is: who has signed, who may still, and how many are needed."""

    role: str
    version: int
    signed: tuple[str, ...]
    missing: tuple[str, ...]
    threshold: int
    published: bool
    file: Path | None


def sign(path: Path, signer: Signer) -> Metadata[Any]:
    """Add a signature to a file that travels.

    Raises:
        FleetError: it is no metadata, or the key does not sign.
    """
    metadata = read_travelling(path)
    if signer.public_key.keyid in metadata.signatures:
        raise ConflictError(f"{path} is signed by this key ({signer.public_key.keyid[:8]}) already")
    try:
        metadata.sign(signer, append=True)
    except Exception as error:  # each kind of signer raises its own
        raise FleetError(f"{path} cannot be signed: {error or type(error).__name__}") from error
    try:
        write_whole(path, metadata.to_bytes(_SERIALIZER))
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from error
    return metadata


def read_travelling(path: Path) -> Metadata[Any]:
    """A file that travels.

    Raises:
        FleetError: it cannot be read, or is no metadata.
    """
    try:
        return Metadata.from_bytes(path.read_bytes())
    except OSError as error:
        raise FleetError(f"{path} cannot be read: {error.strerror}") from error
    except RepositoryError as error:
        raise FleetError(f"{path} is no metadata to be signed; the fleet writes it into its trust/staged") from error


def accept(repository: Repository, path: Path) -> Progress:
    """Take the signatures of a file that came back, and publish what has enough.

    Raises:
        FleetError: it is for nothing that waits, or none of its signatures is of a key that may sign.
    """
    metadata = read_travelling(path)
    with repository.changing():
        name = _role_of(repository, metadata, path)
        staged = repository.waiting(name)
        if staged is None or staged.signed.version != metadata.signed.version:
            current = repository.root() if name == "root" else repository.role(name)
            version = current.signed.version if current is not None else 0
            if staged is None and current is not None and metadata.signed.version == version:
                return progress(repository, name)
            waits = f"version {staged.signed.version} waits" if staged is not None else "none waits"
            raise ConflictError(f"{path} is version {metadata.signed.version} of {name}, but {waits} for signatures")
        if staged.signed_bytes != metadata.signed_bytes:
            raise ConflictError(
                f"{path} says other things than the {name} version {staged.signed.version} that waits for signatures: "
                "it was changed, or something else was staged since; take the file of trust/staged"
            )
        merged = copy.deepcopy(staged)
        merged.signatures.update(metadata.signatures)
        keep = {keyid for keyid, signature in merged.signatures.items() if _fits(repository, name, merged, keyid)}
        dropped = [keyid for keyid in metadata.signatures if keyid not in keep]
        for keyid in list(merged.signatures):
            if keyid not in keep:
                del merged.signatures[keyid]
        if dropped and not keep - set(staged.signatures):
            raise FleetError(
                f"{path}: the signature by the key {dropped[0][:8]} is not good for {name} version "
                f"{merged.signed.version}: another key, or another text was signed"
            )
        write_whole(repository.staged / f"{name}.json", merged.to_bytes(_SERIALIZER))
        repository.advance()
        return progress(repository, name)


def progress(repository: Repository, name: str) -> Progress:
    """How far the next version of a role is, or that it is published."""
    staged = repository.waiting(name)
    current = repository.root() if name == "root" else repository.role(name)
    shown = staged or current
    if shown is None:
        raise NotFoundError(f"there is no role {name}; `cygnet fleet trust status` lists them")
    signed: list[str] = []
    missing: list[str] = []
    threshold = 1
    for delegator in delegators(repository, name, shown):
        role = delegator.get_delegated_role(name)
        threshold = max(threshold, role.threshold)
        for keyid in role.keyids:
            who = holder(delegator.get_key(keyid))
            list_ = signed if keyid in shown.signatures else missing
            if who not in list_:
                list_.append(who)
    return Progress(
        name,
        shown.signed.version,
        tuple(signed),
        tuple(missing),
        threshold,
        staged is None,
        repository.staged / f"{name}.json" if staged is not None else None,
    )


def delegators(repository: Repository, name: str, metadata: Metadata[Any]) -> list[Any]:
    """Whose keys count for a role: of a root, the one before and itself; of developers, the targets that will be."""
    root, next_root = repository.root(), repository.waiting("root")
    if name == "root":
        return [root.signed, metadata.signed] if root is not None else [metadata.signed]
    if name in TOP:
        found = next_root or root
        return [found.signed] if found is not None else []
    for targets in (repository.waiting("targets"), repository.role("targets")):
        if targets is not None and name in ((targets.signed.delegations and targets.signed.delegations.roles) or {}):
            return [targets.signed]
    return []


def _role_of(repository: Repository, metadata: Metadata[Any], path: Path) -> str:
    """A developer's metadata does not say whose it is: what waits and says the same is it."""
    if isinstance(metadata.signed, Root):
        return "root"
    if not isinstance(metadata.signed, Targets):
        raise FleetError(f"{path} is {metadata.signed.type}, which nobody signs by hand")
    same = [
        staged.stem
        for staged in sorted(repository.staged.glob("*.json"))
        if (found := repository.waiting(staged.stem)) is not None and found.signed_bytes == metadata.signed_bytes
    ]
    stem = path.stem.split(".")[-1]
    return stem if stem in same or not same else same[0]


def _fits(repository: Repository, name: str, metadata: Metadata[Any], keyid: str) -> bool:
    """Whether this signature is of a key that may sign, and good."""
    for delegator in delegators(repository, name, metadata):
        if keyid not in delegator.get_delegated_role(name).keyids:
            continue
        try:
            delegator.get_key(keyid).verify_signature(metadata.signatures[keyid], metadata.signed_bytes)
        except Exception:  # noqa: BLE001, S112 - any failure of verifying means that it is not good
            continue
        return True
    return False
