"""The desired document: what one device should have, signed; no sockets, no files, no clocks.

``docs/protocol.md`` shows an example. :mod:`device_runtime.sync.messages` has the other messages.
"""

import base64
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import KeyRing
from device_runtime.sync.envelope import make_signatures, read_signed
from device_runtime.sync.fields import Fields, ProtocolError, canonical_json, parse_object
from device_runtime.sync.share_messages import APP_ID, SEGMENT
from device_runtime.values import Value

MAX_MESSAGE_BYTES = 256 * 1024
"""The longest JSON payload."""
MAX_PROGRAMS = 256
MAX_MODELS = 64
MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
MAX_VALUES = 64
"""The most values in one telemetry record, and settings in one desired document."""
MAX_TEXT = 64
MAX_CONTENT_BYTES = 2**31 - 1
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ProgramTarget:
    """One program that a device should have: the package's SHA-256 (hex) and size in bytes, and if it should run.

    ``launch`` means: bring it to the foreground once, when this version has been installed. ``digests`` is the SHA-256
    (hex) of the package's ``META-INF/digests.json``, for boards that never have the whole file; empty: not said.
    ``urgent`` does not wait for a good moment.
    """

    version_code: int
    version_name: str
    sha256: str
    size: int
    launch: bool = False
    digests: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class ModelTarget:
    """One model that a device should have: its package's SHA-256 (hex) and size in bytes; ``digests`` and ``urgent`` as
    there."""

    version_code: int
    version_name: str
    sha256: str
    size: int
    digests: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class RuntimeTarget:
    """The runtime that a microcontroller should have: its version, and the sealed archive with it."""

    version: str
    sha256: str
    size: int
    digests: str = ""


@dataclass(frozen=True, slots=True)
class RootTarget:
    """The first root of the fleet's signed metadata, for a device that was enrolled before there was one: the file
    ``<version>.root.json``, by its SHA-256 (hex)."""

    version: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Desired:
    """What one device should have. ``version`` only rises; ``issued`` and ``expires`` (0: never) are Unix time in
    seconds; ``runtime`` is for microcontrollers, which take theirs from the fleet; ``models`` is not. ``root`` tells a
    device without a root where trust begins; one that has a root does not look at it."""

    fleet: str
    device: str
    version: int
    issued: int
    programs: Mapping[str, ProgramTarget]
    settings: Mapping[str, Value] = field(default_factory=dict)
    expires: int = 0
    runtime: RuntimeTarget | None = None
    models: Mapping[str, ModelTarget] = field(default_factory=dict)
    root: RootTarget | None = None


def sign_desired(
    desired: Desired,
    private_key: Ed25519PrivateKey,
    device_key: bytes | None = None,
    former_keys: Sequence[Ed25519PrivateKey] = (),
) -> bytes:
    """The signed envelope of a desired document, as it is published.

    The signature (Ed25519, RFC 8032) covers the canonical JSON of ``signed``, which says its own ``type``, fleet,
    device and version: an envelope cannot be passed off as another device's, another message or a newer version.
    With a ``device_key``, an HMAC-SHA256 over the same bytes is added for a device that cannot afford Ed25519; with
    ``former_keys``, their signatures for devices that have not heard of the newest key.

    Raises:
        ProtocolError: a member breaks its rule.
    """
    signed = _document(desired)
    _desired(Fields(signed, "desired"))
    content = canonical_json(signed)
    document: dict[str, Any] = {
        "signed": signed,
        "signatures": make_signatures(content, (private_key, *former_keys)),
    }
    if device_key is not None:
        mac = base64.b64encode(hmac.digest(device_key, content, "sha256")).decode()
        document["macs"] = [{"device": desired.device, "mac": mac}]
    envelope = canonical_json(document)
    if len(envelope) > MAX_MESSAGE_BYTES:
        raise ProtocolError(f"a desired document of {len(envelope)} bytes is longer than {MAX_MESSAGE_BYTES} bytes")
    return envelope


def verify_desired(payload: bytes, trusted: KeyRing, fleet: str, device: str) -> Desired:
    """Check a signed envelope and give the desired document in it.

    One good signature of a trusted key is enough, so that keys can be changed with two signatures on one document. Of
    the signatures of one key, the first counts.
    Whether the version has risen, and whether it has expired, is for the caller, who knows the last one and the time.

    Args:
        payload: what arrived.
        trusted: the keys that may sign for this fleet.
        fleet: the fleet of this device.
        device: the id of this device.

    Raises:
        ProtocolError: broken, not signed by a trusted key, or meant for another device or fleet.
    """
    signed = read_signed(parse_object(payload, "desired", MAX_MESSAGE_BYTES), trusted, "desired")
    desired = _desired(Fields(signed, "desired"))
    if (desired.fleet, desired.device) != (fleet, device):
        raise ProtocolError(
            f"desired is meant for device {desired.device} of fleet {desired.fleet}, not for {device} of {fleet}"
        )
    return desired


