"""What a zygote is asked to prepare."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what has none does not load it
    from device_runtime.engine.isolation.companion import Companion


@dataclass(frozen=True, slots=True)
class WorkerBody:
    """What a worker runs: ``run`` is called with its socket. ``rehearsal`` is what a host might send to it, to its end:
    with that it can be run once for what it needs to become known. With a ``companion`` each worker has a process of
    that beside it, and ``run`` is called with the socket to it, too. ``threads`` are those that a worker may have in
    all; with one it can start none. ``courtesy`` is what they give way to others by, in steps of ``nice``."""

    run: Callable[..., None]
    rehearsal: bytes = b""
    companion: "Companion | None" = None
    threads: int = 1
    courtesy: int = 2
