"""Text with MicroPython's own font of 8x8 pixels, any whole number of times as large, with round edges.

Characters are as wide as they are and one column more, so that more of them fit than in cells of eight.
"""

from binascii import unhexlify

import framebuf

try:
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from .shapes import Frame
except ImportError:
    pass

_OTHERS = "äöüÄÖÜßéèàçñ°€·✓→←↑↓…\u00d7"
_ROWS = unhexlify(
    "66003c063e663e0066003c6666663c006600666666663e0066183c667e666600663c666666663c006600666666663c00"
    "3c66666c66666c600c183c667e603c0030183c667e603c0030183c063e663e00003c6660663c081834587c6666666600"
    "386c3800000000001e307c307c301e0000000018180000000003060cd870200000080cfefe0c08000010307f7f301000"
    "10387cfe38383800383838fe7c3810000000000000dbdb0000663c18183c6600"
)
_PLAIN = {
    "\u2013": "-",
    "\u2014": "-",
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u201e": '"',
    "\u00a0": " ",
    "\u2022": "·",
}

_glyph = bytearray(8)
_boxes = bytearray(128)
_frame = framebuf.FrameBuffer(_glyph, 8, 8, framebuf.MONO_HLSB)


def shown(text: str) -> str:
    """The text with what the font has; anything else is a box."""
    if len(text) == len(text.encode()):
        return text
    return "".join([one if ord(one) < 127 or one in _OTHERS else _PLAIN.get(one, "\x7f") for one in text])


def _load(character: str) -> None:
    """Put a character into the glyph."""
    at = _OTHERS.find(character) if ord(character) > 127 else -1
    if at >= 0:
        _glyph[:] = _ROWS[at * 8 : at * 8 + 8]
    else:
        _frame.fill(0)
        _frame.text(character, 0, 0, 1)


def _box(character: str) -> int:
    """``first column * 16 + width`` of a character with one empty column; all digits are as wide as 0."""
    code = ord(character)
    known = _boxes[code] if code < 128 else 0
    if known:
        return known
    _load("0" if "0" <= character <= "9" else character)
    ink = 0
    for row in _glyph:
        ink |= row
    if not ink:
        made = 4
    else:
        first = 0
        while not ink & 0x80 >> first:
            first += 1
        last = 7
        while not ink & 0x80 >> last:
            last -= 1
        made = first * 16 + last - first + 2
    if code < 128:
        _boxes[code] = made
    return made


def width_of(text: str, scale: int) -> int:
    """Pixels that a text takes."""
    width = 0
    boxes = _boxes
    for character in text:
        code = ord(character)
        width += (boxes[code] if code < 128 and boxes[code] else _box(character)) & 15
    return width * scale


def fitting(text: str, scale: int, width: int) -> int:
    """How many characters of a text fit."""
    count = 0
    for character in text:
        width -= (_box(character) & 15) * scale
        if width < 0:
            break
        count += 1
    return count


def draw(frame: "Frame", text: str, x: int, y: int, ink: int, scale: int) -> None:
    """Draw a text made by :func:`shown`, its upper left corner at ``x``, ``y``."""
    for character in text:
        box = _box(character)
        if character != " ":
            left = x - (box >> 4) * scale
            if scale == 1 and ord(character) < 128:
                frame.text(character, left, y, ink)
            else:
                _draw_one(frame, character, left, y, ink, scale)
        x += (box & 15) * scale


def _draw_one(frame: "Frame", character: str, x: int, y: int, ink: int, scale: int) -> None:
    _load(character)
    for row in range(8):
        bits = _glyph[row]
        column = 0
        while bits:
            if bits & 0x80:
                start = column
                while bits & 0x80:
                    bits = bits << 1 & 0xFF
                    column += 1
                frame.fill_rect(x + start * scale, y + row * scale, (column - start) * scale, scale, ink)
            else:
                bits = bits << 1 & 0xFF
                column += 1
    if scale > 1:
        _smooth(frame, x, y, ink, scale)


def _smooth(frame: "Frame", x: int, y: int, ink: int, scale: int) -> None:
    """Fill the steps of diagonals: where two dark pixels touch by a corner only, half of each empty one between."""
    half = scale // 2
    for row in range(7):
        upper, lower = _glyph[row], _glyph[row + 1]
        # Bit c of these says that pixel c is dark above and its right neighbour below, or the other way.
        falling = upper & (lower << 1) & ~(upper << 1) & ~lower & 0xFF
        rising = (upper << 1) & lower & ~upper & ~(lower << 1) & 0xFF
        for column in range(7):
            bit = 0x80 >> column
            left, middle = x + (column + 1) * scale, y + (row + 1) * scale
            if falling & bit:
                frame.fill_rect(left, middle - half, half, half, ink)
                frame.fill_rect(left - half, middle, half, half, ink)
            if rising & bit:
                frame.fill_rect(left - half, middle - half, half, half, ink)
                frame.fill_rect(left, middle, half, half, ink)
