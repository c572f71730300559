"""The host's side of the zygote: starting it, asking it for workers, hearing how they end."""

import asyncio
import contextlib
import itertools
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from device_runtime.engine import EngineError
from device_runtime.engine.isolation.barriers import BarrierError, demand
from device_runtime.engine.isolation.cgroup import CgroupError, WorkerGroups, own_group
from device_runtime.engine.isolation.confine import BARRIERS
from device_runtime.engine.zygote import MESSAGE_BYTES

_log = logging.getLogger(__name__)
_START_SECONDS = 30.0
_FORK_SECONDS = 10.0
_END_SECONDS = 2.0
_MEMORY_BYTES = 384 * 1024 * 1024
_COMPANION_THREADS = 4
# All that a zygote gets of the environment: workers have it in their memory, and passwords may be in the rest.
_ENVIRONMENT = ("PATH", "TZ", "LANG", "LC_", "LD_LIBRARY_PATH", "PYTHON", "MALLOC_", "GLIBC_TUNABLES")


@dataclass(slots=True, eq=False)
class WorkerProcess:
    """One worker: its socket, and how it ended. ``status`` is that of ``waitpid``, or None if nobody could tell.
    ``companion`` is the process beside it, where it has one; it ends with the worker."""

    pid: int
    connection: socket.socket
    ended: asyncio.Future[int | None] = field(repr=False)
    companion: int | None = None

    def kill(self) -> None:
        """End it now. One that has ended already is left alone: its number may be someone else's."""
        if not self.ended.done():
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                return


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8", errors="surrogateescape")


def describe_status(status: int | None) -> str:
    """How a process ended, for people."""
    if status is None:
        return "the zygote that watched it is gone"
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGALRM:
            return "it did not come back from one operation in time and was ended"
        if number == signal.SIGSYS:
            return "it asked the kernel for what no program may have, and was ended"
        return f"it was ended by the signal {signal.Signals(number).name}"
    return f"it ended with exit code {os.waitstatus_to_exitcode(status)}"


