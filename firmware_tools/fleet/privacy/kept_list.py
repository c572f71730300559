"""The list of erasures beside the database: an older copy of the database that is put back has them done anew.

One JSON object a line, only ever appended to and synced to the disk. It holds no content: devices, programs, times.
"""

import asyncio
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from device_runtime.errors import CygnetError
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError, StorageError
from firmware_tools.fleet.privacy.erasing import Erasure, erase, erasure, erasures_of
from firmware_tools.fleet.registry import Registry

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds after which erasures that other processes did are in the list, too."""
_SETTLED_SECONDS = 300.0
"""An erasure that was done so long ago is there for everybody to see."""


class KeptList:
    """The list of one fleet; ``path`` is its file, and ``clock`` gives Unix time in seconds. Used from any thread."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock = path, clock
        self._taken_over = 0.0
        self._lock = threading.Lock()
        self._known: set[tuple[str, str]] | None = None

    def read(self) -> list[Erasure]:
        """Every erasure in the list, oldest first; a last line that a power cut has left short is none.

        Raises:
            StorageError: the file cannot be read.
            FleetError: a line is damaged.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise StorageError(f"the list of erasures {self.path} cannot be read: {error}") from error
        *lines, _short = text.split("\n")
        found = []
        for number, line in enumerate(lines, 1):
            try:
                found.append(Erasure(**json.loads(line)))
            except (ValueError, TypeError) as error:
                raise FleetError(
                    f"line {number} of the list of erasures {self.path} is damaged; restore it from its newest copy"
                ) from error
        return found

    def add(self, done: Iterable[Erasure]) -> None:
        """Append those that are not in the list yet.

        Raises:
            StorageError: the disk refuses.
            FleetError: the list is damaged.
        """
        with self._lock:
            if self._known is None:
                self._known = {(each.device, each.id) for each in self.read()}
            new = [each for each in done if (each.device, each.id) not in self._known]
            if not new:
                return
            try:
                _append(self.path, "".join(json.dumps(asdict(each)) + "\n" for each in new))
            except OSError as error:
                self._known = None
                raise StorageError(f"the list of erasures {self.path} cannot be written: {error.strerror}") from error
            self._known.update((each.device, each.id) for each in new)

    def do_again(self, database: Database) -> int:
        """Erase what the list names and the database does not know of, since it is an older copy; how many there were.

        Raises:
            StorageError: the file or the database refuses.
            FleetError: the list is damaged.
        """
        again = 0
        for each in self.read():
            with database.transaction() as connection:
                if Registry(connection).is_enrolled(each.device) and erasure(connection, each.device, each.id) is None:
                    erase(connection, each)
                    again += 1
        if again:
            log.warning("%d erasures were done again: the database is older than %s", again, self.path)
        return again

    def take_over(self, database: Database) -> None:
        """Put into the list what the database has and the list has not: all of it at first, then what came since.
        Raises as :meth:`add`, and for the database."""
        now = self._clock()
        with database.transaction() as connection:
            done = erasures_of(connection, after=self._taken_over)
        self.add(done)
        self._taken_over = now - _SETTLED_SECONDS  # less than before where the clock was put back

    async def run(self, database: Database) -> None:
        """Keep the list whole, for ever: other processes erase, too, and do not write it."""
        while True:
            try:
                await asyncio.to_thread(self.take_over, database)
            except CygnetError as error:
                log.error("the list of erasures is not whole: %s", error)
            await asyncio.sleep(EVERY)


def _append(path: Path, text: str) -> None:
    """Append and sync; what an append that failed has left is cut off first."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        whole = file.read().rfind(b"\n") + 1
        file.seek(whole)
        file.truncate()
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
