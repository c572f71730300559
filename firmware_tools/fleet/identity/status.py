"""How it stands with a fleet's certificates, for the operator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from sqlalchemy import Connection

from firmware_tools.fleet.identity.authority import Authority, read_certificates
from firmware_tools.fleet.identity.certificates import Certificates
from firmware_tools.fleet.identity.claims import Claims

SOON_SECONDS = 30 * 86_400
"""What expires within this is told of."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """Something that expires at ``not_after``, Unix time in seconds."""

    name: str
    not_after: float


@dataclass(frozen=True, slots=True)
class IdentityStatus:
    """``active``: there is a CA. ``own`` are the CA and what it issued to the fleet's own side; ``soon`` those of them
    that expire within 30 days, and ``expiring`` such devices (the first hundred); ``devices`` have a good certificate,
    ``of_former_ca`` of them none of the present CA; ``barred`` are not heard. ``claims`` counts them by state."""

    active: bool
    rotating: bool
    own: Sequence[Expiry]
    soon: Sequence[str]
    devices: int
    of_former_ca: int
    expiring: Sequence[str]
    barred: int
    claims: Mapping[str, int]


def status_of(connection: Connection, authority: Authority, now: float) -> IdentityStatus:
    """How it stands.

    Raises:
        FleetError: a file cannot be read.
    """
    claims = Claims(connection).counts(now)
    if not authority.exists:
        return IdentityStatus(False, False, (), (), 0, 0, (), 0, claims)
    own = list(_own(authority))
    counts = Certificates(connection).counts(authority.issuer().id, now, SOON_SECONDS)
    return IdentityStatus(
        active=True,
        rotating=authority.rotating,
        own=own,
        soon=[each.name for each in own if each.not_after < now + SOON_SECONDS],
        devices=counts.devices,
        of_former_ca=counts.of_former_ca,
        expiring=counts.expiring,
        barred=counts.barred,
        claims=claims,
    )


def _own(authority: Authority) -> list[Expiry]:
    issuers = authority.issuers()
    found = [_expiry("root CA", issuers[0].root), _expiry("issuing CA", issuers[0].certificate)]
    found += [_expiry("former issuing CA", issuer.certificate) for issuer in issuers[1:]]
    files: list[tuple[str, Path]] = [("broker", authority.server.certificate)]
    files += [(f"service {name}", authority.service(name).certificate) for name in authority.services()]
    files += [(f"provisioning {folder.name}", folder / "claim.pem") for folder in authority.bundles()]
    return found + [_expiry(name, read_certificates(path)[0]) for name, path in files if path.exists()]


def _expiry(name: str, certificate: x509.Certificate) -> Expiry:
    return Expiry(name, certificate.not_valid_after_utc.timestamp())
