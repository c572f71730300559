"""What a device and its fleet say to each other: topics and messages, free of sockets, files and clocks.

Topics are ``cygnet/1/<fleet>/<device>/<channel>``. ``desired``, ``reported``, ``state``, ``telemetry`` and
``request`` carry JSON; ``response`` carries one line of JSON and then raw bytes (a block of content, or none),
so that a microcontroller needs no second codec. ``docs/protocol.md`` shows an example of each message.

=============  ===========  ========  =============================================================
channel        from         retained  carries
=============  ===========  ========  =============================================================
``desired``    fleet        yes       :class:`Desired` in a :class:`Signed` envelope
``reported``   device       yes       :class:`Reported`
``state``      device       yes       :class:`State`; the MQTT will is the same with ``lost``
``telemetry``  device       no        :class:`TelemetryBatch`
``request``    device       no        :class:`ContentRequest`, :class:`DesiredRequest` or a ``SharingRequest``
``response``   fleet        no        :class:`ContentBlock`, :class:`TelemetryReceipt` or a ``SharingResponse``
=============  ===========  ========  =============================================================

Broker acknowledgements are never trusted to mean that the fleet has something: content is pulled, telemetry is
kept until its receipt arrives, and ``desired`` is asked for again after each connect.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

from device_runtime.keys import key_id as key_id
from device_runtime.sync.desired import (
    MAX_CONTENT_BYTES,
    MAX_VALUES,
    SHA256,
    program_entries,
)
from device_runtime.sync.desired import MAX_MESSAGE_BYTES as MAX_MESSAGE_BYTES
from device_runtime.sync.desired import MAX_PROGRAMS as MAX_PROGRAMS
from device_runtime.sync.desired import MAX_TEXT as MAX_TEXT
from device_runtime.sync.desired import Desired as Desired
from device_runtime.sync.desired import ModelTarget as ModelTarget
from device_runtime.sync.desired import ProgramTarget as ProgramTarget
from device_runtime.sync.desired import RuntimeTarget as RuntimeTarget
from device_runtime.sync.desired import sign_desired as sign_desired
from device_runtime.sync.desired import verify_desired as verify_desired
from device_runtime.sync.fields import Fields, parse_object, shorten
from device_runtime.sync.fields import ProtocolError as ProtocolError
from device_runtime.sync.fields import canonical_json as canonical_json
from device_runtime.sync.model_messages import MAX_ERROR as MAX_ERROR
from device_runtime.sync.model_messages import Cause as Cause
from device_runtime.sync.model_messages import ModelReport as ModelReport
from device_runtime.sync.model_messages import read_cause as read_cause
from device_runtime.sync.model_messages import read_models
from device_runtime.sync.share_messages import (
    REQUEST_ID,
    REQUEST_KINDS,
    RESPONSE_KINDS,
    SEGMENT,
    Peers,
    PeersRequest,
    Share,
    ShareReceipt,
    ShareRequest,
    SharingRequest,
    SharingResponse,
    check,
    kind_of,
    read_request,
    read_response,
)
from device_runtime.values import Value

PROTOCOL = "cygnet/1"
BLOCK_BYTES = 64 * 1024
"""The most bytes of content in one response."""
MAX_RECORDS = 500
"""The most telemetry records in one batch."""
MAX_SOURCE = 128
"""The longest source of a telemetry record: an app id."""
MAX_HEADER_BYTES = 2048
"""The longest first line of a response."""

Channel = Literal["desired", "reported", "state", "telemetry", "request", "response"]
_EPOCH = re.compile(r"[0-9a-f]{8,32}")


def check_identifier(kind: str, text: str) -> str:
    """A fleet's or device's id, which becomes a topic level.

    Raises:
        ProtocolError: it is not 1 to 64 of ``a-z 0-9 . _ -``, starting with a letter or digit.
    """
    if not SEGMENT.fullmatch(text):
        raise ProtocolError(
            f"{kind} id {shorten(text)} must be 1 to 64 lower-case letters, digits, dots, underscores and hyphens"
        )
    return text


def topic(fleet: str, device: str, channel: Channel) -> str:
    """The topic of one channel of one device; ``+`` as ``device`` makes the fleet's subscription."""
    check_identifier("fleet", fleet)
    if device != "+":
        check_identifier("device", device)
    return f"{PROTOCOL}/{fleet}/{device}/{channel}"


def parse_topic(text: str) -> tuple[str, str, Channel]:
    """The fleet, device and channel of a topic.

    Raises:
        ProtocolError: it is no topic of this protocol.
    """
    levels = text.split("/")
    if len(levels) != 5 or "/".join(levels[:2]) != PROTOCOL or levels[4] not in get_args(Channel):
        raise ProtocolError(f"topic {shorten(text)} is not {PROTOCOL}/<fleet>/<device>/<channel>")
    return check_identifier("fleet", levels[2]), check_identifier("device", levels[3]), levels[4]  # type: ignore[return-value]


ProgramPhase = Literal["downloading", "waiting", "trial", "installed", "running", "failed", "rolled-back"]


