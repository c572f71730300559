"""What an operator does to a fleet's CA on its own machine: make it, issue, rotate, write a broker's files.

It needs the fleet's home and database, and no running service; a service that runs notices within seconds.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from device_runtime.host.identity_folder import IdentityFolder
from device_runtime.keys import encode_public_key
from device_runtime.sync.certificates import Holder, new_key
from device_runtime.sync.identity import IdentityDocument
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.identity.authority import (
    CONTENT_SERVICE,
    FLEET_SERVICE,
    TELEMETRY,
    WORKER_SERVICE,
    Authority,
    read_certificates,
)
from firmware_tools.fleet.identity.brokers.rights import rights_of
from firmware_tools.fleet.identity.brokers.writing import tell_broker, write_all
from firmware_tools.fleet.identity.certificates import Certificates
from firmware_tools.fleet.identity.keeper import revocation_lists
from firmware_tools.fleet.identity.naming import check_device
from firmware_tools.fleet.identity.profiles import issue_client
from firmware_tools.fleet.identity.settings import BrokerKind, read_identity_settings
from firmware_tools.fleet.identity.status import IdentityStatus, status_of
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.trust.keeper import TrustKeeper
from firmware_tools.fleet.trust.repository import Repository
from firmware_tools.sign.keys import load_private_key


@dataclass(frozen=True, slots=True)
class Made:
    """What ``init`` made: the bundle for devices, and the fleet's own certificate."""

    bundle: Path
    fleet_certificate: Path
    fleet_key: Path


