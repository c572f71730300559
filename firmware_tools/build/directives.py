"""The directives of each template dialect: what ``wx:for``, ``s-for``, ``model:value`` and ``{= =}`` say.

Sources: https://developers.weixin.qq.com/miniprogram/en/dev/reference/wxml/,
https://smartprogram.baidu.com/docs/develop/framework/view_for/.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from firmware_tools.build.expressions import Instruction, parse_expression
from firmware_tools.build.markup import Attribute, Element, decode_entities, moustache_end, unknown_entity
from firmware_tools.build.source import SourceText, did_you_mean

_PREFIX: Final = {"wechat": "wx:", "swan": "s-"}
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "wechat": ("if", "elif", "else", "for", "for-items", "for-item", "for-index", "key"),
    "swan": ("if", "elif", "else-if", "else", "for", "for-item", "for-index", "key"),
}
_SAME: Final = {"for-items": "for", "else-if": "elif"}
_SLIPS: Final = {"else-if": "elif", "elseif": "elif", "elsif": "elif", "for-key": "key", "fro": "for", "fi": "if"}
_SWAN_FOR = re.compile(
    r"\s*(?:\(?\s*(?P<item>[\w$]+)\s*(?:,\s*(?P<index>[\w$]+)\s*)?\)?\s+in\s+)?"
    r"(?P<source>.+?)(?:\s+trackBy\s+(?P<key>\S+))?\s*",
    re.DOTALL,
)
_NAME = re.compile(r"(?:[^\W\d]|\$)[\w$]*")
_EVENT = re.compile(
    r"(?P<phase>capture-bind|capture-catch|mut-bind|bind|catch)(?::(?P<name>.+)|(?P<joined>[A-Za-z][\w-]*))"
)
_TWO_WAY_SWAN = re.compile(r"\s*\{=(.*)=\}\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Loop:
    """``key`` is the path below an item that identifies it, ``()`` the item itself, ``None`` none."""

    source: Instruction
    item: str
    index: str
    key: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Condition:
    """``word`` is ``if``, ``elif`` or ``else``; an ``else`` has no test."""

    word: str
    test: Instruction | None
    offset: int


class DirectiveReader:
    """Reads the directives of one file."""

    def __init__(self, source: SourceText, dialect: str, warnings: list[str]) -> None:
        self._source = source
        self._dialect = dialect
        self._warnings = warnings
        self._prefix = _PREFIX[dialect]

    def warn(self, offset: int, message: str) -> None:
        """Note something at an offset that is likely a slip."""
        self._warnings.append(self._source.remark(offset, message))

    def take(self, element: Element) -> dict[str, Attribute]:
        """The element's directives by their words; misspelt ones and those of the other dialect are reported."""
        found: dict[str, Attribute] = {}
        for name, attribute in element.attributes.items():
            for dialect, prefix in _PREFIX.items():
                if not name.startswith(prefix):
                    continue
                word = name.removeprefix(prefix)
                if dialect == self._dialect and word in _WORDS[dialect]:
                    found[_SAME.get(word, word)] = attribute
                elif dialect == self._dialect:
                    known = [prefix + _SLIPS[word]] if word in _SLIPS else [prefix + w for w in _WORDS[dialect]]
                    self.warn(attribute.offset, f"unknown directive {name}, ignored{did_you_mean(name, known)}")
                elif word in _WORDS[dialect] or prefix == "wx:":
                    self.warn(attribute.offset, f"{name} is of another dialect, ignored; here it starts {self._prefix}")
        return found

    def is_directive(self, name: str) -> bool:
        """Whether an attribute has the form of a directive, known or not, of either dialect."""
        words = _WORDS["swan"]
        return name.startswith(("wx:", self._prefix)) or (name.startswith("s-") and name[2:] in words)

    def condition(self, directives: Mapping[str, Attribute]) -> Condition | None:
        """The ``if``, ``elif`` or ``else`` of an element."""
        for word in ("if", "elif", "else"):
            if word in directives:
                attribute = directives[word]
                test = None if word == "else" else self._expression(attribute)
                return Condition(word, test, attribute.offset)
        return None

    def loop(self, directives: Mapping[str, Attribute]) -> Loop | None:
        """The ``for`` of an element."""
        attribute = directives.get("for")
        if attribute is None:
            for word in ("key", "for-item", "for-index"):
                if word in directives:
                    self.warn(directives[word].offset, f"{directives[word].name} has no {self._prefix}for beside it")
            return None
        item = self._loop_name(directives.get("for-item"), "item")
        index = self._loop_name(directives.get("for-index"), "index")
        key_text = (directives["key"].value or "") if "key" in directives else ""
        value = attribute.value or ""
        if self._dialect == "swan":
            inside = _moustache_inside(value)
            text, offset = inside or (value, 0)
            match = _SWAN_FOR.fullmatch(text)
            if match is None:
                raise self._source.error(attribute.offset, 's-for is empty; write s-for="item in list"')
            item, index = match["item"] or item, match["index"] or index
            key_text = match["key"] or key_text
            # "item in {{list}}" occurs as well.
            text, start = match["source"], offset + match.start("source")
            inner = _moustache_inside(text)
            if inner:
                text, start = inner[0], start + inner[1]
            source = parse_expression(self._source, decode_entities(text), attribute.value_offset + start)
        else:
            source = self._expression(attribute)
        return Loop(source, item, index, self._key(key_text, item, index, directives.get("key", attribute)))

    def _loop_name(self, attribute: Attribute | None, default: str) -> str:
        if attribute is None or not attribute.value:
            return default
        inside = _moustache_inside(attribute.value)
        name = (inside[0] if inside else attribute.value).strip().strip("'\"")
        if not _NAME.fullmatch(name):
            raise self._source.error(attribute.value_offset, f"{attribute.name} must be a name, not {name[:40]!r}")
        return name

    def _key(self, text: str, item: str, index: str, attribute: Attribute) -> tuple[str, ...] | None:
        inside = _moustache_inside(text)
        text = (inside[0] if inside else text).strip()
        if not text or text == index:
            return None
        if text in ("*this", item):
            return ()
        names = text.removeprefix(f"{item}.").split(".")
        if not all(_NAME.fullmatch(name) for name in names):
            self.warn(attribute.offset, f"the key {text[:40]!r} is not the name of a member of {item}, ignored")
            return None
        return tuple(names)

    def _expression(self, attribute: Attribute) -> Instruction:
        """The value of a directive: ``{{a}}``; in SWAN also ``a``; elsewhere a text, which is nearly always a slip."""
        value = attribute.value or ""
        inside = _moustache_inside(value)
        if inside is not None:
            text, start = inside
            return parse_expression(self._source, decode_entities(text), attribute.value_offset + start)
        if self._dialect == "swan" and "{{" not in value:
            return parse_expression(self._source, decode_entities(value), attribute.value_offset)
        if "{{" not in value:
            self.warn(attribute.offset, f"{attribute.name} without {{{{ }}}} is a text, not an expression")
        return self.text(value, attribute.value_offset)

    def text(self, text: str, offset: int) -> Instruction:
        """The instruction for a text with ``{{ }}`` in it. A value that is one ``{{ }}`` alone keeps its type.

        Raises:
            SourceError: an expression is faulty or not closed.
        """
        if "&" in text and (unknown := unknown_entity(text)):
            self.warn(offset + text.index(unknown), f"{unknown} is no character and is shown as it is")
        parts: list[Instruction] = []
        at = 0
        while (start := text.find("{{", at)) >= 0:
            end = moustache_end(text, start)
            if end < 0:
                raise self._source.error(offset + start, "{{ is not closed with }}")
            if start > at:
                parts.append(["constant", decode_entities(text[at:start])])
            inner = decode_entities(text[start + 2 : end - 2])
            parts.append(parse_expression(self._source, inner, offset + start + 2))
            at = end
        if at < len(text):
            parts.append(["constant", decode_entities(text[at:])])
        if not parts:
            return ["constant", ""]
        return parts[0] if len(parts) == 1 else ["join", parts]

    def two_way(self, attribute: Attribute) -> tuple[str, Instruction, bool] | None:
        """The name and the value of ``model:value="{{a.b}}"`` or, in SWAN, ``value="{=a.b=}"``, and whether it is a
        path, so that something can be written there.

        Raises:
            SourceError: the expression is faulty.
        """
        value = attribute.value or ""
        if attribute.name.startswith("model:"):
            inside = _moustache_inside(value)
            name = attribute.name.removeprefix("model:")
            text, start = inside or (value, 0)
        elif self._dialect == "swan" and (match := _TWO_WAY_SWAN.fullmatch(value)):
            name, text, start = attribute.name, match[1], match.start(1)
        else:
            return None
        path = parse_expression(self._source, decode_entities(text), attribute.value_offset + start)
        if not _is_path(path):
            message = (
                f"{attribute.name} is bound to {text[:40]!r}, which is no path such as a.b, and works one way only"
            )
            self.warn(attribute.value_offset, message)
        return name, path, _is_path(path)


def read_event(attribute: Attribute) -> tuple[str, str] | None:
    """The event type and phase that an attribute handles: ``catch:tap`` gives ``tap``, ``catch``."""
    match = _EVENT.fullmatch(attribute.name)
    return (match["name"] or match["joined"], match["phase"]) if match else None


def dataset_name(attribute: str) -> str:
    """``data-element-type`` is ``elementType`` in a dataset; capitals are lowered first, as WeChat does."""
    first, *rest = attribute.removeprefix("data-").lower().split("-")
    return first + "".join(part.capitalize() for part in rest)


def _moustache_inside(value: str) -> tuple[str, int] | None:
    """The inside of a value that is one ``{{ }}`` and blanks, and where in the value it starts."""
    start = len(value) - len(value.lstrip())
    if not value.startswith("{{", start):
        return None
    end = moustache_end(value, start)
    return (value[start + 2 : end - 2], start + 2) if end >= 0 and not value[end:].strip() else None


def _is_path(instruction: Instruction) -> bool:
    match instruction:
        case ["variable", _]:
            return True
        case ["member", base, ["constant", (str() | int())]]:
            return _is_path(base)
    return False
