"""A program of others that a worker talks to, and nobody else: how it is confined before its first instruction.

Python programs run in Monty, an executable. A zygote that has an empty root can start none, so its root holds the files
that the executable is made of, and nothing else: itself, its loader and its libraries, read-only. A companion is forked
like a worker, gives up what a worker gives up, puts on a filter of system calls of its own (it has yet to be loaded, so
it may open and map these files and execute them) and becomes the executable. Its only descriptors are its end of a
socket to its worker, and ``/dev/null`` for what it complains of.
"""

import ctypes
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from device_runtime.engine.isolation.kernel import system_call
from device_runtime.engine.isolation.landlock import Landlock

_ADD_RULE, _PATH_BENEATH = 445, 1
_EXECUTE, _READ_FILE = 1, 4
LOADER: Final = "loader"
PROGRAM: Final = "program"


@dataclass(frozen=True, slots=True)
class Companion:
    """An executable and its arguments; ``files`` are those that it is made of, by the names that they get in a root of
    its own. Descriptors of them, opened for their place only, stay open in the zygote."""

    arguments: tuple[str, ...]
    files: Mapping[str, str]
    places: Mapping[str, int]

    def command(self, *, in_own_root: bool) -> list[str]:
        """What is executed: the loader itself, since where an executable looks for it is not there."""
        if in_own_root:
            return [f"/{LOADER}", "--library-path", "/", f"/{PROGRAM}", *self.arguments]
        libraries = {os.path.dirname(path) for name, path in self.files.items() if name not in (LOADER, PROGRAM)}  # noqa: PTH120 no pathlib in a worker
        loader, program = self.files[LOADER], self.files[PROGRAM]
        return [loader, "--library-path", ":".join(sorted(libraries)), program, *self.arguments]

    def become(self, *, in_own_root: bool) -> NoReturn:
        """Be the executable from here on, with an empty environment."""
        command = self.command(in_own_root=in_own_root)
        os.execve(command[0], command, {})  # noqa: S606 there is no shell, nor anything else


class _Rule(ctypes.Structure):
    """``struct landlock_path_beneath_attr``."""

    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


class CompanionLandlock(Landlock):
    """As a worker's, but the companion's files may be read and executed.

    Raises:
        KernelRefusalError: the kernel has none.
    """

    def __init__(self, companion: Companion) -> None:
        super().__init__()
        for place in companion.places.values():
            rule = _Rule(_EXECUTE | _READ_FILE, place)
            system_call(_ADD_RULE, self._descriptor, _PATH_BENEATH, ctypes.addressof(rule), 0)
