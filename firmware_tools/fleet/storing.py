"""One portion of what devices said, into the database, in one transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from device_runtime.sync.messages import (
    DEFLATE,
    Desired,
    ProtocolError,
    TelemetryReceipt,
)
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.documents import telemetry_documents
from firmware_tools.fleet.events.decoding import Batch, decode_batch
from firmware_tools.fleet.events.intake import Taken, take_in
from firmware_tools.fleet.events.rollups import SeriesIds
from firmware_tools.fleet.inbox import Work
from firmware_tools.fleet.records import Device
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.team import Alone, Team

_MOST_SHOWN = 200
_TOLD_AT_ONCE = 100
_TELEMETRY_BYTES = 6_000
_ALONE = Alone()
_ACCEPTED = (DEFLATE,)


@dataclass(frozen=True, slots=True)
class Stored:
    """What follows from a commit: receipts to send, what came of the telemetry, messages that were malformed, documents
    to publish again, the versions that devices hold that asked for theirs, devices that changed (``None``: too many to
    pass on one by one)."""

    receipts: list[tuple[str, TelemetryReceipt]]
    telemetry: Taken
    malformed: list[tuple[str, ProtocolError]]
    desired: list[Desired]
    held: Mapping[str, int]
    changed: list[Device] | None


def store_work(
    database: Database,
    fleet: str,
    work: Work,
    now: float,
    series: SeriesIds,
    team: Team = _ALONE,
    *,
    shows: bool = True,
) -> Stored:
    """Store a portion. When this returns, it is committed. Not ``shows``: nobody watches.

    Raises:
        StorageError: the database refuses; nothing of the portion was stored.
        FencedError: likewise, since other processes store some of these devices now.
    """
    batches, malformed = _decode(work.batches)
    # Rows are changed in one order by every worker, so that two wait for each other and never in a circle.
    with database.transaction() as connection:
        registry = Registry(connection)
        if work.states or work.reported:
            team.fence(connection)
        touched = work.states.keys() | work.reported.keys() | work.seen.keys()
        registry.lock(touched | work.held.keys())
        registry.record_states(dict(sorted(work.states.items())))
        again = work.held.keys() | registry.record_reports(dict(sorted(work.reported.items())))
        registry.raise_past(work.held)
        registry.record_seen(dict(sorted(work.seen.items())))
        taken = take_in(connection, batches, now, series)
        stored = Stored(
            _receipts(batches),
            taken,
            malformed,
            desired=registry.desired.of(fleet, sorted(again), now),
            held=work.held,
            changed=_changed(registry, sorted(touched), shows),
        )
        tell_changed(team, connection, sorted(touched))
        if taken.new:
            _tell_telemetry(team, connection, taken)
    series.learn(taken.series)
    return stored


def _changed(registry: Registry, devices: Sequence[str], shows: bool) -> list[Device] | None:
    """Not ``shows``: who begins to watch before the commit has to load everything."""
    if not devices or (shows and len(devices) <= _MOST_SHOWN):
        return [registry.device(device) for device in devices]
    return None


def tell_changed(team: Team, connection: Connection, devices: Sequence[str]) -> None:
    """Tell the other processes which devices are not as they were, or new."""
    if len(devices) > _MOST_SHOWN:
        team.tell(connection, {"changed": None})
        return
    for start in range(0, len(devices), _TOLD_AT_ONCE):
        team.tell(connection, {"changed": devices[start : start + _TOLD_AT_ONCE]})


def _tell_telemetry(team: Team, connection: Connection, taken: Taken) -> None:
    """Some of it: enough for who watches to see that something comes."""
    documents = telemetry_documents(taken)
    room = _TELEMETRY_BYTES
    told: dict[str, list[object]] = {"records": [], "counts": []}
    for name in ("counts", "records"):
        for document in documents[name]:
            room -= len(json.dumps(document))
            if room < 0:
                break
            told[name].append(document)
    team.tell(connection, {"changed": [], "telemetry": told})


def _receipts(batches: list[tuple[str, Batch]]) -> list[tuple[str, TelemetryReceipt]]:
    """One for each lane: a receipt speaks for all that came before its record.

    That holds with many processes too, though this one may never have seen what came before: a device has one batch of
    a lane under way, and sends what comes after it when it has the receipt, or has given the records up. So what is
    before a batch is stored, by whomever, or does not exist any more.
    """
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
