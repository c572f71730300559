"""Styles as far as a small screen can show them: inline ones, and rules of one class, tag or ``page`` in the package.

Lengths are those of a page that is 375 px (750 rpx) wide, as for phones.
"""

try:
    from typing import TYPE_CHECKING, TextIO

    if TYPE_CHECKING:
        from .shapes import Style
        from .theme import Theme
except ImportError:
    pass

_KEPT = (
    "align-items", "background", "background-color", "border-radius", "color", "display", "flex", "flex-direction",
    "flex-grow", "font-size", "gap", "height", "justify-content", "margin", "margin-bottom", "margin-left",
    "margin-right", "margin-top", "min-height", "padding", "padding-bottom", "padding-left", "padding-right",
    "padding-top", "text-align", "white-space", "width", "border",
)  # fmt: skip
_NAMED = {
    "black": 0, "white": 0xFFFFFF, "red": 0xFF0000, "green": 0x008000, "blue": 0x0000FF, "yellow": 0xFFFF00,
    "orange": 0xFFA500, "gray": 0x808080, "grey": 0x808080, "silver": 0xC0C0C0, "purple": 0x800080, "navy": 0x000080,
    "teal": 0x008080, "lime": 0x00FF00, "cyan": 0x00FFFF, "pink": 0xFFC0CB, "brown": 0xA52A2A,
}  # fmt: skip
_MOST_RULES = 64
_LONGEST = 1000
"""Characters of a rule's selectors, and of its declarations, that are read."""
_FARTHEST = 9999
"""Pixels; what a style says beyond is taken for this, since the screen counts in small whole numbers."""
_MOST_CACHED = 40

_parsed: "dict[str, tuple[float, str]]" = {}


class Context:
    """What children inherit: colour, scale of text, alignment, the colour behind them, and whether that is the filled
    one of what has the focus."""

    def __init__(self, ink: int, scale: int, align: str, ground: int, inverse: bool = False) -> None:
        self.ink = ink
        self.scale = scale
        self.align = align
        self.ground = ground
        self.inverse = inverse

    def within(self, style: "Style", theme: "Theme") -> "Context":
        """What the children of an element with this style inherit."""
        ink, scale, align = self.ink, self.scale, style.get("text-align", self.align)
        if "color" in style and not theme.mono and not self.inverse:
            ink = max(0, colour(style["color"], ink))
        size = style.get("font-size")
        if size:
            pixels = length(size, 375, 16, 16)  # of a page 375 px wide
            scale = max(theme.scale if pixels > 10 else 1, int(pixels * theme.scale / 16 + 0.4))
        if ink == self.ink and scale == self.scale and align == self.align:
            return self
        return Context(ink, scale, align, self.ground, self.inverse)


class Sheet:
    """The rules of a page: ``{selector: {property: value}}``, with selectors ``.name``, ``tag`` and ``page``."""

    def __init__(self) -> None:
        self._rules: dict[str, Style] = {}
        self._cache: dict[str, Style] = {}

    def read(self, stream: "TextIO") -> None:
        """Take the rules of a style file; what a small screen cannot show is passed over."""
        head, body = "", ""
        depth = 0
        comment = False
        before = ""
        while len(self._rules) < _MOST_RULES:
            chunk = stream.read(128)
            if not chunk:
                break
            for character in chunk:
                if comment:
                    comment = not (before == "*" and character == "/")
                    before = character
                    continue
                if before == "/" and character == "*":
                    comment = True
                    head, body = (head[:-1], body) if depth == 0 else (head, body[:-1])
                elif character == "{":
                    depth += 1
                elif character == "}":
                    depth -= 1
                    if depth == 0:
                        self._add(head, body)
                        head = body = ""
                elif depth == 0:
                    head = "" if character == ";" else head + character if len(head) < _LONGEST else head
                elif depth == 1 and len(body) < _LONGEST:
                    body += character
                before = character

    def _add(self, head: str, body: str) -> None:
        if "@" in head:
            return
        for selector in head.split(","):
            selector = selector.strip()
            if selector[:3] == "wx-":  # as the build writes tags that HTML has, too
                selector = selector[3:]
            name = selector[1:] if selector[:1] == "." else selector
            if name and not [mark for mark in " .:#[>+~*" if mark in name]:
                rule = self._rules.get(selector)
                if rule is None:
                    rule = self._rules[selector] = {}
                rule.update(declarations(body))

    def of(self, tag: str, classes: str, inline: str) -> "Style":
        """The declarations of an element; not to be written to."""
        key = tag + "|" + classes + "|" + inline
        made = self._cache.get(key)
        if made is None:
            made = {}
            for selector in [tag] + ["." + name for name in classes.split()]:
                made.update(self._rules.get(selector, {}))
            if inline:
                made.update(declarations(inline))
            if len(self._cache) >= _MOST_CACHED:
                self._cache.clear()
            self._cache[key] = made
        return made


