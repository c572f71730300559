"""All records that match, a page at a time, so that any number of them leaves through a little memory."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, and_, select, tuple_

from firmware_tools.fleet.events.tables import runs
from firmware_tools.fleet.schema import telemetry
from firmware_tools.fleet.telemetry import TelemetryQuery, conditions, run_conditions

COLUMNS = ("device", "epoch", "sequence", "time", "source", "name", "values", "received_at")
"""What each record has. Times are Unix seconds, ``values`` a JSON object."""
Format = Literal["csv", "jsonl"]
MIME: dict[Format, str] = {"csv": "text/csv", "jsonl": "application/x-ndjson"}
_RUNS_A_PAGE = 20

Place = tuple[str, str, int]
"""Where the next page begins: after this run."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, by device, epoch and sequence; ``after`` is None at the end."""

    records: Sequence[dict[str, Any]]
    after: Place | None


def read_page(connection: Connection, query: TelemetryQuery, after: Place | None) -> Page:
    """The records of the next runs: at most 10,000. ``query.limit`` means nothing here.

    Records that are stored or deleted between two pages may be in the export or not; every other is in it, once.
    """
    key = (runs.c.device, runs.c.epoch, runs.c.first)
    chosen = select(runs).where(*run_conditions(query)).order_by(*key).limit(_RUNS_A_PAGE)
    if after is not None:
        chosen = chosen.where(tuple_(*key) > tuple_(*after))
    places = [(run.device, run.epoch, run.first) for run in connection.execute(chosen)]
    if not places:
        return Page([], None)
    page = chosen.subquery()
    inside = and_(
        telemetry.c.device == page.c.device,
        telemetry.c.epoch == page.c.epoch,
        telemetry.c.sequence.between(page.c.first, page.c.last),
    )
    statement = (
        select(telemetry)
        .join(page, inside)
        .where(*conditions(query))
        .order_by(telemetry.c.device, telemetry.c.epoch, telemetry.c.sequence)
    )
    records = [dict(row._mapping) for row in connection.execute(statement)]
    return Page(records, places[-1] if len(places) == _RUNS_A_PAGE else None)


def csv_lines(records: Sequence[dict[str, Any]], *, head: bool) -> str:
    """Records as CSV (RFC 4180); with ``head``, the names of the columns first."""
    out = io.StringIO()
    writer = csv.writer(out)
    if head:
        writer.writerow(COLUMNS)
    for record in records:
        writer.writerow([_cell(record[name]) for name in COLUMNS])
    return out.getvalue()


def json_lines(records: Sequence[dict[str, Any]], *, head: bool) -> str:
    """Records as one JSON object a line; ``head`` means nothing."""
    del head
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


WRITERS: dict[Format, Callable[..., str]] = {"csv": csv_lines, "jsonl": json_lines}


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
