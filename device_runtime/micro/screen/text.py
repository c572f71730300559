"""Text that runs on in lines: words of several colours and sizes, broken where they do not fit."""

from . import glyphs

try:
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from .shapes import Line, Run
except ImportError:
    pass


def words(text: str, keep_lines: bool) -> "list[str]":
    """A text as words, ``" "`` and, where its lines are kept, ``"\\n"``; blanks in a row are one."""
    found: list[str] = []
    for number, part in enumerate(text.split("\n") if keep_lines else (text,)):
        if number:
            found.append("\n")
        if part[:1] in " \t\r\n" and part:
            found.append(" ")
        for word in part.split():
            found.append(word)
            found.append(" ")
        if found and found[-1] == " " and part[-1:] not in " \t\r\n":
            found.pop()
    return found


def lines(runs: "list[Run]", width: int) -> "list[Line]":
    """Lines of ``(text, ink, scale, node, keeps lines)``: each a list of ``[text, ink, scale, node, width]``."""
    made: list[Line] = []
    line: Line = []
    room = width
    for text, ink, scale, node, keep_lines in runs:
        for word in words(text, keep_lines):
            if word == "\n":
                made.append(line)
                line, room = [], width
                continue
            if word == " ":
                if not line or line[-1][0][-1:] == " ":
                    continue
                size = 4 * scale
            else:
                word = glyphs.shown(word)
                size = glyphs.width_of(word, scale)
            if size > room and word != " ":
                if line:
                    made.append(line)
                    line, room = [], width
                while size > width:
                    most = max(1, glyphs.fitting(word, scale, width))
                    if most >= len(word):
                        break
                    made.append([[word[:most], ink, scale, node, glyphs.width_of(word[:most], scale)]])
                    word = word[most:]
                    size = glyphs.width_of(word, scale)
            if line and line[-1][1] == ink and line[-1][2] == scale and line[-1][3] == node:
                line[-1][0] += word
                line[-1][4] += size
            else:
                line.append([word, ink, scale, node, size])
            room -= size
    if line:
        made.append(line)
    trimmed: list[Line] = []
    for line in made:
        while line and line[-1][0][-1:] == " ":
            last = line[-1]
            last[0] = last[0][:-1]
            last[4] -= 4 * last[2]
            if not last[0]:
                line.pop()
        if line or trimmed:
            trimmed.append(line)
    return trimmed


def width_of(line: "Line") -> int:
    """Pixels."""
    return sum([part[4] for part in line])


def widest(runs: "list[Run]") -> int:
    """The width of runs if nothing had to be broken."""
    return max([width_of(line) for line in lines(runs, 10_000)] or [0])
