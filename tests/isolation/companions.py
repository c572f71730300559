"""A companion that attacks: a shell instead of Monty, with code that tries what it must not be able to do."""

import socket
from pathlib import Path

from device_runtime.engine.body import WorkerBody
from device_runtime.engine.connection import WorkerConnection
from device_runtime.engine.frames import Log
from device_runtime.engine.python.executable import find_companion

ENTRY = "tests.isolation.companions:prepare"


def prepare(shell: str, code: str) -> WorkerBody:
    """The body of a worker that passes on what its companion writes, to the end."""

    def run(connection: socket.socket, companion: socket.socket) -> None:
        heard = b""
        while data := companion.recv(4096):
            heard += data
        WorkerConnection(connection).send(Log("log", heard.decode(), ""))

    return WorkerBody(run, companion=find_companion(Path(shell), "-c", code))
