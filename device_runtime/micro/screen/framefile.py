"""A display that is a file, for boards without one (``"simulated": true``): ``cygnet/frame``, its pixels row by row.

Two bytes a pixel, RGB565 with the larger byte first; on black and white displays one byte, 0 or 1.
"""

import framebuf

try:
    from typing import Any
except ImportError:
    pass


class FrameFile:
    """A display for :class:`.paint.Painter`, like the one that ``board.json`` describes."""

    def __init__(self, part: "dict[str, Any]", path: str) -> None:
        self.width = part["width"]
        self.height = part["height"]
        self.mono = part["driver"] == "ssd1306"
        self.format = framebuf.MONO_VLSB if self.mono else framebuf.RGB565
        self.align = 8 if self.mono else 1
        self.buffer = bytearray(256 if self.mono else 7680)
        self._path = path
        self._row = bytearray(self.width)
        with open(path, "wb") as file:
            for _ in range(self.height):
                file.write(bytes(self.width * (1 if self.mono else 2)))

    def bytes_of(self, width: int, rows: int) -> int:
        """What a band takes."""
        return width * ((rows + 7) // 8) if self.mono else width * rows * 2

    def ink(self, rgb: int) -> int:
        """As the driver's."""
        if self.mono:
            return 1 if (rgb >> 16 & 255) * 3 + (rgb >> 8 & 255) * 6 + (rgb & 255) > 1275 else 0
        colour = (rgb >> 8 & 0xF800) | (rgb >> 5 & 0x07E0) | (rgb >> 3 & 0x1F)
        return (colour & 0xFF) << 8 | colour >> 8

    def send(self, x: int, y: int, width: int, rows: int, data: memoryview) -> None:
        """Write a band into the file."""
        size = 1 if self.mono else 2
        frame = framebuf.FrameBuffer(data, width, rows, self.format)
        with open(self._path, "r+b") as file:
            for row in range(rows):
                file.seek(((y + row) * self.width + x) * size)
                if self.mono:
                    for column in range(width):
                        self._row[column] = frame.pixel(column, row)
                    file.write(memoryview(self._row)[:width])
                else:
                    file.write(data[row * width * 2 : (row + 1) * width * 2])
