"""The system calls that a worker may make, as a program of classic BPF that the kernel runs at each of them.

The list is what real workers were seen to do (``docs/security.md`` says how), and nothing else. A call that only
clumsy library code makes (``openat`` for a line of a traceback, ``ioctl`` on a descriptor) fails with EPERM, so that
such code goes on without; any other call ends the worker at once, since nothing but an attack makes it.
"""

import ctypes
import platform
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from device_runtime.engine.isolation.kernel import PR_GET_SECCOMP, PR_SET_SECCOMP, KernelRefusalError, prctl
from device_runtime.errors import CygnetError

_EPERM: Final = 1
_EFAULT: Final = 14
_FILTER_MODE: Final = 2
ALLOW: Final = 0x7FFF0000
KILL: Final = 0x80000000
REFUSE: Final = 0x00050000 | _EPERM
_ENOSYS: Final = 38
DENY: Final = 0x00050000 | _ENOSYS

# Instructions of classic BPF: load a word of the call's description, mask it, compare, give a verdict.
_LOAD, _MASK, _EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_INSTRUCTION: Final = struct.Struct("=HBBI")


class Check(NamedTuple):
    """Of the argument at ``place``, the bits of ``mask`` must be one of ``values``."""

    place: int
    mask: int
    values: tuple[int, ...]


_PROT_EXEC = 4
# Private memory of no file. Shared memory and huge pages would not be counted by the limits of a worker.
_MAP_BITS, _MAP_PRIVATE_ANONYMOUS = 0x4002F, 0x22
_FUTEX_BITS, _FUTEX_WAIT, _FUTEX_WAKE, _FUTEX_WAIT_BITSET = 0x7F, 0, 1, 9
_MADV_DONTNEED = 4
_MREMAP_OTHERS = 0xFFFFFFFE
_MEMORY = (Check(2, _PROT_EXEC, (0,)), Check(3, _MAP_BITS, (_MAP_PRIVATE_ANONYMOUS,)))
_FUTEX = (Check(1, _FUTEX_BITS, (_FUTEX_WAIT, _FUTEX_WAKE, _FUTEX_WAIT_BITSET)),)
# What clone is asked for by pthread_create of glibc and of musl, to the last bit: a thread with everything in common
# with the others. CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, PARENT_SETTID, CHILD_CLEARTID, and of musl
# DETACHED, which says nothing any more.
A_THREAD: Final = Check(0, 0xFFFFFFFF, (0x3D0F00, 0x7D0F00))

ALLOWED: Final[Mapping[str, tuple[Check, ...]]] = {
    # its socket, and waiting for it; no messages with control data, so no descriptor comes or goes
    "recvfrom": (),
    "recv": (),
    "pselect6": (),
    "pselect6_time64": (),
    "select": (),
    "_newselect": (),
    "sendto": (),
    "send": (),
    # the time limit of an event, and the clocks where the kernel gives them no faster way
    "setitimer": (),
    "clock_gettime": (),
    "clock_gettime64": (),
    "gettimeofday": (),
    "time": (),
    "clock_nanosleep": (),
    "clock_nanosleep_time64": (),
    # memory: never executable, never shared, never of a file
    "brk": (),
    "mmap": _MEMORY,
    "mmap2": _MEMORY,
    "munmap": (),
    "mremap": (Check(3, _MREMAP_OTHERS, (0,)),),
    "mprotect": (Check(2, _PROT_EXEC, (0,)),),
    "madvise": (Check(2, 0xFFFFFFFF, (_MADV_DONTNEED,)),),
    # locks of the interpreter
    "futex": _FUTEX,
    "futex_time64": _FUTEX,
    "getrandom": (),
    # the end of a signal handler, and of the worker
    "rt_sigreturn": (),
    "sigreturn": (),
    "restart_syscall": (),
    "exit": (),
    "exit_group": (),
}

