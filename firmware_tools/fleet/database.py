"""Opening the fleet's database, and its failures in words."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, func, insert, inspect, select, update
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
    TimeoutError,  # noqa: A004 - of the pool of connections
)

from firmware_tools.fleet.access import schema as _access_tables  # noqa: F401 - its tables are made with the others
from firmware_tools.fleet.audit import schema as _audit_tables  # noqa: F401 - the same
from firmware_tools.fleet.errors import StorageError
from firmware_tools.fleet.events import upgrade
from firmware_tools.fleet.identity import schema as _identity_tables  # noqa: F401 - as the next
from firmware_tools.fleet.privacy import schema as _privacy_tables  # noqa: F401 - as the next
from firmware_tools.fleet.rollouts import schema as _rollout_tables  # noqa: F401 - its tables are made with the others
from firmware_tools.fleet.schema import SCHEMA_VERSION, devices, fleet_meta, metadata
from firmware_tools.fleet.settings import schema as _settings_tables  # noqa: F401 - the same
from firmware_tools.fleet.traffic import schema as _traffic_tables  # noqa: F401 - the same
from firmware_tools.fleet.workers import tables as _worker_tables  # noqa: F401 - likewise

T = TypeVar("T")

_BUSY_MILLISECONDS = 5_000
_PASSING = (OperationalError, InterfaceError, TimeoutError)
"""Locked, full, away: what PEP 249 calls errors that are not necessarily under the control of the programmer."""
_CONFLICTS = ("40P01", "40001")
"""SQLSTATE of a deadlock that was resolved, and of a serialization failure."""
_TRIES = 4
_SCHEMA_LOCK = 0x63796773
_DIGESTS = ("desired_digests", "1")


class Database:
    """One database. Many may read at once; on SQLite callers see to it that one writes at a time."""

    def __init__(self, url: str) -> None:
        """Open the database and make its tables if it is empty.

        Raises:
            StorageError: unusable URL, cannot be opened, not a fleet's, or of another schema version.
        """
        try:
            self._engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise StorageError(f"the database URL in fleet.toml cannot be used: {error}") from error
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", prepare_sqlite)
        with self._words():
            _check_schema(self._engine)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection whose work is committed at the end, all of it or nothing.

        Raises:
            StorageError: the database refuses; nothing was stored.
        """
        with self._words(), self._engine.begin() as connection:
            yield connection

    @property
    def takes_many(self) -> bool:
        """Many processes may write to it at once."""
        return self._engine.dialect.name == "postgresql"

    @property
    def url(self) -> str:
        """Where it is, with its password."""
        return self._engine.url.render_as_string(hide_password=False)

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()

    @contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            sentence = _sentence(error, self._engine.url.render_as_string(hide_password=True))
            conflict = getattr(getattr(error, "orig", None), "sqlstate", None) in _CONFLICTS
            raise StorageError(sentence, passing=isinstance(error, _PASSING), conflict=conflict) from error


def retry(work: Callable[[], T]) -> T:
    """Do a transaction; again, where PostgreSQL ended it because others changed the same at the same time.

    Raises:
        StorageError: it was ended each time, or something else is the matter.
    """
    for _ in range(_TRIES - 1):
        try:
            return work()
        except StorageError as error:
            if not error.conflict:
                raise
    return work()


def prepare_sqlite(connection: Any, _record: object) -> None:
    """WAL lets the operator page read while telemetry is stored; FULL makes a commit outlive a power cut."""
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    cursor.close()


def _check_schema(engine: Engine) -> None:
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # many processes may start at once, and one makes the tables
            connection.execute(select(func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
        tables = set(inspect(connection).get_table_names())
        if fleet_meta.name not in tables:
            if tables & set(metadata.tables):
                raise StorageError("the database holds other tables of the same names; name another in fleet.toml")
            metadata.create_all(connection)
            for name, value in (("schema", str(SCHEMA_VERSION)), _DIGESTS):
                connection.execute(insert(fleet_meta).values(name=name, value=value))
            upgrade.settle(connection)
            return
        found = connection.scalar(select(fleet_meta.c.value).where(fleet_meta.c.name == "schema"))
        if found == str(SCHEMA_VERSION):
            metadata.create_all(connection)  # tables that an older cygnet did not have yet
            _name_digests(connection)
            upgrade.settle(connection)
    if found != str(SCHEMA_VERSION):
        raise StorageError(
            f"the database has schema version {found}, this cygnet knows version {SCHEMA_VERSION}; "
            "use the cygnet that made it, or a newer one"
        )


def _name_digests(connection: Connection) -> None:
    """Desired documents of an older cygnet named no digests, and a device takes a version with one content only: what
    is desired becomes a version of its own, once."""
    name, value = _DIGESTS
    if connection.scalar(select(fleet_meta.c.value).where(fleet_meta.c.name == name)) is None:
        connection.execute(update(devices).values(desired_version=devices.c.desired_version + 1))
        connection.execute(insert(fleet_meta).values(name=name, value=value))


def _sentence(error: SQLAlchemyError, url: str) -> str:
    cause = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    known = {
        "database is locked": "another process holds it locked; is a backup or a second fleet running on it?",
        "database or disk is full": "the disk is full; free some space, nothing that was acknowledged is lost",
        "disk i/o error": f"the disk refuses ({errno.errorcode[errno.EIO]}); check it and its free space",
        "readonly database": "it is read-only; give this user the right to write it",
        "connection refused": "nobody answers there; is PostgreSQL running, and its address right?",
        "no such file or directory": "nobody answers there; is PostgreSQL running, and its address right?",
        "deadlock detected": "others were changing the same; it is tried again",
        "server closed the connection": "the server ended the connection; it is tried again",
        "unable to open database file": "it cannot be opened; check that its directory exists and can be written",
        "not a database": "the file is damaged or something else than a database",
    }
    reason = next((words for sign, words in known.items() if sign in cause.lower()), cause.splitlines()[0])
    return f"the fleet's database {url}: {reason}"
