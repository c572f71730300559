"""The repository in sentences: for who signs, so that it is known what is signed; and for the operator."""

from collections.abc import Iterator
from typing import Any

from tuf.api.metadata import Metadata, Root, Targets

from firmware_tools.fleet.trust.ceremony import CLAIMS
from firmware_tools.fleet.trust.keys import holder
from firmware_tools.fleet.trust.repository import Repository, is_signed
from firmware_tools.fleet.trust.settings import DAY, HOUSE, TOP
from firmware_tools.fleet.trust.signatures import progress

_SOON = 30 * DAY
_MOST_LISTED = 40


def describe(metadata: Metadata[Any]) -> Iterator[str]:
    """What whoever signs this says, in lines."""
    signed = metadata.signed
    yield f"This is the {signed.type} version {signed.version}, good until {signed.expires:%Y-%m-%d}."
    if isinstance(signed, Root):
        yield from _root(signed)
    elif isinstance(signed, Targets):
        yield from _targets(signed)
    yield f"It has {len(metadata.signatures)} signature(s) so far."


def status(repository: Repository) -> Iterator[str]:
    """The repository for its operator, in lines: what is published, what waits, what expires soon."""
    root = repository.root()
    if not repository.exists or root is None:
        yield "This fleet has no root of trust yet: devices install what the fleet's key signs."
    else:
        yield f"Root version {root.signed.version}, good until {root.signed.expires:%Y-%m-%d}."
        yield from _root(root.signed)
        targets = repository.role("targets")
        if targets is not None:
            yield f"Targets version {targets.signed.version}, good until {targets.signed.expires:%Y-%m-%d}."
            yield from _targets(targets.signed)
            for name in (targets.signed.delegations and targets.signed.delegations.roles) or {}:
                role = repository.role(name)
                if role is None or not is_signed(targets.signed, name, role):
                    yield f"{name}: has signed nothing that devices take."
                else:
                    yield (
                        f"{name}: version {role.signed.version}, {len(role.signed.targets)} release(s), good until "
                        f"{role.signed.expires:%Y-%m-%d}."
                    )
    yield from _expiring(repository)
    if repository.begun:
        for path in sorted(repository.staged.glob("*.json")):
            found = progress(repository, path.stem)
            yield (
                f"Waits for signatures: {found.role} version {found.version} ({path}): "
                f"{len(found.signed)} of {found.threshold} needed; {', '.join(found.missing) or 'nobody'} may sign yet."
            )


def _expiring(repository: Repository) -> Iterator[str]:
    now = repository.clock()
    names = ["root", "targets"]
    targets = repository.role("targets") if repository.exists else None
    if targets is not None:
        names += list((targets.signed.delegations and targets.signed.delegations.roles) or {})
    for name in names if repository.exists else []:
        found = repository.root() if name == "root" else repository.role(name)
        if found is not None and (left := found.signed.expires.timestamp() - now) < _SOON:
            when = f"in {left / DAY:.0f} days" if left > 0 else "already, and devices install nothing under it"
            yield f"{name} expires {when}: sign a new one, `cygnet fleet trust renew {name}`."


def _root(root: Root) -> Iterator[str]:
    for name in TOP:
        role = root.roles[name]
        holders = ", ".join(f"{holder(root.keys[keyid])} ({keyid[:8]})" for keyid in role.keyids)
        yield f"  {name}: {role.threshold} of {len(role.keyids)} keys: {holders}"
    claims = root.unrecognized_fields.get(CLAIMS, {})
    yield (
        f"  what devices should have is signed by {len(claims.get('desired_keys', []))} key(s) of the fleet "
        f"{claims.get('fleet', '?')}; {len(claims.get('former_keys', []))} were before."
    )


def _targets(targets: Targets) -> Iterator[str]:
    delegations = targets.delegations
    for name, role in ((delegations.roles if delegations is not None else None) or {}).items():
        keys = delegations.keys if delegations is not None else {}
        holders = ", ".join(f"{holder(keys[keyid])} ({keyid[:8]})" for keyid in role.keyids)
        paths = ", ".join(role.paths or ())
        who = f"{name} (the fleet itself)" if name == HOUSE else name
        yield f"  {who} signs for {paths}: {role.threshold} of {len(role.keyids)} keys: {holders}"
    for number, (path, target) in enumerate(sorted(targets.targets.items())):
        if number == _MOST_LISTED:
            yield f"  … and {len(targets.targets) - number} more"
            break
        digests = str((target.custom or {}).get("digests", "none"))
        yield f"  {path}: {target.length} bytes, SHA-256 {target.hashes.get('sha256', 'none')}, files {digests}"
