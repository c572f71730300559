"""The ledger: what people allowed and refused, and what left, as a chain in which nothing can be changed unseen.

The hash of an entry is SHA-256 over the hash before it (zeros before the first) and the entry as canonical JSON
(RFC 8785: members sorted, no spaces, UTF-8). It holds no content: what was sent, to whom and how many bytes, but not
the bytes. What leaves under one item within :data:`GATHER_SECONDS` is one entry with a count.
"""

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from device_runtime.privacy.file import PrivacyFile
from device_runtime.program.data_plan import DataItem

Act = Literal["begun", "grant", "refuse", "revoke", "send", "refused", "profile", "export", "delete", "receipt"]
ACTS: tuple[Act, ...] = get_args(Act)
FIRST = "0" * 64
"""The hash before the first entry."""
GATHER_SECONDS = 1.0
MOST_KEPT = 50_000
"""So many entries stay on the device; of those before them the fleet has the decisions, and sums of what left."""
_PRUNED_AT_ONCE = 1_000
_BROKEN = "after a broken file"
_ANCHOR, _HEAD = "ledger_anchor", "ledger_head"
_Gathered: TypeAlias = dict[tuple[Act, str, str, str], tuple[int, int]]
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
_HASHED = ("number", "milliseconds", "act", "app", "item", "destination", "who", "count", "bytes")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. ``milliseconds`` is Unix time; ``who`` decided, if somebody did; ``count`` and ``bytes`` are of what
    was sent. A ``refused`` is what the gate turned away."""

    number: int
    milliseconds: int
    act: Act
    app: str
    item: str
    destination: str
    who: str
    count: int
    bytes: int
    hash: str

    def expected_hash(self, before: str) -> str:
        """The hash that it has after an entry with the hash ``before``."""
        return _hash(before, {name: getattr(self, name) for name in _HASHED})


@dataclass(frozen=True, slots=True)
class Sending:
    """What left of a program under one item to one destination, added up: how often, and how many bytes."""

    item: str
    destination: str
    count: int
    bytes: int


class Ledger:
    """The chain of one device. What is gathered is written by :meth:`flush`."""

    def __init__(self, file: PrivacyFile, clock: Callable[[], float] = time.time) -> None:
        """``clock`` gives Unix time in seconds."""
        self._file, self._clock = file, clock
        self._number, self._hash = 0, FIRST
        self._load_head()
        self._gathered: _Gathered = {}
        self._whole: tuple[object, Entry | None] | None = None
        self._unsettled: _Gathered = {}
        # What was gathered and is written in a transaction that has not ended.
        file.on_rollback.append(self._gather_again)
        file.on_commit.append(self._unsettled.clear)
        self.on_gathered: Callable[[], None] = lambda: None
        """Told when there is something to flush, where there was nothing before."""
        if not self._number:
            self.add("begun", note=_BROKEN if file.was_broken else "")

    def _load_head(self) -> None:
        last = self._file.rows("SELECT value FROM setting WHERE name = ?", _HEAD)
        number, digest = str(last[0][0]).split() if last else ("0", FIRST)
        self._number, self._hash = int(number), digest

    @property
    def began_after_a_broken_file(self) -> bool:
        """Whether what was known before is lost. Raises :class:`PrivacyFileError`."""
        rows = self._file.rows("SELECT who FROM entry WHERE number = 1 AND act = 'begun'")
        return bool(rows) and rows[0][0] == _BROKEN

    @property
    def head(self) -> tuple[int, str]:
        """The number and hash of the newest entry."""
        return self._number, self._hash

    def add(
        self, act: Act, app: str = "", item: str = "", destination: str = "", who: str = "", note: str = ""
    ) -> None:
        """Write an entry. Raises :class:`PrivacyFileError`."""
        with self._file.transaction():
            self.flush()
            self._write(act, app, item, destination, who or note, 0, 0)

    def sent(self, app: str, item: DataItem, size: int) -> None:
        """``size`` bytes leave under this item."""
        self._gather("send", app, item.name, item.destination, size)

    def refused(self, app: str, item: str, destination: str) -> None:
        """Something was turned away; ``item`` and ``destination`` are words of the plan, never of a program's call."""
        self._gather("refused", app, item, destination, 0)

    def _gather(self, act: Act, app: str, item: str, destination: str, size: int) -> None:
        was_empty = not self._gathered
        _add({(act, app, item, destination): (1, size)}, self._gathered)
        if was_empty:
            self.on_gathered()

    def _gather_again(self) -> None:
        """What was being written is not: it is written the next time."""
        self._load_head()
        later = dict(self._gathered)
        self._gathered.clear()
        for each in (self._unsettled, later):
            _add(each, self._gathered)
        self._unsettled.clear()

    def flush(self) -> None:
        """Write what is gathered.

        Raises:
            PrivacyFileError: the disk refuses; it stays gathered.
        """
        if not self._gathered:
            return
        with self._file.transaction():
            for (act, app, item, destination), (count, size) in self._gathered.items():
                self._write(act, app, item, destination, "", count, size)
            _add(self._gathered, self._unsettled)
            self._gathered.clear()

    def _write(self, act: Act, app: str, item: str, destination: str, who: str, count: int, size: int) -> None:
        self._load_head()  # another process may have written
        number = self._number + 1
        entry = Entry(number, round(self._clock() * 1000), act, app, item, destination, who, count, size, "")
        digest = entry.expected_hash(self._hash)
        with self._file.transaction() as database:
            values = (*(getattr(entry, name) for name in _HASHED), digest)
            database.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            database.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (_HEAD, f"{number} {digest}"))
            self._number, self._hash = number, digest
            if number % _PRUNED_AT_ONCE == 0:
                self._prune(database, number - MOST_KEPT)

    def _prune(self, database: sqlite3.Connection, last: int) -> None:
        """Let the oldest go; the hash of the last of them stays, so that the chain still begins somewhere known."""
        row = database.execute("SELECT hash FROM entry WHERE number = ?", (last,)).fetchone()
        if row is not None:
            database.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (_ANCHOR, row[0]))
            database.execute("DELETE FROM entry WHERE number <= ?", (last,))

    def entries(self, after: int = 0, most: int = 1_000, app: str = "") -> list[Entry]:
        """Those after a number, oldest first. Raises :class:`PrivacyFileError`."""
        rows = self._file.rows(
            "SELECT * FROM entry WHERE number > ? AND (? = '' OR app = ?) ORDER BY number LIMIT ?",
            after,
            app,
            app,
            most,
        )
        return [Entry(*row) for row in rows]  # type: ignore[arg-type] # the columns are those of an entry

    def senders(self, after: int) -> dict[str, int]:
        """The programs of which something left after an entry, each with the number of its newest such entry. Raises
        :class:`PrivacyFileError`."""
        query = "SELECT app, max(number) FROM entry WHERE number > ? AND act = 'send' GROUP BY app"
        return {str(app): int(str(number)) for app, number in self._file.rows(query, after)}

    def sent_between(self, app: str, after: int, until: int) -> list[Sending]:
        """What left of a program in the entries after one and up to another. Raises :class:`PrivacyFileError`."""
        query = (
            "SELECT item, destination, sum(count), sum(bytes) FROM entry "
            "WHERE number > ? AND number <= ? AND act = 'send' AND app = ? GROUP BY item, destination"
        )
        return [Sending(*row) for row in self._file.rows(query, after, until, app)]  # type: ignore[arg-type] # columns

    def note(self, name: str, value: str) -> None:
        """Keep a word beside the ledger, such as how much of it was told. Raises :class:`PrivacyFileError`."""
        with self._file.transaction() as database:
            database.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def settle(self) -> None:
        """What is written outlives a power cut from now on. Raises :class:`PrivacyFileError`."""
        with self._file.transaction(synced=True) as database:
            database.execute("UPDATE setting SET value = value WHERE name = ?", (_HEAD,))

    def noted(self, name: str) -> str:
        """What was kept; empty if nothing was. Raises :class:`PrivacyFileError`."""
        rows = self._file.rows("SELECT value FROM setting WHERE name = ?", name)
        return str(rows[0][0]) if rows else ""

    def newest(self, most: int) -> list[Entry]:
        """The newest, oldest first. Raises :class:`PrivacyFileError`."""
        return self.entries(max(0, self._number - most), most)

    def latest(self, act: Act) -> dict[str, int]:
        """When something was done last, in milliseconds of Unix time, by the app id that the entries have.

        Raises:
            PrivacyFileError: the file cannot be read.
        """
        rows = self._file.rows("SELECT app, max(milliseconds) FROM entry WHERE act = ? GROUP BY app", act)
        return {str(app): int(str(milliseconds)) for app, milliseconds in rows}

    def faults(self) -> Iterator[str]:
        """Where the chain is broken, in sentences; nothing if it is whole. What was whole, and nobody else has touched
        since, is not looked through again: 50,000 entries take a while. Raises :class:`PrivacyFileError`."""
        ((version, oldest),) = self._file.rows(
            "SELECT data_version, (SELECT min(number) FROM entry) FROM pragma_data_version"
        )
        known, before = self._whole or (None, None)
        if known != version or before is None or int(str(oldest or 0)) > before.number + 1:
            before = None
        at, is_whole = before.number if before is not None else 0, True
        while entries := self.entries(at):
            for entry in entries:
                if before is not None and entry.number != before.number + 1:
                    is_whole = False
                    yield f"entries {before.number + 1} to {entry.number - 1} are missing"
                elif entry.hash != entry.expected_hash(before.hash if before else self._anchor(entry)):
                    is_whole = False
                    yield f"entry {entry.number} is not as it was written"
                before = entry
            at = entries[-1].number
        if (before.number if before is not None else 0) != self._number:
            is_whole = False
            yield f"the ledger ends with entry {before.number if before else 0}, and it had {self._number}"
        self._whole = (version, before) if is_whole else None

    def _anchor(self, entry: Entry) -> str:
        """The hash before the oldest entry that is kept."""
        if entry.number == 1:
            return FIRST
        rows = self._file.rows("SELECT value FROM setting WHERE name = ?", _ANCHOR)
        return str(rows[0][0]) if rows else FIRST


def _add(more: _Gathered, to: _Gathered) -> None:
    for key, (count, size) in more.items():
        before = to.get(key, (0, 0))
        to[key] = (before[0] + count, before[1] + size)


def _hash(before: str, members: dict[str, object]) -> str:
    text = _encode(members)
    try:
        start = bytes.fromhex(before)
    except ValueError:  # somebody changed it, which the entry shows that has it
        start = before.encode()
    return hashlib.sha256(start + text.encode()).hexdigest()
