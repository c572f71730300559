"""Where an error is in the source: the sentence, the place, the lines around it, and the frames that lead there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

MAX_SOURCE_BYTES = 2 * 1024 * 1024
_AROUND = 3
_LINE_CHARACTERS = 400
_PLACE = re.compile(r"(?P<file>[^\s:()][^:\n()]*\.\w+):(?P<line>\d+)(?::(?P<column>\d+))?")
_FRAME = re.compile(r"at (?:(?P<function>.+) \()?(?P<place>[^()]+:\d+:\d+)\)?$")
FaultKind = Literal["build", "launch", "runtime"]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a source file, whose path is inside the program; ``column`` is 0 where only the line is known."""

    file: str
    line: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """One error. ``excerpt`` are numbered lines around the place; ``frames`` are ``(function, place)``, innermost
    first; ``where`` says what the program was doing."""

    kind: FaultKind
    sentence: str
    place: Place | None = None
    excerpt: Sequence[tuple[int, str]] = ()
    frames: Sequence[tuple[str, Place]] = ()
    where: str = ""

    def notice(self) -> str:
        """In one line."""
        what = {"build": "The build failed", "launch": "The program does not start", "runtime": "The program failed"}
        place = f"{self.place.file}:{self.place.line}: " if self.place is not None else ""
        return f"{what[self.kind]}: {place}{self.sentence}"

    def document(self) -> dict[str, Any]:
        """As the tools are told of it."""
        return {
            "kind": self.kind,
            "sentence": self.sentence,
            "place": _place_document(self.place),
            "excerpt": [list(line) for line in self.excerpt],
            "frames": [{"function": function, "place": _place_document(place)} for function, place in self.frames],
            "where": self.where,
        }


def _place_document(place: Place | None) -> dict[str, Any] | None:
    return {"file": place.file, "line": place.line, "column": place.column} if place is not None else None


class Sources:
    """The source files of a program: ``directory`` is the developer's folder, ``root`` the one that holds app.json."""

    def __init__(self, directory: Path, root: Path) -> None:
        self._directory = directory.resolve()
        self._root = root.resolve()
        self._given = directory

    def read(self, file: str) -> str | None:
        """The text of a source file by its path inside the program; ``None`` where there is none to show."""
        path = self.find(file)
        if path is None or path.stat().st_size > MAX_SOURCE_BYTES:
            return None
        try:
            return path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return None

    def find(self, file: str) -> Path | None:
        """The file on the disk, which is never one outside of the developer's folder."""
        for base in (self._root, self._directory):
            path = (base / file).resolve()
            if path.is_file() and path.is_relative_to(self._directory):
                return path
        return None

    def name(self, file: str) -> str | None:
        """The path inside the program of a file as an error names it: inside the program, or as it was found."""
        path = self.find(file)
        if path is None:
            given = Path(file).resolve()
            path = given if given.is_file() and given.is_relative_to(self._directory) else None
        if path is None:
            return None
        base = self._root if path.is_relative_to(self._root) else self._directory
        return path.relative_to(base).as_posix()

    def place(self, text: str) -> Place | None:
        """The place that ``file:line`` or ``file:line:column`` names."""
        match = _PLACE.fullmatch(text)
        name = self.name(match["file"]) if match else None
        return Place(name, int(match["line"]), int(match["column"] or 0)) if match and name else None

    def excerpt(self, place: Place | None) -> list[tuple[int, str]]:
        """The numbered lines around a place."""
        lines = (self.read(place.file) or "").splitlines() if place else []
        if place is None or not 1 <= place.line <= len(lines):
            return []
        first = max(0, place.line - 1 - _AROUND)
        return [
            (first + 1 + index, line[:_LINE_CHARACTERS])
            for index, line in enumerate(lines[first : place.line + _AROUND])
        ]

    # ------------------------------------------------------------------ faults

    def build_fault(self, message: str) -> Fault:
        """What a failed build says, such as ``pages/a.wxml:3:5: sentence``."""
        match = _PLACE.match(message)
        place = self.place(match[0]) if match else None
        sentence = message[match.end() :].lstrip(": ") if match and place else message
        return Fault("build", sentence, place, self.excerpt(place))

    def runtime_fault(self, kind: FaultKind, text: str, source: str) -> Fault:
        """What the worker says of an uncaught error: its sentence, then lines ``at …``, then ``in …``."""
        lines = [line.strip() for line in text.split("\n")]
        frames: list[tuple[str, Place]] = []
        sentence: list[str] = []
        where = ""
        for line in lines:
            match = _FRAME.fullmatch(line)
            if match and (found := self.place(match["place"])):
                frames.append((match["function"] or "", found))
            elif frames and line.startswith("in "):
                where = line.removeprefix("in ")
            elif line:
                sentence.append(line)
        if not where and len(sentence) > 1 and sentence[-1].startswith("in "):
            where = sentence.pop().removeprefix("in ")
        place = self.place(source) or (frames[0][1] if frames else None) or self._template_place(source)
        return Fault(kind, "\n".join(sentence), place, self.excerpt(place), frames, where)

    def _template_place(self, source: str) -> Place | None:
        """The template's first line, where only the compiled template is known."""
        if source.endswith(".view"):
            for suffix in (".wxml", ".swan"):
                if self.find(source.removesuffix(".view") + suffix):
                    return Place(source.removesuffix(".view") + suffix, 1)
        return None
