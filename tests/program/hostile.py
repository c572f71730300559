"""Bodies for workers that do not keep to the protocol."""

import contextlib
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

import msgpack

from device_runtime.engine.connection import WorkerConnection
from device_runtime.engine.frames import Event, Exit, Log, Patch, Request, Response

Body = Callable[[socket.socket], None]


def _sending(data: bytes) -> Callable[[], Body]:
    def body(connection: socket.socket) -> None:
        WorkerConnection(connection).receive(None)
        connection.sendall(data)
        time.sleep(60)

    return lambda: body


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


def told(*words: str) -> Body:
    """Tells what the host gave the zygote for it."""

    def body(connection: socket.socket) -> None:
        link = WorkerConnection(connection)
        link.receive(None)
        link.send(Log("log", " ".join(words), ""))
        link.send(Event("ready", {"pages": 0}))
        link.receive(None)

    return body


def reporter() -> Body:
    """Tells what a worker is left with: descriptors, limits, and if it may gain privileges."""

    def body(connection: socket.socket) -> None:
        link = WorkerConnection(connection)
        link.receive(None)
        status = Path("/proc/self/status").read_text(encoding="ascii")
        facts = [line for line in status.splitlines() if line.startswith("NoNewPrivs")]
        opened = []
        for number in range(1024):
            with contextlib.suppress(OSError):
                opened.append(f"{number} {str(Path(f'/proc/self/fd/{number}').readlink()).split(':')[0]}")
        link.send(Log("log", "; ".join([*facts, *opened]), ""))
        try:
            Path("/tmp/engine-worker-was-here").write_text("x", encoding="ascii")  # noqa: S108 it must fail
        except OSError as error:
            link.send(Log("log", f"cannot write: {error.strerror}", ""))
        link.send(Event("ready", {"pages": 0}))
        link.receive(None)

    return body


def _after_ready(attack: Callable[[WorkerConnection], None], seconds: float = 60.0) -> Callable[..., Body]:
    """Starts as a worker does, then attacks, then stays for a while."""

    def body(connection: socket.socket) -> None:
        link = WorkerConnection(connection)
        link.receive(None)
        link.send(Event("ready", {"pages": 0}))
        attack(link)
        time.sleep(seconds)

    return lambda *_: body


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
