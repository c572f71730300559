"""``cygnet program dev``: a board on the screen that follows the source, and tools beside it."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import webbrowser
from pathlib import Path

import click

from device_runtime.errors import CygnetError
from device_runtime.host.board import find_board
from firmware_tools.build.dialects import SourceError
from firmware_tools.cli.program_options import organisation as organisation_option
from firmware_tools.sign.keys import developer_key_path, load_or_create_private_key
from firmware_tools.simulator.addresses import Addresses
from firmware_tools.simulator.boards import for_a_desk

DEFAULT_PORT = 8380
_COLOURS = {"error": "red", "warning": "yellow"}


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--board", "board_name", default="virtual-speaker", show_default=True, help="A board's name, or its file."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True,
    help="Port of screen and tools; 0 takes a free one.",
)  # fmt: skip
@click.option("--listen", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to serve them at.")
@click.option("--open/--no-open", "open_browser", default=None, help="[default: open, where there is a desktop]")
@click.option("--voice/--no-voice", default=False, show_default=True, help="Listen to the microphone, too.")
@organisation_option
@click.option("--quiet", is_flag=True, help="Print the program's warnings and errors only.")
def dev(
    directory: Path,
    board_name: str,
    port: int,
    listen: str,
    open_browser: bool | None,
    voice: bool,
    organisation: str,
    quiet: bool,
) -> None:
    """Run the program in DIRECTORY on a screen in your browser, with developer's tools beside it, until Ctrl-C.

    A saved file is on the screen at once. What the program stores is kept from run to run, and so is what you answer
    when it asks what it may send.

    \b
    Example:
      cygnet program dev my-program
      cygnet program dev my-program --organisation "Example Ltd"
      cygnet program dev my-program --board rpi-zero2w-speaker --port 9000
    """
    if not directory.is_dir():
        raise SourceError(f"{directory} is not a folder; give the folder that holds the program's app.json")
    board = for_a_desk(find_board(board_name), port=port, voice=voice, listen=listen, organisation=organisation)
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(message)s")
    for name in ("device_runtime.sync", "watchfiles"):
        logging.getLogger(name).setLevel(logging.WARNING)
    opens = _has_desktop() if open_browser is None else open_browser
    try:
        from firmware_tools.simulator.simulator import Simulator
    except ModuleNotFoundError as error:
        raise CygnetError(f"`cygnet program dev` needs {error.name}; run: pip install 'cygnet[tools]'") from error

    async def serve() -> None:
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)

        def ready(addresses: Addresses) -> None:
            click.echo(f"Tools and screen: {click.style(addresses.tools, bold=True)}")
            click.echo(f"The screen alone: {addresses.screen}")
            if addresses.elsewhere:
                click.echo(f"In your network:  {addresses.elsewhere}")
            click.echo(f"Watching {directory} (Ctrl-C ends it)")
            if opens:
                asyncio.get_running_loop().run_in_executor(None, _open, addresses.tools)

        def say(text: str) -> None:
            word, colon, rest = text.partition(": ")
            if colon and word in _COLOURS:
                click.echo(f"{click.style(f'{word}:', fg=_COLOURS[word], bold=True)} {rest}", err=True)
            elif not quiet:
                click.echo(text)

        simulator = Simulator(directory, board, load_or_create_private_key(developer_key_path()), say, organisation)
        try:
            await simulator.run(ready, ended)
        finally:
            await simulator.stop()

    asyncio.run(serve())


def _has_desktop() -> bool:
    """Somebody sits here, in front of more than a terminal."""
    shown = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(shown) and sys.stdout.isatty()


def _open(address: str) -> None:
    with contextlib.suppress(webbrowser.Error):  # the address stands in the terminal
        webbrowser.open(address)
