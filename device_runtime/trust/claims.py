"""What the fleet says in its root beside the roles of TUF: whose signature makes a desired document.

It stands in the member ``x-cygnet`` of the root's signed part, so it takes the threshold of root keys to change it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device_runtime.keys import KeyFormatError, KeyRing, decode_public_key, key_ring
from device_runtime.sync.fields import Fields, ProtocolError
from device_runtime.trust.errors import TrustError

CLAIMS = "x-cygnet"
_MAX_KEYS = 64


@dataclass(frozen=True, slots=True)
class RootClaims:
    """``desired_keys`` may sign desired documents; ``former_keys`` did once, and what is installed may carry their
    seal. ``issued`` is Unix time in seconds."""

    fleet: str
    issued: int
    desired_keys: KeyRing
    former_keys: KeyRing

    def same_signers(self, other: "RootClaims") -> bool:
        """Whether the same keys sign desired documents."""
        return self.desired_keys.keys() == other.desired_keys.keys()


def read_claims(unrecognized: Mapping[str, Any], version: int, fleet: str) -> RootClaims:
    """The claims of a root whose signatures were verified.

    Raises:
        TrustError: they are missing, malformed, or another fleet's.
    """
    where = f"root version {version}: {CLAIMS}"
    try:
        fields = Fields(unrecognized.get(CLAIMS), where)
        claims = RootClaims(
            fleet=fields.text("fleet", 64),
            issued=fields.integer("issued"),
            desired_keys=key_ring(_keys(fields.sequence("desired_keys", _MAX_KEYS), where)),
            former_keys=key_ring(_keys(fields.items("former_keys", _MAX_KEYS), where)),
        )
    except (ProtocolError, KeyFormatError) as error:
        raise TrustError(f"the fleet's root version {version} is refused: {error}") from error
    if claims.fleet != fleet:
        raise TrustError(
            f"the fleet's root version {version} is refused: it is of the fleet {claims.fleet!a}, expected {fleet!a}"
        )
    return claims


def generation(timestamp_keys: list[str], claims: RootClaims) -> str:
    """Names the keys that tell the time: what stolen ones said of it counts no more when they are replaced."""
    named = [*sorted(timestamp_keys), "|", *sorted(claims.desired_keys)]
    return hashlib.sha256("\n".join(named).encode()).hexdigest()


def _keys(items: list[Any], where: str) -> list[Ed25519PublicKey]:
    keys = []
    for item in items:
        if not isinstance(item, str):
            raise ProtocolError(f"{where} must list public keys in base64")
        keys.append(decode_public_key(item))
    return keys
