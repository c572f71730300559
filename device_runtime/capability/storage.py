"""``storage.set``, ``storage.remove``, ``storage.clear``: what a program keeps from one launch to the next.

A worker holds its program's values in memory and reads them there; the host keeps them for the next launch, which
takes them from :meth:`ProgramStorage.load`. Limits are WeChat's where the board says nothing
else: 1 MB a key, 10 MB a program.
"""

import asyncio
import contextlib
import json
import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from device_runtime.capability.arguments import refuse, text
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.values import Value

MAX_KEY_CHARACTERS = 1024
MAX_VALUE_BYTES = 1024 * 1024
MAX_PROGRAM_BYTES = 10 * 1024 * 1024
# What SQLite spends on a row besides its content, so that a million empty values are not free.
_ROW_BYTES = 32

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class ProgramStorage:
    """The stored values of every program on this board, in one SQLite file.

    Each change is one committed transaction, synced to the disk before it is acknowledged. One thread does all
    the work, so changes happen in the order in which they were asked for, and the event loop never waits for a disk.
    """

    def __init__(self, path: Path, most: int = MAX_PROGRAM_BYTES) -> None:
        """Open or make the file at ``path``, in which a program may have ``most`` bytes.

        A file that is no database is set aside as ``<name>.damaged``: a board must start even after its card has lost
        a page."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="storage")
        self._most = most
        self._used: dict[str, int] = {}
        self._database = self._thread.submit(_open, path).result()

    def load(self, app_id: str) -> dict[str, Value]:
        """Everything that a program has stored, after every change asked for so far.

        Raises:
            CapabilityError: the storage cannot be read.
        """

        def read() -> dict[str, Value]:
            rows = self._database.execute("SELECT key, value FROM entry WHERE app_id = ?", (app_id,))
            return {key: json.loads(value) for key, value in rows}

        return self._thread.submit(_told, read).result()

    async def set(self, app_id: str, key: str, value: Value) -> None:
        """Store one value.

        Raises:
            CapabilityError: not JSON, too large, over the program's quota, or the disk refused.
        """
        encoded = _encode(value)

        def write() -> None:
            weight = len(key.encode()) + len(encoded) + _ROW_BYTES
            total = self._usage(app_id) - self._weight(app_id, key) + weight
            if total > self._most:
                raise CapabilityError(
                    f"storage is full: {total} bytes would be used, {self._most} are allowed; remove keys first"
                )
            self._database.execute("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?)", (app_id, key, encoded, weight))
            self._used[app_id] = total

        await self._do(write)

    async def remove(self, app_id: str, key: str) -> None:
        """Forget one key; one that is not there is no error."""

        def write() -> None:
            total = self._usage(app_id) - self._weight(app_id, key)
            self._database.execute("DELETE FROM entry WHERE app_id = ? AND key = ?", (app_id, key))
            self._used[app_id] = total

        await self._do(write)

    async def clear(self, app_id: str) -> None:
        """Forget everything that a program has stored."""

        def write() -> None:
            self._database.execute("DELETE FROM entry WHERE app_id = ?", (app_id,))
            self._used[app_id] = 0

        await self._do(write)

    async def programs(self) -> list[str]:
        """The programs that have stored something.

        Raises:
            CapabilityError: the storage cannot be read.
        """

        def read() -> list[str]:
            query = "SELECT app_id FROM entry UNION SELECT app_id FROM kept_entry ORDER BY 1"
            return [app_id for (app_id,) in self._database.execute(query)]

        return await self._do(read)

    async def erase(self, app_id: str) -> None:
        """Forget everything that a program has stored, what was kept for a trial too, and overwrite it on the disk.

        Raises:
            CapabilityError: the disk refused.
        """

        def erase() -> None:
            self._database.execute("PRAGMA secure_delete = ON")
            with self._transaction():
                self._forget(app_id)
                self._database.execute("DELETE FROM entry WHERE app_id = ?", (app_id,))
            self._used[app_id] = 0
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._database.execute("PRAGMA secure_delete = OFF")

        await self._do(erase)

    async def keep(self, app_id: str) -> None:
        """Remember what a program has stored now, in place of what was remembered before, for :meth:`take_back`.

        Raises:
            CapabilityError: the disk refused; what was remembered before is.
        """

        def copy() -> None:
            with self._transaction():
                self._forget(app_id)
                self._database.execute("INSERT INTO kept VALUES (?)", (app_id,))
                self._database.execute(
                    "INSERT INTO kept_entry SELECT app_id, key, value, weight FROM entry WHERE app_id = ?", (app_id,)
                )

        await self._do(copy)

    async def take_back(self, app_id: str) -> None:
        """Have a program's values be what they were at :meth:`keep`, and forget that; nothing kept changes nothing.

        Raises:
            CapabilityError: the disk refused; nothing has changed.
        """

        def restore() -> None:
            with self._transaction():
                if self._database.execute("SELECT 1 FROM kept WHERE app_id = ?", (app_id,)).fetchone() is None:
                    return
                self._database.execute("DELETE FROM entry WHERE app_id = ?", (app_id,))
                self._database.execute("INSERT INTO entry SELECT * FROM kept_entry WHERE app_id = ?", (app_id,))
                self._forget(app_id)
            self._used.pop(app_id, None)

        await self._do(restore)

    async def let_go(self, app_id: str) -> None:
        """Forget what was kept; nothing kept is no error.

        Raises:
            CapabilityError: the disk refused.
        """

        def forget() -> None:
            with self._transaction():
                self._forget(app_id)

        await self._do(forget)

    def _forget(self, app_id: str) -> None:
        self._database.execute("DELETE FROM kept WHERE app_id = ?", (app_id,))
        self._database.execute("DELETE FROM kept_entry WHERE app_id = ?", (app_id,))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All that is done within, or nothing of it."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    async def used(self, app_id: str) -> int:
        """How many bytes of its quota a program uses.

        Raises:
            CapabilityError: the storage cannot be read.
        """
        return await self._do(lambda: self._usage(app_id))

    def close(self) -> None:
        """Finish what was asked for and close the file."""
        self._thread.submit(self._database.close).result()
        self._thread.shutdown()

    async def _do(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, _told, work)

    def _usage(self, app_id: str) -> int:
        if app_id not in self._used:
            rows = self._database.execute("SELECT coalesce(sum(weight), 0) FROM entry WHERE app_id = ?", (app_id,))
            self._used[app_id] = rows.fetchone()[0]
        return self._used[app_id]

    def _weight(self, app_id: str, key: str) -> int:
        row = self._database.execute("SELECT weight FROM entry WHERE app_id = ? AND key = ?", (app_id, key)).fetchone()
        return row[0] if row else 0


_COLUMNS = "(app_id TEXT, key TEXT, value BLOB NOT NULL, weight INTEGER NOT NULL, PRIMARY KEY (app_id, key))"
_SCHEMA = (
    f"CREATE TABLE IF NOT EXISTS entry {_COLUMNS} WITHOUT ROWID",
    f"CREATE TABLE IF NOT EXISTS kept_entry {_COLUMNS} WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS kept (app_id TEXT PRIMARY KEY) WITHOUT ROWID",
)


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise CapabilityError(f"the storage file {path} cannot be opened: {error}") from error
        damaged = path.with_name(path.name + ".damaged")
        _log.warning("the storage file %s is damaged (%s); it is kept as %s, and a new one made", path, error, damaged)
        path.replace(damaged)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        for table in _SCHEMA:
            database.execute(table)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _told(work: Callable[[], _Result]) -> _Result:
    """Run ``work``; what the disk or the file says becomes an error that the program can show."""
    try:
        return work()
    except sqlite3.Error as error:
        raise CapabilityError(f"the board's storage failed: {error}") from error


def _encode(value: Value) -> bytes:
    try:
        encoded = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise refuse("value must be one that JSON can hold") from error
    if len(encoded) > MAX_VALUE_BYTES:
        raise CapabilityError(f"value exceeds the max size: {len(encoded)} bytes; {MAX_VALUE_BYTES} are allowed a key")
    return encoded


def _key(arguments: Mapping[str, Value]) -> str:
    key = text(arguments, "key", MAX_KEY_CHARACTERS)
    if not key:
        raise refuse("key must not be empty")
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise refuse("key must be well-formed text") from error
    return key


def storage_capabilities(storage: ProgramStorage) -> list[Capability]:
    """``storage.set {key, value}``, ``storage.remove {key}`` and ``storage.clear {}``; each returns nothing."""

    async def set_one(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        if "value" not in arguments:
            raise refuse("value is missing")
        await storage.set(caller.app_id, _key(arguments), arguments["value"])
        return None

    async def remove_one(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        await storage.remove(caller.app_id, _key(arguments))
        return None

    async def clear_all(caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG001 the provider's shape
        await storage.clear(caller.app_id)
        return None

    return [
        Capability("storage.set", set_one),
        Capability("storage.remove", remove_one),
        Capability("storage.clear", clear_all),
    ]
