"""Edits of a source text, and the way back from a place in what the engine ran to a place in what was written.

The engine counts columns in bytes of UTF-8 of the edited text. People, editors and source maps count UTF-16 units of
the text as it was written.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence

Edit = tuple[int, int, str]
"""``(start, end, text)``: the characters from ``start`` to ``end`` are replaced."""


def apply_edits(source: str, edits: Sequence[Edit]) -> str:
    """``source`` with pieces replaced; the newlines of a replaced piece are kept."""
    return "".join(text for text, _ in _pieces(source, edits))


def _pieces(source: str, edits: Sequence[Edit]) -> list[tuple[str, int]]:
    """The edited text in pieces, each with the offset in ``source`` that it begins at."""
    pieces, at = [], 0
    for start, end, text in sorted(edits):
        newlines = "\n" * (source.count("\n", start, end) - text.count("\n"))
        pieces += [(source[at:start], at), (text + newlines, start)]
        at = end
    return [*pieces, (source[at:], at)]


class EditedText:
    """One file as it was written and as the engine has it. ``read`` gives the written text again when a place is asked
    for, which is seldom; it is not kept."""

    def __init__(self, read: Callable[[], str], edits: Sequence[Edit]) -> None:
        self._read = read
        self._edits = edits

    def written(self, line: int, column: int) -> tuple[int, int]:
        """The written line and column of a line and byte column of the edited text; all count from 1."""
        source = self._read()
        pieces = _pieces(source, self._edits)
        edited = "".join(text for text, _ in pieces)
        start = 0
        for _ in range(line - 1):
            start = edited.find("\n", start) + 1
        end = edited.find("\n", start)
        text = edited[start : end if end >= 0 else len(edited)]
        if not text.isascii():
            column = len(text.encode()[: column - 1].decode(errors="ignore")) + 1
        offset = _written_offset(pieces, start + column - 1)
        line_start = source.rfind("\n", 0, offset) + 1
        before = source[line_start:offset]
        return source.count("\n", 0, offset) + 1, len(before.encode("utf-16-le", "surrogatepass")) // 2 + 1


def _written_offset(pieces: Sequence[tuple[str, int]], offset: int) -> int:
    """The offset in the source of an offset in the edited text; inside a replacement, where the replaced begins."""
    starts, at = [], 0
    for text, _ in pieces:
        starts.append(at)
        at += len(text)
    index = bisect_right(starts, offset) - 1
    written = index % 2 == 0  # pieces of the source and replacements alternate
    return pieces[index][1] + (offset - starts[index] if written else 0)
