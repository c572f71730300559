"""The fleet's CA and what it issued for the fleet's own side, in files.

```
keys/identity/ca-N/          the CA; with two of them a rotation is under way, and the higher number issues
  root.key                   may lie elsewhere (`--root-key`): nothing needs it once the CA is made
  root.pem
  issuing.key                mode 0600: issues certificates; whoever has it can be any device
  issuing.pem
identity/ca.pem              the roots that are trusted now
identity/server.pem, .key    the broker's
identity/services/           NAME.pem, NAME.key: the fleet's own clients
identity/claim/              the bundle for devices that have no identity: ca.pem, claim.pem, claim.key, claim.toml
identity/claim-NAME/         further ones
```
Every file is written whole, keys with mode 0600, and a CA appears at once with all of its files. `.pem` of who was
issued a certificate has that of the issuing CA too.
"""

import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from device_runtime.sealed.durable import disk_sentence, sync_directory, write_secret, write_whole
from device_runtime.sync.certificates import (
    Holder,
    certificates_from_pem,
    certificates_to_pem,
    holder_of,
    key_from_pem,
    key_to_pem,
    new_key,
)
from device_runtime.sync.transport import TlsFiles
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import BrokerSettings, toml_string
from firmware_tools.fleet.identity.profiles import Issuer, issue_client, issue_server, make_issuing, make_root

FLEET_SERVICE = "fleet"
CONTENT_SERVICE = re.compile(r"content-[a-z0-9]{1,32}")
WORKER_SERVICE = re.compile(r"worker-[a-z0-9]{1,32}")
TELEMETRY = "-telemetry"
"""What the name of a fleet's or worker's second client ends in: its connection for telemetry."""
_SERVER_NAME = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?")
_BUNDLE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class Files:
    """A certificate (with its CA's) and its key."""

    certificate: Path
    key: Path


