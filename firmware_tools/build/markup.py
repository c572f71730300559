"""A parser for the markup of templates, WXML and SWAN, as people write it.

Neither is XML: values may lack quotes or be missing, and ``{{ }}`` may hold ``<``, ``&&`` and quotes. Slips from which
there is one sensible way on, such as an end tag that is missing, are warnings; only the others are errors.
"""

import html.entities
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeAlias

from firmware_tools.build.source import SourceText

# Elements that have no content, so that their end tag may be missing.
LEAVES = frozenset(("icon", "image", "import", "include", "input", "progress", "slider", "switch"))
MAX_DEPTH = 90

_TAG = re.compile(r"<([A-Za-z][\w.:-]*)")
_END_TAG = re.compile(r"</\s*+([A-Za-z][\w.:-]*+)\s*+([^<>]*+)>")
_MARK = re.compile(r"<[A-Za-z/!?]|\{\{")
_BLANK = re.compile(r"(?:\s+|<!--.*?-->)*", re.DOTALL)
_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"[^\s=<>/\"']+")
_EQUALS = re.compile(r"\s*=\s*")
_ENTITY = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);")


@dataclass(frozen=True, slots=True)
class Attribute:
    """``value`` is ``None`` for an attribute without one; ``offset`` and ``value_offset`` say where both start."""

    name: str
    value: str | None
    offset: int
    value_offset: int


@dataclass(slots=True)
class Element:
    """An element; ``offset`` is that of its ``<``. ``code`` is what is in an element that holds code."""

    tag: str
    offset: int
    attributes: dict[str, Attribute] = field(default_factory=dict)
    children: "list[MarkupNode]" = field(default_factory=list)
    code: "Text | None" = None


@dataclass(frozen=True, slots=True)
class Text:
    """Text between elements, as written."""

    text: str
    offset: int


MarkupNode: TypeAlias = Element | Text


def decode_entities(text: str) -> str:
    """``&lt;``, ``&#60;`` and the other character references of HTML that end in a semicolon."""
    return _ENTITY.sub(_decode_entity, text) if "&" in text else text


def _decode_entity(match: re.Match[str]) -> str:
    name = match[1]
    if name.startswith("#"):
        number = int(f"0{name[1:]}", 0) if name[1] in "xX" else int(name[1:])
        return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else match[0]
    return html.entities.html5.get(f"{name};", match[0])


def moustache_end(text: str, start: int) -> int:
    """The offset after the ``}}`` that closes the ``{{`` at ``start``; -1 if none does."""
    depth = 0
    offset = start + 2
    while offset < len(text):
        character = text[offset]
        if character in "\"'":
            offset = _string_end(text, offset)
            continue
        if character == "{":
            depth += 1
        elif character == "}":
            if depth:
                depth -= 1
            elif text.startswith("}}", offset):
                return offset + 2
        offset += 1
    return -1


def _string_end(text: str, start: int) -> int:
    offset = start + 1
    while offset < len(text) and text[offset] != text[start]:
        offset += 2 if text[offset] == "\\" else 1
    return offset + 1


def unknown_entity(text: str) -> str:
    """The first character reference in a text that names no character, or nothing."""
    return next((match[0] for match in _ENTITY.finditer(text) if _decode_entity(match) == match[0]), "")


def parse_markup(source: SourceText, code_tags: Collection[str], warn: Callable[[int, str], None]) -> list[MarkupNode]:
    """The nodes of a template, comments left out. ``code_tags`` are the elements that hold code, not markup; ``warn``
    is told of slips, with their offsets.

    Raises:
        SourceError: a value, a comment, a tag or ``{{`` is not closed, or the elements are nested too deeply.
    """
    return _Parser(source, code_tags, warn).parse()


