"""The package reader: any bytes are a package that reads the same again, or a refusal; nothing leaves its folder."""

import base64
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import key_ring
from device_runtime.program.package import DIGESTS, SIGNATURE, PackageError, read_package, seal_package
from device_runtime.sealed.archive import ArchiveError, read_archive, write_archive
from tests.fuzz.choices import Choices
from tests.fuzz.documents import mutated, nested, written
from tests.fuzz.manifests import FULL, SMALL
from tests.fuzz.refusals import check_refusal

# Not a secret: whoever fuzzes wants the same bytes again.
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
TRUSTED = key_ring([KEY.public_key()])
ENTRIES = {"manifest.json": written(SMALL), "app.js": b"App({})", "a.js": b"Page({})", "images/\u56fe.svg": b"<svg/>"}
SEALED = seal_package(ENTRIES, KEY)
SEEDS = [b"\0" + SEALED]
_NAMES = (
    "a/../b",
    "/a",
    "a\\b",
    "C:a",
    "\0",
    "",
    "a" * 600,
    "A.JS",
    "app.js",
    "con",
    "a/",
    "./a",
    "\u56fe",
    "a\nb",
    "META-INF/x",
)
_FIELDS = (0, 1, 0xFFFF, 0xFFFFFFFF, 8, 22, 46, 0x7FFFFFFF)
_LOCAL, _CENTRAL, _END = b"PK\3\4", b"PK\1\2", b"PK\5\6"


def feed(data: bytes) -> None:
    choices = Choices(data)
    match choices.below(5):
        case 0:
            check(choices.rest())
        case 1:
            check(_altered(SEALED, choices))
        case 2:
            check(_altered(_zipped(choices), choices))
        case 3:
            check(_sealed_by_an_enemy_with_a_key(choices))
        case _:
            manifest = written(mutated([SMALL, FULL], choices))
            check(seal_package({**ENTRIES, "manifest.json": manifest}, KEY))


def _altered(archive: bytes, choices: Choices) -> bytes:
    """With some of its fields, headers and bytes changed."""
    made = bytearray(archive)
    for _ in range(choices.below(4)):
        at = made.find(choices.pick([_LOCAL, _CENTRAL, _END]), choices.below(len(made) + 1))
        at = (max(at, 0)) + choices.below(46)
        match choices.below(4):
            case 0:
                struct.pack_into("<I", made, min(at, len(made) - 4), choices.pick(_FIELDS))
            case 1:
                made[min(at, len(made) - 1)] = choices.byte()
            case 2:
                del made[at : at + choices.below(64)]
            case _:
                made[at:at] = made[choices.below(len(made)) :][: choices.below(200)]
        made = made if len(made) > 4 else bytearray(archive)
    return bytes(made)


def _zipped(choices: Choices) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", choices.pick([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for name in dict.fromkeys(choices.pick(_NAMES) for _ in range(choices.below(5))):
            info = zipfile.ZipInfo(name)
            info.external_attr = choices.pick([0, 0o120777 << 16, 0o040755 << 16])
            info.extra = choices.pick([b"", b"\1\0\x10\0" + b"\xff" * 16, b"\1\0"])
            archive.writestr(info, choices.pick([b"", b"x" * 1000, b"/etc/passwd"]))
    return file.getvalue()


def _plainly_zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"{}")
    return file.getvalue()


def _sealed_by_an_enemy_with_a_key(choices: Choices) -> bytes:
    """A trusted key signs whatever digests its owner likes."""
    entries = read_archive(SEALED)
    digests = mutated([json.loads(entries[DIGESTS])], choices)
    return _sealed(written(digests), {name: data for name, data in entries.items() if name not in (DIGESTS, SIGNATURE)})


def _sealed(digests: bytes, entries: Mapping[str, bytes] = ENTRIES) -> bytes:
    seal = {"keyid": next(iter(TRUSTED)), "sig": base64.b64encode(KEY.sign(b"cygnet package 1\n" + digests)).decode()}
    return write_archive({**entries, DIGESTS: digests, SIGNATURE: written(seal)})


