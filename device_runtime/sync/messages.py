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
``request``    device       no        :class:`ContentRequest` or :class:`DesiredRequest`
``response``   fleet        no        :class:`ContentBlock` or :class:`TelemetryReceipt`
=============  ===========  ========  =============================================================

Broker acknowledgements are never trusted to mean that the fleet has something: content is pulled, telemetry is
kept until its receipt arrives, and ``desired`` is asked for again after each connect.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from device_runtime.errors import CygnetError
from device_runtime.values import Value

PROTOCOL = "cygnet/1"
BLOCK_BYTES = 64 * 1024
Channel = Literal["desired", "reported", "state", "telemetry", "request", "response"]
_SEGMENT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class ProtocolError(CygnetError):
    """A message or topic breaks the protocol; it is dropped and counted, and nothing changes."""


def check_identifier(kind: str, text: str) -> str:
    """A fleet's or device's id, which becomes a topic level.

    Raises:
        ProtocolError: it is not 1 to 64 of ``a-z 0-9 . _ -``, starting with a letter or digit.
    """
    if not _SEGMENT.fullmatch(text):
        raise ProtocolError(
            f"{kind} id {text!r} must be 1 to 64 lower-case letters, digits, dots, underscores and hyphens"
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
        raise ProtocolError(f"topic {text!r} is not {PROTOCOL}/<fleet>/<device>/<channel>")
    return check_identifier("fleet", levels[2]), check_identifier("device", levels[3]), levels[4]  # type: ignore[return-value]


def canonical_json(document: object) -> bytes:
    """The bytes that are signed: UTF-8, keys sorted, no white space."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


@dataclass(frozen=True, slots=True)
class ProgramTarget:
    """One program that a device should have: the package's SHA-256 (hex) and size in bytes, and if it should run."""

    version_code: int
    version_name: str
    sha256: str
    size: int
    launch: bool = False


@dataclass(frozen=True, slots=True)
class Desired:
    """What one device should have. ``version`` only rises; ``issued`` is Unix time in seconds."""

    fleet: str
    device: str
    version: int
    issued: int
    programs: Mapping[str, ProgramTarget]
    settings: Mapping[str, Value] = field(default_factory=dict)


ProgramPhase = Literal["downloading", "installed", "running", "failed"]


@dataclass(frozen=True, slots=True)
class ProgramReport:
    """One program on a device as it is: ``error`` says why in a sentence when ``phase`` is ``failed``."""

    version_code: int
    version_name: str
    phase: ProgramPhase
    received: int = 0
    size: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Reported:
    """What one device has. ``session`` is the number that the device drew when it connected."""

    session: int
    desired_version: int
    board: str
    runtime: str
    programs: Mapping[str, ProgramReport]


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


DeviceRequest: TypeAlias = ContentRequest | DesiredRequest
FleetResponse: TypeAlias = ContentBlock | TelemetryReceipt