REFUSED: Final = (
    "read", "write", "writev", "close", "lseek", "_llseek", "fcntl", "fcntl64", "ioctl", "getcwd",
    "open", "openat", "openat2", "stat", "lstat", "fstat", "newfstatat", "stat64", "lstat64", "fstat64", "fstatat64",
    "statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents64",
    "getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid",
    "getuid32", "geteuid32", "getgid32", "getegid32",
    "uname", "sysinfo", "sched_getaffinity", "sched_yield", "getrlimit", "ugetrlimit", "prlimit64",
    "getsockopt", "getsockname", "getrusage",
    "rt_sigaction", "rt_sigprocmask", "sigaltstack", "tgkill", "clock_getres", "clock_getres_time64",
)  # fmt: skip
"""What fails with EPERM instead of ending the worker."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """What the kernel calls it, and the numbers of the calls that are named above, as far as it has them."""

    audit: int
    numbers: Mapping[str, int]


# Numbers since Linux 5 are the same everywhere.
_COMMON: Final = {"openat2": 437, "faccessat2": 439, "clone3": 435}

ARCHITECTURES: Final[Mapping[str, Architecture]] = {
    "x86_64": Architecture(
        0xC000003E,
        _COMMON | {
            "read": 0, "write": 1, "open": 2, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "lseek": 8, "mmap": 9,
            "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15,
            "ioctl": 16, "writev": 20, "access": 21, "select": 23, "sched_yield": 24, "mremap": 25, "madvise": 28,
            "setitimer": 38, "getpid": 39, "sendto": 44, "recvfrom": 45, "getsockname": 51, "getsockopt": 55,
            "exit": 60, "uname": 63, "fcntl": 72, "getcwd": 79, "readlink": 89, "gettimeofday": 96, "getrlimit": 97,
            "sysinfo": 99, "getuid": 102, "getgid": 104, "geteuid": 107, "getegid": 108, "getppid": 110,
            "sigaltstack": 131, "gettid": 186, "time": 201, "futex": 202, "sched_getaffinity": 204, "getdents64": 217,
            "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230,
            "exit_group": 231, "tgkill": 234, "openat": 257, "newfstatat": 262, "readlinkat": 267, "faccessat": 269,
            "pselect6": 270, "prlimit64": 302, "getrandom": 318, "statx": 332, "poll": 7, "pread64": 17, "readv": 19,
            "clone": 56, "execve": 59, "prctl": 157, "arch_prctl": 158, "set_tid_address": 218, "ppoll": 271,
            "set_robust_list": 273, "rseq": 334, "getrusage": 98,
        },
    ),
    "aarch64": Architecture(
        0xC00000B7,
        _COMMON | {
            "getcwd": 17, "fcntl": 25, "ioctl": 29, "faccessat": 48, "openat": 56, "close": 57, "getdents64": 61,
            "lseek": 62, "read": 63, "write": 64, "writev": 66, "pselect6": 72, "readlinkat": 78, "newfstatat": 79,
            "fstat": 80, "exit": 93, "exit_group": 94, "futex": 98, "setitimer": 103, "clock_gettime": 113,
            "clock_getres": 114, "clock_nanosleep": 115, "sched_getaffinity": 123, "sched_yield": 124,
            "restart_syscall": 128, "tgkill": 131, "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135,
            "rt_sigreturn": 139, "uname": 160, "getrlimit": 163, "gettimeofday": 169, "getpid": 172, "getppid": 173,
            "getuid": 174, "geteuid": 175, "getgid": 176, "getegid": 177, "gettid": 178, "sysinfo": 179,
            "getsockname": 204, "sendto": 206, "recvfrom": 207, "getsockopt": 209, "brk": 214, "munmap": 215,
            "mremap": 216, "mmap": 222, "mprotect": 226, "madvise": 233, "prlimit64": 261, "getrandom": 278,
            "statx": 291, "readv": 65, "pread64": 67, "ppoll": 73, "set_tid_address": 96, "set_robust_list": 99,
            "prctl": 167, "clone": 220, "execve": 221, "rseq": 293, "getrusage": 165,
        },
    ),
    "arm": Architecture(
        0x40000028,
        _COMMON | {
            "restart_syscall": 0, "exit": 1, "read": 3, "write": 4, "open": 5, "close": 6, "lseek": 19, "getpid": 20,
            "access": 33, "brk": 45, "ioctl": 54, "fcntl": 55, "getppid": 64, "gettimeofday": 78, "readlink": 85,
            "munmap": 91, "setitimer": 104, "stat": 106, "lstat": 107, "fstat": 108, "sysinfo": 116, "sigreturn": 119,
            "uname": 122, "mprotect": 125, "_llseek": 140, "_newselect": 142, "writev": 146, "sched_yield": 158,
            "mremap": 163, "rt_sigreturn": 173, "rt_sigaction": 174, "rt_sigprocmask": 175, "getcwd": 183,
            "sigaltstack": 186, "ugetrlimit": 191, "mmap2": 192, "stat64": 195, "lstat64": 196, "fstat64": 197,
            "getuid32": 199, "getgid32": 200, "geteuid32": 201, "getegid32": 202, "getdents64": 217, "madvise": 220,
            "fcntl64": 221, "gettid": 224, "futex": 240, "sched_getaffinity": 242, "exit_group": 248,
            "clock_gettime": 263, "clock_getres": 264, "clock_nanosleep": 265, "tgkill": 268, "getsockname": 286,
            "send": 289, "sendto": 290, "recv": 291, "recvfrom": 292, "getsockopt": 295, "openat": 322,
            "fstatat64": 327, "readlinkat": 332, "faccessat": 334, "pselect6": 335, "prlimit64": 369,
            "getrandom": 384, "statx": 397, "clock_gettime64": 403, "clock_getres_time64": 406,
            "clock_nanosleep_time64": 407, "pselect6_time64": 413, "futex_time64": 422, "execve": 11, "clone": 120,
            "readv": 145, "poll": 168, "prctl": 172, "pread64": 180, "set_tid_address": 256, "ppoll": 336,
            "set_robust_list": 338, "rseq": 398, "getrusage": 77,
        },
    ),
}  # fmt: skip


class UnknownArchitectureError(CygnetError):
    """Nobody has written down the numbers of this machine's system calls."""


