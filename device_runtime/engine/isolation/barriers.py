"""The barriers around workers, told to people: what each keeps out, and what to do where the kernel has none."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from device_runtime.engine import EngineError

_log = logging.getLogger(__name__)


class BarrierError(EngineError):
    """A barrier is missing that must be there; no worker is started."""


@dataclass(frozen=True, slots=True)
class Barrier:
    """``protects`` follows "a worker …"; ``remedy`` is what gives a board the barrier that lacks it."""

    protects: str
    remedy: str


BARRIERS: Final[Mapping[str, Barrier]] = MappingProxyType(
    {
        "privileges": Barrier(
            "is not root, and has no capability and no other group",
            "start the device as a user of its own, as deploy/cygnet-device.service does",
        ),
        "limits": Barrier(
            "has a bounded address space, one descriptor, no child process, no file that grows, no core dump",
            "raise the limits that the device is started with, such as LimitNOFILE= in its unit",
        ),
        "namespaces": Barrier(
            "sees no network device, no user, no message queue and no host name of the board",
            "build the kernel with CONFIG_USER_NS, CONFIG_NET_NS, CONFIG_IPC_NS and CONFIG_UTS_NS; let users make them "
            "(sysctl user.max_user_namespaces above 0, kernel.unprivileged_userns_clone = 1 and "
            "kernel.apparmor_restrict_unprivileged_userns = 0, where these are there); let RestrictNamespaces= of the "
            "unit allow them",
        ),
        "empty-root": Barrier(
            "sees a file system with nothing in it",
            "as for namespaces; the unit must allow the system calls of @mount",
        ),
        "landlock": Barrier(
            "opens no file, connects and binds no TCP, signals no other process",
            "take a kernel from 5.13 on (6.12 for signals) with CONFIG_SECURITY_LANDLOCK, and name landlock in lsm= of "
            "its command line",
        ),
        "seccomp": Barrier(
            "makes none but a few system calls; most of the others end it at once",
            "build the kernel with CONFIG_SECCOMP_FILTER",
        ),
        "cgroup": Barrier(
            "has a share of memory and processor that the kernel holds it to",
            "run the device as a service with Delegate=cpu memory pids, on a system with cgroup version 2",
        ),
    }
)


def report_missing(missing: Mapping[str, str]) -> None:
    """One line in the log for each barrier that workers go without; what only bounds consumption is no warning, since
    the host measures that itself."""
    for name, why in missing.items():
        barrier = BARRIERS[name]
        _log.log(
            logging.INFO if name == "cgroup" else logging.WARNING,
            "workers run without the barrier %s (with it a worker %s): %s. To have it, %s",
            name, barrier.protects, why, barrier.remedy,
        )  # fmt: skip


def demand(required: Collection[str], missing: Mapping[str, str]) -> None:
    """Refuse to go on without a barrier that is required.

    Raises:
        BarrierError: one is missing; the message says which, why, and what to do.
    """
    for name in required:
        if name in missing:
            raise BarrierError(
                f"the board demands the barrier {name!r}, and it is missing here: {missing[name]}; to have it, "
                f"{BARRIERS[name].remedy}, or take it out of isolation.require"
            )
