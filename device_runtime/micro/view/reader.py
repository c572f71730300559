"""JSON read from a stream, piece by piece: the whole of a document is never in memory, and members keep their order.

MicroPython's own ``json`` forgets the order of members, which says in which order a screen is told of attributes.
"""

from .errors import TemplateError

try:
    from typing import TextIO
except ImportError:
    pass

_CHUNK = 192
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SPACE = " \t\r\n"
_MOST_CHARACTERS = 20_000


class Reader:
    """Reads from ``stream``, whose ``read(n)`` gives text. Each method raises ``TemplateError`` where the document is
    cut short or has something else there."""

    def __init__(self, stream: "TextIO") -> None:
        self._stream = stream
        self._buffer = ""
        self._at = 0

    def _fill(self) -> bool:
        self._buffer = self._stream.read(_CHUNK)
        self._at = 0
        return bool(self._buffer)

    def peek(self) -> str:
        """The next character that is no white space."""
        while True:
            if self._at >= len(self._buffer) and not self._fill():
                raise TemplateError("the document is cut short")
            character = self._buffer[self._at]
            if character not in _SPACE:
                return character
            self._at += 1

    def is_next(self, character: str) -> bool:
        """Whether this comes next; it is taken if so."""
        if self.peek() != character:
            return False
        self._at += 1
        return True

    def expect(self, character: str) -> None:
        """Take this character."""
        if not self.is_next(character):
            raise TemplateError(f"{character} is expected, not {self._buffer[self._at : self._at + 20]!r}")

    def starts_with(self, text: str) -> bool:
        """Whether this text comes next; nothing is taken."""
        self.peek()
        while len(self._buffer) - self._at < len(text):
            more = self._stream.read(_CHUNK)
            if not more:
                return False
            self._buffer = self._buffer[self._at :] + more
            self._at = 0
        return self._buffer[self._at : self._at + len(text)] == text

    def comma(self) -> None:
        """Take a comma."""
        self.expect(",")

    def items(self, first: bool, close: str = "]") -> bool:
        """Whether there is one more item of a list (or member of an object), whose bracket or comma is taken."""
        if first:
            return not self.is_next(close)
        if self.is_next(close):
            return False
        self.comma()
        return True

    def string(self) -> str:
        """A string."""
        self.expect('"')
        text = ""
        while True:
            if self._at >= len(self._buffer) and not self._fill():
                raise TemplateError("the document is cut short")
            buffer, at = self._buffer, self._at
            end = buffer.find('"', at)
            if end < 0:
                end = len(buffer)
            escape = buffer.find("\\", at, end)
            if escape >= 0:
                text += buffer[at:escape]
                self._at = escape + 1
                text += self._escape()
            else:
                text += buffer[at:end]
                self._at = end + 1
                if end < len(buffer):
                    return text
            if len(text) > _MOST_CHARACTERS:
                raise TemplateError(f"a text has more than {_MOST_CHARACTERS} characters")

    def name(self) -> str:
        """The name of a member, with its colon."""
        name = self.string()
        self.expect(":")
        return name

    def _next(self) -> str:
        if self._at >= len(self._buffer) and not self._fill():
            raise TemplateError("the document is cut short")
        self._at += 1
        return self._buffer[self._at - 1]

    def _escape(self) -> str:
        character = self._next()
        if character != "u":
            return _ESCAPES.get(character, character)
        code = self._code()
        if 0xD800 <= code < 0xDC00 and self._next() + self._next() == "\\u":
            code = 0x10000 + ((code & 0x3FF) << 10) + (self._code() & 0x3FF)
        return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)  # half a character is none

    def _code(self) -> int:
        digits = "".join([self._next() for _ in range(4)])
        try:
            return int(digits, 16)
        except ValueError:
            raise TemplateError(f"{digits!r} is no character") from None

    def scalar(self) -> object:
        """A string, a number, ``true``, ``false`` or ``null``."""
        if self.peek() == '"':
            return self.string()
        word = ""
        while self._at < len(self._buffer) or self._fill():
            character = self._buffer[self._at]
            if character in ",]}:" or character in _SPACE:
                break
            word += character
            self._at += 1
        if word in ("null", "true", "false"):
            return None if word == "null" else word == "true"
        try:
            return float(word) if "." in word or "e" in word or "E" in word else int(word)
        except ValueError:
            raise TemplateError(f"{word[:20]!r} is no value") from None

    def integer(self) -> int:
        """A whole number from 0."""
        value = self.scalar()
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise TemplateError(f"a whole number is expected, not {value!r}")
        return value

    def skip(self, depth: int = 0) -> None:
        """Take any value and forget it."""
        if depth > 40:
            raise TemplateError("the document is nested too deeply for a board")
        character = self.peek()
        if character not in "[{":
            self.scalar()
            return
        self._at += 1
        close = "]" if character == "[" else "}"
        first = True
        while self.items(first, close):
            first = False
            if close == "}":
                self.name()
            self.skip(depth + 1)
