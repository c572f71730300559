"""On which line of a JSON text a member stands."""

import re
from collections.abc import Sequence
from json.decoder import scanstring  # type: ignore[attr-defined] # there since Python 2.6, and missing in typeshed

_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"[^,\]}\s]+")


def find_line(text: str, path: Sequence[str | int]) -> int:
    """The line, from 1, of the member or item at ``path``; where there is none, that of the innermost one that is.

    ``text`` is valid JSON. Of a key that is written twice the last counts, as for :func:`json.loads`.
    """
    at = _skip(text, 0)
    line_at = at
    for step in path:
        found = _child(text, at, step)
        if found is None:
            break
        line_at, at = found
    return text.count("\n", 0, line_at) + 1


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _child(text: str, at: int, step: str | int) -> tuple[int, int] | None:
    """Where the member ``step`` of the value at ``at`` begins, and its value; None where there is no such member."""
    opening = text[at : at + 1]
    if opening != ("{" if isinstance(step, str) else "["):
        return None
    found, index = None, 0
    at = _skip(text, at + 1)
    while at < len(text) and text[at] not in "}]":
        start, key = at, None
        if opening == "{":
            key, at = scanstring(text, at + 1)
            at = _skip(text, _skip(text, at) + 1)
        if (key if opening == "{" else index) == step:
            found = (start, at)
        at = _skip(text, _end(text, at))
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        index += 1
    return found


def _end(text: str, at: int) -> int:
    """The offset behind the value at ``at``."""
    depth = 0
    while at < len(text):
        character = text[at]
        if character == '"':
            at = scanstring(text, at + 1)[1]
        elif character in "{[":
            depth, at = depth + 1, at + 1
        elif character in "}]":
            depth, at = depth - 1, at + 1
        elif depth and character in ",: \t\r\n":
            at += 1
            continue
        else:
            match = _SCALAR.match(text, at)
            at = match.end() if match else at + 1
        if depth == 0:
            return at
    return at