def check(data: bytes) -> None:
    try:
        entries = read_archive(data)
    except ArchiveError as error:
        check_refusal(error)
    else:
        assert write_archive(entries) == data
        for name in entries:
            assert not {"", "..", "."} & {*name.split("/")}, name
    try:
        package = read_package(data, "a.ma", TRUSTED)
    except PackageError as error:
        check_refusal(error)
        return
    assert package.key_id in TRUSTED
    assert read_package(seal_package(package.entries, KEY), "a.ma", TRUSTED).entries.keys() == package.entries.keys()


def _end(entries: int, size: int, start: int) -> bytes:
    return struct.pack("<4s4H2IH", _END, 0, 0, entries, entries, size, start, 0)


def _headers(count: int, name: Callable[[int], bytes], data: bytes = b"") -> bytes:
    """A central directory of ``count`` entries that all are the one file in front."""
    sizes = (zlib.crc32(data), len(data), len(data))
    local = struct.pack("<4s5H3I2H", _LOCAL, 20, 0, 0, 0, 33, *sizes, 1, 0) + b"a" + data
    headers = b"".join(
        struct.pack("<4s6H3I5H2I", _CENTRAL, 20, 20, 0, 0, 0, 33, *sizes, len(one), 0, 0, 0, 0, 0, 0) + one
        for one in map(name, range(count))
    )
    return local + headers + _end(count & 0xFFFF, len(headers), len(local))


def _with_seal(seal: Any) -> Callable[[], bytes]:
    return lambda: write_archive({**read_archive(SEALED), SIGNATURE: written(seal)})


CASES: Mapping[str, Callable[[], bytes]] = {
    "a million headers in the central directory": lambda: _headers(1_000_000, lambda _: b"a"),
    "ten thousand entries that are one": lambda: _headers(10_000, lambda number: b"%05d" % number, b"x" * 6_000),
    "signed digests that are a list": lambda: _sealed(b"[]"),
    "signed digests that are no JSON": lambda: _sealed(b"{"),
    "signed digests 100,000 deep": lambda: _sealed(b"[" * 100_000),
    "signed digests without files": lambda: _sealed(b'{"format":1}'),
    "signed digests whose files are a number": lambda: _sealed(b'{"format":1,"files":1}'),
    "signed digests of a format on two lines": lambda: _sealed(b'{"format":"a\\nb\\ud800"}'),
    "signed digests of an entry that is not there, null": lambda: _sealed(
        written(
            {
                **json.loads(read_archive(SEALED)[DIGESTS]),
                "files": {**json.loads(read_archive(SEALED)[DIGESTS])["files"], "x": None},
            }
        )
    ),
    "signed digests of half a character": lambda: _sealed(b'{"format":1,"files":{"\\ud800":1}}'),
    "a signer that is half a character": _with_seal({"keyid": "\ud800", "sig": ""}),
    "a signer of two lines": _with_seal({"keyid": "a\nb", "sig": ""}),
    "a signer that is a list": _with_seal({"keyid": nested(100), "sig": ""}),
    "a signature of half a character": _with_seal({"keyid": "a", "sig": "\ud800"}),
    "a signature that is a number": _with_seal({"keyid": "a", "sig": 1}),
    "a manifest of a name that is half a character": lambda: seal_package(
        {**ENTRIES, "manifest.json": written({**SMALL, "name": "\ud800"})}, KEY
    ),
    "names that differ in case alone": lambda: _plainly_zipped("app.js", "APP.js", "Manifest.json", "manifest.json"),
    "one name in two forms": lambda: _plainly_zipped("manifest.json", "\xe9", "e\u0301"),
    "a file that is a folder": lambda: _plainly_zipped("manifest.json", "a", "A/b"),
    "a name of nothing but folders": lambda: _plainly_zipped("/".join("a" * 256), "/".join("A" * 256)),
    "the name of a device": lambda: _plainly_zipped("manifest.json", "nul.js"),
}
