"""Verifying Ed25519 signatures (RFC 8032) in plain MicroPython, in steps, so that a board goes on meanwhile.

Stricter than the RFC demands: the key must be canonical and not of small order, S must be below the group's order,
and R is compared by its bytes. What this accepts, OpenSSL accepts; the fleet's own signatures are always accepted.
Nothing here is secret, so nothing takes constant time. 0.8 to 1.5 s are expected of a Pico (not measured on one).
"""

from .sha512 import BLOCK, Sha512

try:
    from collections.abc import Iterable, Iterator
except ImportError:
    pass

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
_ROOT = 19681161376707505956807079304988542015446066515923890162744021073123829784752
"""A square root of -1."""
_BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
)
_BITS_A_STEP = 8

# A point is (X, Y, Z, T) with x = X/Z, y = Y/Z, x*y = T/Z.


def verify_steps(key: bytes, signature: bytes, message: "Iterable[bytes]") -> "Iterator[bool]":
    """Check a signature over the pieces of ``message``; the last value that comes is the answer, all others False.

    Args:
        key: the public key, 32 bytes.
        signature: 64 bytes.
        message: its pieces, in order.
    """
    s = int.from_bytes(signature[32:], "little")
    point = _decode(key) if len(key) == 32 and len(signature) == 64 and s < _L else None
    if point is None:
        yield False
        return
    digest = Sha512()
    digest.update(signature[:32])
    digest.update(key)
    for piece in message:
        for at in range(0, len(piece), BLOCK):
            digest.update(bytes(piece[at : at + BLOCK]))
            yield False
    k = int.from_bytes(digest.digest(), "little") % _L
    # s*B - k*A must be R; both multiplications share their doublings.
    minus = (_P - point[0], point[1], 1, _P - point[3])
    base = (_BASE[0], _BASE[1], 1, _BASE[0] * _BASE[1] % _P)
    both = _add(base, minus)
    total: tuple[int, ...] = (0, 1, 1, 0)
    for bit in range(252, -1, -1):
        total = _double(total)
        chosen = (s >> bit & 1) | (k >> bit & 1) << 1
        if chosen:
            total = _add(total, both if chosen == 3 else base if chosen == 1 else minus)
        if bit % _BITS_A_STEP == 0:
            yield False
    yield _encode(total) == signature[:32]


def verify(key: bytes, signature: bytes, message: bytes) -> bool:
    """:func:`verify_steps` at one go."""
    answer = False
    for step in verify_steps(key, signature, (message,)):
        answer = step
    return answer


def _add(p: "tuple[int, ...]", q: "tuple[int, ...]") -> "tuple[int, ...]":
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * p[3] * q[3] % _P * _D % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(p: "tuple[int, ...]") -> "tuple[int, ...]":
    a = p[0] * p[0] % _P
    b = p[1] * p[1] % _P
    c = 2 * p[2] * p[2] % _P
    h = a + b
    e = h - (p[0] + p[1]) * (p[0] + p[1]) % _P
    g = a - b
    f = c + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _encode(p: "tuple[int, ...]") -> bytes:
    inverse = pow(p[2], _P - 2, _P)
    x, y = p[0] * inverse % _P, p[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _decode(raw: bytes) -> "tuple[int, ...] | None":
    """The point, or None when these bytes name none, are not its canonical form, or it is of small order."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) % _P * pow(u * pow(v, 7, _P) % _P, (_P - 5) // 8, _P) % _P
    if v * x * x % _P != u:
        x = x * _ROOT % _P
        if v * x * x % _P != u:
            return None
    if x == 0 and sign:
        return None
    if x & 1 != sign:
        x = _P - x
    point: tuple[int, ...] = (x, y, 1, x * y % _P)
    eighth = point
    for _ in range(3):
        eighth = _double(eighth)
    if eighth[0] % _P == 0:
        return None  # of small order: one signature would fit many messages
    return point
