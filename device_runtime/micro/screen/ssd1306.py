"""SSD1306: 128x64 (or 128x32) white pixels over I2C. Solomon Systech, SSD1306 rev. 1.1, sections 8.1.5, 9 and 10."""

import framebuf

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from ..capability.pins import Hardware
except ImportError:
    pass

_START = b"\xae\x20\x00\x40\xa1\xc8\x81\xcf\xa6\xa4\xd3\x00\xd5\x80\xd9\xf1\xdb\x30\x8d\x14"
"""Off; horizontal addressing; first line 0; turned so that the pins are above; contrast; not inverse; from RAM; no
offset; clock; precharge; VCOMH; charge pump."""


class Ssd1306:
    """A display for :class:`.paint.Painter`. Eight rows are sent together."""

    format = framebuf.MONO_VLSB
    align = 8
    mono = True

    def __init__(self, part: "dict[str, Any]", pins: "Hardware") -> None:
        self.width = part["width"]
        self.height = part["height"]
        self.buffer = bytearray(self.width * 2)
        self._bus = pins.i2c(part)
        self._address = part.get("address", 0x3C)
        self._command(_START)
        self._command(bytes([0xA8, self.height - 1, 0xDA, 0x02 if self.height == 32 else 0x12]))
        if part.get("rotation") == 180:
            self._command(b"\xa0\xc0")
        self._command(b"\xaf")

    def bytes_of(self, width: int, rows: int) -> int:
        """What a band takes."""
        return width * ((rows + 7) // 8)

    def ink(self, rgb: int) -> int:
        """White for whatever is not dark."""
        return 1 if (rgb >> 16 & 255) * 3 + (rgb >> 8 & 255) * 6 + (rgb & 255) > 1275 else 0

    def send(self, x: int, y: int, width: int, rows: int, data: memoryview) -> None:
        """Put a band on the display."""
        self._command(bytes([0x21, x, x + width - 1, 0x22, y // 8, (y + rows - 1) // 8]))
        self._bus.writevto(self._address, (b"\x40", data))

    def _command(self, codes: bytes) -> None:
        for code in codes:
            self._bus.writeto(self._address, bytes([0x80, code]))
