"""``cygnet board flash``: firmware onto one board, or onto many at once."""

import dataclasses
import json
from pathlib import Path

import click

from device_runtime.host.board import Board, find_any_board
from device_runtime.host.microboard import MicroBoard
from firmware_tools.cli.board_progress import Display, Line
from firmware_tools.flash.backend import Backend, backend_for
from firmware_tools.flash.bench import Record, Result, run_jobs
from firmware_tools.flash.detect import Found, detect
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.firmware import Firmware, find_firmware, keep_firmware
from firmware_tools.flash.job import Job, Waits

_NO_WAIT = 0.0


@click.command()
@click.argument("firmware_name", metavar="FIRMWARE")
@click.option("--board", "board_name", help="A board's name, or its file. [default: the one that is plugged in]")
@click.option(
    "--port",
    "--to",
    "places",
    multiple=True,
    metavar="PLACE",
    help="Port, drive, card or user@host; may be given again.",
)
@click.option("--method", type=click.Choice(["sdcard", "ssh"]), help="For a Linux board. [default: that of its file]")
@click.option(
    "--ssh-config",
    type=click.Path(exists=True, path_type=Path, dir_okay=False),
    metavar="FILE",
    help="OpenSSH's configuration. [default: yours]",
)
@click.option("--all", "everything", is_flag=True, help="All boards of this kind that are plugged in, at once.")
@click.option("--sha256", default="", metavar="HEX", help="What the file's SHA-256 must be.")
@click.option("--keep", is_flag=True, help="Keep the file in the cache, to be named without its path later.")
@click.option("--erase", is_flag=True, help="Erase the whole flash first (ESP32): its files go, too.")
@click.option("--baud", type=click.IntRange(9600, 4_000_000), default=None, help="Speed of the ROM loader (ESP32).")
@click.option("--no-ask", is_flag=True, help="Do not wait for MicroPython to answer afterwards (drives).")
@click.option("--dry-run", is_flag=True, help="Check the file, and tell what would be done.")
@click.option("--yes", is_flag=True, help="Do not ask before a card is written over.")
@click.option(
    "--record", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.csv", help="Append one line a board."
)
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def flash(
    firmware_name: str,
    board_name: str | None,
    places: tuple[str, ...],
    method: str | None,
    ssh_config: Path | None,
    everything: bool,
    sha256: str,
    keep: bool,
    erase: bool,
    baud: int | None,
    no_ask: bool,
    dry_run: bool,
    yes: bool,
    record: Path | None,
    as_json: bool,
) -> None:
    """Write FIRMWARE, a file or an entry of the cache, to a board, and verify it.

    The file is checked first: its SHA-256 where one is known (--sha256, FIRMWARE.sha256 beside it, or the cache's
    record), that it is whole, for this chip, and fits.

    \b
    Example:
      cygnet board flash ESP32_GENERIC-20251209-v1.27.0.bin --board esp32 --port /dev/ttyUSB0
      cygnet board flash RPI_PICO_W-20251209-v1.27.0.uf2 --all --record bench.csv
      cygnet board flash raspios.img.xz --board rpi4-headunit --method sdcard --to /dev/sdb
    """
    firmware = find_firmware(firmware_name, sha256)
    board, places = _board_and_places(board_name, places, everything=everything, method=method)
    method = _method(board, method)
    backend = backend_for(method)
    _check_format(firmware, backend, board, method)
    waits = Waits(back=_NO_WAIT) if no_ask else Waits()
    config = str(ssh_config or "")
    jobs = [
        Job(
            board=board,
            place=place,
            firmware=firmware,
            erase=erase,
            baud=baud or 0,
            ssh_config=config,
            waits=waits,
        )
        for place in places
    ]
    for job in jobs:
        backend.check(job)
    if dry_run:
        _show_plan(jobs, backend, as_json=as_json)
        return
    if method == "sdcard" and not yes:
        _confirm(places)
    if keep:
        keep_firmware(firmware)
    if not firmware.checked_by:
        click.echo(f"{firmware.path}: nobody said what its SHA-256 should be; it is {firmware.sha256}", err=True)
    results = _run(jobs, backend, Record(record) if record else None, as_json=as_json)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(result) for result in results], indent=2))
    failed = [result for result in results if result.result != "ok"]
    if failed and len(results) == 1:
        raise FlashError(failed[0].result, failed[0].detail)  # type: ignore[arg-type]
    if failed:
        named = ", ".join(result.place for result in failed)
        raise FlashError(failed[0].result, f"{len(failed)} of {len(results)} boards failed: {named}")  # type: ignore[arg-type]


