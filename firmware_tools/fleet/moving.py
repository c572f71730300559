"""A fleet's database into another one: from SQLite to PostgreSQL when a fleet grows, or back."""

from collections.abc import Callable

from sqlalchemy import Integer, Table, func, insert, select, text

from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.events.bulk import portions
from firmware_tools.fleet.schema import devices, fleet_meta, metadata

_ROWS_AT_ONCE = 2_000


def copy_database(source: str, target: str, progress: Callable[[str, int], None] = lambda _name, _rows: None) -> int:
    """Copy every table, in one transaction of the target; returns the number of rows.

    No fleet may be served on either meanwhile.

    Args:
        source: SQLAlchemy URL of the fleet's database.
        target: of one that is empty.
        progress: called with a table's name and its rows so far.

    Raises:
        FleetError: the target holds a fleet already.
        StorageError: one of them refuses; then the target is as empty as before.
    """
    old = Database(source)
    new = Database(target)
    total = 0
    try:
        with old.transaction() as reading, new.transaction() as writing:
            if writing.scalar(select(devices.c.id).limit(1)) is not None:
                raise FleetError("the database to copy to holds devices already; name an empty one")
            writing.execute(fleet_meta.delete())
            for table in metadata.sorted_tables:
                count = 0
                rows = reading.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table)).mappings()
                for portion in portions(rows, _ROWS_AT_ONCE):
                    writing.execute(insert(table), [dict(row) for row in portion])
                    count += len(portion)
                    progress(table.name, count)
                total += count
                number = _numbered(table)
                if number and count and writing.dialect.name == "postgresql":
                    highest = select(func.max(table.c[number])).scalar_subquery()
                    sequence = func.pg_get_serial_sequence(text("'" + table.name + "'"), text("'" + number + "'"))
                    writing.execute(select(func.setval(sequence, highest)))
    finally:
        old.close()
        new.close()
    return total


def _numbered(table: Table) -> str:
    """The column that the database numbers by itself; empty if there is none."""
    column = table.autoincrement_column
    return column.name if column is not None and isinstance(column.type, Integer) else ""
