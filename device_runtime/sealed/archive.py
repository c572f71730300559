"""The ZIP form of a package, in one canonical form: same entries, same bytes.

Entries are sorted by name, stored (never compressed), carry the earliest ZIP date, and nothing else is in the file:
no comments, no extra fields, no gaps. A reader that accepts this form alone needs no opinion on overlapping
entries, disagreeing headers, hidden bytes or decompression bombs: none can be written in it.

Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (end).
"""

import io
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from itertools import pairwise

from device_runtime.errors import CygnetError

MAX_ARCHIVE_BYTES = 64 * 1024 * 1024
MAX_ENTRIES = 10_000
MAX_NAME_BYTES = 512

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION, _UTF8_NAMES, _STORED, _MIDNIGHT = 20, 0x0800, 0, 0
_FIRST_OF_JANUARY_1980 = (1 << 5) | 1
_UNIX, _REGULAR_FILE_0644 = 3 << 8, 0o100644 << 16
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\:]")
# What the FAT file systems of boards and Windows cannot hold, or hold under another name: characters, ends that they
# cut off, names of DOS devices, and names such as LONGNA~1.TXT, which they give to other files.
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_NOT_ON_FAT = re.compile(
    r"[*?\"<>|]|[. ](?:/|$)"
    r"|(?:^|/)(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\xb9\xb2\xb3]) *(?:[./]|$)"
    r"|(?:^|/)(?=[^./]{2,8}(?:[./]|$))[^./]*~[0-9]+(?:\.[^./]{0,3})?(?:/|$)",
    re.IGNORECASE,
)


class ArchiveError(CygnetError):
    """The bytes are no canonical archive; the message says what is wrong with which entry."""


def check_entry_name(name: str) -> None:
    """Refuse names that could leave the package's folder or differ between file systems.

    Raises:
        ArchiveError: absolute, with ``..``, ``.`` or empty segments, control characters, backslash, colon, too long, or
            nothing that a FAT file system can hold as it is.
    """
    if len(name.encode()) > MAX_NAME_BYTES:
        raise ArchiveError(f"the entry name {name[:40]!r}… is longer than {MAX_NAME_BYTES} bytes")
    segments = name.split("/")
    if _FORBIDDEN.search(name) or any(segment in {"", ".", ".."} for segment in segments):
        raise ArchiveError(f"the entry {name!r} is not a plain path inside the package")
    if _NOT_ON_FAT.search(name):
        raise ArchiveError(
            f"the entry {name!r} has a name that the file systems of boards and Windows do not take; name it otherwise:"
            ' without any of *?"<>|, a dot or space at an end, ~ with a digit, or the name of a DOS device such as aux'
        )


def _check_apart(names: Iterable[str]) -> None:
    """Refuse names that are one where case or the form of accents does not count (FAT, macOS, Windows).

    Raises:
        ArchiveError: two are alike, or one is a file's and a folder's.
    """
    # Sorted so that what shares a folder stands together; more than the names themselves is not kept.
    for (_, one), (_, other) in pairwise(sorted((_folded(name).replace("/", "\0"), name) for name in names)):
        places, others = one.split("/"), other.split("/")
        for first, second in zip(places, others, strict=False):
            if first != second:
                if _folded(first) != _folded(second):
                    break
                raise ArchiveError(
                    f"the entries {one!r} and {other!r} are in one place on boards, macOS and Windows, where case and "
                    "the form of accents do not count; name one of them otherwise"
                )
        else:
            raise ArchiveError(f"the entry {one!r} is a file, and also the folder of the entry {other!r}")


