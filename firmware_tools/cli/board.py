"""``cygnet board``: boards on a cable, and their configurations."""

import json
from pathlib import Path

import click

from device_runtime.host.board import Board, board_names, find_any_board, load_any_board
from firmware_tools.cli.lazy import load_command

# verb -> (where its click command is, its line in the help); all of them need the extra `tools`
_VERBS: dict[str, tuple[str, str]] = {
    "detect": ("firmware_tools.cli.board_detect:detect", "Name the boards that are plugged in."),
    "flash": ("firmware_tools.cli.board_flash:flash", "Write firmware to a board, or to many."),
    "provision": ("firmware_tools.cli.board_provision:provision", "Make a board a device of a fleet."),
    "install": ("firmware_tools.cli.board_install:install", "Bring runtime or program to a board over its cable."),
    "privacy": (
        "firmware_tools.cli.board_privacy:privacy",
        "Say what a board's programs may report, and see what left.",
    ),
    "logs": ("firmware_tools.cli.board_console:logs", "Follow what a board says."),
    "shell": ("firmware_tools.cli.board_console:shell", "Talk to a board's MicroPython."),
    "reset": ("firmware_tools.cli.board_care:reset", "Start a board anew."),
    "backup": ("firmware_tools.cli.board_care:backup", "Read a board's flash or files into a file."),
    "doctor": ("firmware_tools.cli.board_care:doctor", "Tell what keeps this machine from its boards."),
}


class _Verbs(click.Group):
    """Loads a verb's module at its first use; `list` and `check` need nothing but the base."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_VERBS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return super().get_command(ctx, cmd_name)
        return load_command(_VERBS[cmd_name][0], f"cygnet board {cmd_name}", "tools")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        own = [(name, command.get_short_help_str()) for name, command in sorted(self.commands.items())]
        with formatter.section("Commands"):
            formatter.write_dl([*own, *((name, line) for name, (_, line) in _VERBS.items())])


@click.group(cls=_Verbs)
def board() -> None:
    """Find, flash and look after boards, and check their configurations."""


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
