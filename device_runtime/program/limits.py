"""The quotas of one program: the one table of what it may use.

Each field says what it bounds, its default and its range. The section ``[limits]`` of a board's configuration is read
by this table, ``docs/quotas.md`` and ``docs/board-maker.md`` are compared with it, and a launch carries it to the
worker. What an honest program breaks by mistake the worker refuses, with an error in the program's own terms; what a
worker could ignore the host measures itself.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from device_runtime.view.tree import MAX_NODES

_MIB: Final = 1024 * 1024


def _quota(doc: str, default: float, minimum: float, maximum: float) -> Any:
    return field(default=default, metadata={"doc": doc, "minimum": minimum, "maximum": maximum})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a program may use."""

    event_seconds: float = _quota("time that one event may take in a program", 2.0, 0.05, 60.0)
    overrun_seconds: float = _quota(
        "seconds on top for one operation of the engine that cannot be stopped in between", 3.0, 0.1, 60.0
    )
    launch_seconds: float = _quota("time that app.js and the first page may take to start", 10.0, 0.5, 120.0)
    cpu_seconds_a_minute: float = _quota(
        "processor time that a program may use in a minute; 60 is a whole core", 45.0, 0.1, 60.0
    )
    memory_mb: int = _quota("JavaScript heap of a program in MiB", 64, 4, 4096)
    worker_memory_mb: int = _quota(
        "memory of the whole process that runs a program in MiB, with heap, view and engine", 384, 64, 8192
    )
    nodes: int = _quota("nodes that one page may have, components' own included", MAX_NODES, 100, 1_000_000)
    patch_mb: int = _quota("largest change of a page in MiB", 8, 1, 16)
    sent_mb_a_second: int = _quota(
        "MiB that a program's process may send the host in a second; more waits for the next", 32, 1, 1024
    )
    messages_a_second: int = _quota(
        "patches, calls and log lines that the host takes from a program in a second; more wait for the next",
        5000, 100, 100_000,
    )  # fmt: skip
    calls_a_second: int = _quota("calls of the host (`wx.request`, `wx.setStorage`, …) in a second", 1000, 10, 50_000)
    running_calls: int = _quota("calls of the host that are worked on at once; others wait", 32, 1, 1024)
    waiting_calls: int = _quota("calls of the host that are not answered yet", 256, 8, 4096)
    timers: int = _quota("timers that wait", 10_000, 10, 100_000)
    log_lines_a_second: int = _quota("lines of the console in a second; errors have twice as many", 200, 10, 10_000)
    storage_mb: int = _quota("what `wx.setStorage` keeps in MiB", 10, 1, 1024)
    inference_sessions: int = _quota("models that a program has open at once", 8, 1, 64)
    model_mb: int = _quota("a model of a program's own in MiB", 16, 1, 1024)

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> "Limits":
        """The ``limits`` of a launch event; what is left out keeps its default."""
        return cls(**members)

    def document(self) -> dict[str, Any]:
        """The same as a launch event carries it."""
        return asdict(self)

    @property
    def memory_bytes(self) -> int:
        """The JavaScript heap."""
        return self.memory_mb * _MIB

    @property
    def worker_memory_bytes(self) -> int:
        """The whole process."""
        return self.worker_memory_mb * _MIB

    @property
    def patch_bytes(self) -> int:
        """One patch."""
        return self.patch_mb * _MIB

    @property
    def storage_bytes(self) -> int:
        """All that is stored."""
        return self.storage_mb * _MIB
