"""Bodies for workers that do not keep to the protocol."""

import socket
import struct
import time
from collections.abc import Callable

import msgpack

from device_runtime.engine.body import WorkerBody
from device_runtime.engine.connection import WorkerConnection
from device_runtime.engine.frames import Event, Log


def _sending(data: bytes) -> Callable[[], WorkerBody]:
    def body(connection: socket.socket) -> None:
        WorkerConnection(connection).receive(None)
        connection.sendall(data)
        time.sleep(60)

    return lambda: WorkerBody(body)


def _frame(*items: object) -> bytes:
    packed: bytes = msgpack.packb(list(items))
    return struct.pack(">I", len(packed)) + packed


oversize = _sending(struct.pack(">I", 1 << 30))
garbage = _sending(struct.pack(">I", 4) + b"\xc1\xc1\xc1\xc1")
unknown_kind = _sending(_frame("launch-missiles", 1))
a_response = _sending(_frame("response", 1, None, None))
an_unknown_event = _sending(_frame("event", "surprise", {}))
bad_stack = _sending(_frame("event", "stack", {"pages": [{"id": "x"}], "transition": "push", "target": ""}))
bad_patch = _sending(_frame("patch", 1, [["explode"]], ""))
silent = _sending(b"")


def told(*words: str) -> WorkerBody:
    """Tells what the host gave the zygote for it."""

    def body(connection: socket.socket) -> None:
        link = WorkerConnection(connection)
        link.receive(None)
        link.send(Log("log", " ".join(words), ""))
        link.send(Event("ready", {"pages": 0}))
        link.receive(None)

    return WorkerBody(body)


def ready() -> WorkerBody:
    """Says that it is there, and waits."""

    def body(connection: socket.socket) -> None:
        link = WorkerConnection(connection)
        link.receive(None)
        link.send(Event("ready", {"pages": 0}))
        link.receive(None)

    return WorkerBody(body)
