"""What a worker gives up, before it sees a byte of a program.

The zygote prepares once: it gives up itself all that it needs not to fork (:meth:`Confinement.enter`), and has the rest
ready. A worker then puts on what is left with a dozen system calls (:meth:`Confinement.confine`). That part touches as
few objects as it can: done with ``pathlib``, ``open`` and the enums of ``signal``, the same work touched so many
objects of the zygote, each on a page that is then copied, that a worker had 0.6 MB more of private memory.
"""

import os
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Final, NoReturn

from device_runtime.engine.isolation.kernel import PR_SET_PDEATHSIG, ConfinementError, prctl, reason
from device_runtime.engine.isolation.landlock import Landlock
from device_runtime.engine.isolation.limits import (
    MOST_DESCRIPTORS,
    limit_companion,
    limit_worker,
    limit_zygote,
    offer_to_the_kernel,
)
from device_runtime.engine.isolation.namespaces import NO_FILES, enter_empty_root, enter_namespaces
from device_runtime.engine.isolation.privileges import drop_capabilities, gain_nothing, leave_root
from device_runtime.engine.isolation.system_calls import SystemCallFilter, UnknownArchitectureError

if TYPE_CHECKING:
    from device_runtime.engine.isolation.companion import Companion

_SIGKILL: Final = 9
# The lowest number there is, so that a limit of one descriptor leaves room for no other.
_SOCKET: Final = 0
# Workers are numerous and may be hostile; the host, which serves them all, comes first.
_COURTESY: Final = 2

BARRIERS: Final = ("privileges", "limits", "namespaces", "empty-root", "landlock", "seccomp")
"""What a zygote and its workers can put on."""


class Confinement:
    """The barriers of one zygote and its workers. ``wanted`` are those of :data:`BARRIERS` that it tries; what the
    kernel does not grant is in :attr:`missing`, with the reason. ``memory_bytes`` is what a worker may have, and
    ``threads`` how many; ``courtesy`` is how far it gives way to other processes."""

    def __init__(
        self,
        wanted: Collection[str],
        memory_bytes: int,
        companion: "Companion | None" = None,
        threads: int = 1,
        courtesy: int = _COURTESY,
    ) -> None:
        self._wanted = wanted
        self._companion = companion
        self._threads = threads
        self._courtesy = courtesy
        self._companion_landlock: Landlock | None = None
        self._companion_filter: SystemCallFilter | None = None
        self._own_root = False
        self._memory_bytes = memory_bytes
        self.missing: dict[str, str] = {}
        self._parent = os.getpid()
        self._limited = False
        self._landlock: Landlock | None = None
        self._filter: SystemCallFilter | None = None

    def enter(self) -> None:
        """Put on what the zygote wears itself, and prepare the rest. Nothing can be imported or opened afterwards.

        Raises:
            ConfinementError: the kernel refused what every kernel grants.
        """
        try:
            offer_to_the_kernel()
            gain_nothing()
        except OSError as error:
            raise ConfinementError(f"workers cannot be confined: {reason(error)}") from error
        self._limited = self._try("limits", lambda: limit_zygote(self._memory_bytes))
        self._try("landlock", self._prepare_landlock)
        self._try("seccomp", self._prepare_filter)
        self._try("privileges", leave_root)
        self._try("namespaces", enter_namespaces)
        files = NO_FILES if self._companion is None else self._companion.files
        self._own_root = self._try("empty-root", lambda: enter_empty_root(files))
        self._try("privileges", drop_capabilities)

    def _try(self, barrier: str, step: Callable[[], None]) -> bool:
        if barrier not in self._wanted:
            self.missing[barrier] = "it was not asked for"
            return False
        try:
            step()
        except OSError as error:
            self.missing[barrier] = reason(error)
            return False
        except UnknownArchitectureError as error:
            self.missing[barrier] = str(error)
            return False
        return True

    def _prepare_landlock(self) -> None:
        self._landlock = Landlock()
        if self._companion is not None:
            from device_runtime.engine.isolation.companion import CompanionLandlock

            self._companion_landlock = CompanionLandlock(self._companion)

    def _prepare_filter(self) -> None:
        if self._threads > 1:
            from device_runtime.engine.isolation.threaded_calls import THREADED

            self._filter = SystemCallFilter(THREADED)
        else:
            self._filter = SystemCallFilter()
        if self._companion is not None:
            from device_runtime.engine.isolation.companion_calls import COMPANION

            self._companion_filter = SystemCallFilter(COMPANION)

    def confine(self, keep: int, companion: int | None = None) -> int:
        """Give up everything but one socket, in the worker, or two where it has a ``companion``; returns the socket's
        new descriptor, the only one, or before that of the companion's.

        Raises:
            OSError: the kernel refused what it had granted before.
        """
        if self._landlock is not None:
            self._landlock.put_on()
        last = _SOCKET
        if companion is not None:
            last = _SOCKET + 1
            os.dup2(companion, last)
        os.dup2(keep, _SOCKET)
        os.closerange(last + 1, MOST_DESCRIPTORS)
        prctl(PR_SET_PDEATHSIG, _SIGKILL)
        if os.getppid() != self._parent:
            os._exit(0)
        os.nice(self._courtesy)
        if self._limited:
            limit_worker(last + 1, self._threads)
        if self._filter is not None:
            self._filter.put_on()
        return _SOCKET

    def become_companion(self, socket: int) -> NoReturn:
        """Be the companion, in a process forked for it: its standard input and output are one end of a socket.

        Raises:
            OSError: the kernel refused what it had granted before, or the executable is gone.
        """
        companion = self._companion
        if companion is None:
            raise ConfinementError("there is no companion")
        if self._companion_landlock is not None:
            self._companion_landlock.put_on()
        nothing = os.dup(_SOCKET)  # where complaints go: the zygote's standard input is /dev/null
        for descriptor in (_SOCKET, _SOCKET + 1):
            os.dup2(socket, descriptor)
        os.dup2(nothing, _SOCKET + 2)
        os.closerange(_SOCKET + 3, MOST_DESCRIPTORS)
        prctl(PR_SET_PDEATHSIG, _SIGKILL)
        if os.getppid() != self._parent:
            os._exit(0)
        os.nice(_COURTESY)
        if self._limited:
            limit_companion()
        if self._companion_filter is not None:
            self._companion_filter.put_on()
        companion.become(in_own_root=self._own_root)
