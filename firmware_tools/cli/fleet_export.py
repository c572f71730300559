"""An export of telemetry into a file, or to standard output; whole, or not at all."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.errors import FleetError

_ROWS_AT_ONCE = 20_000


async def export_records(client: FleetClient, form: str, params: Mapping[str, str], out: Path | None) -> int:
    """Write what matches; returns how many records there were.

    Raises:
        FleetError: the fleet or the disk refuses, or a library for the format is missing; ``out`` is as it was.
    """
    parquet = form == "parquet"
    if parquet and out is None:
        raise FleetError("a Parquet file cannot go to standard output; name a file with --out")
    asked = {**params, "format": "jsonl" if parquet else form}
    count = -1 if form == "csv" else 0  # a head
    try:
        with _whole(out) as path, _writer(path, parquet=parquet) as write:
            async for line in client.lines("/api/telemetry/export", asked):
                write(line)
                count += 1
    except OSError as error:
        raise FleetError(f"{out or 'standard output'} cannot be written: {error.strerror}") from error
    return count


@contextmanager
def _whole(out: Path | None) -> Iterator[Path | None]:
    """A file beside ``out`` that takes its place when all is written."""
    if out is None:
        yield None
        return
    beside = out.with_name(f".{out.name}.part")
    try:
        yield beside
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _writer(path: Path | None, *, parquet: bool) -> Iterator[Callable[[bytes], object]]:
    """What takes the lines."""
    with _parquet(path) if parquet else _plain(path) as write:
        yield write


@contextmanager
def _plain(path: Path | None) -> Iterator[Callable[[bytes], object]]:
    if path is None:
        yield sys.stdout.buffer.write
        sys.stdout.flush()
        return
    with path.open("wb") as file:
        yield file.write


@contextmanager
def _parquet(path: Path | None) -> Iterator[Callable[[bytes], object]]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise FleetError("Parquet needs pyarrow, which is not installed; run: pip install 'cygnet[export]'") from error
    fields = {
        "device": pyarrow.string(),
        "epoch": pyarrow.string(),
        "sequence": pyarrow.int64(),
        "time": pyarrow.timestamp("us", tz="UTC"),
        "source": pyarrow.string(),
        "name": pyarrow.string(),
        "values": pyarrow.string(),
        "received_at": pyarrow.timestamp("us", tz="UTC"),
    }
    schema = pyarrow.schema(list(fields.items()))
    waiting: list[dict[str, Any]] = []
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:

        def flush() -> None:
            file.write_table(pyarrow.Table.from_pylist(waiting, schema))
            waiting.clear()

        def write(line: bytes) -> None:
            record = json.loads(line)
            for name in ("time", "received_at"):
                record[name] = round(record[name] * 1_000_000)
            record["values"] = json.dumps(record["values"], ensure_ascii=False)
            waiting.append(record)
            if len(waiting) == _ROWS_AT_ONCE:
                flush()

        yield write
        if waiting:
            flush()
