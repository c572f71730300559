"""``cygnet fleet worker`` and ``workers``: many processes for one fleet."""

import json

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from firmware_tools.cli.fleet_tables import ago
from firmware_tools.cli.fleet_target import Target, json_option, pass_target


@click.command()
@click.option("--number", default=0, help="A name for this machine: a worker of one number runs once.  [default: none]")
@click.option("--quiet", is_flag=True, help="Log warnings only.")
@pass_target
def worker(target: Target, number: int, quiet: bool) -> None:
    """Hear and store for the fleet beside `cygnet fleet serve`, on the same PostgreSQL. Ctrl-C ends it.

    Any number may run, here and on other machines; they find each other in the database, and none is special. Each may
    be ended or killed at any time: the others do its work after some five seconds.

    \b
    Example:
      cygnet fleet worker
      cygnet fleet worker --number 2
    """
    from firmware_tools.cli import fleet_serve

    fleet_serve.work(target.home, number, quiet=quiet)


@click.command()
@json_option
@pass_target
def workers(target: Target, as_json: bool) -> None:
    """List the processes that hear and store for the fleet, and what each has done.

    \b
    Example:
      cygnet fleet workers
    """
    answer = target.ask("GET", "/api/fleet")
    if as_json:
        click.echo(json.dumps({"workers": answer["workers"]}, indent=2))
        return
    console = Console()
    if not answer["workers"]:
        console.print(
            "One process does all: the fleet keeps its data in SQLite. PostgreSQL takes any number of workers."
        )
        return
    table = Table(box=None, pad_edge=False, header_style="bright_black")
    for column in ("PROCESS", "KIND", "SINCE", "DEVICES", "HEARD", "STORED", ""):
        table.add_column(column)
    for one in answer["workers"]:
        note = "leads" if one["leads"] else "" if one["connected"] else "not connected to the broker"
        table.add_row(
            Text(one["name"], "bold"),
            one["kind"],
            ago(one["joined_at"], answer["now"]),
            f"part {one['part']} of {one['parts']}" if one["part"] else "none",
            f"{one['messages']:,} messages",
            f"{one['records']:,} records",
            Text(note, "yellow" if not one["connected"] else "green"),
        )
    console.print(table)