class _Parser:
    def __init__(self, source: SourceText, code_tags: Collection[str], warn: Callable[[int, str], None]) -> None:
        self._source = source
        self._text = source.text
        self._code_tags = code_tags
        self._warn = warn
        self._at = 0
        self._root: list[MarkupNode] = []
        self._open: list[Element] = []

    def parse(self) -> list[MarkupNode]:
        text = self._text
        while self._at < len(text):
            if text.startswith("<!--", self._at):
                self._skip("-->", "the comment is not closed with -->")
            elif text.startswith(("<!", "<?"), self._at):
                self._skip(">", "the declaration is not closed with >")
            elif end := _END_TAG.match(text, self._at):
                if end[2]:
                    self._warn(end.start(2), f"{end[2][:40]!r} in an end tag is ignored")
                self._close(end[1])
                self._at = end.end()
            elif tag := _TAG.match(text, self._at):
                self._element(tag)
            elif text.startswith("</", self._at):
                self._warn(self._at, "this end tag names no element and is ignored")
                end_of_tag = text.find(">", self._at)
                self._at = end_of_tag + 1 if end_of_tag >= 0 else len(text)
            else:
                self._text_node()
        for element in reversed(self._open):
            self._warn(element.offset, f"<{element.tag}> is not closed; add </{element.tag}>")
        return self._root

    @property
    def _siblings(self) -> list[MarkupNode]:
        return self._open[-1].children if self._open else self._root

    def _skip(self, mark: str, message: str) -> None:
        end = self._text.find(mark, self._at)
        if end < 0:
            raise self._source.error(self._at, message)
        self._at = end + len(mark)

    def _text_node(self) -> None:
        text, start = self._text, self._at
        offset = start + 1 if text[start] == "<" else start
        while offset < len(text):
            # Most of a text is neither markup nor an expression.
            mark = _MARK.search(text, offset)
            if mark is None:
                offset = len(text)
                break
            offset = mark.start()
            if mark[0] != "{{":
                break
            end = moustache_end(text, offset)
            if end < 0:
                raise self._source.error(offset, "{{ is not closed with }}")
            offset = end
        self._siblings.append(Text(text[start:offset], start))
        self._at = offset

    def _close(self, tag: str) -> None:
        if not any(element.tag == tag for element in self._open):
            if tag not in LEAVES:
                above = self._open[-1] if self._open else None
                hint = f"; <{above.tag}> of line {self._source.line(above.offset)} is open" if above else ""
                self._warn(self._at, f"</{tag}> closes nothing and is ignored{hint}")
            return
        while (element := self._open.pop()).tag != tag:
            self._warn(element.offset, f"<{element.tag}> is not closed and ends where </{tag}> is")

    def _element(self, tag: re.Match[str]) -> None:
        element = Element(tag[1], self._at)
        self._at = tag.end()
        empty = self._attributes(element)
        self._siblings.append(element)
        if empty:
            return
        if element.tag in self._code_tags:
            start = self._at
            self._skip(f"</{element.tag}>", f"<{element.tag}> is not closed")
            element.code = Text(self._text[start : self._at - len(element.tag) - 3], start)
        elif element.tag in LEAVES:
            blank = _BLANK.match(self._text, self._at)
            end = _END_TAG.match(self._text, blank.end() if blank else self._at)
            if end and end[1] == element.tag:
                self._at = end.end()
            else:
                self._leaf_left_open(element)
        else:
            self._push(element)

    def _leaf_left_open(self, element: Element) -> None:
        """``<image>`` without an end tag, or with something in it; the next tag of that name tells which."""
        tag = re.compile(rf"<(/?){re.escape(element.tag)}(?=[\s/>])").search(self._text, self._at)
        if tag is not None and tag[1]:
            self._push(element)
        else:
            self._warn(element.offset, f"<{element.tag}> is not closed; end it with />")

    def _push(self, element: Element) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise self._source.error(element.offset, f"elements are nested more than {MAX_DEPTH} deep")
        self._open.append(element)

    def _space(self) -> None:
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _attributes(self, element: Element) -> bool:
        """Read the attributes up to the end of the tag; says if the tag closes itself."""
        text = self._text
        while True:
            self._space()
            if text.startswith("/>", self._at):
                self._at += 2
                return True
            if text.startswith(">", self._at):
                self._at += 1
                return False
            if text.startswith("/", self._at):
                self._at += 1
                continue
            name = _NAME.match(text, self._at)
            if name is None:
                if self._at >= len(text):
                    raise self._source.error(element.offset, f"the tag <{element.tag}> is not closed with >")
                if text[self._at] == "<":
                    self._warn(element.offset, f"the tag <{element.tag}> is not closed with >")
                    return False
                self._warn(self._at, f"{text[self._at]!r} is not the name of an attribute and is ignored")
                self._at += 1
                continue
            self._at = name.end()
            attribute = self._value(name)
            if attribute.name in element.attributes:
                self._warn(attribute.offset, f"the second {attribute.name} of <{element.tag}> is ignored")
            else:
                element.attributes[attribute.name] = attribute

    def _value(self, name: re.Match[str]) -> Attribute:
        text = self._text
        equals = _EQUALS.match(text, self._at)
        if equals is None:
            return Attribute(name[0], None, name.start(), name.end())
        start = equals.end()
        if text[start : start + 1] in ("'", '"'):
            end = self._quoted_end(start)
            self._at = end + 1
            return Attribute(name[0], text[start + 1 : end], name.start(), start + 1)
        end = start
        while end < len(text) and not text[end].isspace() and text[end] != ">" and not text.startswith("/>", end):
            if text.startswith("{{", end):
                end = moustache_end(text, end)
                if end < 0:
                    raise self._source.error(start, "{{ is not closed with }}")
            else:
                end += 1
        if end == start:
            self._warn(name.start(), f"the attribute {name[0]} has = but no value; it is empty")
        self._at = end
        return Attribute(name[0], text[start:end], name.start(), start)

    def _quoted_end(self, start: int) -> int:
        """The offset of the quote that ends the value whose quote is at ``start``.

        ``x="{{a == "b"}}"`` occurs: a quote inside ``{{ }}`` does not count if the line holds a later one outside.
        """
        text, quote = self._text, self._text[start]
        first = text.find(quote, start + 1)
        if first < 0:
            raise self._source.error(start, f"the value is not closed with {quote}")
        line_end = text.find("\n", first)
        end, counted, balance = first, start + 1, 0
        while end >= 0 and (line_end < 0 or end < line_end):
            balance += text.count("{{", counted, end) - text.count("}}", counted, end)
            if balance == 0:
                return end
            counted, end = end, text.find(quote, end + 1)
        return first
