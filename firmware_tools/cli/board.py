"""``cygnet board``: board configurations."""

import json
from pathlib import Path

import click

from device_runtime.host.board import Board, board_names, find_any_board, load_any_board


@click.group()
def board() -> None:
    """List and check board configurations."""


@board.command("list")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def list_boards(as_json: bool) -> None:
    """List the boards that come with Cygnet.

    \b
    Example:
      cygnet board list
    """
    boards = [find_any_board(name) for kind in ("linux", "micropython") for name in board_names(kind)]
    if as_json:
        documents = [
            {"name": item.name, "kind": item.kind, "description": item.description, "method": item.flash.method}
            for item in boards
        ]
        click.echo(json.dumps(documents, indent=2))
        return
    for item in boards:
        click.echo(f"{item.name:24}{item.kind:13}{item.description}")


@board.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Check a board configuration FILE; a fault is named with its line and the nearest right key.

    \b
    Example:
      cygnet board check my-speaker.toml
    """
    checked = load_any_board(file)
    if isinstance(checked, Board):
        what = f"{checked.screen.width}x{checked.screen.height}"
    else:
        what = f"MicroPython, flashed by {checked.flash.method}"
    click.echo(f"{file} is right: {checked.description} ({what})")
