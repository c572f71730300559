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
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from device_runtime.keys import key_ring
from device_runtime.sealed.durable import write_whole
from firmware_tools.fleet.audit.chain import Checkpoint, Entry, sign_checkpoint
from firmware_tools.fleet.audit.log import Head, checkpoints, entries, entry, head, last_checkpoint
from firmware_tools.fleet.audit.schema import audit_checkpoints
from firmware_tools.fleet.audit.verify import Fault, Start, Verdict, verify
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError, StorageError
from firmware_tools.fleet.once import ensure_row

_WHOLE_EVERY = 3600.0
"""Seconds after which all of the log is looked at again, not only what is new."""

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
        self._whole_at = 0.0

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
        return self._look(None)[0]

    def accept_now(self) -> None:
        """Forget what was signed beyond the end of the log, and sign that end; blocks.

        Raises:
            FleetError: what is there is not whole by itself, or a checkpoint of the database lies beyond its end.
        """
        with self._database.transaction() as connection:
            known, newest = checkpoints(connection), head(connection)
            ring = key_ring(self.keys)
            verdict = verify(lambda: entries(connection), known, self.fleet, ring, head=newest)
        if verdict.fault is not None:
            raise FleetError(f"only a missing end can be accepted, but {verdict.fault.sentence}")
        self._write(newest, None)

    def _look(self, start: Start | None) -> tuple[Verdict, Head, Checkpoint | None]:
        """Check what came after ``start``. What is signed is read before the head: other processes write meanwhile."""
        witness = read_anchor(self._anchor)
        after = 0 if start is None else start.number
        with self._database.transaction() as connection:
            if start is None:
                known = checkpoints(connection)
            else:
                last = last_checkpoint(connection)
                known = [] if last is None or last.number <= after else [last]
            witnesses = [] if witness is None or witness.number <= after else [witness]
            newest = head(connection)
            fault = None if start is None or not after else _changed(entry(connection, after), start)
            if fault is not None:
                return Verdict(0, 0, fault), newest, witness
            verdict = verify(
                lambda: entries(connection, after, newest.number),
                known,
                self.fleet,
                key_ring(self.keys),
                witnesses=witnesses,
                head=newest,
                start=start,
            )
        return verdict, newest, witness

    def _sign(self) -> None:
        now = self._clock()
        if now - self._whole_at >= _WHOLE_EVERY or now < self._whole_at:
            self._checked, self._whole_at = None, now
        verdict, newest, witness = self._look(self._checked)
        self.fault = verdict.fault
        if verdict.fault is not None:
            self._checked = None
            return
        if newest.number > self.signed:
            self._write(newest, witness)
        self._checked = Start(newest.number, newest.hash)

    def _write(self, newest: Head, witness: Checkpoint | None) -> None:
        made = sign_checkpoint(self.fleet, newest.number, newest.hash, int(self._clock() * 1000), self._key)
        with self._database.transaction() as connection:
            ensure_row(connection, audit_checkpoints, asdict(made))
        if witness is None or witness.number < made.number:
            write_anchor(self._anchor, made)
        self.signed = made.number


def _changed(found: Entry | None, start: Start) -> Fault | None:
    """Whether the entry up to which this process has checked the log is another one now."""
    if found is not None and found.hash == start.hash == found.expected():
        return None
    what = "removed" if found is None else "changed"
    return Fault(start.number, "changed", f"entry {start.number} was {what} since the fleet signed it")


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
