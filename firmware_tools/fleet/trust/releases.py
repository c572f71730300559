"""Releases as targets of the repository: who signs for which, adding them, withdrawing them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tuf.api.metadata import Metadata, TargetFile, Targets

from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError
from firmware_tools.fleet.trust.ceremony import next_of_developer
from firmware_tools.fleet.trust.repository import Repository


@dataclass(frozen=True, slots=True)
class Offer:
    """One release as a target: ``path`` as ``programs/<app id>/<version code>.ma``; ``digests`` is the SHA-256 (hex) of
    the package's list of files, which is what its developer can compare."""

    path: str
    sha256: str
    size: int
    digests: str
    version_name: str


def signer_of(targets: Metadata[Targets] | None, path: str) -> str:
    """The role that signs for a path: the first that matches, as devices look for it.

    Raises:
        FleetError: nobody does.
    """
    if targets is not None and targets.signed.delegations is not None:
        for role, _ in targets.signed.delegations.get_roles_for_target(path):
            return role
    raise FleetError(f"nobody may sign for {path}; let a developer: `cygnet fleet trust add-developer`")


def offer(
    repository: Repository, offers: Iterable[Offer], on_trouble: Callable[[FleetError], None] | None = None
) -> list[str]:
    """Add releases to what their developers sign; the names of those who have to sign by themselves. What the fleet
    holds the key for is published at once. With ``on_trouble`` what cannot be added is told there and left out.

    Raises:
        FleetError: nobody signs for one, or its path was signed with other content.
    """
    with repository.changing():
        withdrawn = repository.settings().withdrawn
        changed: dict[str, Metadata[Targets]] = {}
        for item in offers:
            if item.path in withdrawn:
                continue
            try:
                _add(repository, item, changed)
            except FleetError as error:
                if on_trouble is None:
                    raise
                on_trouble(error)
        for name, metadata in changed.items():
            repository.stage(name, metadata)
        if changed:
            repository.advance()
        return [name for name in changed if repository.waiting(name) is not None]


def _add(repository: Repository, item: Offer, changed: dict[str, Metadata[Targets]]) -> None:
    # As it will be once what waits is signed: a developer who is about to come signs, and not the house.
    name = signer_of(repository.waiting("targets") or repository.role("targets"), item.path)
    metadata = changed.get(name) or next_of_developer(repository, name)
    known = metadata.signed.targets.get(item.path)
    if known is None:
        metadata.signed.targets[item.path] = _target(item)
        changed[name] = metadata
    elif known.hashes.get("sha256") != item.sha256:
        raise ConflictError(f"{item.path} is signed by {name} with other content; raise version.code")


def withdraw(repository: Repository, path: str) -> str:
    """Let devices install this no more; the role that has to sign that. What is installed stays.

    Raises:
        NotFoundError: nobody has signed it.
    """
    with repository.changing():
        name = signer_of(repository.role("targets"), path)
        metadata = next_of_developer(repository, name)
        if metadata.signed.targets.pop(path, None) is None:
            raise NotFoundError(f"{path} is not among what {name} signs")
        settings = repository.settings()
        repository.set_settings(replace(settings, withdrawn=(*settings.withdrawn, path)))
        repository.stage(name, metadata)
        repository.advance()
        return name


def published(repository: Repository) -> Mapping[str, TargetFile]:
    """What devices may install now, by path: each path from the role that signs for it, and from no other."""
    targets = repository.role("targets")
    found: dict[str, TargetFile] = dict(targets.signed.targets) if targets is not None else {}
    if targets is None or targets.signed.delegations is None:
        return found
    for name in targets.signed.delegations.roles or {}:
        role = repository.role(name)
        if role is None or not repository.verified(name, role):
            continue
        for path, target in role.signed.targets.items():
            if path not in found and signer_of(targets, path) == name:
                found[path] = target
    return found


def require(repository: Repository, path: str, sha256: str, what: str) -> None:
    """Refuse to assign what devices would refuse.

    Raises:
        FleetError: it is not signed, or not any more; the sentence says who has to.
    """
    target = published(repository).get(path)
    if target is not None and target.hashes.get("sha256") == sha256:
        return
    if path in repository.settings().withdrawn:
        raise FleetError(f"{what} was withdrawn; publish a newer version")
    name = signer_of(repository.waiting("targets") or repository.role("targets"), path)
    raise FleetError(
        f"{what} is published, but {name} has not signed it yet, so no device would install it; the file to sign is "
        f"{repository.staged / f'{name}.json'}"
    )


def _target(item: Offer) -> TargetFile:
    custom: dict[str, Any] = {"digests": item.digests, "version_name": item.version_name}
    return TargetFile(item.size, {"sha256": item.sha256}, item.path, {"custom": custom})
