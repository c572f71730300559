"""A site as docs/operations.md makes it, on loopback: mosquitto with TLS and users, a home, secrets as files; and the
command lines of deploy/ as processes on it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.request import urlopen

from firmware_tools.fleet.home import FleetHome, init_home
from tests.brokers import Mosquitto, free_port

PASSWORD = "a secret of the broker's"  # noqa: S105 - of a test
_SECONDS = 60.0


class Site:
    """Where the command lines run. ``home`` is set up for the broker, with its password among the credentials."""

    def __init__(self, folder: Path, broker: Mosquitto, database: str = "") -> None:
        self.broker, self._folder = broker, folder
        self.address = f"127.0.0.1:{free_port()}"
        self.home: FleetHome = init_home(folder / "home", "north", broker=broker.url, listen=self.address)
        lines = [
            'fleet = "north"',
            "[broker]",
            f'url = "{broker.url}"',
            'username = "fleet"',
            'password_file = "$CREDENTIALS_DIRECTORY/cygnet.broker.password"',
            f'ca = "{broker.authority.ca_file}"',
            "[http]",
            f'listen = "{self.address}"',
            "[content]",
            "workers = 2",
            *(["[database]", f'url = "{database}"'] if database else []),
        ]
        self.home.settings_file.write_text("\n".join(lines) + "\n")
        self.credentials = folder / "credentials"
        self.credentials.mkdir(mode=0o700)
        (self.credentials / "cygnet.broker.password").write_text(PASSWORD + "\n")
        (self.credentials / "cygnet.broker.password").chmod(0o400)
        self._processes: list[tuple[subprocess.Popen[bytes], Path]] = []

    def run(self, words: Sequence[str], environment: Mapping[str, str] | None = None) -> "subprocess.Popen[bytes]":
        """Run ``cygnet`` with these words as a service is run: with no environment but what it is given."""
        log = self._folder / f"log-{len(self._processes)}"
        process = subprocess.Popen(
            [sys.executable, "-m", "firmware_tools.cli", *words],
            stdin=subprocess.DEVNULL,
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
            cwd=self._folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                "CREDENTIALS_DIRECTORY": str(self.credentials),
                **(environment or {}),
            },
        )
        self._processes.append((process, log))
        return process

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Look until it is so; a process that ends meanwhile says why."""
        deadline = time.monotonic() + _SECONDS
        while not condition():
            for process, log in self._processes:
                assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "\n".join(log.read_text() for _, log in self._processes)
            time.sleep(0.05)

    def is_well(self) -> bool:
        """Whether the fleet says so."""
        try:
            with urlopen(f"http://{self.address}/healthz", timeout=5) as answer:
                return b'"status": "ok"' in answer.read()
        except OSError:
            return False

    def has_connected(self, client: str) -> int:
        """How many clients whose id begins so have come to the broker."""
        return self.broker.log_file.read_text().count(f" as {client}")

    def forget(self) -> None:
        """What has ended so far need not run."""
        self._processes = [(process, log) for process, log in self._processes if process.poll() is None]

    def stop(self) -> list[int]:
        """SIGTERM to all, last first, as systemd and containers end them; the exit codes."""
        for process, _ in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        return [process.returncode for process, _ in self._processes]

    def kill(self) -> None:
        """End what is left."""
        for process, _ in self._processes:
            process.kill()
            process.wait()