def _document(desired: Desired) -> dict[str, Any]:
    """What is signed: members that say nothing are left out, since boards count bytes."""
    signed: dict[str, Any] = {"type": "desired", **asdict(desired)}
    for member, nothing in (("expires", 0), ("runtime", None), ("models", {}), ("root", None)):
        if signed[member] == nothing:
            del signed[member]
    for entry in [*signed["programs"].values(), *signed.get("models", {}).values(), signed.get("runtime", {})]:
        for member in ("digests", "urgent"):
            if not entry.get(member, True):
                del entry[member]
    return signed


def _desired(fields: Fields) -> Desired:
    kind = fields.text("type", MAX_TEXT)
    if kind != "desired":
        raise ProtocolError(f"desired: type must be desired, not {kind!a}")
    return Desired(
        fleet=fields.form("fleet", SEGMENT, "a fleet id"),
        device=fields.form("device", SEGMENT, "a device id"),
        version=fields.integer("version", low=1),
        issued=fields.integer("issued"),
        programs={
            app_id: _target(Fields(entry, f"desired: programs.{app_id}"))
            for app_id, entry in program_entries(fields, "desired").items()
        },
        settings=fields.values("settings", MAX_VALUES, default={}),
        expires=fields.integer("expires", default=0),
        runtime=_runtime(fields),
        models={
            name: _model(Fields(entry, f"desired: models.{name}"))
            for name, entry in model_entries(fields, "desired", MAX_MODELS, {}).items()
        },
        root=_root(fields),
    )


def _root(fields: Fields) -> RootTarget | None:
    if not fields.has("root"):
        return None
    entry = Fields(fields.mapping("root", MAX_VALUES), "desired: root")
    return RootTarget(
        version=entry.integer("version", low=1, high=2**31 - 1),
        sha256=entry.form("sha256", SHA256, "64 lower-case hex digits"),
    )


def _runtime(fields: Fields) -> RuntimeTarget | None:
    if not fields.has("runtime"):
        return None
    entry = Fields(fields.mapping("runtime", MAX_VALUES), "desired: runtime")
    return RuntimeTarget(
        version=entry.text("version", MAX_TEXT),
        sha256=entry.form("sha256", SHA256, "64 lower-case hex digits"),
        size=entry.integer("size", low=1, high=MAX_CONTENT_BYTES),
        digests=_digests(entry),
    )


def _digests(fields: Fields) -> str:
    return fields.form("digests", SHA256, "64 lower-case hex digits") if fields.has("digests") else ""


def program_entries(fields: Fields, where: str) -> Mapping[str, Any]:
    """The member ``programs``, by app id, each entry still to be checked. Raises :class:`ProtocolError`."""
    programs = fields.mapping("programs", MAX_PROGRAMS)
    for app_id in programs:
        if not isinstance(app_id, str) or not APP_ID.fullmatch(app_id):
            raise ProtocolError(
                f"{where}: programs holds {ascii(app_id)[:80]}, but an app_id is 1 to 128 letters, digits, dots, "
                "underscores and hyphens"
            )
    return programs


def model_entries(fields: Fields, where: str, most: int, absent: Mapping[str, Any]) -> Mapping[str, Any]:
    """The member ``models``, by name, each entry still to be checked; ``absent`` itself when there is none.

    Raises:
        ProtocolError: it is no object, or too large, or a name is none of a model.
    """
    models = fields.mapping("models", most, absent)
    for name in models:
        if not isinstance(name, str) or not MODEL_NAME.fullmatch(name):
            raise ProtocolError(
                f"{where}: models holds {ascii(name)[:80]}, but a model's name is 1 to 64 of a-z, 0-9 and _, "
                "and starts with a letter or digit"
            )
    return models


def _model(fields: Fields) -> ModelTarget:
    return ModelTarget(
        version_code=fields.integer("version_code", low=1),
        version_name=fields.text("version_name", MAX_TEXT),
        sha256=fields.form("sha256", SHA256, "64 lower-case hex digits"),
        size=fields.integer("size", low=1, high=MAX_CONTENT_BYTES),
        digests=_digests(fields),
        urgent=fields.boolean("urgent", default=False),
    )


def _target(fields: Fields) -> ProgramTarget:
    return ProgramTarget(
        version_code=fields.integer("version_code", low=1),
        version_name=fields.text("version_name", MAX_TEXT),
        sha256=fields.form("sha256", SHA256, "64 lower-case hex digits"),
        size=fields.integer("size", low=1, high=MAX_CONTENT_BYTES),
        launch=fields.boolean("launch", default=False),
        digests=_digests(fields),
        urgent=fields.boolean("urgent", default=False),
    )
