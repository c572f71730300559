"""How much of one device is kept: one that makes up names must not fill the database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, select

from firmware_tools.fleet.events.bulk import portions

MOST_OF_DEVICE = 20_000
"""Rows of one device in each table. What is told beyond them is stored as telemetry alone."""


def fitting(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of devices that have room for them in a table."""
    counts: dict[str, int] = {}
    for portion in portions(sorted({row["device"] for row in rows})):
        query = select(table.c.device, func.count()).where(table.c.device.in_(portion)).group_by(table.c.device)
        counts.update({device: count for device, count in connection.execute(query)})  # noqa: C416 - rows, not pairs
    found = []
    for row in rows:
        if counts.get(row["device"], 0) < MOST_OF_DEVICE:
            counts[row["device"]] = counts.get(row["device"], 0) + 1
            found.append(row)
    return found
