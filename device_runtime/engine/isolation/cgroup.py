"""Control groups: what a worker may take of memory and processor, held by the kernel, where a group is delegated to us.

The host does all of this, since a worker can write no file. It moves itself into a group of its own beside the workers'
(a group that divides what it has may hold no process), and gives each worker a group.
"""

import logging
import os
from pathlib import Path
from typing import Final

from device_runtime.errors import CygnetError

_log = logging.getLogger(__name__)

_WANTED: Final = ("cpu", "memory", "pids")
_HOST, _WORKERS = "cygnet-host", "cygnet-workers"
# A worker's part of a processor that all want, where 100 is that of others.
_WEIGHT: Final = "25"


class CgroupError(CygnetError):
    """No group is delegated to this process."""


def own_group(cgroups: str, mounts: str) -> Path:
    """The directory of this process's group, from the texts of /proc/self/cgroup and /proc/self/mountinfo.

    Raises:
        CgroupError: the unified hierarchy (cgroup v2) is not mounted.
    """
    path = next((line[3:] for line in cgroups.splitlines() if line.startswith("0::")), None)
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        if path is not None and after.startswith("cgroup2 "):
            root, place = before.split()[3:5]
            inside = path.removeprefix(root.rstrip("/")).lstrip("/")
            return Path(place) / inside
    raise CgroupError("the unified hierarchy of control groups (version 2) is not mounted")


class WorkerGroups:
    """The groups below one that is ours.

    Raises:
        CgroupError: the group is not ours, it has no controllers, or processes of others are in it.
    """

    def __init__(self, group: Path) -> None:
        try:
            given = (group / "cgroup.controllers").read_text(encoding="ascii").split()
            controllers = [name for name in _WANTED if name in given]
            if not controllers:
                raise CgroupError(f"the group {group} has no controllers of its own")
            (group / _HOST).mkdir(exist_ok=True)
            (group / _HOST / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
            divide = " ".join(f"+{name}" for name in controllers)
            self._workers = group / _WORKERS
            self._workers.mkdir(exist_ok=True)
            for divided in (group, self._workers):
                (divided / "cgroup.subtree_control").write_text(divide, encoding="ascii")
        except OSError as error:
            _leave(group)
            raise CgroupError(f"the group {group} cannot be divided: {error.strerror}") from error
        self._controllers = controllers

    def add(self, pid: int, memory_bytes: int, threads: int = 1) -> None:
        """Put a worker into a group of its own. It may have ended already."""
        group = self._workers / str(pid)
        settings = {
            "memory.max": str(memory_bytes),
            "memory.swap.max": "0",
            "pids.max": str(threads),
            "cpu.weight": _WEIGHT,
        }
        try:
            group.mkdir()
            for name, value in settings.items():
                if name.partition(".")[0] in self._controllers and (group / name).exists():
                    (group / name).write_text(value, encoding="ascii")
            (group / "cgroup.procs").write_text(str(pid), encoding="ascii")
        except ProcessLookupError:
            self.remove(pid)
        except OSError as error:
            _log.warning("the worker %d runs without a control group: %s", pid, error)

    def remove(self, pid: int) -> None:
        """A worker has ended."""
        try:
            (self._workers / str(pid)).rmdir()
        except OSError as error:
            _log.debug("the control group of the worker %d stays: %s", pid, error)


def _leave(group: Path) -> None:
    """Undo what was begun in a group that turned out not to be ours."""
    try:
        (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
        for name in (_HOST, _WORKERS):
            (group / name).rmdir()
    except OSError as error:
        _log.debug("the control group %s was not left as it was: %s", group, error)