def _run(jobs: list[Job], backend: Backend, record: Record | None, *, as_json: bool) -> list[Result]:
    lines: dict[str, Line] = {}
    with Display(quiet=as_json) as display:

        def line(job: Job) -> Line:
            lines[job.place] = display.line(job.place or job.board.name)
            return lines[job.place]

        def done(result: Result) -> None:
            lines[result.place].end()
            if record is not None:
                record.add(result)
            if not as_json:
                name = result.place or result.board
                if result.result == "ok":
                    size = f"{result.bytes:,} bytes in {result.seconds:.1f} s"
                    display.say(f"{click.style('ok', fg='green', bold=True)}  {name}: {size}; {result.detail}")
                elif len(jobs) > 1:
                    display.say(f"{click.style('failed', fg='red', bold=True)}  {name}: {result.detail}")

        return run_jobs(jobs, backend, line, done)


def _board_and_places(
    name: str | None, places: tuple[str, ...], *, everything: bool, method: str | None
) -> tuple[Board | MicroBoard, tuple[str, ...]]:
    """The board, and where it is; what the user did not say is asked of what is plugged in."""
    board = find_any_board(name) if name else None
    if board is not None and places:
        return board, places
    if isinstance(board, Board):
        raise FlashError(
            "no-board",
            f"where is {board.name}? name the card or user@host with --port ({method or board.flash.method})",
        )
    if board is not None and not everything and board.flash.method in {"uf2", "hex", "dfu"}:
        return board, ("",)  # its back end finds the one that is in its boot loader
    found = detect(places, also=[board] if board else [])
    if board is None:
        board = _only_board(found)
    mine = [item for item in found if board.name in item.boards]
    if not mine:
        raise FlashError(
            "no-board", f"no {board.name} is plugged in; {board.flash.bootloader_help}, or name its port with --port"
        )
    if board.flash.method == "hex" and not places:
        mine = [item for item in mine if item.mode == "bootloader"]  # its port is there, too
    if places and len(mine) < len(found):
        others = ", ".join(item.place for item in found if item not in mine)
        raise FlashError("wrong-board", f"{others}: there is no {board.name}; name its port alone")
    if len(mine) > 1 and not everything and not places:
        named = ", ".join(item.place for item in mine)
        raise FlashError("wrong-board", f"{len(mine)} boards fit ({named}); name one with --port, or take --all")
    return board, tuple(item.place for item in mine)


def _only_board(found: list[Found]) -> MicroBoard:
    names = sorted({name for item in found for name in item.boards})
    if len(names) == 1:
        board = find_any_board(names[0])
        assert isinstance(board, MicroBoard)  # noqa: S101 (only such are detected)
        return board
    if names:
        raise FlashError("wrong-board", f"what is plugged in may be {' or '.join(names)}; say which with --board")
    problems = [item.problem for item in found if item.problem]
    if problems:
        raise FlashError("no-board", problems[0])
    raise FlashError("no-board", "no board that is known is plugged in; name it with --board and --port")


def _method(board: Board | MicroBoard, method: str | None) -> str:
    if method and isinstance(board, MicroBoard):
        raise FlashError("wrong-mode", f"--method is for Linux boards; {board.name} is flashed by {board.flash.method}")
    if board.flash.method == "none":
        raise FlashError("wrong-mode", f"{board.name} is a process and needs no firmware")
    return method or board.flash.method


def _check_format(firmware: Firmware, backend: Backend, board: Board | MicroBoard, method: str) -> None:
    if not firmware.path.name.lower().endswith(backend.formats):
        raise FlashError(
            "firmware",
            f"{firmware.path} is not what {board.name} takes by {method}: {' or '.join(backend.formats)}; use "
            "such a file",
        )


def _show_plan(jobs: list[Job], backend: Backend, *, as_json: bool) -> None:
    if as_json:
        plans = [{"board": job.board.name, "place": job.place, "plan": backend.plan(job)} for job in jobs]
        click.echo(json.dumps(plans, indent=2))
        return
    for job in jobs:
        click.echo(f"{job.board.name}{f' at {job.place}' if job.place else ''}:")
        for number, step in enumerate(backend.plan(job), 1):
            click.echo(f"  {number}. {step}")
    click.echo("Nothing was done.")


def _confirm(places: tuple[str, ...]) -> None:
    there = [place for place in places if Path(place).exists()]
    if there:
        click.confirm(f"All that is on {', '.join(there)} will be lost. Write?", abort=True, err=True)
