"""Bringing the files of a package into a folder that nothing refers to yet: fetch, check, check as they lie there.

What is there already and right is kept, so that an interrupted install goes on; what the version before has is copied.
"""

import gc
import hashlib
import os

from .messages import SyncError
from .switching import is_folder, remove_tree

try:
    from collections.abc import Awaitable, Callable

except ImportError:
    pass

_BLOCK_BYTES = 2048
_SMALL_BLOCK_BYTES = 512
"""A block where memory is short; the board is slower then, and still gets there."""
_SHORT = 32_768
_PIECE = 512
_RESERVE = 16_384
"""What an install leaves free on the file system."""


async def bring(
    entries: "dict[str, tuple[int, int, bytes]]",
    folder: str,
    before: str,
    read: "Callable[[int, int], Awaitable[bytes]]",
    progress: "Callable[[int], None]",
) -> None:
    """Make ``folder`` hold exactly these files.

    Args:
        entries: by name; offset in the package, size and SHA-256 of each.
        folder: ends with a slash; made when missing.
        before: a folder with files of the version before, or empty.
        read: gives ``length`` bytes from ``offset`` of the package.
        progress: hears how many bytes of the files are there.

    Raises:
        SyncError: what came is not what was promised, or there is no room.
        OSError: the disk does not take it.
    """
    make_folder(folder)
    _remove_others(folder, "", entries)
    missing = [name for name in sorted(entries) if not matches(folder + name, entries[name])]
    have = sum([entry[1] for name, entry in entries.items() if name not in missing])
    progress(have)
    _check_room(folder, [entries[name][1] for name in missing], missing)
    for name in missing:
        entry = entries[name]
        make_folder(folder + name[: name.rfind("/") + 1])
        if before and matches(before + name, entry):
            _copy(before + name, folder + name)
        else:
            await _fetch(folder + name, entry, read, lambda got, base=have: progress(base + got))  # type: ignore[misc]
        have += entry[1]
        progress(have)
        if not matches(folder + name, entry):
            os.remove(folder + name)
            raise SyncError(f"the file {name} is not what the fleet sealed: it is deleted and fetched again")


async def _fetch(
    path: str,
    entry: "tuple[int, int, bytes]",
    read: "Callable[[int, int], Awaitable[bytes]]",
    progress: "Callable[[int], None]",
) -> None:
    at = 0
    with open(path, "wb") as file:
        while at < entry[1]:
            most = _BLOCK_BYTES if gc.mem_free() > _SHORT else _SMALL_BLOCK_BYTES  # type: ignore[attr-defined]
            block = await read(entry[0] + at, min(most, entry[1] - at))
            file.write(block)
            at += len(block)
            progress(at)


def _copy(source: str, target: str) -> None:
    piece = bytearray(_PIECE)
    view = memoryview(piece)
    with open(source, "rb") as old, open(target, "wb") as new:
        while True:
            got = old.readinto(piece)
            if not got:
                return
            new.write(view[:got])


def matches(path: str, entry: "tuple[int, int, bytes]") -> bool:
    """Whether the file is there with this size and SHA-256."""
    try:
        if os.stat(path)[6] != entry[1]:
            return False
        digest, piece = hashlib.sha256(), bytearray(_PIECE)
        view = memoryview(piece)
        with open(path, "rb") as file:
            while True:
                got = file.readinto(piece)
                if not got:
                    break
                digest.update(view[:got])
    except OSError:
        return False
    return digest.digest() == entry[2]


def _check_room(folder: str, sizes: "list[int]", names: "list[str]") -> None:
    status = os.statvfs(folder[:-1])
    unit, free = status[0], status[0] * status[3]
    # A folder of littlefs takes two blocks: a program of nothing but folders must not fill what the records need.
    folders = set()
    needed = 0
    for name, size in zip(names, sizes):
        needed += (size + unit - 1) // unit * unit - _taken(folder + name, unit)
        at = name.find("/")
        while at >= 0:
            if not is_folder(folder + name[:at]):
                folders.add(name[:at])
            at = name.find("/", at + 1)
    needed = max(0, needed + 2 * unit * len(folders)) + _RESERVE if sizes else 0
    if free < needed:
        raise SyncError(
            f"the board has {free // 1024} KiB free, but the files need {needed // 1024} KiB "
            f"(with {_RESERVE // 1024} KiB that stay free): take a program away from it"
        )


def _taken(path: str, unit: int) -> int:
    """What a file takes that is written anew: of a slot, all of them are, and two slots fill most of a small flash."""
    try:
        return (os.stat(path)[6] + unit - 1) // unit * unit
    except OSError:
        return 0


def make_folder(path: str) -> None:
    """Make a folder and those above it. Raises :class:`OSError`."""
    at = path.find("/", 1)
    while at > 0:
        if not is_folder(path[:at]):
            os.mkdir(path[:at])
        at = path.find("/", at + 1)


def _remove_others(folder: str, inside: str, entries: "dict[str, tuple[int, int, bytes]]") -> None:
    """Delete what is in the folder and not among the entries: left over from something else."""
    for name in os.listdir((folder + inside)[:-1]):  # FAT wants no slash at its end
        path = inside + name
        if is_folder(folder + path):
            if any(each.startswith(path + "/") for each in entries):
                _remove_others(folder, path + "/", entries)
            else:
                remove_tree(folder + path)
        elif path not in entries:
            os.remove(folder + path)
