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
``request``    device       no        :class:`ContentRequest`, :class:`DesiredRequest`, :class:`MetadataRequest`,
                                      :class:`EraseRequest`, a ``SharingRequest`` or an ``IdentityRequest``
``screen``     device       no        a ``ScreenUpdate`` (:mod:`device_runtime.sync.screen_messages`)
``response``   fleet        no        :class:`ContentBlock`, :class:`ContentPlan`, :class:`TelemetryReceipt`,
                                      :class:`MetadataBlock`, a ``SharingResponse``, an :class:`IdentityAnswer`, a
                                      :class:`CertificateAnswer`, an :class:`EraseAnswer` or a ``SignedScreenOrder``
=============  ===========  ========  =============================================================

Broker acknowledgements are never trusted to mean that the fleet has something: content is pulled, telemetry is
kept until its receipt arrives, and ``desired`` is asked for again after each connect.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

from device_runtime.keys import key_id as key_id
from device_runtime.sync.content_messages import BLOCK_BYTES as BLOCK_BYTES
from device_runtime.sync.content_messages import ContentBlock as ContentBlock
from device_runtime.sync.content_messages import ContentForm as ContentForm
from device_runtime.sync.content_messages import ContentPlan as ContentPlan
from device_runtime.sync.content_messages import ContentRequest as ContentRequest
from device_runtime.sync.content_messages import (
    plan_document,
    read_block,
    read_content_request,
    read_plan,
    request_document,
)
from device_runtime.sync.desired import MAX_MESSAGE_BYTES as MAX_MESSAGE_BYTES
from device_runtime.sync.desired import MAX_PROGRAMS as MAX_PROGRAMS
from device_runtime.sync.desired import MAX_TEXT as MAX_TEXT
from device_runtime.sync.desired import Desired as Desired
from device_runtime.sync.desired import ModelTarget as ModelTarget
from device_runtime.sync.desired import ProgramTarget as ProgramTarget
from device_runtime.sync.desired import RootTarget as RootTarget
from device_runtime.sync.desired import RuntimeTarget as RuntimeTarget
from device_runtime.sync.desired import (
    program_entries,
)
from device_runtime.sync.desired import sign_desired as sign_desired
from device_runtime.sync.desired import verify_desired as verify_desired
from device_runtime.sync.erase_messages import ERASE, ERASED, erase_document, read_erase_answer, read_erase_request
from device_runtime.sync.erase_messages import EraseAnswer as EraseAnswer
from device_runtime.sync.erase_messages import EraseRequest as EraseRequest
from device_runtime.sync.fields import Fields, parse_object, shorten
from device_runtime.sync.fields import ProtocolError as ProtocolError
from device_runtime.sync.fields import canonical_json as canonical_json
from device_runtime.sync.identity_messages import (
    IDENTITY_ANSWER,
    IDENTITY_KINDS,
    IdentityRequest,
    identity_document,
    read_identity_answer,
    read_identity_request,
)
from device_runtime.sync.identity_messages import ClaimRequest as ClaimRequest
from device_runtime.sync.identity_messages import IdentityAnswer as IdentityAnswer
from device_runtime.sync.identity_messages import RenewRequest as RenewRequest
from device_runtime.sync.metadata_messages import MetadataBlock as MetadataBlock
from device_runtime.sync.metadata_messages import MetadataRequest as MetadataRequest
from device_runtime.sync.metadata_messages import read_metadata_block, read_metadata_request
from device_runtime.sync.model_messages import MAX_ERROR as MAX_ERROR
from device_runtime.sync.model_messages import Cause as Cause
from device_runtime.sync.model_messages import ModelReport as ModelReport
from device_runtime.sync.model_messages import UpdatePhase as UpdatePhase
from device_runtime.sync.model_messages import leave_out_empty, read_models, read_report
from device_runtime.sync.model_messages import read_cause as read_cause
from device_runtime.sync.reissue_messages import CERTIFICATE, certificate_document, read_certificate_answer
from device_runtime.sync.reissue_messages import CertificateAnswer as CertificateAnswer
from device_runtime.sync.reissue_messages import ReissueRequest as ReissueRequest
from device_runtime.sync.screen_messages import SignedScreenOrder as SignedScreenOrder
from device_runtime.sync.screen_messages import read_order_envelope
from device_runtime.sync.settings_messages import SettingReport as SettingReport
from device_runtime.sync.settings_messages import read_settings, settings_document
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
from device_runtime.sync.telemetry_messages import DEFLATE as DEFLATE
from device_runtime.sync.telemetry_messages import MAX_RECORDS as MAX_RECORDS
from device_runtime.sync.telemetry_messages import MAX_SOURCE as MAX_SOURCE
from device_runtime.sync.telemetry_messages import PRIORITIES as PRIORITIES
from device_runtime.sync.telemetry_messages import Priority as Priority
from device_runtime.sync.telemetry_messages import TelemetryBatch as TelemetryBatch
from device_runtime.sync.telemetry_messages import TelemetryReceipt as TelemetryReceipt
from device_runtime.sync.telemetry_messages import TelemetryRecord as TelemetryRecord
from device_runtime.sync.telemetry_messages import deflate as deflate
from device_runtime.sync.telemetry_messages import inflate, read_batch, read_receipt

