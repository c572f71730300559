"""What an entry is, and how one holds on to the other.

The hash of an entry is SHA-256 over the hash before it (32 bytes, zeros before the first) and the entry as canonical
JSON (RFC 8785: members sorted, no spaces, UTF-8). The fleet's key signs the newest hash now and then: a checkpoint.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import KeyRing, key_id

FIRST = "0" * 64
"""The hash before the first entry."""
_PURPOSE = b"cygnet-audit-checkpoint-1\n"
"""Begins what is signed, so that no signature of the fleet's key for anything else is one of a checkpoint."""
_HASHED = ("number", "milliseconds", "actor", "role", "action", "subject", "detail", "outcome")


class EntryDocument(TypedDict):
    """An entry; ``hash`` is SHA-256 over the hash before it and all its other members."""

    number: int
    time: float
    actor: str
    role: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    outcome: str
    hash: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log; ``milliseconds`` is Unix time, ``detail`` a JSON object as text, hashes are hexadecimal."""

    number: int
    milliseconds: int
    actor: str
    role: str
    action: str
    subject: str
    detail: str
    outcome: str
    previous: str
    hash: str

    def document(self) -> EntryDocument:
        """The entry as the API answers it; ``time`` is Unix seconds."""
        return {
            "number": self.number,
            "time": self.milliseconds / 1000,
            "actor": self.actor,
            "role": self.role,
            "action": self.action,
            "subject": self.subject,
            "detail": _object(self.detail),
            "outcome": self.outcome,
            "hash": self.hash,
        }

    def expected(self, number: int | None = None, previous: str | None = None) -> str:
        """The hash that it should have, in another place or after another entry if these are given."""
        values = asdict(self)
        members = {name: values[name] for name in _HASHED}
        if number is not None:
            members["number"] = number
        return entry_hash(self.previous if previous is None else previous, members)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The hash of an entry, signed with a key of the fleet."""

    number: int
    milliseconds: int
    hash: str
    key: str
    signature: str

    def is_signed(self, fleet: str, keys: KeyRing) -> bool:
        """Whether one of ``keys`` signed it, for this fleet."""
        public = keys.get(self.key)
        if public is None:
            return False
        try:
            public.verify(
                base64.b64decode(self.signature, validate=True),
                _statement(fleet, self.number, self.milliseconds, self.hash),
            )
        except (InvalidSignature, ValueError, binascii.Error):
            return False
        return True


def sign_checkpoint(fleet: str, number: int, digest: str, milliseconds: int, key: Ed25519PrivateKey) -> Checkpoint:
    """Sign the hash of an entry."""
    signature = base64.b64encode(key.sign(_statement(fleet, number, milliseconds, digest))).decode()
    return Checkpoint(number, milliseconds, digest, key_id(key.public_key()), signature)


def entry_hash(previous: str, members: Mapping[str, Any]) -> str:
    """The hash of an entry with these members that follows the hash ``previous``; empty if that is no hash."""
    try:
        before = bytes.fromhex(previous)
    except ValueError:
        return ""
    return hashlib.sha256(before + canonical({name: members[name] for name in _HASHED})).hexdigest()


def canonical(document: Mapping[str, Any]) -> bytes:
    """JSON of texts, whole numbers and objects of these, in the one form that RFC 8785 gives them."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _statement(fleet: str, number: int, milliseconds: int, digest: str) -> bytes:
    return _PURPOSE + canonical({"fleet": fleet, "number": number, "milliseconds": milliseconds, "hash": digest})


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:  # somebody edited it; `verify` says so
        return {"damaged": text}
    return found if isinstance(found, dict) else {"damaged": text}
