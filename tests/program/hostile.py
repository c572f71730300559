"""Bodies for workers that do not keep to the protocol."""

import socket
import struct
import time
from collections.abc import Callable

import msgpack

from device_runtime.engine.body import WorkerBody
from device_runtime.engine.connection import WorkerConnection
from device_runtime.engine.frames import Event, Exit, Log, Patch, Request, Response


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


def _after_ready(attack: Callable[[WorkerConnection], None], seconds: float = 60.0) -> Callable[..., WorkerBody]:
    """Starts as a worker does, then attacks, then stays for a while."""

    def body(connection: socket.socket) -> None:
        link = WorkerConnection(connection)
        link.receive(None)
        link.send(Event("ready", {"pages": 0}))
        attack(link)
        time.sleep(seconds)

    return lambda *_: WorkerBody(body)


def _calls(link: WorkerConnection) -> None:
    for number in range(1, 101):
        link.send(Request(number, "echo", {}))
    refused = 0
    while refused < 50:
        answer = link.receive(None)
        if isinstance(answer, Response) and answer.error is not None:
            refused += 1
            link.send(Log("log", answer.error, ""))


def _busy(_: WorkerConnection) -> None:
    while True:
        pass


def _lines(link: WorkerConnection) -> None:
    for number in range(2000):
        link.send(Log("log", str(number), ""))
    link.send(Exit("all were sent"))


def _large(link: WorkerConnection) -> None:
    link.send(Patch(1, [["text", 1, "x" * 2_000_000]], ""))


def _greedy(_: WorkerConnection) -> None:
    kept = bytearray(200 * 1024 * 1024)
    kept[::4096] = b"x" * len(kept[::4096])
    time.sleep(60)


too_many_calls = _after_ready(_calls)
busy = _after_ready(_busy)
too_many_lines = _after_ready(_lines, 0.0)
too_large_a_patch = _after_ready(_large)
greedy = _after_ready(_greedy)
