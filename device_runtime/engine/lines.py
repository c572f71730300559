"""One space of line numbers for all source files of a program.

QuickJS, as embedded here, gives every script the same name in stack traces. So each file is evaluated behind as
many empty lines as there are lines in the files before it (70,000 empty lines cost 0.09 ms to parse), and a line
number in a trace then says which file it came from.
"""

import bisect
import re
from dataclasses import dataclass

_LOCATION = re.compile(r"(?:eval_script|<input>):(\d+):(\d+)")
_FRAME = re.compile(r"^\s*at (?:(?P<function>.*?) \()?(?:eval_script|<input>):(?P<line>\d+):(?P<column>\d+)\)?\s*$")
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


class LineSpace:
    """Gives every file its own range of lines, and finds the file of a line."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._files: list[tuple[str, int, bool]] = []
        self._next = 1

    def copy(self) -> "LineSpace":
        """A space that starts with the same files."""
        other = LineSpace()
        other._starts, other._files, other._next = list(self._starts), list(self._files), self._next
        return other

    def place(self, file: str, source: str, *, internal: bool = False) -> int:
        """Reserve the lines of ``source``; returns how many newlines must stand before its first line.

        The line before its first one is reserved too, for the opening of a wrapper, and one after its last one.
        Raises:
            ValueError: the program has more lines than ``MAX_LINES``.
        """
        count = source.count("\n") + 1
        start = self._next + 1
        if start + count > MAX_LINES:
            raise ValueError(f"the source files of this program have more than {MAX_LINES} lines together")
        self._starts.append(start)
        self._files.append((file, count, internal))
        self._next = start + count + 1
        return start - 1

    def locate(self, line: int, column: int) -> Position | None:
        """The place of one line of the space, or None where no file is."""
        index = bisect.bisect_right(self._starts, line) - 1
        if index < 0:
            return None
        file, count, internal = self._files[index]
        offset = line - self._starts[index]
        return Position(file, offset + 1, column, internal) if offset < count else None

    def trace(self, stack: str) -> tuple[str, list[str]]:
        """Read a QuickJS stack: the place of the program's own innermost frame (or empty), and the program's
        frames as lines ``at function (file:line:column)``. Frames of the base library are left out."""
        source, frames = "", []
        for text in stack.splitlines():
            match = _FRAME.match(text)
            if match is None:
                continue
            position = self.locate(int(match["line"]), int(match["column"]))
            if position is None or position.internal:
                continue
            source = source or str(position)
            function = match["function"]
            named = function and function not in ("<eval>", "<anonymous>")
            frames.append(f"at {function} ({position})" if named else f"at {position}")
        return source, frames

    def internal_trace(self, stack: str) -> str:
        """The whole stack with every place named, base library included: for errors of our own code."""

        def name(match: re.Match[str]) -> str:
            return str(self.locate(int(match[1]), int(match[2])) or match[0])

        return _LOCATION.sub(name, stack)