PROTOCOL = "cygnet/1"
MAX_HEADER_BYTES = 2048
"""The longest first line of a response."""
_SIGNED = (IDENTITY_ANSWER, CERTIFICATE, ERASED)

Channel = Literal["desired", "reported", "state", "telemetry", "request", "response", "screen"]
FROM_DEVICE: tuple[Channel, ...] = ("reported", "state", "telemetry", "request", "screen")
"""The channels that a device writes, and nobody else."""
TO_DEVICE: tuple[Channel, ...] = ("desired", "response")
"""The channels that it reads."""


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


ProgramPhase = Literal["downloading", "waiting", "trial", "rolled-back", "failed", "installed", "running"]


@dataclass(frozen=True, slots=True)
class ProgramReport:
    """One program on a device as it is: ``error`` says why in a sentence when ``phase`` is ``failed`` or
    ``rolled-back``, and ``cause`` what kind of failure that is; ``note`` says what it waits for. The versions are those
    of what is installed, and in the phases of an update those of its target."""

    version_code: int
    version_name: str
    phase: ProgramPhase
    received: int = 0
    size: int = 0
    error: str = ""
    cause: Cause = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reported:
    """What one device has. ``session`` is the number that the device drew when it connected; ``runtime_error`` says in
    a sentence why a runtime that it should have is not the one that it has; ``models`` and
    ``settings`` are None of a device that takes none from its fleet."""

    session: int
    desired_version: int
    board: str
    runtime: str
    programs: Mapping[str, ProgramReport]
    runtime_error: str = ""
    models: Mapping[str, ModelReport] | None = None
    settings: Mapping[str, SettingReport] | None = None


@dataclass(frozen=True, slots=True)
class State:
    """If a device is there: ``online``, ``offline`` (it said goodbye) or ``lost`` (the broker says so, by will)."""

    status: Literal["online", "offline", "lost"]
    session: int


@dataclass(frozen=True, slots=True)
class DesiredRequest:
    """Publish my ``desired`` again; ``have`` is the version that I hold, 0 for none."""

    id: str
    have: int


