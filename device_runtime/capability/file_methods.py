"""The methods of ``wx.getFileSystemManager`` on a :class:`FileStore`, with WeChat's arguments, results and errors.

Source: https://developers.weixin.qq.com/miniprogram/dev/api/file/FileSystemManager.html.
"""

import base64
import binascii
import hashlib
import itertools
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from device_runtime.capability.arguments import choice, flag, number, refuse, text
from device_runtime.capability.file_store import ENTRY_BYTES, MAX_PROGRAM_BYTES, FileStore, missing, weigh
from device_runtime.capability.paths import MAX_PATH_CHARACTERS, ProgramPath, read_path
from device_runtime.capability.registry import Caller, CapabilityError
from device_runtime.values import Value

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


def _access(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    store.facts(caller, _path(arguments, "path"), "access")
    return None


def _read_file(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    encoding = _encoding(arguments)
    data = store.content(caller, _path(arguments, "filePath"))
    position = int(number(arguments, "position", 0, 2**53, 0))
    if position > len(data):
        raise refuse(f"position is {position}, and the file holds {len(data)} bytes")
    length = int(number(arguments, "length", 1, 2**53, max(len(data), 1)))
    data = data[position : position + length]
    return {"data": data if encoding is None else _as_text(data, encoding)}


def _write_file(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    store.write(caller, _path(arguments, "filePath"), _data(arguments))
    return None


def _append_file(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    path = _path(arguments, "filePath")
    if not store.writable(caller, path, "append").exists():
        raise missing("open", path)
    store.write(caller, path, _data(arguments), append=True)
    return None


def _truncate(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    path = _path(arguments, "filePath")
    content = store.content(caller, path) if store.writable(caller, path, "truncate") else b""
    length = int(number(arguments, "length", 0, MAX_PROGRAM_BYTES, 0))
    store.write(caller, path, content[:length].ljust(length, b"\0"))
    return None


def _mkdir(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    path = _path(arguments, "dirPath")
    recursive = flag(arguments, "recursive", False)
    place = store.writable(caller, path, "mkdir")
    if place.exists():
        raise CapabilityError(f"file already exists {path}")
    if not place.parent.is_dir() and not recursive:
        raise missing("mkdir", path)
    new = [place, *itertools.takewhile(lambda folder: not folder.exists(), place.parents)]
    store.reserve(store.account(caller, path.area), ENTRY_BYTES * len(new))
    try:
        place.mkdir(parents=recursive)
    except (FileExistsError, NotADirectoryError) as error:
        store.count_again(caller.app_id, path.area)
        raise CapabilityError(f"not a directory, mkdir {path}") from error
    return None


def _rmdir(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    path = _path(arguments, "dirPath")
    place = store.writable(caller, path, "rmdir")
    if not place.is_dir():
        raise missing("rmdir", path) if not place.exists() else CapabilityError(f"not a directory, rmdir {path}")
    if any(place.iterdir()) and not flag(arguments, "recursive", False):
        raise CapabilityError("directory not empty")
    store.count_again(caller.app_id, path.area)
    shutil.rmtree(place)
    return None


def _readdir(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    path = _path(arguments, "dirPath")
    if not stat.S_ISDIR(store.facts(caller, path, "scandir").st_mode):
        raise CapabilityError(f"not a directory, scandir {path}")
    if path.area != "package":
        return {"files": list(_names(store.folder(caller, path)))}
    prefix = "".join(f"{part}/" for part in path.parts)
    inside = {name[len(prefix) :].partition("/")[0] for name in caller.entries if name.startswith(prefix)}
    return {"files": list[Value](sorted(inside))}


def _stat(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    path = _path(arguments, "path")
    facts = store.facts(caller, path, "stat")
    if not flag(arguments, "recursive", False) or not stat.S_ISDIR(facts.st_mode) or path.area == "package":
        return {"stats": _stats(facts)}
    top = store.folder(caller, path)
    inside: list[Value] = [
        {"path": f"/{place.relative_to(top).as_posix()}", "stats": _stats(place.stat())}
        for place in sorted(top.rglob("*"))
    ]
    return {"stats": [{"path": "/", "stats": _stats(facts)}, *inside]}


def _unlink(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    path = _path(arguments, "filePath")
    store.remove(caller, path, store.writable(caller, path, "unlink"))
    return None


def _rename(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    old, new = _path(arguments, "oldPath"), _path(arguments, "newPath")
    source = store.folder(caller, old) if old.area == "tmp" else store.writable(caller, old, "rename")
    target = store.writable(caller, new, "rename")
    if not source.exists() or not old.parts:
        raise missing("rename", old)
    if not target.parent.is_dir():
        raise missing("rename", new)
    if target.is_dir() or (target.exists() and source.is_dir()) or target.is_relative_to(source):
        raise CapabilityError(f"file already exists, rename {old} -> {new}")
    if old.area != new.area:
        store.reserve(store.account(caller, new.area), weigh(source))
    source.replace(target)
    for area in (old.area, new.area):
        store.count_again(caller.app_id, area)
    return None


def _copy_file(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    source, target = _path(arguments, "srcPath"), _path(arguments, "destPath")
    store.write(caller, target, store.content(caller, source))
    return None


def _save_file(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    source = _path(arguments, "tempFilePath")
    if source.area != "tmp":
        raise CapabilityError("tempFilePath file not exist: only a temporary file can be saved")
    wanted = text(arguments, "filePath", MAX_PATH_CHARACTERS, "")
    name = f"{int(time.time())}-{store.next_number()}{Path(source.parts[-1]).suffix if source.parts else ''}"
    target = read_path(wanted, "filePath") if wanted else ProgramPath("store", (name,))
    store.write(caller, target, store.content(caller, source))
    store.remove(caller, source, store.place(caller, source))
    return {"savedFilePath": str(target)}


def _saved_files(store: FileStore, caller: Caller, _arguments: Mapping[str, Value]) -> Value:
    folder = store.folder(caller, ProgramPath("store", ()))
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


def _saved_file(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    path = _path(arguments, "filePath")
    if path.area != "store":
        raise missing("open", path)
    facts = store.facts(caller, path, "open")
    return {"size": facts.st_size, "createTime": int(facts.st_mtime)}


def _remove_saved(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    path = _path(arguments, "filePath")
    if path.area != "store" or not path.parts:
        raise missing("unlink", path)
    store.remove(caller, path, store.folder(caller, path))
    return None


def _file_info(store: FileStore, caller: Caller, arguments: Mapping[str, Value]) -> Value:
    algorithm = choice(arguments, "digestAlgorithm", ("md5", "sha1"), "md5")
    content = store.content(caller, _path(arguments, "filePath"))
    return {
        "size": len(content),
        "digest": hashlib.new(algorithm, content, usedforsecurity=False).hexdigest(),
    }


METHODS: dict[str, Callable[[FileStore, Caller, Mapping[str, Value]], Value]] = {
    "access": _access,
    "appendFile": _append_file,
    "copyFile": _copy_file,
    "getFileInfo": _file_info,
    "getSavedFileInfo": _saved_file,
    "getSavedFileList": _saved_files,
    "mkdir": _mkdir,
    "readFile": _read_file,
    "readdir": _readdir,
    "removeSavedFile": _remove_saved,
    "rename": _rename,
    "rmdir": _rmdir,
    "saveFile": _save_file,
    "stat": _stat,
    "truncate": _truncate,
    "unlink": _unlink,
    "writeFile": _write_file,
}
"""By name."""


def _path(arguments: Mapping[str, Value], name: str) -> ProgramPath:
    return read_path(text(arguments, name, MAX_PATH_CHARACTERS), name)


def _names(folder: Path) -> Iterator[str]:
    return iter(sorted(place.name for place in folder.iterdir()))


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
