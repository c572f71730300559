"""``cygnet fleet telemetry``: what devices sent, what of it is missing, and how to get it out."""

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from firmware_tools.cli import fleet_tables
from firmware_tools.cli.fleet_export import export_records
from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.fleet.client import FleetClient


@click.group(invoke_without_command=True)
@click.option("--device", default="", help="Of this device only.")
@click.option("--source", default="", help="Of this program, or other source, only.")
@click.option("--name", default="", help="Events of this name only.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many, newest first.")
@click.option("--follow", is_flag=True, help="Go on with what arrives, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, for scripts.")
@pass_target
@click.pass_context
def telemetry(
    context: click.Context, target: Target, device: str, source: str, name: str, limit: int, follow: bool, as_json: bool
) -> None:
    """Show events that devices sent; export them, or show what was lost.

    \b
    Example:
      cygnet fleet telemetry --device kitchen --limit 50
      cygnet fleet telemetry --name temperature --follow --json
    """
    if context.invoked_subcommand is not None:
        return
    wanted = {"device": device, "source": source, "name": name}
    params = {key: value for key, value in wanted.items() if value} | {"limit": str(limit)}
    show = _print_line if as_json else fleet_tables.print_record
    # One event loop for both, so that a Ctrl-C never falls between two.
    asyncio.run(_telemetry(target.client(), params, wanted, show, follow=follow, quiet=as_json))


async def _telemetry(
    client: FleetClient,
    params: dict[str, str],
    wanted: dict[str, str],
    show: Callable[[dict[str, Any]], None],
    *,
    follow: bool,
    quiet: bool,
) -> None:
    records = (await client.call("GET", "/api/telemetry", params=params))["records"]
    if not records and not follow and not quiet:
        click.echo("No telemetry yet. Devices send it as they run; --follow waits for it.")
    for record in reversed(records):
        show(record)
    if not follow:
        return
    async for event in client.events():
        for record in event.get("records", []):
            if all(not value or record[key] == value for key, value in wanted.items()):
                show(record)


def _print_line(record: dict[str, Any]) -> None:
    click.echo(json.dumps(record))
    sys.stdout.flush()


@telemetry.command()
@click.option("--format", "form", type=click.Choice(["csv", "jsonl", "parquet"]), default="csv", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; standard output without it."
)
@click.option("--since", default="", help="From this time on: 2026-01-31, 2026-01-31T12:00, or Unix seconds.")
@click.option("--until", default="", help="Before this time.")
@click.option("--device", default="", help="Of this device only.")
@click.option("--source", default="", help="Of this program, or other source, only.")
@click.option("--name", default="", help="Events of this name only.")
@pass_target
def export(
    target: Target, form: str, out: Path | None, since: str, until: str, device: str, source: str, name: str
) -> None:
    """Write all records that match, by device and sequence. Times without a zone are UTC.

    Parquet needs --out and the extra: pip install 'cygnet[export]'.

    \b
    Example:
      cygnet fleet telemetry export --format csv --since 2026-01-01 --out january.csv
      cygnet fleet telemetry export --format parquet --name temperature --out temperature.parquet
    """
    wanted = {"device": device, "source": source, "name": name, "since": _moment(since), "until": _moment(until)}
    params = {key: value for key, value in wanted.items() if value}
    count = asyncio.run(export_records(target.client(), form, params, out))
    if out is not None:
        click.echo(f"{count} records are in {out}.")


@telemetry.command()
@click.option("--device", default="", help="Of this device only.")
@json_option
@pass_target
def losses(target: Target, device: str, as_json: bool) -> None:
    """Show how many records devices had to drop, by cause and priority.

    \b
    Example:
      cygnet fleet telemetry losses
    """
    answer = target.ask("GET", "/api/telemetry/losses", params={"device": device} if device else None)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        fleet_tables.print_losses(answer["losses"])


def _moment(text: str) -> str:
    """A time as Unix seconds, for the API."""
    if not text:
        return ""
    try:
        return str(float(text))
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no time; write 2026-01-31, 2026-01-31T12:00 or Unix seconds") from None
    return str((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
