"""``file.*``: a program's own files, as ``wx.getFileSystemManager`` names its methods.

Source: https://developers.weixin.qq.com/miniprogram/dev/api/file/FileSystemManager.html. One folder a program; no
call makes a link, every path is checked by :mod:`device_runtime.capability.paths`, and what a path leads to is
checked again on the disk, so nothing outside can be named. ``usr`` and ``store`` together hold ``MAX_PROGRAM_BYTES``,
``tmp`` holds ``MAX_TEMPORARY_BYTES`` and is emptied when a program starts.
"""

import asyncio
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from device_runtime.capability import kept_files
from device_runtime.capability.file_methods import METHODS
from device_runtime.capability.file_store import ENTRY_BYTES as ENTRY_BYTES
from device_runtime.capability.file_store import MAX_PROGRAM_BYTES as MAX_PROGRAM_BYTES
from device_runtime.capability.file_store import MAX_TEMPORARY_BYTES as MAX_TEMPORARY_BYTES
from device_runtime.capability.file_store import FileStore
from device_runtime.capability.paths import ProgramPath, read_path
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.values import Value

_Result = TypeVar("_Result")


class ProgramFiles:
    """The files of every program on this board, under one directory.

    One thread does all the work: changes happen in the order in which they were asked for, the sum of a program's
    files stays true, and the event loop never waits for a disk.
    """

    def __init__(self, root: Path) -> None:
        """Keep the files under ``root``, which is made when the first is written."""
        self._store = FileStore(root)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="files")

    def close(self) -> None:
        """Finish what was asked for."""
        self._thread.shutdown()

    async def perform(self, caller: Caller, name: str, arguments: Mapping[str, Value]) -> Value:
        """One method of the file system manager.

        Raises:
            CapabilityError: an argument is wrong, or the file system says no; the message is WeChat's.
        """
        return await self._do(caller, lambda: METHODS[name](self._store, caller, arguments))

    async def read(self, caller: Caller, path: str, name: str = "filePath") -> bytes:
        """A whole file of the package or of the program's own.

        Raises:
            CapabilityError: there is none, or it is larger than ``MAX_PROGRAM_BYTES``.
        """
        return await self._do(caller, lambda: self._store.content(caller, read_path(path, name)))

    async def add_temporary(self, caller: Caller, data: bytes, suffix: str) -> str:
        """Keep ``data`` until the program ends; returns its path.

        Raises:
            CapabilityError: the program has too many temporary files already.
        """

        def write() -> str:
            path = ProgramPath("tmp", (f"{int(time.time())}-{self._store.next_number()}{suffix}",))
            self._store.write(caller, path, data)
            return str(path)

        return await self._do(caller, write)

    async def write(self, caller: Caller, path: str, data: bytes) -> None:
        """Put ``data`` into a file of the program's own.

        Raises:
            CapabilityError: the path is none of them, or there is no room.
        """
        await self._do(caller, lambda: self._store.write(caller, read_path(path, "filePath"), data))

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

    async def programs(self) -> list[str]:
        """The programs that have a folder."""

        def read() -> list[str]:
            root = self._store.root
            return sorted(each.name for each in root.iterdir() if each.is_dir()) if root.is_dir() else []

        return await asyncio.get_running_loop().run_in_executor(self._thread, read)

    async def erase(self, app_id: str) -> None:
        """Delete all files of a program, what was kept for a trial too.

        Raises:
            CapabilityError: the disk refused.
        """
        await self._change(app_id, _erase)
        self._store.count_again(app_id, "tmp")

    def weight(self, app_id: str) -> int:
        """Bytes on the disk of what a program keeps."""
        return self._store.weight(app_id)

    async def _change(self, app_id: str, change: Callable[[Path], None]) -> None:
        def told() -> None:
            try:
                change(self._store.root / app_id)
            except OSError as error:
                raise CapabilityError(f"the board's disk failed: {error.strerror}") from error
            finally:
                self._store.count_again(app_id, "usr")

        await asyncio.get_running_loop().run_in_executor(self._thread, told)

    async def _do(self, caller: Caller, work: Callable[[], _Result]) -> _Result:
        def told() -> _Result:
            self._store.begin(caller)
            try:
                return work()
            except OSError as error:
                raise CapabilityError(f"the board's disk failed: {error.strerror}") from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, told)


def _erase(folder: Path) -> None:
    if folder.is_dir():
        shutil.rmtree(folder)


def file_capabilities(files: ProgramFiles) -> list[Capability]:
    """``file.<method>`` for each method, with WeChat's arguments and results; bytes are bytes."""
    return [_capability(files, name) for name in METHODS]


def _capability(files: ProgramFiles, name: str) -> Capability:
    async def perform(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        return await files.perform(caller, name, arguments)

    return Capability(f"file.{name}", perform)
