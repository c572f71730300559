"""Messages round-trip, and a hostile payload meets one sentence, never another exception."""

import base64
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_runtime.inference.card import CardError, parse_card
from device_runtime.program.manifest import ManifestError, parse_manifest
from device_runtime.sync.messages import (
    BLOCK_BYTES,
    ContentBlock,
    ContentRequest,
    Desired,
    DesiredRequest,
    ModelReport,
    ModelTarget,
    ProgramReport,
    ProgramTarget,
    ProtocolError,
    Reported,
    State,
    TelemetryBatch,
    TelemetryReceipt,
    TelemetryRecord,
    canonical_json,
    decode_reported,
    decode_request,
    decode_response,
    decode_state,
    decode_telemetry,
    encode,
    key_id,
    parse_topic,
    sign_desired,
    topic,
    verify_desired,
)
from device_runtime.sync.share_messages import Peers, PeersRequest, Share, ShareReceipt, ShareRequest
from tests.inference.model_packages import digits_entries

SHA = "ab" * 32
KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
TRUSTED = {key_id(KEY.public_key()): KEY.public_key()}
TARGET = ProgramTarget(3, "1.2.0", SHA, 70_000, launch=True)
MODEL = ModelTarget(2, "1.1.0", SHA, 20_000, digests=SHA)
DESIRED = Desired("shop", "kiosk-1", 7, 1_790_000_000, {"com.example.weather": TARGET}, {"volume": 0.5})

MESSAGES: list[tuple[Any, Callable[[bytes], Any]]] = [
    (
        Reported(
            9,
            7,
            "speaker",
            "0.1.0",
            {"a": ProgramReport(3, "1.2.0", "failed", 1, 2, "no room")},
            models={"commands_en": ModelReport(2, "1.1.0", "built-in"), "digits": ModelReport(1, "1", "installed")},
        ),
        decode_reported,
    ),
    (State("lost", 12), decode_state),
    (
        TelemetryBatch(
            "0a1b2c3d",
            (TelemetryRecord(1, 5.5, "app", "tap", {"x": [1, None, {"y": "ü"}]}), TelemetryRecord(4, 6, "a", "b", {})),
        ),
        decode_telemetry,
    ),
    (ContentRequest("r1", SHA, 65536, 4464), decode_request),
    (DesiredRequest("r2", 0), decode_request),
    (ContentBlock("r1", SHA, 65536, 70_000, b"\x00\n\xff{}"), decode_response),
    (ContentBlock("r1", SHA, 0, 0, b"", "no such content"), decode_response),
    (TelemetryReceipt("0a1b2c3d", 44), decode_response),
    (PeersRequest("r3", "com.example.weather"), decode_request),
    (ShareRequest("r4", "hall", "com.example.weather", "pages/a/a?q=ü", "Rain"), decode_request),
    (Peers("r3", ("hall", "kiosk-2")), decode_response),
    (Peers("r3", ()), decode_response),
    (Share("r4", "kiosk-1", "com.example.weather", "pages/a/a", ""), decode_response),
    (ShareReceipt("r4", "hall is away"), decode_response),
]
# Examples are judged by what they raise, however slow or busy the machine is.
ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
DECODERS = [decode_reported, decode_request, decode_response, decode_state, decode_telemetry]


def verify(payload: bytes) -> Desired:
    return verify_desired(payload, TRUSTED, "shop", "kiosk-1")


@pytest.mark.parametrize(("message", "decode"), MESSAGES, ids=lambda value: type(value).__name__)
def test_a_message_comes_back_as_it_was(message: Any, decode: Callable[[bytes], Any]) -> None:
    assert decode(encode(message)) == message


@pytest.mark.parametrize(("message", "decode"), MESSAGES[:5], ids=lambda value: type(value).__name__)
def test_unknown_members_are_ignored(message: Any, decode: Callable[[bytes], Any]) -> None:
    document = json.loads(encode(message)) | {"from_the_future": [1, 2]}
    assert decode(json.dumps(document).encode()) == message


