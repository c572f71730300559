"""How a device that cannot make keys gets a newer certificate for the key that it has; no sockets, no files, no clocks.

A microcontroller asks over its own connection with the serial number of the certificate that it shows, and signs
nothing: what it asks for is of use to nobody who has not its key. The answer is signed by the fleet's own keys, as
``desired`` is, since that is what a microcontroller can check. ``docs/protocol.md`` shows examples.
"""

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.sync.envelope import make_signatures
from device_runtime.sync.fields import Fields, ProtocolError, canonical_json
from device_runtime.sync.share_messages import REQUEST_ID

REISSUE = "reissue"
CERTIFICATE = "certificate"
MAX_ENVELOPE_BYTES = 8192
"""Room for sixteen signatures; with one it is about 1,400 bytes."""
_MAX_ERROR = 200


@dataclass(frozen=True, slots=True)
class ReissueRequest:
    """Give me a newer certificate for the key of the one with this ``serial`` (hex)."""

    id: str
    serial: str


@dataclass(frozen=True, slots=True)
class CertificateAnswer:
    """The answer: ``envelope`` is what :func:`sign_certificate` made. With ``error``, a sentence, there is none; it
    helps to ask again after ``retry_after`` seconds, or (0) not at all."""

    id: str
    envelope: bytes = b""
    error: str = ""
    retry_after: int = 0


def sign_certificate(
    fleet: str,
    device: str,
    certificate: bytes,
    keys: Sequence[Ed25519PrivateKey],
    device_key: bytes | None = None,
) -> bytes:
    """The envelope of a certificate (DER) for one device, signed with ``keys``; with a ``device_key``, an HMAC-SHA256
    beside the signatures for a device that cannot afford Ed25519."""
    text = base64.b64encode(certificate).decode()
    signed = {"type": CERTIFICATE, "fleet": fleet, "device": device, "certificate": text}
    content = canonical_json(signed)
    document: dict[str, Any] = {"signed": signed, "signatures": make_signatures(content, keys)}
    if device_key is not None:
        mac = base64.b64encode(hmac.digest(device_key, content, "sha256")).decode()
        document["macs"] = [{"device": device, "mac": mac}]
    return canonical_json(document)


def certificate_document(message: CertificateAnswer) -> tuple[dict[str, Any], bytes]:
    """An answer as JSON, and the bytes behind it.

    Raises:
        ProtocolError: a member breaks its rule, so that the peer would refuse the message.
    """
    document: dict[str, Any] = {"type": CERTIFICATE, "id": message.id}
    if message.error:
        document["error"] = message.error
    if message.retry_after:
        document["retry_after"] = message.retry_after
    read_certificate_answer(Fields(document, "response"), message.envelope)
    return document, message.envelope


def read_certificate_answer(fields: Fields, data: bytes) -> CertificateAnswer:
    """A checked answer with the bytes behind its line, of which nothing is believed yet. Raises
    :class:`ProtocolError`."""
    error = fields.text("error", _MAX_ERROR, default="")
    if bool(error) == bool(data) or len(data) > MAX_ENVELOPE_BYTES:
        raise ProtocolError(
            f"response carries {len(data)} bytes of a certificate and {'an' if error else 'no'} error; it has 1 to "
            f"{MAX_ENVELOPE_BYTES} bytes, or an error"
        )
    return CertificateAnswer(
        id=fields.form("id", REQUEST_ID, "1 to 64 letters, digits, hyphens and underscores"),
        envelope=data,
        error=error,
        retry_after=fields.integer("retry_after", high=30 * 86_400, default=0),
    )
