"""``cygnet fleet privacy``: what people decided on devices, whether their ledgers are whole, and erasing."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.fleet.client import segment
from firmware_tools.fleet.errors import FleetError

_WORDS = {"grant": "yes", "refuse": "no", "revoke": "no, after a yes"}


class _DeviceOrVerb(click.Group):
    """``privacy DEVICE`` is ``privacy show DEVICE``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the verb in where a device stands in its place."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_DeviceOrVerb)
def privacy() -> None:
    """Show what people decided on a device, check its ledger, export or erase what the fleet holds of its programs.

    \b
    Example:
      cygnet fleet privacy kitchen
      cygnet fleet privacy program org.example.weather
      cygnet fleet privacy check kitchen ledger.jsonl
      cygnet fleet privacy erase kitchen org.example.weather
    """


@privacy.command()
@click.argument("device")
@json_option
@pass_target
def show(target: Target, device: str, as_json: bool) -> None:
    """Show the decisions on a device, what it sent and turned away, how far its ledger is, and what was erased."""
    document = target.ask("GET", f"/api/devices/{segment(device)}/privacy")
    click.echo(json.dumps(document, indent=2) if as_json else "\n".join(_lines(document)))


def _lines(document: dict[str, Any]) -> Iterator[str]:
    if not document["decisions"]:
        yield "Nobody has decided anything on this device yet, or it did not tell."
    for each in document["decisions"]:
        what = each["item"] or "an update"
        yield f"{each['app_id']}: {what}: {_WORDS[each['act']]}, by {each['who']} on {_when(each['time'])}"
    for each in document["sent"]:
        about = "about " if each["rounded"] else ""
        size = f"{about}{each['count']} times, {about}{each['bytes']} bytes"
        told = f"last told {_when(each['last_time'])}"
        yield f"{each['app_id']} {each['item']}: sent {size} to {each['destination']}, {told}"
    for each in document["refusals"]:
        what = f" {each['item']}" if each["item"] else ""
        yield f"{each['app_id']}{what}: turned away {each['count']} times ({each['why']})"
    head = document["head"]
    yield f"Its ledger had {head['number']} entries on {_when(head['time'])}." if head else "It told of no ledger."
    for each in document["erasures"]:
        of = each["app_id"] or "all programs"
        yield f"Erased for {each['asked_by']} on {_when(each['erased_at'])}: {of}, {each['records']} records"


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


@privacy.command()
@click.argument("app_id")
@json_option
@pass_target
def program(target: Target, app_id: str, as_json: bool) -> None:
    """Show the plan of a program's newest release, and on how many devices each item was granted or refused."""
    document = target.ask("GET", f"/api/programs/{segment(app_id)}/privacy")
    if as_json:
        click.echo(json.dumps(document, indent=2))
        return
    click.echo(f"{app_id}, version {document['version_code']}")
    if not document["items"]:
        click.echo("  It has no plan, or one that sends nothing.")
    for each in document["items"]:
        days = f"kept {each['retention_days']} days" if each["destination"] == "fleet" else f"to {each['destination']}"
        said = f"{each['granted']} granted, {each['refused']} refused"
        click.echo(f"  {each['item']} ({each['category']}, {each['purpose']}, {days}): {said}")


@privacy.command()
@click.argument("device")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@pass_target
def check(target: Target, device: str, file: Path) -> None:
    """Check a ledger that was exported from a device against what the device told as it was written.

    FILE is what `cygnet device privacy ledger --json` wrote. Exit code 1: something in it was changed, which is named.
    """
    from firmware_tools.fleet.privacy.checking import differences, read_ledger

    entries = read_ledger(file)
    known = target.ask("GET", f"/api/devices/{segment(device)}/privacy/points")
    points, sendings = known["points"], known["sendings"]
    found = list(differences(entries, points, sendings))
    for sentence in found:
        click.echo(sentence, err=True)
    if found:
        raise FleetError(f"{file} is not the ledger that {device} wrote")
    held = len({each["number"] for each in (*points, *sendings) if each["number"] >= entries[0].number})
    click.echo(f"{file} is whole: {len(entries)} entries, of which {held} are as {device} told the fleet.")


@privacy.command()
@click.argument("device")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write here; otherwise it is printed.")
@pass_target
def export(target: Target, device: str, out: Path | None) -> None:
    """Write all that the fleet holds of a device's programs and decisions, one JSON object a line."""

    async def run() -> None:
        lines = target.client().lines(f"/api/devices/{segment(device)}/privacy/export", {})
        if out is None:
            async for line in lines:
                sys.stdout.buffer.write(line)
            return
        aside = out.with_name(out.name + ".part")
        with aside.open("wb") as file:
            async for line in lines:
                file.write(line)
        aside.replace(out)

    try:
        asyncio.run(run())
    except OSError as error:
        raise FleetError(f"{out or 'standard output'} cannot be written: {error.strerror}") from error


@privacy.command()
@click.argument("device")
@click.argument("app_id", default="")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_target
def erase(target: Target, device: str, app_id: str, yes: bool) -> None:
    """Erase what the fleet holds of a device's program, or without APP_ID of all of its programs.

    Events, their sums and counts go; decisions, the audit log and what the device itself holds stay.
    """
    of = app_id or "all programs"
    if not yes:
        click.confirm(f"Erase what the fleet holds of {of} of {device}? It cannot be undone.", abort=True)
    done = target.ask("POST", f"/api/devices/{segment(device)}/privacy/erase", body={"app_id": app_id})
    click.echo(f"Erased of {device}: {of}, {done['records']} records.")
