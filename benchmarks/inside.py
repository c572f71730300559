"""Workers that time themselves: from the call of ``setData`` in JavaScript until its patch is on the wire.

For each such patch the worker tells the host an event ``inspect`` with ``wall`` and ``cpu``, in seconds. Saying when a
``setData`` begins is one call out of JavaScript more, some 2 us, which the figure holds.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.parts import is_followed
from device_runtime.engine.body import WorkerBody
from device_runtime.engine.connection import WorkerConnection
from device_runtime.engine.frames import MAX_FRAME_BYTES, Event, Exit, Frame, Patch, Response
from device_runtime.engine.quickjs import DEFAULT_MEMORY_BYTES, QuickJSEngine
from device_runtime.program import worker


def prepare(memory_bytes: str = str(DEFAULT_MEMORY_BYTES)) -> WorkerBody:
    """What the zygote calls: as ``worker.prepare``, with workers that time themselves."""
    return worker.prepare(memory_bytes, worker=TimedWorker, extra=(Path(__file__).with_suffix(".js"),))


class TimedWorker(worker.Worker):
    """One program's run, timed."""

    def __init__(self, connection: WorkerConnection, engine: QuickJSEngine, launch: Mapping[str, Any]) -> None:
        self._timed = _TimedConnection(connection)
        super().__init__(self._timed, engine, launch)

    def _bind(self) -> None:
        super()._bind()
        self._engine.bind("setDataBegins", self._timed.begin)


class _TimedConnection(WorkerConnection):
    """A worker's connection that knows when the last ``setData`` began."""

    def __init__(self, inner: WorkerConnection) -> None:
        self._inner = inner
        self._begun: tuple[float, float] | None = None

    def begin(self) -> None:
        self._begun = time.perf_counter(), time.thread_time()

    def send(self, frame: Frame, most: int = MAX_FRAME_BYTES) -> int:
        size = self._inner.send(frame, most)
        if isinstance(frame, Patch) and not is_followed(frame.operations) and self._begun is not None:
            wall, cpu = time.perf_counter() - self._begun[0], time.thread_time() - self._begun[1]
            self._begun = None
            self._inner.send(Event("inspect", {"wall": wall, "cpu": cpu}))
        return size

    def receive(self, seconds: float | None) -> Frame | None:
        return self._inner.receive(seconds)

    def await_response(self, request_id: int) -> Response | Exit:
        return self._inner.await_response(request_id)
