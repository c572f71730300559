"""How a device has its fleet erase what programs told, and what it gets to prove it; no sockets, no files, no clocks.

The answer is signed by the fleet's own keys, as ``desired`` is: who keeps it can show what was erased, and when.
``docs/protocol.md`` shows examples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import KeyRing
from device_runtime.sync.envelope import make_signatures, read_signed
from device_runtime.sync.fields import Fields, ProtocolError, canonical_json, parse_object
from device_runtime.sync.share_messages import APP_ID, REQUEST_ID

ERASE = "erase"
ERASED = "erased"
MAX_RECEIPT_BYTES = 8192
"""Room for sixteen signatures; with one it is about 400 bytes."""
_MAX_ERROR = 200
_ID_WORDS = "1 to 64 letters, digits, hyphens and underscores"


@dataclass(frozen=True, slots=True)
class EraseRequest:
    """Erase what this device's program ``app_id`` (empty: all of them) told up to ``before``, in Unix milliseconds by
    the device's clock."""

    id: str
    app_id: str
    before: int


@dataclass(frozen=True, slots=True)
class EraseReceipt:
    """What a fleet erased of a device: ``records``, at ``milliseconds`` (Unix time) by the fleet's clock."""

    id: str
    app_id: str
    before: int
    records: int
    milliseconds: int


@dataclass(frozen=True, slots=True)
class EraseAnswer:
    """The answer: ``envelope`` is what :func:`sign_receipt` made. With ``error``, a sentence, nothing was erased."""

    id: str
    envelope: bytes = b""
    error: str = ""


def sign_receipt(fleet: str, device: str, receipt: EraseReceipt, keys: Sequence[Ed25519PrivateKey]) -> bytes:
    """The envelope of a receipt, signed with ``keys``."""
    signed = {
        "type": ERASED,
        "fleet": fleet,
        "device": device,
        "id": receipt.id,
        "app_id": receipt.app_id,
        "before": receipt.before,
        "records": receipt.records,
        "milliseconds": receipt.milliseconds,
    }
    return canonical_json({"signed": signed, "signatures": make_signatures(canonical_json(signed), keys)})


def verify_receipt(envelope: bytes, trusted: KeyRing, fleet: str, device: str) -> EraseReceipt:
    """What a fleet's receipt says.

    Raises:
        ProtocolError: it is none, is for another device, or no trusted key signed it.
    """
    signed = read_signed(parse_object(envelope, "receipt", MAX_RECEIPT_BYTES), trusted, "receipt")
    fields = Fields(signed, "receipt")
    for name, wanted in (("type", ERASED), ("fleet", fleet), ("device", device)):
        if (found := fields.text(name, 64)) != wanted:
            raise ProtocolError(f"receipt: {name} must be {wanted}, not {found!a}")
    return EraseReceipt(
        _id(fields),
        _program(fields),
        fields.integer("before"),
        fields.integer("records"),
        fields.integer("milliseconds"),
    )


def erase_document(message: EraseRequest | EraseAnswer) -> tuple[dict[str, Any], bytes]:
    """A message as JSON, and the bytes behind it.

    Raises:
        ProtocolError: a member breaks its rule, so that the peer would refuse the message.
    """
    if isinstance(message, EraseRequest):
        document = {"type": ERASE, "id": message.id, "app_id": message.app_id, "before": message.before}
        read_erase_request(Fields(document, "request"))
        return document, b""
    document = {"type": ERASED, "id": message.id, **({"error": message.error} if message.error else {})}
    read_erase_answer(Fields(document, "response"), message.envelope)
    return document, message.envelope


def read_erase_request(fields: Fields) -> EraseRequest:
    """A checked request. Raises :class:`ProtocolError`."""
    return EraseRequest(_id(fields), _program(fields), fields.integer("before"))


def read_erase_answer(fields: Fields, data: bytes) -> EraseAnswer:
    """A checked answer with the bytes behind its line, of which nothing is believed yet. Raises
    :class:`ProtocolError`."""
    error = fields.text("error", _MAX_ERROR, default="")
    if bool(error) == bool(data) or len(data) > MAX_RECEIPT_BYTES:
        raise ProtocolError(
            f"response carries {len(data)} bytes of a receipt and {'an' if error else 'no'} error; it has 1 to "
            f"{MAX_RECEIPT_BYTES} bytes, or an error"
        )
    return EraseAnswer(_id(fields), data, error)


def _id(fields: Fields) -> str:
    return fields.form("id", REQUEST_ID, _ID_WORDS)


def _program(fields: Fields) -> str:
    text = fields.text("app_id", 128)
    if text and not APP_ID.fullmatch(text):
        raise ProtocolError("app_id must be the id of a program, or empty for all of them")
    return text
