"""Landlock: no file, no directory, no TCP, and no signal or abstract socket to anything outside of the worker."""

import ctypes
from typing import Final

from device_runtime.engine.isolation.kernel import system_call

# The same on every machine.
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION_FLAG: Final = 1
# How many kinds of access to files each version of the interface knows: each is one bit, and all are handled.
_FILE_ACCESSES: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NETWORK_SINCE, _NETWORK_BITS = 4, 0b11  # bind and connect of TCP
_SCOPES_SINCE, _SCOPES_BITS = 6, 0b11  # abstract UNIX sockets and signals


class _Ruleset(ctypes.Structure):
    """``struct landlock_ruleset_attr``."""

    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


def version() -> int:
    """Of the kernel's interface; 1 is the first.

    Raises:
        KernelRefusalError: it has none, or it is not switched on.
    """
    return system_call(_CREATE_RULESET, 0, 0, _VERSION_FLAG)


class Landlock:
    """A ruleset without a rule: it handles every access that the kernel knows, and grants none.

    Raises:
        KernelRefusalError: the kernel has none.
    """

    def __init__(self) -> None:
        self.version = version()
        ruleset = _Ruleset(
            (1 << _FILE_ACCESSES[min(self.version, max(_FILE_ACCESSES))]) - 1,
            _NETWORK_BITS if self.version >= _NETWORK_SINCE else 0,
            _SCOPES_BITS if self.version >= _SCOPES_SINCE else 0,
        )
        members = 3 if ruleset.scopes else 2 if ruleset.network else 1
        self._descriptor = system_call(_CREATE_RULESET, ctypes.addressof(ruleset), 8 * members, 0)

    def put_on(self) -> None:
        """From here on this process, and what it may ever start, has none of it. It needs ``no_new_privs``.

        Raises:
            KernelRefusalError: the kernel refused.
        """
        system_call(_RESTRICT_SELF, self._descriptor, 0)

    @property
    def detail(self) -> str:
        """What this version restrains."""
        parts = ["files"]
        if self.version >= _NETWORK_SINCE:
            parts.append("TCP")
        if self.version >= _SCOPES_SINCE:
            parts.append("signals and abstract sockets")
        return f"version {self.version}: {', '.join(parts)}"
