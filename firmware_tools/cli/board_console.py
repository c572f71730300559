"""``cygnet board logs`` and ``shell``: what a board says, and talking to it."""

import argparse
import contextlib
import dataclasses
import json
import sys

import click

from firmware_tools.cli.board_cable import choose_ports
from firmware_tools.provision.console import Said, follow
from firmware_tools.provision.shell import talk
from firmware_tools.provision.true_names import Namer

_COLOURS = {"warning": "yellow", "error": "red", "debug": "bright_black"}


@click.command()
@click.option("--port", metavar="PORT", help="Where the board is.")
@click.option("--seconds", type=click.FloatRange(min=0), default=0, help="End after so long. [default: at Ctrl-C]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for scripts.")
def logs(port: str | None, seconds: float, as_json: bool) -> None:
    """Follow what a board says, until Ctrl-C. It is not disturbed, and waited for when it restarts.

    Functions have short names on a board; tracebacks of this Cygnet's runtime are shown with the true ones.

    \b
    Example:
      cygnet board logs
      cygnet board logs --port /dev/ttyACM0 --json | jq -r 'select(.level == "error") | .text'
    """
    (chosen,) = choose_ports([port] if port else [])
    if not as_json:
        click.echo(f"{chosen}: Ctrl-C ends this, the board goes on", err=True)
    namer = Namer()
    with contextlib.suppress(KeyboardInterrupt):
        for line in follow(chosen, seconds=seconds):
            for said in namer.read(line):
                _show(said, as_json=as_json)
            sys.stdout.flush()


@click.command()
@click.option("--port", metavar="PORT", help="Where the board is.")
def shell(port: str | None) -> None:
    """Talk to a board's MicroPython. Ctrl-C stops its program, Ctrl-D starts it again, Ctrl-] leaves.

    \b
    Example:
      cygnet board shell --port /dev/ttyACM0
    """
    (chosen,) = choose_ports([port] if port else [])
    talk(chosen, argparse.Namespace(escape_non_printable=False, capture=None, inject_code=None, inject_file=None))


def _show(said: Said, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(said)))
    elif said.level:
        level = click.style(f"{said.level:8}", fg=_COLOURS.get(said.level, "cyan"))
        click.echo(f"{level}{said.source}: {said.text}")
    else:
        click.echo(said.text)
