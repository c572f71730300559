"""Who a board is: ``/cygnet/identity.json``, ``/cygnet/ca.der``, and with a certificate ``/cygnet/device.der`` and
``device.key``. They hold the passwords of Wi-Fi and broker, and the key.

Nothing of this appears in messages, in logs or in an object's text.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from device_runtime.host.provisioning import ProvisioningError, load_provisioning
from device_runtime.keys import KeyFormatError, decode_public_key, encode_public_key
from device_runtime.sync.addresses import split_addresses
from device_runtime.sync.certificates import IdentityError, key_from_pem
from device_runtime.sync.messages import ProtocolError, check_identifier
from firmware_tools.provision.errors import ProvisionError

IDENTITY_FILE = "/cygnet/identity.json"
CA_FILE = "/cygnet/ca.der"
CERTIFICATE_FILE, KEY_FILE = "/cygnet/device.der", "/cygnet/device.key"
_DEVICE_KEY_BYTES = 32
_MAX_SSID_BYTES = 32
_MAX_PASSWORD_BYTES = 64


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes a board one device of one fleet.

    ``device_key`` is 32 bytes in base64, of boards that check by HMAC; ``time`` is Unix time of provisioning, from
    which a board without a clock starts; ``ca`` is the broker's CA in DER, ``certificate`` and ``key`` (PKCS#8) the
    board's own, if it has any.
    """

    fleet: str
    device: str
    host: str
    port: int
    tls: bool
    fleet_key: str
    username: str = ""
    password: str = field(default="", repr=False)
    device_key: str = field(default="", repr=False)
    signature: str = "ed25519"
    wifi: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    ntp: str = ""
    time: int = 0
    ca: bytes = field(default=b"", repr=False)
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)

    def files(self, board: str) -> dict[str, bytes]:
        """The files that say it to a board of the configuration ``board``."""
        document = {
            "fleet": self.fleet,
            "device": self.device,
            "board": board,
            "broker": {
                "host": self.host,
                "port": self.port,
                "tls": self.tls,
                "username": self.username,
                "password": self.password,
            },
            "fleet_key": self.fleet_key,
            "device_key": self.device_key,
            "signature": self.signature,
            "wifi": [{"ssid": ssid, "password": password} for ssid, password in self.wifi],
            "ntp": self.ntp,
            "time": self.time,
        }
        files = {IDENTITY_FILE: json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()}
        further = {CA_FILE: self.ca, CERTIFICATE_FILE: self.certificate, KEY_FILE: self.key}
        return {**{name: data for name, data in further.items() if data}, **files}

    def over(self, held: "Identity | None") -> "Identity":
        """This identity on a board that has ``held``: what was not given again stays, if it is the same device."""
        if held is None or (held.fleet, held.device) != (self.fleet, self.device):
            return self
        kept = replace(
            self,
            wifi=self.wifi or held.wifi,
            password=self.password or (held.password if self.username in {"", held.username} else ""),
            username=self.username or held.username,
            device_key=self.device_key or held.device_key,
            ca=self.ca or held.ca,
        )
        # The time of before, where nothing else changed: so that a second run finds nothing to send.
        return replace(kept, time=held.time) if replace(kept, time=held.time) == held else kept


