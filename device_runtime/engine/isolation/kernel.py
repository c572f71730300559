"""System calls that Python has no function for."""

import ctypes
import errno
import os
from typing import Final

from device_runtime.errors import CygnetError

_library = ctypes.CDLL(None, use_errno=True)
# Every argument is a register wide: ctypes would otherwise pass an int in 32 bits, and a pointer not at all.
_library.syscall.argtypes = (ctypes.c_long,) * 7
_library.syscall.restype = ctypes.c_long
_library.prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong)
_library.prctl.restype = ctypes.c_int

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_GET_SECCOMP: Final = 21
PR_SET_SECCOMP: Final = 22
PR_CAPBSET_DROP: Final = 24
PR_SET_NO_NEW_PRIVS: Final = 38
PR_CAP_AMBIENT: Final = 47


class ConfinementError(CygnetError):
    """The kernel refused a restriction; the worker must not run without it."""


class KernelRefusalError(OSError):
    """A system call failed; ``errno`` says why."""


def system_call(number: int, *arguments: int) -> int:
    """Make one system call by its number.

    Raises:
        KernelRefusalError: it failed.
    """
    result: int = _library.syscall(number, *arguments, *(0,) * (6 - len(arguments)))
    if result == -1:
        raise _refusal(f"system call {number}")
    return result


def prctl(option: int, value: int = 0, *more: int) -> int:
    """Make the system call of this name.

    Raises:
        KernelRefusalError: it failed.
    """
    result: int = _library.prctl(option, value, *more, *(0,) * (3 - len(more)))
    if result == -1:
        raise _refusal(f"prctl {option}")
    return result


def library_call(name: str, *arguments: object) -> None:
    """Call a function of the C library that gives 0 where all is well, such as ``mount``; pointers as ``byref``.

    Raises:
        KernelRefusalError: it failed.
    """
    if getattr(_library, name)(*arguments) != 0:
        raise _refusal(name)


def _refusal(what: str) -> KernelRefusalError:
    number = ctypes.get_errno()
    return KernelRefusalError(number, f"{what}: {os.strerror(number)}")


def reason(error: OSError) -> str:
    """An error of a system call in few words, with its name where it has one."""
    name = errno.errorcode.get(error.errno or 0, "")
    return f"{error.strerror} ({name})" if name and error.strerror else str(error)
