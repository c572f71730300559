"""How a device asks for its certificate and what it is given; no sockets, no files, no clocks.

Three things are signed, each over a context of its own so that none passes for another: a claim with the key that the
claim code is, a renewal with the key of the present certificate, and an answer with the key of the issuing CA. The
certification request (PKCS#10, RFC 2986) signs itself, which proves that who asks has the key.
``docs/protocol.md`` shows examples.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from device_runtime.sync.fields import Fields, ProtocolError
from device_runtime.sync.reissue_messages import REISSUE, ReissueRequest
from device_runtime.sync.share_messages import REQUEST_ID, SEGMENT

CLAIM_DEVICE = re.compile(r"claim-[0-9a-f]{12}")
"""The id under which a device speaks that has none yet: that of its provisioning certificate."""
MAX_CSR_BYTES = 2048
MAX_SIGNER_BYTES = 1280
MAX_DOCUMENT_BYTES = 16 * 1024
MAX_IDENTITY_ERROR = 200
SERIAL = re.compile(r"[0-9a-f]{1,40}")
"""A certificate's serial number in hex: at most 20 octets (RFC 5280, 4.1.2.2)."""


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """Let me in: ``csr`` is a PKCS#10 request in DER, ``verifier`` the public key of the claim code, ``signature`` its
    word for :func:`claim_bytes`; ``device`` is the id that the device would like, empty for none."""

    id: str
    csr: bytes
    verifier: bytes
    signature: bytes
    device: str = ""


@dataclass(frozen=True, slots=True)
class RenewRequest:
    """Give me a newer certificate: ``serial`` names the present one, ``signature`` is its key's (ECDSA, SHA-256) for
    :func:`renew_bytes`."""

    id: str
    csr: bytes
    serial: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class IdentityAnswer:
    """The answer to both. ``document`` (JSON, see ``device_runtime/sync/identity.py``) is signed by ``signer``, an
    issuing CA's certificate in DER, as :func:`answer_bytes`. With ``error``, a sentence, there is none; it helps to ask
    again after ``retry_after`` seconds, or (0) not at all."""

    id: str
    document: bytes = b""
    signer: bytes = b""
    signature: bytes = b""
    error: str = ""
    retry_after: int = 0


IdentityRequest: TypeAlias = ClaimRequest | RenewRequest | ReissueRequest
IDENTITY_KINDS = ("claim", "renew", REISSUE)
IDENTITY_ANSWER = "identity"


def claim_bytes(fleet: str, device: str, csr: bytes) -> bytes:
    """What the claim code's key signs; ``device`` as in the request."""
    return b"\n".join((b"cygnet claim 1", fleet.encode(), device.encode(), csr))


def renew_bytes(fleet: str, device: str, csr: bytes) -> bytes:
    """What the present certificate's key signs."""
    return b"\n".join((b"cygnet renew 1", fleet.encode(), device.encode(), csr))


def answer_bytes(request: str, document: bytes) -> bytes:
    """What the issuing CA's key signs; ``request`` is the id of what is answered."""
    return b"\n".join((b"cygnet identity 1", request.encode(), document))


def identity_document(message: IdentityRequest | IdentityAnswer) -> tuple[dict[str, Any], bytes]:
    """A message as JSON, and the bytes behind it.

    Raises:
        ProtocolError: a member breaks its rule, so that the peer would refuse the message.
    """
    document: dict[str, Any] = {"id": message.id}
    tail = b""
    match message:
        case ClaimRequest():
            document |= {"type": "claim", "csr": _text(message.csr), "verifier": _text(message.verifier)}
            document["signature"] = _text(message.signature)
            if message.device:
                document["device"] = message.device
            read_identity_request(Fields(document, "request"), "claim")
        case RenewRequest():
            document |= {"type": "renew", "csr": _text(message.csr), "serial": message.serial}
            document["signature"] = _text(message.signature)
            read_identity_request(Fields(document, "request"), "renew")
        case ReissueRequest():
            document |= {"type": REISSUE, "serial": message.serial}
            read_identity_request(Fields(document, "request"), REISSUE)
        case IdentityAnswer():
            document["type"] = IDENTITY_ANSWER
            if message.error:
                document["error"] = message.error
            if message.retry_after:
                document["retry_after"] = message.retry_after
            if message.document:
                document |= {"signer": _text(message.signer), "signature": _text(message.signature)}
            tail = message.document
            read_identity_answer(Fields(document, "response"), tail)
    return document, tail


def read_identity_request(fields: Fields, kind: str) -> IdentityRequest:
    """A checked request of one of ``IDENTITY_KINDS``. Raises :class:`ProtocolError`."""
    if kind == REISSUE:
        return ReissueRequest(_id(fields), fields.form("serial", SERIAL, "a serial number in hex"))
    if kind == "renew":
        return RenewRequest(
            id=_id(fields),
            csr=_bytes(fields, "csr", 1, MAX_CSR_BYTES),
            serial=fields.form("serial", SERIAL, "a serial number in hex"),
            signature=_bytes(fields, "signature", 8, 80),
        )
    device = fields.text("device", 64, default="")
    if device and not SEGMENT.fullmatch(device):
        raise ProtocolError("request: device must be the id of a device")
    return ClaimRequest(
        id=_id(fields),
        csr=_bytes(fields, "csr", 1, MAX_CSR_BYTES),
        verifier=_bytes(fields, "verifier", 32, 32),
        signature=_bytes(fields, "signature", 64, 64),
        device=device,
    )


def read_identity_answer(fields: Fields, data: bytes) -> IdentityAnswer:
    """A checked answer with the bytes behind its line. Raises :class:`ProtocolError`."""
    error = fields.text("error", MAX_IDENTITY_ERROR, default="")
    if bool(error) == bool(data) or len(data) > MAX_DOCUMENT_BYTES:
        raise ProtocolError(
            f"response carries {len(data)} bytes of identity and {'an' if error else 'no'} error; it has 1 to "
            f"{MAX_DOCUMENT_BYTES} bytes, or an error"
        )
    return IdentityAnswer(
        id=_id(fields),
        document=data,
        signer=b"" if error else _bytes(fields, "signer", 1, MAX_SIGNER_BYTES),
        signature=b"" if error else _bytes(fields, "signature", 8, 80),
        error=error,
        retry_after=fields.integer("retry_after", high=30 * 86_400, default=0),
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(fields: Fields, name: str, least: int, most: int) -> bytes:
    text = fields.text(name, most * 4 // 3 + 4)
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProtocolError(f"{name} is not base64") from error
    if not least <= len(data) <= most or base64.b64encode(data).decode() != text:
        raise ProtocolError(f"{name} must be {least} to {most} bytes in base64, not {len(data)}")
    return data


def _id(fields: Fields) -> str:
    return fields.form("id", REQUEST_ID, "1 to 64 letters, digits, hyphens and underscores")