def read_identity(path: Path) -> Identity:
    """An identity from what ``cygnet fleet enroll DEVICE --out FILE`` wrote (TOML), or from a board's own file (JSON).

    In the TOML file ``password_file`` and ``ca`` are read on this computer, relative to the file.

    Raises:
        ProvisionError: it cannot be read, or a member is wrong.
    """
    if path.suffix == ".json":
        try:
            return identity_of_document(json.loads(path.read_bytes()), str(path))
        except OSError as error:
            raise ProvisionError(f"{path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise ProvisionError(f"{path} is not JSON: {error}") from error
    try:
        given = load_provisioning(path)
    except ProvisioningError as error:
        raise ProvisionError(str(error)) from error
    certificate, key = _own(given.cert, given.key) if given.cert or given.key else (b"", b"")
    host, port, tls = split_broker(given.broker)
    return Identity(
        fleet=given.fleet,
        device=given.device,
        host=host,
        port=port,
        tls=tls,
        fleet_key=encode_public_key(given.fleet_key),
        username=given.username or "",
        password=read_secret(given.password_file, "the broker's password") if given.password_file else "",
        ca=read_ca(given.ca) if given.ca else b"",
        certificate=certificate,
        key=key,
    )


def identity_of_document(document: Any, where: str, ca: bytes = b"") -> Identity:
    """An identity from its JSON.

    Raises:
        ProvisionError: a member is missing or wrong; ``where`` names the document.
    """
    try:
        broker = document["broker"]
        decode_public_key(document["fleet_key"])
        return Identity(
            fleet=check_identifier("fleet", document["fleet"]),
            device=check_identifier("device", document["device"]),
            host=_text(broker["host"]),
            port=int(broker["port"]),
            tls=bool(broker["tls"]),
            fleet_key=document["fleet_key"],
            username=_text(broker.get("username", "")),
            password=_text(broker.get("password", "")),
            device_key=check_device_key(_text(document.get("device_key", ""))),
            signature=_text(document.get("signature", "ed25519")),
            wifi=tuple(check_wifi(_text(net["ssid"]), _text(net["password"])) for net in document.get("wifi", [])),
            ntp=_text(document.get("ntp", "")),
            time=int(document.get("time", 0)),
            ca=ca,
        )
    except KeyError as error:
        raise ProvisionError(f"{where}: {error.args[0]!r} is missing") from error
    except (ProtocolError, KeyFormatError) as error:
        raise ProvisionError(f"{where}: {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise ProvisionError(f"{where} is no identity of a board") from error


def identity_of_fleet(answer: Mapping[str, Any], broker: str = "") -> Identity:
    """An identity from a fleet's answer to enrolling; ``broker`` is the URL for this board, where it differs.

    Raises:
        ProvisionError: the broker's URL, or something of the answer, is not usable.
    """
    host, port, tls = split_broker(broker or str(answer["broker"]))
    return Identity(
        fleet=str(answer["fleet"]),
        device=str(answer["device"]),
        host=host,
        port=port,
        tls=tls,
        fleet_key=str(answer["fleet_key"]),
        device_key=check_device_key(str(answer.get("device_key", "") or "")),
    )


def split_broker(url: str) -> tuple[str, int, bool]:
    """Host, port and whether TLS, of ``mqtt://…`` or ``mqtts://…``; of several addresses of a cluster, the first: a
    board knows one.

    Raises:
        ProvisionError: it is not such a URL.
    """
    try:
        parts = urlsplit(split_addresses(url)[0])
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in {"mqtt", "mqtts"}:
        raise ProvisionError(f"the broker {url!r} must be a URL such as mqtts://broker.example:8883")
    tls = parts.scheme == "mqtts"
    return host, port or (8883 if tls else 1883), tls


def read_ca(path: Path) -> bytes:
    """A CA's certificate as DER, from PEM or DER.

    Raises:
        ProvisionError: it cannot be read, or is no certificate.
    """
    try:
        data = path.read_bytes()
        pem = b"-----BEGIN" in data
        certificate = x509.load_pem_x509_certificate(data) if pem else x509.load_der_x509_certificate(data)
    except OSError as error:
        raise ProvisionError(f"the CA {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ProvisionError(f"{path} is no certificate (PEM or DER)") from error
    return certificate.public_bytes(Encoding.DER)


def _own(certificate: Path | None, key: Path | None) -> tuple[bytes, bytes]:
    """A board's certificate and key, in DER.

    Raises:
        ProvisionError: one of them is missing, cannot be read, or is of another kind.
    """
    if certificate is None or key is None:
        raise ProvisionError("a board needs its certificate and its key: 'tls.cert' and 'tls.key'")
    try:
        found = key_from_pem(key.read_bytes(), str(key))
    except OSError as error:
        raise ProvisionError(f"the key {key} cannot be read: {error.strerror}") from error
    except IdentityError as error:
        raise ProvisionError(str(error)) from error
    return read_ca(certificate), found.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def read_secret(path: Path, what: str) -> str:
    """The first line of a file that holds a password.

    Raises:
        ProvisionError: it cannot be read, or is empty.
    """
    try:
        secret = path.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ProvisionError(f"{what} in {path} cannot be read: {reason}") from error
    if not secret:
        raise ProvisionError(f"{what} in {path} is empty; write it on the first line")
    return secret


def check_wifi(ssid: str, password: str) -> tuple[str, str]:
    """A network as it can be: IEEE 802.11 names have 1 to 32 bytes, WPA passphrases 8 to 63 characters.

    Raises:
        ProvisionError: it cannot be.
    """
    if not 0 < len(ssid.encode()) <= _MAX_SSID_BYTES:
        raise ProvisionError(f"{ssid!r} is no name of a Wi-Fi network: it must have 1 to {_MAX_SSID_BYTES} bytes")
    if password and not 8 <= len(password.encode()) <= _MAX_PASSWORD_BYTES:
        raise ProvisionError(f"the password of the Wi-Fi network {ssid!r} must have 8 to 63 characters, or none")
    return ssid, password


def check_device_key(key: str) -> str:
    """A key for HMAC in base64, or nothing.

    Raises:
        ProvisionError: it is neither.
    """
    try:
        right = not key or len(base64.b64decode(key, validate=True)) == _DEVICE_KEY_BYTES
    except ValueError:
        right = False
    if not right:
        raise ProvisionError(f"the device key must be {_DEVICE_KEY_BYTES} bytes in base64")
    return key


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
