"""What left devices, as their ledgers have it: sums by program, item and destination, each up to an entry of the ledger
that is known by its hash."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Double, Row, cast, delete, func, select

from device_runtime.sync.fields import MAX_INTEGER
from firmware_tools.fleet.events.bulk import upsert
from firmware_tools.fleet.privacy.answers import SendingDocument, SentDocument
from firmware_tools.fleet.privacy.schema import sendings

_KEY = ("device", "app_id", "item", "destination", "number", "hash")
_LONGEST_DESTINATION = 300
MOST_OF_DEVICE = 20_000
"""So many sums of one device are kept: at ten an hour, those of some twelve weeks."""


def sending_of(values: Mapping[str, object]) -> dict[str, Any] | None:
    """What a record of a sum says beside program, item and the entry that it goes up to; None if it is malformed."""
    to, rounded = values.get("to"), values.get("rounded", False)
    numbers = {name: values.get(name) for name in ("count", "bytes", "after")}
    if not isinstance(to, str) or not to.isprintable() or not 0 < len(to) <= _LONGEST_DESTINATION:
        return None
    if not isinstance(rounded, bool) or not all(map(_is_number, numbers.values())):
        return None
    return {"destination": to, "rounded": int(rounded), **numbers}


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INTEGER


def note_sendings(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Keep sums; one that is told again is the same. Of a device that tells very many the newest stay."""
    distinct = {tuple(row[name] for name in _KEY): row for row in rows}
    if not distinct:
        return
    statement = upsert(connection, sendings).on_conflict_do_nothing(index_elements=_KEY)
    connection.execute(statement, [distinct[key] for key in sorted(distinct)])
    for device in sorted({key[0] for key in distinct}):
        of_device = sendings.c.device == device
        if (connection.scalar(select(func.count()).where(of_device)) or 0) > MOST_OF_DEVICE:
            newest = select(sendings.c.received_at).where(of_device).order_by(sendings.c.received_at.desc())
            last = connection.scalar(newest.offset(MOST_OF_DEVICE * 9 // 10).limit(1))
            connection.execute(delete(sendings).where(of_device, sendings.c.received_at <= last))


def sendings_of(connection: Connection, device: str) -> list[SendingDocument]:
    """Every sum of a device that is kept, by the entry that it goes up to."""
    query = select(sendings).where(sendings.c.device == device)
    query = query.order_by(sendings.c.number, sendings.c.app_id, sendings.c.item, sendings.c.destination)
    return [_sending(row) for row in connection.execute(query)]


def sent_of(connection: Connection, device: str) -> list[SentDocument]:
    """The sums of a device put together, by program, item and destination."""
    key = (sendings.c.app_id, sendings.c.item, sendings.c.destination)
    query = (
        select(
            *key,
            # As doubles: whole numbers of SQLite may run over.
            func.sum(cast(sendings.c["count"], Double)).label("times"),
            func.sum(cast(sendings.c.bytes, Double)).label("bytes"),
            func.max(sendings.c.rounded).label("rounded"),
            func.max(sendings.c.time).label("last_time"),
        )
        .where(sendings.c.device == device)
        .group_by(*key)
        .order_by(*key)
    )
    return [
        {
            "app_id": row.app_id,
            "item": row.item,
            "destination": row.destination,
            "count": min(int(row.times), MAX_INTEGER),
            "bytes": min(int(row.bytes), MAX_INTEGER),
            "rounded": bool(row.rounded),
            "last_time": row.last_time,
        }
        for row in connection.execute(query)
    ]


def _sending(row: Row[Any]) -> SendingDocument:
    return {
        "app_id": row.app_id,
        "item": row.item,
        "destination": row.destination,
        "count": row._mapping["count"],
        "bytes": row.bytes,
        "rounded": bool(row.rounded),
        "after": row.after,
        "number": row.number,
        "hash": row.hash,
        "time": row.time,
    }
