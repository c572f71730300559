"""What a board reads and writes on the wire: the desired document checked, the rest as bytes.

A desired document is verified over the bytes of ``signed`` as they stand in the envelope, and those bytes are what is
then parsed: nothing is encoded again, and what lies around them is only looked at for signatures.
"""

import asyncio
import binascii
import hashlib
import json

try:
    from collections.abc import Sequence
    from typing import Any
except ImportError:
    pass

MAX_DESIRED_BYTES = 16_384
"""The longest desired document that a board takes."""
MAX_TEXT = 64
MAX_ERROR = 500
MAX_VALUES = 64
_MAX_INTEGER = 2**53 - 1
_MAX_PROGRAMS = 32
_MAX_CONTENT = 2**31 - 1
_HEX = "0123456789abcdef"
_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
_MARK = b'"signed":'


class SyncError(Exception):
    """Something that the fleet sent, or that was tried for it, is refused; the sentence reaches the operator."""


async def verify_desired(payload: bytes, identity: "dict[str, Any]") -> "dict[str, Any]":
    """Check an envelope's signature and members, and give what was signed.

    Version and expiry are for the caller. Other tasks go on meanwhile.

    Args:
        payload: what arrived.
        identity: ``identity.json``: the fleet's key, or with ``signature`` = ``hmac`` the device's own.

    Raises:
        SyncError: broken, altered, or meant for another device.
    """
    at = payload.find(_MARK)
    signed = payload[at + len(_MARK) : -1]
    try:
        if at < 0 or payload[-1:] != b"}":
            raise ValueError("it is no signed envelope")  # noqa: TRY301 - one way out
        seals = json.loads(payload[:at] + b'"signed":0}')
        genuine = await _is_genuine(seals, signed, identity)
        document = json.loads(signed) if genuine else {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SyncError(f"desired is broken: {error}") from error
    except MemoryError as error:
        raise SyncError(f"desired of {len(payload)} bytes needs more memory than this board has") from error
    if not genuine:
        raise SyncError("desired carries no signature of this fleet that fits its content: it was altered on its way")
    _check_desired(document)
    fleet, device = identity["fleet"], identity["device"]
    if (document["fleet"], document["device"]) != (fleet, device):
        raise SyncError(
            f"desired is meant for device {document['device']} of fleet {document['fleet']}, "
            f"not for {device} of {fleet}"
        )
    return document


async def _is_genuine(seals: "dict[str, Any]", signed: bytes, identity: "dict[str, Any]") -> bool:
    if identity.get("signature") == "hmac":
        key = binascii.a2b_base64(identity["device_key"])
        for seal in seals.get("macs", ()):
            if seal["device"] == identity["device"]:
                return equal(hmac_sha256(key, signed), binascii.a2b_base64(seal["mac"]))
        return False
    key = binascii.a2b_base64(identity["fleet_key"])
    name = binascii.hexlify(hashlib.sha256(key).digest()).decode()
    for seal in seals["signatures"][:16]:
        if seal["keyid"] == name and await is_signed(key, binascii.a2b_base64(seal["sig"]), (signed,)):
            return True
    return False


async def is_signed(key: bytes, signature: bytes, pieces: "Sequence[bytes]") -> bool:
    """Whether a signature fits, found in steps between which others have their turn."""
    from .ed25519 import verify_steps

    answer = False
    for step in verify_steps(key, signature, pieces):
        answer = step
        await asyncio.sleep(0)
    return answer


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104) with a key of at most 64 bytes."""
    key = key + bytes(64 - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]))
    inner.update(message)
    outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in key]))
    outer.update(inner.digest())
    return outer.digest()


def equal(one: bytes, other: bytes) -> bool:
    """Compare in a time that does not tell how much is alike."""
    if len(one) != len(other):
        return False
    difference = 0
    for a, b in zip(one, other):  # noqa: B905 - MicroPython's zip has no strict
        difference |= a ^ b
    return not difference


def _check_desired(document: "Any") -> None:
    if not isinstance(document, dict) or document.get("type") != "desired":
        raise SyncError("desired must be a JSON object whose type is desired")
    for name in ("fleet", "device"):
        _text(document, "desired", name, MAX_TEXT)
    _integer(document, "desired", "version", 1, _MAX_INTEGER)
    _integer(document, "desired", "issued", 0, _MAX_INTEGER)
    document.setdefault("expires", 0)
    _integer(document, "desired", "expires", 0, _MAX_INTEGER)
    document.setdefault("settings", {})
    document.setdefault("runtime", None)
    programs = _mapping(document, "programs", _MAX_PROGRAMS)
    _mapping(document, "settings", MAX_VALUES)
    for app_id, target in programs.items():
        where = f"desired: programs.{app_id[:128]}"
        if not app_id or len(app_id) > 128 or any(each not in _NAME for each in app_id):
            raise SyncError(f"{where}: this is no app id")
        if not isinstance(target, dict):
            raise SyncError(f"{where} must be a JSON object")
        _integer(target, where, "version_code", 1, _MAX_INTEGER)
        _text(target, where, "version_name", MAX_TEXT)
        _content(target, where)
        if not isinstance(target.setdefault("launch", False), bool):
            raise SyncError(f"{where}: launch must be true or false")
    runtime = document["runtime"]
    if runtime is not None:
        if not isinstance(runtime, dict):
            raise SyncError("desired: runtime must be a JSON object")
        _text(runtime, "desired: runtime", "version", MAX_TEXT)
        _content(runtime, "desired: runtime")


def _content(target: "dict[str, Any]", where: str) -> None:
    _hash(target, where, "sha256")
    _integer(target, where, "size", 1, _MAX_CONTENT)
    if target.setdefault("digests", ""):
        _hash(target, where, "digests")


def _hash(fields: "dict[str, Any]", where: str, name: str) -> None:
    value = fields.get(name)
    if not isinstance(value, str) or len(value) != 64 or any(each not in _HEX for each in value):
        raise SyncError(f"{where}: {name} must be 64 lower-case hex digits")


def _integer(fields: "dict[str, Any]", where: str, name: str, low: int, high: int) -> None:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise SyncError(f"{where}: {name} must be a whole number from {low} to {high}")


def _text(fields: "dict[str, Any]", where: str, name: str, longest: int) -> None:
    value = fields.get(name)
    if not isinstance(value, str) or len(value) > longest or one_line(value, longest) != value:
        raise SyncError(f"{where}: {name} must be one line of at most {longest} characters")


def _mapping(fields: "dict[str, Any]", name: str, most: int) -> "dict[str, Any]":
    value = fields.get(name)
    if not isinstance(value, dict) or len(value) > most:
        raise SyncError(f"desired: {name} must be a JSON object of at most {most} members")
    return value


def one_line(text: object, longest: int) -> str:
    """Our own text as the fleet takes it: control characters become spaces, the end is cut off."""
    return "".join([each if each >= " " and each != "\x7f" else " " for each in str(text)[:longest]])


def encode(document: "dict[str, Any]") -> bytes:
    """A message as it is sent."""
    return json.dumps(document).encode()
