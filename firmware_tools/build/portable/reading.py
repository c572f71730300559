"""Whether MicroPython reads a text as CPython does, where their lexers are known to differ.

The checker looks at CPython's tree; what runs on a board is what mpy-cross reads. MicroPython finds the expressions of
an f-string by counting brackets, whatever stands in their texts; it does not normalise identifiers (NFKC), as CPython
does; and it takes the indentation of a line that begins with a backslash from the line after. Each could hide code from
the checker, and is refused where it makes a difference.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from typing import Final

Fault = tuple[int, str]
_BACKSLASH_ONLY: Final = re.compile(r"^[ \t]*\\$", re.MULTILINE)
_START: Final = getattr(tokenize, "FSTRING_START", -1)
_END: Final = getattr(tokenize, "FSTRING_END", -1)
_BETWEEN: Final = frozenset({tokenize.NL, tokenize.COMMENT})


def read_differently(tree: ast.Module, text: str) -> Iterator[Fault]:
    """The lines, with the reasons, where MicroPython sees or could see something else than ``tree``."""
    for match in _BACKSLASH_ONLY.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, "a line does not begin with a backslash"
    literals: list[Fault] = []
    try:
        yield from _tokens(text, literals)
    except (tokenize.TokenError, SyntaxError) as error:
        yield 1, f"it cannot be read: {error}"
        return
    yield from _differences(_values_of(tree), literals)


def _tokens(text: str, literals: list[Fault]) -> Iterator[Fault]:
    """Faults of tokens; the f-strings go into ``literals``, with their lines."""
    lines = text.split("\n")
    start, depth = (1, 0), 0
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if depth or token.type == _START:  # CPython 3.12 and newer
            if token.type == _START:
                start = start if depth else token.start
                depth += 1
            elif token.type == _END:
                depth -= 1
            if depth:
                continue
            literal = _between(lines, start, token.end)
        elif token.type == tokenize.STRING:
            start, literal = token.start, token.string
        else:
            if token.type == tokenize.NAME and not token.string.isascii():
                yield token.start[0], f"{token.string} may not be used: names have no letters but a to z"
            before = before if token.type in _BETWEEN else ""
            continue
        is_formatted = "f" in literal[: re.search("['\"]", literal).start()].lower()  # type: ignore[union-attr]
        if is_formatted:
            literals.append((start[0], literal))
        if before and ((is_formatted and "{" in before + literal) or "f{" in before):
            yield start[0], "an f-string is not put together with other texts in MicroPython; say + between them"
        before += ("f{" if is_formatted else "") + literal


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]]
    return "\n".join([lines[start[0] - 1][start[1] :], *lines[start[0] : end[0] - 1], lines[end[0] - 1][: end[1]]])


def _values_of(tree: ast.Module) -> list[tuple[int, ast.expr]]:
    """The expressions in all f-strings, in the order in which they are written."""
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.FormattedValue) for part in ast.walk(node)}
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) and id(node) not in inner]
    formatted.sort(key=lambda node: (node.lineno, node.col_offset))
    return [(node.lineno, value) for node in formatted for value in _values(node)]


def _values(node: ast.JoinedStr) -> Iterator[ast.expr]:
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            yield part.value
            if isinstance(part.format_spec, ast.JoinedStr):
                yield from _values(part.format_spec)


def _differences(values: list[tuple[int, ast.expr]], literals: list[Fault]) -> Iterator[Fault]:
    seen = [(line, argument) for line, literal in literals for argument in _arguments(literal)]
    for (line, value), (_, argument) in zip(values, seen, strict=False):
        if any(isinstance(part, ast.JoinedStr) for part in ast.walk(value)):
            yield line, "MicroPython has no f-string in an f-string; give the inner one a name first"
            return
        try:
            same = argument.isascii() and ast.dump(ast.parse(f"({argument})", mode="eval").body) == ast.dump(value)
        except (SyntaxError, ValueError):
            same = False
        if not same:
            yield line, "MicroPython reads an expression of this f-string otherwise; give the value a name first"
            return
    if len(values) != len(seen):
        places = [line for line, _ in values[len(seen) :] + seen[len(values) :]]
        yield places[0], "MicroPython reads this f-string otherwise; give the values names first"


def _arguments(literal: str) -> Iterator[str]:
    """What MicroPython takes for the expressions of an f-string (``parse_string_literal`` of ``py/lexer.c``, 1.29)."""
    text = literal[literal.index(literal[-1]) :]
    quotes = 3 if text.startswith(literal[-1] * 3) else 1
    text = text[quotes:-quotes]
    at = 0
    while at < len(text):
        if text[at] == "\\" or text.startswith("{{", at):
            at += 2
        elif text[at] == "{":
            start, at, depth = at + 1, at + 1, 0
            while at < len(text) and (depth or not _ends(text, at)):
                depth += (text[at] in "[{") - (text[at] in "]}")
                at += 1
            yield text[start : at - 1] if text[at - 1] == "=" and at > start else text[start:at]
        else:
            at += 1


def _ends(text: str, at: int) -> bool:
    """Whether an expression of an f-string is over here."""
    return text[at] in ":}" or (
        text[at] == "!" and text[at + 1 : at + 2] in {"r", "s"} and text[at + 2 : at + 3] in {":", "}"}
    )