DeviceRequest: TypeAlias = (
    ContentRequest | DesiredRequest | MetadataRequest | EraseRequest | SharingRequest | IdentityRequest
)
FleetResponse: TypeAlias = (
    ContentBlock
    | ContentPlan
    | TelemetryReceipt
    | MetadataBlock
    | SharingResponse
    | IdentityAnswer
    | CertificateAnswer
    | EraseAnswer
)

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
        case ClaimRequest() | RenewRequest() | ReissueRequest():
            document, _ = identity_document(message)
        case CertificateAnswer():
            document, data = certificate_document(message)
            tail = b"\n" + data
        case EraseRequest():
            document, _ = erase_document(message)
        case EraseAnswer():
            document, data = erase_document(message)
            tail = b"\n" + data
        case IdentityAnswer():
            document, data = identity_document(message)
            tail = b"\n" + data
        case Reported():
            if message.models is None:
                del document["models"]
            if message.settings is None:
                del document["settings"]
            else:
                document["settings"] = settings_document(document["settings"])
            for report in [*document["programs"].values(), *document.get("models", {}).values()]:
                leave_out_empty(report)
            _reported(Fields(document, "reported"))
        case State():
            _state(Fields(document, "state"))
        case TelemetryBatch():
            document["records"] = list(document["records"])
            if message.priority == "event":  # what a batch without the member is
                del document["priority"]
            read_batch(Fields(document, "telemetry"))
        case ContentRequest():
            request_document(document)
        case DesiredRequest():
            document["type"] = "desired"
            _request(Fields(document, "request"))
        case ContentBlock():
            document["type"] = "content"
            del document["data"]
            _response(Fields(document, "response"), message.data)
            tail = b"\n" + message.data
        case MetadataRequest():
            document["type"] = "metadata"
            _request(Fields(document, "request"))
        case MetadataBlock():
            document["type"] = "metadata"
            for member in ("data", *([] if message.error else ["error"]), *([] if message.missing else ["missing"])):
                del document[member]
            _response(Fields(document, "response"), message.data)
            tail = b"\n" + message.data
        case ContentPlan():
            plan_document(document)
            tail = b"\n"
        case TelemetryReceipt():
            document["type"] = "telemetry"
            document["accepts"] = list(message.accepts)
            if not message.accepts:
                del document["accepts"]
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
    """Check a ``telemetry`` payload, plain or deflated. Raises :class:`ProtocolError`."""
    return read_batch(parse_object(inflate(payload), "telemetry", MAX_MESSAGE_BYTES))


def decode_request(payload: bytes) -> DeviceRequest:
    """Check a ``request`` payload. Raises :class:`ProtocolError`."""
    return _request(parse_object(payload, "request", MAX_MESSAGE_BYTES))


def decode_response(payload: bytes) -> FleetResponse | SignedScreenOrder:
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
            app_id: read_report(Fields(entry, f"reported: programs.{app_id}"), ProgramReport, get_args(ProgramPhase))
            for app_id, entry in program_entries(fields, "reported").items()
        },
        runtime_error=fields.text("runtime_error", MAX_ERROR, default=""),
        models=read_models(fields),
        settings=read_settings(fields),
    )


def _state(fields: Fields) -> State:
    status = fields.text("status", MAX_TEXT)
    if status not in ("online", "offline", "lost"):
        raise ProtocolError(f"state: status must be online, offline or lost, not {status!a}")
    return State(status, fields.integer("session"))  # type: ignore[arg-type]  # checked above


def _request(fields: Fields) -> DeviceRequest:
    kind = _kind(fields, "request", ("content", "desired", "metadata", ERASE, *REQUEST_KINDS, *IDENTITY_KINDS))
    if kind in REQUEST_KINDS:
        return read_request(fields, kind)
    if kind in IDENTITY_KINDS:
        return read_identity_request(fields, kind)
    if kind == "desired":
        return DesiredRequest(_id(fields), fields.integer("have"))
    if kind == "metadata":
        return read_metadata_request(fields)
    if kind == ERASE:
        return read_erase_request(fields)
    return read_content_request(fields)


def _response(fields: Fields, data: bytes) -> FleetResponse | SignedScreenOrder:
    kinds = ("content", "plan", "telemetry", "metadata", "screen", *_SIGNED, *RESPONSE_KINDS)
    kind = _kind(fields, "response", kinds)
    if kind == "screen":
        return read_order_envelope(fields)
    if kind in RESPONSE_KINDS:
        return read_response(fields, kind)
    if kind == IDENTITY_ANSWER:
        return read_identity_answer(fields, data)
    if kind == CERTIFICATE:
        return read_certificate_answer(fields, data)
    if kind == ERASED:
        return read_erase_answer(fields, data)
    if kind == "telemetry":
        return read_receipt(fields)
    if kind == "metadata":
        return read_metadata_block(fields, data)
    return read_plan(fields, data) if kind == "plan" else read_block(fields, data)


def _id(fields: Fields) -> str:
    return fields.form("id", REQUEST_ID, "1 to 64 letters, digits, hyphens and underscores")


def _kind(fields: Fields, where: str, known: tuple[str, ...]) -> str:
    kind = fields.text("type", MAX_TEXT)
    if kind not in known:
        raise ProtocolError(f"{where}: type must be one of {', '.join(known)}, not {kind!a}")
    return kind
