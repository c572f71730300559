"""ST7789: 240x240 or 320x240 colours over SPI. Sitronix, ST7789V datasheet rev. 1.6, section 9."""

import framebuf

from .. import clock

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from ..capability.pins import Hardware
except ImportError:
    pass

_TURNS = {0: 0x00, 90: 0x60, 180: 0xC0, 270: 0xA0}
"""MADCTL: which way rows and columns run."""
_BAND_BYTES = 7680


class St7789:
    """A display for :class:`.paint.Painter`, a band of at most 7680 bytes at a time."""

    format = framebuf.RGB565
    align = 1
    mono = False

    def __init__(self, part: "dict[str, Any]", pins: "Hardware") -> None:
        self.width = part["width"]
        self.height = part["height"]
        self.buffer = bytearray(_BAND_BYTES)
        turn = part.get("rotation", 0)
        self._x = part.get("x_offset", 0)
        # The controller has 240x320 pixels of memory; on a turned 240x240 panel the unseen rows are at the other end.
        self._y = part.get("y_offset", 80 if turn == 180 and self.height == 240 and self.width == 240 else 0)
        if turn == 270 and self.height == self.width == 240 and not self._x:
            self._x = 80
        self._bus = pins.spi(part)
        self._dc = pins.output(part["dc"], False)
        self._cs = pins.output(part["cs"], True)
        if part.get("reset") is not None:
            reset = pins.output(part["reset"], False)
            clock.sleep_ms(10)
            reset(1)
            clock.sleep_ms(120)
        self._command(0x01)  # software reset
        clock.sleep_ms(150)
        self._command(0x11)  # out of sleep
        clock.sleep_ms(120)
        self._command(0x3A, b"\x55")  # 16 bits a pixel
        self._command(0x36, bytes([_TURNS.get(turn, 0)]))
        self._command(0x21)  # these panels are inverse
        self._command(0x13)  # normal mode
        self._command(0x29)  # on
        if part.get("backlight") is not None:
            pins.output(part["backlight"], False)(1)

    def bytes_of(self, width: int, rows: int) -> int:
        """What a band takes."""
        return width * rows * 2

    def ink(self, rgb: int) -> int:
        """A colour as the display takes it: the larger byte first, and framebuf writes the smaller one first."""
        colour = (rgb >> 8 & 0xF800) | (rgb >> 5 & 0x07E0) | (rgb >> 3 & 0x1F)
        return (colour & 0xFF) << 8 | colour >> 8

    def send(self, x: int, y: int, width: int, rows: int, data: memoryview) -> None:
        """Put a band on the display."""
        self._command(0x2A, _span(x + self._x, width))
        self._command(0x2B, _span(y + self._y, rows))
        self._command(0x2C, data)

    def _command(self, code: int, data: "bytes | memoryview | None" = None) -> None:
        self._cs(0)
        self._dc(0)
        self._bus.write(bytes([code]))
        if data is not None:
            self._dc(1)
            self._bus.write(data)
        self._cs(1)


def _span(first: int, count: int) -> bytes:
    last = first + count - 1
    return bytes([first >> 8, first & 255, last >> 8, last & 255])