class Authority:
    """The CA of the fleet in one home directory.

    Args:
        home: the fleet's home directory.
        fleet: its id.
        clock: Unix time in seconds.
    """

    def __init__(self, home: Path, fleet: str, clock: Callable[[], float] = time.time) -> None:
        self._keys, self.folder = home / "keys" / "identity", home / "identity"
        self.fleet, self._clock = fleet, clock

    def _generations(self) -> list[Path]:
        """The folders of CAs, the present one first."""
        found = {int(path.name[3:]): path for path in self._keys.glob("ca-*") if path.name[3:].isdigit()}
        return [found[number] for number in sorted(found, reverse=True)]

    @property
    def exists(self) -> bool:
        """Whether there is a CA."""
        return bool(self._generations())

    @property
    def ca_file(self) -> Path:
        """The roots that are trusted now."""
        return self.folder / "ca.pem"

    @property
    def server(self) -> Files:
        """The broker's certificate; it may not be there yet."""
        return Files(self.folder / "server.pem", self.folder / "server.key")

    @property
    def rotating(self) -> bool:
        """Whether two CAs are trusted."""
        return len(self._generations()) > 1

    def service(self, name: str) -> Files:
        """The certificate of one of the fleet's own clients."""
        return Files(self.folder / "services" / f"{name}.pem", self.folder / "services" / f"{name}.key")

    def bundles(self) -> list[Path]:
        """The folders for devices that have no identity."""
        return sorted(path.parent for path in self.folder.glob("claim*/claim.pem"))

    def services(self) -> list[str]:
        """The names of the fleet's own clients."""
        return sorted(path.stem for path in (self.folder / "services").glob("*.pem"))

    def roots(self) -> list[x509.Certificate]:
        """All that are trusted now, the present one first."""
        return [read_certificates(folder / "root.pem")[0] for folder in self._generations()]

    def for_brokers(self) -> bytes:
        """What a broker takes clients' certificates by, in PEM: the roots, and the issuing CAs, whose certificates
        microcontrollers do not send along."""
        return certificates_to_pem(*self.roots(), *(issuer.certificate for issuer in self.issuers()))

    def issuers(self) -> list[Issuer]:
        """The CA of now, and in a rotation the one of before."""
        return [_issuer(folder) for folder in self._generations()]

    def issuer(self) -> Issuer:
        """The CA that issues now.

        Raises:
            FleetError: there is none, or a file cannot be read or is readable by others.
        """
        if not self.exists:
            raise FleetError("this fleet has no CA yet; make one with `cygnet fleet identity init`")
        return _issuer(self._generations()[0])

    def found(self, root_key: Path | None) -> None:
        """Make the CA; ``root_key``: where the root's key goes instead.

        Raises:
            FleetError: there is a CA already, or a file cannot be written.
        """
        if self.exists:
            raise FleetError(
                f"the fleet {self.fleet} has a CA already, in {self._generations()[0]}; "
                "`cygnet fleet identity rotate-ca` makes another"
            )
        self._make(1, root_key)

    def _make(self, number: int, root_key: Path | None) -> None:
        now, key, issuing = self._clock(), new_key(), new_key()
        root = make_root(self.fleet, key, now)
        certificate = make_issuing(self.fleet, issuing.public_key(), root, key, now)
        if root_key is not None and root_key.exists():
            raise FleetError(f"{root_key} exists; a key is never overwritten: move it away first")
        aside, place = self._keys / f"ca-{number}.new", self._keys / f"ca-{number}"
        with _writing(place):
            self._keys.mkdir(parents=True, exist_ok=True)
            self._keys.chmod(0o700)
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(mode=0o700)
            write_secret(aside / "issuing.key", key_to_pem(issuing))
            write_whole(aside / "root.pem", certificates_to_pem(root))
            write_whole(aside / "issuing.pem", certificates_to_pem(certificate))
        with _writing(root_key or place):
            if root_key is not None:
                root_key.parent.mkdir(parents=True, exist_ok=True)
            write_secret(root_key or aside / "root.key", key_to_pem(key))
        with _writing(place):
            aside.rename(place)
            sync_directory(self._keys)
        self.tell_roots()

    def tell_roots(self) -> None:
        """Write the roots that are trusted now to where brokers and devices take them from."""
        roots = certificates_to_pem(*self.roots())
        for path in (self.ca_file, *(folder / "ca.pem" for folder in self.bundles())):
            with _writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, roots)

    def issue(self, holder: Holder, files: Files, days: float) -> x509.Certificate:
        """Make a key and a certificate for ``holder``, in place of what is in these files."""
        issuer, key = self.issuer(), new_key()
        certificate = issue_client(issuer, holder, key.public_key(), self._clock(), days)
        self._write(files, key_to_pem(key), certificate, issuer)
        return certificate

    def issue_server(self, names: Sequence[str], *, cluster: bool = False) -> x509.Certificate:
        """Make the broker's key and certificate; ``cluster``: its nodes come to each other with it.

        Raises:
            FleetError: a name is none, or a file cannot be written.
        """
        for name in names:
            if not _SERVER_NAME.fullmatch(name):
                raise FleetError(f"{name[:80]!a} is no host name and no address, such as broker.example or 192.0.2.7")
        issuer, key = self.issuer(), new_key()
        certificate = issue_server(issuer, names, key.public_key(), self._clock(), cluster=cluster)
        self._write(self.server, key_to_pem(key), certificate, issuer)
        return certificate

    def make_bundle(self, name: str, broker: str, days: float) -> tuple[Path, x509.Certificate]:
        """Make a provisioning certificate, and the folder that devices are given; ``name`` is empty for the first.

        Raises:
            FleetError: the name cannot name a folder, or a file cannot be written.
        """
        if name and not _BUNDLE.fullmatch(name):
            raise FleetError(f"{name[:80]!a} must be 1 to 32 lower-case letters, digits and hyphens")
        folder = self.folder / (f"claim-{name}" if name else "claim")
        issuer, key = self.issuer(), new_key()
        public = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()
        holder = Holder(self.fleet, "claim", f"claim-{public[:12]}")
        certificate = issue_client(issuer, holder, key.public_key(), self._clock(), days)
        with _writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / "claim.toml", f"broker = {toml_string(broker)}\n".encode())
            write_whole(folder / "ca.pem", self.ca_file.read_bytes())
        self._write(Files(folder / "claim.pem", folder / "claim.key"), key_to_pem(key), certificate, issuer)
        return folder, certificate

    def claimers(self) -> list[Holder]:
        """Whose the provisioning certificates are."""
        found = [holder_of(read_certificates(folder / "claim.pem")[0]) for folder in self.bundles()]
        return [holder for holder in found if holder is not None]

    def rotate(self, root_key: Path | None) -> None:
        """Make another root and issuing CA; both are trusted until :meth:`finish_rotation`.

        Raises:
            FleetError: there is no CA, a rotation is under way, or a file cannot be written.
        """
        self.issuer()
        if self.rotating:
            raise FleetError(
                "two CAs are trusted already: `cygnet fleet identity rotate-ca --finish` ends the rotation under way"
            )
        self._make(int(self._generations()[0].name[3:]) + 1, root_key)

    def finish_rotation(self) -> None:
        """Trust the CA of before no more.

        Raises:
            FleetError: no rotation is under way, or a file cannot be written.
        """
        if not self.rotating:
            raise FleetError("no rotation is under way; `cygnet fleet identity rotate-ca` begins one")
        for folder in self._generations()[1:]:
            gone = folder.with_name(f"{folder.name}.gone")
            with _writing(folder):
                folder.rename(gone)
                shutil.rmtree(gone)
        self.tell_roots()

    def _write(self, files: Files, key: bytes, certificate: x509.Certificate, issuer: Issuer) -> None:
        with _writing(files.certificate):
            files.certificate.parent.mkdir(parents=True, exist_ok=True)
            write_secret(files.key, key)
            write_whole(files.certificate, certificates_to_pem(certificate, issuer.certificate))


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """What the disk refuses, as a :class:`FleetError` that names ``path``."""
    try:
        yield
    except OSError as error:
        raise FleetError(f"{path} cannot be written: {disk_sentence(error)}") from error


