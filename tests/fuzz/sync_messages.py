"""What a broker brings: any payload is a message that is the same when it is sent again, or a ProtocolError."""

import base64
import contextlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from device_runtime.keys import key_ring
from device_runtime.sync.messages import (
    ClaimRequest,
    ContentBlock,
    ContentForm,
    ContentPlan,
    ContentRequest,
    Desired,
    DesiredRequest,
    EraseAnswer,
    EraseRequest,
    IdentityAnswer,
    MetadataBlock,
    MetadataRequest,
    ModelReport,
    ModelTarget,
    Plain,
    ProgramReport,
    ProgramTarget,
    ProtocolError,
    RenewRequest,
    Reported,
    RootTarget,
    SignedScreenOrder,
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
    verify_desired,
)
from device_runtime.sync.screen_messages import (
    ScreenOrder,
    ScreenUpdate,
    decode_update,
    encode_update,
    pack_picture,
    unpack_picture,
    verify_screen_order,
)
from device_runtime.sync.share_messages import Peers, PeersRequest, Share, ShareReceipt, ShareRequest
from firmware_tools.fleet.screen.pictures import check_messages
from firmware_tools.fleet.screen.texts import ScreenTexts
from tests.fuzz.choices import Choices
from tests.fuzz.documents import LONE_SURROGATE, mutated, nested, written
from tests.fuzz.packages import KEY
from tests.fuzz.refusals import check_refusal

_SHA256 = "0" * 64
_MESSAGES: list[tuple[str, Plain]] = [
    ("reported", Reported(1, 2, "virtual", "0.1", {"a": ProgramReport(1, "1", "running"), "b": ProgramReport(2, "2",
    "failed", error="x")}, models={"m": ModelReport(1, "1", "built-in"),
    "n": ModelReport(2, "2", "failed", error="x")})),
    ("state", State("online", 7)),
    ("telemetry", TelemetryBatch("00000000", (TelemetryRecord(1, 1.5, "a", "b", {"c": [1, {"d": None}]}),))),
    ("request", ContentRequest("1", _SHA256, 0, 100)),
    ("request", ContentRequest("1", _SHA256, 0, 1, ("zstd-delta", "zstd"), (_SHA256,))),
    ("request", DesiredRequest("1", 0)),
    ("request", MetadataRequest("1", "3.root.json", 0, 100)),
    ("request", PeersRequest("1", "a")),
    ("request", ShareRequest("1", "d2", "a", "pages/a", "A page")),
    ("response", ContentBlock("1", _SHA256, 0, 5, b"\0\nxyz"[:5])),
    ("response", MetadataBlock("1", "timestamp.json", 0, 5, b"\0\nxyz")),
    ("response", MetadataBlock("1", "4.root.json", 0, 0, b"", "none", missing=True)),
    ("response", ContentPlan("1", _SHA256, 9, (ContentForm("zstd-delta", _SHA256, 5, _SHA256),), 1.5)),
    ("response", TelemetryReceipt("00000000", 4)),
    ("response", Peers("1", ("d2",))),
    ("response", Share("1", "d2", "a", "pages/a", "A page")),
    ("response", ShareReceipt("1", "")),
    ("request", ClaimRequest("1", b"csr", bytes(32), bytes(64), "kitchen")),
    ("request", RenewRequest("1", b"csr", "0a", bytes(70))),
    ("response", IdentityAnswer("1", b"{}", b"signer", bytes(70))),
    ("response", IdentityAnswer("1", error="no", retry_after=60)),
    ("request", EraseRequest("1", "a", 1_700_000_000_000)),
    ("response", EraseAnswer("1", b"{}")),
    ("response", EraseAnswer("1", error="no")),
]  # fmt: skip
_DESIRED = Desired(
    "f",
    "d",
    3,
    1_700_000_000,
    {"a": ProgramTarget(1, "1", _SHA256, 10, True)},
    {"volume": 3},
    models={"m": ModelTarget(2, "1.1.0", _SHA256, 10, _SHA256)},
    root=RootTarget(1, _SHA256),
)


def _decode_response(payload: bytes) -> Plain:
    """An order about the screen is judged where it stands, and then is no more a response than other refused ones."""
    response = decode_response(payload)
    if not isinstance(response, SignedScreenOrder):
        return response
    order = verify_screen_order(response, key_ring([KEY.public_key()]), "f", "d", 0)
    raise ProtocolError(f"screen: an order to {order.act}, which no mutation can have signed")


_DECODE: dict[str, Callable[[bytes], Plain]] = {
    "reported": decode_reported,
    "state": decode_state,
    "telemetry": decode_telemetry,
    "request": decode_request,
    "response": _decode_response,
}
_CHANNELS = (*_DECODE, "desired", "topic", "order", "screen", "picture")
_ORDER = {"type": "screen", **asdict(ScreenOrder("f", "d", "ask", "0" * 32, "x", 0, 60))}
_UPDATE = ScreenUpdate("0" * 32, 3, "shown", "x", 9, 1, 2, True)
_PICTURE = [{"type": "patch", "page": 1, "operations": [["insert", 0, 0, [1, "x"]]]}, {"type": "ui_done", "id": "d"}]
Arrived = tuple[str, bytes]
SEEDS = [bytes([0, [*_DECODE].index(channel)]) + encode(message) for channel, message in _MESSAGES]


