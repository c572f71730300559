"""``cygnet fleet count``: of how many devices the values of an item are true, as far as randomised answers tell."""

import json
from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from firmware_tools.cli.fleet_target import Target, json_option, pass_target

_BAR = 24


@click.command()
@click.argument("app")
@click.argument("item")
@click.option(
    "--days", type=click.IntRange(1, 366), default=7, show_default=True, help="Answers of so many days, up to now."
)
@json_option
@pass_target
def count(target: Target, app: str, item: str, days: int, as_json: bool) -> None:
    """Count an item that the program APP only counts: how many devices have which value.

    Devices answer at random, so each count has an error; it holds for 95 of 100 counts. Each device counts once, by its
    newest answer.

    \b
    Example:
      cygnet fleet count com.example.radio favourite --days 30
    """
    found = target.ask("GET", "/api/telemetry/counts", params={"source": app, "name": item, "days": str(days)})
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    if not found["histograms"]:
        click.echo(f"No device has answered {item} of {app} in {days} days. Programs ask with reportCount, and count")
        click.echo("only where a person allows it.")
    for histogram in found["histograms"]:
        print_histogram(histogram, days)


def print_histogram(histogram: Mapping[str, Any], days: int) -> None:
    """A row a value, with a bar where something is known of it."""
    devices = histogram["devices"]
    console = Console()
    console.print(
        f"{devices:,} devices answered in {days} days, each with one of {histogram['choices']} values at random "
        f"(epsilon {histogram['epsilon']:g})",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, header_style="bright_black")
    for column in ("VALUE", "DEVICES", "95 %", ""):
        table.add_column(column, justify="left" if column in ("VALUE", "") else "right")
    for each in histogram["values"]:
        if each["clear"]:
            shown = min(each["estimate"], devices)  # by chance, it may be more
            bar = "█" * round(_BAR * shown / devices)
            table.add_row(Text(each["value"], "bold"), f"{round(shown):,}", f"± {round(each['error']):,}", bar)
        else:
            cannot = f"cannot be told: {_bound(each, devices)}"
            table.add_row(Text(each["value"], "bold"), "", "", Text(cannot, "bright_black"))
    console.print(table)
    if histogram["unseen"]:
        console.print(f"Values that no device sent: {histogram['unseen']}", highlight=False)


def _bound(counted: Mapping[str, Any], devices: int) -> str:
    """What is known of a value whose error is as large as its estimate."""
    return f"0 to {min(devices, max(0, round(counted['estimate'] + counted['error']))):,}"
