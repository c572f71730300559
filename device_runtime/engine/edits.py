"""Edits of a source text, and the way back from a place in what the engine ran to a place in what was written.

The engine counts columns in bytes of UTF-8 of the edited text. People, editors and source maps count UTF-16 units of
the text as it was written.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence

Edit = tuple[int, int, str]
"""``(start, end, text)``: the characters from ``start`` to ``end`` are replaced."""


def apply_edits(source: str, edits: Sequence[Edit]) -> str:
    """``source`` with pieces replaced; the newlines of a replaced piece are kept."""
    return "".join(text for text, _ in _pieces(source, edits))


def _pieces(source: str, edits: Sequence[Edit]) -> list[tuple[str, int]]:
    """The edited text in pieces, each with the offset in ``source`` that it begins at: written and replaced ones in
    turn."""
    pieces, at = [], 0
    for start, end, text in sorted(edits):
        newlines = "\n" * (source.count("\n", start, end) - text.count("\n"))
        pieces += [(source[at:start], at), (text + newlines, start)]
        at = end
    return [*pieces, (source[at:], at)]


class EditedText:
    """One file as it was written and as the engine has it. ``read`` gives the written text again when a place is asked
    for, which is seldom; what is kept from then on is where lines and pieces begin, not the text."""

    def __init__(self, read: Callable[[], str], edits: Sequence[Edit]) -> None:
        self._read = read
        self._edits = edits
        self._edited: _Lines | None = None
        self._source = _Lines("")
        self._starts = array("l")
        self._begins = array("l")

    def written(self, line: int, column: int) -> tuple[int, int]:
        """The written line and column of a line and byte column of the edited text; all count from 1."""
        edited = self._edited or self._measure()
        if line in edited.foreign:
            text = edited.line(apply_edits(self._read(), self._edits), line)
            column = len(text.encode()[: column - 1].decode(errors="ignore")) + 1
        offset = edited.starts[line - 1] + column - 1
        index = bisect_right(self._starts, offset) - 1
        begin = self._begins[index]  # inside a replacement, where the replaced begins
        return self._place(begin if index % 2 else begin + offset - self._starts[index])

    def _measure(self) -> "_Lines":
        source = self._read()
        pieces = _pieces(source, self._edits)
        at = 0
        for text, begin in pieces:
            self._starts.append(at)
            self._begins.append(begin)
            at += len(text)
        self._source = _Lines(source)
        self._edited = _Lines("".join(text for text, _ in pieces)) if self._edits else self._source
        return self._edited

    def _place(self, offset: int) -> tuple[int, int]:
        """The line and column of an offset in the source."""
        line = bisect_right(self._source.starts, offset)
        column = offset - self._source.starts[line - 1]
        if line in self._source.foreign:
            before = self._source.line(self._read(), line)[:column]
            column = len(before.encode("utf-16-le", "surrogatepass")) // 2
        return line, column + 1


class _Lines:
    """Where the lines of a text begin, and which of them hold more than ASCII."""

    def __init__(self, text: str) -> None:
        self.starts = array("l")
        self.foreign: set[int] = set()
        at = 0
        for number, line in enumerate(text.split("\n"), 1):
            self.starts.append(at)
            at += len(line) + 1
            if not line.isascii():
                self.foreign.add(number)

    def line(self, text: str, number: int) -> str:
        """One line of the text."""
        start = self.starts[number - 1]
        return text[start : self.starts[number] - 1] if number < len(self.starts) else text[start:]
