"""Namespaces of the workers: users, network, messages, mounts, host name and cgroups of their own.

The zygote enters them once and every worker is born in them. The network in them has no device, not even a loopback
that is up; the file system has one empty directory. A namespace a worker would protect no better against the host or
the network, and costs at each launch: see ``docs/security.md``.
"""

import ctypes
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from device_runtime.engine.isolation.kernel import library_call, system_call
from device_runtime.engine.isolation.system_calls import this_architecture

_MOUNTS, _CGROUPS, _HOST_NAME, _MESSAGES, _USERS, _NETWORK = (
    0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x40000000,
)  # fmt: skip
_OTHERS: Final = _CGROUPS | _HOST_NAME | _MESSAGES

_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_PROGRAMS, _REMOUNT = 1, 2, 4, 8, 32
_RECURSIVE, _PRIVATE, _DETACH, _BIND = 0x4000, 0x40000, 2, 0x1000
# What a mount keeps when it is changed: noexec, noatime, nodiratime (the same bits in statvfs), and relatime.
_KEPT, _RELATIME, _RELATIME_OF_STATVFS = 8 | 1024 | 2048, 0x200000, 4096
NO_FILES: Final[Mapping[str, str]] = MappingProxyType({})
_PIVOT_ROOT: Final = {"x86_64": 155, "aarch64": 41, "arm": 218}
# Any directory would do: what is mounted here is the workers' own, and nobody else sees it.
_PLACE: Final = "/dev"


def enter_namespaces() -> None:
    """Enter a user namespace, and in it those of network, messages, host name and cgroups.

    Raises:
        OSError: the kernel does not grant them.
    """
    user, group = os.geteuid(), os.getegid()
    library_call("unshare", _USERS | _NETWORK | _OTHERS)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")


def enter_empty_root(files: Mapping[str, str] = NO_FILES) -> None:
    """Leave every mounted file system behind for one directory that cannot be written, and that holds nothing but
    ``files``: names, and their paths. From here on nothing else can be opened; it needs the
    capabilities of a user namespace.

    Raises:
        OSError: the kernel does not grant it.
    """
    library_call("unshare", _MOUNTS)
    library_call("mount", None, b"/", None, _RECURSIVE | _PRIVATE, None)
    restraints = _NO_SETUID | _NO_DEVICES | _NO_PROGRAMS
    room = f"size=4k,nr_inodes={1 + len(files)},mode=555".encode()
    library_call("mount", b"none", _PLACE.encode(), b"tmpfs", restraints, room)
    for name, path in files.items():
        _show_file(path, f"{_PLACE}/{name}")
    os.chdir(_PLACE)
    _put_root_here()
    library_call("umount2", b".", _DETACH)
    library_call("mount", None, b"/", None, _REMOUNT | _READ_ONLY | restraints, None)
    os.chdir("/")


def _show_file(source: str, path: str) -> None:
    """A file of elsewhere, read-only; what restrains it there goes on to do so."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o444))
    library_call("mount", source.encode(), path.encode(), None, _BIND, None)
    found = os.statvfs(path).f_flag
    kept = (found & _KEPT) | (_RELATIME if found & _RELATIME_OF_STATVFS else 0)
    flags = _BIND | _REMOUNT | _READ_ONLY | _NO_SETUID | _NO_DEVICES | kept
    library_call("mount", None, path.encode(), None, flags, None)


def _put_root_here() -> None:
    """``pivot_root(".", ".")``: this directory becomes the root, and the old root comes to lie upon it."""
    here = ctypes.create_string_buffer(b".")
    address = ctypes.addressof(here)
    system_call(_PIVOT_ROOT[this_architecture()], address, address)
