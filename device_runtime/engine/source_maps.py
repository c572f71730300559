"""Source maps: from a place in code that was compiled to the place in the source that it came from.

The format is ECMA-426 (https://tc39.es/ecma426/), revision 3 with plain mappings or sections. A map is what a
program's author ships, so it is hostile: it is bounded in size and checked as it is read. Its ``names`` are left alone:
they say what stands at a place, and the engine's stack does not say where a function was declared.
"""

import binascii
import json
import posixpath
import re
from array import array
from base64 import b64decode
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from device_runtime.engine.lines import Position

MAX_MAP_BYTES = 8 * 1024 * 1024
# A segment takes 1 us on x86-64, once a file, and 16 bytes; a minified megabyte has some 150,000.
MAX_SEGMENTS = 500_000
_MAX_SECTIONS = 1000
_MAX_VALUE = 1 << 31
_MAX_PATH = 200

_DIGITS = {character: value for value, character in enumerate(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)}  # fmt: skip
_COMMENT = b"sourceMappingURL="
_URL = re.compile(rb"(?://|/\*)[#@]\s*sourceMappingURL=([^\s'\"]+?)\s*(?:\*/\s*)?$")
_DATA_URL = re.compile(r"data:application/json(?:;charset=[\w-]+)?(;base64)?,", re.IGNORECASE)
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/]*/")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class SourceMapError(ValueError):
    """A map cannot be read; the message says why, for the warning about it."""


@dataclass(frozen=True, slots=True)
class Original:
    """A place in an original source. The line counts from 1 and the column from 0."""

    source: str
    line: int
    column: int


def decode_segment(text: str) -> tuple[int, ...]:
    """The numbers of one segment, written as base64 digits of variable length.

    Raises:
        SourceMapError: a character is none of the digits, or a number does not end or is too large.
    """
    numbers, value, shift = [], 0, 0
    for character in text:
        digit = _DIGITS.get(character)
        if digit is None:
            raise SourceMapError(f"its mappings hold {character!r}")
        value |= (digit & 31) << shift
        if digit & 32:
            shift += 5
            if shift > 30:
                raise SourceMapError("its mappings hold a number that is too large")
            continue
        numbers.append(-(value >> 1) if value & 1 else value >> 1)
        value = shift = 0
    if shift:
        raise SourceMapError("its mappings end inside a number")
    return tuple(numbers)


class SourceMap:
    """One map. Its mappings are decoded from the start as far as a question needs."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Raises:
        SourceMapError: a member is missing or of another type, or there is more than the limits allow.
        """
        if document.get("version") != 3:
            raise SourceMapError("its version is not 3")
        mappings, sources = document.get("mappings"), document.get("sources")
        root = document.get("sourceRoot") or ""
        if not isinstance(mappings, str) or not isinstance(sources, list):
            raise SourceMapError("it lacks mappings or sources")
        if not isinstance(root, str):
            raise SourceMapError("its sourceRoot is not a string")
        if mappings.count(",") + mappings.count(";") > MAX_SEGMENTS:
            raise SourceMapError(f"it has more than {MAX_SEGMENTS:,} segments")
        self._mappings = mappings
        self._root = root
        self._sources = sources
        self._at = 0
        self._state = (0, 0, 0)
        # Of each segment, and where those of each line begin.
        self._columns, self._found_sources, self._found_lines, self._places = (array("i") for _ in range(4))
        self._starts = array("i", [0])
        self._known: dict[str, tuple[int, ...]] = {}

    def find(self, line: int, column: int) -> Original | None:
        """What the place at ``line`` (from 1) and ``column`` (from 0) was made from, or None.

        Raises:
            SourceMapError: the mappings are malformed up to there.
        """
        while len(self._starts) <= line and self._at <= len(self._mappings):
            self._decode_line()
        if not 0 < line < len(self._starts):
            return None
        start, end = self._starts[line - 1], self._starts[line]
        index = bisect_right(self._columns, column, start, end) - 1
        if index < start:
            return None
        # Of several segments for one place the first counts, as for npm's source-map.
        index = bisect_left(self._columns, self._columns[index], start, end)
        if self._found_sources[index] < 0:
            return None
        source = self._sources[self._found_sources[index]]
        if not isinstance(source, str):
            return None
        root = self._root if not self._root or self._root.endswith("/") else self._root + "/"
        return Original(root + source, self._found_lines[index] + 1, self._places[index])

    def _decode_line(self) -> None:
        end = self._mappings.find(";", self._at)
        end = len(self._mappings) if end < 0 else end
        text = self._mappings[self._at : end]
        self._at = end + 1
        column, last = 0, 0
        source, line, place = self._state
        for segment in text.split(",") if text else ():
            numbers = self._known.get(segment)
            if numbers is None:
                numbers = self._known[segment] = decode_segment(segment)
            count = len(numbers)
            if count not in (1, 4, 5):
                raise SourceMapError(f"a segment of its mappings has {count} numbers")
            column += numbers[0]
            if count > 1:
                source += numbers[1]
                line += numbers[2]
                place += numbers[3]
                if not 0 <= source < len(self._sources):
                    raise SourceMapError("its mappings name a source that it does not list")
            if not (0 <= column < _MAX_VALUE and 0 <= line < _MAX_VALUE and 0 <= place < _MAX_VALUE):
                raise SourceMapError("its mappings lead to a place before the start of a file, or too far behind it")
            if column < last:
                raise SourceMapError("its mappings are not in the order of their columns")
            last = column
            self._columns.append(column)
            self._found_sources.append(source if count > 1 else -1)
            self._found_lines.append(line)
            self._places.append(place)
        self._state = (source, line, place)
        self._starts.append(len(self._columns))
        if self._at > len(self._mappings):
            self._known.clear()


