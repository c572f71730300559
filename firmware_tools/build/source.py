"""A source text with a name, and errors that point into it."""

import difflib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TypeAlias

from firmware_tools.build.dialects import SourceError

Read: TypeAlias = Callable[[str], str | None]
"""Gives the text of a file by its path inside the program, or ``None`` where there is no such file."""
_NEWLINE = re.compile("\n")
# Control characters, and half characters, which escapes make.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


class SourceText:
    """One file of a program's source. Offsets count characters from its start."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text.replace("\r\n", "\n")

    @cached_property
    def _lines(self) -> list[int]:
        """Where each line starts. Most files are never asked."""
        return [0, *(match.end() for match in _NEWLINE.finditer(self.text))]

    def line(self, offset: int) -> int:
        """The line of an offset, from 1."""
        return bisect_right(self._lines, offset)

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column, both from 1."""
        return self._lines[min(line, len(self._lines)) - 1] + column - 1

    def where(self, offset: int) -> str:
        """``path:line:column`` of an offset; both from 1."""
        line = self.line(offset)
        return f"{self.path}:{line}:{offset - self._lines[line - 1] + 1}"

    def remark(self, offset: int, message: str) -> str:
        """A message that points at an offset: one line, whatever of the source it quotes."""
        return f"{self.where(offset)}: {_CONTROL.sub(_REPLACEMENT, message)}"

    def error(self, offset: int, message: str) -> SourceError:
        """An error that points at an offset, to be raised."""
        return SourceError(self.remark(offset, message))


def resolve_path(source: SourceText, offset: int, target: str) -> str:
    """The path inside the program that ``target`` names in ``source``: relative to it, or from the root with ``/``.

    Raises:
        SourceError: it is empty or leads out of the program.
    """
    parts = [] if target.startswith("/") else source.path.split("/")[:-1]
    for part in target.split("/"):
        if part == "..":
            if not parts:
                raise source.error(offset, f"{target!r} leads out of the program")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    if not target.strip("./"):
        raise source.error(offset, f"{target!r} names no file")
    return "/".join(parts)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the nearest known word, or nothing."""
    nearest = difflib.get_close_matches(word, list(known), 1, 0.5)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""
