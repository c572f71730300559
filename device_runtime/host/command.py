"""``cygnet device``: run this machine as a device, and look at what is on it."""

import asyncio
import contextlib
import dataclasses
import fcntl
import json
import logging
import signal
from collections.abc import Iterator
from pathlib import Path

import click

from device_runtime.errors import CygnetError
from device_runtime.host.board import Board, find_board
from device_runtime.host.claim_command import claim_command
from device_runtime.host.device import Device
from device_runtime.host.doctor import examine, machine, report
from device_runtime.host.listing import describe, read_installed
from device_runtime.host.privacy_command import privacy
from device_runtime.host.provisioning import Provisioning, load_provisioning
from device_runtime.host.screen.delegate import RemoteSetting
from device_runtime.host.state_directory import default_state
from device_runtime.host.viewing.rules import OwnerRule
from device_runtime.keys import KeyRing, decode_public_key, key_ring


@click.group()
def device() -> None:
    """Run this machine as a device."""


device.add_command(claim_command)
device.add_command(privacy)


@device.command()
@click.option(
    "--board", "board_name", default="virtual-speaker", show_default=True, help="A board's name, or its file."
)
@click.option(
    "--provisioning",
    "provisioning_path",
    type=click.Path(path_type=Path),
    help="What `cygnet fleet enroll` wrote; without it the device is on its own.",
)
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="Directory of all that it remembers.")
@click.option("--trust", multiple=True, metavar="FILE", help="A file with a public key whose packages it runs, too.")
@click.option("--open", "link", metavar="URI", help="A link to an installed program, opened at the start.")
@click.option("--quiet", is_flag=True, help="Log warnings only.")
def run(
    board_name: str,
    provisioning_path: Path | None,
    state: Path | None,
    trust: tuple[str, ...],
    link: str | None,
    quiet: bool,
) -> None:
    """Run a device until Ctrl-C.

    \b
    Example:
      cygnet device run --board virtual-speaker --provisioning kitchen.toml
      cygnet device run --open 'cygnet://miniapp/com.example.shopping/pages/shops/shops?near=1'
    """
    logging.basicConfig(
        level=logging.WARNING if quiet else logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    board = find_board(board_name)
    provisioning = load_provisioning(provisioning_path) if provisioning_path else None
    directory = state or default_state()
    with alone(directory):
        asyncio.run(_run(board, directory, provisioning, _trusted(trust), link))


@device.command()
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="Directory of all that it remembers.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def programs(state: Path | None, as_json: bool) -> None:
    """List what is installed on a device, and the servers that each program may reach.

    \b
    Example:
      cygnet device programs
      cygnet device programs --state /var/lib/cygnet
    """
    installed = read_installed(state or default_state())
    if as_json:
        documents = [dict(item.manifest.document) if item.manifest else {"app_id": item.app_id} for item in installed]
        click.echo(json.dumps(documents, indent=2, ensure_ascii=False))
        return
    if not installed:
        click.echo("No programs are installed.")
    for item in installed:
        click.echo("\n".join(describe(item)))


@device.command("remote-screen")
@click.argument("setting", required=False, type=click.Choice(["ask", "never", "always"]))
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="Directory of all that it remembers.")
def remote_screen(setting: RemoteSetting | None, state: Path | None) -> None:
    """Say whether operators of the fleet may look at this device's screen, or show what holds.

    With ask, the person at the screen is asked each time; with always, operators look without a question. It counts at
    once, also while the device runs. A board's file that says never holds whatever is said here.

    \b
    Example:
      cygnet device remote-screen
      cygnet device remote-screen never
    """
    rule = OwnerRule(state or default_state())
    if setting is not None:
        rule.write(setting)
    click.echo(rule.read())


@device.command()
@click.option(
    "--board", "board_name", default="virtual-speaker", show_default=True, help="A board's name, or its file."
)
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="Directory of all that it remembers.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_context
def doctor(context: click.Context, board_name: str, state: Path | None, as_json: bool) -> None:
    """Tell what keeps programs apart here, by trying it, and what a board lacks.

    Exits with 1 where something is missing that the board needs.

    \b
    Example:
      cygnet device doctor
      cygnet device doctor --board /etc/cygnet/board.toml --json
    """
    board = find_board(board_name)
    findings = asyncio.run(examine(board, state or default_state()))
    if as_json:
        document = {"machine": machine(), "findings": [dataclasses.asdict(finding) for finding in findings]}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        click.echo(f"{board.name} on {machine()}\n")
        click.echo("\n".join(report(findings)))
    if any(finding.needed and not finding.good for finding in findings):
        context.exit(1)


def _trusted(files: tuple[str, ...]) -> KeyRing:
    keys = []
    for file in files:
        try:
            keys.append(decode_public_key(Path(file).read_text().strip()))
        except OSError as error:
            raise CygnetError(f"the public key {file} cannot be read: {error.strerror}") from error
    return key_ring(keys)


@contextlib.contextmanager
def alone(state: Path, advice: str = "") -> Iterator[None]:
    """Hold the state directory: two devices in one would spoil each other's files. ``advice`` is what to do where that
    is not to be chosen.

    Raises:
        CygnetError: another device holds it, or it cannot be made.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = (state / "lock").open("w")
    except OSError as error:
        raise CygnetError(f"the state directory {state} cannot be used: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            sentence = f"a device runs in {state} already; stop it, or give another --state"
            raise CygnetError(f"a device runs in {state} already; {advice}" if advice else sentence) from error
        yield


async def _run(
    board: Board, state: Path, provisioning: Provisioning | None, trusted: KeyRing, link: str | None
) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    running = Device(board, state, provisioning, trusted)
    try:
        url = await running.start()
        if link is not None:
            await running.open_link(link)
        click.echo(f"The screen of {board.name} is at {url}")
        await ended.wait()
    finally:
        await running.stop()