def feed(data: bytes) -> None:
    choices = Choices(data)
    raw = choices.below(2) == 0
    channel = choices.pick(_CHANNELS)
    if raw or channel == "topic":
        check((channel, choices.rest()))
    elif channel == "screen":
        check((channel, written(mutated([json.loads(encode_update(_UPDATE))], choices)) + b"\n" + choices.rest()))
    elif channel == "picture":
        check((channel, zlib.compress(written(mutated([_PICTURE], choices)))))
    elif channel == "order":
        document = mutated([_ORDER], choices)
        with contextlib.suppress(ProtocolError):
            signature = {"keyid": key_id(KEY.public_key()), "sig": _signature(document)}
            check((channel, written({"type": "screen", "signed": document, "signatures": [signature]}) + b"\n"))
    elif channel == "desired":
        check((channel, _signed(mutated([{"type": "desired", **asdict(_DESIRED)}], choices), choices)))
    else:
        heads = [json.loads(encode(message).partition(b"\n")[0]) for one, message in _MESSAGES if one == channel]
        tail = b"\n" + choices.pick([b"", b"xyzzy"]) if channel == "response" else b""
        check((channel, written(mutated(heads, choices)) + tail))


def _signed(document: Any, choices: Choices) -> bytes:
    """By a trusted key, as far as this can be signed."""
    envelope = json.loads(sign_desired(_DESIRED, KEY))
    with contextlib.suppress(ProtocolError):
        envelope["signatures"][0]["sig"] = _signature(document)
    envelope["signed"] = document
    return written(mutated([envelope], choices) if choices.chance(4) else envelope)


def _signature(document: Any) -> str:
    return base64.b64encode(KEY.sign(canonical_json(document))).decode()


def check(arrived: Arrived) -> None:
    channel, payload = arrived
    try:
        if channel == "topic":
            parse_topic(payload.decode(errors="surrogateescape"))
        elif channel == "order":
            response = decode_response(payload)
            if isinstance(response, SignedScreenOrder):
                order = verify_screen_order(response, key_ring([KEY.public_key()]), "f", "d", 1)
                assert (order.fleet, order.device) == ("f", "d")
        elif channel == "screen":
            update = decode_update(payload)
            assert decode_update(encode_update(update)) == update
        elif channel == "picture":
            messages = check_messages(unpack_picture(payload))
            assert check_messages(unpack_picture(pack_picture(messages))) == messages
            ScreenTexts().take(messages)
        elif channel == "desired":
            desired = verify_desired(payload, key_ring([KEY.public_key()]), "f", "d")
            assert verify_desired(sign_desired(desired, KEY), key_ring([KEY.public_key()]), "f", "d") == desired
        else:
            message = _DECODE[channel](payload)
            assert _DECODE[channel](encode(message)) == message
    except ProtocolError as error:
        check_refusal(error)


def _raw(channel: str, payload: bytes) -> Callable[[], Arrived]:
    return lambda: (channel, payload)


def _telemetry(value: Any, **members: Any) -> Callable[[], Arrived]:
    record = {"sequence": 1, "time": 1.5, "source": "a", "name": "b", "values": {"c": value}, **members}
    return lambda: ("telemetry", written({"epoch": "00000000", "records": [record]}))


CASES: Mapping[str, Callable[[], Arrived]] = {
    "half a character in a value": _telemetry(LONE_SURROGATE),
    "half a character in the name of a value": _telemetry({LONE_SURROGATE: 1}),
    "a value of 400 digits": _telemetry(10**400),
    "a time of 400 digits": _telemetry(1, time=10**400),
    "a time that is true": _telemetry(1, time=True),
    "a value 200 deep": _telemetry(nested(200)),
    "an infinite value": _raw(
        "telemetry",
        b'{"epoch":"00000000","records":[{"sequence":1,"time":1,"source":"a","name":"b","values":{"a":1e999}}]}',
    ),
    "a number of 5000 digits": _raw("state", b'{"status":"online","session":' + b"1" * 5000 + b"}"),
    "lists 100,000 deep": _raw("state", b"[" * 100_000),
    "half a character in a topic": _raw("topic", b"cygnet/1/\xff/d/state"),
    "a line end in a topic": _raw("topic", b"cygnet/1/a\n/d/state"),
    "a topic of 60,000 characters": _raw("topic", b"cygnet/1/" + b"a" * 60_000 + b"/d/state"),
    "a signature of half a character": _raw("desired", b'{"signed":{},"signatures":[{"keyid":"\\ud800","sig":""}]}'),
    "a signed document with half a character": _raw("desired", b'{"signed":{"a":"\\ud800"},"signatures":[]}'),
}