@pytest.mark.parametrize(("message", "decode"), MESSAGES[:5], ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("wrong", [None, True, -1, 1.5, 10**30, "a\nb", "", [], {}, "\ud800", float("inf")], ids=ascii)
def test_a_member_of_the_wrong_type_or_range_is_refused(
    message: Any, decode: Callable[[bytes], Any], wrong: object
) -> None:
    document = json.loads(encode(message))
    for name, right in document.items():
        if type(wrong) is type(right) and not (isinstance(wrong, int) and not 0 <= wrong < 2**53):
            continue
        with pytest.raises(ProtocolError):
            decode(json.dumps(document | {name: wrong}).encode())


@pytest.mark.parametrize("decode", [*DECODERS, verify])
@ANY_SPEED
@given(payload=st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_but_a_protocol_error(decode: Callable[[bytes], Any], payload: bytes) -> None:
    try:
        decode(payload)
    except ProtocolError:
        return


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(SHA) | st.just("content")
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
NAMES = sorted(
    {field.name for message, _ in MESSAGES for field in dataclasses.fields(message)}
    | {"type", "signed", "signatures", "keyid", "sig"}
)


@pytest.mark.parametrize("decode", [*DECODERS, verify])
@ANY_SPEED
@given(document=st.dictionaries(st.sampled_from(NAMES), TREES), tail=st.sampled_from([b"", b"\n", b"\nxyz"]))
def test_arbitrary_json_raises_nothing_but_a_protocol_error(
    decode: Callable[[bytes], Any], document: dict[str, Any], tail: bytes
) -> None:
    try:
        decode(json.dumps(document).encode() + tail)
    except ProtocolError:
        return


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 100_000,
        b'{"status":"online","session":' + b"9" * 5000 + b"}",
        b'{"status":"online","session":NaN}',
        b'{"status":"online","session":1,"x":1e999' + b" " * 300_000 + b"}",
        b'\xff{"status":"online"}',
    ],
    ids=["deep", "huge number", "NaN", "too long", "not UTF-8"],
)
@pytest.mark.parametrize("decode", [*DECODERS, verify])
def test_json_that_harms_a_reader_is_refused(decode: Callable[[bytes], Any], payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(payload)


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (b'{"type":"content","id":"r","sha256":"%s","offset":0,"size":5}\n123456', "ends within its content"),
        (b'{"type":"content","id":"r","sha256":"%s","offset":9,"size":5}\n1', "ends within its content"),
        (b'{"type":"content","id":"r","sha256":"%s","offset":0,"size":5}\n', "1 to 65536 bytes"),
        (b'{"type":"content","id":"r","sha256":"%s","offset":0,"size":99999}\n' + b"x" * (BLOCK_BYTES + 1), "65536"),
        (b'{"type":"content","id":"r","sha256":"%s","offset":0,"size":5,"error":"no"}\n1', "both an error"),
        (b'{"type":"content","id":"../r","sha256":"%s","offset":0,"size":5}\n1', "id must be"),
    ],
)
def test_a_block_that_contradicts_itself_is_refused(block: bytes, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        decode_response(block.replace(b"%s", SHA.encode()))


def test_telemetry_whose_sequence_does_not_rise_is_refused() -> None:
    record = TelemetryRecord(2, 1.0, "a", "b", {})
    with pytest.raises(ProtocolError, match="must rise"):
        encode(TelemetryBatch("0a1b2c3d", (record, record)))


def test_what_the_peer_would_refuse_is_not_sent() -> None:
    with pytest.raises(ProtocolError, match="session"):
        encode(State("online", -1))
    with pytest.raises(ProtocolError, match="cannot carry"):
        encode(TelemetryBatch("0a1b2c3d", (TelemetryRecord(1, 1.0, "a", "b", {"x": b"raw"}),)))


def test_a_signed_desired_document_is_verified() -> None:
    assert verify(sign_desired(DESIRED, KEY)) == DESIRED
    with_models = dataclasses.replace(DESIRED, models={"commands_en": MODEL})
    assert verify(sign_desired(with_models, KEY)) == with_models


def test_what_says_nothing_about_models_is_as_it_was_before_there_were_any() -> None:
    assert b"models" not in sign_desired(DESIRED, KEY)
    assert b"models" not in encode(Reported(9, 7, "pico", "0.1.0", {}))
    assert decode_reported(encode(Reported(9, 7, "pico", "0.1.0", {}))).models is None
    assert decode_reported(encode(Reported(9, 7, "speaker", "0.1.0", {}, models={}))).models == {}


@pytest.mark.parametrize(
    "models",
    [None, [], 1, {"": {}}, {"Commands": {}}, {"../a": {}}, {"a": None}, {"a": {"version_code": 1}}, {"a" * 65: {}}],
    ids=ascii,
)
def test_reported_models_that_break_a_rule_are_refused(models: object) -> None:
    document = json.loads(encode(MESSAGES[0][0])) | {"models": models}
    with pytest.raises(ProtocolError, match="models"):
        decode_reported(json.dumps(document).encode())


@pytest.mark.parametrize("change", [{"phase": "running"}, {"error": "a\nb"}, {"error": "x" * 501}, {"received": -1}])
def test_a_reported_model_that_breaks_a_rule_is_refused(change: dict[str, Any]) -> None:
    document = json.loads(encode(MESSAGES[0][0]))
    document["models"]["digits"] |= change
    with pytest.raises(ProtocolError):
        decode_reported(json.dumps(document).encode())


TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=64)


