"""One portion of what devices said, into the database, in one transaction."""

from dataclasses import dataclass

from device_runtime.sync.messages import (
    DEFLATE,
    Desired,
    ProtocolError,
    TelemetryReceipt,
)
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.events.decoding import Batch, decode_batch
from firmware_tools.fleet.events.intake import Taken, take_in
from firmware_tools.fleet.events.rollups import SeriesIds
from firmware_tools.fleet.inbox import Work
from firmware_tools.fleet.records import Device
from firmware_tools.fleet.registry import Registry

_MOST_SHOWN = 200
_ACCEPTED = (DEFLATE,)


@dataclass(frozen=True, slots=True)
class Stored:
    """What follows from a commit: receipts to send, what came of the telemetry, messages that were malformed, documents
    to publish again, devices that changed (``None``: too many to pass on one by one)."""

    receipts: list[tuple[str, TelemetryReceipt]]
    telemetry: Taken
    malformed: list[tuple[str, ProtocolError]]
    desired: list[Desired]
    changed: list[Device] | None


def store_work(database: Database, fleet: str, work: Work, now: float, series: SeriesIds) -> Stored:
    """Store a portion. When this returns, it is committed.

    Raises:
        StorageError: the database refuses; nothing of the portion was stored.
    """
    batches, malformed = _decode(work.batches)
    # Rows are changed in one order by every worker, so that two wait for each other and never in a circle.
    with database.transaction() as connection:
        registry = Registry(connection)
        for device, (state, seen) in sorted(work.states.items()):
            registry.record_state(device, state, seen)
        again = set(work.held)
        for device, (reported, when) in sorted(work.reported.items()):
            if registry.record_reported(device, reported, when):
                again.add(device)
        for device, held in sorted(work.held.items()):
            registry.raise_past(device, held)
        registry.record_seen(dict(sorted(work.seen.items())))
        taken = take_in(connection, batches, now, series)
        touched = work.states.keys() | work.reported.keys() | work.seen.keys()
        stored = Stored(
            _receipts(batches),
            taken,
            malformed,
            desired=[registry.desired(fleet, device, now) for device in sorted(again)],
            changed=[registry.device(device) for device in sorted(touched)] if len(touched) <= _MOST_SHOWN else None,
        )
    series.learn(taken.series)
    return stored


def _receipts(batches: list[tuple[str, Batch]]) -> list[tuple[str, TelemetryReceipt]]:
    """One for each lane: a receipt speaks for all that came before its record."""
    last: dict[tuple[str, str], int] = {}
    for device, batch in batches:
        last[device, batch.epoch] = max(last.get((device, batch.epoch), 0), batch.records[-1].sequence)
    return [(device, TelemetryReceipt(epoch, sequence, _ACCEPTED)) for (device, epoch), sequence in last.items()]


def _decode(payloads: list[tuple[str, bytes]]) -> tuple[list[tuple[str, Batch]], list[tuple[str, ProtocolError]]]:
    batches: list[tuple[str, Batch]] = []
    malformed: list[tuple[str, ProtocolError]] = []
    for device, payload in payloads:
        try:
            batches.append((device, decode_batch(payload)))
        except ProtocolError as error:
            malformed.append((device, error))
    return batches, malformed