def this_architecture() -> str:
    """What this process runs as, one of :data:`ARCHITECTURES`: a 32-bit Python makes 32-bit calls on any kernel.

    Raises:
        UnknownArchitectureError: it is another one.
    """
    machine, wide = platform.machine(), sys.maxsize > 2**32
    if machine.startswith("arm") or (machine == "aarch64" and not wide):
        return "arm"
    if not wide or machine not in ARCHITECTURES:
        raise UnknownArchitectureError(f"system calls are not known for {machine} with {64 if wide else 32} bits")
    return machine


@dataclass(frozen=True, slots=True)
class Rules:
    """What is allowed, what fails with EPERM, and what the kernel seems not to have; all else ends the process."""

    allowed: Mapping[str, tuple[Check, ...]]
    refused: tuple[str, ...]
    absent: tuple[str, ...] = ()


WORKER: Final = Rules(ALLOWED, REFUSED)


def assemble(architecture: Architecture, rules: Rules = WORKER) -> bytes:
    """The filter as the kernel takes it."""
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in _instructions(architecture, rules))


def _instructions(architecture: Architecture, rules: Rules) -> Iterator[tuple[int, int, int, int]]:
    yield _LOAD, 0, 0, _ARCHITECTURE_AT
    yield _EQUAL, 1, 0, architecture.audit
    yield _RETURN, 0, 0, KILL
    yield _LOAD, 0, 0, _NUMBER_AT
    for name, checks in rules.allowed.items():
        if name in architecture.numbers:
            block = [*_checked(checks), (_RETURN, 0, 0, ALLOW)]
            yield _EQUAL, 0, len(block), architecture.numbers[name]
            yield from block
    for names, verdict in ((rules.refused, REFUSE), (rules.absent, DENY)):
        for name in names:
            if name in architecture.numbers:
                yield _EQUAL, 0, 1, architecture.numbers[name]
                yield _RETURN, 0, 0, verdict
    yield _RETURN, 0, 0, KILL


def _checked(checks: tuple[Check, ...]) -> Iterator[tuple[int, int, int, int]]:
    """The number is lost here: what fails a check is refused on the spot. All our machines are little-endian, and none
    of the bits that are looked at is in the upper half of an argument."""
    for check in checks:
        yield _LOAD, 0, 0, _ARGUMENTS_AT + 8 * check.place
        yield _MASK, 0, 0, check.mask
        for left in range(len(check.values), 0, -1):
            yield _EQUAL, left, 0, check.values[len(check.values) - left]
        yield _RETURN, 0, 0, REFUSE


class _Program(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


class SystemCallFilter:
    """The filter of this machine, ready to be put on.

    Raises:
        KernelRefusalError: the kernel has no filters.
        UnknownArchitectureError: there are no numbers for this machine.
    """

    def __init__(self, rules: Rules = WORKER) -> None:
        code = assemble(ARCHITECTURES[this_architecture()], rules)
        _require_filters()
        self._code = ctypes.create_string_buffer(code, len(code))
        self._program = _Program(len(code) // _INSTRUCTION.size, ctypes.addressof(self._code))
        self._address = ctypes.addressof(self._program)

    def put_on(self) -> None:
        """From here on this process can make no call but those allowed. It needs ``no_new_privs``.

        Raises:
            KernelRefusalError: the kernel refused.
        """
        prctl(PR_SET_SECCOMP, _FILTER_MODE, self._address)


def _require_filters() -> None:
    prctl(PR_GET_SECCOMP)
    try:
        prctl(PR_SET_SECCOMP, _FILTER_MODE, 0)
    except KernelRefusalError as error:
        # A kernel with filters has looked for one at the address 0.
        if error.errno != _EFAULT:
            raise