def gives_certificates(home: Path, broker: BrokerSettings) -> bool:
    """Whether the fleet comes to its broker with a certificate of its own CA, so that its broker knows this CA."""
    return broker.cert is not None and broker.cert.resolve().parent == (home / "identity" / "services").resolve()


def service_files(home: Path, broker: BrokerSettings, name: str) -> TlsFiles | None:
    """The certificate of one of the fleet's own clients, where the fleet has a CA that its broker knows; without, each
    client uses what ``fleet.toml`` names.

    Raises:
        FleetError: the fleet has one, and this client none: two clients with one certificate throw each other out.
    """
    services = home / "identity" / "services"
    if not gives_certificates(home, broker):
        return None
    certificate = services / f"{name}.pem"
    if not certificate.exists():
        maker = name.removesuffix(TELEMETRY)
        raise FleetError(
            f"{certificate} is missing: each client of the broker has a certificate of its own; make it with `cygnet "
            f"fleet identity service {maker}`, and write the broker's configuration again"
        )
    return TlsFiles(broker.ca, certificate, services / f"{name}.key")


def read_certificates(path: Path) -> list[x509.Certificate]:
    """The certificates in a file.

    Raises:
        FleetError: it cannot be read.
        IdentityError: it holds none.
    """
    try:
        return certificates_from_pem(path.read_bytes(), str(path))
    except OSError as error:
        raise FleetError(f"{path} cannot be read: {error.strerror}") from error


def _issuer(folder: Path) -> Issuer:
    path = folder / "issuing.key"
    try:
        if path.stat().st_mode & 0o077:
            raise FleetError(f"the key {path} is readable by others; run: chmod 600 {path}")
        key = key_from_pem(path.read_bytes(), str(path))
    except OSError as error:
        raise FleetError(f"the key {path} cannot be read: {error.strerror}") from error
    return Issuer(read_certificates(folder / "issuing.pem")[0], key, read_certificates(folder / "root.pem")[0])
