"""A package is accepted whole and unaltered, or refused with one sentence."""

import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, reject
from hypothesis import strategies as st

from device_runtime.keys import key_ring
from device_runtime.program.package import DIGESTS, SIGNATURE, PackageError, open_package, read_package, seal_package
from device_runtime.sealed.archive import MAX_ARCHIVE_BYTES, ArchiveError, read_archive, write_archive

KEY = Ed25519PrivateKey.generate()
TRUSTED = key_ring([KEY.public_key()])
MANIFEST = {
    "app_id": "org.example.hello",
    "name": "Hello",
    "version": {"code": 3, "name": "1.2.0"},
    "platform_version": {"min_code": 1},
    "pages": ["pages/index/index"],
}
ENTRIES = {"manifest.json": json.dumps(MANIFEST).encode(), "app.js": b"App({})", "pages/index/index.js": b"Page({})"}
SEALED = seal_package(ENTRIES, KEY)


def foreign_zip(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def test_a_sealed_package_is_read_back_with_its_signer_and_digest() -> None:
    package = read_package(SEALED, "hello.ma", TRUSTED)
    assert package.manifest.app_id == "org.example.hello"
    assert package.entries["app.js"] == b"App({})"
    assert package.key_id in TRUSTED
    assert package.size == len(SEALED)


def test_the_same_entries_make_the_same_bytes_in_any_order() -> None:
    assert seal_package(dict(reversed(ENTRIES.items())), KEY) == SEALED


def test_sealing_again_replaces_the_seal() -> None:
    other = Ed25519PrivateKey.generate()
    resealed = seal_package(read_package(SEALED, "a", TRUSTED).entries, other)
    assert read_package(resealed, "a", key_ring([other.public_key()])).manifest.name == "Hello"


def test_an_ordinary_unzip_reads_a_package() -> None:
    with zipfile.ZipFile(io.BytesIO(SEALED)) as archive:
        assert archive.testzip() is None
        assert archive.read("app.js") == b"App({})"


def with_entry(name: str, data: bytes) -> bytes:
    return write_archive({**read_archive(SEALED), name: data})


def without_entry(name: str) -> bytes:
    return write_archive({key: data for key, data in read_archive(SEALED).items() if key != name})


def bomb() -> bytes:
    return foreign_zip({"manifest.json": b"{}", "app.js": b"\0" * 50_000_000}, zipfile.ZIP_DEFLATED)


def overlapping_bomb() -> bytes:
    """Many central directory entries that all point at one large stored entry."""
    data = foreign_zip({"a": b"x" * 1_000_000})
    (start,) = struct.unpack_from("<I", data, len(data) - 6)
    central = data[start : len(data) - 22]
    count = 200
    copies = b"".join(central.replace(b"a", f"{index:03}".encode()[:1]) for index in range(count))
    return data[:start] + copies + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(copies), start, 0)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        pytest.param(lambda: without_entry(SIGNATURE), "not signed", id="no signature"),
        pytest.param(lambda: without_entry(DIGESTS), "not signed", id="no digests"),
        pytest.param(lambda: write_archive(ENTRIES), "not signed", id="never signed"),
        pytest.param(
            lambda: seal_package(ENTRIES, Ed25519PrivateKey.generate()), "does not trust", id="stranger's key"
        ),
        pytest.param(lambda: with_entry("app.js", b"evil()"), "'app.js' was altered", id="altered entry"),
        pytest.param(lambda: with_entry("more.js", b"evil()"), "'more.js' was altered, added", id="added entry"),
        pytest.param(lambda: without_entry("app.js"), "'app.js' was altered, added or removed", id="removed entry"),
        pytest.param(lambda: with_entry(DIGESTS, b"{}"), "signature does not match", id="altered digests"),
        pytest.param(lambda: with_entry(SIGNATURE, b"{"), "signature.json is damaged", id="damaged signature"),
        pytest.param(lambda: with_entry(SIGNATURE, b"[1]"), "signature.json is damaged", id="signature of other shape"),
        pytest.param(lambda: SEALED[:-30], "truncated", id="end cut off"),
        pytest.param(lambda: SEALED[: len(SEALED) // 2], "truncated", id="half of it"),
        pytest.param(lambda: b"", "truncated", id="empty"),
        pytest.param(lambda: b"<html>404</html>", "something else", id="a web page"),
        pytest.param(lambda: SEALED + b"tail", "altered", id="bytes behind the end"),
        pytest.param(lambda: b"MZ" + SEALED, "altered", id="bytes before the start"),
        pytest.param(bomb, "compressed", id="compressed bomb"),
        pytest.param(overlapping_bomb, "", id="overlapping entries"),
        pytest.param(lambda: foreign_zip(ENTRIES), "canonical form", id="zipped by another tool"),
        pytest.param(lambda: foreign_zip({"../evil": b""}), "plain path", id="parent directory"),
        pytest.param(lambda: foreign_zip({"/etc/passwd": b""}), "plain path", id="absolute path"),
        pytest.param(lambda: foreign_zip({"a\\..\\b": b""}), "plain path", id="backslashes"),
        pytest.param(lambda: foreign_zip({"c:evil": b""}), "plain path", id="drive letter"),
        pytest.param(lambda: seal_package({"app.js": b""}, KEY), "no manifest.json", id="no manifest"),
        pytest.param(
            lambda: seal_package({"manifest.json": b'{"app_id": "a"}'}, KEY),
            "version.code is missing",
            id="bad manifest",
        ),
    ],
)
def test_a_package_that_is_not_whole_and_ours_is_refused_in_one_sentence(
    make: Callable[[], bytes], sentence: str
) -> None:
    with pytest.raises(PackageError) as refusal:
        read_package(make(), "bad.ma", TRUSTED)
    message = str(refusal.value)
    assert message.startswith("package bad.ma is refused: ")
    assert sentence in message
    assert "\n" not in message


