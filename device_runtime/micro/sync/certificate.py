"""The certificate that a board shows its broker; imported only while one is chosen or changed.

``device.der`` is what the cable brought, and nothing here touches it. What the fleet gave since lies in the record
``certificate.json``: ``der`` in base64; ``of``, the SHA-256 of the ``device.der`` that it follows, so that whatever
else the cable brings counts at once; and, until it has connected, ``before``, the one of before (empty for
``device.der``). So at any moment a whole certificate is there that has connected, also on FAT, which cannot rename over
a file.
"""

import binascii
import hashlib

from ..records import read_record, remove_record, write_record

try:
    from typing import Any
except ImportError:
    pass


def shown(root: str, before: bool = False) -> "tuple[bytes, bool]":
    """The certificate (DER) to show, empty where there is none, and whether it is one that has not connected yet.

    Args:
        root: below it lies ``cygnet/``.
        before: the one of before, where the newest has not connected yet.
    """
    own, record = _held(root)
    if record is None:
        return own, False
    on_trial = "before" in record
    text = record["before"] if before and on_trial else record["der"]
    return (binascii.a2b_base64(text) if text else own), on_trial


def put_on_trial(root: str, certificate: bytes) -> None:
    """Show this one from now on, until :func:`judge`. Raises :class:`OSError`: it is as before."""
    own, record = _held(root)
    before = ""
    if record is not None:
        before = record.get("before", record["der"])
    text = binascii.b2a_base64(certificate)[:-1].decode()
    write_record(_path(root), {"of": _mark(own), "der": text, "before": before})


def judge(root: str, good: bool) -> None:
    """What was on trial is kept, or the one of before is back. Raises :class:`OSError`: it stays on trial."""
    record = _held(root)[1]
    if record is None or "before" not in record:
        return
    before = record.pop("before")
    if not good:
        record["der"] = before
    if record["der"]:
        write_record(_path(root), record)
    else:
        remove_record(_path(root))


def _held(root: str) -> "tuple[bytes, dict[str, Any] | None]":
    """What the cable brought, and the record that follows it."""
    try:
        with open(root + "cygnet/device.der", "rb") as file:
            own = file.read()
    except OSError:
        return b"", None
    record = read_record(_path(root))
    return own, record if record is not None and record.get("of") == _mark(own) else None


def _mark(certificate: bytes) -> str:
    return binascii.hexlify(hashlib.sha256(certificate).digest()).decode()


def _path(root: str) -> str:
    return root + "cygnet/certificate.json"
