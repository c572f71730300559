"""``cygnet board install``: the runtime, or a program, to a board that is a device already."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.host.microboard import MicroBoard
from device_runtime.program.package import read_package_file
from firmware_tools.cli.board_cable import Done, board_on, choose_ports, run_on, show_plans
from firmware_tools.cli.board_progress import Line
from firmware_tools.cli.board_provision import RESTART, plan_steps, send, told_of
from firmware_tools.flash.bench import Record
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import Plan
from firmware_tools.provision.errors import ProvisionError
from firmware_tools.provision.held import look_at
from firmware_tools.provision.programs import plan_program, plan_removal
from firmware_tools.provision.provisioning import plan_provisioning
from firmware_tools.provision.rom import RomPlan
from firmware_tools.provision.runtime import runtime_version
from firmware_tools.provision.trial import await_trial


@click.command()
@click.argument("program", required=False, type=click.Path(path_type=Path, exists=True))
@click.option("--port", "ports", multiple=True, metavar="PORT", help="Where the board is; may be given again.")
@click.option("--board", "board_name", help="A board's name, or its file. [default: it is asked]")
@click.option("--all", "everything", is_flag=True, help="All boards that are plugged in, at once.")
@click.option("--remove", "gone", default="", metavar="APP_ID", help="Take a program of the cable away instead.")
@click.option("--no-start", is_flag=True, help="Leave it at its prompt.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=90,
    show_default=True,
    metavar="SECONDS",
    help="How long to listen whether the program runs well.",
)
@click.option("--dry-run", is_flag=True, help="Compare, and tell what would be done.")
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False), metavar="CSV", help="Append a line a board.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def install(
    program: Path | None,
    ports: tuple[str, ...],
    board_name: str | None,
    everything: bool,
    gone: str,
    no_start: bool,
    wait: float,
    dry_run: bool,
    record: Path | None,
    as_json: bool,
) -> None:
    """Bring the runtime of this Cygnet to a board over its cable, or PROGRAM: a package (.ma), or a folder.

    Only what differs goes over. A program is then started on trial, as one from the fleet is, and this command says
    what becomes of it. It stays until it is taken away with --remove, or the fleet names the same program: what the
    fleet wants there, it alone changes.

    \b
    Example:
      cygnet board install
      cygnet board install my-program --port /dev/ttyACM0
      cygnet board install --remove local.my-program
    """
    if program is not None and gone:
        raise click.UsageError("name a program to install, or one to --remove")
    package = _package(program) if program is not None else None
    name = program.resolve().name if program is not None else ""

    def work(port: str, _number: int, line: Line) -> Done:
        line.step("connecting")
        with BoardConnection.open(port, say=line.step) as board:
            board.require("installing")
            micro = board_on(board.facts, board_name, port)
            line.step("looking at what it holds")
            todo = _todo(board, micro, package, name, gone)
            done = Done(
                board=micro.name,
                identity="",
                detail=f"{todo.what} would {todo.verb} {micro.name}",
                plan=(*plan_steps(todo.plan, todo.rom), *todo.notes),
                what=todo.what,
            )
            if dry_run:
                return done
            sent = send(board, todo.plan, line, todo.rom)
            if not no_start:
                board.leave(RESTART, "starting")
        told = [told_of(sent), *todo.notes]
        if todo.app_id and not no_start and wait:
            line.step("waiting for its trial")
            well = await_trial(port, todo.app_id, wait, line.is_over)
            silent = f"it has not said within {wait:g} s that it runs well: see `cygnet board logs`"
            if line.is_over():
                silent = "whether it runs well was not waited for: see `cygnet board logs`"
            told.append("it runs well and is kept" if well else silent)
        where = "gone from" if gone else "on"
        return replace(done, detail=f"{todo.what} {where} {micro.name}; {'; '.join(told)}", sent=sent.wire)

    results = run_on(
        choose_ports(ports, everything=everything), work, Record(record) if record else None, as_json=as_json
    )
    if dry_run and not as_json:
        show_plans(results)


@dataclass(frozen=True, slots=True)
class _Todo:
    """What is to be done at one board; ``app_id`` is the program that is to run then, or empty."""

    plan: Plan
    what: str
    verb: str = "go to"
    app_id: str = ""
    notes: Sequence[str] = ()
    rom: RomPlan | None = None


def _todo(board: BoardConnection, micro: MicroBoard, package: bytes | None, name: str, gone: str) -> _Todo:
    if gone:
        return _Todo(plan_removal(board, gone).plan, gone, "go from")
    if package is not None:
        wanted = plan_program(board, package, name)
        return _Todo(wanted.plan, f"{wanted.app_id} {wanted.version}", app_id=wanted.app_id)
    held = look_at(board)
    if held.identity is None:
        raise ProvisionError(f"the board on {board.port} is no device yet; run `cygnet board provision` first")
    runtime = plan_provisioning(board, micro, held.identity, held)
    return _Todo(runtime.plan, f"runtime {runtime_version()}", notes=runtime.notes, rom=runtime.rom)


def _package(path: Path) -> bytes:
    if not path.is_dir():
        return read_package_file(path)
    # Loaded here: the compilers are of no use to who brings packages.
    from firmware_tools.build.program import build_program

    # The cable is trusted, so any key will do.
    built = build_program(path, Ed25519PrivateKey.generate())
    for warning in built.warnings:
        click.echo(f"{click.style('note:', fg='yellow')} {warning}", err=True)
    return built.data
