"""What a worker gives up after the fork, before it sees a byte of a program.

It is written with system calls only: done with ``pathlib``, ``open`` and the enums of ``signal``, the same work touched
so many objects of the zygote, each on a page that is then copied, that a worker had 0.6 MB more of private memory.
"""

import ctypes
import fcntl
import os
import resource

from device_runtime.errors import CygnetError

_SIGKILL = 9
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_MAX_FILES = 16
# Room for the JavaScript heap, the view's own copy of the data, and what a launch allocates.
_ADDRESS_SPACE_SLACK = 768 * 1024 * 1024

_libc = ctypes.CDLL(None, use_errno=True)


class ConfinementError(CygnetError):
    """The kernel refused a restriction; the worker must not run without it."""


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise ConfinementError(f"prctl({option}) failed: {os.strerror(ctypes.get_errno())}")


def _mapped_bytes() -> int:
    statm = os.open("/proc/self/statm", os.O_RDONLY)
    try:
        return int(os.read(statm, 256).split()[0]) * resource.getpagesize()
    finally:
        os.close(statm)


def confine(parent: int, keep: int) -> int:
    """Give up everything but one socket; returns the socket's new descriptor.

    ``parent`` is the process id of the zygote: if it is gone the worker ends. ``keep`` is the socket's descriptor;
    it becomes 3, with /dev/null as 0, 1 and 2. System calls, file system and user ids are not yet narrowed.

    Raises:
        ConfinementError: the kernel refused.
    """
    null = os.open(os.devnull, os.O_RDWR)
    kept = fcntl.fcntl(keep, fcntl.F_DUPFD, 10)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    kept = os.dup2(kept, 3, inheritable=False)
    highest = max(map(int, os.listdir("/proc/self/fd")))  # noqa: PTH208 see the module's first lines
    os.closerange(kept + 1, highest + 1)
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: _MAX_FILES,
        resource.RLIMIT_AS: _mapped_bytes() + _ADDRESS_SPACE_SLACK,
    }
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))
    return kept
