"""What a worker uses, as the kernel tells: a worker that accounts for itself would be believed."""

import os
from dataclasses import dataclass
from typing import Final

_TICK: Final = 1.0 / os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
# Fields of /proc/PID/stat behind the name, which may hold spaces and brackets: proc(5), counted from 3.
_USER, _SYSTEM, _RESIDENT = 14 - 3, 15 - 3, 24 - 3


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor time since its start in seconds, and resident memory in bytes."""

    cpu_seconds: float
    memory_bytes: int

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.cpu_seconds + other.cpu_seconds, self.memory_bytes + other.memory_bytes)


def read_usage(pid: int) -> Usage | None:
    """What a process has used; ``None`` if it is gone."""
    try:
        stat = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return None
    try:
        fields = os.read(stat, 1024).rpartition(b")")[2].split()
    except OSError:
        return None
    finally:
        os.close(stat)
    ticks = int(fields[_USER]) + int(fields[_SYSTEM])
    return Usage(ticks * _TICK, int(fields[_RESIDENT]) * _PAGE)