@ANY_SPEED
@given(
    models=st.dictionaries(
        st.from_regex(r"[a-z0-9][a-z0-9_]{0,20}", fullmatch=True),
        st.builds(
            ModelTarget,
            st.integers(1, 2**53 - 1),
            TEXTS,
            st.just(SHA),
            st.integers(1, 2**31 - 1),
            st.sampled_from(["", SHA]),
        ),
        max_size=4,
    ),
    reports=st.none()
    | st.dictionaries(
        st.from_regex(r"[a-z0-9][a-z0-9_]{0,20}", fullmatch=True),
        st.builds(
            ModelReport,
            st.integers(0, 2**53 - 1),
            TEXTS,
            st.sampled_from(["downloading", "installed", "built-in", "failed"]),
            st.integers(0, 2**31 - 1),
            st.integers(0, 2**31 - 1),
            TEXTS,
        ),
        max_size=4,
    ),
)
def test_models_come_back_as_they_were(models: dict[str, ModelTarget], reports: dict[str, ModelReport] | None) -> None:
    desired = dataclasses.replace(DESIRED, models=models)
    assert verify(sign_desired(desired, KEY)) == desired
    reported = Reported(9, 7, "speaker", "0.1.0", {}, models=reports)
    assert decode_reported(encode(reported)) == reported


def envelope_of(change: Callable[[dict[str, Any]], None]) -> bytes:
    document = json.loads(sign_desired(DESIRED, KEY))
    change(document)
    return json.dumps(document).encode()