def declarations(text: str) -> "Style":
    """``color: red; width: 10px`` as a dictionary of those that are kept; shorthands are written out."""
    found: Style = {}
    for part in text.split(";"):
        name, colon, value = part.partition(":")
        # The build writes 24rpx as calc(24 * var(--rpx)).
        value = value.replace(" * var(--rpx))", "rpx").replace("calc(", "")
        name, value = name.strip().lower(), value.replace("!important", "").strip()
        if not colon or name not in _KEPT:
            continue
        if name[:7] == "padding" or name[:6] == "margin":
            found[name[: 7 if name[0] == "p" else 6]] = ""  # that there are some is seen at once
        if name in ("padding", "margin"):
            sides = (value.split() * 4)[:4]
            count = len(value.split())
            if count == 3:
                sides = value.split() + value.split()[1:2]
            for side, given in zip(("-top", "-right", "-bottom", "-left"), sides):
                found[name + side] = given
        elif name == "background":
            found["background-color"] = value
        elif name == "flex":
            found["flex-grow"] = value.split()[0] if value and value[0].isdigit() else "1" if value == "auto" else "0"
        else:
            found[name] = value
    return found


def colour(text: str, otherwise: int) -> int:
    """``0xRRGGBB`` of a CSS colour: ``#rgb``, ``#rrggbb``, ``rgb()``, a name; -1 for ``transparent``."""
    text = text.strip().lower()
    if text in ("transparent", "none"):
        return -1
    try:
        if text[:1] == "#":
            digits = text[1:]
            if len(digits) in (3, 4):
                digits = "".join([digit * 2 for digit in digits])
            return int(digits[:6], 16) if len(digits) in (6, 8) else otherwise
        if text[:3] == "rgb":
            parts = text[text.find("(") + 1 :].replace(")", "").replace("/", ",").replace(" ", ",").split(",")
            red, green, blue = [max(0, min(255, int(float(part)))) for part in parts if part][:3]
            return red << 16 | green << 8 | blue
    except (ValueError, OverflowError):
        return otherwise
    return _NAMED.get(text, otherwise)


def _parse(text: str) -> "tuple[float, str]":
    """``(number, unit)`` of a length; the unit of what is none is ``?``."""
    at = 0
    while at < len(text) and text[at] in "+-.0123456789":
        at += 1
    unit = text[at:]
    if unit not in ("px", "rpx", "", "%", "vw", "em", "rem"):
        return 0, "?"
    try:
        return float(text[:at]), unit
    except ValueError:
        return 0, "?"


def length(text: "str | None", width: int, whole: int, otherwise: int = 0) -> int:
    """Pixels of a CSS length on a screen so wide; ``%`` are of ``whole``."""
    if not text:
        return otherwise
    parsed = _parsed.get(text)
    if parsed is None:
        if len(_parsed) >= _MOST_CACHED:
            _parsed.clear()
        parsed = _parsed[text] = _parse(text.strip().lower())
    value, unit = parsed
    if unit == "?":
        return otherwise
    if unit == "%":
        return _whole(value * whole / 100)
    if unit == "vw":
        return _whole(value * width / 100)
    if unit == "rpx":
        value /= 2
    elif unit in ("em", "rem"):
        value *= 16
    pixels = value * width / 375
    return _whole(pixels + 0.5) if abs(pixels) >= 1 or not value else (1 if value > 0 else -1)


def _whole(pixels: float) -> int:
    return int(max(-_FARTHEST, min(_FARTHEST, pixels)))
