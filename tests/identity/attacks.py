"""Who attacks a fleet's broker, with which certificates, and what it tries: the same for every broker."""

import datetime
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from device_runtime.sync.certificates import Holder, certificates_to_pem, key_to_pem, new_key
from device_runtime.sync.transport import TlsFiles
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.identity.authority import Authority, Files
from firmware_tools.fleet.identity.certificates import Certificates
from firmware_tools.fleet.identity.office import IdentityOffice
from tests.identity.world import RunningBroker, enroll, issue, make_home

T = "cygnet/1/north"
DOTTED = "lamp.2"

FOREIGN = [
    *(f"{T}/hall/{channel}" for channel in ("reported", "state", "telemetry", "request", "desired", "response")),
    f"{T}/kitchen/desired",
    f"{T}/kitchen/response",
    f"{T}/kitchen/anything",
    f"{T}/claim-000000000000/request",
    "cygnet/1/south/kitchen/state",
    "elsewhere",
]
"""Topics that ``kitchen`` must not write on."""
WANTED = [
    f"{T}/hall/desired",
    f"{T}/hall/response",
    f"{T}/hall/state",
    f"{T}/+/desired",
    f"{T}/#",
    "+/+/+/+/desired",
    "#",
    "$SYS/#",
    "$MQTT/sub/#",
    f"$share/thieves/{T}/+/request",
    f"$share/thieves/{T}/hall/desired",
]
"""Filters by which ``kitchen`` must not read."""
BAD_CERTIFICATES = ["expired", "self-signed", "other CA", "nobody"]
"""Of :attr:`World.files`."""


@dataclass
class World:
    """A broker, its fleet, and the files of who comes to it, by name. ``claimer``: whose the provisioning certificate
    is."""

    broker: RunningBroker
    home: FleetHome
    files: dict[str, TlsFiles]
    claimer: str


def make_files(home: FleetHome, folder: Path) -> dict[str, TlsFiles]:
    """Certificates of the fleet's clients, of devices, and of who should not get in."""
    IdentityOffice(home).service("content-1")
    enroll(home, "kitchen", "hall", "gone", "old", DOTTED)
    files = {name: issue(home, name, folder / name) for name in ("kitchen", "hall", "gone", DOTTED)}
    files["fleet"] = service(home, "fleet")
    files["content"] = service(home, "content-1")
    files["telemetry"] = service(home, "fleet-telemetry")
    bundle = home.directory / "identity" / "claim"
    files["claim"] = TlsFiles(bundle / "ca.pem", bundle / "claim.pem", bundle / "claim.key")
    files["expired"] = _expired(home, folder / "expired")
    files["self-signed"] = _self_signed(home, folder / "self")
    files["other CA"] = _of_another_ca(folder, home)
    files["nobody"] = TlsFiles(files["fleet"].ca)
    return files


def service(home: FleetHome, name: str) -> TlsFiles:
    """The certificate of one of the fleet's own clients."""
    folder = home.directory / "identity"
    return TlsFiles(folder / "ca.pem", folder / "services" / f"{name}.pem", folder / "services" / f"{name}.key")


def _expired(home: FleetHome, folder: Path) -> TlsFiles:
    authority = Authority(home.directory, "north", clock=lambda: datetime.datetime.now(datetime.UTC).timestamp() - 9e6)
    files = Files(folder / "old.pem", folder / "old.key")
    certificate = authority.issue(Holder("north", "device", "old"), files, 100)
    assert certificate.not_valid_after_utc < datetime.datetime.now(datetime.UTC)
    with opened(home) as database, database.transaction() as connection:
        Certificates(connection).record(certificate, authority.issuer().id, 1.0)
    return TlsFiles(authority.ca_file, files.certificate, files.key)


class opened:  # noqa: N801 - reads as a statement
    """The fleet's database for the length of a ``with`` block."""

    def __init__(self, home: FleetHome) -> None:
        self._database = Database(f"sqlite:///{home.database_file}")

    def __enter__(self) -> Database:
        return self._database

    def __exit__(self, *_: object) -> None:
        self._database.close()


def _self_signed(home: FleetHome, folder: Path) -> TlsFiles:
    folder.mkdir()
    key, serial = new_key(), x509.random_serial_number()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kitchen")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, SHA256())
    )
    (folder / "s.pem").write_bytes(certificates_to_pem(certificate))
    (folder / "s.key").write_bytes(key_to_pem(key))
    return TlsFiles(home.directory / "identity" / "ca.pem", folder / "s.pem", folder / "s.key")


def _of_another_ca(folder: Path, home: FleetHome) -> TlsFiles:
    (folder / "other").mkdir()
    other = make_home(folder / "other", 1, own_ca=True)
    enroll(other, "kitchen")
    files = issue(other, "kitchen", folder / "other" / "kitchen")
    return TlsFiles(home.directory / "identity" / "ca.pem", files.certificate, files.key)
