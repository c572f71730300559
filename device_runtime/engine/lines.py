"""One space of line numbers for all source files of a program.

QuickJS, as embedded here, gives every script the same name in stack traces. So each file is evaluated behind as
many empty lines as there are lines in the files before it (70,000 empty lines cost 0.09 ms to parse), and a line
number in a trace then says which file it came from.
"""

import bisect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from device_runtime.engine.edits import EditedText

_FRAME = re.compile(
    r"^\s*at (?:(?P<function>.*?) \()?(?:eval_script|<input>):(?P<line>\d{1,9}):(?P<column>\d{1,9})\)?\s*$"
)
_NO_NAMES = frozenset(("", "<eval>", "<anonymous>"))
MAX_LINES = 4_000_000


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a source file; line and column count from 1."""

    file: str
    line: int
    column: int
    internal: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    lines: int
    internal: bool
    text: EditedText | None


class LineSpace:
    """Gives every file its own range of lines, and finds the file of a line.

    ``original``, where it is set, gives the place in an original source from which a place in a file was made.
    """

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._files: list[_File] = []
        self._next = 1
        self.original: Callable[[Position], Position | None] | None = None

    def place(self, file: str, source: str, *, internal: bool = False, text: EditedText | None = None) -> int:
        """Reserve the lines of ``source``; returns how many newlines must stand before its first line. ``text`` leads
        from the columns that the engine counts to those that were written, where they differ.

        The line before its first one is reserved too, for the opening of a wrapper, and one after its last one.
        Raises:
            ValueError: the program has more lines than ``MAX_LINES``.
        """
        count = source.count("\n") + 1
        start = self._next + 1
        if start + count > MAX_LINES:
            raise ValueError(f"the source files of this program have more than {MAX_LINES} lines together")
        self._starts.append(start)
        self._files.append(_File(file, count, internal, text))
        self._next = start + count + 1
        return start - 1

    def locate(self, line: int, column: int) -> Position | None:
        """The place of one line of the space and a column as the engine counts it, or None where no file is."""
        index = bisect.bisect_right(self._starts, line) - 1
        if index < 0:
            return None
        file = self._files[index]
        row = line - self._starts[index] + 1
        if row > file.lines:
            return None
        if file.text is not None:
            row, column = file.text.written(row, column)
        return Position(file.name, row, column, file.internal)

    def trace(self, stack: str) -> tuple[str, list[str]]:
        """Read a QuickJS stack: the place of the program's own innermost frame (or empty), and the program's
        frames as lines ``at function (file:line:column)``. Frames of the base library are left out. Where there is a
        source map, places are those of the original source; functions keep the names of the code that runs.
        """
        frames = []
        source = ""
        for function, position in self._frames(stack):
            source = source or str(position)
            frames.append(f"at {position}" if function in _NO_NAMES else f"at {function} ({position})")
        return source, frames

    def source(self, stack: str) -> str:
        """The place of the program's own innermost frame alone, or empty: what a line of the console is logged with."""
        return next((str(position) for _, position in self._frames(stack)), "")

    def _frames(self, stack: str) -> Iterator[tuple[str, Position]]:
        """The program's frames from the innermost on: the function's name, which may be empty, and the place."""
        for text in stack.splitlines():
            match = _FRAME.match(text)
            if match is None:
                continue
            position = self.locate(int(match["line"]), int(match["column"]))
            if position is None or position.internal:
                continue
            original = self.original(position) if self.original is not None else None
            yield match["function"] or "", original or position