class WorkerFactory:
    """Keeps one zygote running, and forks workers from it.

    ``entry`` is ``module:function`` and ``arguments`` what that function is given, as
    :mod:`device_runtime.engine.zygote` describes. A zygote that dies takes its workers with it; the next
    :meth:`start_worker` starts another, and the log says so. ``barriers`` are put around the workers as far as the
    kernel has them; without one of those that are ``required``, no worker starts. ``memory_bytes`` is what a worker may
    have in all; its limit of addresses follows from that, and its control group, which lets it have ``threads``.
    """

    def __init__(
        self,
        entry: str,
        *arguments: str,
        barriers: Collection[str] = BARRIERS,
        required: Collection[str] = (),
        memory_bytes: int = _MEMORY_BYTES,
        threads: int = 1,
    ) -> None:
        self._groups: WorkerGroups | None = None
        self._memory_bytes = memory_bytes
        self._threads = threads
        self.missing: dict[str, str] = {}
        self._required = required
        self._command = [sys.executable, "-m", "device_runtime.engine.zygote", entry]
        self._arguments = (",".join(barriers), str(memory_bytes), *arguments)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._numbers = itertools.count(1)
        self._forking: dict[int, asyncio.Future[tuple[int, int | None]]] = {}
        self._ended: dict[int, asyncio.Future[int | None]] = {}
        self._ready: asyncio.Future[dict[str, str]] | None = None
        self._starting = asyncio.Lock()
        self._spare: asyncio.Task[WorkerProcess] | None = None

    @property
    def zygote_pid(self) -> int | None:
        """The zygote's process id while it runs."""
        return self._process.pid if self._process is not None and self._control is not None else None

    async def start(self) -> None:
        """Start the zygote if it does not run; returns when it can fork.

        Raises:
            EngineError: it did not become ready.
            BarrierError: a required barrier is missing.
        """
        async with self._starting:
            if self._control is not None:
                return
            groupless = self._find_groups()
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.setblocking(False)
            with theirs:
                self._process = subprocess.Popen(  # noqa: ASYNC220 a fork and exec of our own interpreter: 1-2 ms
                    [*self._command, str(theirs.fileno()), *self._arguments],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    env={name: value for name, value in os.environ.items() if name.startswith(_ENVIRONMENT)},
                )
            loop = asyncio.get_running_loop()
            self._control, self._ready = ours, loop.create_future()
            loop.add_reader(ours, self._read)
            try:
                async with asyncio.timeout(_START_SECONDS):
                    missing = await self._ready
            except TimeoutError as error:
                self._lose()
                raise EngineError(f"the zygote did not become ready within {_START_SECONDS:g} s") from error
            self.missing = missing | groupless
            try:
                demand(self._required, self.missing)
            except BarrierError:
                await self.close()
                raise

    async def start_worker(self) -> WorkerProcess:
        """The worker that :meth:`prepare_worker` has got ready, or one that is forked now.

        Raises:
            EngineError: the zygote cannot be started or does not fork.
        """
        spare, self._spare = self._spare, None
        if spare is not None:
            with contextlib.suppress(EngineError):
                worker = await spare
                if not worker.ended.done():
                    return worker
                worker.connection.close()
        return await self._fork()

    def prepare_worker(self) -> "asyncio.Task[WorkerProcess]":
        """Fork a worker for the next program while there is time; it waits for its program with all barriers up."""
        if self._spare is None:
            self._spare = asyncio.create_task(self._fork(), name="a worker for the next program")
            self._spare.add_done_callback(_note_failure)
        return self._spare

    async def _fork(self) -> WorkerProcess:
        await self.start()
        loop = asyncio.get_running_loop()
        number = next(self._numbers)
        forked: asyncio.Future[tuple[int, int | None]] = loop.create_future()
        ended: asyncio.Future[int | None] = loop.create_future()
        self._forking[number], self._ended[number] = forked, ended
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setblocking(False)
        try:
            with theirs:
                self._send(number, theirs)
            async with asyncio.timeout(_FORK_SECONDS):  # wait_for may swallow that it is cancelled, in Python 3.11
                pid, companion = await forked
        except TimeoutError as error:
            ours.close()
            raise EngineError(f"the zygote did not fork a worker within {_FORK_SECONDS:g} s") from error
        except BaseException:
            ours.close()
            raise
        finally:
            self._forking.pop(number, None)
        if self._groups is not None:
            # Not waited for: the kernel takes milliseconds to move a process, and other barriers stand already.
            loop.run_in_executor(None, self._groups.add, pid, self._memory_bytes, self._threads)
            if companion is not None:
                loop.run_in_executor(None, self._groups.add, companion, self._memory_bytes, _COMPANION_THREADS)
        return WorkerProcess(pid, ours, ended, companion)

    def _find_groups(self) -> dict[str, str]:
        """Take the control groups that are delegated to us; gives what is missing, and why."""
        if self._groups is None:
            try:
                self._groups = WorkerGroups(own_group(*map(_read, ("/proc/self/cgroup", "/proc/self/mountinfo"))))
            except CgroupError as error:
                return {"cgroup": str(error)}
        return {}

    async def close(self) -> None:
        """End the zygote, and with it every worker."""
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.cancel()
            with contextlib.suppress(EngineError, asyncio.CancelledError):
                worker = await spare
                worker.connection.close()
                # While its zygote is there to take note of its end: else it would be left to the system.
                await asyncio.wait([worker.ended], timeout=_END_SECONDS)
        self._lose(expected=True)
        process, self._process = self._process, None
        if process is not None:
            await asyncio.get_running_loop().run_in_executor(None, process.wait)

    def _send(self, number: int, worker: socket.socket) -> None:
        if self._control is None:
            raise EngineError("the zygote ended while it was asked for a worker")
        try:
            socket.send_fds(self._control, [json.dumps({"fork": number}).encode()], [worker.fileno()])
        except OSError as error:
            self._lose()
            raise EngineError(f"the zygote cannot be reached: {error.strerror}") from error

    def _read(self) -> None:
        if self._control is None:
            return
        try:
            while data := self._control.recv(MESSAGE_BYTES):
                self._receive(json.loads(data))
        except BlockingIOError:
            return
        except OSError as error:
            _log.warning("the zygote's socket failed: %s", error)
        self._lose()

    def _receive(self, message: dict[str, Any]) -> None:
        if "ready" in message and self._ready is not None and not self._ready.done():
            self._ready.set_result(message["missing"])
        elif "forked" in message:
            forked = self._forking.get(message["forked"])
            if forked is not None and not forked.done():
                forked.set_result((message["pid"], message["companion"]))
        elif "exited" in message:
            ended = self._ended.pop(message["exited"], None)
            if ended is not None and not ended.done():
                ended.set_result(message["status"])
            if self._groups is not None:
                self._groups.remove(message["pid"])
        elif "gone" in message and self._groups is not None:
            self._groups.remove(message["gone"])

    def _lose(self, *, expected: bool = False) -> None:
        """The zygote is gone: everyone who waits for it or for its workers hears so."""
        if self._control is None:
            return
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        self._control = None
        process = self._process
        if process is not None and not expected:
            process.kill()
            status = process.wait()
            self._process = None
            _log.error(
                "the zygote (process %d) ended with status %d; the next program starts another", process.pid, status
            )
        gone = EngineError("the zygote ended unexpectedly; it is started again for the next program")
        waiting: list[asyncio.Future[Any]] = [
            *self._forking.values(),
            *([self._ready] if self._ready is not None else []),
        ]
        for future in waiting:
            if not future.done():
                future.set_exception(gone)
        for ended in self._ended.values():
            if not ended.done():
                ended.set_result(None)
        self._forking.clear()
        self._ended.clear()


def _note_failure(spare: "asyncio.Task[WorkerProcess]") -> None:
    error = None if spare.cancelled() else spare.exception()
    if error is not None:
        _log.debug("no worker could be got ready for the next program: %s", error)
