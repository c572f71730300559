"""``cygnet board install``: the runtime, or a program, to a board that is a device already."""

from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.program.package import read_package_file
from firmware_tools.cli.board_cable import Done, board_on, choose_ports, run_on, show_plans
from firmware_tools.cli.board_progress import Line
from firmware_tools.cli.board_provision import RESTART, plan_steps, send, told_of
from firmware_tools.flash.bench import Record
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.errors import ProvisionError
from firmware_tools.provision.held import look_at
from firmware_tools.provision.programs import plan_program
from firmware_tools.provision.provisioning import plan_provisioning
from firmware_tools.provision.runtime import runtime_version


@click.command()
@click.argument("program", required=False, type=click.Path(path_type=Path, exists=True))
@click.option("--port", "ports", multiple=True, metavar="PORT", help="Where the board is; may be given again.")
@click.option("--board", "board_name", help="A board's name, or its file. [default: it is asked]")
@click.option("--all", "everything", is_flag=True, help="All boards that are plugged in, at once.")
@click.option("--no-start", is_flag=True, help="Leave it at its prompt.")
@click.option("--dry-run", is_flag=True, help="Compare, and tell what would be done.")
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False), metavar="CSV", help="Append a line a board.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def install(
    program: Path | None,
    ports: tuple[str, ...],
    board_name: str | None,
    everything: bool,
    no_start: bool,
    dry_run: bool,
    record: Path | None,
    as_json: bool,
) -> None:
    """Bring the runtime of this Cygnet to a board over its cable, or PROGRAM: a package (.ma), or a folder.

    Only what differs goes over. A program runs on trial, as one from the fleet does; a board that hears from its
    fleet keeps only programs that the fleet wants there.

    \b
    Example:
      cygnet board install
      cygnet board install my-program --port /dev/ttyACM0
    """
    package = _package(program) if program is not None else None
    name = program.resolve().name if program is not None else ""

    def work(port: str, _number: int, line: Line) -> Done:
        line.step("connecting")
        with BoardConnection.open(port, say=line.step) as board:
            board.require("installing")
            micro = board_on(board.facts, board_name, port)
            line.step("looking at what it holds")
            if package is not None:
                wanted = plan_program(board, package, name)
                plan, what = wanted.plan, f"{wanted.app_id} {wanted.version}"
                notes: tuple[str, ...] = ()
                rom = None
            else:
                held = look_at(board)
                if held.identity is None:
                    raise ProvisionError(f"the board on {port} is no device yet; run `cygnet board provision` first")
                todo = plan_provisioning(board, micro, held.identity, held)
                plan, what, notes = todo.plan, f"runtime {runtime_version()}", todo.notes
                rom = todo.rom
            done = Done(
                board=micro.name,
                identity="",
                detail=f"{what} would go to {micro.name}",
                plan=(*plan_steps(plan, rom), *notes),
                what=what,
            )
            if dry_run:
                return done
            sent = send(board, plan, line, rom)
            if not no_start:
                board.leave(RESTART, "starting")
        told = "; ".join((told_of(sent), *notes))
        return Done(board=micro.name, identity="", detail=f"{what} on {micro.name}; {told}", sent=sent.wire, what=what)

    results = run_on(
        choose_ports(ports, everything=everything), work, Record(record) if record else None, as_json=as_json
    )
    if dry_run and not as_json:
        show_plans(results)


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
