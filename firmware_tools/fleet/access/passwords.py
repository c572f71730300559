"""Passwords: what they must be, and what is stored in their place.

scrypt (RFC 7914) with parameters of OWASP's Password Storage Cheat Sheet. They stand with each hash, so that they can
rise: who signs in with an older hash gets a new one.
"""

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass

from firmware_tools.fleet.errors import FleetError

LEAST, MOST = 12, 256
"""Characters of a password."""


@dataclass(frozen=True, slots=True)
class Cost:
    """scrypt's N, r and p: 128 * N * r bytes of memory."""

    n: int = 2**15
    r: int = 8
    p: int = 3


COST = Cost()
"""Of new hashes: 32 MiB. OWASP counts N=2^15, p=3 as strong as N=2^17, p=1, which takes 128 MiB."""

_MOST_MEMORY = 2**28


def check_password(password: object, name: str) -> str:
    """A new password of the account ``name``, if it will do. NIST SP 800-63B: length, and no rules of composition.

    Raises:
        FleetError: it will not; the sentence never holds it.
    """
    if not isinstance(password, str) or not LEAST <= len(password) <= MOST:
        raise FleetError(f"a password has {LEAST} to {MOST} characters")
    try:
        password.encode()
    except UnicodeEncodeError as error:
        raise FleetError("the password holds half a character (a surrogate without its other half)") from error
    if name and name.casefold() in password.casefold():
        raise FleetError("the password must not hold the account's name")
    if len(set(password)) < 5:
        raise FleetError("the password needs at least 5 different characters")
    return password


def hash_password(password: str) -> str:
    """What is stored: ``scrypt$N$r$p$salt$hash``, the last two in base64. Takes a part of a second."""
    salt = os.urandom(16)
    return _stored(salt, _derive(password, salt, COST))


def verify_password(password: str, stored: str) -> bool:
    """Whether it is the password of which ``stored`` was made; takes as long as making it.

    Raises:
        FleetError: ``stored`` is damaged.
    """
    try:
        kind, n, r, p, salt, derived = stored.split("$")
        cost, expected = Cost(int(n), int(r), int(p)), base64.b64decode(derived, validate=True)
        found = _derive(password, base64.b64decode(salt, validate=True), cost)
    except (ValueError, binascii.Error) as error:
        raise FleetError("a password's hash in the database is damaged; set a new password", 503) from error
    return kind == "scrypt" and hmac.compare_digest(found, expected)


def is_old(stored: str) -> bool:
    """Whether it was made with other parameters than those of today."""
    return stored.split("$")[1:4] != [str(COST.n), str(COST.r), str(COST.p)]


def nobodys_hash() -> str:
    """Compared with where there is no account of a name, so that this takes as long as where there is one."""
    return _stored(os.urandom(16), os.urandom(32))


def _stored(salt: bytes, derived: bytes) -> str:
    return "$".join(("scrypt", str(COST.n), str(COST.r), str(COST.p), _text(salt), _text(derived)))


def _derive(password: str, salt: bytes, cost: Cost) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=cost.n,
        r=cost.r,
        p=cost.p,
        maxmem=_MOST_MEMORY,
        dklen=32,
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
