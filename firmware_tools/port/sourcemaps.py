"""Source maps: the place in the author's own source that a place in a transpiled file comes from.

The format is ECMA-426 (https://tc39.es/ecma426/): the member ``mappings`` holds, in base 64 with six bits a digit,
differences of columns, sources and lines.
"""

import base64
import json
import posixpath
import re
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any
from urllib.parse import unquote

_ADDRESS = re.compile(r"//[#@]\s*sourceMappingURL=(\S+)\s*(?:\*/)?\s*$", re.MULTILINE)
_DATA = re.compile(r"data:application/json[^,]*?(;base64)?,(.*)", re.DOTALL)
_DIGITS = {digit: value for value, digit in enumerate(f"{ascii_uppercase}{ascii_lowercase}{digits}+/")}
_WEBPACK = re.compile(r"^(?:webpack|uni-app|taro)://[^/]*/")


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """A place in the author's source; ``text`` is the line, or empty where the map does not hold it."""

    file: str
    line: int
    text: str


class SourceMap:
    """One map, checked as far as it is read: a faulty one knows no places."""

    def __init__(self, document: Any) -> None:
        self._sources: list[str] = []
        self._contents: list[list[str]] = []
        self._lines: list[list[tuple[int, int, int]]] = []
        if not isinstance(document, dict) or not isinstance(document.get("mappings"), str):
            return
        names, contents = document.get("sources"), document.get("sourcesContent")
        root = document.get("sourceRoot") or ""
        if isinstance(names, list):
            self._sources = [_source_name(str(root), str(name)) for name in names]
        if isinstance(contents, list):
            self._contents = [text.splitlines() if isinstance(text, str) else [] for text in contents]
        self._lines = list(_decode(document["mappings"]))

    def find(self, line: int, column: int) -> SourcePlace | None:
        """The source of a line and column, both from 1."""
        if not 1 <= line <= len(self._lines):
            return None
        segments = self._lines[line - 1]
        at = bisect_right(segments, (column - 1, 1 << 60, 0)) - 1
        if at < 0:
            return None
        _, source, source_line = segments[at]
        if not 0 <= source < len(self._sources) or source_line < 0:
            return None
        text = self._contents[source] if source < len(self._contents) else []
        return SourcePlace(self._sources[source], source_line + 1, text[source_line] if source_line < len(text) else "")


def find_map(name: str, text: str, read: Callable[[str], str | None]) -> SourceMap | None:
    """The map of the script ``name``: the one that it names, or the file of its name with ``.map``."""
    found = next(iter(deque(_ADDRESS.finditer(text), 1)), None)  # the last one counts
    if found is not None and (data := _DATA.fullmatch(found[1])):
        try:
            raw = base64.b64decode(data[2], validate=False).decode() if data[1] else unquote(data[2])
        except ValueError:
            return None
        return _parsed(raw)
    candidates = [posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(found[1])))] if found else []
    for candidate in [*candidates, f"{name}.map"]:
        if (document := read(candidate)) is not None:
            return _parsed(document)
    return None


def _parsed(text: str) -> SourceMap | None:
    try:
        return SourceMap(json.loads(text.removeprefix(")]}'")))
    except (ValueError, RecursionError):
        return None


def _source_name(root: str, name: str) -> str:
    name = _WEBPACK.sub("", name).partition("?")[0]
    return posixpath.normpath(posixpath.join(root, name)) if name else name


def _decode(mappings: str) -> Iterator[list[tuple[int, int, int]]]:
    """For each line of the script its segments: column, number of the source, line in the source; from 0."""
    source = source_line = 0
    for line in mappings.split(";"):
        segments = []
        column = 0
        for segment in line.split(","):
            fields = _fields(segment)
            if not fields:
                continue
            column += fields[0]
            if len(fields) >= 4:
                source += fields[1]
                source_line += fields[2]
                segments.append((column, source, source_line))
        segments.sort()
        yield segments


def _fields(segment: str) -> list[int]:
    """The numbers of a segment; empty for one that breaks the format."""
    fields: list[int] = []
    value = shift = 0
    for digit in segment:
        number = _DIGITS.get(digit)
        if number is None or shift > 30:
            return []
        value |= (number & 31) << shift
        if number & 32:
            shift += 5
            continue
        fields.append(-(value >> 1) if value & 1 else value >> 1)
        value = shift = 0
    return fields
