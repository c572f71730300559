"""Giving up root: user, groups and capabilities. The zygote does it, and its workers never had them."""

import ctypes
import os
from typing import Final

from device_runtime.engine.isolation.kernel import (
    PR_CAP_AMBIENT,
    PR_CAPBSET_DROP,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    KernelRefusalError,
    library_call,
    prctl,
)

# `nobody`: it owns no file that matters, and the kernel shows it for every user that a namespace does not know.
NOBODY: Final = 65534
_CAPABILITY_VERSION_3: Final = 0x20080522
_CLEAR_ALL: Final = 4
_CAPABILITIES: Final = 64  # what the sets of this version have room for


class _Header(ctypes.Structure):
    """``struct __user_cap_header_struct``."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


def leave_root() -> None:
    """Become ``nobody`` where this process runs as root. Capabilities in a namespace of one's own can still be had.

    Raises:
        OSError: the kernel refused.
    """
    if os.geteuid() != 0:
        return
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    # A change of user locks a process out of its own /proc/self, in which the maps of a user namespace are written.
    prctl(PR_SET_DUMPABLE, 1)


def gain_nothing() -> None:
    """Let nothing that is ever executed have more rights than this process.

    Raises:
        KernelRefusalError: the kernel refused.
    """
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up every capability, here and for good.

    Raises:
        OSError: the kernel refused.
    """
    for capability in range(_CAPABILITIES):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except KernelRefusalError:
            break  # the kernel knows no more of them, or this process has none and so needs no bound
    prctl(PR_CAP_AMBIENT, _CLEAR_ALL)
    header, empty = _Header(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    library_call("capset", ctypes.byref(header), ctypes.byref(empty))
