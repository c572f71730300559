"""The roll of a fleet's processes in its database: who is there, and in which order.

A process beats each second. One that has not for :data:`LEASE_SECONDS`, by the database's clock, is struck off by
whoever sees it first, and the number of the distribution rises. Who was struck off while it hung finds that out at its
next beat, and from the fence in each transaction that stores for a device, so that it cannot overwrite what others have
stored meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Double, cast, delete, func, insert, select, update

from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.team import FencedError
from firmware_tools.fleet.workers.tables import worker_distribution, workers

BEAT_SECONDS = 1.0
LEASE_SECONDS = 5.0
_ONE = 1
_LOCK = 0x6379676E  # "cygn": names the advisory lock for changes of the roll
_NOW = cast(func.extract("epoch", func.clock_timestamp()), Double)


@dataclass(frozen=True, slots=True)
class Member:
    """A process on the roll. Times are Unix seconds by the database's clock; ``beat_ago`` is in seconds."""

    id: str
    kind: str
    name: str
    joined_at: float
    beat_ago: float
    hears: bool
    messages: int
    records: int


@dataclass(frozen=True, slots=True)
class Presented:
    """What one process says of itself."""

    id: str
    kind: str
    name: str
    hears: bool = False
    messages: int = 0
    records: int = 0


@dataclass(frozen=True, slots=True)
class Roll:
    """Who is there, by age, and the number of this distribution; ``gone`` were struck off just now."""

    number: int
    members: Sequence[Member]
    gone: Sequence[str] = ()

    def place(self, worker: str) -> tuple[int, int] | None:
        """The place of a process among those that hear, from 0 on, and how many these are; None if it does not."""
        hearing = [member.id for member in self.members if member.hears]
        return (hearing.index(worker), len(hearing)) if worker in hearing else None


def beat(database: Database, me: Presented) -> Roll:
    """Show oneself, strike off who does not, and read the roll.

    Raises:
        StorageError: the database refuses.
    """
    with database.transaction() as connection:  # by itself, so that it waits for nobody
        before = connection.execute(
            update(workers)
            .where(workers.c.id == me.id)
            .values(beat_at=_NOW, messages=me.messages, records=me.records)
            .returning(workers.c.hears)
        ).scalar_one_or_none()
    roll = read_roll(database)
    if before == me.hears and all(member.beat_ago < LEASE_SECONDS for member in roll.members) and roll.number:
        return roll
    with database.transaction() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        changes = _strike_off(connection)
        gone = list(changes)
        if connection.scalar(select(workers.c.id).where(workers.c.id == me.id)) is None:
            values = {"kind": me.kind, "name": me.name, "messages": me.messages, "records": me.records}
            connection.execute(insert(workers).values(id=me.id, joined_at=_NOW, beat_at=_NOW, hears=me.hears, **values))
            changes.append(me.id)
        elif before != me.hears:
            connection.execute(update(workers).where(workers.c.id == me.id).values(hears=me.hears, beat_at=_NOW))
            changes.append(me.id)
        _raise_number(connection, changes)
        return _read(connection, gone)


def leave(database: Database, worker: str) -> None:
    """Say goodbye: others need not wait until it is missed.

    Raises:
        StorageError: the database refuses; then it is missed.
    """
    with database.transaction() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        gone = connection.execute(delete(workers).where(workers.c.id == worker)).rowcount
        _raise_number(connection, [worker] * gone)


def fence(connection: Connection, number: int) -> None:
    """Hold the distribution until the transaction ends.

    Raises:
        FencedError: it is another one.
    """
    query = select(worker_distribution.c.number).where(worker_distribution.c.id == _ONE).with_for_update(read=True)
    if connection.scalar(query) != number:
        raise FencedError("the devices of this fleet were distributed anew among its workers")


def read_roll(database: Database) -> Roll:
    """Who is on the roll.

    Raises:
        StorageError: the database refuses.
    """
    with database.transaction() as connection:
        return _read(connection, ())


def check_nobody_works(url: str) -> None:
    """Refuse while processes of a fleet run on this database.

    Raises:
        FleetError: some do.
    """
    database = Database(url)
    try:
        if not database.takes_many:
            return
        there = [member.name for member in read_roll(database).members if member.beat_ago < LEASE_SECONDS]
    finally:
        database.close()
    if there:
        raise FleetError(f"workers of this fleet are at work on its database ({', '.join(there)}): end them first")


def _read(connection: Connection, gone: Sequence[str]) -> Roll:
    number = connection.scalar(select(worker_distribution.c.number).where(worker_distribution.c.id == _ONE))
    query = select(workers, (_NOW - workers.c.beat_at).label("beat_ago")).order_by(workers.c.joined_at, workers.c.id)
    members = [
        Member(row.id, row.kind, row.name, row.joined_at, max(0.0, row.beat_ago), row.hears, row.messages, row.records)
        for row in connection.execute(query)
    ]
    return Roll(number or 0, members, gone)


def _strike_off(connection: Connection) -> list[str]:
    missed = delete(workers).where(workers.c.beat_at < _NOW - LEASE_SECONDS).returning(workers.c.name)
    return list(connection.scalars(missed))


def _raise_number(connection: Connection, changes: Sequence[str]) -> None:
    """Waits for the transactions that hold it: what they store is stored before anybody else has their devices."""
    if not changes:
        return
    raised = update(worker_distribution).where(worker_distribution.c.id == _ONE)
    if connection.execute(raised.values(number=worker_distribution.c.number + 1)).rowcount == 0:
        connection.execute(insert(worker_distribution).values(id=_ONE, number=1))
