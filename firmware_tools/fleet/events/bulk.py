"""Many rows into one table in few statements, in the way that each database takes fastest."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, bindparam, cast, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

T = TypeVar("T")
ROWS_AT_ONCE = 400
"""Rows in one statement: SQLite takes 32,766 parameters, PostgreSQL 65,535."""


def portions(items: Iterable[T], size: int = ROWS_AT_ONCE) -> Iterator[list[T]]:
    """Lists of up to ``size`` of the items."""
    left = iter(items)
    while portion := list(islice(left, size)):
        yield portion


def upsert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An ``INSERT`` that knows ``ON CONFLICT``, which both databases write alike."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def from_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> tuple[postgresql.Insert | sqlite.Insert, Any]:
    """An ``INSERT`` of many rows that may go on with ``ON CONFLICT``, and the parameters to execute it with.

    On PostgreSQL it is one statement whose parameters are a column each; a statement a row is a round of its server's
    planner and executor for each. SQLite runs one prepared statement over all rows.
    """
    statement = upsert(connection, table)
    if connection.dialect.name != "postgresql":
        return statement, rows
    columns = table.columns
    arrays = [
        func.unnest(cast(bindparam(column.name, type_=postgresql.ARRAY(column.type)), postgresql.ARRAY(column.type)))
        for column in columns
    ]
    names = [column.name for column in columns]
    return statement.from_select(names, select(*arrays)), {name: [row[name] for row in rows] for name in names}


def append(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows that are new: ``COPY`` on PostgreSQL, else one prepared ``INSERT`` run over all of them.

    Raises:
        SQLAlchemyError: the database refuses.
    """
    if not rows:
        return
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in columns)
    if connection.dialect.name != "postgresql":
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {quote(table.name)} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
        connection.exec_driver_sql(statement, list(rows))
        return
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - an open transaction has a connection
    statement = f"COPY {quote(table.name)} ({names}) FROM STDIN"
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:  # COPY goes past SQLAlchemy, which would have wrapped it
        raise DBAPIError(statement, None, error) from error
