# mypy: allow-any-generics, allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, no-warn-return-any
# mypy: disable-error-code="attr-defined"
"""Text that runs on in lines: words of several colours and sizes, broken where they do not fit."""

from . import glyphs


def words(text: str, keep_lines: bool) -> list:
    """A text as words, ``" "`` and ``"\\n"``; blanks in a row are one."""
    found: list = []
    word = ""
    for character in text:
        if character in " \t\r\n":
            if word:
                found.append(word)
                word = ""
            blank = "\n" if character == "\n" and keep_lines else " "
            if not found or found[-1] not in (" ", "\n"):
                found.append(blank)
            elif blank == "\n":
                found[-1] = blank
        else:
            word += character
    if word:
        found.append(word)
    return found


def lines(runs: list, width: int) -> list:
    """Lines of ``(text, ink, scale, node, wraps)``: each a list of ``[text, ink, scale, node]``."""
    made: list = []
    line: list = []
    room = width
    for text, ink, scale, node, keep_lines in runs:
        for word in words(text, keep_lines):
            if word == "\n":
                made.append(line)
                line, room = [], width
                continue
            if word == " " and (not line or line[-1][0][-1:] == " "):
                continue
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
                    made.append([[word[:most], ink, scale, node]])
                    word = word[most:]
                    size = glyphs.width_of(word, scale)
            if line and line[-1][1:] == [ink, scale, node]:
                line[-1][0] += word
            else:
                line.append([word, ink, scale, node])
            room -= size
    if line:
        made.append(line)
    trimmed: list = []
    for line in made:
        while line and line[-1][0].strip() == "":
            line.pop()
        if line:
            line[-1][0] = line[-1][0].rstrip()
        if line or trimmed:
            trimmed.append(line)
    return trimmed


def width_of(line: list) -> int:
    """Pixels."""
    return sum([glyphs.width_of(part[0], part[2]) for part in line])
