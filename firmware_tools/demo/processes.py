"""The processes of the demo: each its own, each with a log file, all ended together."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from device_runtime.errors import CygnetError

_STOP_SECONDS = 8.0


class DemoError(CygnetError):
    """The demo cannot go on; the message says which part failed and where its log is."""


class Service:
    """One process of the demo. It can be killed and started again with the same command."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id.

        Raises:
            DemoError: it does not run.
        """
        if self._process is None:
            raise DemoError(f"{self.name} was not started")
        return self._process.pid

    def start(self) -> None:
        """Start the process; its output is appended to its log."""
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C reaches the demo alone, which then ends its processes in order.
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment},
                start_new_session=True,
            )

    def check(self) -> None:
        """Notice that the process ended by itself.

        Raises:
            DemoError: it did; the message holds the last line of its log.
        """
        if self._process is not None and self._process.poll() is not None:
            raise DemoError(
                f"{self.name} ended with exit code {self._process.returncode}: {self.last_words()} (log: {self.log})"
            )

    def last_words(self) -> str:
        """The last line that the process wrote."""
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return lines[-1] if lines else "it said nothing"

    def wait(self) -> int:
        """Wait for the process to end by itself; gives its exit code."""
        return self._process.wait() if self._process is not None else 0

    def kill(self) -> None:
        """``kill -9``, as a power cut would."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """Ask the process to end, and make it end when it takes too long."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


class Services:
    """The processes of one demo, started one after another and stopped in reverse."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self._logs = logs
        self._environment = environment
        self._services: list[Service] = []
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, *arguments: str) -> Service:
        """Start ``cygnet ARGUMENTS…`` as the process ``name``."""
        return self.start_module(name, "firmware_tools.cli", *arguments)

    def start_module(self, name: str, module: str, *arguments: str) -> Service:
        """Start ``python -m MODULE ARGUMENTS…`` as the process ``name``."""
        return self.start_command(name, [sys.executable, "-m", module, *arguments], {})

    def start_command(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Service:
        """Start any command as the process ``name``, with more of an environment."""
        service = Service(name, command, self._logs / f"{name}.log", {**self._environment, **environment})
        service.start()
        self._services.append(service)
        return service

    def forget(self, service: Service) -> None:
        """A process that was meant to end has ended."""
        self._services.remove(service)

    def check(self) -> None:
        """Notice any process that ended by itself.

        Raises:
            DemoError: one did.
        """
        for service in self._services:
            service.check()

    def stop(self) -> None:
        """End them all, the last started first."""
        for service in reversed(self._services):
            service.stop()
