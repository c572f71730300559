"""What is known of one device's privacy, as a transaction sees it."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select, tuple_

from firmware_tools.fleet.events.tables import rollups, series
from firmware_tools.fleet.privacy.answers import DecisionDocument, HeadDocument, PointDocument, RefusalDocument
from firmware_tools.fleet.privacy.erased import OF_DEVICE
from firmware_tools.fleet.privacy.schema import decisions, points, refusals

SumPlace = tuple[int, int, int]
"""Where the next page of sums begins: after this series, step and time."""
_SUMS_A_PAGE = 2_000


def decisions_of(connection: Connection, device: str) -> list[DecisionDocument]:
    """The newest decision of each profile about each item."""
    query = select(decisions).where(decisions.c.device == device)
    query = query.order_by(decisions.c.app_id, decisions.c.item, decisions.c.who)
    return [
        {
            "app_id": row.app_id,
            "item": row.item,
            "act": row.act,
            "who": row.who,
            "time": row.time,
            "number": row.number,
        }
        for row in connection.execute(query)
    ]


def refusals_of(connection: Connection, device: str) -> list[RefusalDocument]:
    """How often it turned something away."""
    query = select(refusals).where(refusals.c.device == device)
    query = query.order_by(refusals.c.app_id, refusals.c.why, refusals.c.item)
    return [
        {
            "app_id": row.app_id,
            "why": row.why,
            "item": row.item,
            "count": row._mapping["count"],
            "last_time": row.last_time,
        }
        for row in connection.execute(query)
    ]


def head_of(connection: Connection, device: str) -> HeadDocument | None:
    """The furthest entry of its ledger that is known, as it was told last."""
    query = select(points).where(points.c.device == device)
    row = connection.execute(query.order_by(points.c.received_at.desc(), points.c.number.desc()).limit(1)).first()
    return None if row is None else {"number": row.number, "hash": row.hash, "time": row.time}


def points_of(connection: Connection, device: str) -> list[PointDocument]:
    """Every entry of its ledger that is known by its hash, in order."""
    query = select(points).where(points.c.device == device).order_by(points.c.number, points.c.hash)
    return [_point(row) for row in connection.execute(query)]


def _point(row: Row[Any]) -> PointDocument:
    return {
        "number": row.number,
        "hash": row.hash,
        "act": row.act,
        "app_id": row.app_id,
        "item": row.item,
        "who": row.who,
        "time": row.time,
    }


def sums_of(connection: Connection, device: str, after: SumPlace | None) -> Iterator[tuple[SumPlace, dict[str, Any]]]:
    """The next sums of the device's programs, each with its place; none at the end."""
    key = (rollups.c.series, rollups.c.step, rollups.c.time)
    names = (series.c.source, series.c.name, series.c.field)
    query = (
        select(*names, rollups)
        .join(series, series.c.id == rollups.c.series)
        .where(series.c.device == device, series.c.source.not_in(OF_DEVICE))
        .order_by(*key)
        .limit(_SUMS_A_PAGE)
    )
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    for row in connection.execute(query).mappings().all():
        values = dict(row)
        place = (values.pop("series"), values["step"], values["time"])
        yield place, values
