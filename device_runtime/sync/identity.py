"""What a fleet tells a device with its certificate, and when a device believes it.

The document is JSON: ``fleet``, ``device``, ``broker`` (URL), ``fleet_key`` and ``root`` as in a provisioning file,
``certificates`` (the device's, then the issuing CA's) and ``authorities`` (roots that brokers' certificates may lead
to), these in base64 of DER. It is believed where a CA signed it whose certificate a root signed that the device trusts
already: so a broker, which has a certificate too but is no CA, cannot name another fleet key or another root.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from device_runtime.sync.certificates import (
    IdentityError,
    certificate_from_der,
    holder_of,
    is_issued_by,
    is_signed_by,
    public_bytes,
)
from device_runtime.sync.fields import Fields, canonical_json, parse_object
from device_runtime.sync.identity_messages import MAX_DOCUMENT_BYTES, IdentityAnswer, answer_bytes
from device_runtime.sync.share_messages import SEGMENT

_MOST_AUTHORITIES = 4
_URL, _KEY, _ROOT = 300, 100, 100


@dataclass(frozen=True, slots=True)
class IdentityDocument:
    """A device's place in its fleet. ``fleet_key`` is base64; ``root`` is ``version:SHA-256`` or empty."""

    fleet: str
    device: str
    broker: str
    fleet_key: str
    root: str
    certificates: tuple[x509.Certificate, ...]
    authorities: tuple[x509.Certificate, ...]

    def to_bytes(self) -> bytes:
        """As it travels."""
        return canonical_json(
            {
                "fleet": self.fleet,
                "device": self.device,
                "broker": self.broker,
                "fleet_key": self.fleet_key,
                "root": self.root,
                "certificates": _texts(self.certificates),
                "authorities": _texts(self.authorities),
            }
        )


def read_document(data: bytes) -> IdentityDocument:
    """A document of :meth:`IdentityDocument.to_bytes`; nothing in it is believed yet.

    Raises:
        ProtocolError: a member is missing or wrong.
        IdentityError: what should be a certificate is none.
    """
    fields = parse_object(data, "identity", MAX_DOCUMENT_BYTES)
    return IdentityDocument(
        fleet=fields.form("fleet", SEGMENT, "the id of a fleet"),
        device=fields.form("device", SEGMENT, "the id of a device"),
        broker=fields.text("broker", _URL),
        fleet_key=fields.text("fleet_key", _KEY),
        root=fields.text("root", _ROOT, default=""),
        certificates=_certificates(fields, "certificates", 2),
        authorities=_certificates(fields, "authorities", _MOST_AUTHORITIES),
    )


def believe(
    answer: IdentityAnswer,
    fleet: str,
    key: ec.EllipticCurvePublicKey,
    trusted: Sequence[x509.Certificate],
    device: str = "",
) -> IdentityDocument:
    """The document of an answer, once all in it has been checked against what this device knows.

    Args:
        answer: what came.
        fleet: the fleet that was asked.
        key: the key that a certificate was asked for.
        trusted: the roots that the device trusts now.
        device: its id; empty where the fleet may name it.

    Raises:
        IdentityError: it is for another fleet, device or key, or not signed by who may.
        ProtocolError: it is malformed.
    """
    signer = certificate_from_der(answer.signer, "the signer of the fleet's answer")
    if not any(is_issued_by(signer, root) for root in trusted) or not _is_authority(signer):
        raise IdentityError(
            "the fleet's answer is signed by a CA that this device does not trust: check the CA file; if it is the "
            "fleet's, somebody on the way answers in its place"
        )
    if not is_signed_by(signer, answer.signature, answer_bytes(answer.id, answer.document)):
        raise IdentityError("the fleet's answer was changed on its way: its signature does not fit")
    document = read_document(answer.document)
    if document.fleet != fleet or (device and document.device != device):
        raise IdentityError(
            f"the fleet's answer is for {document.device} of {document.fleet}, not for {device or 'one'} of {fleet}"
        )
    if len(document.certificates) != 2:
        raise IdentityError("the fleet's answer has no certificate, or none of its CA")
    own, issuer = document.certificates
    holder = holder_of(own)
    if public_bytes(own.public_key()) != public_bytes(key):
        raise IdentityError("the fleet's answer has a certificate for another key than this device's")
    if holder is None or (holder.fleet, holder.kind, holder.name) != (fleet, "device", document.device):
        raise IdentityError(f"the fleet's answer has a certificate that does not name {document.device} of {fleet}")
    if not is_issued_by(own, issuer) or not any(is_issued_by(issuer, root) for root in document.authorities):
        raise IdentityError("the fleet's answer has a certificate that does not lead to the fleet's CA")
    return document


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _texts(certificates: Iterable[x509.Certificate]) -> list[str]:
    return [base64.b64encode(certificate.public_bytes(Encoding.DER)).decode() for certificate in certificates]


def _certificates(fields: Fields, name: str, most: int) -> tuple[x509.Certificate, ...]:
    found = []
    for text in fields.sequence(name, most):
        try:
            data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
        except (binascii.Error, ValueError):
            data = b""
        found.append(certificate_from_der(data, f"identity: one of {name}"))
    return tuple(found)
