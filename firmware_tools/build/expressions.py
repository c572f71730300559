"""The expressions in ``{{ }}``: text to instructions. Instructions are listed in ``docs/view-format.md``.

The grammar is WXML's: JavaScript's operators on members, literals and names, and calls, without assignment and
functions. What names mean is decided in ``names.py``; a call is ``["call", callee, arguments, offset]`` here.
Source: https://developers.weixin.qq.com/miniprogram/en/dev/reference/wxml/data.html
"""

import re
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from device_runtime.view.javascript import to_float
from firmware_tools.build.source import SourceText

Instruction: TypeAlias = list[Any]

MAX_DEPTH = 60
MAX_CHAIN = 90
"""The most operators, members and calls one after the other; each nests those before it."""
UNDEFINED: Final[Instruction] = ["undefined"]

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<name>(?:[^\W\d]|\$)[\w$]*)
    |(?P<mark>\.\.\.|===|!==|>>>|\?\.(?![0-9])|==|!=|<=|>=|&&|\|\||\?\?|<<|>>|=>|\*\*|\+\+|--|[-+*/%<>=!~?:.,()\[\]{}&|^`;@\#\\])
    """,
    re.VERBOSE | re.DOTALL,
)
_LITERALS: Final = {"true": True, "false": False, "null": None}
_PRECEDENCE: Final = {
    "??": 1, "||": 2, "&&": 3, "|": 4, "^": 5, "&": 6, "==": 7, "!=": 7, "===": 7, "!==": 7,
    "<": 8, "<=": 8, ">": 8, ">=": 8, "<<": 9, ">>": 9, ">>>": 9, "+": 10, "-": 10, "*": 11, "/": 11, "%": 11,
}  # fmt: skip
_LOGICAL = ("&&", "||", "??")
_PREFIXES = ("!", "-", "+", "~", "typeof", "void")
_FOREIGN: Final = {
    "=": "an assignment",
    "=>": "a function",
    "++": "an assignment",
    "--": "an assignment",
    "`": "a template string",
    "**": "the operator **",
    "function": "a function",
    "new": "the operator new",
    "in": "the operator in",
    "instanceof": "the operator instanceof",
    ";": "a statement",
}
# Where a value must stand, the operators "in" and "instanceof" can only be names.
_KEYWORDS: Final = frozenset(("function", "new"))
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    offset: int


_END = "end"


def parse_expression(source: SourceText, text: str, offset: int) -> Instruction:
    """The instruction for the inside of ``{{ }}``, which starts at ``offset`` of ``source``.

    ``{{a: 1, b}}`` and ``{{a, b}}`` are objects; nothing at all is ``undefined``.

    Raises:
        SourceError: it is no expression, or uses what templates do not have.
    """
    parser = _Parser(source, text, offset)
    if parser.at_end():
        return UNDEFINED
    return parser.whole(parser.members() if parser.starts_members(shorthand=False) else parser.expression())


def parse_template_data(source: SourceText, text: str, offset: int) -> Instruction:
    """Like :func:`parse_expression`, for WeChat's ``data="{{ }}"``, where a lone name is a member too.

    Raises:
        SourceError: it is neither an expression nor the members of an object.
    """
    parser = _Parser(source, text, offset)
    if parser.at_end():
        return ["object", []]
    return parser.whole(parser.members() if parser.starts_members(shorthand=True) else parser.expression())


class _Parser:
    """Precedence climbing over the tokens of one expression."""

    def __init__(self, source: SourceText, text: str, offset: int) -> None:
        self._source = source
        self._tokens = self._split(text, offset)
        self._at = 0
        self._depth = 0

    def _split(self, text: str, offset: int) -> list[_Token]:
        tokens: list[_Token] = []
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                shown = "a string that is not closed" if text[at] in "\"'" else repr(text[at])
                raise self._source.error(offset + at, f"{shown} cannot stand in an expression")
            if match.lastgroup != "space":
                tokens.append(_Token(str(match.lastgroup), match[0], offset + at))
            at = match.end()
        tokens.append(_Token(_END, "", offset + len(text)))
        return tokens

    @property
    def _token(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._token
        self._at += token.kind != _END
        return token

    def _is(self, *marks: str) -> bool:
        return self._token.kind in ("mark", "name") and self._token.text in marks

    def _accept(self, mark: str) -> bool:
        if self._is(mark):
            self._at += 1
            return True
        return False

    def _expect(self, mark: str, why: str) -> None:
        if not self._accept(mark):
            raise self._unexpected(f"{mark!r} is missing {why}")

    def _unexpected(self, message: str) -> Exception:
        token = self._token
        if token.text in _FOREIGN and token.kind != "string":
            message = f"{_FOREIGN[token.text]} cannot be used in a template"
        elif token.kind != _END:
            message = f"{message}, at {token.text[:20]!r}"
        return self._source.error(token.offset, message)

    def at_end(self) -> bool:
        return self._token.kind == _END

    def whole(self, instruction: Instruction) -> Instruction:
        if not self.at_end():
            raise self._unexpected("the expression should end here")
        return instruction

    def starts_members(self, *, shorthand: bool) -> bool:
        first, second = self._token, self._tokens[min(1, len(self._tokens) - 1)]
        if first.text == "..." and first.kind == "mark":
            return True
        if first.kind in ("name", "string") and second.text == ":" and second.kind == "mark":
            return True
        if first.kind != "name" or first.text in _LITERALS or first.text == "undefined":
            return False
        return (second.text == "," and second.kind == "mark") or (shorthand and second.kind == _END)

    def members(self, end: str = "") -> Instruction:
        """The members of an object, up to ``end``."""
        members: list[Instruction] = []
        while not self.at_end() and not (end and self._is(end)):
            if self._accept("..."):
                members.append([None, self.expression()])
            else:
                members.append(self._member())
            if not self._accept(","):
                break
        return ["object", members]

    def _member(self) -> Instruction:
        token = self._next()
        if token.kind == "string":
            name = self._string(token)
        elif token.kind == "name":
            name = token.text
        elif token.kind == "number":
            name = str(_number(token.text))
        else:
            self._at -= token.kind != _END
            raise self._unexpected("the name of a member is missing")
        if self._accept(":"):
            return [name, self.expression()]
        if token.kind != "name":
            raise self._unexpected("':' is missing after the name of a member")
        return [name, self._name(token)]

    def expression(self) -> Instruction:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._source.error(self._token.offset, f"the expression is nested more than {MAX_DEPTH} deep")
        test = self._binary(0)
        if self._accept("?"):
            then = self.expression()
            self._expect(":", "in the condition a ? b : c")
            test = ["conditional", test, then, self.expression()]
        self._depth -= 1
        return test

    def _binary(self, least: int) -> Instruction:
        left = self._unary()
        links = 0
        while self._token.kind == "mark" and _PRECEDENCE.get(self._token.text, -1) > least:
            links = self._count(links)
            operator = self._next().text
            right = self._binary(_PRECEDENCE[operator])
            left = ["logical" if operator in _LOGICAL else "binary", operator, left, right]
        return left

    def _unary(self) -> Instruction:
        if not self._is(*_PREFIXES):
            return self._postfix(self._primary())
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._source.error(self._token.offset, f"the expression is nested more than {MAX_DEPTH} deep")
        operator = self._next().text
        instruction = ["unary", operator, self._unary()]
        self._depth -= 1
        return instruction

    def _postfix(self, base: Instruction) -> Instruction:
        links = 0
        while True:
            start = self._token.offset
            links = self._count(links)
            if self._accept("?."):
                if self._accept("["):
                    base = self._index(base)
                elif self._token.kind == "name":
                    base = ["member", base, ["constant", self._next().text]]
                elif self._accept("("):
                    base = self._call(base, start)
                else:
                    raise self._unexpected("the name of a member is missing after '?.'")
            elif self._accept("."):
                if self._token.kind != "name":
                    raise self._unexpected("the name of a member is missing after '.'")
                base = ["member", base, ["constant", self._next().text]]
            elif self._accept("["):
                base = self._index(base)
            elif self._accept("("):
                base = self._call(base, start)
            else:
                return base

    def _count(self, links: int) -> int:
        if links > MAX_CHAIN:
            raise self._source.error(self._token.offset, f"the expression has more than {MAX_CHAIN} parts in a row")
        return links + 1

    def _call(self, callee: Instruction, offset: int) -> Instruction:
        arguments: list[Instruction] = []
        while not self._is(")"):
            if self._is("..."):
                raise self._unexpected("a call takes its arguments one by one; pass an array")
            arguments.append(self.expression())
            if not self._accept(","):
                break
        self._expect(")", "after the arguments")
        return ["call", callee, arguments, offset]

    def _index(self, base: Instruction) -> Instruction:
        key = self.expression()
        self._expect("]", "after the index")
        return ["member", base, key]

    def _primary(self) -> Instruction:
        token = self._token
        if token.kind == "number":
            self._at += 1
            return ["constant", _number(token.text)]
        if token.kind == "string":
            self._at += 1
            return ["constant", self._string(token)]
        if token.kind == "name" and token.text not in _KEYWORDS:
            self._at += 1
            return self._name(token)
        if self._accept("("):
            inner = self.expression()
            self._expect(")", "to close '('")
            return inner
        if self._accept("["):
            return self._array()
        if self._accept("{"):
            members = self.members("}")
            self._expect("}", "to close '{'")
            return members
        raise self._unexpected("a value is missing")

    def _array(self) -> Instruction:
        items: list[Instruction] = []
        while not self._is("]"):
            if self._is(","):
                items.append(UNDEFINED)
            elif self._accept("..."):
                items.append(["spread", self.expression()])
            else:
                items.append(self.expression())
            if not self._accept(","):
                break
        self._expect("]", "to close '['")
        return ["array", items]

    def _name(self, token: _Token) -> Instruction:
        if token.text in _LITERALS:
            return ["constant", _LITERALS[token.text]]
        return UNDEFINED if token.text == "undefined" else ["variable", token.text]

    def _string(self, token: _Token) -> str:
        def unescape(match: re.Match[str]) -> str:
            digits = match[1] or match[2] or match[3]
            if digits is None:
                return _ESCAPES.get(match[4], match[4])
            if int(digits, 16) > 0x10FFFF:
                raise self._source.error(token.offset, f"{match[0]} is not a character")
            return chr(int(digits, 16))

        text = _ESCAPE.sub(unescape, token.text[1:-1])
        # Two \u escapes may be the halves of one character.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _number(text: str) -> int | float:
    if text[:2] in ("0x", "0X"):
        number: int | float = int(text, 16)
    elif text.isdecimal() and len(text) <= 16:
        number = int(text)
    else:
        number = float(text)
    return to_float(number) if isinstance(number, int) and number > 2**53 else number
