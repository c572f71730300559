"""What is in each certificate that a fleet's CA issues (RFC 5280), and in its revocation lists.

| certificate | may | good for |
|---|---|---|
| root | issue CAs | 20 years |
| issuing | issue certificates, and revocation lists of them | 15 years |
| server | be a broker; of a cluster, also come to its other nodes | 825 days |
| device, service, claim | be a client | as ``[identity]`` of fleet.toml says |

Certificates begin an hour before they are made: clocks differ. A revocation list is good as long as its CA: brokers
refuse everybody by one that has expired, and it is made anew whenever something changes.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from device_runtime.sync.certificates import Holder

ROOT_DAYS, ISSUING_DAYS, SERVER_DAYS = 20 * 365, 15 * 365, 825
_EARLIER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Issuer:
    """A CA that can issue: its certificate with its key, and the root above it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    root: x509.Certificate

    @property
    def id(self) -> str:
        """The CA's key identifier in hex."""
        return key_identifier(self.certificate)


@dataclass(frozen=True, slots=True)
class Revoked:
    """One entry of a revocation list; ``at`` is Unix time in seconds."""

    serial: int
    at: float


def key_identifier(certificate: x509.Certificate) -> str:
    """The subject key identifier in hex."""
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex()


def make_root(fleet: str, key: ec.EllipticCurvePrivateKey, now: float) -> x509.Certificate:
    """The certificate of a root, which signs itself."""
    name = _ca_name(fleet, "root", key)
    builder = _builder(name, name, key.public_key(), key.public_key(), now, ROOT_DAYS, x509.random_serial_number())
    return _authority(builder, 1).sign(key, SHA256())


def make_issuing(
    fleet: str, key: ec.EllipticCurvePublicKey, root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey, now: float
) -> x509.Certificate:
    """The certificate of a CA that issues to devices, services and brokers, and no further CA."""
    name = _ca_name(fleet, "issuing", key)
    serial = x509.random_serial_number()
    builder = _builder(name, root.subject, key, root_key.public_key(), now, ISSUING_DAYS, serial)
    return _authority(builder, 0).sign(root_key, SHA256())


def issue_client(
    issuer: Issuer, holder: Holder, key: ec.EllipticCurvePublicKey, now: float, days: float
) -> x509.Certificate:
    """The certificate of a device or service, or one to claim with."""
    serial = x509.random_serial_number()
    builder = _leaf(issuer, holder.common_name, key, now, days, serial, ExtendedKeyUsageOID.CLIENT_AUTH)
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(holder.urn(serial))])
    return builder.add_extension(names, critical=False).sign(issuer.key, SHA256())


def issue_server(
    issuer: Issuer,
    names: Sequence[str],
    key: ec.EllipticCurvePublicKey,
    now: float,
    days: float = SERVER_DAYS,
    *,
    cluster: bool = False,
) -> x509.Certificate:
    """The certificate of a broker, which clients call by one of ``names``: host names or literal addresses.

    ``cluster``: its nodes come to each other with it, so it is a client's as well.
    """
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, *([ExtendedKeyUsageOID.CLIENT_AUTH] if cluster else [])]
    builder = _leaf(issuer, names[0][:64], key, now, days, x509.random_serial_number(), *usages)
    alternatives = x509.SubjectAlternativeName([_server_name(name) for name in names])
    return builder.add_extension(alternatives, critical=False).sign(issuer.key, SHA256())


def revocation_list(
    issuer: Issuer, revoked: Iterable[Revoked], number: int, now: float
) -> x509.CertificateRevocationList:
    """What an issuing CA issued and is good no more."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(_time(now) - _EARLIER)
        .next_update(issuer.certificate.not_valid_after_utc)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
            critical=False,
        )
    )
    for entry in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(entry.serial).revocation_date(_time(entry.at)).build()
        )
    return builder.sign(issuer.key, SHA256())


def _leaf(
    issuer: Issuer,
    common_name: str,
    key: ec.EllipticCurvePublicKey,
    now: float,
    days: float,
    serial: int,
    *usages: x509.ObjectIdentifier,
) -> x509.CertificateBuilder:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    return (
        _builder(name, issuer.certificate.subject, key, issuer.key.public_key(), now, days, serial)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    )


def _authority(builder: x509.CertificateBuilder, below: int) -> x509.CertificateBuilder:
    return builder.add_extension(x509.BasicConstraints(ca=True, path_length=below), critical=True).add_extension(
        _usage(signs=False), critical=True
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    now: float,
    days: float,
    serial: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(_time(now) - _EARLIER)
        .not_valid_after(_time(now) + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs,
        crl_sign=not signs,
        encipher_only=False,
        decipher_only=False,
    )


def _ca_name(fleet: str, what: str, key: ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) -> x509.Name:
    # Two CAs of one fleet must not have one name: OpenSSL finds an issuer and its revocation list by it.
    public = key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey) else key
    mark = x509.SubjectKeyIdentifier.from_public_key(public).digest.hex()[:8]
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"Cygnet fleet {fleet[:40]}"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{what} CA {mark}"),
        ]
    )


def _server_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _time(when: float) -> datetime:
    return datetime.fromtimestamp(int(when), UTC)
