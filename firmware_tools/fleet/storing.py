"""One portion of what devices said, into the database, in one transaction."""

from dataclasses import dataclass

from device_runtime.sync.messages import (
    Desired,
    ProtocolError,
    TelemetryBatch,
    TelemetryReceipt,
    TelemetryRecord,
    decode_telemetry,
)
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.inbox import Work
from firmware_tools.fleet.records import Device
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.telemetry import TelemetryStore

_MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Stored:
    """What follows from a commit: receipts to send, records that were new, how many were not, messages that were
    malformed, documents to publish again, devices that changed (``None``: too many to pass on one by one)."""

    receipts: list[tuple[str, TelemetryReceipt]]
    records: list[tuple[str, TelemetryRecord]]
    repeated: int
    malformed: list[tuple[str, ProtocolError]]
    desired: list[Desired]
    changed: list[Device] | None


def store_work(database: Database, fleet: str, work: Work, now: float) -> Stored:
    """Store a portion. When this returns, it is committed.

    Raises:
        StorageError: the database refuses; nothing of the portion was stored.
    """
    receipts: list[tuple[str, TelemetryReceipt]] = []
    records: list[tuple[str, TelemetryRecord]] = []
    repeated = 0
    batches, malformed = _decode(work.batches)
    with database.transaction() as connection:
        registry, telemetry = Registry(connection), TelemetryStore(connection)
        for device, (state, seen) in work.states.items():
            registry.record_state(device, state, seen)
        again = set(work.held)
        for device, (reported, when) in work.reported.items():
            if registry.record_reported(device, reported, when):
                again.add(device)
        for device, held in work.held.items():
            registry.raise_past(device, held)
        registry.record_seen(work.seen)
        for device, batch in batches:
            new = telemetry.store(device, batch, now)
            records.extend((device, record) for record in new)
            repeated += len(batch.records) - len(new)
            receipts.append((device, TelemetryReceipt(batch.epoch, batch.records[-1].sequence)))
        touched = work.states.keys() | work.reported.keys() | work.seen.keys()
        return Stored(
            receipts,
            records,
            repeated,
            malformed,
            desired=[registry.desired(fleet, device, now) for device in sorted(again)],
            changed=[registry.device(device) for device in sorted(touched)] if len(touched) <= _MOST_SHOWN else None,
        )


def _decode(
    payloads: list[tuple[str, bytes]],
) -> tuple[list[tuple[str, TelemetryBatch]], list[tuple[str, ProtocolError]]]:
    batches: list[tuple[str, TelemetryBatch]] = []
    malformed: list[tuple[str, ProtocolError]] = []
    for device, payload in payloads:
        try:
            batches.append((device, decode_telemetry(payload)))
        except ProtocolError as error:
            malformed.append((device, error))
    return batches, malformed
