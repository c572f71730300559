"""Resource limits of a worker: those that the zygote can live with it takes on itself, and workers inherit them."""

import resource
from pathlib import Path
from typing import Final

# Addresses for each byte that a worker may have: a heap has holes, and what grows is in two places for a moment.
_ADDRESSES_A_BYTE: Final = 2
_STACK_BYTES: Final = 8 * 1024 * 1024
# When the kernel runs out of memory it ends workers before it ends anything else of the device.
_FIRST_TO_GO: Final = "600"

MOST_DESCRIPTORS: Final = 64
"""No descriptor of the zygote, and so none that a worker is born with, has this number or a higher one."""
_NONE: Final = (0, 0)
_MOST_TASKS: Final = 4096
_LOADING_DESCRIPTORS: Final = 8


def limit_zygote(memory_bytes: int) -> None:
    """Take on all that a process may have which does nothing but fork. ``memory_bytes`` is what a worker may have.

    Raises:
        OSError: the kernel refused.
    """
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    space = pages * resource.getpagesize() + _ADDRESSES_A_BYTE * memory_bytes
    for kind, limit in {
        resource.RLIMIT_AS: space,
        resource.RLIMIT_STACK: _STACK_BYTES,
        resource.RLIMIT_NOFILE: MOST_DESCRIPTORS,
        # Not 0: where the kernel gives cores to a program, as systemd has it, it asks that program even then, as root,
        # and a filter that ends a worker brings about a core each time. At 1 it makes none whatever it is told.
        resource.RLIMIT_CORE: 1,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NICE: 0,
        resource.RLIMIT_RTPRIO: 0,
    }.items():
        _, hard = resource.getrlimit(kind)
        lowest = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (lowest, lowest))


def offer_to_the_kernel() -> None:
    """Let workers go first when memory runs out.

    Raises:
        OSError: the kernel refused.
    """
    Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, encoding="ascii")


def limit_worker(descriptors: int, threads: int = 1) -> None:
    """What a worker takes on after the fork: no process, no file that grows, no descriptor more than it has. The
    kernel counts threads as processes, and those of all workers together, or of all that our user has: where there may
    be threads, it is the filter of system calls that lets no process be, the control group that holds their number, and
    where there is none, a number that leaves the system some.

    Raises:
        OSError: the kernel refused.
    """
    most = 0 if threads == 1 else _MOST_TASKS
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, _NONE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))


def limit_companion() -> None:
    """What a companion takes on: no file that grows, and a few descriptors, with which its loader reads it.

    Raises:
        OSError: the kernel refused.
    """
    resource.setrlimit(resource.RLIMIT_FSIZE, _NONE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_LOADING_DESCRIPTORS, _LOADING_DESCRIPTORS))
