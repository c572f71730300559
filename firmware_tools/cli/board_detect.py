"""``cygnet board detect``."""

import dataclasses
import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from firmware_tools.flash.detect import Found
from firmware_tools.flash.detect import detect as look
from firmware_tools.flash.errors import FlashError


@click.command()
@click.option("--port", "ports", multiple=True, metavar="PORT", help="Ask this port alone; may be given again.")
@click.option(
    "--drive",
    "drives",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Look at this drive alone.",
)
@click.option("--no-ask", is_flag=True, help="Disturb nothing: name boards by their USB ids.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def detect(ports: tuple[str, ...], drives: tuple[Path, ...], no_ask: bool, as_json: bool) -> None:
    """Name the boards that are plugged in: MicroPython and ROM loaders on ports, boot loaders on drives and USB.

    A board that is asked is interrupted, and then starts its program again.

    \b
    Example:
      cygnet board detect
      cygnet board detect --port /dev/ttyUSB0 --json
    """
    found = look(ports, drives, ask=not no_ask)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(item) for item in found], indent=2))
        return
    if not found:
        raise FlashError(
            "no-board",
            "no board is plugged in: there is no USB serial port, boot loader drive or DFU device; plug one in, "
            "with a cable "
            "that has data wires, or run `cygnet board doctor`",
        )
    show(found)


def show(found: list[Found]) -> None:
    """A table of boards, and below it what hindered asking."""
    table = Table(box=None, pad_edge=False)
    for column in ("PLACE", "RUNS", "BOARD", "CHIP", "FIRMWARE", "SAYS"):
        table.add_column(column, overflow="fold")
    for item in found:
        table.add_row(item.place, item.mode, " or ".join(item.boards) or "?", item.chip, item.firmware, item.says)
    Console(soft_wrap=True).print(table)
    for item in found:
        if item.problem:
            click.echo(f"{item.place}: {item.problem}", err=True)
