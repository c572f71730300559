"""Claim codes: what an operator hands out, and a person types, so that a device may join a fleet once.

A code is 80 random bits in Crockford's Base32 (https://www.crockford.com/base32.html) with its check symbol, as
``7K3M-Q9ZX-0AWF-T2BD-S``: case does not matter, hyphens and spaces are ignored, ``I`` and ``L`` are read as ``1`` and
``O`` as ``0``, and a mistyped or swapped symbol is noticed on the spot. The code itself never travels: it is the seed
of an Ed25519 key, by which the device signs its wish. The fleet keeps the public half alone, so neither its database
nor a broker on the way holds anything that lets somebody else claim. 80 bits need no slow hash: nobody tries 2^79.
"""

import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from device_runtime.errors import CygnetError

BITS = 80
_SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECK_SYMBOLS = _SYMBOLS + "*~$=U"
_LENGTH = BITS // 5
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "-": "", " ": ""})
_CONTEXT = b"cygnet claim code 1"


class ClaimCodeError(CygnetError):
    """What was typed is no claim code; the message holds none of it."""


def new_code() -> str:
    """A fresh code, as it is printed."""
    return _printed(secrets.randbits(BITS))


def normalise(text: str) -> str:
    """A typed code as it is printed.

    Raises:
        ClaimCodeError: it has another length, symbols that no code has, or a wrong check symbol.
    """
    symbols = text.strip().upper().translate(_READ_AS)
    if len(symbols) != _LENGTH + 1:
        raise ClaimCodeError(
            f"a claim code has {_LENGTH + 1} letters and digits, as 7K3M-Q9ZX-0AWF-T2BD-S, and this has {len(symbols)}"
        )
    value = 0
    for symbol in symbols[:-1]:
        digit = _SYMBOLS.find(symbol)
        if digit < 0:
            raise ClaimCodeError("a claim code has digits and letters other than U only: check what was typed")
        value = value * 32 + digit
    if _CHECK_SYMBOLS[value % 37] != symbols[-1]:
        raise ClaimCodeError("this claim code is mistyped: its last symbol, which checks the others, does not fit")
    return _printed(value)


def signing_key(code: str) -> Ed25519PrivateKey:
    """The key whose seed a code is.

    Raises:
        ClaimCodeError: as :func:`normalise`.
    """
    seed = HKDF(SHA256(), 32, salt=None, info=_CONTEXT).derive(normalise(code).replace("-", "").encode())
    return Ed25519PrivateKey.from_private_bytes(seed)


def _printed(value: int) -> str:
    digits = "".join(_SYMBOLS[value >> shift & 31] for shift in range(BITS - 5, -5, -5))
    return "-".join([*(digits[start : start + 4] for start in range(0, _LENGTH, 4)), _CHECK_SYMBOLS[value % 37]])
