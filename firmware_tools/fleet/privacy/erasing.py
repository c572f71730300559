"""Erasing what the fleet holds of a device's programs: their events, sums and counts, in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, not_, or_, select

from device_runtime.privacy.gate import SOURCE
from firmware_tools.fleet.events.tables import lanes, rollups, series
from firmware_tools.fleet.privacy.erased import OF_DEVICE, PROOF
from firmware_tools.fleet.privacy.schema import erasures, refusals
from firmware_tools.fleet.schema import devices, telemetry

MOST_OF_DEVICE = 1_000
"""So many erasures of one device are kept apart; of a device that asks more often, the oldest are put together."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased: ``app_id`` empty for all programs; ``before`` by the device's clock and ``erased_at`` by the
    fleet's, in Unix seconds; ``receipt`` is what was signed of it, in base64."""

    device: str
    id: str
    app_id: str
    asked_by: str
    before: float
    erased_at: float
    records: int
    receipt: str = ""


def erasure(connection: Connection, device: str, request: str) -> Erasure | None:
    """What was done on this request; None if nothing was."""
    of = (erasures.c.device == device, erasures.c.id == request)
    row = connection.execute(select(erasures).where(*of)).first()
    return None if row is None else Erasure(**row._mapping)


def erasures_of(connection: Connection, device: str = "", after: float = 0.0) -> list[Erasure]:
    """Those of a device, or of all, oldest first; ``after`` is Unix time in seconds."""
    query = select(erasures).where(erasures.c.erased_at > after).order_by(erasures.c.erased_at, erasures.c.id)
    if device:
        query = query.where(erasures.c.device == device)
    return [Erasure(**row._mapping) for row in connection.execute(query)]


def erase(connection: Connection, wanted: Erasure, sign: Callable[[int], str] = lambda _records: "") -> Erasure:
    """Delete what is held of a program of a device, or of all, and note that it was.

    Args:
        connection: the transaction in which all of it happens.
        wanted: what to erase; its counts are not looked at.
        sign: makes the receipt, in base64, once it is known how many records went.

    Returns:
        What was done.
    """
    overwrite(connection)
    _lock(connection, wanted.device)
    gone = connection.execute(delete(telemetry).where(*_records(wanted))).rowcount
    of_program = series.c.source == wanted.app_id if wanted.app_id else not_(series.c.source.in_(OF_DEVICE))
    chosen = select(series.c.id).where(series.c.device == wanted.device, of_program)
    # The series stay, without values: other processes know them by number.
    connection.execute(delete(rollups).where(rollups.c.series.in_(chosen)))
    counted = [refusals.c.device == wanted.device]
    if wanted.app_id:
        counted.append(refusals.c.app_id == wanted.app_id)
    connection.execute(delete(refusals).where(*counted))
    done = Erasure(
        wanted.device,
        wanted.id,
        wanted.app_id,
        wanted.asked_by,
        wanted.before,
        wanted.erased_at,
        gone,
        wanted.receipt or sign(gone),
    )
    connection.execute(insert(erasures).values(**{name: getattr(done, name) for name in Erasure.__slots__}))
    _put_together(connection, wanted.device)
    return done


def overwrite(connection: Connection) -> None:
    """Have what is deleted be overwritten in the file, where SQLite would leave it in free pages. PostgreSQL does so
    with ``VACUUM``, which it runs by itself."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")


def _lock(connection: Connection, device: str) -> None:
    """Nobody stores records of this device until the transaction ends: what is stored later knows of the erasure."""
    of_lanes = select(lanes.c.epoch).where(lanes.c.device == device).order_by(lanes.c.epoch)
    connection.execute(of_lanes.with_for_update()).all()
    connection.execute(select(devices.c.id).where(devices.c.id == device).with_for_update()).all()


def _records(wanted: Erasure) -> list[ColumnElement[bool]]:
    named = telemetry.c["values"]["app_id"].as_string()
    if wanted.app_id:
        of_program = or_(telemetry.c.source == wanted.app_id, named == wanted.app_id)
    else:
        of_program = or_(not_(telemetry.c.source.in_(OF_DEVICE)), named != "")
    proof = and_(telemetry.c.source == SOURCE, telemetry.c.name.in_(PROOF))
    # An operator means all that is held, also of a device whose clock is ahead; a device, what was told until it asked.
    until = (
        telemetry.c.received_at <= wanted.erased_at
        if wanted.asked_by == "operator"
        else telemetry.c.time <= wanted.before
    )
    return [telemetry.c.device == wanted.device, until, of_program, not_(proof)]


def _put_together(connection: Connection, device: str) -> None:
    """Let the oldest rows of a program go which a newer one speaks for, where there are very many."""
    count = connection.scalar(select(func.count()).select_from(erasures).where(erasures.c.device == device)) or 0
    if count <= MOST_OF_DEVICE:
        return
    newer = erasures.alias()
    spoken_for = (
        select(newer.c.id)
        .where(newer.c.device == device, newer.c.app_id == erasures.c.app_id, newer.c.before > erasures.c.before)
        .exists()
    )
    connection.execute(delete(erasures).where(erasures.c.device == device, spoken_for))