class IdentityOffice:
    """One fleet's. Each method happens whole, or raises a :class:`FleetError`.

    Args:
        home: the fleet's home.
    """

    def __init__(self, home: FleetHome) -> None:
        self._home, self._settings = home, home.settings()
        self._days = read_identity_settings(home.settings_file)
        self.authority = Authority(home.directory, self._settings.fleet)

    @contextmanager
    def _database(self) -> Iterator[Certificates]:
        database = Database(self._settings.database or f"sqlite:///{self._home.database_file.absolute()}")
        try:
            with database.transaction() as connection:
                yield Certificates(connection)
        finally:
            database.close()

    def _record(self, certificate: x509.Certificate, replaces: Holder | None = None) -> None:
        with self._database() as certificates:
            if replaces is not None:
                certificates.revoke(replaces.kind, replaces.name, "replaced", time.time())
            certificates.record(certificate, self.authority.issuer().id, time.time())

    def init(self, root_key: Path | None, servers: Sequence[str]) -> Made:
        """Make the CA, the fleet's own certificate and the bundle for devices; with ``servers`` the broker's, too."""
        self.authority.found(root_key)
        self.service(FLEET_SERVICE)
        bundle = self.provisioning("")
        if servers:
            self.server(servers)
        own = self.authority.service(FLEET_SERVICE)
        return Made(bundle, own.certificate, own.key)

    def server(self, names: Sequence[str], *, cluster: bool = False) -> x509.Certificate:
        """Make the broker's certificate, for all names by which anybody calls it; ``cluster``: also for its nodes to
        come to each other with."""
        return self.authority.issue_server(names, cluster=cluster)

    def service(self, name: str) -> Path:
        """Make, or make anew, the certificate of one of the fleet's own clients; for those that have a connection for
        telemetry besides, that one's as well."""
        listens = name == FLEET_SERVICE or WORKER_SERVICE.fullmatch(name) is not None
        if not (listens or CONTENT_SERVICE.fullmatch(name)):
            raise FleetError(
                f"the fleet's own clients are called {FLEET_SERVICE}, worker-1 or content-1 and so on, not {name!a}"
            )
        if listens:
            self._issue_service(f"{name}{TELEMETRY}")
        return self._issue_service(name)

    def _issue_service(self, name: str) -> Path:
        holder = Holder(self._settings.fleet, "service", name)
        files = self.authority.service(name)
        certificate = self.authority.issue(holder, files, self._days.service_days)
        # The one of before stays good: a client that has it connects with it until it is started again.
        self._record(certificate)
        return files.certificate

    def provisioning(self, name: str) -> Path:
        """Make a provisioning certificate in a bundle of its own."""
        folder, certificate = self.authority.make_bundle(name, self._settings.broker.device_url, self._days.claim_days)
        self._record(certificate)
        return folder

    def issue(self, device: str, out: Path) -> Path:
        """Make key and certificate of a device here, for provisioning by cable; the provisioning file in ``out``."""
        check_device(device)
        folder, key = IdentityFolder(out), new_key()
        if folder.claimed:
            raise ConflictError(f"{out} holds an identity already; choose another folder")
        issuer, holder = self.authority.issuer(), Holder(self._settings.fleet, "device", device)
        certificate = issue_client(issuer, holder, key.public_key(), time.time(), self._days.device_days)
        document = IdentityDocument(
            self._settings.fleet,
            device,
            self._settings.broker.device_url,
            encode_public_key(load_private_key(self._home.key_file).public_key()),
            self._root(),
            (certificate, issuer.certificate),
            tuple(self.authority.roots()),
        )
        with self._database() as certificates:
            if not Registry(certificates.connection).is_enrolled(device):
                raise NotFoundError(f"device {device} is not enrolled; enroll it with `cygnet fleet enroll {device}`")
            certificates.record(certificate, issuer.id, time.time())
            out.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.found(document, folder.stage(document, key))
        return folder.provisioning_file

    def _root(self) -> str:
        keeper = TrustKeeper(Repository(self._home.directory), ContentStore(self._home.content))
        root = keeper.enrolled_root()
        return f"{root.version}:{root.sha256}" if root is not None else ""

    def withdraw(self, name: str) -> int:
        """Revoke the certificates of one of the fleet's own clients, or of a provisioning certificate."""
        kind = "claim" if name.startswith("claim-") else "service"
        with self._database() as certificates:
            if not certificates.of(kind, name, time.time()):
                raise NotFoundError(f"{name[:80]!a} is no client of the fleet and no provisioning certificate")
            return certificates.revoke(kind, name, "withdrawn", time.time())

    def rotate(self, root_key: Path | None) -> None:
        """Begin to change the CA: both are trusted, and devices get certificates of the new one."""
        self.authority.rotate(root_key)

    def finish_rotation(self, *, force: bool) -> list[str]:
        """Trust the former CA no more; what was issued anew for the fleet's own side.

        Raises:
            ConflictError: devices have certificates of the former CA still, and not ``force``.
        """
        if not self.authority.rotating:
            self.authority.finish_rotation()  # says so
        status = self.status()
        if status.of_former_ca and not force:
            raise ConflictError(
                f"{status.of_former_ca} devices have a certificate of the former CA still and would be shut out; they "
                "get another within a day of being online, and microcontrollers over the cable. With --force it ends "
                "now, and they have to claim anew"
            )
        anew = []
        if self.authority.server.certificate.exists():
            before = read_certificates(self.authority.server.certificate)[0]
            self.server(_names(before), cluster=_is_of_a_cluster(before))
            anew.append("server")
        for name in self.authority.services():
            self._issue_service(name)
            anew.append(name)
        for folder in self.authority.bundles():
            self.provisioning(folder.name.removeprefix("claim").removeprefix("-"))
            anew.append(folder.name)
        self.authority.finish_rotation()
        return anew

    def write_broker(
        self, kind: BrokerKind, folder: Path, listen: str, as_if: Path | None, pid_file: Path | None
    ) -> list[str]:
        """Write a broker's configuration, and tell it if ``pid_file`` is given; the files that changed."""
        now = time.time()
        with self._database() as certificates:
            rights = rights_of(certificates.connection, self._settings.fleet, now)
            revoked = [(issuer, certificates.revoked_by(issuer.id, now)) for issuer in self.authority.issuers()]
        self.authority.issuer()  # says so where there is none
        lists = revocation_lists(revoked)
        changed = write_all(kind, folder, self.authority, rights, lists, listen, as_if)
        if pid_file is not None:
            tell_broker(kind, pid_file)
        return changed

    def status(self) -> IdentityStatus:
        """The CA, what expires, and counts."""
        with self._database() as certificates:
            return status_of(certificates.connection, self.authority, time.time())


def _names(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return [*names.get_values_for_type(x509.DNSName), *addresses]


def _is_of_a_cluster(certificate: x509.Certificate) -> bool:
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    return ExtendedKeyUsageOID.CLIENT_AUTH in usages
