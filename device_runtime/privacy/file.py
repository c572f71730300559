"""``privacy.db`` of a device: what people decided, what programs have seen, and the ledger.

Durability: write-ahead log with ``synchronous=NORMAL``, each change a transaction. When a method returns, the change is
in the kernel, so killing the process loses nothing; a power cut may lose the last moments but never harms the file.
What a person said and what a program has heard is on the disk then (``synced``).
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from device_runtime.errors import CygnetError

log = logging.getLogger(__name__)

FILE = "privacy.db"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS decision (
    profile TEXT NOT NULL, app TEXT NOT NULL, item TEXT NOT NULL, granted INTEGER NOT NULL, document TEXT NOT NULL,
    milliseconds INTEGER NOT NULL, who TEXT NOT NULL, PRIMARY KEY (profile, app, item)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS label (app TEXT NOT NULL, category TEXT NOT NULL, PRIMARY KEY (app, category)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (app TEXT PRIMARY KEY, day INTEGER NOT NULL, bits REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept (
    app TEXT NOT NULL, item TEXT NOT NULL, choices INTEGER NOT NULL, results TEXT NOT NULL,
    PRIMARY KEY (app, item, choices)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answered (
    day INTEGER NOT NULL, app TEXT NOT NULL, item TEXT NOT NULL, epsilon REAL NOT NULL, PRIMARY KEY (day, app, item)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS erasure (
    id TEXT PRIMARY KEY, app TEXT NOT NULL, milliseconds INTEGER NOT NULL, receipt BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS entry (
    number INTEGER PRIMARY KEY, milliseconds INTEGER NOT NULL, act TEXT NOT NULL, app TEXT NOT NULL, item TEXT NOT NULL,
    destination TEXT NOT NULL, who TEXT NOT NULL, count INTEGER NOT NULL, bytes INTEGER NOT NULL, hash TEXT NOT NULL
);
"""


class PrivacyFileError(CygnetError):
    """The file of decisions and sendings cannot be used; nothing leaves until it can."""


class PrivacyFile:
    """The opened file, used from one thread. A broken one is put aside, and nobody has agreed to anything then."""

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: made when missing.

        Raises:
            PrivacyFileError: the folder or the file cannot be used.
        """
        self.path = folder / FILE
        self.on_rollback: list[Callable[[], None]] = []
        """Told when what was changed in a transaction did not come to be."""
        self.on_commit: list[Callable[[], None]] = []
        """Told when it did."""
        self._version: object = None
        self.was_broken = False
        """Whether the file that was there had to be put aside."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                self._database = self._open()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):  # the disk is full, or somebody holds the file
                    raise
                self._put_aside(error)
                self._database = self._open()
            self.changed_elsewhere()
        except (OSError, sqlite3.DatabaseError) as error:
            raise PrivacyFileError(f"{self.path} cannot be used: {error}; mend the disk and start again") from error

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")
            database.executescript(_SCHEMA)
            for table in ("entry", "decision"):
                database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - our own names
        except BaseException:
            database.close()
            raise
        return database

    def _put_aside(self, error: Exception) -> None:
        aside = self.path.with_name(f"{FILE}.broken")
        log.warning("%s is broken (%s); it is put aside as %s, and everybody is asked again", FILE, error, aside.name)
        for ending in ("-wal", "-shm"):
            self.path.with_name(FILE + ending).unlink(missing_ok=True)
        self.path.replace(aside)
        self.was_broken = True

    @contextmanager
    def transaction(self, *, synced: bool = False) -> Iterator[sqlite3.Connection]:
        """What is changed in the block is changed all or not at all; blocks may nest.

        Args:
            synced: when the block ends, a power cut loses nothing of it; it takes as long as the disk does.

        Raises:
            PrivacyFileError: the disk refuses.
        """
        if self._database.in_transaction:
            yield self._database
            return
        try:
            self._database.execute(f"PRAGMA synchronous={'FULL' if synced else 'NORMAL'}")
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:  # SQLite ends it by itself on some errors
                    self._database.execute("ROLLBACK")
                for forget in self.on_rollback:
                    forget()
                raise
        except sqlite3.DatabaseError as error:
            raise PrivacyFileError(f"{self.path} cannot be written: {error}; free some space on the disk") from error
        for settle in self.on_commit:
            settle()

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """What a query answers.

        Raises:
            PrivacyFileError: the file cannot be read.
        """
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise PrivacyFileError(f"{self.path} cannot be read: {error}") from error

    def changed_elsewhere(self) -> bool:
        """Whether another process has changed the file since this was last asked. Raises :class:`PrivacyFileError`."""
        version = self.rows("PRAGMA data_version")[0][0]
        changed, self._version = version != self._version, version
        return changed

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
