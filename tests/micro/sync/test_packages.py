"""What a board takes of packages that the fleet promised, on MicroPython."""

import hashlib
import json
from collections.abc import Iterable

import pytest

from tests.micro.sync.mpy import run_micropython

OPEN = """
import asyncio, binascii
from micro.sync.messages import SyncError
from micro.sync.package import open_package
answer = []
for package, digests in given:
    package = binascii.unhexlify(package)
    async def read(offset, length):
        return package[offset : offset + length]
    try:
        answer.append(sorted(asyncio.run(open_package(read, {"size": len(package), "digests": digests}))))
    except SyncError as error:
        answer.append(str(error))
"""


def package(names: Iterable[str]) -> tuple[str, str]:
    """The beginning of a package with files of these names, as far as a board reads it, and the digest of its list."""
    files = {name: {"sha256": "0" * 64, "size": 1} for name in names}
    listed = json.dumps({"files": files, "format": 1}, separators=(",", ":"), sort_keys=True).encode()
    return (entry("META-INF/digests.json", listed) + entry("META-INF/signature.json", b"{}")).hex(), digest(listed)


def entry(name: str, data: bytes) -> bytes:
    size = len(data).to_bytes(4, "little")
    return b"PK\3\4" + bytes(14) + size + size + len(name).to_bytes(2, "little") + bytes(2) + name.encode() + data


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


REFUSED = [
    (["a.js", "A.js"], "a board takes for one, at "),
    (["pages/a/a.view", "Pages/b/b.view"], "a board takes for one, at "),
    (["pages/a/a.view", "pages/A/b.view"], "a board takes for one, at "),
    (["a", "a/b"], "a board takes for one, at a"),
    (["a."], "ends in a dot or a space"),
    (["a./b"], "ends in a dot or a space"),
    (["a /b"], "ends in a dot or a space"),
    (["a/../b"], "ends in a dot or a space"),
    (["/a"], "whose name leaves its folder"),
]


def test_files_that_fat_takes_for_one_are_refused(micropython: str) -> None:
    answers = run_micropython(micropython, OPEN, [package(names) for names, _ in REFUSED])
    for (names, sentence), answer in zip(REFUSED, answers, strict=True):
        assert isinstance(answer, str), names
        assert sentence in answer


@pytest.mark.parametrize("names", [["a", "ab", "b/a", "b/b/a", "ba/a", "a.b"], ["pages/a/a.view", "pages/a/a.mpy"]])
def test_files_that_are_apart_are_taken(micropython: str, names: list[str]) -> None:
    assert run_micropython(micropython, OPEN, [package(names)]) == [sorted(names)]


def test_a_package_is_taken_by_the_digest_of_its_list_alone(micropython: str) -> None:
    one, promised = package(["a"])
    answers = run_micropython(micropython, OPEN, [(one, promised), (one, digest(b"another")), (one, "")])
    assert answers == [
        ["a"],
        "the package is not the one that the fleet promised",
        "the fleet does not say which list of files the package has: update the fleet's Cygnet",
    ]