@dataclass(frozen=True, slots=True)
class ProgramReport:
    """One program on a device as it is: ``error`` says why in a sentence when ``phase`` is ``failed`` or
    ``rolled-back``, and ``cause`` what kind of reason that is."""

    version_code: int
    version_name: str
    phase: ProgramPhase
    received: int = 0
    size: int = 0
    error: str = ""
    cause: Cause = ""


@dataclass(frozen=True, slots=True)
class Reported:
    """What one device has. ``session`` is the number that the device drew when it connected; ``runtime_error`` says in
    a sentence why a runtime that it should have is not the one that it has; ``models`` is None of a device that takes
    none from its fleet."""

    session: int
    desired_version: int
    board: str
    runtime: str
    programs: Mapping[str, ProgramReport]
    runtime_error: str = ""
    models: Mapping[str, ModelReport] | None = None


@dataclass(frozen=True, slots=True)
class State:
    """If a device is there: ``online``, ``offline`` (it said goodbye) or ``lost`` (the broker says so, by will)."""

    status: Literal["online", "offline", "lost"]
    session: int


@dataclass(frozen=True, slots=True)
class TelemetryRecord:
    """One event: ``sequence`` rises by one within the queue's ``epoch``; ``time`` is Unix time in seconds."""

    sequence: int
    time: float
    source: str
    name: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class TelemetryBatch:
    """Records in order. (device, ``epoch``, sequence) identifies a record for ever; ``epoch`` is drawn when the
    queue's file is made, so a wiped device cannot collide with its own past."""

    epoch: str
    records: tuple[TelemetryRecord, ...]


@dataclass(frozen=True, slots=True)
class ContentRequest:
    """Give me ``length`` bytes of the content with this SHA-256 (hex), from ``offset``."""

    id: str
    sha256: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class DesiredRequest:
    """Publish my ``desired`` again; ``have`` is the version that I hold, 0 for none."""

    id: str
    have: int


@dataclass(frozen=True, slots=True)
class ContentBlock:
    """The answer to a :class:`ContentRequest`; ``error`` is a sentence, and then ``data`` is empty."""

    id: str
    sha256: str
    offset: int
    size: int
    data: bytes = b""
    error: str = ""


@dataclass(frozen=True, slots=True)
class TelemetryReceipt:
    """The fleet has stored every record of ``epoch`` up to and including ``sequence``."""

    epoch: str
    sequence: int


DeviceRequest: TypeAlias = ContentRequest | DesiredRequest | SharingRequest
FleetResponse: TypeAlias = ContentBlock | TelemetryReceipt | SharingResponse

Plain: TypeAlias = Reported | State | TelemetryBatch | DeviceRequest | FleetResponse
"""Every message that travels without a signature."""


def encode(message: Plain) -> bytes:
    """The payload of a message; what it makes, ``decode_*`` takes.

    Raises:
        ProtocolError: a member breaks its rule, so that the peer would refuse the message.
    """
    document: dict[str, Any] = asdict(message)
    tail = b""
    match message:
        case Reported():
            if message.models is None:
                del document["models"]
            _reported(Fields(document, "reported"))
        case State():
            _state(Fields(document, "state"))
        case TelemetryBatch():
            document["records"] = list(document["records"])
            _telemetry(Fields(document, "telemetry"))
        case ContentRequest():
            document["type"] = "content"
            _request(Fields(document, "request"))
        case DesiredRequest():
            document["type"] = "desired"
            _request(Fields(document, "request"))
        case ContentBlock():
            document["type"] = "content"
            del document["data"]
            _response(Fields(document, "response"), message.data)
            tail = b"\n" + message.data
        case TelemetryReceipt():
            document["type"] = "telemetry"
            _response(Fields(document, "response"), b"")
            tail = b"\n"
        case PeersRequest() | ShareRequest():
            document["type"] = kind_of(message)
            check(message, document)
        case Peers() | Share() | ShareReceipt():
            document["type"] = kind_of(message)
            check(message, document)
            tail = b"\n"
    head = canonical_json(document)
    if len(head) > MAX_MESSAGE_BYTES:
        raise ProtocolError(f"a message of {len(head)} bytes is longer than {MAX_MESSAGE_BYTES} bytes")
    return head + tail


def decode_reported(payload: bytes) -> Reported:
    """Check a ``reported`` payload. Raises :class:`ProtocolError`."""
    return _reported(parse_object(payload, "reported", MAX_MESSAGE_BYTES))


def decode_state(payload: bytes) -> State:
    """Check a ``state`` payload. Raises :class:`ProtocolError`."""
    return _state(parse_object(payload, "state", MAX_MESSAGE_BYTES))


def decode_telemetry(payload: bytes) -> TelemetryBatch:
    """Check a ``telemetry`` payload. Raises :class:`ProtocolError`."""
    return _telemetry(parse_object(payload, "telemetry", MAX_MESSAGE_BYTES))


def decode_request(payload: bytes) -> DeviceRequest:
    """Check a ``request`` payload. Raises :class:`ProtocolError`."""
    return _request(parse_object(payload, "request", MAX_MESSAGE_BYTES))


