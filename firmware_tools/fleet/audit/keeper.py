"""The running fleet's care for the log: it signs the newest entry now and then, and never over one that was altered.

What it signed last stands in a file beside the fleet's key, too: a database that was restored from an older copy, or
whose end was cut off together with its checkpoints, knows less than that file.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection

from device_runtime.keys import key_ring
from device_runtime.sealed.durable import write_whole
from firmware_tools.fleet.audit.chain import Checkpoint, Entry, sign_checkpoint
from firmware_tools.fleet.audit.log import checkpoints, entries, entry, last_checkpoint, newest
from firmware_tools.fleet.audit.schema import audit_checkpoints
from firmware_tools.fleet.audit.verify import Fault, Start, Verdict, verify
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError, StorageError
from firmware_tools.fleet.once import ensure_row

log = logging.getLogger(__name__)


class AuditKeeper:
    """Used from one event loop; what blocks runs in threads."""

    def __init__(
        self,
        database: Database,
        fleet: str,
        key: Ed25519PrivateKey,
        former_keys: Sequence[Ed25519PrivateKey],
        anchor: Path,
        *,
        seconds: float = 2.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``anchor``: the file beside the key; ``seconds`` between two looks; ``clock``: Unix time in seconds."""
        self.fleet = fleet
        self.keys: list[Ed25519PublicKey] = [key.public_key(), *(former.public_key() for former in former_keys)]
        self.signed = 0
        """Up to which entry the fleet has signed."""
        self.fault: Fault | None = None
        """What is wrong with the log, as far as it was looked at."""
        self._database, self._key, self._anchor = database, key, anchor
        self._seconds, self._clock = seconds, clock
        self._lock = asyncio.Lock()
        self._checked: Start | None = None

    async def run(self, report: Callable[[str], None]) -> None:
        """Sign what is new, until cancelled; ``report`` is told what is wrong, and empty when nothing is any more."""
        said = ""
        while True:
            try:
                await self.sign()
                trouble = "" if self.fault is None else f"the audit log was altered: {self.fault.sentence}"
            except FleetError as error:
                trouble = f"the audit log cannot be signed: {error}"
            if trouble != said:
                said = trouble
                report(trouble)
            await asyncio.sleep(self._seconds)

    async def sign(self) -> None:
        """Check what came since the last time, and sign the newest entry if all is right.

        Raises:
            FleetError: the database or the file refuses.
        """
        async with self._lock:
            await asyncio.to_thread(self._sign)

    async def verify(self) -> Verdict:
        """Check the whole log, and sign it if it is whole.

        Raises:
            FleetError: the database or the file refuses.
        """
        async with self._lock:
            verdict = await asyncio.to_thread(self.verify_now)
            self.fault = verdict.fault
            if verdict.fault is None:
                await asyncio.to_thread(self._sign)
        return verdict

    def verify_now(self) -> Verdict:
        """Check the whole log; blocks."""
        witness = read_anchor(self._anchor)
        with self._database.transaction() as connection:
            head = newest(connection)
            return verify(
                lambda: islice(entries(connection), head[0] + 1) if head[0] else entries(connection),
                checkpoints(connection),
                self.fleet,
                key_ring(self.keys),
                witnesses=[] if witness is None else [witness],
                head=head,
            )

    def _sign(self) -> None:
        with self._database.transaction() as connection:
            head = newest(connection)
        if self._checked is not None and head == (self._checked.number, self._checked.hash) and self.fault is None:
            return
        start = self._checked
        witness = read_anchor(self._anchor)
        with self._database.transaction() as connection:
            verdict = self._verify_new(connection, start, head, witness)
        self.fault = verdict.fault
        if verdict.fault is not None:
            return
        if head[0]:
            self._write(head, witness)
        self._checked = Start(*head)

    def _verify_new(
        self, connection: Connection, start: Start | None, head: tuple[int, str], witness: Checkpoint | None
    ) -> Verdict:
        """What came after what this process has checked before; all of it, the first time."""
        if start is None:
            known = checkpoints(connection)
        else:
            before = entry(connection, start.number) if start.number else None
            if before is not None and (before.hash != start.hash or before.expected() != start.hash):
                number = start.number
                return Verdict(0, 0, Fault(number, "changed", f"entry {number} was changed since the fleet signed it"))
            if start.number and before is None:
                number = start.number
                return Verdict(0, 0, Fault(number, "cut off", f"entry {number} was removed since the fleet signed it"))
            last = last_checkpoint(connection)
            known = [] if last is None or last.number <= start.number else [last]
        after = 0 if start is None else start.number
        witnesses = [] if witness is None or witness.number <= after else [witness]

        def read() -> list[Entry]:
            return [found for found in entries(connection, after) if found.number <= head[0]]

        return verify(read, known, self.fleet, key_ring(self.keys), witnesses=witnesses, head=head, start=start)

    def _write(self, head: tuple[int, str], witness: Checkpoint | None) -> None:
        made = sign_checkpoint(self.fleet, head[0], head[1], int(self._clock() * 1000), self._key)
        with self._database.transaction() as connection:
            ensure_row(connection, audit_checkpoints, asdict(made))
        if witness is None or witness.number < made.number:
            write_anchor(self._anchor, made)
        self.signed = made.number


def read_anchor(path: Path) -> Checkpoint | None:
    """The checkpoint in the file beside the fleet's key; None where there is none yet.

    Raises:
        StorageError: it cannot be read.
        FleetError: it is damaged.
    """
    try:
        return Checkpoint(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise FleetError(f"{path} is damaged; restore it from the backup") from error


def write_anchor(path: Path, checkpoint: Checkpoint) -> None:
    """Write that file whole.

    Raises:
        StorageError: the disk refuses.
    """
    try:
        write_whole(path, json.dumps(asdict(checkpoint)).encode())
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from error
