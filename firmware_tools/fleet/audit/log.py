"""Writing and reading the audit log, in a transaction of the caller's."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, insert, or_, select, true, update

from firmware_tools.fleet.access.identity import FLEET, Actor
from firmware_tools.fleet.audit.chain import FIRST, Checkpoint, Entry, canonical, entry_hash
from firmware_tools.fleet.audit.schema import audit_checkpoints, audit_entries, audit_head
from firmware_tools.fleet.audit.secrets import clean, clean_text
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.once import ensure_row

Outcome = Literal["done", "failed", "refused"]
"""``failed``: it was tried, and the fleet said no; ``refused``: whoever asked may not."""

ITSELF = Actor(FLEET, "admin")
"""Who does what nobody asked for just then."""
HOME = "home"
"""The role of who works at the fleet's home, as a user of that machine."""
MOST = 1_000
_AT_ONCE = 1_000


def record(
    connection: Connection,
    actor: Actor,
    action: str,
    subject: str = "",
    detail: Mapping[str, Any] | None = None,
    outcome: Outcome = "done",
    *,
    now: float | None = None,
) -> int:
    """Append an entry, with the transaction of ``connection`` or not at all; its number.

    Call it last in the transaction: until that ends, everybody else who writes an entry waits. ``now`` is Unix time in
    seconds. What :mod:`secrets` names never gets in, whatever ``detail`` holds.
    """
    return _append(connection, actor.name, actor.role, action, subject, detail or {}, outcome, now)


def record_at_home(
    connection: Connection, user: str, action: str, subject: str = "", detail: Mapping[str, Any] | None = None
) -> int:
    """The same for what the user ``user`` of the machine did at the fleet's home, past the API."""
    return _append(connection, user, HOME, action, subject, detail or {}, "done", None)


def _append(
    connection: Connection,
    actor: str,
    role: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    outcome: str,
    now: float | None,
) -> int:
    ensure_row(connection, audit_head, {"id": 1, "number": 0, "hash": FIRST})
    # Writing the row first takes the lock (of SQLite the database's, of PostgreSQL the row's): what is read next is
    # the newest.
    connection.execute(update(audit_head).values(number=audit_head.c.number))
    before = connection.execute(select(audit_head.c.number, audit_head.c.hash)).one()
    members: dict[str, Any] = {
        "number": before.number + 1,
        "milliseconds": int((time.time() if now is None else now) * 1000),
        "actor": clean_text(actor, longest=100),
        "role": role,
        "action": clean_text(action, longest=64),
        "subject": clean_text(subject, longest=200),
        "detail": canonical(clean(detail)).decode(),
        "outcome": outcome,
    }
    digest = entry_hash(before.hash, members)
    connection.execute(insert(audit_entries).values(**members, previous=before.hash, hash=digest))
    connection.execute(update(audit_head).values(number=members["number"], hash=digest))
    return int(members["number"])


@dataclass(frozen=True, slots=True)
class Head:
    """What the log says its newest entry is; ``highest`` is the highest number that there is, which is the same unless
    somebody wrote past the fleet."""

    number: int = 0
    hash: str = FIRST
    highest: int = 0


def head(connection: Connection) -> Head:
    """The head of the log, as of one moment: one statement, since two would let an entry come between them."""
    head = select(audit_head.c.number, audit_head.c.hash).subquery()
    entries = select(func.max(audit_entries.c.number).label("highest")).subquery()
    query = select(entries.c.highest, head.c.number, head.c.hash)
    row = connection.execute(query.select_from(entries.outerjoin(head, true()))).one()
    return Head(row.number or 0, row.hash or FIRST, row.highest or 0)


def page(connection: Connection, *, before: int | None, limit: int, actor: str = "", action: str = "") -> list[Entry]:
    """Entries, the newest first.

    Args:
        connection: of the transaction.
        before: only those with a lower number.
        limit: at most so many, 1 to :data:`MOST`.
        actor: only of who is called so.
        action: only this one, or those that begin with it and a dot.

    Raises:
        FleetError: ``limit`` is out of range.
    """
    if not 1 <= limit <= MOST:
        raise FleetError(f"limit must be 1 to {MOST}")
    table = audit_entries
    query = select(table).order_by(table.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(table.c.number < before)
    if actor:
        query = query.where(table.c.actor == actor)
    if action:
        begins = table.c.action.startswith(f"{action}.", autoescape=True)
        query = query.where(or_(table.c.action == action, begins))
    return [_entry(row) for row in connection.execute(query)]


def entries(connection: Connection, after: int = 0, last: int = 2**62) -> Iterator[Entry]:
    """Every entry with a higher number than ``after``, up to ``last``, in order."""
    table = audit_entries
    query = select(table).where(table.c.number > after, table.c.number <= last).order_by(table.c.number)
    for row in connection.execute(query, execution_options={"yield_per": _AT_ONCE}):
        yield _entry(row)


def entry(connection: Connection, number: int) -> Entry | None:
    """The entry of this number."""
    row = connection.execute(select(audit_entries).where(audit_entries.c.number == number)).first()
    return None if row is None else _entry(row)


def checkpoints(connection: Connection) -> list[Checkpoint]:
    """Every checkpoint, in order."""
    query = select(audit_checkpoints).order_by(audit_checkpoints.c.number)
    return [Checkpoint(**row) for row in connection.execute(query).mappings()]


def last_checkpoint(connection: Connection) -> Checkpoint | None:
    """The checkpoint of the highest number."""
    query = select(audit_checkpoints).order_by(audit_checkpoints.c.number.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else Checkpoint(**row)


def _entry(row: Row[Any]) -> Entry:
    return Entry(**row._mapping)
