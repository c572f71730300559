"""The examples of docs/protocol.md are what the code takes."""

import base64
import hmac
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import key_ring
from device_runtime.sync.claim_codes import signing_key
from device_runtime.sync.identity_messages import claim_bytes
from device_runtime.sync.messages import (
    Channel,
    ClaimRequest,
    SignedScreenOrder,
    canonical_json,
    decode_reported,
    decode_request,
    decode_response,
    decode_state,
    decode_telemetry,
    verify_desired,
)
from device_runtime.sync.screen_messages import decode_update, verify_screen_order

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^## `(\w+)`\n.*?^```json\n(.*?)\n```", PAGE, re.DOTALL | re.MULTILINE))
PAGE_KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32).public_key()
DECODERS: dict[str, Callable[[bytes], Any]] = {
    "reported": decode_reported,
    "state": decode_state,
    "telemetry": decode_telemetry,
}


@pytest.mark.parametrize("channel", DECODERS)
def test_the_example_decodes(channel: str) -> None:
    assert DECODERS[channel](EXAMPLES[channel].encode())


def test_the_example_of_desired_is_signed() -> None:
    desired = verify_desired(EXAMPLES["desired"].encode(), key_ring([PAGE_KEY]), "shop", "kiosk-1")
    assert desired.version == 7
    assert desired.programs["com.example.weather"].launch
    assert desired.expires == desired.issued + 30 * 86_400
    assert desired.runtime is not None
    assert desired.runtime.version == "0.2.0"
    assert desired.runtime.digests
    assert all(target.digests for target in desired.programs.values())
    assert all(target.digests for target in desired.models.values())
    assert set(desired.models) == {"commands_en"}


def test_the_example_of_reported_has_a_model_of_each_kind() -> None:
    models = decode_reported(EXAMPLES["reported"].encode()).models
    assert models is not None
    assert {report.phase for report in models.values()} == {"installed", "built-in", "failed"}


def test_the_mac_in_the_example_of_desired_is_over_what_is_signed() -> None:
    envelope = json.loads(EXAMPLES["desired"])
    mac = base64.b64encode(hmac.digest(b"\x02" * 32, canonical_json(envelope["signed"]), "sha256")).decode()
    assert envelope["macs"] == [{"device": "kiosk-1", "mac": mac}]


def test_each_example_of_request_decodes() -> None:
    kinds = [type(decode_request(line.encode())).__name__ for line in EXAMPLES["request"].splitlines()]
    assert kinds == [
        *("ContentRequest", "ContentRequest", "DesiredRequest", "MetadataRequest", "PeersRequest"),
        *("ClaimRequest", "RenewRequest", "ReissueRequest", "EraseRequest", "ShareRequest"),
    ]


def test_the_example_of_a_claim_is_signed_with_the_code_of_the_operators_page() -> None:
    found = [decode_request(line.encode()) for line in EXAMPLES["request"].splitlines()]
    (claim,) = (message for message in found if isinstance(message, ClaimRequest))
    key = signing_key("7K3M-Q9ZX-0AWF-T2BD-S").public_key()
    assert claim.verifier == key.public_bytes_raw()
    key.verify(claim.signature, claim_bytes("shop", claim.device, claim.csr))


def test_each_example_of_response_decodes() -> None:
    examples = EXAMPLES["response"].splitlines()
    documents = [json.loads(line) for line in examples]
    blocks = [document.get("size") if document["type"] != "plan" else 0 for document in documents]
    blocks = [
        size or "signer" in document or (document["type"] in ("certificate", "erased") and "error" not in document)
        for size, document in zip(blocks, documents, strict=True)
    ]
    responses = [
        decode_response(f"{line}\n{'bytes' if size else ''}".encode())
        for line, size in zip(examples, blocks, strict=True)
    ]
    assert [type(response).__name__ for response in responses] == [
        "ContentBlock",
        "ContentBlock",
        "ContentPlan",
        "MetadataBlock",
        "MetadataBlock",
        "TelemetryReceipt",
        "IdentityAnswer",
        "IdentityAnswer",
        "CertificateAnswer",
        "CertificateAnswer",
        "EraseAnswer",
        "EraseAnswer",
        "Peers",
        "ShareReceipt",
        "Share",
        "SignedScreenOrder",
    ]


def test_every_channel_is_on_the_page() -> None:
    assert set(EXAMPLES) == set(Channel.__args__)  # type: ignore[attr-defined]


def test_each_example_of_screen_decodes_and_its_order_is_signed() -> None:
    states = [decode_update(f"{line}\n".encode()).state for line in EXAMPLES["screen"].splitlines()]
    assert states == ["asked", "shown", "ended"]
    order = next(line for line in EXAMPLES["response"].splitlines() if json.loads(line)["type"] == "screen")
    signed = decode_response(f"{order}\n".encode())
    assert isinstance(signed, SignedScreenOrder)
    verified = verify_screen_order(signed, key_ring([PAGE_KEY]), "shop", "kiosk-1", 1795430400)
    assert verified.by == "maria"
