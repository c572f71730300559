"""All running programs of a board: one zygote, one session a program."""

import asyncio
from collections.abc import Collection
from typing import Final

from device_runtime.engine.python.executable import MISSING, find_monty
from device_runtime.engine.workers import WorkerFactory
from device_runtime.errors import CygnetError
from device_runtime.program.limits import Limits
from device_runtime.program.session import ProgramSession, SessionError
from device_runtime.program.surroundings import ProgramSource, Surroundings

WORKER_ENTRY = "device_runtime.program.worker:prepare"
PYTHON_ENTRY: Final = "device_runtime.program.python_worker:prepare"
WATCH_SECONDS: Final = 2.0


class PythonMissingError(CygnetError):
    """The device has no engine for programs in Python."""


def python_workers(
    limits: Limits, required_barriers: Collection[str] = (), memory_bytes: int | None = None
) -> WorkerFactory:
    """The keeper of the zygote for programs in Python.

    Raises:
        PythonMissingError: the engine is not installed.
    """
    if find_monty() is None:
        raise PythonMissingError(MISSING)
    most = limits.worker_memory_bytes if memory_bytes is None else memory_bytes
    return WorkerFactory(PYTHON_ENTRY, str(limits.memory_bytes), required=required_barriers, memory_bytes=most)


class Sessions:
    """Starts programs on demand. Call :meth:`start` once, and :meth:`close` at the end. ``entry`` is what the zygote
    prepares workers with. What they use is measured every ``watch_seconds``; nothing
    starts without the ``required_barriers`` of :mod:`device_runtime.engine.isolation.barriers`."""

    def __init__(
        self,
        surroundings: Surroundings,
        entry: str = WORKER_ENTRY,
        watch_seconds: float = WATCH_SECONDS,
        required_barriers: Collection[str] = (),
    ) -> None:
        self._around = surroundings
        self._watch_seconds = watch_seconds
        self._watching: asyncio.Task[None] | None = None
        # The zygote makes the engine that workers inherit, and an engine's limit is set when it is made.
        limits = surroundings.limits
        self._workers = WorkerFactory(
            entry, str(limits.memory_bytes), required=required_barriers, memory_bytes=limits.worker_memory_bytes
        )
        # Started with the first program in Python.
        self._python: WorkerFactory | None = None
        self._required_barriers = required_barriers
        self._sessions: dict[str, ProgramSession] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    @property
    def workers(self) -> WorkerFactory:
        """The zygote's keeper."""
        return self._workers

    async def start(self) -> None:
        """Start the zygote, so that the first program need not wait for it.

        Raises:
            EngineError: it does not start.
        """
        await self._workers.start()
        self._workers.prepare_worker()

    def get(self, app_id: str) -> ProgramSession | None:
        """The session of a program that runs."""
        session = self._sessions.get(app_id)
        return session if session is not None and session.running else None

    @property
    def running(self) -> list[ProgramSession]:
        """Every session that runs."""
        return [session for session in self._sessions.values() if session.running]

    async def launch(self, source: ProgramSource, path: str = "") -> ProgramSession:
        """The program's session: a new one opened at ``path``, or the running one, where ``path`` is then opened.

        Raises:
            SessionError: the program cannot be started.
        """
        app_id = source.manifest.app_id
        async with self._locks.setdefault(app_id, asyncio.Lock()):
            session = self.get(app_id)
            if session is not None:
                if path:
                    session.open(path)
                return session
            workers = self._workers_for(source)
            session = ProgramSession(source, workers, self._around)
            self._sessions[app_id] = session
            if self._watching is None:
                self._watching = asyncio.create_task(self._watch(), name="what programs use")
            try:
                await session.start(path)
            except BaseException:
                self._sessions.pop(app_id, None)
                await session.stop()
                raise
            finally:
                if workers is self._workers:  # Monty is ready in no time, and one that waits takes memory
                    workers.prepare_worker()
            return session

    def _workers_for(self, source: ProgramSource) -> WorkerFactory:
        if source.manifest.language != "python":
            return self._workers
        if self._python is None:
            try:
                self._python = python_workers(self._around.limits, self._required_barriers)
            except PythonMissingError as error:
                raise SessionError(f"{source.manifest.app_id} cannot be started: {error}") from error
        return self._python

    async def stop(self, app_id: str) -> None:
        """End a program if it runs."""
        session = self._sessions.pop(app_id, None)
        if session is not None:
            await session.stop()

    async def close(self) -> None:
        """End every program, and the zygote."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        await asyncio.gather(*(self.stop(app_id) for app_id in list(self._sessions)))
        await self._workers.close()
        if self._python is not None:
            await self._python.close()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._watch_seconds)
            for session in self.running:
                session.measure()
