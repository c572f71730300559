"""Who a certificate of a fleet belongs to, and the keys behind it (X.509 as RFC 5280 profiles it).

A name of the form ``urn:cygnet:FLEET:KIND:NAME:SERIAL`` among a certificate's alternative names says whose it is. The
serial number in it makes it differ from certificate to certificate, for brokers that know users by it and no revocation
lists (NATS). The common name is what others (mosquitto, RabbitMQ) take for the user: a device's id; ``NAME@FLEET`` of
the fleet's own services, which no device can have; ``claim-…`` of a provisioning certificate.
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from device_runtime.errors import CygnetError

Kind = Literal["device", "service", "claim"]
_URN = re.compile(r"urn:cygnet:([a-z0-9][a-z0-9._-]{0,63}):([a-z]+):([a-z0-9][a-z0-9._-]{0,63}):([0-9a-f]{1,40})")


class IdentityError(CygnetError):
    """A certificate or a key is not what it should be; the message says which and why, and holds no secret."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a certificate is."""

    fleet: str
    kind: Kind
    name: str

    @property
    def common_name(self) -> str:
        """The common name of its certificates."""
        return f"{self.name}@{self.fleet}" if self.kind == "service" else self.name

    def urn(self, serial: int) -> str:
        """The alternative name of its certificate with this serial number."""
        return f"urn:cygnet:{self.fleet}:{self.kind}:{self.name}:{serial:x}"


def holder_of(certificate: x509.Certificate) -> Holder | None:
    """Whose a certificate is; None where it is none of a Cygnet fleet."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        urns = names.get_values_for_type(x509.UniformResourceIdentifier)
    except (x509.ExtensionNotFound, ValueError):
        return None
    for urn in urns:
        found = _URN.fullmatch(urn)
        if found and found[2] in get_args(Kind) and int(found[4], 16) == certificate.serial_number:
            return Holder(found[1], found[2], found[3])  # type: ignore[arg-type]  # checked in this line's condition
    return None


def new_key() -> ec.EllipticCurvePrivateKey:
    """A new key on P-256, which everything that speaks TLS knows."""
    return ec.generate_private_key(ec.SECP256R1())


def key_to_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key unencrypted, for a file that its owner alone may read."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def key_from_pem(data: bytes, what: str) -> ec.EllipticCurvePrivateKey:
    """The key in a file; ``what`` names it in the error.

    Raises:
        IdentityError: it holds no unencrypted key on P-256.
    """
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise IdentityError(f"{what} is no unencrypted private key in PEM") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise IdentityError(f"{what} holds a key of another kind than ECDSA on P-256")
    return key


def certificates_from_pem(data: bytes, what: str) -> list[x509.Certificate]:
    """The certificates in a file, the holder's first; ``what`` names it in the error.

    Raises:
        IdentityError: there are none.
    """
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise IdentityError(f"{what} holds no certificate in PEM") from error


def certificate_from_der(data: bytes, what: str) -> x509.Certificate:
    """One certificate; ``what`` names it in the error.

    Raises:
        IdentityError: it is none.
    """
    try:
        return x509.load_der_x509_certificate(data)
    except ValueError as error:
        raise IdentityError(f"{what} is no certificate in DER") from error


def certificates_to_pem(*certificates: x509.Certificate) -> bytes:
    """Certificates, one after the other."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def public_bytes(key: object) -> bytes:
    """A public key's SubjectPublicKeyInfo in DER: equal for equal keys.

    Raises:
        IdentityError: it is not on P-256.
    """
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise IdentityError("the public key is of another kind than ECDSA on P-256")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def certification_request(key: ec.EllipticCurvePrivateKey, name: str) -> bytes:
    """A request for a certificate (PKCS#10, in DER), signed by its own key; the CA decides on names."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, SHA256()).public_bytes(Encoding.DER)


def requested_key(csr: bytes) -> ec.EllipticCurvePublicKey:
    """The key that a request is for; its signature shows that who asks has it.

    Raises:
        IdentityError: it is no request, its signature is wrong, or the key is not on P-256.
    """
    try:
        request = x509.load_der_x509_csr(csr)
        key = request.public_key()
        is_signed = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as error:
        raise IdentityError("the certification request is not PKCS#10 in DER, or of an unknown kind") from error
    if not is_signed:
        raise IdentityError("the certification request is not signed by its own key")
    public_bytes(key)
    return key  # type: ignore[return-value]  # public_bytes refuses any other


def sign(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """ECDSA with SHA-256, in DER."""
    return key.sign(data, ec.ECDSA(SHA256()))


def is_signed_by(certificate: x509.Certificate, signature: bytes, data: bytes) -> bool:
    """Whether :func:`sign` was called with the key of this certificate."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(signature, data, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether ``issuer`` is a CA and signed this certificate. Times are not looked at: a device may have no clock."""
    try:
        may_issue = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return may_issue
