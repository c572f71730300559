"""Batches as they arrive, read as fast as checking them allows.

``decode_telemetry`` of the protocol says what a batch is, and in a sentence why something is none. This reader takes
the same batches several times as fast: msgspec checks members, types and lengths while it parses, and what it does not
take at once goes to ``decode_telemetry``, which decides. A test holds one against the other.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from device_runtime.sync.desired import MAX_VALUES
from device_runtime.sync.fields import MAX_INTEGER
from device_runtime.sync.messages import MAX_MESSAGE_BYTES, MAX_TEXT, decode_telemetry
from device_runtime.sync.telemetry_messages import MAX_RECORDS, MAX_SOURCE, Priority, inflate

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Record(msgspec.Struct, frozen=True):
    """One record of a batch, checked; as ``TelemetryRecord`` of the protocol."""

    sequence: Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)]
    time: Annotated[float, msgspec.Meta(ge=0, le=1e11)]
    source: Annotated[str, msgspec.Meta(max_length=MAX_SOURCE)]
    name: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
    values: Annotated[dict[str, Any], msgspec.Meta(max_length=MAX_VALUES)]


class _Batch(msgspec.Struct):
    epoch: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8,32}\Z")]
    records: Annotated[list[Record], msgspec.Meta(min_length=1, max_length=MAX_RECORDS)]
    priority: Priority = "event"


@dataclass(frozen=True, slots=True)
class Batch:
    """A checked batch: records of one epoch, with rising sequence."""

    epoch: str
    priority: Priority
    records: Sequence[Record]


_decoder = msgspec.json.Decoder(_Batch)


def decode_batch(payload: bytes) -> Batch:
    """Check a ``telemetry`` payload.

    Raises:
        ProtocolError: it is none.
    """
    if len(payload) <= MAX_MESSAGE_BYTES:
        text = inflate(payload)
        try:
            found = _decoder.decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            found = None
        if found is not None and _is_plain(found.records):
            return Batch(found.epoch, found.priority, found.records)
    batch = decode_telemetry(payload)
    return Batch(
        batch.epoch,
        batch.priority,
        [
            Record(record.sequence, record.time, record.source, record.name, dict(record.values))
            for record in batch.records
        ],
    )


def _is_plain(records: Sequence[Record]) -> bool:
    """Whether the sequence rises, texts are one line, and values are flat: what holds of nearly all that comes."""
    before = 0
    checked: set[str] = set()
    for record in records:
        if record.sequence <= before:
            return False
        before = record.sequence
        for text in (record.source, record.name):
            if text not in checked:
                if _CONTROL.search(text):
                    return False
                checked.add(text)
        for name, value in record.values.items():
            if name not in checked:
                if not _is_clean_text(name):
                    return False
                checked.add(name)
            kind = type(value)
            if kind is float:
                if not math.isfinite(value):
                    return False
            elif kind is int:
                if not -MAX_INTEGER <= value <= MAX_INTEGER:
                    return False
            elif kind is str:
                if not (value.isascii() or _is_clean_text(value)):
                    return False
            elif kind is not bool and value is not None:
                return False
    return True


def _is_clean_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False  # a lone surrogate
    return True
