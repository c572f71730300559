"""The system calls of a companion: those with which it is loaded, and those that it was seen to make afterwards."""

from collections.abc import Mapping
from typing import Final

from device_runtime.engine.isolation.system_calls import A_THREAD, ALLOWED, REFUSED, Check, Rules

# What the executable needs that a Python program runs in (isolation/companion.py): to be loaded from the files that are
# there, a thread, and one socket, which is its standard input and output. No memory is ever writable and executable.
_NO_WRITING: Final = (0,)
_OPEN_BITS: Final = 0o3 | 0o100 | 0o1000 | 0o2000  # how, create, truncate, append
_WRITABLE_OR_EXECUTABLE: Final = (0, 2, 4)
_LOADED: Final = (Check(2, 6, _WRITABLE_OR_EXECUTABLE), Check(3, 0x1, (0,)))  # never shared

COMPANION_ALLOWED: Final[Mapping[str, tuple[Check, ...]]] = {
    **{name: checks for name, checks in ALLOWED.items() if name not in ("mmap", "mmap2", "madvise", "sendto", "send",
                                                                         "recvfrom", "recv", "setitimer")},
    "mmap": _LOADED,
    "mmap2": _LOADED,
    "madvise": (),
    "read": (),
    "readv": (),
    "write": (),
    "writev": (),
    "poll": (),
    "ppoll": (),
    "close": (),
    "execve": (),
    "openat": (Check(2, _OPEN_BITS, _NO_WRITING),),
    "fstat": (),
    "newfstatat": (),
    "fstatat64": (),
    "pread64": (),
    "arch_prctl": (),
    "set_tid_address": (),
    "set_robust_list": (),
    "rseq": (),
    "clone": (A_THREAD,),
    "rt_sigaction": (),
    "rt_sigprocmask": (),
    "sigaltstack": (),
    "sched_yield": (),
    "sched_getaffinity": (),
    "gettid": (),
    "getpid": (),
    "prlimit64": (Check(2, 0xFFFFFFFF, (0,)),),  # reading alone
}  # fmt: skip
COMPANION_REFUSED: Final = (*(name for name in REFUSED if name not in COMPANION_ALLOWED), "prctl")
# A C library that is told that there is no clone3 says clone, whose flags can be seen.
COMPANION_ABSENT: Final = ("clone3",)

COMPANION: Final = Rules(COMPANION_ALLOWED, COMPANION_REFUSED, COMPANION_ABSENT)