class SectionedMap:
    """A map made of others, each from a line and column on."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Raises:
        SourceMapError: a section is no map, or they are out of order.
        """
        self._starts: list[tuple[int, int]] = []
        self._maps: list[SourceMap] = []
        sections = document["sections"]
        if not isinstance(sections, list) or len(sections) > _MAX_SECTIONS:
            raise SourceMapError("its sections are no list, or too many")
        for section in sections:
            match section:
                case {"offset": {"line": int(line), "column": int(column)}, "map": dict(inner)}:
                    self._starts.append((line, column))
                    self._maps.append(SourceMap(inner))
                case _:
                    raise SourceMapError("a section has no offset or no map")
        if self._starts != sorted(self._starts):
            raise SourceMapError("its sections are not in order")

    def find(self, line: int, column: int) -> Original | None:
        """As :meth:`SourceMap.find`."""
        index = bisect_right(self._starts, (line - 1, column)) - 1
        if index < 0:
            return None
        first, offset = self._starts[index]
        return self._maps[index].find(line - first, column - (offset if line - 1 == first else 0))


def read_source_map(data: bytes) -> SourceMap | SectionedMap:
    """A map from the bytes of its file.

    Raises:
        SourceMapError: it is too large, not JSON, or no map.
    """
    if len(data) > MAX_MAP_BYTES:
        raise SourceMapError(f"it is larger than {MAX_MAP_BYTES >> 20} MiB")
    if data.startswith((b")]}'", b")]}\n")):  # a guard against being run as a script, of old servers
        data = data.partition(b"\n")[2]
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SourceMapError(f"it is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise SourceMapError("it holds no JSON object")
    return SectionedMap(document) if "sections" in document else SourceMap(document)


class SourceMaps:
    """The maps of a program's files, each read at the first question about its file.

    ``files`` are those of the package; a map is named by the last comment of a file, or lies beside it as
    ``<file>.map``. ``warn`` is told once of each map that is ignored: a sentence, and the file.
    """

    def __init__(self, files: Mapping[str, bytes], warn: Callable[[str, str], None]) -> None:
        self._files = files
        self._warn = warn
        self._maps: dict[str, tuple[str, SourceMap | SectionedMap] | None] = {}

    def original(self, position: Position) -> Position | None:
        """The place that a place in a file of the package was made from, or None where no map says it."""
        if position.file not in self._maps:
            self._maps[position.file] = self._read(position.file)
        known = self._maps[position.file]
        if known is None:
            return None
        place, source_map = known
        try:
            found = source_map.find(position.line, position.column - 1)
        except SourceMapError as error:
            self._ignore(position.file, place, error)
            return None
        if found is None:
            return None
        return replace(position, file=_shown_path(place, found.source), line=found.line, column=found.column + 1)

    def _read(self, file: str) -> tuple[str, SourceMap | SectionedMap] | None:
        place = file
        try:
            place, data = self._find(file)
            return (place, read_source_map(data)) if data is not None else None
        except SourceMapError as error:
            self._ignore(file, place, error)
            return None

    def _ignore(self, file: str, place: str, error: SourceMapError) -> None:
        self._maps[file] = None
        self._warn(f"the source map {place} is ignored: {error}", file)

    def _find(self, file: str) -> tuple[str, bytes | None]:
        """The name of a file's map (the file's own, if it is inside) and its bytes, if there are any."""
        url = _mapping_url(self._files.get(file, b""))
        beside = f"{file}.map"
        data_url = _DATA_URL.match(url)
        if data_url is not None:
            text = url[data_url.end() :]
            if len(text) > 2 * MAX_MAP_BYTES:
                raise SourceMapError(f"it is larger than {MAX_MAP_BYTES >> 20} MiB")
            try:
                return file, b64decode(unquote(text), validate=True) if data_url[1] else unquote_to_bytes(text)
            except (binascii.Error, ValueError) as error:
                raise SourceMapError("its data: address is damaged") from error
        if url and "://" not in url and not url.startswith("data:"):
            named = posixpath.normpath(posixpath.join("/", posixpath.dirname(file), unquote(url))).lstrip("/")
            if named in self._files:
                return named, self._files[named]
        return beside, self._files.get(beside)


def _mapping_url(code: bytes) -> str:
    """The address in the last comment of a file, or nothing."""
    at = code.rfind(_COMMENT)
    if at < 0:
        return ""
    match = _URL.search(code, max(0, at - 20))
    return match[1].decode(errors="replace") if match else ""


def _shown_path(place: str, source: str) -> str:
    """The path of a source as a reader of the log knows it: from the package's root, without a bundler's scheme."""
    scheme = _SCHEME.match(source)
    path = source[scheme.end() :] if scheme else posixpath.join(posixpath.dirname(place), source)
    path = posixpath.normpath(path)
    while path.startswith("../"):
        path = path[3:]
    return _UNPRINTABLE.sub("", path)[-_MAX_PATH:]
