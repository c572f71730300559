"""What devices tell of privacy, and of what their programs do, for tests that decide each record."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from device_runtime.privacy.ledger import Entry
from device_runtime.sync.messages import TelemetryBatch, TelemetryRecord, encode
from device_runtime.values import Value
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.events.decoding import decode_batch
from firmware_tools.fleet.events.intake import Taken, take_in
from firmware_tools.fleet.events.rollups import SeriesIds
from firmware_tools.fleet.registry import Registry

EPOCH = "00112233aabbccdd"
NOW = 1_800_000_000.0
WEATHER, LAMP = "org.example.weather", "org.example.lamp"

Told = tuple[str, str, Mapping[str, Value]]
"""Source, name and values of a record."""


def opened(url: str) -> Database:
    """A database with two devices."""
    database = Database(url)
    with database.transaction() as connection:
        for device in ("hall", "kitchen"):
            if not Registry(connection).is_enrolled(device):
                Registry(connection).enroll(device, "", 1.0)
    return database


def batch(told: Sequence[Told], first: int = 1, time: float = NOW, epoch: str = EPOCH) -> TelemetryBatch:
    """These records, a second apart."""
    records = [
        TelemetryRecord(first + index, time + index, source, name, values)
        for index, (source, name, values) in enumerate(told)
    ]
    return TelemetryBatch(epoch, tuple(records))


def tell(
    connection: Connection, told: Sequence[Told], first: int = 1, device: str = "kitchen", *, at: float = NOW
) -> Taken:
    """A device tells, and the fleet hears it at once."""
    return take_in(connection, [(device, decode_batch(encode(batch(told, first, at))))], at, SeriesIds())


def decided(act: str, item: str, number: int, app_id: str = WEATHER, who: str = "owner", digest: str = "") -> Told:
    """A decision."""
    values: dict[str, Value] = {
        "app_id": app_id,
        "item": item,
        "who": who,
        "number": number,
        "hash": digest or f"{number:064x}",
    }
    return ("privacy", act, values)


def head(number: int, digest: str = "") -> Told:
    """How far the ledger is."""
    return ("privacy", "head", {"number": number, "hash": digest or f"{number:064x}"})


def refused(why: str, item: str, count: int, app_id: str = WEATHER) -> Told:
    """Something was turned away."""
    return ("privacy", "refused", {"app_id": app_id, "why": why, "item": item, "count": count})


def sent(item: str, count: int, size: int, after: int, number: int, digest: str = "", **members: Value) -> Told:
    """What left under an item of the weather, in the entries after one and up to another."""
    values: dict[str, Value] = {
        "app_id": WEATHER, "item": item, "to": "fleet", "count": count, "bytes": size, "after": after,
        "number": number, "hash": digest or f"{number:064x}",
    }  # fmt: skip
    return ("privacy", "sent", values | members)


def of_entry(entry: Entry) -> Told:
    """An entry of a ledger, as a device tells it."""
    if entry.act in ("grant", "refuse", "revoke", "profile"):
        return decided(entry.act, entry.item, entry.number, entry.app, entry.who, entry.hash)
    return head(entry.number, entry.hash)
