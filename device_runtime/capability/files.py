"""``file.*``: a program's own files, as ``wx.getFileSystemManager`` names its methods.

Source: https://developers.weixin.qq.com/miniprogram/dev/api/file/FileSystemManager.html. One folder a program; no
call makes a link, every path is checked by :mod:`device_runtime.capability.paths`, and what a path leads to is
checked again on the disk, so nothing outside can be named. ``usr`` and ``store`` together hold ``MAX_PROGRAM_BYTES``,
``tmp`` holds ``MAX_TEMPORARY_BYTES`` and is emptied when a program starts.
"""

import asyncio
import base64
import binascii
import hashlib
import itertools
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from device_runtime.capability import kept_files
from device_runtime.capability.arguments import choice, flag, number, refuse, text
from device_runtime.capability.paths import MAX_PATH_CHARACTERS, ProgramPath, read_path
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.values import Value

MAX_PROGRAM_BYTES = 10 * 1024 * 1024
MAX_TEMPORARY_BYTES = 32 * 1024 * 1024
# What an entry costs besides its content, so that a million empty files are not free.
ENTRY_BYTES = 1024

_ENCODINGS = {
    "ascii": "ascii",
    "binary": "latin-1",
    "latin1": "latin-1",
    "ucs2": "utf-16-le",
    "ucs-2": "utf-16-le",
    "utf16le": "utf-16-le",
    "utf-16le": "utf-16-le",
    "utf8": "utf-8",
    "utf-8": "utf-8",
    "base64": "",
    "hex": "",
}
_Result = TypeVar("_Result")


