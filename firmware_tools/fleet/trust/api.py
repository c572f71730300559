"""``GET /api/trust``: who signs for what devices install, how long that holds, and which releases are signed."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web
from securesystemslib.signer import Key
from tuf.api.metadata import DelegatedRole, Metadata, Role, Root, Targets

from firmware_tools.fleet.models import ModelRelease
from firmware_tools.fleet.openapi.operation import operation
from firmware_tools.fleet.records import Release
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.trust.answers import (
    DelegationDocument,
    RoleDocument,
    RoleState,
    SignatureDocument,
    SignatureState,
    TrustDocument,
    WaitingDocument,
)
from firmware_tools.fleet.trust.ceremony import CLAIMS
from firmware_tools.fleet.trust.keeper import TrustKeeper
from firmware_tools.fleet.trust.keys import holder
from firmware_tools.fleet.trust.releases import published, signer_of
from firmware_tools.fleet.trust.repository import Repository
from firmware_tools.fleet.trust.settings import DAY, HOUSE, TOP
from firmware_tools.fleet.trust.signatures import progress

_SOON = 30 * DAY


class TrustApi:
    """The handler; it changes nothing."""

    def __init__(self, service: FleetService, trust: TrustKeeper) -> None:
        self._service, self._trust = service, trust

    def routes(self) -> list[web.RouteDef]:
        """Every route of this part."""
        return [web.get("/api/trust", self.trust)]

    @operation("trust")
    async def trust(self, _request: web.Request) -> TrustDocument:
        """Who signs for what devices install, until when, and what waits for signatures."""

        def read(registry: Registry, _: object) -> list[Release | ModelRelease]:
            return [*registry.releases(), *registry.models.all()]

        releases = await self._service.read(read)
        return await asyncio.to_thread(trust_document, self._trust, releases)


def trust_document(trust: TrustKeeper, releases: list[Release | ModelRelease]) -> TrustDocument:
    """The repository as the JSON of the API. Raises :class:`FleetError` where it cannot be read."""
    repository = trust.repository
    root = repository.root() if trust.active else None
    targets = repository.role("targets") if root is not None else None
    claims = root.signed.unrecognized_fields.get(CLAIMS, {}) if root is not None else {}
    return {
        "active": root is not None,
        "begun": repository.begun,
        "trouble": trust.trouble,
        "roles": list(_roles(repository, root)) if root is not None else [],
        "delegations": list(_delegations(repository, targets)) if targets is not None else [],
        "desired": {"keys": len(claims.get("desired_keys", [])) or 1, "former": len(claims.get("former_keys", []))},
        "waiting": list(_waiting(repository)),
        "releases": [
            {
                "kind": kind,
                "subject": subject,
                "version_code": release.version_code,
                "signature": signature,
            }
            for release, (kind, subject), signature in _signatures(repository, targets, releases)
        ],
    }


def _roles(repository: Repository, root: Metadata[Root]) -> Iterator[RoleDocument]:
    found: Mapping[str, Metadata[Any] | None] = {
        "root": root,
        "targets": repository.role("targets"),
        "snapshot": repository.snapshot(),
        "timestamp": repository.timestamp(),
    }
    for name in TOP:
        yield _role(name, repository, root.signed.roles[name], root.signed.keys, found[name])


def _delegations(repository: Repository, targets: Metadata[Targets]) -> Iterator[DelegationDocument]:
    for name, role in _delegated(targets).items():
        current = repository.role(name)
        if current is not None and not repository.verified(name, current):
            current = None
        keys = targets.signed.delegations.keys if targets.signed.delegations is not None else {}
        yield {
            **_role(name, repository, role, keys, current),
            "house": name == HOUSE,
            "paths": list(role.paths or ()),
            "releases": len(current.signed.targets) if current is not None else 0,
        }


def _role(
    name: str, repository: Repository, role: Role, keys: Mapping[str, Key], metadata: Metadata[Any] | None
) -> RoleDocument:
    expires = metadata.signed.expires.timestamp() if metadata is not None else None
    return {
        "name": name,
        "threshold": role.threshold,
        "keys": [{"id": keyid, "holder": holder(keys[keyid])} for keyid in role.keyids],
        "version": metadata.signed.version if metadata is not None else None,
        "expires": expires,
        "state": _state(repository, expires, role),
    }


def _state(repository: Repository, expires: float | None, role: Role) -> RoleState:
    if expires is None:
        return "missing"
    left = expires - repository.clock()
    if left <= 0:
        return "expired"
    # The fleet itself renews what it holds the keys for; only people have to be told long before.
    held = repository.settings().held
    by_itself = sum(keyid in held for keyid in role.keyids) >= role.threshold
    return "soon" if left < _SOON and not by_itself else "good"


def _waiting(repository: Repository) -> Iterator[WaitingDocument]:
    for path in sorted(repository.staged.glob("*.json")) if repository.begun else []:
        found = progress(repository, path.stem)
        yield {
            "role": found.role,
            "version": found.version,
            "signed": list(found.signed),
            "missing": list(found.missing),
            "threshold": found.threshold,
        }


def _signatures(
    repository: Repository, targets: Metadata[Targets] | None, releases: list[Release | ModelRelease]
) -> Iterator[tuple[Release | ModelRelease, tuple[str, str], SignatureDocument | None]]:
    """Each release, what it is, and who signed for it: ``state`` is ``signed``, ``waiting`` (nobody who may has
    signed it yet), ``withdrawn``, ``expired`` or ``nobody`` (no role may)."""
    known = published(repository) if targets is not None else {}
    withdrawn = repository.settings().withdrawn if targets is not None else ()
    for release in releases:
        if isinstance(release, Release):
            what, path = ("program", release.app_id), f"programs/{release.app_id}/{release.version_code}.ma"
        else:
            what, path = ("model", release.model), f"models/{release.model}/{release.version_code}.ma"
        if targets is None:
            yield release, what, None
            continue
        delegations = targets.signed.delegations
        names = [name for name, _ in delegations.get_roles_for_target(path)] if delegations is not None else []
        if not names:
            yield release, what, {"state": "nobody", "role": "", "by": [], "threshold": 0, "expires": None}
            continue
        role = _delegated(targets)[names[0]]
        current = repository.role(names[0])
        target = known.get(path)
        named = target is not None and target.hashes.get("sha256") == release.sha256
        expires = current.signed.expires.timestamp() if current is not None else None
        state: SignatureState = "withdrawn" if path in withdrawn else "signed" if named else "waiting"
        if state == "signed" and expires is not None and expires <= repository.clock():
            state = "expired"
        yield (
            release,
            what,
            {
                "state": state,
                "role": signer_of(targets, path),
                "by": _signers(targets, names[0], current) if named and current is not None else [],
                "threshold": role.threshold,
                "expires": expires if named else None,
            },
        )


def _signers(targets: Metadata[Targets], name: str, metadata: Metadata[Targets]) -> list[str]:
    """Whose signatures hold, by name."""
    result = targets.signed.get_verification_result(name, metadata.signed_bytes, metadata.signatures)
    return sorted(holder(key) for key in result.signed.values())


def _delegated(targets: Metadata[Targets]) -> Mapping[str, DelegatedRole]:
    return (targets.signed.delegations.roles if targets.signed.delegations is not None else None) or {}
