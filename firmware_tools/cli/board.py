"""``cygnet board``: board configurations."""

import json
from pathlib import Path

import click

from device_runtime.host.board import board_names, find_board, load_board


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
    boards = [find_board(name) for name in board_names()]
    if as_json:
        click.echo(json.dumps([{"name": item.name, "description": item.description} for item in boards], indent=2))
        return
    for item in boards:
        click.echo(f"{item.name:24}{item.description}")


@board.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Check a board configuration FILE; a fault is named with its line and the nearest right key.

    \b
    Example:
      cygnet board check my-speaker.toml
    """
    checked = load_board(file)
    screen = checked.screen
    click.echo(f"{file} is right: {checked.description} ({screen.width}x{screen.height})")
