"""A worker that is an attacker's: Python of his choice runs in it, in the place of a program.

The zygote is prepared as for any program, and a program without ``attack.json`` is an ordinary one. Where a package has
that file, the worker says that it is ready, and then runs the attack that the file names. What becomes of it is told as
a line of the log, if the worker lives to tell it: ``won: …``, ``refused: …``, or ``survived`` for an attack that the
worker outlives without having got anything.
"""

import codecs
import ctypes
import errno
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from device_runtime.engine.body import WorkerBody
from device_runtime.engine.connection import WorkerConnection
from device_runtime.engine.frames import Event, Exit, Log
from device_runtime.program.worker import Worker
from device_runtime.program.worker import prepare as prepare_worker

ENTRY: Final = "tests.isolation.attacker:prepare"
library = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Prey:
    """What an attack is after. ``host`` and ``neighbour`` are process ids, ``secret`` is a file of the host's state,
    ``port`` a TCP and UDP port and ``path`` and ``abstract`` UNIX sockets at which the host listens."""

    host: int
    neighbour: int
    secret: str
    port: int
    path: str
    abstract: str


Attack = Callable[["Stolen"], str | None]
ATTACKS: dict[str, Attack] = {}


class Stolen:
    """What the attacker holds: the worker's socket, and what is known of the host."""

    def __init__(self, link: WorkerConnection, connection: socket.socket, prey: Prey) -> None:
        self.link = link
        self.socket = connection
        self.prey = prey

    def say(self, text: str) -> None:
        self.link.send(Log("log", text, ""))


def attack(function: Attack) -> Attack:
    """Put a function into the table. It returns what it has got, or None where it got nothing; what the kernel refuses
    it raises as ``OSError``."""
    ATTACKS[function.__name__] = function
    return function


def checked(result: int) -> int:
    """The result of a call of the C library, its error as an exception."""
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, errno.errorcode.get(number, str(number)))
    return result


class Attacker(Worker):
    """A program, or an attack."""

    def __init__(self, connection: WorkerConnection, engine: Any, launch: Mapping[str, Any]) -> None:
        super().__init__(connection, engine, launch)
        self._orders = launch["files"].get("attack.json")

    def run(self) -> None:
        if self._orders is None:
            super().run()
            return
        orders = json.loads(self._orders)
        stolen = Stolen(self._connection, self._connection._socket, Prey(**orders["prey"]))
        self._connection.send(Event("ready", {"pages": 0}))
        stolen.say(_outcome(ATTACKS[orders["attack"]], stolen))
        while not isinstance(self._connection.receive(None), Exit):
            pass


def _outcome(function: Attack, stolen: Stolen) -> str:
    try:
        got = function(stolen)
    except OSError as error:
        return f"refused: {errno.errorcode.get(error.errno or 0, error)}"
    except (MemoryError, ValueError) as error:  # ValueError: the standard library's word for EPERM of a limit
        return f"refused: {type(error).__name__}"
    return "survived" if got is None else f"won: {got}"


def prepare(memory_bytes: str) -> WorkerBody:
    """As ``device_runtime.program.worker:prepare``, with everything that attacks need loaded before the fork."""
    from tests.isolation import channel_attacks, kernel_attacks  # noqa: F401 they fill the table

    codecs.lookup("idna")
    return prepare_worker(memory_bytes, worker=Attacker)
