"""JavaScript source cut into tokens: enough to find statements, brackets and names, no more.

The lexical grammar is ECMA-262 (https://tc39.es/ecma262/#sec-ecmascript-language-lexical-grammar). Whether ``/``
starts a regular expression or divides depends on the grammar; here it is told from the token before it, and for
``)`` and ``}`` from what opened the bracket.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_SKIP = re.compile(r"(?:\s+|//[^\n\r\u2028\u2029]*|/\*.*?\*/|#![^\n]*)+", re.DOTALL)
_NAME = re.compile(r"(?:[\w$#@]|\\u[0-9a-fA-F]{4}|\\u\{[0-9a-fA-F]+\})+")
_NUMBER = re.compile(
    r"0[xX][\da-fA-F_]+n?|0[oO][0-7_]+n?|0[bB][01_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?[\d_]+)?n?"
)
_STRING = re.compile(r"""'(?:[^'\\\n\r]|\\.)*'|"(?:[^"\\\n\r]|\\.)*\"""", re.DOTALL)
_REGEX = re.compile(r"/(?![*/])(?:[^/\\\[\n\r]|\\.|\[(?:[^\]\\\n\r]|\\.)*\])+/[\w$]*")
_TEMPLATE_PART = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*", re.DOTALL)
_PUNCTUATOR = re.compile(
    r">>>=|\.\.\.|===|!==|\*\*=|<<=|>>=|>>>|&&=|\|\|=|\?\?=|=>|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)|\+\+|--|\+=|-=|\*=|/="
    r"|%=|&=|\|=|\^=|<<|>>|\*\*|[{}()\[\];,<>+\-*/%&|^!~?:=.]"
)
_BEFORE_REGEX = frozenset(
    (
        "return", "typeof", "instanceof", "in", "of", "new", "delete", "void", "throw", "case", "do", "else", "yield",
        "await", "extends", "default", "export",
    )
)  # fmt: skip
_CONDITION = frozenset(("if", "while", "for", "with"))
CLOSING = {"(": ")", "[": "]", "{": "}", "${": "}"}


class Token(NamedTuple):
    """``kind`` is ``name``, ``number``, ``string``, ``regex``, ``template`` (a piece of one) or ``punctuator``.

    ``depth`` counts the brackets around it; an opening bracket and its closing one have the same depth.
    ``statement`` says of ``{`` that it opens a block or a body, not an object literal.
    """

    kind: str
    text: str
    start: int
    end: int
    depth: int
    line_break: bool
    statement: bool = False


class TokenError(ValueError):
    """The source cannot be cut into tokens at ``offset``; the engine's own syntax error says it better."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"unreadable source at offset {offset}")
        self.offset = offset


class _Cutter:
    def __init__(self, source: str) -> None:
        self.source = source
        # What opened each bracket: (its text, "a regular expression may follow its closing").
        self.open: list[tuple[str, bool]] = []
        self.last: Token | None = None
        self.before_last: Token | None = None
        self.regex_after_close = False

    def tokens(self) -> Iterator[Token]:
        at, source = 0, self.source
        while True:
            skipped = _SKIP.match(source, at)
            line_break = skipped is not None and "\n" in skipped[0]
            at = skipped.end() if skipped else at
            if at >= len(source):
                return
            for token in self._cut(at, line_break):
                self.before_last, self.last = self.last, token
                yield token
                at = token.end

    def _cut(self, at: int, line_break: bool) -> Iterator[Token]:
        source, depth = self.source, len(self.open)
        character = source[at]
        if character == "`":
            yield from self._template(at, at + 1, line_break)
            return
        if character == "}" and self.open and self.open[-1][0] == "${":
            self.open.pop()
            yield from self._template(at, at + 1, line_break)
            return
        if character.isdigit() or (character == "." and source[at + 1 : at + 2].isdigit()):
            kind, pattern = "number", _NUMBER
        elif character in "'\"":
            kind, pattern = "string", _STRING
        elif character == "/" and self._regex_allowed():
            kind, pattern = "regex", _REGEX
        elif character in "_$#@\\" or character.isalnum() or ord(character) > 127:
            kind, pattern = "name", _NAME
        else:
            kind, pattern = "punctuator", _PUNCTUATOR
        match = pattern.match(source, at)
        if match is None or match.end() == at:
            raise TokenError(at)
        statement = False
        if kind == "punctuator":
            text = match[0]
            if text in "([{":
                statement = text == "{" and self._opens_block()
                self.open.append((text, self._regex_may_follow(text, statement)))
            elif text in ")]}":
                if not self.open or CLOSING[self.open[-1][0]] != text:
                    raise TokenError(at)
                self.regex_after_close = self.open.pop()[1]
                depth = len(self.open)
        yield Token(kind, match[0], at, match.end(), depth, line_break, statement)

    def _template(self, start: int, at: int, line_break: bool) -> Iterator[Token]:
        """A piece of a template: up to its end, or up to a ``${``."""
        match = _TEMPLATE_PART.match(self.source, at)
        end = match.end() if match else at
        depth = len(self.open)
        if self.source.startswith("${", end):
            yield Token("template", self.source[start : end + 2], start, end + 2, depth, line_break)
            self.open.append(("${", True))
        elif self.source.startswith("`", end):
            yield Token("template", self.source[start : end + 1], start, end + 1, depth, line_break)
        else:
            raise TokenError(start)

    def _regex_allowed(self) -> bool:
        last = self.last
        if last is None:
            return True
        if last.kind == "name":
            return last.text in _BEFORE_REGEX and not self._is_member(last)
        if last.kind == "template":
            return last.text.endswith("${")
        if last.kind != "punctuator" or last.text in ("++", "--"):
            return False
        return self.regex_after_close if last.text in ")]}" else True

    def _is_member(self, name: Token) -> bool:
        before = self.before_last
        return name is self.last and before is not None and before.text in (".", "?.")

    def _opens_block(self) -> bool:
        last = self.last
        if last is None or last.text in (";", "{", "}", ")", "=>", "else", "do", "try", "finally"):
            return last is None or not self._is_member(last)
        if last.kind == "name":  # class A {, label-free names; `return {` and its kin open object literals
            return last.text not in _BEFORE_REGEX
        return False

    def _regex_may_follow(self, text: str, statement: bool) -> bool:
        if text == "{":
            return statement
        last = self.last
        return text == "(" and last is not None and last.text in _CONDITION and not self._is_member(last)


def tokenize(source: str) -> list[Token]:
    """All tokens of ``source``, white space and comments left out.

    Raises:
        TokenError: it is no JavaScript as far as its tokens go.
    """
    return list(_Cutter(source).tokens())
