"""Rows that must be there, whoever comes first."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def ensure_row(connection: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """Insert a row, unless one of its primary key is there; several processes may do so at once."""
    if connection.dialect.name == "postgresql":
        connection.execute(postgresql.insert(table).values(**values).on_conflict_do_nothing())
    else:
        connection.execute(sqlite.insert(table).values(**values).on_conflict_do_nothing())
