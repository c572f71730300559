"""A board reads a package by ranges from a broker that it does not trust: what the fleet promised, or a SyncError."""

import asyncio
import base64
import hashlib
import json
import struct
from collections.abc import Callable, Mapping
from typing import Any

from device_runtime.micro.sync.messages import SyncError
from device_runtime.micro.sync.package import check_name, open_package
from device_runtime.program.package import DIGESTS, SIGNATURE, seal_package
from device_runtime.sealed.archive import read_archive, write_archive
from tests.fuzz.choices import Choices
from tests.fuzz.documents import mutated
from tests.fuzz.packages import ENTRIES, KEY, SEALED, _altered
from tests.fuzz.refusals import check_sentence

SEEDS = [b"\0" + SEALED]
_NAMES = ("a/../b", "/a", "a\\b", "C:a", "\0", "", "a" * 200, "a/", "./a", "a/" * 9 + "b", "\u56fe" * 60, ".", "A.JS")
Case = bytes
"""A package as a broker gives it; the fleet has promised the list of files that is in it."""


def feed(data: bytes) -> None:
    choices = Choices(data)
    match choices.below(4):
        case 0:
            check(choices.rest())
        case 1:
            check(_altered(SEALED, choices))
        case 2:
            check(_sealed(written(mutated([_digests()], choices))))
        case _:
            files = dict(_digests()["files"])
            files[choices.pick(_NAMES)] = choices.pick([*files.values()])
            check(_sealed(written({"format": 1, "files": files})))


def written(document: Any) -> bytes:
    """A list of files in its one form, or it would be refused for that."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _digests() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(read_archive(SEALED)[DIGESTS])
    return found


def _sealed(digests: bytes) -> bytes:
    """By the fleet's own key, whatever the list says."""
    seal = {"keyid": "0" * 64, "sig": base64.b64encode(KEY.sign(b"cygnet package 1\n" + digests)).decode()}
    return write_archive({**ENTRIES, DIGESTS: digests, SIGNATURE: written(seal)})


def check(package: Case) -> None:
    asked = [0]

    async def read(offset: int, length: int) -> bytes:
        asked[0] += 1
        assert asked[0] < 1000, "it asks without end"
        assert offset >= 0
        assert 0 <= length <= 16_384, "more than a board has memory for"
        data = package[offset : offset + length]
        return data + bytes(length - len(data))  # a broker may give as much as was asked for

    target = {"size": len(package), "digests": promised(package)}
    try:
        entries = asyncio.run(open_package(read, target))
    except SyncError as error:
        check_sentence(str(error))
        return
    for name, (offset, size, digest) in entries.items():
        check_name(name)
        assert not {"", ".", ".."} & {*name.split("/")}
        assert offset >= 0
        assert size >= 0
        assert len(digest) == 32


def promised(package: bytes) -> str:
    """The digest with which the fleet would name the package."""
    return hashlib.sha256(_listed(package)).hexdigest()


def _listed(package: bytes) -> bytes:
    """The bytes that stand where the list of files should be, as far as there are any."""
    at = package.find(DIGESTS.encode())
    if at < 0:
        return b""
    size = struct.unpack_from("<I", package.ljust(at + 30, b"\0"), at - 8)[0] if at >= 8 else 0
    return package[at + len(DIGESTS) :][:size]


def _header(name: bytes, size: int = 0, content: bytes = b"") -> bytes:
    return struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 33, 0, size, size, len(name), 0) + name + content


def _plain(files: Any) -> Callable[[], Case]:
    return lambda: _sealed(written({"format": 1, "files": files}))


_ENTRY = {"sha256": "0" * 64, "size": 1}
CASES: Mapping[str, Callable[[], Case]] = {
    "a name that is not UTF-8": lambda: _header(b"\xff\xfe") + bytes(100),
    "one name again and again": lambda: _header(b"A") * 5000,
    "names that fall": lambda: _header(b"B") + _header(b"A") + bytes(100),
    "an entry of four gigabytes": lambda: _header(b"A", 0xFFFFFFFF) + bytes(100),
    "a list of four gigabytes": lambda: _header(DIGESTS.encode(), 0xFFFFFFF0) + bytes(100),
    "a list that is empty": lambda: _header(DIGESTS.encode()) + _header(SIGNATURE.encode()) + bytes(100),
    "files that are a list of numbers": _plain([1]),
    "files that are a list of names": _plain(["a"]),
    "a file of 2**70 bytes": _plain({"a": {**_ENTRY, "size": 2**70}}),
    "a file of less than nothing": _plain({"a": {**_ENTRY, "size": -1}}),
    "folders in folders": _plain({"a/" * 60 + "b": _ENTRY}),
    "half a character": _plain({"\ud800": _ENTRY}),
    "a package within its manifest": lambda: seal_package({**ENTRIES, "manifest.json": SEALED}, KEY),
}
