"""Who a device is and whom it trusts: the file that ``cygnet fleet enroll`` writes and ``cygnet device run`` reads."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device_runtime.errors import CygnetError
from device_runtime.keys import KeyFormatError, decode_public_key, encode_public_key
from device_runtime.sync.messages import ProtocolError, RootTarget, check_identifier

_MEMBERS = {
    "fleet": "the fleet's id",
    "device": "this device's id",
    "broker": "URL of the MQTT broker, such as mqtts://broker.example:8883; of a cluster several, with commas between",
    "fleet_key": "the fleet's public key in base64",
    "username": "user name at the broker",
    "password_file": "file that holds the password",
    "root": "version and SHA-256 of the fleet's root of trust, as 1:0123...",
    "tls": "table with ca, cert and key: files in PEM",
}
_ROOT = re.compile(r"([1-9][0-9]{0,8}):([0-9a-f]{64})")
_REQUIRED = ("fleet", "device", "broker", "fleet_key")


class ProvisioningError(CygnetError):
    """A provisioning file is faulty; the message names the file and the member."""


@dataclass(frozen=True, slots=True)
class Provisioning:
    """``ca``, ``cert``, ``key`` and ``password_file`` are paths, relative ones taken from the file's folder; ``path``
    is the file that all of it was read from."""

    fleet: str
    device: str
    broker: str
    fleet_key: Ed25519PublicKey
    username: str | None = None
    password_file: Path | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    root: RootTarget | None = None
    path: Path | None = None


def load_provisioning(path: Path) -> Provisioning:
    """Read a provisioning file.

    Raises:
        ProvisioningError: it cannot be read, is not TOML, or a member is missing, unknown or wrong.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProvisioningError(
            f"{path} cannot be read: {error.strerror}; `cygnet fleet enroll DEVICE --out {path.name}` writes one"
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProvisioningError(f"{path}: not TOML: {error}") from error
    for member in document:
        if member not in _MEMBERS:
            raise ProvisioningError(f"{path}: unknown member {member!r}; known are {', '.join(_MEMBERS)}")
    for member in _REQUIRED:
        if member not in document:
            raise ProvisioningError(f"{path}: {member!r} is missing: {_MEMBERS[member]}")
    tls = document.get("tls", {})
    texts: dict[str, Any] = {**{name: value for name, value in document.items() if name != "tls"}, **tls}
    for member, value in texts.items():
        if not isinstance(value, str):
            raise ProvisioningError(f"{path}: {member!r} must be a string")
    files = {name: path.parent / texts[name] for name in ("password_file", "ca", "cert", "key") if texts.get(name)}
    try:
        return Provisioning(
            fleet=check_identifier("fleet", texts["fleet"]),
            device=check_identifier("device", texts["device"]),
            broker=texts["broker"],
            fleet_key=decode_public_key(texts["fleet_key"]),
            username=texts.get("username"),
            root=parse_root(path, texts["root"]) if texts.get("root") else None,
            path=path,
            **files,
        )
    except (ProtocolError, KeyFormatError) as error:
        raise ProvisioningError(f"{path}: {error}") from error


def provisioning_text(provisioning: Provisioning, folder: Path) -> str:
    """A file in ``folder`` that :func:`load_provisioning` reads as this."""
    root, files = provisioning.root, {}
    for name in ("password_file", "ca", "cert", "key"):
        path: Path | None = getattr(provisioning, name)
        if path is not None:
            files[name] = path.name if path.parent == folder else str(path)
    members = {
        "fleet": provisioning.fleet,
        "device": provisioning.device,
        "broker": provisioning.broker,
        "fleet_key": encode_public_key(provisioning.fleet_key),
        "root": f"{root.version}:{root.sha256}" if root is not None else "",
        "username": provisioning.username or "",
        "password_file": files.pop("password_file", ""),
    }
    lines = [f"# Makes this device {provisioning.device} of the fleet {provisioning.fleet}.", *_lines(members)]
    return "\n".join([*lines, *(["", "[tls]", *_lines(files)] if files else []), ""])


def _lines(members: Mapping[str, str]) -> list[str]:
    # JSON's escapes are TOML's, but TOML wants DEL escaped too.
    texts = {name: json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") for name, value in members.items()}
    return [f"{name} = {texts[name]}" for name, value in members.items() if value]


def parse_root(path: Path, text: str) -> RootTarget:
    """The member ``root``; ``path`` is the file for the error.

    Raises:
        ProvisioningError: it is not ``version:SHA-256``.
    """
    found = _ROOT.fullmatch(text)
    if found is None:
        raise ProvisioningError(
            f"{path}: 'root' must be the version and the SHA-256 of the fleet's root, such as 1: and 64 hex digits, "
            f"not {text[:80]!a}"
        )
    return RootTarget(int(found[1]), found[2])
