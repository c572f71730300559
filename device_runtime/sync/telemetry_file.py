"""The file of the telemetry queue: lanes of records, and a few counts, in SQLite.

A lane is a queue of one priority, with an epoch of its own that is drawn when the lane is made. Each start makes new
lanes and only empties the old ones: numbers that an earlier image of the file gave can then not come again with other
records, should the device be put back to it.

Durability: write-ahead log with ``synchronous=NORMAL``, each change a transaction. When a method returns, the change is
in the kernel, so killing the process loses nothing; a power cut may lose the last moments but never harms the file.
"""

import logging
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.sync.metering import Spent
from device_runtime.sync.priorities import OWN_SOURCES
from device_runtime.sync.telemetry_messages import Priority

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS queue (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lane (id INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE, priority TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entry (
    lane INTEGER NOT NULL, sequence INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (lane, sequence)
) WITHOUT ROWID;
DELETE FROM lane WHERE NOT EXISTS (SELECT 1 FROM entry WHERE entry.lane = lane.id);
"""
CHANGES_A_CHECKPOINT = 64
"""After so many changes the write-ahead log, which has some hundred KB then, is worth moving into the file."""
ROW_BYTES = 32
"""What SQLite adds to a row: ids, lengths, page slack; an estimate for the budget."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane; ``priority`` is of all its records."""

    id: int
    epoch: str
    priority: Priority


class TelemetryFileError(CygnetError):
    """The file cannot be used now; what is in it is as it was."""


class TelemetryFile:
    """The opened file. Every method may raise :class:`sqlite3.OperationalError`: the disk is full, or fails."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it. A broken one is put aside, and a new one made.

        Args:
            path: its folder is made when missing.

        Raises:
            TelemetryFileError: the disk is full or fails, or another process holds the file.
        """
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._database = self._open()
        except sqlite3.OperationalError as error:  # not broken: what is in it must not be lost
            raise TelemetryFileError(
                f"the telemetry queue {path} cannot be used: {error}; free some space on the disk and start again"
            ) from error
        except sqlite3.DatabaseError as error:
            aside = path.with_name(path.name + ".broken")
            log.warning("the telemetry queue %s is broken (%s); it is put aside as %s", path, error, aside.name)
            for ending in ("-wal", "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
            path.replace(aside)
            self._database = self._open()
        # What an earlier process left in the log, perhaps of what was erased, goes before more comes behind it: SQLite
        # begins a log anew only after a checkpoint by a process that goes on writing.
        self._moved, self._is_urgent = 0, not self._empty_log()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is changed in the block is changed all or not at all."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._database.in_transaction:  # SQLite ends it by itself on some errors
                self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def lanes(self) -> list[Lane]:
        """Every lane, oldest first."""
        rows = self._database.execute("SELECT id, epoch, priority FROM lane ORDER BY id")
        return [Lane(*row) for row in rows]

    def make_lane(self, priority: Priority) -> Lane:
        """A new lane, with an epoch that no other has."""
        epoch = secrets.token_hex(8)
        made = self._database.execute("INSERT INTO lane (epoch, priority) VALUES (?, ?)", (epoch, priority))
        return Lane(int(made.lastrowid or 0), epoch, priority)

    def add(self, lane: Lane, sequence: int, body: bytes) -> None:
        """Keep a record."""
        self._database.execute("INSERT INTO entry VALUES (?, ?, ?)", (lane.id, sequence, body))

    def oldest(self, lane: Lane, most: int) -> Sequence[tuple[int, bytes]]:
        """Sequence and body of the oldest records."""
        found = self._database.execute(
            "SELECT sequence, body FROM entry WHERE lane = ? ORDER BY sequence LIMIT ?", (lane.id, most)
        )
        return found.fetchall()

    def sizes(self, lane: Lane) -> Iterator[tuple[int, int]]:
        """Sequence and bytes of each record, oldest first."""
        found = self._database.execute(
            "SELECT sequence, length(body) FROM entry WHERE lane = ? ORDER BY sequence", (lane.id,)
        )
        for sequence, size in found:
            yield sequence, size + ROW_BYTES

    def measure(self, lane: Lane, last: int) -> tuple[int, int]:
        """The number of records up to a sequence, and their bytes."""
        count, size = self._database.execute(
            "SELECT count(*), coalesce(sum(length(body)), 0) FROM entry WHERE lane = ? AND sequence <= ?",
            (lane.id, last),
        ).fetchone()
        return count, size + count * ROW_BYTES

    def forget(self, lane: Lane, last: int) -> None:
        """Delete the records up to a sequence."""
        self._database.execute("DELETE FROM entry WHERE lane = ? AND sequence <= ?", (lane.id, last))

    def erase(self, app_id: str) -> list[tuple[int, int, int]]:
        """Delete, and overwrite on the disk, what a program told, or the device about it; of all programs if the id is
        empty. Returns for each lane its id, how many records went, and their bytes."""
        own = ", ".join(f"'{source}'" for source in sorted({*OWN_SOURCES, "privacy"}))
        told = "json_extract(CAST(body AS TEXT), '$[1]')"
        named = f"({told} <> 'privacy' AND json_extract(CAST(body AS TEXT), '$[3].app_id')"
        chosen = f"({told} = :app OR {named} = :app))" if app_id else f"({told} NOT IN ({own}) OR {named} <> ''))"
        self._database.execute("PRAGMA secure_delete = ON")
        with self.transaction():
            found = self._database.execute(
                f"SELECT lane, count(*), sum(length(body)) FROM entry WHERE {chosen} GROUP BY lane",  # noqa: S608 - ours
                {"app": app_id},
            ).fetchall()
            self._database.execute(f"DELETE FROM entry WHERE {chosen}", {"app": app_id})  # noqa: S608 - as above
        self._database.execute("PRAGMA secure_delete = OFF")
        self._is_urgent = True  # the file itself holds it until the next checkpoint
        return [(lane, count, size + count * ROW_BYTES) for lane, count, size in found]

    def count(self, name: str) -> int:
        """A count that :meth:`add_to_count` made; 0 before."""
        row = self._database.execute("SELECT value FROM queue WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def add_to_count(self, name: str, number: int) -> int:
        """Raise a count; returns it."""
        total = self.count(name) + number
        self._write(name, str(total))
        return total

    def read_spent(self) -> Spent:
        """The bytes of the day, for the meter."""
        row = self._database.execute("SELECT value FROM queue WHERE name = 'spent'").fetchone()
        day, _, count = (row[0] if row else "0 0").partition(" ")
        return Spent(int(day), int(count))

    def write_spent(self, spent: Spent) -> None:
        """Keep the bytes of the day. A disk that does not take it is no reason to send nothing."""
        try:
            self._write("spent", f"{spent.day} {spent.count}")
        except sqlite3.OperationalError as error:
            log.warning("the bytes that telemetry used today cannot be kept: %s", error)

    def begin_checkpoint(self) -> int | None:
        """None, if too little was changed and nothing erased since the last one; else what :meth:`end_checkpoint` is
        told after :meth:`checkpoint`."""
        changes = self._database.total_changes
        if not self._is_urgent and changes - self._moved < CHANGES_A_CHECKPOINT:
            return None
        self._is_urgent = False  # what is erased from now on may come too late for this one
        return changes

    def end_checkpoint(self, changes: int, *, moved: bool) -> None:
        """The file has what was changed up to then; not ``moved``: it has not, and the next is due."""
        if moved:
            self._moved = changes
        else:
            self._is_urgent = True

    def checkpoint(self) -> bool:
        """Move the write-ahead log into the file; from any thread. Whether all of it was moved."""
        database = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        try:
            busy, in_the_log, moved = database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.OperationalError as error:
            log.debug("the telemetry log waits for the next checkpoint: %s", error)
            return False
        finally:
            database.close()
        return not busy and in_the_log == moved

    def close(self) -> None:
        """Close the file; records stay."""
        self._database.close()

    def _empty_log(self) -> bool:
        try:
            return not self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.OperationalError as error:  # a full disk: what is in the log can be read from there
            log.debug("the telemetry log cannot be emptied: %s", error)
            return False

    def _write(self, name: str, value: str) -> None:
        self._database.execute(
            "INSERT INTO queue VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
        )

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, isolation_level=None, timeout=5)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("PRAGMA wal_autocheckpoint = 0")
            if database.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("its pages contradict each other")  # noqa: TRY301 - one way out
            database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
            _adopt_older(database)
        except BaseException:
            database.close()
            raise
        return database


def _adopt_older(database: sqlite3.Connection) -> None:
    """Records of a file that had one epoch for all become a lane of that epoch."""
    if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'record'").fetchone() is None:
        return
    database.execute("BEGIN IMMEDIATE")
    database.execute(
        "INSERT INTO lane (epoch, priority) SELECT value, 'event' FROM queue WHERE name = 'epoch' "
        "AND EXISTS (SELECT 1 FROM record)"
    )
    database.execute(
        "INSERT INTO entry SELECT lane.id, record.sequence, record.body FROM record, lane, queue "
        "WHERE queue.name = 'epoch' AND lane.epoch = queue.value"
    )
    database.execute("UPDATE queue SET name = 'dropped event' WHERE name = 'dropped'")
    database.execute("DELETE FROM queue WHERE name = 'epoch'")
    database.execute("DROP TABLE record")
    database.execute("COMMIT")
