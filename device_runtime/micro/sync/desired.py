"""Checking a desired document; imported only while one is checked.

It is verified over the bytes of ``signed`` as they stand in the envelope, and those bytes are what is then parsed:
nothing is encoded again, and what lies around them is only looked at for signatures.
"""

import binascii
import hashlib
import json

from .. import clock
from ..records import write_body
from .messages import MAX_TEXT, MAX_VALUES, SyncError, one_line
from .seals import equal, hmac_sha256, is_signed

try:
    from typing import Any

    from .memory import Memory
except ImportError:
    pass

_MAX_INTEGER = 2**53 - 1
_MAX_PROGRAMS = 32
_MAX_CONTENT = 2**31 - 1
_HEX = "0123456789abcdef"
_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
_MARK = b'"signed":'


async def accept(memory: "Memory", payload: bytes) -> bool:
    """Take a signed envelope as what this board should have from now on; False when nothing changes.

    Raises:
        SyncError: altered, for another device, too old, or expired.
        OSError: the disk does not take it.
    """
    desired = await verify_desired(payload, memory.identity)
    held = memory.desired
    clock.set_now(desired["issued"])
    memory.time = max(memory.time, desired["issued"])
    if held is not None and _same(held, desired):
        return False
    version, expires, now = desired["version"], desired["expires"], clock.now()
    if version < memory.floor:
        raise SyncError(f"desired version {version} is older than version {memory.floor}, which this device has seen")
    if held is not None and version == held["version"]:
        raise SyncError(f"desired version {version} came a second time with other content")
    if expires and now and now > expires:
        raise SyncError(f"desired version {version} expired {now - expires} s ago: the fleet must sign it again")
    write_body(memory.desired_path, payload)
    memory.desired, memory.floor = desired, version
    return True


def _same(one: "dict[str, Any]", other: "dict[str, Any]") -> bool:
    """Whether two documents want the same: the fleet signs the same version again with a new time."""
    return all(one[name] == other[name] for name in ("version", "programs", "settings", "runtime"))


async def verify_desired(payload: bytes, identity: "dict[str, Any]") -> "dict[str, Any]":
    """Check the signature and the members of a desired document, and give what was signed.

    Version and expiry are for the caller. Other tasks go on meanwhile.

    Args:
        payload: what arrived.
        identity: ``identity.json``: the fleet's key, or with ``signature`` = ``hmac`` the device's own.

    Raises:
        SyncError: broken, altered, or meant for another device.
    """
    document = await verify_envelope(payload, identity, "desired")
    _check_desired(document)
    fleet, device = identity["fleet"], identity["device"]
    if (document["fleet"], document["device"]) != (fleet, device):
        raise SyncError(
            f"desired is meant for device {document['device']} of fleet {document['fleet']}, "
            f"not for {device} of {fleet}"
        )
    return document


async def verify_envelope(payload: bytes, identity: "dict[str, Any]", what: str) -> "dict[str, Any]":
    """What the fleet signed, of which no member has been looked at. Other tasks go on meanwhile.

    Args:
        payload: what arrived.
        identity: as above.
        what: what it is, for sentences.

    Raises:
        SyncError: broken, or altered.
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
        raise SyncError(f"{what} is broken: {error}")
    except MemoryError:
        raise SyncError(f"{what} of {len(payload)} bytes needs more memory than this board has")
    if not genuine:
        raise SyncError(f"{what} carries no signature of this fleet that fits its content: it was altered on its way")
    if not isinstance(document, dict):
        raise SyncError(f"{what} must be a JSON object")
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
        if seal["keyid"] == name:  # the first of our key counts: each takes a Pico W more than a second
            return await is_signed(key, binascii.a2b_base64(seal["sig"]), (signed,))
    return False


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
        if app_id[:1] in "._-" or len(app_id) > 128 or any(each not in _NAME for each in app_id):
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