def _folded(name: str) -> str:
    """The same for names that a file system may take for one (Unicode 15.0, D145, canonical caseless matching)."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def write_archive(entries: Mapping[str, bytes]) -> bytes:
    """The canonical archive of ``entries``.

    Raises:
        ArchiveError: a name is not allowed, two are alike, or the archive would be too large or hold too many entries.
    """
    if len(entries) > MAX_ENTRIES:
        raise ArchiveError(f"{len(entries)} entries are more than the {MAX_ENTRIES} that a package may hold")
    if sum(map(len, entries.values())) > MAX_ARCHIVE_BYTES:
        raise ArchiveError(f"the entries are larger than the {MAX_ARCHIVE_BYTES >> 20} MiB that a package may hold")
    _check_apart(entries)
    out, central = bytearray(), bytearray()
    for name, data in sorted(entries.items(), key=lambda item: item[0].encode()):
        check_entry_name(name)
        raw_name = name.encode()
        common = (_UTF8_NAMES, _STORED, _MIDNIGHT, _FIRST_OF_JANUARY_1980, zlib.crc32(data), len(data), len(data))
        central += _CENTRAL.pack(
            b"PK\1\2", _UNIX | _VERSION, _VERSION, *common, len(raw_name), 0, 0, 0, 0, _REGULAR_FILE_0644, len(out)
        )
        central += raw_name
        out += _LOCAL.pack(b"PK\3\4", _VERSION, *common, len(raw_name), 0)
        out += raw_name + data
    end = _END.pack(b"PK\5\6", 0, 0, len(entries), len(entries), len(central), len(out), 0)
    archive = bytes(out + central + end)
    if len(archive) > MAX_ARCHIVE_BYTES:
        raise ArchiveError(f"the package would be larger than {MAX_ARCHIVE_BYTES >> 20} MiB")
    return archive


def read_archive(data: bytes) -> dict[str, bytes]:
    """The entries of a canonical archive, by name.

    Raises:
        ArchiveError: too large, no ZIP file, truncated, or not in the canonical form.
    """
    if len(data) > MAX_ARCHIVE_BYTES:
        raise ArchiveError(f"it is {len(data)} bytes; a package has at most {MAX_ARCHIVE_BYTES >> 20} MiB")
    _check_directory_size(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = _stored_entries(archive)
    except (zipfile.BadZipFile, EOFError, struct.error, NotImplementedError, UnicodeDecodeError, ValueError) as error:
        raise ArchiveError("it is not a whole ZIP file: it was truncated, damaged, or is something else") from error
    if write_archive(entries) != data:
        raise ArchiveError("it is not in the canonical form in which packages are written, so it was altered")
    return entries


def _check_directory_size(data: bytes) -> None:
    """Refuse what has more headers than a package can have, before each is read: half a kilobyte of memory a header."""
    at = len(data) - _END.size
    if (
        data[at : at + 4] != b"PK\5\6"
    ):  # bytes behind it, which are refused later; the end that ``zipfile`` finds counts
        at = data.rfind(b"PK\5\6")
    if not 0 <= at <= len(data) - _END.size:
        return
    size = _END.unpack_from(data, at)[5]
    if size > MAX_ENTRIES * (_CENTRAL.size + MAX_NAME_BYTES) or data[max(0, at - 20) :].startswith(b"PK\6\7"):
        raise ArchiveError(f"it holds more entries than the {MAX_ENTRIES} that a package may hold")


def _stored_entries(archive: zipfile.ZipFile) -> dict[str, bytes]:
    infos = archive.infolist()
    if len(infos) > MAX_ENTRIES:
        raise ArchiveError(f"it holds {len(infos)} entries; a package has at most {MAX_ENTRIES}")
    entries: dict[str, bytes] = {}
    total = 0
    for info in infos:
        check_entry_name(info.filename)
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise ArchiveError(f"the entry {info.filename!r} is compressed; entries of a package are stored")
        if info.flag_bits & 0x1:
            raise ArchiveError(f"the entry {info.filename!r} is encrypted; a package is signed, not encrypted")
        if info.filename in entries:
            raise ArchiveError(f"the entry {info.filename!r} is there twice")
        entries[info.filename] = archive.read(info)
        total += info.file_size
        if total > MAX_ARCHIVE_BYTES:  # entries that overlap could add up to more
            raise ArchiveError(f"its entries unpack to more than {MAX_ARCHIVE_BYTES >> 20} MiB")
    return entries
