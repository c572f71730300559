"""What a device and its fleet say about telemetry: batches of records, and receipts for them."""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from device_runtime.sync.desired import MAX_MESSAGE_BYTES, MAX_TEXT, MAX_VALUES
from device_runtime.sync.fields import Fields, ProtocolError
from device_runtime.values import Value

MAX_RECORDS = 500
"""The most telemetry records in one batch."""
MAX_SOURCE = 128
"""The longest source of a telemetry record: an app id."""
Priority = Literal["alarm", "event", "metric"]
"""Which telemetry goes first, and which is dropped last."""
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
DEFLATE = "deflate"
"""The encoding of :func:`deflate`, as receipts name it."""
_ZLIB = b"\x78"
"""The first byte of zlib's stream (RFC 1950, 2.2), which begins no JSON object."""
_EPOCH = re.compile(r"[0-9a-f]{8,32}")
_MAX_ENCODINGS = 16


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
    """Records in order, all of one ``priority``. (device, ``epoch``, sequence) identifies a record for ever; ``epoch``
    is drawn when a queue begins, so that a device that was wiped, or put back to an earlier image, cannot collide with
    its own past."""

    epoch: str
    records: tuple[TelemetryRecord, ...]
    priority: Priority = "event"


@dataclass(frozen=True, slots=True)
class TelemetryReceipt:
    """The fleet has stored every record of ``epoch`` up to and including ``sequence``. ``accepts`` names the encodings
    of batches that this fleet reads beside plain JSON."""

    epoch: str
    sequence: int
    accepts: tuple[str, ...] = field(default=(), compare=False)


def deflate(payload: bytes) -> bytes:
    """A ``telemetry`` payload for a fleet whose receipts accept :data:`DEFLATE`: as zlib's stream (RFC 1950)."""
    return zlib.compress(payload, 6)


def inflate(payload: bytes) -> bytes:
    """The JSON of a ``telemetry`` payload; one that is not deflated is returned as it is.

    Raises:
        ProtocolError: the stream is broken, or makes more than :data:`MAX_MESSAGE_BYTES`.
    """
    if payload[:1] != _ZLIB:
        return payload
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(payload, MAX_MESSAGE_BYTES + 1)
    except zlib.error as error:
        raise ProtocolError(f"telemetry is deflated, but cannot be inflated: {error}") from error
    if len(text) > MAX_MESSAGE_BYTES or not stream.eof:
        raise ProtocolError(f"telemetry is deflated, but broken off or longer than {MAX_MESSAGE_BYTES} bytes")
    return text


def read_batch(fields: Fields) -> TelemetryBatch:
    """Check a batch. Raises :class:`ProtocolError`."""
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
    said = fields.text("priority", MAX_TEXT, default="event")
    # A newer device may know a further word for it.
    priority: Priority = next((known for known in PRIORITIES if known == said), "event")
    return TelemetryBatch(_epoch(fields), tuple(records), priority)


def read_receipt(fields: Fields) -> TelemetryReceipt:
    """Check a receipt. Raises :class:`ProtocolError`."""
    accepts = fields.items("accepts", _MAX_ENCODINGS) if fields.has("accepts") else []
    known = tuple(each for each in accepts if isinstance(each, str) and len(each) <= MAX_TEXT)
    return TelemetryReceipt(_epoch(fields), fields.integer("sequence", low=1), known)


def _epoch(fields: Fields) -> str:
    return fields.form("epoch", _EPOCH, "8 to 32 lower-case hex digits")
