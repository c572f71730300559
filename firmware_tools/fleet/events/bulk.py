"""Many rows into one table in few statements, in the way that each database takes fastest."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Table, bindparam, cast, func, select
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


class Merging:
    """Many rows into one table, each merged into the row with its key where there is one.

    On PostgreSQL it is one statement whose parameters are a column each; a statement a row is a round of its server's
    planner and executor for each. SQLite runs one prepared statement over all rows. Either is written once, by the
    first who needs it: SQLAlchemy takes longer to write it than SQLite to do it for a device.
    """

    def __init__(self, table: Table, key: Sequence[str], merged: Callable[[Any], Mapping[str, Any]]) -> None:
        """``merged``: by column, what becomes of a row that is there, in terms of the new one (``excluded``); no
        constants."""
        self._table, self._key, self._merged = table, list(key), merged
        self._columns = [column.name for column in table.columns]
        self._statement: postgresql.Insert | None = None
        self._text = ""

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Merge rows, each with a value for every column of the table, in its order.

        Raises:
            SQLAlchemyError: the database refuses.
        """
        if not rows:
            return
        if connection.dialect.name != "postgresql":
            self._text = self._text or self._write_text(connection.dialect)
            connection.exec_driver_sql(self._text, list(rows))
            return
        self._statement = self._statement if self._statement is not None else self._write_statement()
        values = zip(*rows, strict=True)
        connection.execute(self._statement, {name: list(of) for name, of in zip(self._columns, values, strict=True)})

    def _write_text(self, dialect: Dialect) -> str:
        insert = sqlite.insert(self._table)
        insert = insert.on_conflict_do_update(index_elements=self._key, set_=dict(self._merged(insert.excluded)))
        return str(insert.compile(dialect=dialect))

    def _write_statement(self) -> postgresql.Insert:
        arrays = [
            func.unnest(
                cast(bindparam(column.name, type_=postgresql.ARRAY(column.type)), postgresql.ARRAY(column.type))
            )
            for column in self._table.columns
        ]
        insert = postgresql.insert(self._table).from_select(self._columns, select(*arrays))
        return insert.on_conflict_do_update(index_elements=self._key, set_=dict(self._merged(insert.excluded)))


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
