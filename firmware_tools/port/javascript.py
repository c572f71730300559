"""A script as tokens with their brackets matched: what an analysis that tolerates anything can stand on.

Nothing here parses expressions: minified and transpiled code is looked at by its tokens, and what cannot be told from
them is left for the caller to say.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from device_runtime.engine.async_functions import ends_statement
from device_runtime.engine.tokens import Token, tokenize

_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
_CONDITIONS = frozenset(("if", "while", "for", "with", "switch", "catch"))
_DECLARING = frozenset(("var", "let", "const", "function", "class", "import"))


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object literal: ``value`` is the index of the value's first token, or of the ``(`` of a method;
    ``end`` that behind its last one."""

    key: str
    at: int
    value: int
    end: int
    method: bool


class Script:
    """The tokens of one file. Tokens are spoken of by their index; -1 is none."""

    def __init__(self, source: str) -> None:
        """Cut ``source``.

        Raises:
            TokenError: it is no JavaScript as far as its tokens go.
        """
        self.source = source
        self.tokens = tokenize(source)
        self.texts = [token.text for token in self.tokens]
        self.starts = [token.start for token in self.tokens]
        count = len(self.tokens)
        self.partner = [-1] * count
        """The closing bracket of an opening one, and the other way round."""
        self.parent = [-1] * count
        """The bracket that a token is in."""
        self.positions: dict[str, list[int]] = {}
        """Where each name stands."""
        self._match()

    def _match(self) -> None:
        opened: list[int] = []
        for index, token in enumerate(self.tokens):
            text = token.text
            if token.kind == "name":
                self.positions.setdefault(text, []).append(index)
            closes = text in (")", "]", "}") if token.kind == "punctuator" else _template_closes(token)
            if closes and opened:
                opening = opened.pop()
                self.partner[opening], self.partner[index] = index, opening
            self.parent[index] = opened[-1] if opened else -1
            opens = text in ("(", "[", "{") if token.kind == "punctuator" else _template_opens(token)
            if opens:
                opened.append(index)

    def text(self, index: int) -> str:
        """The text of a token, empty outside of the file."""
        return self.texts[index] if 0 <= index < len(self.texts) else ""

    def offset(self, index: int) -> int:
        """Where a token starts; the end of the file behind the last one."""
        return self.tokens[index].start if index < len(self.tokens) else len(self.source)

    def closing(self, opening: int) -> int:
        """The closing bracket; the last token if there is none."""
        partner = self.partner[opening] if 0 <= opening < len(self.partner) else -1
        return partner if partner > opening else len(self.tokens) - 1

    def is_name(self, index: int) -> bool:
        return 0 <= index < len(self.tokens) and self.tokens[index].kind == "name"

    def is_member(self, index: int) -> bool:
        """Whether a name follows a dot."""
        return self.text(index - 1) in (".", "?.")

    def is_key(self, index: int) -> bool:
        """Whether a name is the key of an object literal or pattern, ``{ name: … }``."""
        if self.text(index + 1) != ":" or self.text(index - 1) not in ("{", ","):
            return False
        parent = self.parent[index]
        return parent >= 0 and self.texts[parent] == "{" and not self.tokens[parent].statement

    def is_method(self, index: int) -> bool:
        """Whether a name is that of a method or function that is defined here, ``name(…) {``."""
        if self.text(index + 1) != "(" or self.text(index - 1) in ("new", "await", "return"):
            return False
        return self.text(self.closing(index + 1) + 1) == "{" and self.text(index) not in _CONDITIONS

    def string(self, index: int) -> str | None:
        """The value of a string literal, or of a template without ``${}``."""
        if not 0 <= index < len(self.tokens):
            return None
        token = self.tokens[index]
        if token.kind == "string" or (token.kind == "template" and token.text[0] == "`" and token.text[-1] == "`"):
            return unescape(token.text[1:-1])
        return None

    def block(self, index: int) -> tuple[int, int]:
        """The first and the last token of the innermost ``{ … }`` of statements around a token; the file's, if none."""
        at = self.parent[index] if 0 <= index < len(self.parent) else -1
        while at >= 0 and not (self.texts[at] == "{" and self.tokens[at].statement):
            at = self.parent[at]
        return (at, self.closing(at)) if at >= 0 else (-1, len(self.tokens))

    def statement_end(self, index: int) -> int:
        """The token behind the statement that a token is in, as far as ``;``, line breaks and closing brackets tell."""
        return self._end(index, (";",))

    def expression_end(self, index: int) -> int:
        """The token behind the expression that a token is in: likewise, and commas end it, too."""
        return self._end(index, (";", ","))

    def _end(self, index: int, marks: tuple[str, ...]) -> int:
        if not 0 <= index < len(self.tokens):
            return len(self.tokens)
        parent = self.parent[index]
        last = self.closing(parent) if parent >= 0 else len(self.tokens)
        at = index
        while at < last:
            if self.parent[at] == parent and (self.texts[at] in marks or (at > index and self._begins_line(at))):
                return at
            if self.texts[at] in ("(", "[", "{") and self.partner[at] > at:
                at = self.partner[at]
            at += 1
        return last

    def _begins_line(self, index: int) -> bool:
        """Whether a line break before a token ends a statement, as where a semicolon was left out."""
        token = self.tokens[index]
        return token.line_break and ends_statement(self.tokens[index - 1], token)

    def members(self, opening: int) -> Iterator[Member]:
        """The members of the object literal that opens at ``opening``; a spread has the key ``...``."""
        closing = self.closing(opening)
        at = opening + 1
        while at < closing:
            end = self._item_end(at, closing)
            if member := self._member(at, end):
                yield member
            at = end + 1

    def items(self, opening: int) -> Iterator[tuple[int, int]]:
        """First and behind-the-last token of what commas part between two brackets."""
        closing = self.closing(opening)
        at = opening + 1
        while at < closing:
            end = self._item_end(at, closing)
            if end > at:
                yield at, end
            at = end + 1

    def _item_end(self, at: int, closing: int) -> int:
        while at < closing and self.texts[at] != ",":
            at = self.behind(at)
        return min(at, closing)

    def behind(self, at: int) -> int:
        """The token behind a token, or behind all that the bracket or the template which begins there holds."""
        while self.partner[at] > at:
            at = self.partner[at]
            if not _template_opens(self.tokens[at]):
                break
        return at + 1

    def _member(self, at: int, end: int) -> Member | None:
        if at >= end:
            return None
        if self.texts[at] == "...":
            return Member("...", at, at + 1, end, method=False)
        while self.text(at) in ("async", "get", "set", "static", "*") and self.text(at + 1) not in (":", "(", ",", "="):
            if at + 1 >= end:
                break
            at += 1
        key = self.string(at) if self.tokens[at].kind in ("string", "template") else self.texts[at]
        if key is None or key == "[":
            return None
        if self.text(at + 1) == ":" and at + 1 < end:
            return Member(key, at, at + 2, end, method=False)
        return Member(key, at, at + 1 if at + 1 < end else at, end, method=self.text(at + 1) == "(")

    def parameters(self, value: int) -> int:
        """The ``(`` of the parameters of the function that a value is, or the lone parameter of ``a => …``; -1 if it is
        no function."""
        at = value
        if self.text(at) == "async":
            at += 1
        if self.text(at) == "function":
            at += 1
            while at < len(self.texts) and self.texts[at] != "(":
                at += 1
            return at if at < len(self.texts) else -1
        if self.text(at) == "(" and self.text(self.closing(at) + 1) in ("=>", "{"):
            return at
        return at if self.is_name(at) and self.text(at + 1) == "=>" else -1

    def first_parameter(self, value: int) -> tuple[str, list[str]]:
        """The name of a function's first parameter, or the keys that it takes apart."""
        at = self.parameters(value)
        if at < 0:
            return "", []
        if self.texts[at] != "(":
            return self.texts[at], []
        first = at + 1
        if self.is_name(first):
            return self.texts[first], []
        if self.text(first) == "{":
            return "", [member.key for member in self.members(first)]
        return "", []

    def declared(self, name: str) -> bool:
        """Whether the file itself declares a name, in whatever scope."""
        for index in self.positions.get(name, ()):
            if self.is_member(index) or self.is_key(index):
                continue
            if self.text(index - 1) in _DECLARING or self.text(index + 1) in ("=", "=>") or self.is_parameter(index):
                return True
        return False

    def is_parameter(self, index: int) -> bool:
        """Whether a name stands among the parameters of a function that is defined here."""
        parent = self.parent[index]
        if parent < 0 or self.texts[parent] != "(" or self.text(parent - 1) in _CONDITIONS:
            return False
        after = self.text(self.closing(parent) + 1)
        return after == "=>" or (after == "{" and self.text(index - 1) in ("(", ","))

    def shadows(self, name: str, inside: tuple[int, int]) -> "Intervals":
        """The parts of a span of tokens where a parameter or another declaration takes a name over."""
        found = Intervals()
        for index in self.positions.get(name, ()):
            if not inside[0] <= index < inside[1] or self.is_member(index):
                continue
            if self.text(index + 1) == "=>":
                found.add(index, self.expression_end(index) - 1)
            elif self.is_parameter(index):
                body = self.closing(self.parent[index]) + 1
                if self.text(body) == "=>":
                    body += 1
                end = self.closing(body) if self.text(body) == "{" else self.expression_end(body) - 1
                found.add(self.parent[index], end)
            elif self.text(index - 1) in ("var", "let", "const") and (block := self.block(index)) != inside:
                found.add(*block)
        return found


class Intervals:
    """Spans of tokens, added in the order of their starts or with starts further out."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, start: int, end: int) -> None:
        """Add a span; one inside of another changes nothing."""
        while self._starts and self._starts[-1] >= start:
            end = max(end, self._ends.pop())
            self._starts.pop()
        if self._ends and self._ends[-1] >= start:
            self._ends[-1] = max(self._ends[-1], end)
        else:
            self._starts.append(start)
            self._ends.append(end)

    def __contains__(self, index: int) -> bool:
        at = bisect_right(self._starts, index) - 1
        return at >= 0 and index <= self._ends[at]


def unescape(text: str) -> str:
    """What the escapes of a string literal stand for."""
    return _ESCAPE.sub(_unescaped, text) if "\\" in text else text


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    if code is not None:
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\ufffd"
    return _CONTROL.get(found[4], found[4])


def _template_opens(token: Token) -> bool:
    return token.kind == "template" and token.text.endswith("${")


def _template_closes(token: Token) -> bool:
    return token.kind == "template" and token.text.startswith("}")
