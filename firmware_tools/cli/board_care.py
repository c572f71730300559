"""``cygnet board reset|backup|doctor``: looking after boards, and after this machine."""

import dataclasses
import json
from pathlib import Path

import click

from device_runtime.host.board import find_micro_board
from device_runtime.host.microboard import MicroBoard
from firmware_tools.cli.board_progress import Display
from firmware_tools.flash.backend import backend_for
from firmware_tools.flash.backup import backup_files
from firmware_tools.flash.detect import detect
from firmware_tools.flash.doctor import examine
from firmware_tools.flash.drive_backends import reset_micropython
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.firmware import Firmware
from firmware_tools.flash.job import Job
from firmware_tools.flash.naming import known_boards
from firmware_tools.flash.ports import check_port, reset_by_wires
from firmware_tools.flash.udev import RULE_FILE, rule_text, write_rule


@click.command()
@click.option("--port", required=True, metavar="PORT", help="Where the board is.")
def reset(port: str) -> None:
    """Start a board anew: by its MicroPython, else by the reset wire of its serial bridge.

    \b
    Example:
      cygnet board reset --port /dev/ttyACM0
    """
    check_port(port)
    with Display() as display:
        try:
            done = reset_micropython(port, display.line(port))
        except FlashError as error:
            if error.kind != "wrong-mode":
                raise
            reset_by_wires(port)
            done = "its reset wire was pulled"
    click.echo(f"{port}: {done}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--port", required=True, metavar="PORT", help="Where the board is.")
@click.option("--board", "board_name", help="A board's name, or its file. [default: it is asked]")
@click.option(
    "--files", is_flag=True, help="MicroPython's files as a .tar. [default: the whole flash, where it can be read]"
)
@click.option("--baud", type=click.IntRange(9600, 4_000_000), default=None, help="Speed of the ROM loader (ESP32).")
def backup(file: Path, port: str, board_name: str | None, files: bool, baud: int | None) -> None:
    """Read a board into FILE: the whole flash of an ESP32, or the files of MicroPython. The board restarts afterwards.

    An image of the flash holds the board's passwords and keys: keep it as you keep those.

    \b
    Example:
      cygnet board backup kitchen.bin --port /dev/ttyUSB0 --board esp32
      cygnet board backup kitchen.tar --port /dev/ttyACM0 --files
    """
    if file.exists():
        raise FlashError("full", f"{file} is there already, and a backup is not written over; name another file")
    check_port(port)
    with Display() as display:
        line = display.line(port)
        if files:
            count = backup_files(port, file, line)
            what = f"{count} files"
        else:
            board = find_micro_board(board_name) if board_name else _board_at(port)
            job = Job(board=board, place=port, firmware=Firmware(file, "", ""), baud=baud or 0)
            what = f"{backend_for(board.flash.method).backup(job, file, line):,} bytes of flash"
        line.end()
    click.echo(f"{file}: {what}, {file.stat().st_size:,} bytes")


def _board_at(port: str) -> MicroBoard:
    names = [name for item in detect([port]) for name in item.boards]
    if len(names) != 1:
        raise FlashError(
            "no-board", f"it is not clear what is on {port} ({', '.join(names) or 'no answer'}); say it with --board"
        )
    return find_micro_board(names[0])


@click.command()
@click.option("--udev", "show_rule", is_flag=True, help="Print the rule that lets you open boards, and nothing else.")
@click.option("--write-udev", is_flag=True, help=f"Write that rule to {RULE_FILE}; as root.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_context
def doctor(context: click.Context, show_rule: bool, write_udev: bool, as_json: bool) -> None:
    """Tell what keeps this machine from its boards: rights, commands, other programs. Exits with 1 if something does.

    \b
    Example:
      cygnet board doctor
      cygnet board doctor --udev | sudo tee /etc/udev/rules.d/60-cygnet-boards.rules
    """
    text = rule_text(known_boards())
    if show_rule:
        click.echo(text, nl=False)
        return
    if write_udev:
        write_rule(text)
        click.echo(f"{RULE_FILE} is written; now run: udevadm control --reload && udevadm trigger")
        return
    findings = examine(text)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            mark = click.style("ok", fg="green") if finding.good else click.style("no", fg="red")
            click.echo(f"{mark}  {finding.subject}: {finding.sentence}")
    if not all(finding.good for finding in findings):
        context.exit(1)
