"""What devices tell of people's decisions and of what left, into tables; in the transaction that stores the records, so
that each counts once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, delete
from sqlalchemy.sql.expression import case

from device_runtime.privacy.consents import GUEST
from device_runtime.privacy.gate import SOURCE
from device_runtime.privacy.telling import HEAD, SENT
from device_runtime.sync.fields import MAX_INTEGER
from firmware_tools.fleet.events.bulk import upsert
from firmware_tools.fleet.events.decoding import Record
from firmware_tools.fleet.privacy.room import fitting
from firmware_tools.fleet.privacy.schema import decisions, points, refusals
from firmware_tools.fleet.privacy.sendings import note_sendings, sending_of

DECIDED: Final = ("grant", "refuse", "revoke")
_PROFILE: Final = "profile"
_POINTS: Final = (*DECIDED, _PROFILE, HEAD)
_REFUSED: Final = "refused"
_DAY = 86_400
_LONGEST: Final = {"app_id": 128, "item": 200, "who": 64, "why": 32}


@dataclass(frozen=True, slots=True)
class _Told:
    """One checked record of a device."""

    device: str
    name: str
    time: float
    texts: Mapping[str, str]
    number: int
    hash: str
    sending: Mapping[str, Any] | None = None
    """Of a sum of what left: what it says besides."""


def note_privacy(connection: Connection, new: Iterable[tuple[str, Sequence[Record]]], now: float) -> None:
    """Take in what new records tell of decisions, of refusals, of what left and of the ledger's head; what is malformed
    is passed over.

    Args:
        connection: the transaction that stores the records.
        new: those that were not stored before, by device, in their order.
        now: Unix time in seconds.
    """
    told = [
        found
        for device, records in new
        for record in records
        if record.source == SOURCE and (found := _read(device, record)) is not None
    ]
    if not told:
        return
    _note_points(connection, [each for each in told if each.name in _POINTS], now)
    for of_profile in _by_profile(told):
        _note_decisions(connection, [each for each in of_profile if each.name in DECIDED])
        _forget_guests(connection, [each for each in of_profile if each.name == _PROFILE])
    _note_refusals(connection, [each for each in told if each.name == _REFUSED])
    note_sendings(connection, [_sending(each, each.sending, now) for each in told if each.sending is not None])


def _read(device: str, record: Record) -> _Told | None:
    if record.name not in (*_POINTS, _REFUSED, SENT):
        return None
    values = record.values
    texts = {name: values.get(name, "") for name in _LONGEST}
    if not all(
        isinstance(text, str) and len(text) <= _LONGEST[name] and (not text or text.isprintable())
        for name, text in texts.items()
    ):
        return None
    number, digest = values.get("count" if record.name == _REFUSED else "number"), values.get("hash", "")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= MAX_INTEGER:
        return None
    if record.name != _REFUSED and not _is_hash(digest):
        return None
    sending = sending_of(values) if record.name == SENT else None
    if record.name == SENT and sending is None:
        return None
    return _Told(device, record.name, record.time, texts, number, digest, sending)


def _sending(told: _Told, sending: Mapping[str, Any], now: float) -> dict[str, Any]:
    of = {"device": told.device, "app_id": told.texts["app_id"], "item": told.texts["item"]}
    return {**of, **sending, "number": told.number, "hash": told.hash, "time": told.time, "received_at": now}


def _is_hash(text: object) -> bool:
    return isinstance(text, str) and len(text) == 64 and not set(text) - set("0123456789abcdef")


def _note_points(connection: Connection, told: Sequence[_Told], now: float) -> None:
    rows = [
        {
            "device": each.device,
            "number": each.number,
            "hash": each.hash,
            "act": each.name,
            "app_id": each.texts["app_id"],
            "item": each.texts["item"],
            "who": each.texts["who"],
            "time": each.time,
            "received_at": now,
        }
        for each in sorted(told, key=lambda each: (each.device, each.number, each.hash))
    ]
    statement = upsert(connection, points)
    # A decision says more than a head of the same entry.
    said = (points.c.act == HEAD) & (statement.excluded.act != HEAD)
    statement = statement.on_conflict_do_update(
        index_elements=["device", "number", "hash"],
        set_={name: statement.excluded[name] for name in ("act", "app_id", "item", "who", "time")},
        where=said,
    )
    found = fitting(connection, points, rows)
    if found:
        connection.execute(statement, found)
    day = now // _DAY * _DAY
    for row in found:
        if row["act"] == HEAD:  # one that is further speaks for it; one that is not stays, and shows
            older = (points.c.device == row["device"], points.c.act == HEAD, points.c.number < row["number"])
            connection.execute(delete(points).where(*older, points.c.received_at >= day))


def _by_profile(told: Sequence[_Told]) -> Iterator[Sequence[_Told]]:
    """In runs, each of which ends where a device told that somebody else uses it."""
    begin = 0
    for index, each in enumerate(told, 1):
        if each.name == _PROFILE:
            yield told[begin:index]
            begin = index
    yield told[begin:]


def _forget_guests(connection: Connection, told: Sequence[_Told]) -> None:
    """What a guest decided ends with the guest."""
    for each in told:
        earlier = (decisions.c.time < each.time) | (decisions.c.number < each.number)
        of_guest = (decisions.c.device == each.device, decisions.c.who == GUEST)
        connection.execute(delete(decisions).where(*of_guest, earlier))


def _note_decisions(connection: Connection, told: Sequence[_Told]) -> None:
    newest = {(each.device, each.texts["app_id"], each.texts["item"], each.texts["who"]): each for each in told}
    rows = [
        {
            "device": device,
            "app_id": app_id,
            "item": item,
            "act": each.name,
            "who": who,
            "time": each.time,
            "number": each.number,
        }
        for (device, app_id, item, who), each in sorted(newest.items())
    ]
    statement = upsert(connection, decisions)
    # A ledger that began anew has low numbers and later times; a clock that was put back, higher numbers.
    later = (statement.excluded.time > decisions.c.time) | (statement.excluded.number > decisions.c.number)
    statement = statement.on_conflict_do_update(
        index_elements=["device", "app_id", "item", "who"],
        set_={name: statement.excluded[name] for name in ("act", "time", "number")},
        where=later,
    )
    if found := fitting(connection, decisions, rows):
        connection.execute(statement, found)


def _note_refusals(connection: Connection, told: Sequence[_Told]) -> None:
    found: dict[tuple[str, str, str, str], tuple[int, float]] = {}
    for each in told:
        key = (each.device, each.texts["app_id"], each.texts["why"], each.texts["item"])
        count, time = found.get(key, (0, 0.0))
        found[key] = (count + each.number, max(time, each.time))
    rows = [
        {
            "device": device,
            "app_id": app_id,
            "why": why,
            "item": item,
            "count": min(count, MAX_INTEGER),
            "last_time": time,
        }
        for (device, app_id, why, item), (count, time) in sorted(found.items())
    ]
    statement = upsert(connection, refusals)
    new = statement.excluded
    total = refusals.c.count + new["count"]
    statement = statement.on_conflict_do_update(
        index_elements=["device", "app_id", "why", "item"],
        set_={
            "count": case((total > MAX_INTEGER, MAX_INTEGER), else_=total),
            "last_time": case((new.last_time > refusals.c.last_time, new.last_time), else_=refusals.c.last_time),
        },
    )
    if fitting_rows := fitting(connection, refusals, rows):
        connection.execute(statement, fitting_rows)
