"""What devices had to drop, added up as they tell it, so that an operator sees where records are missing."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.sql.expression import case

from device_runtime.sync.fields import MAX_INTEGER
from device_runtime.sync.messages import PRIORITIES
from firmware_tools.fleet.events.bulk import upsert
from firmware_tools.fleet.events.decoding import Record
from firmware_tools.fleet.events.tables import losses

SOURCE = "telemetry"
CAUSES = {"records_dropped": "dropped", "records_lost": "lost", "records_sampled": "sampled"}
"""Names of the records with which a device tells of a loss; each says in ``records`` how many since the last one."""


def note_losses(connection: Connection, new: Iterable[tuple[str, Sequence[Record]]]) -> None:
    """Add what new records tell of losses; in the transaction that stores them, so that each counts once."""
    found: dict[tuple[str, str, str], tuple[int, float]] = {}
    for device, records in new:
        for record in records:
            if record.source == SOURCE and (cause := CAUSES.get(record.name)) is not None:
                count = record.values.get("records", record.values.get("segments"))
                if not isinstance(count, int) or isinstance(count, bool) or not 0 < count <= MAX_INTEGER:
                    continue
                said = record.values.get("priority")
                key = (device, cause, said if said in PRIORITIES else "event")
                before, time = found.get(key, (0, 0.0))
                found[key] = (before + count, max(time, record.time))
    if not found:
        return
    statement = upsert(connection, losses)
    new_row = statement.excluded
    later = new_row.last_time >= losses.c.last_time
    statement = statement.on_conflict_do_update(
        index_elements=["device", "cause", "priority"],
        set_={
            # A device that makes up absurd numbers must not exceed what the column holds.
            "records": case(
                (losses.c.records + new_row.records > MAX_INTEGER, MAX_INTEGER),
                else_=losses.c.records + new_row.records,
            ),
            "last_time": case((later, new_row.last_time), else_=losses.c.last_time),
        },
    )
    rows = [
        {"device": device, "cause": cause, "priority": priority, "records": min(count, MAX_INTEGER), "last_time": time}
        for (device, cause, priority), (count, time) in sorted(found.items())
    ]
    connection.execute(statement, rows)


def all_losses(connection: Connection, device: str = "") -> list[dict[str, Any]]:
    """Every loss that was told of, by device, cause and priority; of one device if it is named."""
    statement = select(losses).order_by(losses.c.device, losses.c.cause, losses.c.priority)
    if device:
        statement = statement.where(losses.c.device == device)
    return [dict(row._mapping) for row in connection.execute(statement)]
