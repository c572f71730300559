"""What the fleet's CA issued, and to whom it is good no more. The database is the authority on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from device_runtime.sync.certificates import certificate_from_der, holder_of, public_bytes
from firmware_tools.fleet.errors import FleetError, NotFoundError
from firmware_tools.fleet.identity.profiles import Revoked
from firmware_tools.fleet.identity.schema import barred_devices, certificates

State = Literal["active", "expired", "revoked"]
MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """One certificate. Times are Unix seconds; ``serial`` and ``fingerprint`` (SHA-256) are hex."""

    serial: str
    kind: str
    name: str
    not_before: float
    not_after: float
    fingerprint: str
    revoked_at: float | None
    reason: str | None
    state: State


@dataclass(frozen=True, slots=True)
class Counts:
    """How many devices have a certificate that is good, how many of these have one of a former CA, whose certificates
    expire soon, and how many devices are barred."""

    devices: int
    of_former_ca: int
    expiring: Sequence[str]
    barred: int


class Certificates:
    """Certificates as one transaction sees them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = self.connection = connection
        """For other parts of the same transaction."""

    def record(self, certificate: x509.Certificate, issuer: str, now: float) -> str:
        """Note what was issued; its serial number in hex. What bars its device is lifted."""
        holder = holder_of(certificate)
        if holder is None:
            raise FleetError("a certificate that names nobody cannot be recorded")
        serial = f"{certificate.serial_number:x}"
        self._connection.execute(
            insert(certificates).values(
                serial=serial,
                kind=holder.kind,
                name=holder.name,
                issuer=issuer,
                not_before=certificate.not_valid_before_utc.timestamp(),
                not_after=certificate.not_valid_after_utc.timestamp(),
                fingerprint=certificate.fingerprint(SHA256()).hex(),
                der=certificate.public_bytes(Encoding.DER),
                issued_at=now,
            )
        )
        if holder.kind == "device":
            self._connection.execute(delete(barred_devices).where(barred_devices.c.device == holder.name))
        return serial

    def of(self, kind: str, name: str, now: float) -> list[CertificateRecord]:
        """All that were issued to somebody, newest first."""
        query = select(certificates).where(certificates.c.kind == kind, certificates.c.name == name)
        found = self._connection.execute(query.order_by(certificates.c.issued_at.desc(), certificates.c.serial))
        return [_record(row, now) for row in found]

    def certificate(self, serial: str) -> tuple[x509.Certificate, str] | None:
        """A certificate that was issued, and the id of the CA that did."""
        row = self._connection.execute(select(certificates).where(certificates.c.serial == serial)).one_or_none()
        if row is None:
            return None
        return certificate_from_der(row.der, f"the certificate {serial} in the database"), row.issuer

    def good(self, serial: str, device: str, now: float) -> tuple[x509.Certificate, str] | None:
        """A certificate of this device that has neither expired nor been revoked, and the id of its CA."""
        row = self._connection.execute(
            select(certificates.c.serial).where(
                certificates.c.serial == serial,
                certificates.c.kind == "device",
                certificates.c.name == device,
                certificates.c.revoked_at.is_(None),
                certificates.c.not_after > now,
            )
        ).one_or_none()
        return self.certificate(serial) if row is not None else None

    def issuer_of(self, kind: str, name: str, now: float) -> str | None:
        """The id of the CA of somebody's newest certificate that is good."""
        query = select(certificates.c.issuer).where(
            certificates.c.kind == kind,
            certificates.c.name == name,
            certificates.c.revoked_at.is_(None),
            certificates.c.not_after > now,
        )
        found: str | None = self._connection.scalar(query.order_by(certificates.c.issued_at.desc()).limit(1))
        return found

    def with_key(self, device: str, key: bytes, now: float) -> x509.Certificate | None:
        """The good certificate of a device for this public key (SubjectPublicKeyInfo), if it has one."""
        for record in self.of("device", device, now):
            found = self.certificate(record.serial) if record.state == "active" else None
            if found is not None and public_bytes(found[0].public_key()) == key:
                return found[0]
        return None

    def revoke(self, kind: str, name: str, reason: str, now: float) -> int:
        """Let all certificates of somebody be good no more; how many were still.

        Raises:
            FleetError: the reason is too long, or more than a line.
        """
        if len(reason) > MAX_REASON or not reason.isprintable():
            raise FleetError(f"the reason is one line of at most {MAX_REASON} characters")
        good = (
            certificates.c.kind == kind,
            certificates.c.name == name,
            certificates.c.revoked_at.is_(None),
            certificates.c.not_after > now,
        )
        values = {"revoked_at": now, "reason": reason}
        return self._connection.execute(update(certificates).where(*good).values(values)).rowcount

    def bar(self, device: str, reason: str, now: float) -> int:
        """Revoke a device's certificates, and hear it no more until it claims anew; how many certificates were good.

        Raises:
            NotFoundError: it never had any.
            FleetError: as :meth:`revoke`.
        """
        if not self.of("device", device, now):
            raise NotFoundError(f"device {device} has no certificate that could be revoked")
        revoked = self.revoke("device", device, reason, now)
        here = barred_devices.c.device == device
        if self._connection.scalar(select(barred_devices.c.device).where(here)) is None:
            self._connection.execute(insert(barred_devices).values(device=device, since=now, reason=reason))
        return revoked

    def barred(self) -> set[str]:
        """The devices that are not to be heard."""
        return set(self._connection.scalars(select(barred_devices.c.device)))

    def revoked_by(self, issuer: str, now: float) -> list[Revoked]:
        """What goes into the revocation list of a CA: revoked, and not expired yet."""
        query = select(certificates.c.serial, certificates.c.revoked_at).where(
            certificates.c.issuer == issuer, certificates.c.revoked_at.is_not(None), certificates.c.not_after > now
        )
        found = self._connection.execute(query.order_by(certificates.c.serial))
        return [Revoked(int(row.serial, 16), row.revoked_at) for row in found]

    def good_ones(self, kind: str, now: float) -> list[tuple[str, int]]:
        """Who has a good certificate, and its serial number; by name."""
        query = select(certificates.c.name, certificates.c.serial).where(
            certificates.c.kind == kind, certificates.c.revoked_at.is_(None), certificates.c.not_after > now
        )
        found = self._connection.execute(query.order_by(certificates.c.name, certificates.c.serial))
        return [(row.name, int(row.serial, 16)) for row in found]

    def withdrawn(self, kind: str, now: float) -> list[str]:
        """Who had certificates and has none that is good."""
        good = {name for name, _ in self.good_ones(kind, now)}
        query = select(certificates.c.name).where(certificates.c.kind == kind).distinct()
        return sorted(set(self._connection.scalars(query)) - good)

    def mark(self) -> tuple[float, ...]:
        """Differs whenever something changed that brokers have to know."""
        row = self._connection.execute(
            select(
                func.count(),
                func.coalesce(func.max(certificates.c.issued_at), 0.0),
                func.coalesce(func.max(certificates.c.revoked_at), 0.0),
                func.count(certificates.c.revoked_at),
            ).select_from(certificates)
        ).one()
        barred = self._connection.scalar(select(func.count()).select_from(barred_devices)) or 0
        return (*(float(value) for value in row), float(barred))

    def counts(self, issuer: str, now: float, soon: float, most: int = 100) -> Counts:
        """Figures for the operator; ``issuer`` is the CA of now, ``soon`` how many seconds that is."""
        good = (
            certificates.c.kind == "device",
            certificates.c.revoked_at.is_(None),
            certificates.c.not_after > now,
        )
        latest = (
            select(certificates.c.name, func.max(certificates.c.not_after).label("ends"))
            .where(*good)
            .group_by(certificates.c.name)
            .subquery()
        )
        renewed = select(certificates.c.name).where(*good, certificates.c.issuer == issuer)
        former = select(func.count(func.distinct(certificates.c.name))).where(
            *good, certificates.c.name.not_in(renewed)
        )
        expiring = select(latest.c.name).where(latest.c.ends < now + soon).order_by(latest.c.ends).limit(most)
        return Counts(
            devices=self._connection.scalar(select(func.count()).select_from(latest)) or 0,
            of_former_ca=self._connection.scalar(former) or 0,
            expiring=list(self._connection.scalars(expiring)),
            barred=len(self.barred()),
        )


def _record(row: Row[Any], now: float) -> CertificateRecord:
    state: State = "active"
    if row.revoked_at is not None:
        state = "revoked"
    elif row.not_after <= now:
        state = "expired"
    return CertificateRecord(
        row.serial,
        row.kind,
        row.name,
        row.not_before,
        row.not_after,
        row.fingerprint,
        row.revoked_at,
        row.reason,
        state,
    )
