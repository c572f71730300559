"""A log in a database of one's own, and what an attacker with all rights there does to it."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, insert, update

from firmware_tools.fleet.access.identity import Actor
from firmware_tools.fleet.audit.chain import FIRST, Checkpoint, Entry
from firmware_tools.fleet.audit.keeper import AuditKeeper
from firmware_tools.fleet.audit.log import checkpoints, entries, head, record
from firmware_tools.fleet.audit.schema import audit_checkpoints, audit_entries, audit_head
from firmware_tools.fleet.audit.verify import Verdict
from firmware_tools.fleet.database import Database

ADA = Actor("ada", "operator")
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)


@dataclass
class Diary:
    database: Database
    anchor: Path
    keeper: AuditKeeper = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Another process, which remembers nothing."""
        self.keeper = AuditKeeper(self.database, "north", KEY, [], self.anchor, clock=lambda: 1_800_000_000.0)

    def write(self, count: int = 1, **detail: Any) -> None:
        with self.database.transaction() as connection:
            for _ in range(count):
                number = head(connection).number + 1
                record(connection, ADA, "device.enroll", f"d{number}", detail, now=1_800_000_000.0 + number)

    async def signed(self, count: int) -> None:
        """Entries, and the fleet's signature under the last of them."""
        self.write(count)
        await self.keeper.sign()
        assert self.keeper.fault is None

    def verify(self) -> Verdict:
        return self.keeper.verify_now()

    def all(self) -> list[Entry]:
        with self.database.transaction() as connection:
            return list(entries(connection))

    def checkpoints(self) -> list[Checkpoint]:
        with self.database.transaction() as connection:
            return checkpoints(connection)

    # The attacker

    def edit(self, number: int, **values: Any) -> None:
        with self.database.transaction() as connection:
            connection.execute(update(audit_entries).where(audit_entries.c.number == number).values(**values))

    def replace_all(self, found: list[Entry], *, head: bool = True) -> None:
        """Put these rows in place of all others, as they are."""
        rows = [{name: getattr(entry, name) for name in Entry.__dataclass_fields__} for entry in found]
        with self.database.transaction() as connection:
            connection.execute(delete(audit_entries))
            connection.execute(insert(audit_entries), rows)
            if head:
                connection.execute(update(audit_head).values(number=found[-1].number, hash=found[-1].hash))

    def drop_checkpoints(self, above: int = 0) -> None:
        with self.database.transaction() as connection:
            connection.execute(delete(audit_checkpoints).where(audit_checkpoints.c.number > above))

    def forge_checkpoint(self, checkpoint: Checkpoint) -> None:
        row = {name: getattr(checkpoint, name) for name in Checkpoint.__dataclass_fields__}
        with self.database.transaction() as connection:
            connection.execute(delete(audit_checkpoints).where(audit_checkpoints.c.number == checkpoint.number))
            connection.execute(insert(audit_checkpoints), [row])


def rechained(found: list[Entry]) -> list[Entry]:
    """The entries, numbered and chained anew by somebody who knows how, but has no key."""
    previous, made = FIRST, []
    for number, entry in enumerate(found, 1):
        moved = replace(entry, number=number, previous=previous)
        moved = replace(moved, hash=moved.expected())
        previous = moved.hash
        made.append(moved)
    return made


def renumbered(found: list[Entry]) -> list[Entry]:
    """The entries, numbered anew and otherwise as they were."""
    return [replace(entry, number=number) for number, entry in enumerate(found, 1)]
