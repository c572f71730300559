"""A worker of programs in Python whose time stands still: the next timer fires when the suite says so."""

from collections.abc import Mapping
from typing import Any

from device_runtime.engine.body import WorkerBody
from device_runtime.engine.connection import WorkerConnection
from device_runtime.engine.quickjs import QuickJSEngine
from device_runtime.engine.timers import TimerHeap
from device_runtime.program import python_worker
from device_runtime.values import Value

ENTRY = "tests.portable.worker:prepare"
NEXT_TIMER = "nextTimer"


def prepare(memory_bytes: str) -> WorkerBody:
    """As of any program in Python, with this worker."""
    return python_worker.prepare(memory_bytes, worker=StillWorker)


class StillWorker(python_worker.PythonWorker):
    """It has a clock of its own."""

    def __init__(self, connection: WorkerConnection, engine: QuickJSEngine, launch: Mapping[str, Any]) -> None:
        super().__init__(connection, engine, launch)
        self._now = 0.0
        self._timers = TimerHeap(lambda: self._now)
        for name, function in (("timer", self._timers.set), ("cancel", self._timers.cancel)):
            self._engine.bind(name, function)

    def _on_capability(self, name: str, payload: Value) -> None:
        if name == NEXT_TIMER:
            self._now += self._timers.wait_seconds() or 0.0
        else:
            super()._on_capability(name, payload)