OTHER = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (envelope_of(lambda d: d["signed"].update(version=8)), "altered"),
        (envelope_of(lambda d: d["signed"].update(surprise=1)), "altered"),
        (envelope_of(lambda d: d["signatures"][0].update(sig=base64.b64encode(b"0" * 64).decode())), "altered"),
        (envelope_of(lambda d: d["signatures"].insert(0, {**d["signatures"][0], "sig": "A" * 86 + "=="})), "altered"),
        (envelope_of(lambda d: d["signatures"][0].update(sig="short")), "Ed25519 signature"),
        (envelope_of(lambda d: d["signatures"][0].update(keyid="00" * 32)), "does not trust"),
        (envelope_of(lambda d: d.update(signatures=[])), "1 to 16"),
        (envelope_of(lambda d: d.pop("signed")), "signed is missing"),
        (sign_desired(DESIRED, OTHER), "does not trust"),
        (sign_desired(dataclasses.replace(DESIRED, device="kiosk-2"), KEY), "meant for device kiosk-2"),
        (sign_desired(dataclasses.replace(DESIRED, fleet="bank"), KEY), "of fleet bank"),
    ],
)
def test_a_desired_document_that_is_not_ours_is_refused(payload: bytes, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        verify(payload)


def test_a_document_of_another_type_cannot_pass_as_desired() -> None:
    signed = {"type": "settings", **dataclasses.asdict(DESIRED)}
    signature = base64.b64encode(KEY.sign(canonical_json(signed))).decode()
    envelope = {"signed": signed, "signatures": [{"keyid": key_id(KEY.public_key()), "sig": signature}]}
    with pytest.raises(ProtocolError, match="type"):
        verify(canonical_json(envelope))


def test_one_trusted_signature_among_unknown_ones_is_enough() -> None:
    def add(document: dict[str, Any]) -> None:
        document["signatures"].insert(0, json.loads(sign_desired(DESIRED, OTHER))["signatures"][0])

    assert verify(envelope_of(add)) == DESIRED


@pytest.mark.parametrize(
    "change",
    [
        {"programs": {"../evil": TARGET}},
        {"programs": {".hidden": TARGET}},
        {"programs": {"a": dataclasses.replace(TARGET, sha256="../../etc/passwd")}},
        {"programs": {"a": dataclasses.replace(TARGET, sha256=SHA.upper())}},
        {"programs": {"a": dataclasses.replace(TARGET, size=0)}},
        {"programs": {"a": dataclasses.replace(TARGET, version_code=0)}},
        {"programs": {f"a{n}": TARGET for n in range(257)}},
        {"models": {"Digits": MODEL}},
        {"models": {"../digits": MODEL}},
        {"models": {"a": dataclasses.replace(MODEL, sha256="../../etc/passwd")}},
        {"models": {"a": dataclasses.replace(MODEL, size=0)}},
        {"models": {"a": dataclasses.replace(MODEL, version_code=0)}},
        {"models": {"a": dataclasses.replace(MODEL, digests="x")}},
        {"models": {f"a{n}": MODEL for n in range(65)}},
        {"version": 0},
        {"device": "a/b"},
        {"settings": {"x": float("nan")}},
    ],
    ids=str,
)
def test_a_desired_document_that_a_device_would_refuse_is_not_signed(change: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        sign_desired(dataclasses.replace(DESIRED, **change), KEY)


@ANY_SPEED
@given(name=st.text(max_size=20) | st.from_regex(r"[a-z0-9][a-zA-Z0-9_.-]{0,10}", fullmatch=True))
def test_a_models_name_is_the_same_on_its_card_and_on_the_wire(name: str) -> None:
    try:
        parse_card(
            digits_entries(name="NAME")["card.toml"].decode().replace('"NAME"', json.dumps(name)), Path("card"), name
        )
        on_card = True
    except CardError:
        on_card = False
    try:
        sign_desired(dataclasses.replace(DESIRED, models={name: MODEL}), KEY)
        on_wire = True
    except ProtocolError:
        on_wire = False
    assert on_card == on_wire


@ANY_SPEED
@given(app_id=st.text(max_size=20) | st.from_regex(r"[a-z.][A-Za-z0-9._/-]{0,10}", fullmatch=True))
def test_an_app_id_is_the_same_in_a_manifest_and_on_the_wire(app_id: str) -> None:
    manifest = {
        "app_id": app_id,
        "name": "n",
        "version": {"code": 1, "name": "1"},
        "platform_version": {"min_code": 1},
        "pages": ["p"],
        "icons": [{"src": "i"}],
    }
    try:
        parse_manifest(json.dumps(manifest))
        in_manifest = True
    except ManifestError:
        in_manifest = False
    try:
        sign_desired(dataclasses.replace(DESIRED, programs={app_id: TARGET}), KEY)
        on_wire = True
    except ProtocolError:
        on_wire = False
    assert in_manifest == on_wire


@pytest.mark.parametrize("text", ["", "cygnet/1/a/b", "cygnet/2/a/b/state", "cygnet/1/a/B/state", "cygnet/1/a/b/s"])
def test_a_topic_of_another_protocol_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        parse_topic(text)


def test_a_topic_comes_back_as_it_was() -> None:
    assert parse_topic(topic("shop", "kiosk-1", "state")) == ("shop", "kiosk-1", "state")
    assert topic("shop", "+", "state") == "cygnet/1/shop/+/state"
