"""``cygnet program build|sign|run``: from source to a signed package, and to a screen."""

import asyncio
import dataclasses
import json
import logging
import signal
import tempfile
from pathlib import Path

import click

from device_runtime.host.board import find_board
from device_runtime.host.command import alone
from device_runtime.host.device import Device
from device_runtime.keys import encode_public_key, key_ring
from device_runtime.program.package import read_package_file, seal_package
from device_runtime.program.uri import is_uri
from device_runtime.sealed.archive import read_archive
from firmware_tools.build.portable.boards import check_for_board, read_board_tables
from firmware_tools.build.program import BuiltProgram, build_program, write_package
from firmware_tools.cli.program_options import organisation as organisation_option
from firmware_tools.port.plan_remarks import PlanRemarks, plan_remarks
from firmware_tools.sign.keys import developer_key_path, load_or_create_private_key, load_private_key
from firmware_tools.simulator.boards import RUNS_ALREADY, for_a_desk, run_state

_KEY_HELP = "Private key to sign with; by default your own, made at the first use."


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="[default: DIRECTORY's name with .ma]")
@click.option("--key", "key_path", type=click.Path(path_type=Path, dir_okay=False), help=_KEY_HELP)
@click.option("--source-maps", is_flag=True, help="Pack the .js.map files, so that errors name the original source.")
@click.option("--board", "board_name", default="", help="Check that this board can run it: a name, or a file.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def build(
    directory: Path, out: Path | None, key_path: Path | None, source_maps: bool, board_name: str, as_json: bool
) -> None:
    """Build the program in DIRECTORY, in the WeChat or the SWAN dialect, as a signed package.

    The same source and key make the same bytes.

    \b
    Example:
      cygnet program build my-program
      cygnet program build my-program --out release/my-program.ma --key release.key
      cygnet program build my-program --board pico-w
    """
    key = load_private_key(key_path) if key_path else load_or_create_private_key(developer_key_path())
    board = read_board_tables(board_name) if board_name else {}
    built = build_program(directory, key, source_maps=source_maps)
    check_for_board(built, board)
    remarks = plan_remarks(directory, built.package.manifest)
    path = out or Path(f"{directory.resolve().name}.ma")
    write_package(built.data, path)
    package, manifest = built.package, built.package.manifest
    if as_json:
        click.echo(
            json.dumps(
                {
                    "path": str(path),
                    "app_id": manifest.app_id,
                    "version": dataclasses.asdict(manifest.version),
                    "sha256": package.sha256,
                    "size": package.size,
                    "public_key": encode_public_key(key.public_key()),
                    "warnings": [*built.warnings, *remarks.warnings],
                    "notes": list(remarks.notes),
                },
                indent=2,
            )
        )
        return
    _show_remarks(built, remarks)
    click.echo(f"{path}: {manifest.name} {manifest.version.name} ({manifest.app_id}), {package.size:,} bytes")
    click.echo(f"sha256 {package.sha256}\nsigned by {package.key_id[:16]}…")


def _show_remarks(built: BuiltProgram, remarks: PlanRemarks) -> None:
    for warning in (*built.warnings, *remarks.warnings):
        click.echo(f"{click.style('warning:', fg='yellow', bold=True)} {warning}", err=True)
    for note in remarks.notes:
        click.echo(f"{click.style('note:', fg='cyan', bold=True)} {note}", err=True)


@click.command()
@click.argument("package", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--key", "key_path", type=click.Path(path_type=Path, dir_okay=False), help=_KEY_HELP)
def sign(package: Path, key_path: Path | None) -> None:
    """Sign PACKAGE again with another key; what is in it stays as it is.

    \b
    Example:
      cygnet program sign lights.ma --key release.key
    """
    key = load_private_key(key_path) if key_path else load_or_create_private_key(developer_key_path())
    write_package(seal_package(read_archive(read_package_file(package)), key), package)
    click.echo(f"{package} is signed; devices that trust this public key run it: {encode_public_key(key.public_key())}")


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--board", "board_name", default="virtual-speaker", show_default=True, help="A board's name, or its file."
)
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the screen; 0 takes a free one.")
@click.option("--voice/--no-voice", default=None, help="[default: on, where the board has it and it is installed]")
@click.option("--open", "place", default="", metavar="PATH|URI", help="The page to open, or a link to it.")
@organisation_option
@click.option("--quiet", is_flag=True, help="Show the program's warnings and errors only.")
def run(
    directory: Path,
    board_name: str,
    port: int | None,
    voice: bool | None,
    place: str,
    organisation: str,
    quiet: bool,
) -> None:
    """Build the program in DIRECTORY and run it on a screen in your browser, until Ctrl-C.

    What it stores is kept from run to run, and so is what you answer when it asks what it may send. Its console is
    printed here.

    \b
    Example:
      cygnet program run my-program
      cygnet program run my-program --board rpi-zero2w-speaker --port 9000
      cygnet program run my-program --open '/pages/shops/shops?near=1'
    """
    key = load_or_create_private_key(developer_key_path())
    built = build_program(directory, key, source_maps=True)
    _show_remarks(built, plan_remarks(directory, built.package.manifest))
    board = for_a_desk(find_board(board_name), port=port, voice=voice, organisation=organisation)
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(message)s")
    logging.getLogger("device_runtime.sync").setLevel(logging.WARNING)
    app_id = built.package.manifest.app_id
    state = run_state(app_id)
    with alone(state, RUNS_ALREADY), tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / f"{app_id}.ma"
        write_package(built.data, package)
        device = Device(board, state, None, key_ring([key.public_key()]), built.package.manifest.name)
        device.store.install(package)
        asyncio.run(_run(device, app_id, place))


async def _run(device: Device, app_id: str, place: str) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        url = await device.start()
        if is_uri(place):
            await device.open_link(place)
        else:
            await device.desk.launch(app_id, place)
        click.echo(f"It runs at {click.style(url, bold=True)} (Ctrl-C ends it)")
        await ended.wait()
    finally:
        await device.stop()
