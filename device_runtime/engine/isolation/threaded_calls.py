"""The system calls of a worker that may have threads: those of any worker, and what a thread is made of."""

from collections.abc import Mapping
from typing import Final

from device_runtime.engine.isolation.system_calls import ALLOWED, REFUSED, Check, Rules

# Of the flags of clone: a thread that has its memory, folders, descriptors and signals in common with the others, and
# no namespace, parent or descriptor of its own. How it is set up (0x7C0000) is its affair.
_CLONE_BITS: Final = 0x7E03FF00
_CLONE_THREAD: Final = 0x00010F00

_OF_THREADS: Final[Mapping[str, tuple[Check, ...]]] = {
    "clone": (Check(0, _CLONE_BITS, (_CLONE_THREAD,)),),
    "set_robust_list": (),
    "rseq": (),
    "rt_sigprocmask": (),
    "sched_yield": (),
    "gettid": (),
}

THREADED: Final = Rules(
    {**ALLOWED, **_OF_THREADS},
    tuple(name for name in REFUSED if name not in _OF_THREADS),
    # A C library that is told that there is no clone3 says clone, whose flags can be seen.
    ("clone3",),
)
