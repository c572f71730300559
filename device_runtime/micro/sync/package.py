"""Reading a package (``.ma``) at the fleet by ranges: what is in it, where, and that it is the one that is desired.

A package is a ZIP file in one canonical form (``device_runtime/sealed/archive.py``): entries sorted by name and
stored, so that from ``META-INF/digests.json`` the place of every byte follows. A wrong place would give bytes with
another SHA-256, so nothing that is computed here is trusted.
"""

import binascii
import hashlib
import json
import struct

from .messages import SyncError

try:
    from collections.abc import Awaitable, Callable
    from typing import Any
except ImportError:
    pass

MOST_DIGESTS_BYTES = 12_288
MOST_FILES = 100
_MOST_NAME = 128
_DIGESTS = "META-INF/digests.json"
_SIGNATURE = "META-INF/signature.json"
_HEAD = b'{"files":{'
_TAIL = b'},"format":1}'
_DEEPEST = 8
_LOCAL = 30
_WALKED = 200
"""So many entries may lie before the seal."""


async def open_package(
    read: "Callable[[int, int], Awaitable[bytes]]", target: "dict[str, Any]"
) -> "dict[str, tuple[int, int, bytes]]":
    """The entries of a package, by name: offset, size and SHA-256 of each, without the seal.

    Its list of files must be the one whose SHA-256 the desired document names, which the fleet signed: no other
    package passes, also none that the fleet sealed. The seal beside it could add nothing and is not fetched.

    Args:
        read: gives ``length`` bytes from ``offset`` of it.
        target: of the desired document: ``size`` and ``digests``.

    Raises:
        SyncError: no package, another one than is desired, or larger than a board takes.
    """
    if not target["digests"]:
        raise SyncError("the fleet does not say which list of files the package has: update the fleet's Cygnet")
    sizes: dict[str, tuple[int, int]] = {}
    at = walked = 0
    before = ""
    while len(sizes) < 2:
        name, size = await _header(read, at, target["size"])
        at += _LOCAL + len(name.encode())
        if name in (_DIGESTS, _SIGNATURE):
            sizes[name] = (at, size)
        at += size
        walked += 1
        if walked > _WALKED or name > _SIGNATURE or name <= before:
            raise SyncError("the package is not sealed: publish it with `cygnet fleet publish`")
        before = name
    offset, size = sizes[_DIGESTS]
    if size > MOST_DIGESTS_BYTES:
        raise SyncError(f"the package has so many files that their list takes {size} bytes; a board takes 12 KB")
    digests = await read(offset, size)
    if binascii.hexlify(hashlib.sha256(digests).digest()).decode() != target["digests"]:
        raise SyncError("the package is not the one that the fleet promised")
    entries = _layout(digests, {_DIGESTS: size, _SIGNATURE: sizes[_SIGNATURE][1]})
    _check_apart(entries)
    return entries


async def _header(read: "Callable[[int, int], Awaitable[bytes]]", at: int, size: int) -> "tuple[str, int]":
    """The name and size of the entry whose local header is at ``at`` (APPNOTE 6.3.10, 4.3.7)."""
    raw = await read(at, min(_LOCAL + _MOST_NAME, max(0, size - at))) if at < size else b""
    if len(raw) < _LOCAL or raw[:4] != b"PK\3\4":
        raise SyncError("the package is no archive in the canonical form")
    packed, whole, name_size, extra = struct.unpack("<IIHH", raw[18:_LOCAL])
    name = raw[_LOCAL : _LOCAL + name_size]
    if packed != whole or extra or len(name) != name_size:
        raise SyncError("the package is not in the canonical form, or has names longer than 128 bytes")
    try:
        return name.decode(), whole
    except ValueError as error:
        raise SyncError("the package has a file with a name that is not UTF-8") from error


def _layout(digests: bytes, seal: "dict[str, int]") -> "dict[str, tuple[int, int, bytes]]":
    try:
        entries = _listed(digests)
        at = 0
        for name in sorted(list(entries) + list(seal)):
            at += _LOCAL + len(name.encode())
            if name in seal:
                at += seal[name]
                continue
            check_name(name)
            _, size, digest = entries[name]
            if not isinstance(size, int) or size < 0 or len(digest) != 32:
                raise ValueError(name)  # noqa: TRY301 - one way out
            entries[name] = (at, size, digest)
            at += size
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SyncError(f"the package's list of files is broken: {error}")
    return entries


def _check_apart(names: "dict[str, Any]") -> None:
    """Refuse names that are one to FAT, of files and (with a slash at their ends) of folders."""
    taken: dict[str, str] = {}
    for name in names:
        at = 0
        while at >= 0:
            at = name.find("/", at + 1)
            place = name[: at + 1] if at >= 0 else name
            if taken.setdefault(place.rstrip("/").lower(), place) != place:
                raise SyncError(f"the package has two files that a board takes for one, at {place}")


def _listed(digests: bytes) -> "dict[str, tuple[int, int, bytes]]":
    """The files of a list in its one form (keys sorted, no spaces), each with offset 0.

    Taken apart one by one: as a whole, the list of a runtime's files would take half of what a small board has.
    """
    if digests[: len(_HEAD)] != _HEAD or digests[-len(_TAIL) :] != _TAIL:
        raise ValueError("it is of a later format, or not in the canonical form")
    entries: dict[str, tuple[int, int, bytes]] = {}
    at = len(_HEAD)
    while at < len(digests) - len(_TAIL):
        end = digests.find(b"}", digests.find(b'":{', at)) + 1
        if not end or len(entries) >= MOST_FILES:
            raise SyncError(f"the package has more than {MOST_FILES} files, or their list is broken")
        for name, entry in json.loads(b"{" + digests[at:end] + b"}").items():
            entries[name] = (0, entry["size"], binascii.unhexlify(entry["sha256"]))
        at = end + 1
    return entries


def check_name(name: str) -> None:
    """Refuse a name that could leave the program's folder. Raises :class:`SyncError`."""
    if len(name.encode()) > _MOST_NAME or "\\" in name or ":" in name or min(name or "\0") < " ":
        raise SyncError("the package has a file with a name that a board does not take")
    if name.count("/") > _DEEPEST:  # folders are walked by functions that call themselves
        raise SyncError(f"the package has files in folders that are more than {_DEEPEST} deep")
    for part in name.split("/"):
        if part[-1:] in ("", ".", " "):  # FAT cuts dots and spaces off
            raise SyncError("the package has a file whose name leaves its folder, or ends in a dot or a space")
