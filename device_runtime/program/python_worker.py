"""What runs in the worker of a program in Python: the worker of :mod:`.worker`, with Monty beside it as the engine.

Its zygote is another than that of programs in JavaScript, which pay nothing for it.
"""

import socket
from collections.abc import Mapping
from typing import Any, cast

from device_runtime.engine import EngineError
from device_runtime.engine.body import WorkerBody
from device_runtime.engine.connection import WorkerConnection
from device_runtime.engine.python.engine import PythonEngine
from device_runtime.engine.python.executable import MISSING, find_companion, find_monty
from device_runtime.engine.quickjs import QuickJSEngine
from device_runtime.program.rehearsal import load_stragglers
from device_runtime.program.worker import Worker, rehearse, serve
from device_runtime.values import Value
from device_runtime.view.errors import ViewError
from device_runtime.view.paths import parse_path


def prepare(memory_bytes: str, *, worker: "type[PythonWorker] | None" = None) -> WorkerBody:
    """Import and warm what every worker needs; returns the worker's body. ``memory_bytes`` is the limit of a program's
    heap; tests give a ``worker`` of their own.

    Raises:
        EngineError: Monty is not installed, or cannot be run.
    """
    monty = find_monty()
    if monty is None:
        raise EngineError(MISSING)
    companion = find_companion(monty, "subprocess")
    rehearse()  # of what both languages need, the view and the page stack are the most
    load_stragglers()

    def run(connection: socket.socket, companion: socket.socket) -> None:
        engine = PythonEngine(int(memory_bytes), companion)
        serve(WorkerConnection(connection), cast(QuickJSEngine, engine), worker or PythonWorker)

    return WorkerBody(run, companion=companion)


class PythonWorker(Worker):
    """One run of a program in Python."""

    app_file = "app.py"

    def __init__(self, connection: WorkerConnection, engine: QuickJSEngine, launch: Mapping[str, Any]) -> None:
        super().__init__(connection, engine, launch)
        self._engine.bind("write", self._log)
        self._engine.bind("paths", _paths)

    def _engine_within_limits(self, engine: QuickJSEngine) -> QuickJSEngine:
        """Monty learns of its limit when the program begins."""
        engine.memory_bytes = self._limits.memory_bytes
        return engine

    def _start(self) -> None:
        # It answers all that a worker asks of QuickJS, and needs the files at once.
        cast(PythonEngine, self._engine).start(self._files, self._limits.event_seconds)
        super()._start()


def _paths(changes: Mapping[str, Value]) -> Value:
    """The keys of a ``set_data`` as paths, or why they are none."""
    try:
        return [list(parse_path(name)) for name in changes]
    except ViewError as error:
        return str(error).replace("setData", "set_data")
