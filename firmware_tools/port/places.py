"""Offsets in files to places for people, through source maps where a program ships them."""

from bisect import bisect_right
from collections.abc import Mapping

from device_runtime.engine.lines import Position
from device_runtime.engine.source_maps import SourceMaps
from firmware_tools.port.facts import ScriptFacts
from firmware_tools.port.files import ProgramFiles
from firmware_tools.port.findings import Place

_EXCERPT = 160


class Places:
    """Makes places; remembers where the lines of each file start."""

    def __init__(self, files: ProgramFiles, scripts: Mapping[str, ScriptFacts]) -> None:
        self._files = files
        self._scripts = scripts
        self._lines: dict[str, list[int]] = {}
        self._maps = SourceMaps(files, lambda *_: None)  # a faulty map is the device's to tell

    def at(self, name: str, offset: int, note: str = "") -> Place:
        """The place of an offset in a file of the program."""
        text = self._files.read(name) or ""
        starts = self._starts(name, text)
        line = max(bisect_right(starts, offset), 1)
        start = starts[line - 1]
        end = starts[line] - 1 if line < len(starts) else len(text)
        column = offset - start + 1
        excerpt = _cut(text[start:end], offset - start)
        origin, part = self._origin(name, line, column), self._part(name, offset)
        return Place(self._files.shown(name), line, column, excerpt, origin, note, part)

    def at_line(self, name: str, line: int, column: int, note: str = "") -> Place:
        """The place of a line and column, both from 1."""
        starts = self._starts(name, self._files.read(name) or "")
        return self.at(name, starts[min(line, len(starts)) - 1] + column - 1, note)

    def _origin(self, name: str, line: int, column: int) -> str:
        if not name.endswith(".js"):
            return ""
        origin = self._maps.original(Position(name, line, column, internal=False))
        return f"{origin.file}:{origin.line}" if origin else ""

    def _part(self, name: str, offset: int) -> str:
        """The named function that an offset is in."""
        facts = self._scripts.get(name)
        part = facts.outline.part_at(offset) if facts is not None else None
        return part.name if part else ""

    def _starts(self, name: str, text: str) -> list[int]:
        if name not in self._lines:
            starts = [0]
            at = text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = text.find("\n", at + 1)
            self._lines[name] = starts
        return self._lines[name]


def _cut(line: str, at: int) -> str:
    """A line, or the part of a long one that holds an offset."""
    line = line.replace("\t", "  ")
    if len(line) <= _EXCERPT:
        return line.strip()
    start = max(min(at - 40, len(line) - _EXCERPT), 0)
    piece = line[start : start + _EXCERPT].strip()
    return f"{'…' if start else ''}{piece}{'…' if start + _EXCERPT < len(line) else ''}"
