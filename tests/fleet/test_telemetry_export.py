"""Exports over HTTP and by the command line: whole files, or none."""

import asyncio
import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from firmware_tools.cli.fleet import fleet as fleet_commands
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.server import RunningFleet
from tests.brokers import Mosquitto
from tests.fleet.devices import connected_device

pytestmark = pytest.mark.broker
EPOCH = "00112233aabbccdd"


@pytest.fixture
async def filled(fleet: RunningFleet, mosquitto: Mosquitto) -> RunningFleet:
    await fleet.operations.enroll("kitchen", "")
    async with connected_device("north", "kitchen", mosquitto.url) as device:
        await device.send_batch(EPOCH, range(1, 301), "temperature")
        await device.receipt(EPOCH, 300)
        await device.send_batch(EPOCH, range(301, 311), "tap")
        await device.receipt(EPOCH, 310)
    return fleet


def files(folder: Path, start: str) -> list[str]:
    """What is left of an export: hidden files too."""
    return sorted(path.name for path in folder.iterdir() if path.name.lstrip(".").startswith(start))


async def run(fleet: RunningFleet, token: str, *arguments: str) -> Result:
    """A command of its own, in a thread: the fleet answers on this loop."""
    return await asyncio.to_thread(
        CliRunner().invoke,
        fleet_commands,
        ["--fleet", fleet.url, "telemetry", *arguments],
        env={"CYGNET_FLEET_TOKEN": token},
    )


async def test_every_format_holds_the_same_records(filled: RunningFleet, home: object, tmp_path: Path) -> None:
    from pyarrow import parquet

    token = home.token()  # type: ignore[attr-defined]
    paths = {form: tmp_path / f"out.{form}" for form in ("csv", "jsonl", "parquet")}
    for form, path in paths.items():
        done = await run(filled, token, "export", "--format", form, "--name", "temperature", "--out", str(path))
        assert done.output == f"300 records are in {path}.\n", done.exception
    lines = [json.loads(line) for line in paths["jsonl"].read_text().splitlines()]
    assert [line["sequence"] for line in lines] == list(range(1, 301))
    assert lines[0]["values"] == {"value": 1}
    rows = list(csv.DictReader(io.StringIO(paths["csv"].read_text())))
    table = parquet.read_table(paths["parquet"]).to_pylist()
    for line, row, cell in zip(lines, rows, table, strict=True):
        assert (row["device"], int(row["sequence"]), float(row["time"])) == ("kitchen", line["sequence"], line["time"])
        assert (cell["device"], cell["sequence"], cell["time"].timestamp()) == (
            "kitchen",
            line["sequence"],
            line["time"],
        )
        assert json.loads(row["values"]) == json.loads(cell["values"]) == line["values"]
    assert files(tmp_path, "out") == ["out.csv", "out.jsonl", "out.parquet"]


async def test_times_bound_an_export_and_it_can_go_to_standard_output(filled: RunningFleet, home: object) -> None:
    token = home.token()  # type: ignore[attr-defined]
    bounds = ("--since", "2023-11-14T22:15:00", "--until", "1700000105")  # 1,700,000,100 is this minute
    done = await run(filled, token, "export", "--format", "jsonl", *bounds)
    assert [json.loads(line)["sequence"] for line in done.output.splitlines()] == [100, 101, 102, 103, 104]
    refused = await run(filled, token, "export", "--since", "yesterday")
    assert refused.exit_code == 2
    assert "is no time; write 2026-01-31" in refused.output


async def test_an_export_that_fails_leaves_what_was_there(filled: RunningFleet, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("before")
    done = await run(filled, "no token", "export", "--out", str(out))
    assert isinstance(done.exception, FleetError)
    assert out.read_text() == "before"
    assert files(tmp_path, "out") == ["out.csv"]


async def test_sums_and_losses_are_asked_for_over_http(filled: RunningFleet, home: object) -> None:
    client = FleetClient(filled.url, home.token())  # type: ignore[attr-defined]
    found = await client.call(
        "GET", "/api/telemetry/sums", params={"name": "temperature", "field": "value", "step": "3600"}
    )
    assert found["step"] == 3600
    (hour,) = found["sums"]
    assert (hour["device"], hour["count"], hour["least"], hour["most"], hour["mean"], hour["last"]) == (
        "kitchen", 300, 1, 300, 150.5, 300,
    )  # fmt: skip
    assert await client.call("GET", "/api/telemetry/losses") == {"losses": []}
    with pytest.raises(FleetError, match="step must be one of 60, 3600, 86400 seconds"):
        await client.call("GET", "/api/telemetry/sums", params={"step": "61"})
    with pytest.raises(FleetError, match="format must be one of csv, jsonl"):
        await client.call("GET", "/api/telemetry/export", params={"format": "xls"})


async def test_without_a_verb_the_newest_records_are_shown(filled: RunningFleet, home: object) -> None:
    token = home.token()  # type: ignore[attr-defined]
    shown = await run(filled, token, "--name", "tap", "--limit", "2", "--json")
    assert [json.loads(line)["sequence"] for line in shown.output.splitlines()] == [309, 310]
    assert "No device has told of records" in (await run(filled, token, "losses")).output