class ProgramFiles:
    """The files of every program on this board, under one directory.

    One thread does all the work: changes happen in the order in which they were asked for, the sum of a program's
    files stays true, and the event loop never waits for a disk.
    """

    def __init__(self, root: Path) -> None:
        """Keep the files under ``root``, which is made when the first is written."""
        self._root = root
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="files")
        self._used: dict[tuple[str, str], int] = {}
        self._runs: dict[str, object] = {}
        self._names = itertools.count(1)

    def close(self) -> None:
        """Finish what was asked for."""
        self._thread.shutdown()

    async def perform(self, caller: Caller, name: str, arguments: Mapping[str, Value]) -> Value:
        """One method of the file system manager.

        Raises:
            CapabilityError: an argument is wrong, or the file system says no; the message is WeChat's.
        """
        return await self._do(caller, lambda: _METHODS[name](self, caller, arguments))

    async def read(self, caller: Caller, path: str, name: str = "filePath") -> bytes:
        """A whole file of the package or of the program's own.

        Raises:
            CapabilityError: there is none, or it is larger than ``MAX_PROGRAM_BYTES``.
        """
        return await self._do(caller, lambda: self._content(caller, read_path(path, name)))

    async def add_temporary(self, caller: Caller, data: bytes, suffix: str) -> str:
        """Keep ``data`` until the program ends; returns its path.

        Raises:
            CapabilityError: the program has too many temporary files already.
        """

        def write() -> str:
            path = ProgramPath("tmp", (f"{int(time.time())}-{next(self._names)}{suffix}",))
            self._write(caller, path, data)
            return str(path)

        return await self._do(caller, write)

    async def write(self, caller: Caller, path: str, data: bytes) -> None:
        """Put ``data`` into a file of the program's own.

        Raises:
            CapabilityError: the path is none of them, or there is no room.
        """
        await self._do(caller, lambda: self._write(caller, read_path(path, "filePath"), data))

    async def keep(self, app_id: str) -> None:
        """Remember a program's own files as they are now, in place of what was remembered before.

        Raises:
            CapabilityError: the disk refused; its files are as they were.
        """
        await self._change(app_id, kept_files.keep)

    async def take_back(self, app_id: str) -> None:
        """Have a program's files be what they were at :meth:`keep`, and forget that; nothing kept changes nothing.

        Raises:
            CapabilityError: the disk refused; asked again, it goes on.
        """
        await self._change(app_id, kept_files.take_back)

    async def let_go(self, app_id: str) -> None:
        """Forget what was kept; nothing kept is no error.

        Raises:
            CapabilityError: the disk refused.
        """
        await self._change(app_id, kept_files.let_go)

    def weight(self, app_id: str) -> int:
        """Bytes on the disk of what a program keeps."""
        return sum(_weight(self._root / app_id / area, inside=True) for area in ("usr", "store"))

    async def _change(self, app_id: str, change: Callable[[Path], None]) -> None:
        def told() -> None:
            try:
                change(self._root / app_id)
            except OSError as error:
                raise CapabilityError(f"the board's disk failed: {error.strerror}") from error
            finally:
                self._used.pop((app_id, "kept"), None)

        await asyncio.get_running_loop().run_in_executor(self._thread, told)

    async def _do(self, caller: Caller, work: Callable[[], _Result]) -> _Result:
        def told() -> _Result:
            self._begin(caller)
            try:
                return work()
            except OSError as error:
                raise CapabilityError(f"the board's disk failed: {error.strerror}") from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, told)

    def _begin(self, caller: Caller) -> None:
        """The first call of a run empties what the last run left in ``tmp``."""
        if self._runs.get(caller.app_id) is not caller.run:
            self._runs[caller.app_id] = caller.run
            shutil.rmtree(self._root / caller.app_id / "tmp", ignore_errors=True)
            self._used.pop((caller.app_id, "tmp"), None)

    # -- places ------------------------------------------------------------------------------------------------

    def _place(self, caller: Caller, path: ProgramPath) -> Path:
        """Where an own path lies on the disk."""
        folder = self._root / caller.app_id
        place = folder.joinpath(path.area, *path.parts)
        if not place.resolve().is_relative_to(folder.resolve()):
            raise CapabilityError(f"permission denied, open {path}")
        return place

    def _folder(self, caller: Caller, path: ProgramPath) -> Path:
        """As :meth:`_place`; the root of the area is there as soon as it is asked for."""
        (self._root / caller.app_id / path.area).mkdir(parents=True, exist_ok=True)
        return self._place(caller, path)

    def _writable(self, caller: Caller, path: ProgramPath, verb: str) -> Path:
        if path.area in ("package", "store") or (path.area == "tmp" and verb not in ("unlink", "write")):
            raise CapabilityError(f"permission denied, {verb} {path}")
        if not path.parts:
            raise CapabilityError(f"operation not permitted, {verb} {path}")
        return self._folder(caller, path)

    def _content(self, caller: Caller, path: ProgramPath) -> bytes:
        if path.area == "package":
            found = caller.entries.get("/".join(path.parts))
            if found is None:
                raise _missing("open", path)
            return found
        place = self._place(caller, path)
        if not place.exists():
            raise _missing("open", path)
        if not place.is_file():
            raise CapabilityError(f"illegal operation on a directory, open {path}")
        return place.read_bytes()

    def _facts(self, caller: Caller, path: ProgramPath, verb: str) -> os.stat_result:
        """Facts about a file or a folder; a package's have the time 0."""
        if path.area != "package":
            place = self._folder(caller, path)
            if not place.exists():
                raise _missing(verb, path)
            return place.stat()
        inner = "/".join(path.parts)
        content = caller.entries.get(inner)
        if content is None and inner and not any(name.startswith(f"{inner}/") for name in caller.entries):
            raise _missing(verb, path)
        mode = stat.S_IFDIR | 0o555 if content is None else stat.S_IFREG | 0o444
        return os.stat_result((mode, 0, 0, 1, 0, 0, len(content or b""), 0, 0, 0))

    # -- room --------------------------------------------------------------------------------------------------

    def _account(self, caller: Caller, area: str) -> tuple[str, str]:
        return caller.app_id, "tmp" if area == "tmp" else "kept"

    def _usage(self, account: tuple[str, str]) -> int:
        if account not in self._used:
            areas = ("tmp",) if account[1] == "tmp" else ("usr", "store")
            self._used[account] = sum(_weight(self._root / account[0] / area, inside=True) for area in areas)
        return self._used[account]

    def _reserve(self, account: tuple[str, str], more: int) -> None:
        most = MAX_TEMPORARY_BYTES if account[1] == "tmp" else MAX_PROGRAM_BYTES
        if more > 0 and self._usage(account) + more > most:
            raise CapabilityError(
                f"the maximum size of the file storage limit is exceeded: {self._usage(account) + more} bytes would be "
                f"used, {most} are allowed; remove files first"
            )
        self._used[account] = self._usage(account) + more

    def _write(self, caller: Caller, path: ProgramPath, data: bytes, *, append: bool = False) -> None:
        """Write a file as a whole: a program that dies meanwhile leaves the old one or the new one."""
        place = self._folder(caller, path) if path.area in ("store", "tmp") else self._writable(caller, path, "write")
        if place.is_dir():
            raise CapabilityError(f"illegal operation on a directory, open {path}")
        if not place.parent.is_dir():
            raise _missing("open", path)
        before = _weight(place)
        if append and before:
            self._reserve(self._account(caller, path.area), len(data))
            with place.open("ab") as file:
                file.write(data)
            return
        self._reserve(self._account(caller, path.area), len(data) + ENTRY_BYTES - before)
        fresh = self._root / caller.app_id / "part"  # one thread writes, so one name is enough
        fresh.write_bytes(data)
        fresh.replace(place)

    # -- the methods -------------------------------------------------------------------------------------------

    def _access(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        self._facts(caller, _path(arguments, "path"), "access")
        return None

    def _read_file(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        encoding = _encoding(arguments)
        data = self._content(caller, _path(arguments, "filePath"))
        position = int(number(arguments, "position", 0, 2**53, 0))
        if position > len(data):
            raise refuse(f"position is {position}, and the file holds {len(data)} bytes")
        length = int(number(arguments, "length", 1, 2**53, max(len(data), 1)))
        data = data[position : position + length]
        return {"data": data if encoding is None else _as_text(data, encoding)}

    def _write_file(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        self._write(caller, _path(arguments, "filePath"), _data(arguments))
        return None

    def _append_file(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        path = _path(arguments, "filePath")
        if not self._writable(caller, path, "append").exists():
            raise _missing("open", path)
        self._write(caller, path, _data(arguments), append=True)
        return None

    def _truncate(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        path = _path(arguments, "filePath")
        content = self._content(caller, path) if self._writable(caller, path, "truncate") else b""
        length = int(number(arguments, "length", 0, MAX_PROGRAM_BYTES, 0))
        self._write(caller, path, content[:length].ljust(length, b"\0"))
        return None

    def _mkdir(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        path = _path(arguments, "dirPath")
        recursive = flag(arguments, "recursive", False)
        place = self._writable(caller, path, "mkdir")
        if place.exists():
            raise CapabilityError(f"file already exists {path}")
        if not place.parent.is_dir() and not recursive:
            raise _missing("mkdir", path)
        new = [place, *itertools.takewhile(lambda folder: not folder.exists(), place.parents)]
        self._reserve(self._account(caller, path.area), ENTRY_BYTES * len(new))
        try:
            place.mkdir(parents=recursive)
        except (FileExistsError, NotADirectoryError) as error:
            self._used.pop(self._account(caller, path.area))
            raise CapabilityError(f"not a directory, mkdir {path}") from error
        return None

    def _rmdir(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        path = _path(arguments, "dirPath")
        place = self._writable(caller, path, "rmdir")
        if not place.is_dir():
            raise _missing("rmdir", path) if not place.exists() else CapabilityError(f"not a directory, rmdir {path}")
        if any(place.iterdir()) and not flag(arguments, "recursive", False):
            raise CapabilityError("directory not empty")
        self._used.pop(self._account(caller, path.area), None)
        shutil.rmtree(place)
        return None

    def _readdir(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        path = _path(arguments, "dirPath")
        if not stat.S_ISDIR(self._facts(caller, path, "scandir").st_mode):
            raise CapabilityError(f"not a directory, scandir {path}")
        if path.area != "package":
            return {"files": list(_names(self._folder(caller, path)))}
        prefix = "".join(f"{part}/" for part in path.parts)
        inside = {name[len(prefix) :].partition("/")[0] for name in caller.entries if name.startswith(prefix)}
        return {"files": list[Value](sorted(inside))}

    def _stat(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        path = _path(arguments, "path")
        facts = self._facts(caller, path, "stat")
        if not flag(arguments, "recursive", False) or not stat.S_ISDIR(facts.st_mode) or path.area == "package":
            return {"stats": _stats(facts)}
        top = self._folder(caller, path)
        inside: list[Value] = [
            {"path": f"/{place.relative_to(top).as_posix()}", "stats": _stats(place.stat())}
            for place in sorted(top.rglob("*"))
        ]
        return {"stats": [{"path": "/", "stats": _stats(facts)}, *inside]}

    def _unlink(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        path = _path(arguments, "filePath")
        self._remove(caller, path, self._writable(caller, path, "unlink"))
        return None

    def _remove(self, caller: Caller, path: ProgramPath, place: Path) -> None:
        if place.is_dir():
            raise CapabilityError(f"operation not permitted, unlink {path}")
        weight = _weight(place)
        if not weight:
            raise _missing("unlink", path)
        place.unlink()
        self._reserve(self._account(caller, path.area), -weight)

    def _rename(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        old, new = _path(arguments, "oldPath"), _path(arguments, "newPath")
        source = self._folder(caller, old) if old.area == "tmp" else self._writable(caller, old, "rename")
        target = self._writable(caller, new, "rename")
        if not source.exists() or not old.parts:
            raise _missing("rename", old)
        if not target.parent.is_dir():
            raise _missing("rename", new)
        if target.is_dir() or (target.exists() and source.is_dir()) or target.is_relative_to(source):
            raise CapabilityError(f"file already exists, rename {old} -> {new}")
        if old.area != new.area:
            self._reserve(self._account(caller, new.area), _weight(source))
        source.replace(target)
        for area in (old.area, new.area):
            self._used.pop(self._account(caller, area), None)
        return None

    def _copy_file(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        source, target = _path(arguments, "srcPath"), _path(arguments, "destPath")
        self._write(caller, target, self._content(caller, source))
        return None

    def _save_file(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        source = _path(arguments, "tempFilePath")
        if source.area != "tmp":
            raise CapabilityError("tempFilePath file not exist: only a temporary file can be saved")
        wanted = text(arguments, "filePath", MAX_PATH_CHARACTERS, "")
        name = f"{int(time.time())}-{next(self._names)}{Path(source.parts[-1]).suffix if source.parts else ''}"
        target = read_path(wanted, "filePath") if wanted else ProgramPath("store", (name,))
        self._write(caller, target, self._content(caller, source))
        self._remove(caller, source, self._place(caller, source))
        return {"savedFilePath": str(target)}

    def _saved_files(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG002 it takes nothing
        folder = self._folder(caller, ProgramPath("store", ()))
        files: list[Value] = []
        for name in _names(folder):
            facts = (folder / name).stat()
            files.append(
                {
                    "filePath": str(ProgramPath("store", (name,))),
                    "size": facts.st_size,
                    "createTime": int(facts.st_mtime),
                }
            )
        return {"fileList": files}

    def _saved_file(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        path = _path(arguments, "filePath")
        if path.area != "store":
            raise _missing("open", path)
        facts = self._facts(caller, path, "open")
        return {"size": facts.st_size, "createTime": int(facts.st_mtime)}

    def _remove_saved(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        path = _path(arguments, "filePath")
        if path.area != "store" or not path.parts:
            raise _missing("unlink", path)
        self._remove(caller, path, self._folder(caller, path))
        return None

    def _file_info(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        algorithm = choice(arguments, "digestAlgorithm", ("md5", "sha1"), "md5")
        content = self._content(caller, _path(arguments, "filePath"))
        return {
            "size": len(content),
            "digest": hashlib.new(algorithm, content, usedforsecurity=False).hexdigest(),
        }


_METHODS: dict[str, Callable[[ProgramFiles, Caller, Mapping[str, Value]], Value]] = {
    "access": ProgramFiles._access,
    "appendFile": ProgramFiles._append_file,
    "copyFile": ProgramFiles._copy_file,
    "getFileInfo": ProgramFiles._file_info,
    "getSavedFileInfo": ProgramFiles._saved_file,
    "getSavedFileList": ProgramFiles._saved_files,
    "mkdir": ProgramFiles._mkdir,
    "readFile": ProgramFiles._read_file,
    "readdir": ProgramFiles._readdir,
    "removeSavedFile": ProgramFiles._remove_saved,
    "rename": ProgramFiles._rename,
    "rmdir": ProgramFiles._rmdir,
    "saveFile": ProgramFiles._save_file,
    "stat": ProgramFiles._stat,
    "truncate": ProgramFiles._truncate,
    "unlink": ProgramFiles._unlink,
    "writeFile": ProgramFiles._write_file,
}


def _path(arguments: Mapping[str, Value], name: str) -> ProgramPath:
    return read_path(text(arguments, name, MAX_PATH_CHARACTERS), name)


def _missing(verb: str, path: ProgramPath) -> CapabilityError:
    return CapabilityError(f"no such file or directory, {verb} {path}")


def _names(folder: Path) -> Iterator[str]:
    return iter(sorted(place.name for place in folder.iterdir()))


def _weight(place: Path, *, inside: bool = False) -> int:
    """What a file or a folder with all that is in it counts; 0 where there is nothing."""
    try:
        facts = place.stat(follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    if not stat.S_ISDIR(facts.st_mode):
        return facts.st_size + ENTRY_BYTES
    return (0 if inside else ENTRY_BYTES) + sum(_weight(entry) for entry in place.iterdir())


def _stats(facts: os.stat_result) -> Value:
    return {
        "mode": facts.st_mode,
        "size": 0 if stat.S_ISDIR(facts.st_mode) else facts.st_size,
        "lastAccessedTime": int(facts.st_atime),
        "lastModifiedTime": int(facts.st_mtime),
        "directory": stat.S_ISDIR(facts.st_mode),
    }


def _encoding(arguments: Mapping[str, Value], default: str | None = None) -> str | None:
    if arguments.get("encoding") is None:
        return default
    return choice(arguments, "encoding", _ENCODINGS, "utf-8")


def _as_text(data: bytes, encoding: str) -> str:
    if encoding == "base64":
        return base64.b64encode(data).decode("ascii")
    return data.hex() if encoding == "hex" else data.decode(_ENCODINGS[encoding], errors="replace")


def _data(arguments: Mapping[str, Value]) -> bytes:
    data = arguments.get("data")
    if isinstance(data, bytes):
        return data
    if not isinstance(data, str):
        raise refuse("data must be a string or an ArrayBuffer")
    encoding = _encoding(arguments, "utf-8") or "utf-8"
    try:
        if encoding == "base64":
            return base64.b64decode(data + "=" * (-len(data) % 4))
        return bytes.fromhex(data) if encoding == "hex" else data.encode(_ENCODINGS[encoding], errors="replace")
    except (ValueError, binascii.Error) as error:
        raise refuse(f"data is no {encoding} text") from error


def file_capabilities(files: ProgramFiles) -> list[Capability]:
    """``file.<method>`` for each method, with WeChat's arguments and results; bytes are bytes."""
    return [_capability(files, name) for name in _METHODS]


def _capability(files: ProgramFiles, name: str) -> Capability:
    async def perform(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        return await files.perform(caller, name, arguments)

    return Capability(f"file.{name}", perform)
