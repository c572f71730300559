"""``cygnet demo``: the whole system on this machine."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

from device_runtime.errors import CygnetError
from firmware_tools.demo.processes import DemoError
from firmware_tools.demo.screen import DemoScreen
from firmware_tools.demo.stages import Stage, Walk
from firmware_tools.demo.system import DemoSystem


@click.command()
@click.option("--once", is_flag=True, help="Check every stage, then end: exit code 0, or 1 with the stage that failed.")
@click.option("--directory", type=click.Path(path_type=Path), help="Where the demo keeps its files; emptied first.")
def demo(once: bool, directory: Path | None) -> None:
    """Start a broker, a fleet and a virtual speaker, and speak to it.

    The fleet signs and publishes the example programs; the speaker pulls, verifies, installs and launches them. A tap
    then makes it ask what a program may send, and the answer is tapped as by a guest. A spoken request goes through
    wake word, recogniser, program and screen to a spoken answer. It stays up until Ctrl-C: open the screen, tap, type
    or speak, and answer its questions yourself.

    \b
    Example:
      cygnet demo
      cygnet demo --once
    """
    base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    with _workplace(directory or base / "cygnet" / "demo") as workplace:
        sys.exit(asyncio.run(_demo(workplace, once)))


@contextlib.contextmanager
def _workplace(directory: Path) -> Iterator[Path]:
    """An empty directory that no other demo uses."""
    marker = directory / ".cygnet-demo"
    try:
        if directory.exists() and any(directory.iterdir()) and not marker.exists():
            raise DemoError(f"{directory} is not a demo's directory and not empty; give another --directory")
        directory.mkdir(parents=True, exist_ok=True)
        lock = marker.open("w")
    except OSError as error:
        raise DemoError(f"the demo's directory {directory} cannot be used: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoError(f"a demo runs in {directory} already; end it with Ctrl-C, or give --directory") from error
        for path in directory.iterdir():
            if path != marker:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        yield directory


async def _demo(directory: Path, once: bool) -> int:
    started = time.monotonic()
    ended = asyncio.Event()
    system = DemoSystem(directory, usual_ports=True)
    show = _Progress()
    walk = Walk(system, show.began, show.passed)
    work = asyncio.create_task(_show(system, walk))

    def end() -> None:
        ended.set()
        work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end)
    try:
        await work
        click.echo(f"All {show.count} stages passed in {time.monotonic() - started:.1f} s.")
        if not once:
            _invite(system)
            await _stay(system, ended)
    except asyncio.CancelledError:
        show.clear()
        click.echo("Ended.")
        return 0 if not once else 130
    except CygnetError as error:
        show.clear()
        click.echo(f"{click.style('FAILED', fg='red', bold=True)}: {walk.current}: {error}", err=True)
        return 1
    finally:
        await asyncio.to_thread(system.stop)
    return 0


async def _show(system: DemoSystem, walk: Walk) -> None:
    await walk.setup()
    async with DemoScreen(system.screen_url) as screen:
        await walk.converse(screen)


async def _stay(system: DemoSystem, ended: asyncio.Event) -> None:
    while not ended.is_set():
        system.check()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), 0.5)
    click.echo("\nEnding …")


def _invite(system: DemoSystem) -> None:
    click.echo(
        f"\n  The speaker's screen   {click.style(system.screen_url, bold=True)}\n"
        f"  The operator's page    {click.style(system.client.page_link(), bold=True)}\n\n"
        "Tap, type a request, or press the microphone and say: okay nabu, turn on the kitchen light.\n"
        "Before a program sends anything for the first time, the screen asks you.\n"
        "Ctrl-C ends everything."
    )


class _Progress:
    """Prints each stage with its time; on a terminal, the one under way too."""

    def __init__(self) -> None:
        self.count = 0
        self._live = sys.stdout.isatty()

    def began(self, title: str) -> None:
        if self._live:
            click.echo(f"  …  {title}", nl=False)

    def clear(self) -> None:
        if self._live:
            click.echo("\r\033[K", nl=False)

    def passed(self, stage: Stage) -> None:
        self.count += 1
        self.clear()
        tick = click.style("✓", fg="green", bold=True)
        click.echo(f"  {tick}  {stage.seconds:6.2f} s  {stage.title}: {click.style(stage.seen, dim=True)}")
