"""The long-running commands of ``cygnet fleet``: the fleet itself and its embedded broker."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection
from urllib.parse import urlsplit

import click

from firmware_tools.fleet.broker import serve_broker
from firmware_tools.fleet.content_worker import run_content_worker
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.server import run_fleet, served_once
from firmware_tools.fleet.workers.worker import run_worker

_BROKER_SECONDS = 15.0


def serve(home: FleetHome, *, with_broker: bool, quiet: bool) -> None:
    """Run a fleet until Ctrl-C or SIGTERM."""
    _log(logging.WARNING if quiet else logging.INFO)
    if not with_broker:
        asyncio.run(_serve(home))
        return
    with served_once(home):
        pass  # who serves it a second time is told so, and not that the broker's port is taken
    with _embedded_broker(home.settings().broker.url):
        asyncio.run(_serve(home))


async def _serve(home: FleetHome) -> None:
    stop = _stop_event()
    async with run_fleet(home) as fleet:
        click.echo(f"Fleet {fleet.service.fleet}: operator page at {fleet.url}")
        click.echo("Open it signed in with the link that `cygnet fleet page` prints. Ctrl-C ends the fleet.")
        sys.stdout.flush()
        await stop.wait()
    click.echo("The fleet has ended.")


def serve_content(home: FleetHome, number: int, *, quiet: bool) -> None:
    """Run a content worker until Ctrl-C or SIGTERM."""
    _log(logging.WARNING if quiet else logging.INFO)

    async def run() -> None:
        stop = _stop_event()
        async with run_content_worker(home, number):
            await stop.wait()

    asyncio.run(run())


def work(home: FleetHome, number: int, *, quiet: bool) -> None:
    """Run a worker until Ctrl-C or SIGTERM."""
    _log(logging.WARNING if quiet else logging.INFO)

    async def run() -> None:
        stop = _stop_event()
        async with run_worker(home, number) as worker:
            click.echo(
                f"Worker {worker.crew.name} of fleet {worker.service.fleet}. Ctrl-C ends it; any number may run."
            )
            sys.stdout.flush()
            await stop.wait()
        click.echo("The worker has ended.")

    asyncio.run(run())


def run_broker(listen: str, password_file: Path | None, *, while_stdin: bool) -> None:
    """Run the embedded broker until Ctrl-C or SIGTERM; with ``while_stdin``, also until standard input ends."""
    _log(logging.INFO)

    async def run() -> None:
        stop = _stop_event()
        if while_stdin:
            _stop_with_stdin(stop)
        await serve_broker(listen, password_file, stop)

    asyncio.run(run())


def set_broker_password(user: str, password: str, path: Path) -> None:
    """Write a user into a password file of the embedded broker, in place of an earlier one of that name.

    Raises:
        FleetError: the name cannot stand in the file, or the file cannot be written.
    """
    from pwdlib import PasswordHash  # what amqtt checks passwords with
    from pwdlib.hashers.argon2 import Argon2Hasher

    if not user or ":" in user or user.startswith("#") or not user.isprintable():
        raise FleetError(f"{user!r} cannot be a user: it must not be empty, start with # or hold a colon")
    line = f"{user}:{PasswordHash((Argon2Hasher(),)).hash(password)}"
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        kept = [other for other in lines if other.partition(":")[0] != user]
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join([*kept, line]) + "\n")
    except OSError as error:
        raise FleetError(f"{path} cannot be written: {error.strerror}") from error


def _log(level: int) -> None:
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")


def _stop_event() -> asyncio.Event:
    """Set at Ctrl-C or SIGTERM; a second Ctrl-C ends the process at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def end() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, end)
    loop.add_signal_handler(signal.SIGTERM, end)
    return stop


def _stop_with_stdin(stop: asyncio.Event) -> None:
    loop, descriptor = asyncio.get_running_loop(), sys.stdin.fileno()

    def readable() -> None:
        if not os.read(descriptor, 1024):
            loop.remove_reader(descriptor)
            stop.set()

    loop.add_reader(descriptor, readable)


@contextmanager
def _embedded_broker(url: str) -> Iterator[None]:
    """The embedded broker as a process of its own, which ends with this one however this one ends."""
    if "," in url:
        raise FleetError(
            f"the embedded broker is one, but broker.url in fleet.toml names several: {url}; "
            "leave out --with-broker to use the cluster that runs there"
        )
    parts = urlsplit(url)
    if parts.scheme != "mqtt":
        raise FleetError(
            f"the embedded broker does not speak TLS, but broker.url in fleet.toml is {url}; "
            "leave out --with-broker to use the broker that runs there"
        )
    host, port = parts.hostname or "127.0.0.1", parts.port or 1883
    listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if _answers(host, port):
        raise FleetError(f"something listens on {listen} already; leave out --with-broker to use it as the broker")
    process = subprocess.Popen(
        [sys.executable, "-m", "firmware_tools.cli", "fleet", "broker", "--listen", listen, "--while-stdin"],
        stdin=subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C is for us; we end it when the fleet has said goodbye to it
    )
    try:
        deadline = time.monotonic() + _BROKER_SECONDS
        while not _answers(host, port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise FleetError(f"the embedded broker does not start on {listen}; its own message says why")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(host: str, port: int) -> bool:
    try:
        create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
