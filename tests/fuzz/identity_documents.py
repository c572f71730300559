"""What answers a device that asks for a certificate, and what asks a fleet: certificates, requests, documents."""

import base64
import json
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.serialization import Encoding

from device_runtime.errors import CygnetError
from device_runtime.sync.certificates import (
    Holder,
    certificate_from_der,
    certification_request,
    holder_of,
    is_issued_by,
    new_key,
    requested_key,
    sign,
)
from device_runtime.sync.identity import IdentityDocument, believe
from device_runtime.sync.identity_messages import IdentityAnswer, answer_bytes
from firmware_tools.fleet.identity.profiles import Issuer, issue_client, make_issuing, make_root
from tests.fuzz.choices import Choices
from tests.fuzz.documents import mutated, written
from tests.fuzz.refusals import check_refusal

_NOW = 1_795_000_000.0
_ROOT_KEY, _KEY, _OWN = new_key(), new_key(), new_key()
_ROOT = make_root("f", _ROOT_KEY, _NOW)
_ISSUER = Issuer(make_issuing("f", _KEY.public_key(), _ROOT, _ROOT_KEY, _NOW), _KEY, _ROOT)
_CERTIFICATE = issue_client(_ISSUER, Holder("f", "device", "d"), _OWN.public_key(), _NOW, 30)
_DOCUMENT = IdentityDocument("f", "d", "mqtts://b", "k", "", (_CERTIFICATE, _ISSUER.certificate), (_ROOT,)).to_bytes()
_DER, _CSR = _CERTIFICATE.public_bytes(Encoding.DER), certification_request(_OWN, "d")
Arrived = tuple[str, bytes]
_KINDS = ("document", "certificate", "request")
SEEDS = [bytes([index, 0]) + data for index, data in enumerate((_DOCUMENT, _DER, _CSR))]


def feed(data: bytes) -> None:
    choices = Choices(data)
    kind = choices.pick(_KINDS)
    if choices.below(2) == 0:
        check((kind, choices.rest()))
    elif kind == "document":
        check((kind, written(mutated([json.loads(_DOCUMENT)], choices))))
    else:
        check((kind, _changed(_DER if kind == "certificate" else _CSR, choices)))


def _changed(data: bytes, choices: Choices) -> bytes:
    at = choices.below(len(data))
    return data[:at] + bytes([choices.below(256)]) + data[at + 1 :]


def check(arrived: Arrived) -> None:
    """It is refused in a sentence, or what is believed is for this device and leads to its CA."""
    kind, data = arrived
    try:
        if kind == "certificate":
            found = certificate_from_der(data, "this")
            holder_of(found)
            if is_issued_by(found, _ISSUER.certificate):
                assert found.tbs_certificate_bytes == _CERTIFICATE.tbs_certificate_bytes
        elif kind == "request":
            requested_key(data)
        else:
            signer = _ISSUER.certificate.public_bytes(Encoding.DER)
            answer = IdentityAnswer("1", data, signer, sign(_KEY, answer_bytes("1", data)))
            document = believe(answer, "f", _OWN.public_key(), [_ROOT], "d")
            assert document.certificates[0] == _CERTIFICATE
            assert (document.fleet, document.device) == ("f", "d")
    except CygnetError as error:
        check_refusal(error)


def _document(**members: object) -> Callable[[], Arrived]:
    return lambda: ("document", json.dumps({**json.loads(_DOCUMENT), **members}).encode())


CASES: Mapping[str, Callable[[], Arrived]] = {
    "no certificates": _document(certificates=[]),
    "certificates that are no texts": _document(certificates=[1, None]),
    "a certificate that is no base64": _document(certificates=["?", "?"]),
    "a certificate that is none": _document(certificates=[base64.b64encode(b"none").decode()] * 2),
    "the issuing CA in the device's place": _document(certificates=json.loads(_DOCUMENT)["certificates"][::-1]),
    "too many roots": _document(authorities=json.loads(_DOCUMENT)["authorities"] * 9),
    "an empty request": lambda: ("request", b""),
    "an empty certificate": lambda: ("certificate", b""),
}
