"""Proof that the barriers hold: a confined worker tries what it must not be able to do.

Each barrier is proved alone, with none of the others around the worker, and then all of them together. What is tried
does no harm where it succeeds.
"""

import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from device_runtime.engine.body import WorkerBody
from device_runtime.engine.connection import WorkerConnection
from device_runtime.engine.frames import Event, FrameDecoder, Log, encode_frame
from device_runtime.engine.isolation.barriers import BARRIERS
from device_runtime.engine.workers import WorkerFactory

ENTRY: Final = "device_runtime.engine.isolation.proof:prepare"
_SECONDS: Final = 10.0
# Landlock knows these from that version of its interface on.
_TCP_SINCE, _SIGNALS_SINCE = 4, 6


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that a worker tried: ``outcome`` is what stopped it, ``stopped`` whether anything did."""

    attempt: str
    stopped: bool
    outcome: str


def _open_file(_: Mapping[str, Any]) -> None:
    os.open(sys.executable, os.O_RDONLY)


def _list_root(_: Mapping[str, Any]) -> None:
    if not os.listdir("/"):  # noqa: PTH208 nothing is imported in a worker
        raise FileNotFoundError(errno.ENOENT, "nothing is there")


def _connect(prey: Mapping[str, Any]) -> None:
    socket.socket().connect(("127.0.0.1", prey["port"]))


def _call_abstract(prey: Mapping[str, Any]) -> None:
    socket.socket(socket.AF_UNIX).connect("\0" + prey["abstract"])


def _open_raw(_: Mapping[str, Any]) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)


def _fork(_: Mapping[str, Any]) -> None:
    if os.fork() == 0:
        os._exit(0)


def _duplicate(_: Mapping[str, Any]) -> None:
    os.dup(0)


def _signal_host(prey: Mapping[str, Any]) -> None:
    os.kill(prey["host"], signal.SIGCONT)


def _become_root(_: Mapping[str, Any]) -> None:
    os.setresuid(0, 0, 0)


def _execute(_: Mapping[str, Any]) -> None:
    os.execv(sys.executable, [sys.executable, "-c", ""])  # noqa: S606 to see that it cannot be done


ATTEMPTS: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    "open a file": _open_file,
    "list the root directory": _list_root,
    "connect by TCP": _connect,
    "call an abstract socket": _call_abstract,
    "open a raw socket": _open_raw,
    "start a process": _fork,
    "have a second descriptor": _duplicate,
    "signal the host": _signal_host,
    "become root": _become_root,
    "execute a program": _execute,
}
_ALONE: Final[Mapping[str, tuple[str, ...]]] = {
    "privileges": ("become root", "open a raw socket"),
    "limits": ("start a process", "have a second descriptor", "open a file"),
    "namespaces": ("connect by TCP", "call an abstract socket"),
    "empty-root": ("open a file", "list the root directory", "execute a program"),
    "landlock": ("open a file", "list the root directory", "connect by TCP", "signal the host"),
    "seccomp": ("open a file", "connect by TCP", "start a process", "signal the host", "execute a program"),
}
# What one barrier needs of others: only in a namespace of its own may a process mount, and root may start processes
# beyond any limit.
_NEEDS: Final = {"empty-root": ("namespaces",), "limits": ("privileges",)}


def prepare() -> WorkerBody:
    """What the zygote calls; gives the body of a worker that makes one attempt."""

    def body(connection: socket.socket) -> None:
        link = WorkerConnection(connection)
        order = link.receive(None)
        if not isinstance(order, Event):
            return
        try:
            ATTEMPTS[order.name](order.payload)
        except OSError as error:
            link.send(Log("log", errno.errorcode.get(error.errno or 0, "refused"), ""))
        else:
            link.send(Log("error", "", ""))

    return WorkerBody(body)


def attempts_alone(barrier: str, missing: Collection[str], landlock_version: int) -> tuple[str, ...]:
    """What one barrier stops without the others, where those in ``missing`` are not to be had."""
    newer = {"connect by TCP": _TCP_SINCE, "signal the host": _SIGNALS_SINCE} if barrier == "landlock" else {}
    # Root, where a worker cannot be anything else, is bound by no limit of processes.
    beyond = {"start a process"} if barrier == "limits" and "privileges" in missing else set()
    return tuple(name for name in _ALONE[barrier] if landlock_version >= newer.get(name, 0) and name not in beyond)


async def prove(barrier: str, missing: Collection[str], landlock_version: int) -> list[Trial]:
    """Try one barrier alone; it must not be one of those that are ``missing``.

    Raises:
        EngineError: no worker starts.
    """
    return await try_out({barrier, *_NEEDS.get(barrier, ())}, attempts_alone(barrier, missing, landlock_version))


async def prove_all() -> list[Trial]:
    """Try everything with all barriers around the worker, as programs have them.

    Raises:
        EngineError: no worker starts.
    """
    return await try_out(set(BARRIERS), tuple(ATTEMPTS))


async def try_out(barriers: Collection[str], attempts: Collection[str]) -> list[Trial]:
    """Make attempts with these barriers around the worker.

    Raises:
        EngineError: no worker starts.
    """
    workers = WorkerFactory(ENTRY, barriers=sorted(barriers))
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as abstract:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        name = f"cygnet-proof-{os.getpid()}"
        abstract.bind(f"\0{name}")
        abstract.listen()
        prey = {"host": os.getpid(), "port": tcp.getsockname()[1], "abstract": name}
        try:
            return [await _attempt(workers, attempt, prey) for attempt in attempts]
        finally:
            await workers.close()


async def _attempt(workers: WorkerFactory, attempt: str, prey: dict[str, Any]) -> Trial:
    worker = await workers.start_worker()
    reader, writer = await asyncio.open_unix_connection(sock=worker.connection)
    try:
        async with asyncio.timeout(_SECONDS):
            writer.write(encode_frame(Event(attempt, prey)))
            async for said in _frames(reader):
                if isinstance(said, Log):
                    return Trial(attempt, said.level == "log", said.text or "succeeded")
            status = await worker.ended
    except TimeoutError:
        return Trial(attempt, False, "it did not end")
    finally:
        worker.kill()
        writer.close()
    killed = status is not None and os.WIFSIGNALED(status)
    return Trial(attempt, killed, "ended" if killed else "succeeded")


async def _frames(reader: asyncio.StreamReader) -> AsyncIterator[object]:
    decoder = FrameDecoder(weigh=True)
    while data := await reader.read(4096):
        for frame in decoder.feed(data):
            yield frame