@given(position=st.integers(0, len(SEALED) - 1), bit=st.integers(0, 7))
def test_a_single_flipped_bit_anywhere_is_refused(position: int, bit: int) -> None:
    altered = bytearray(SEALED)
    altered[position] ^= 1 << bit
    with pytest.raises(PackageError):
        read_package(bytes(altered), "bad.ma", TRUSTED)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused_and_never_crash_the_reader(data: bytes) -> None:
    with pytest.raises(PackageError):
        read_package(data, "bad.ma", TRUSTED)


segment = st.text(
    st.characters(exclude_characters='/\\:*?"<>|~', exclude_categories=["C"]), min_size=1, max_size=8
).filter(lambda text: text[-1] not in ". ")


@given(st.dictionaries(st.lists(segment, min_size=1, max_size=3).map("/".join), st.binary(max_size=50), max_size=8))
def test_every_set_of_entries_survives_the_archive(entries: dict[str, bytes]) -> None:
    try:
        archive = write_archive(entries)
    except ArchiveError:  # two in one place, or LPT0: shown below
        reject()
    assert read_archive(archive) == entries


def test_a_package_larger_than_allowed_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.ma"
    with path.open("wb") as file:
        file.truncate(MAX_ARCHIVE_BYTES + 1)
    with pytest.raises(PackageError, match="larger than 64 MiB"):
        open_package(path, TRUSTED)


def test_a_package_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"nowhere\.ma cannot be read: No such file"):
        open_package(tmp_path / "nowhere.ma", TRUSTED)


ONE_PLACE = [
    ("a.js", "A.js"),
    ("a/b.js", "A/c.js"),
    ("a/b/c.js", "a/B/d.js"),
    ("\xe9.js", "e\u0301.js"),
    ("\xc9.js", "e\u0301.js"),
    ("\u212a.js", "k.js"),
    ("\u03a3.js", "\u03c2.js"),
    ("a", "a/b"),
    ("A", "a/b"),
]


@pytest.mark.parametrize("names", ONE_PLACE, ids=ascii)
def test_names_that_some_file_system_takes_for_one_are_refused(names: tuple[str, str]) -> None:
    with pytest.raises(ArchiveError, match=r"are in one place|is a file, and also the folder"):
        write_archive(dict.fromkeys([*reversed(names), "a-", "A+", "b"], b""))
    with pytest.raises(PackageError, match=r"are in one place|is a file, and also the folder") as refusal:
        read_package(foreign_zip({"manifest.json": b"{}", **dict.fromkeys(names, b"")}), "bad.ma", TRUSTED)
    assert all(ascii(name)[1:-1] in ascii(str(refusal.value)) for name in names)


NOT_ON_FAT = ["a?", "a*b", 'a"', "a<", "a>b", "a|b", "a.", "a ", "a./b", "a /b", "con", "CON", "Aux.js", "lib/nul"]
NOT_ON_FAT += ["nul/a", "com1.txt", "LPT9", "com\xb9", "CONIN$", "aux .js", "PROGRA~1", "a/LONGNA~1.TXT", "x~12/y"]


@pytest.mark.parametrize("name", NOT_ON_FAT)
def test_names_that_a_fat_file_system_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(ArchiveError, match="boards and Windows do not take"):
        write_archive({name: b""})
    with pytest.raises(PackageError, match="boards and Windows do not take"):
        read_package(foreign_zip({name: b""}), "bad.ma", TRUSTED)


@pytest.mark.parametrize(
    "names",
    [
        ("a.js", "a.json", "a/b.js", "a-b", "ab/c", "B/a.js", "ba/a.js"),
        ("console.js", "auxiliary", "con-1", "nulls/a", "com", "com10.js", "lpt/x", "a.con", ".aux"),
        ("a~", "~1x", "backup~1-old.txt", "a.b~1", ".~1", "x~1.json5", "@scope/x", "a b", "a..b", "e\u0301"),
    ],
)
def test_names_that_every_file_system_keeps_apart_are_taken(names: tuple[str, ...]) -> None:
    assert read_archive(write_archive(dict.fromkeys(names, b""))).keys() == {*names}


def test_very_deep_names_are_compared_without_much_time_or_memory() -> None:
    names = ["a/" * 250 + str(number) for number in range(5000)]
    tracemalloc.start()
    try:
        write_archive(dict.fromkeys(names, b""))
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()


def test_an_entry_too_large_cannot_be_written() -> None:
    with pytest.raises(ArchiveError, match="larger than the 64 MiB"):
        write_archive({"a": bytes(MAX_ARCHIVE_BYTES + 1)})
