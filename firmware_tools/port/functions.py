"""The named functions of a script, and the names that each of them mentions.

With it a report tells which pages come to a function of a shared script, and which only require the file that it is in.
It goes by names alone: whoever mentions the name of a function is taken to call it.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from firmware_tools.port.javascript import Script

_KEYWORDS = frozenset(
    ("if", "else", "for", "while", "do", "switch", "case", "return", "function", "var", "let", "const", "new", "this",
     "typeof", "await", "try", "catch", "finally", "throw", "in", "class", "extends", "import", "export", "default",
     "true", "false", "null", "void", "delete", "super", "with", "yield")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NamedPart:
    """A part of a script that runs when ``name`` is called or read. ``start`` and ``end`` are offsets."""

    name: str
    start: int
    end: int
    mentions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Outline:
    """A script's named parts in their order, and what the rest of it mentions."""

    parts: tuple[NamedPart, ...] = ()
    mentions: frozenset[str] = frozenset()

    def part_at(self, offset: int) -> NamedPart | None:
        """The part that an offset is in."""
        at = bisect_right(self.parts, offset, key=lambda part: part.start) - 1
        return self.parts[at] if at >= 0 and offset < self.parts[at].end else None


def outline(script: Script) -> Outline:
    """The outline of a script."""
    spans = list(_spans(script))
    parts = [
        NamedPart(
            name,
            script.offset(start),
            script.tokens[min(end, len(script.tokens) - 1)].end,
            _names(script, start, end + 1) - {name},
        )
        for name, start, end in spans
    ]
    rest: set[str] = set()
    at = 0
    for _, start, end in spans:
        rest |= _names(script, at, start)
        at = end + 1
    rest |= _names(script, at, len(script.tokens))
    return Outline(tuple(parts), frozenset(rest))


def _names(script: Script, start: int, end: int) -> frozenset[str]:
    return frozenset(
        text
        for text, token in zip(script.texts[start:end], script.tokens[start:end], strict=True)
        if token.kind == "name" and text not in _KEYWORDS
    )


def _spans(script: Script) -> Iterator[tuple[str, int, int]]:
    """The outermost named functions, classes and exports: name, first and last token."""
    at = 0
    while at < len(script.tokens):
        found = _export(script, at) or _function(script, at)
        if found is None:
            at += 1
            continue
        yield found
        at = found[2] + 1


def _function(script: Script, at: int) -> tuple[str, int, int] | None:
    text, after = script.texts[at], script.text(at + 1)
    if not script.is_name(at):
        return None
    if text in ("function", "class"):
        named = at + 2 if after == "*" else at + 1
        if not script.is_name(named) or script.text(named) == "extends":
            return None
        return _body(script, script.text(named), at, named)
    if after in (":", "=") and text not in _KEYWORDS and script.parameters(at + 2) >= 0:
        return _value(script, text, at)
    if after == "(" and script.is_method(at) and text not in _KEYWORDS and not script.is_member(at):
        return _body(script, text, at, at + 1)
    return None


def _body(script: Script, name: str, first: int, at: int) -> tuple[str, int, int] | None:
    """From the name on to the end of the ``{ … }`` that follows."""
    while at < len(script.texts) and script.texts[at] != "{":
        at = script.closing(at) + 1 if script.texts[at] == "(" else at + 1
    return (name, first, script.closing(at)) if at < len(script.texts) else None


def _value(script: Script, name: str, at: int) -> tuple[str, int, int]:
    """``name = (…) => …`` or ``name: function (…) { … }``."""
    parameters = script.parameters(at + 2)
    body = (script.closing(parameters) if script.text(parameters) == "(" else parameters) + 1
    if script.text(body) == "=>":
        body += 1
    return (name, at, script.closing(body) if script.text(body) == "{" else script.expression_end(body) - 1)


def _export(script: Script, at: int) -> tuple[str, int, int] | None:
    """``exports.name = value;`` and, in ``module.exports = { name: value }``, each member: who mentions the name comes
    to the value, and the statement itself to nothing."""
    if script.texts[at] == "exports" and script.text(at + 1) == "." and script.text(at + 3) == "=":
        return (script.text(at + 2), at, max(script.statement_end(at) - 1, at + 3))
    if not script.is_key(at) and script.text(at + 1) not in (",", "}"):
        return None
    if not script.is_name(at) or not _is_export_list(script, script.parent[at]):
        return None
    if script.text(at + 1) != ":":
        return (script.text(at), at, at)
    if script.parameters(at + 2) >= 0 or script.text(at + 2) == "{":
        return None
    end = at + 2
    while script.text(end + 1) not in (",", "}", ""):
        end = script.closing(end + 1) if script.text(end + 1) in ("(", "[", "{") else end + 1
    return (script.text(at), at, end)


def _is_export_list(script: Script, opening: int) -> bool:
    if opening < 0 or script.texts[opening] != "{":
        return False
    before = script.text(opening - 1)
    return before == "export" or (before == "=" and script.text(opening - 2) == "exports") or before == "default"


def live_parts(outlines: Mapping[str, Outline], own: Iterable[str]) -> set[tuple[str, str]]:
    """Of some scripts, the named parts, as (file, name), that the files ``own`` come to. All of those is live, and of
    the others what runs when they are required."""
    own = set(own)
    where: dict[str, list[tuple[str, NamedPart]]] = defaultdict(list)
    names: set[str] = set()
    for file, read in outlines.items():
        names |= read.mentions
        for part in read.parts:
            if file in own:
                names |= part.mentions
            else:
                where[part.name].append((file, part))
    live: set[tuple[str, str]] = set()
    waiting = [name for name in names if name in where]
    seen = set(waiting)
    while waiting:
        for file, part in where[waiting.pop()]:
            live.add((file, part.name))
            fresh = [name for name in part.mentions if name in where and name not in seen]
            seen.update(fresh)
            waiting += fresh
    return live
