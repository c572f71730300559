"""Programs' own files on the disk: where a path lies, what a program may read and change, and the room that it has."""

import itertools
import os
import shutil
import stat
from pathlib import Path

from device_runtime.capability.paths import ProgramPath
from device_runtime.capability.registry import Caller, CapabilityError

MAX_PROGRAM_BYTES = 10 * 1024 * 1024
MAX_TEMPORARY_BYTES = 32 * 1024 * 1024
# What an entry costs besides its content, so that a million empty files are not free.
ENTRY_BYTES = 1024


class FileStore:
    """The files of every program on this board, under one directory. For one thread: it blocks, and counts bytes.

    ``root`` is made when the first file is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._used: dict[tuple[str, str], int] = {}
        self._runs: dict[str, object] = {}
        self._names = itertools.count(1)

    def begin(self, caller: Caller) -> None:
        """The first call of a run empties what the last run left in ``tmp``."""
        if self._runs.get(caller.app_id) is not caller.run:
            self._runs[caller.app_id] = caller.run
            shutil.rmtree(self.root / caller.app_id / "tmp", ignore_errors=True)
            self._used.pop((caller.app_id, "tmp"), None)

    def next_number(self) -> int:
        """For names that are not there yet."""
        return next(self._names)

    def count_again(self, app_id: str, area: str) -> None:
        """What an area holds has changed, nobody knows by how much."""
        self._used.pop(_account(app_id, area), None)

    def weight(self, app_id: str) -> int:
        """Bytes on the disk of what a program keeps."""
        return sum(weigh(self.root / app_id / area, inside=True) for area in ("usr", "store"))

    def place(self, caller: Caller, path: ProgramPath) -> Path:
        """Where an own path lies on the disk."""
        folder = self.root / caller.app_id
        place = folder.joinpath(path.area, *path.parts)
        if not place.resolve().is_relative_to(folder.resolve()):
            raise CapabilityError(f"permission denied, open {path}")
        return place

    def folder(self, caller: Caller, path: ProgramPath) -> Path:
        """As :meth:`_place`; the root of the area is there as soon as it is asked for."""
        (self.root / caller.app_id / path.area).mkdir(parents=True, exist_ok=True)
        return self.place(caller, path)

    def writable(self, caller: Caller, path: ProgramPath, verb: str) -> Path:
        """As :meth:`folder`, of what a program may change with this verb. Raises :class:`CapabilityError`."""
        if path.area in ("package", "store") or (path.area == "tmp" and verb not in ("unlink", "write")):
            raise CapabilityError(f"permission denied, {verb} {path}")
        if not path.parts:
            raise CapabilityError(f"operation not permitted, {verb} {path}")
        return self.folder(caller, path)

    def content(self, caller: Caller, path: ProgramPath) -> bytes:
        """A whole file of the package or of the program's own. Raises :class:`CapabilityError`."""
        if path.area == "package":
            found = caller.entries.get("/".join(path.parts))
            if found is None:
                raise missing("open", path)
            return found
        place = self.place(caller, path)
        if not place.exists():
            raise missing("open", path)
        if not place.is_file():
            raise CapabilityError(f"illegal operation on a directory, open {path}")
        return place.read_bytes()

    def facts(self, caller: Caller, path: ProgramPath, verb: str) -> os.stat_result:
        """Facts about a file or a folder; a package's have the time 0."""
        if path.area != "package":
            place = self.folder(caller, path)
            if not place.exists():
                raise missing(verb, path)
            return place.stat()
        inner = "/".join(path.parts)
        content = caller.entries.get(inner)
        if content is None and inner and not any(name.startswith(f"{inner}/") for name in caller.entries):
            raise missing(verb, path)
        mode = stat.S_IFDIR | 0o555 if content is None else stat.S_IFREG | 0o444
        return os.stat_result((mode, 0, 0, 1, 0, 0, len(content or b""), 0, 0, 0))

    def account(self, caller: Caller, area: str) -> tuple[str, str]:
        """Where the bytes of an area are counted."""
        return _account(caller.app_id, area)

    def _usage(self, account: tuple[str, str]) -> int:
        if account not in self._used:
            areas = ("tmp",) if account[1] == "tmp" else ("usr", "store")
            self._used[account] = sum(weigh(self.root / account[0] / area, inside=True) for area in areas)
        return self._used[account]

    def reserve(self, account: tuple[str, str], more: int) -> None:
        """Count ``more`` bytes (less, where negative). Raises :class:`CapabilityError` where there is no room."""
        most = MAX_TEMPORARY_BYTES if account[1] == "tmp" else MAX_PROGRAM_BYTES
        if more > 0 and self._usage(account) + more > most:
            raise CapabilityError(
                f"the maximum size of the file storage limit is exceeded: {self._usage(account) + more} bytes would be "
                f"used, {most} are allowed; remove files first"
            )
        self._used[account] = self._usage(account) + more

    def write(self, caller: Caller, path: ProgramPath, data: bytes, *, append: bool = False) -> None:
        """Write a file as a whole: a program that dies meanwhile leaves the old one or the new one."""
        place = self.folder(caller, path) if path.area in ("store", "tmp") else self.writable(caller, path, "write")
        if place.is_dir():
            raise CapabilityError(f"illegal operation on a directory, open {path}")
        if not place.parent.is_dir():
            raise missing("open", path)
        before = weigh(place)
        if append and before:
            self.reserve(self.account(caller, path.area), len(data))
            with place.open("ab") as file:
                file.write(data)
            return
        self.reserve(self.account(caller, path.area), len(data) + ENTRY_BYTES - before)
        fresh = self.root / caller.app_id / "part"  # one thread writes, so one name is enough
        fresh.write_bytes(data)
        fresh.replace(place)

    def remove(self, caller: Caller, path: ProgramPath, place: Path) -> None:
        """Delete a file. Raises :class:`CapabilityError`."""
        if place.is_dir():
            raise CapabilityError(f"operation not permitted, unlink {path}")
        weight = weigh(place)
        if not weight:
            raise missing("unlink", path)
        place.unlink()
        self.reserve(self.account(caller, path.area), -weight)


def _account(app_id: str, area: str) -> tuple[str, str]:
    return app_id, "tmp" if area == "tmp" else "kept"


def missing(verb: str, path: ProgramPath) -> CapabilityError:
    """WeChat's sentence for what is not there."""
    return CapabilityError(f"no such file or directory, {verb} {path}")


def weigh(place: Path, *, inside: bool = False) -> int:
    """What a file or a folder with all that is in it counts; 0 where there is nothing."""
    try:
        facts = place.stat(follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    if not stat.S_ISDIR(facts.st_mode):
        return facts.st_size + ENTRY_BYTES
    return (0 if inside else ENTRY_BYTES) + sum(weigh(entry) for entry in place.iterdir())
