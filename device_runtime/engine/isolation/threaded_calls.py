"""The system calls of a worker that may have threads: those of any worker, and what a thread is made of."""

from collections.abc import Mapping
from typing import Final

from device_runtime.engine.isolation.system_calls import A_THREAD, ALLOWED, REFUSED, Check, Rules

_OF_THREADS: Final[Mapping[str, tuple[Check, ...]]] = {
    "clone": (A_THREAD,),
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