def decode_response(payload: bytes) -> FleetResponse:
    """Check a ``response`` payload: a line of JSON, then the block's bytes. Raises :class:`ProtocolError`."""
    head, newline, data = payload.partition(b"\n")
    if not newline:
        raise ProtocolError("response has no line end after its JSON")
    return _response(parse_object(head, "response", MAX_HEADER_BYTES), data)


def _reported(fields: Fields) -> Reported:
    return Reported(
        session=fields.integer("session"),
        desired_version=fields.integer("desired_version"),
        board=fields.text("board", MAX_TEXT),
        runtime=fields.text("runtime", MAX_TEXT),
        programs={
            app_id: _report(Fields(entry, f"reported: programs.{app_id}"))
            for app_id, entry in program_entries(fields, "reported").items()
        },
        runtime_error=fields.text("runtime_error", MAX_ERROR, default=""),
        models=read_models(fields),
    )


def _report(fields: Fields) -> ProgramReport:
    phase = fields.text("phase", MAX_TEXT)
    if phase not in get_args(ProgramPhase):
        raise ProtocolError(f"reported: phase must be one of {', '.join(get_args(ProgramPhase))}, not {phase!a}")
    return ProgramReport(
        version_code=fields.integer("version_code"),
        version_name=fields.text("version_name", MAX_TEXT),
        phase=phase,  # type: ignore[arg-type]  # checked above
        received=fields.integer("received", high=MAX_CONTENT_BYTES, default=0),
        size=fields.integer("size", high=MAX_CONTENT_BYTES, default=0),
        error=fields.text("error", MAX_ERROR, default=""),
        cause=read_cause(fields),
    )


def _state(fields: Fields) -> State:
    status = fields.text("status", MAX_TEXT)
    if status not in ("online", "offline", "lost"):
        raise ProtocolError(f"state: status must be online, offline or lost, not {status!a}")
    return State(status, fields.integer("session"))  # type: ignore[arg-type]  # checked above


def _telemetry(fields: Fields) -> TelemetryBatch:
    records: list[TelemetryRecord] = []
    for item in fields.sequence("records", MAX_RECORDS):
        entry = Fields(item, "telemetry: records")
        record = TelemetryRecord(
            sequence=entry.integer("sequence", low=1),
            time=entry.number("time", 0, 1e11),
            source=entry.text("source", MAX_SOURCE),
            name=entry.text("name", MAX_TEXT),
            values=entry.values("values", MAX_VALUES),
        )
        if records and record.sequence <= records[-1].sequence:
            raise ProtocolError(
                f"telemetry: sequence {record.sequence} follows {records[-1].sequence}, but it must rise"
            )
        records.append(record)
    return TelemetryBatch(fields.form("epoch", _EPOCH, "8 to 32 lower-case hex digits"), tuple(records))


def _request(fields: Fields) -> DeviceRequest:
    kind = _kind(fields, "request", ("content", "desired", *REQUEST_KINDS))
    if kind in REQUEST_KINDS:
        return read_request(fields, kind)
    if kind == "desired":
        return DesiredRequest(_id(fields), fields.integer("have"))
    return ContentRequest(
        id=_id(fields),
        sha256=fields.form("sha256", SHA256, "64 lower-case hex digits"),
        offset=fields.integer("offset", high=MAX_CONTENT_BYTES),
        length=fields.integer("length", low=1, high=BLOCK_BYTES),
    )


def _response(fields: Fields, data: bytes) -> FleetResponse:
    kind = _kind(fields, "response", ("content", "telemetry", *RESPONSE_KINDS))
    if kind in RESPONSE_KINDS:
        return read_response(fields, kind)
    if kind == "telemetry":
        return TelemetryReceipt(
            fields.form("epoch", _EPOCH, "8 to 32 lower-case hex digits"), fields.integer("sequence", low=1)
        )
    block = ContentBlock(
        id=_id(fields),
        sha256=fields.form("sha256", SHA256, "64 lower-case hex digits"),
        offset=fields.integer("offset", high=MAX_CONTENT_BYTES),
        size=fields.integer("size", high=MAX_CONTENT_BYTES),
        data=data,
        error=fields.text("error", MAX_ERROR, default=""),
    )
    if block.error and data:
        raise ProtocolError("response carries both an error and a block of content")
    if not block.error and not 1 <= len(data) <= min(BLOCK_BYTES, block.size - block.offset):
        raise ProtocolError(
            f"response carries {len(data)} bytes at offset {block.offset} of {block.size}; a block holds 1 to "
            f"{BLOCK_BYTES} bytes and ends within its content"
        )
    return block


def _id(fields: Fields) -> str:
    return fields.form("id", REQUEST_ID, "1 to 64 letters, digits, hyphens and underscores")


def _kind(fields: Fields, where: str, known: tuple[str, ...]) -> str:
    kind = fields.text("type", MAX_TEXT)
    if kind not in known:
        raise ProtocolError(f"{where}: type must be one of {', '.join(known)}, not {kind!a}")
    return kind
