"""What a zygote is asked to prepare."""

import socket
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerBody:
    """What a worker runs: ``run`` is called with its socket. ``rehearsal`` is what a host might send to it, to its end:
    with that it can be run once for what it needs to become known."""

    run: Callable[[socket.socket], None]
    rehearsal: bytes = b""
