"""Events a second into the database: batches as they arrive on the wire, beside what the database takes at most."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import BigInteger, Column, Double, Index, MetaData, String, Table, create_engine

from device_runtime.sync.messages import TelemetryBatch, TelemetryRecord, encode
from firmware_tools.fleet.database import Database, prepare_sqlite
from firmware_tools.fleet.events.bulk import append
from firmware_tools.fleet.events.decoding import decode_batch
from firmware_tools.fleet.events.rollups import SeriesIds
from firmware_tools.fleet.inbox import Work
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.schema import telemetry
from firmware_tools.fleet.storing import store_work
from tests.postgres import running_postgres

RECORDS = 100
"""In one batch, as ``Pace.batch_records`` of devices."""
PORTION = 100
"""Batches in one transaction."""
_DEVICES = 50
_NAMES = ("refresh", "tap", "temperature")


@dataclass
class Taken:
    """Seconds by the clock and of this process's processor."""

    wall: float
    cpu: float


@contextmanager
def stopwatch(taken: list[Taken]) -> Iterator[None]:
    """Add what the block took."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    taken.append(Taken(time.perf_counter() - wall, time.process_time() - cpu))


def make_batches(count: int, epoch: str, records: int = RECORDS) -> list[tuple[str, bytes]]:
    """Batches of 50 devices, a record a second, of three names, with two numbers or one among the values."""
    batches = []
    for index in range(count):
        first = index // _DEVICES * records + 1
        made = tuple(
            TelemetryRecord(
                n,
                1_790_000_000.0 + n,
                "com.example.weather",
                _NAMES[n % 3],
                {"milliseconds": 200 + n % 50, "ok": True, "town": "Bergen", "degrees": 4.5 + n % 7},
            )
            for n in range(first, first + records)
        )
        batches.append((f"d{index % _DEVICES}", encode(TelemetryBatch(epoch, made))))
    return batches


def measure(url: str, rounds: int, batches: int) -> dict[str, list[Taken]]:
    """Ours and the bare database take turns; each round adds ``batches`` batches to what is there."""
    database = Database(url)
    with database.transaction() as connection:
        for number in range(_DEVICES):
            Registry(connection).enroll(f"d{number}", "", 1.0)
    engine = create_engine(url.replace("fleet.db", "bare.db"))
    if engine.dialect.name == "sqlite":
        from sqlalchemy import event

        event.listen(engine, "connect", prepare_sqlite)
    bare = _bare_table()
    bare.metadata.create_all(engine)
    taken: dict[str, list[Taken]] = {"ours": [], "bare": []}
    ids = SeriesIds()
    columns = [column.name for column in telemetry.columns]
    for _ in range(rounds):
        epoch = secrets.token_hex(8)
        payloads = make_batches(batches, epoch)
        portions = [payloads[start : start + PORTION] for start in range(0, len(payloads), PORTION)]
        rows = [_rows(portion, epoch) for portion in portions]
        with stopwatch(taken["ours"]):
            for portion in portions:
                store_work(database, "bench", Work(batches=portion), time.time(), ids)
        with stopwatch(taken["bare"]):
            for of_portion in rows:
                with engine.begin() as connection:
                    append(connection, bare, columns, of_portion)
    engine.dispose()
    database.close()
    return taken


def _rows(portion: list[tuple[str, bytes]], epoch: str) -> list[tuple[object, ...]]:
    return [
        (device, epoch, r.sequence, r.time, r.source, r.name, msgspec.json.encode(r.values).decode(), 1.0)
        for device, payload in portion
        for r in decode_batch(payload).records
    ]


def _bare_table() -> Table:
    """The table of records with the same key and index, and nothing around it."""
    text = String(200)
    return Table(
        "bare",
        MetaData(),
        Column("device", String(64), primary_key=True),
        Column("epoch", String(64), primary_key=True),
        Column("sequence", BigInteger, primary_key=True),
        Column("time", Double),
        Column("source", text),
        Column("name", text),
        Column("values", String),
        Column("received_at", Double),
        Index("bare_by_name", "name", "time"),
    )


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """URLs of empty databases, by the engine's name."""
    for ending in ("", "-wal", "-shm"):
        for name in ("fleet.db", "bare.db"):
            (folder / f"{name}{ending}").unlink(missing_ok=True)
    with running_postgres() as server:
        yield {"sqlite": f"sqlite:///{folder / 'fleet.db'}", "postgresql": server.url()}
