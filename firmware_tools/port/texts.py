"""What an expression of a script comes to, as far as it is written out: texts with gaps, and guesses about values."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from firmware_tools.port.javascript import Script, unescape

Span: TypeAlias = tuple[int, int]
"""The first token of an expression, and the one behind its last."""
_DEEPEST = 6
_SAME = frozenset(("encodeURIComponent", "encodeURI", "String"))
_DECLARING = frozenset(("const", "let", "var"))
_COMPARING = frozenset(("===", "!==", "==", "!=", "<", ">", "<=", ">="))
_WHOLE = frozenset(("round", "floor", "ceil", "trunc"))


@dataclass(frozen=True, slots=True)
class Gap:
    """What is only known when the program runs; ``name`` is what the source calls it, or empty."""

    name: str = ""


Text: TypeAlias = tuple[str | Gap, ...]
GuessKind = Literal["boolean", "choice", "integer", "number", "text", "bytes"]


@dataclass(frozen=True, slots=True)
class Guess:
    """What a value seems to be; ``words`` are those of a choice."""

    kind: GuessKind
    words: tuple[str, ...] = ()

    def __or__(self, other: "Guess") -> "Guess":
        """What takes both."""
        if self.kind == other.kind:
            return Guess(self.kind, tuple(dict.fromkeys((*self.words, *other.words))))
        return Guess("number" if {self.kind, other.kind} == {"integer", "number"} else "text")


def plain(text: Text) -> str | None:
    """A text without gaps, or None."""
    return "".join(str(piece) for piece in text) if all(isinstance(piece, str) for piece in text) else None


def joined(pieces: Iterator[str | Gap]) -> Text:
    """Pieces with neighbouring texts put together."""
    found: list[str | Gap] = []
    for piece in pieces:
        before = found[-1] if found else None
        if isinstance(piece, str) and isinstance(before, str):
            found[-1] = before + piece
        elif piece != "":
            found.append(piece)
    return tuple(found)


class TextReader:
    """Reads the expressions of one script. ``given`` are the parameters of the functions around them, each with the
    expression that it is in a call, and the reader of that: it may stand in another script. ``required`` gives what a
    script that is required exports under a name."""

    def __init__(
        self,
        script: Script,
        given: "Mapping[str, Expression] | None" = None,
        required: "Required" = lambda _request, _name: None,
    ) -> None:
        self.script = script
        self._given = given or {}
        self._required = required

    def text(self, span: Span) -> Text:
        """The text that an expression makes."""
        return joined(self._pieces(span, 0))

    def choices(self, span: Span) -> tuple[str, ...]:
        """The texts that an expression may be, if all are written out: one, or those of ``a ? 'b' : 'c'``."""
        reader, (start, end) = self.followed(span)
        script = reader.script
        marks = [at for at in reader._top(start, end) if script.texts[at] in ("?", ":")]
        if not marks:
            whole = plain(reader.text((start, end)))
            return (whole,) if whole is not None else ()
        found = [script.string(at + 1) for at in marks]
        return tuple(dict.fromkeys(text for text in found if text is not None)) if None not in found else ()

    def guess(self, span: Span) -> Guess:
        """What a value seems to be."""
        reader, (start, end) = self.followed(span)
        script = reader.script
        first, last = script.text(start), script.text(end - 1)
        top = {script.texts[at] for at in reader._top(start, end)}
        if first in ("true", "false", "!") or (top & _COMPARING and "?" not in top):
            return Guess("boolean")
        if end == start + 1 and first[:1].isdigit():
            return Guess("integer" if first.isdigit() else "number")
        if last == "length" or (first == "Math" and script.text(start + 2) in _WHOLE and last == ")"):
            return Guess("integer")
        words = reader.choices((start, end))
        return Guess("choice", words) if words else Guess("text")

    def followed(self, span: Span) -> "Expression":
        """An expression, or what the parameter or the constant that it is stands for, with the reader of that."""
        reader = self
        for _ in range(_DEEPEST):
            start, end = span
            if end != start + 1 or not reader.script.is_name(start):
                break
            name = reader.script.text(start)
            if name in reader._given:
                reader, span = reader._given[name]
            elif (target := reader.constant(name)) is not None:
                span = target
            elif (found := reader._taken(name)) is not None:
                reader, span = found
            else:
                break
        return reader, span

    def literal(self, span: Span) -> tuple["TextReader", int]:
        """The ``{`` of the object that an expression is, or that ``JSON.stringify`` makes a text of, with the reader of
        that; -1 if none."""
        reader, (start, _) = self.followed(span)
        if reader.script.texts[start : start + 4] == ["JSON", ".", "stringify", "("]:
            reader, (start, _) = reader.followed(next(reader.script.items(start + 3), (start, start)))
        return reader, start if reader.script.text(start) == "{" else -1

    def _top(self, start: int, end: int) -> Iterator[int]:
        """The tokens of an expression that are in none of its brackets."""
        while start < end:
            yield start
            start = self.script.behind(start)

    def _pieces(self, span: Span, depth: int) -> Iterator[str | Gap]:
        start, end = span
        pluses = [at for at in self._top(start, end) if self.script.texts[at] == "+"]
        for first, last in zip([start, *(at + 1 for at in pluses)], [*pluses, end], strict=True):
            yield from self._operand(first, last, depth)

    def _operand(self, start: int, end: int, depth: int) -> Iterator[str | Gap]:
        script = self.script
        if depth > _DEEPEST or start >= end:
            yield Gap()
        elif (text := script.string(start)) is not None and end == start + 1:
            yield text
        elif script.tokens[start].kind == "template" and script.behind(start) == end:
            yield from self._template(start, end, depth)
        elif script.text(start) == "(" and script.behind(start) == end:
            yield from self._pieces((start + 1, end - 1), depth + 1)
        elif script.text(start) in _SAME and script.text(start + 1) == "(" and script.behind(start + 1) == end:
            yield from self._pieces((start + 2, end - 1), depth + 1)
        elif (target := self._named(start, end)) is not None:
            reader, span = target
            yield from reader._pieces(span, depth + 1)
        elif script.is_name(end - 1) and all(
            script.is_name(at) or script.text(at) in (".", "?.") for at in range(start, end)
        ):
            yield Gap(script.text(end - 1))
        else:
            yield Gap()

    def _template(self, start: int, end: int, depth: int) -> Iterator[str | Gap]:
        script, at = self.script, start
        yield unescape(script.texts[start][1:-2])
        while script.partner[at] > at:
            closing = script.partner[at]
            yield from self._pieces((at + 1, closing), depth + 1)
            last = closing == end - 1
            yield unescape(script.texts[closing][1 : -1 if last else -2])
            at = closing

    def _named(self, start: int, end: int) -> "Expression | None":
        """What a name, or a member of an object that is written out, stands for."""
        if not self.script.is_name(start):
            return None
        if end == start + 1:
            target = self.followed((start, end))
            return None if target == (self, (start, end)) else target
        if end == start + 3 and self.script.text(start + 1) == ".":
            reader, opening = self.literal((start, start + 1))
            for member in reader.script.members(opening) if opening >= 0 else ():
                if member.key == self.script.text(start + 2) and not member.method:
                    return reader, (member.value, member.end)
            if (request := self._module(self.script.text(start))) is not None:
                return self._required(request, self.script.text(start + 2))
        return None

    def _module(self, name: str) -> str | None:
        """What is required under a name: ``NAME = require('…')``, ``import NAME from '…'``."""
        script = self.script
        for at in script.positions.get(name, ()):
            if script.texts[at + 1 : at + 4] == ["=", "require", "("] and not script.is_member(at):
                return script.string(at + 4)
            if script.text(at + 1) == "from" and script.text(at - 1) in ("import", "as"):
                return script.string(at + 2)
        return None

    def _taken(self, name: str) -> "Expression | None":
        """What a name stands for that is taken from a script: ``{ NAME } = require('…')``, ``import { NAME } from``."""
        script = self.script
        for at in script.positions.get(name, ()):
            if script.text(script.parent[at]) != "{" or script.text(at + 1) not in (",", "}"):
                continue
            closing = script.closing(script.parent[at])
            request = None
            if script.texts[closing + 1 : closing + 4] == ["=", "require", "("]:
                request = script.string(closing + 4)
            elif script.text(closing + 1) == "from":
                request = script.string(closing + 2)
            if request is not None:
                return self._required(request, name)
        return None

    def constant(self, name: str) -> Span | None:
        """The value of a name that the file gives one value."""
        script = self.script
        given = [
            at
            for at in script.positions.get(name, ())
            if not script.is_member(at) and script.text(at + 1) == "=" and not script.is_key(at)
        ]
        if len(given) != 1 or script.text(given[0] - 1) not in (*_DECLARING, ","):
            return None
        return given[0] + 2, script.expression_end(given[0] + 2)


Expression: TypeAlias = tuple[TextReader, Span]
"""An expression with the reader of its script."""
Required: TypeAlias = Callable[[str, str], Expression | None]
"""What is required by a path, and the name in it, to the expression that is exported under that name."""
