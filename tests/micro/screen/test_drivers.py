"""The drivers of displays, against what their data sheets say a controller does with what comes over the bus."""

from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.micro.board import run_json

_RECORD = """
import framebuf
sent = []
class Pin:
    def __init__(self, name): self.name = name
    def __call__(self, value): sent.append([self.name, value])
class I2c:
    def writeto(self, address, data): sent.append(["i2c", address, list(data)])
    def writevto(self, address, parts): sent.append(["i2c", address, [byte for part in parts for byte in part]])
class Spi:
    def write(self, data): sent.append(["spi", list(data)])
class Pins:
    def i2c(self, part): return I2c()
    def spi(self, part): return Spi()
    def output(self, pin, low): return Pin(pin)
from micro import clock
clock.sleep_ms = lambda _: None
from micro.screen.screen import make_display
display = make_display("", {"display": given["display"]}, Pins())
for x, y, w, h, rgb in given["bands"]:
    data = memoryview(display.buffer)[:display.bytes_of(w, h)]
    frame = framebuf.FrameBuffer(data, w, h, display.format)
    frame.fill(display.ink(rgb))
    frame.pixel(0, 0, display.ink(0xFFFFFF - rgb))
    display.send(x, y, w, h, data)
answer(sent)
"""


def recorded(micropython: str, folder: Path, display: Any, bands: list[Any]) -> list[Any]:
    sent: list[Any] = run_json(micropython, _RECORD, {"display": display, "bands": bands}, folder)
    return sent


class OledController:
    """SSD1306 in horizontal addressing mode (data sheet, 10.1.3): 128 columns, 8 pages, one byte each."""

    ARGUMENTS: ClassVar[dict[int, int]] = {
        0x20: 1,
        0x21: 2,
        0x22: 2,
        0x81: 1,
        0xA8: 1,
        0xD3: 1,
        0xD5: 1,
        0xD9: 1,
        0xDA: 1,
        0xDB: 1,
        0x8D: 1,
    }

    def __init__(self, sent: list[Any]) -> None:
        self.ram = [[0] * 128 for _ in range(8)]
        self.settings: dict[int, list[int]] = {}
        self._command: list[int] = []
        self._columns, self._pages, self._at = (0, 127), (0, 7), (0, 0)
        for _, self.address, data in sent:
            assert data[0] in (0x80, 0x40)
            if data[0] == 0x80:
                assert len(data) == 2
                self._take(data[1])
            else:
                for byte in data[1:]:
                    self._store(byte)

    def _take(self, byte: int) -> None:
        self._command.append(byte)
        if len(self._command) == 1 + self.ARGUMENTS.get(self._command[0], 0):
            code, *values = self._command
            self.settings[code] = values
            self._command = []
            if code == 0x21:
                self._columns = (values[0], values[1])
            if code == 0x22:
                self._pages = (values[0], values[1])
            if code in (0x21, 0x22):
                self._at = (self._columns[0], self._pages[0])

    def _store(self, byte: int) -> None:
        column, page = self._at
        self.ram[page][column] = byte
        column += 1
        if column > self._columns[1]:
            column, page = self._columns[0], page + 1 if page < self._pages[1] else self._pages[0]
        self._at = (column, page)


def test_an_ssd1306_is_switched_on_and_shows_a_band_where_it_belongs(micropython: str, tmp_path: Path) -> None:
    display = {"driver": "ssd1306", "width": 128, "height": 64, "sda": 4, "scl": 5, "address": 60}
    controller = OledController(
        recorded(micropython, tmp_path, display, [[10, 16, 100, 16, 0], [0, 56, 128, 8, 0xFFFFFF]])
    )
    assert controller.address == 60
    assert controller.settings[0x20] == [0]
    assert controller.settings[0xA8] == [63]
    assert controller.settings[0xDA] == [0x12]
    assert controller.settings[0x8D] == [0x14]
    assert next(iter(controller.settings)) == 0xAE
    assert 0xAF in controller.settings
    expected = [[0] * 128 for _ in range(8)]
    expected[2][10] = 1
    expected[7] = [0xFE, *[0xFF] * 127]
    assert controller.ram == expected


class ColourController:
    """ST7789: a window by CASET and RASET, filled by RAMWR (data sheet, 9.1.20 to 9.1.22)."""

    def __init__(self, sent: list[Any]) -> None:
        self.ram: dict[tuple[int, int], int] = {}
        self.commands: list[tuple[int, list[int]]] = []
        selected, is_data = False, False
        for name, value in sent:
            if name == "cs":
                selected = value == 0
            elif name == "dc":
                is_data = value == 1
            elif name == "spi":
                assert selected
                if is_data:
                    self.commands[-1][1].extend(value)
                else:
                    assert len(value) == 1
                    self.commands.append((value[0], []))
        window = [0, 0, 0, 0]
        for code, data in self.commands:
            if code in (0x2A, 0x2B):
                window[(code - 0x2A) * 2 :][:2] = []
                first, last = data[0] << 8 | data[1], data[2] << 8 | data[3]
                window = [first, last, *window[2:]] if code == 0x2A else [*window[:2], first, last]
            if code == 0x2C:
                width, height = window[1] - window[0] + 1, window[3] - window[2] + 1
                assert len(data) == width * height * 2
                for number in range(width * height):
                    place = (window[0] + number % width, window[2] + number // width)
                    self.ram[place] = data[2 * number] << 8 | data[2 * number + 1]


@pytest.mark.parametrize(
    ("rotation", "madctl", "x", "y"), [(0, 0x00, 0, 0), (90, 0x60, 0, 0), (180, 0xC0, 0, 80), (270, 0xA0, 80, 0)]
)
def test_an_st7789_is_switched_on_and_shows_a_band_where_it_belongs(
    micropython: str, tmp_path: Path, rotation: int, madctl: int, x: int, y: int
) -> None:
    display = {
        "driver": "st7789", "width": 240, "height": 240, "bus": "spi", "dc": "dc", "cs": "cs", "reset": "reset",
        "backlight": "light", "rotation": rotation,
    }  # fmt: skip
    sent = recorded(micropython, tmp_path, display, [[20, 30, 5, 3, 0xFF0000]])
    assert ["light", 1] in sent
    assert [one for one in sent if one[0] == "reset"] == [["reset", 1]]
    controller = ColourController(sent)
    commands = dict(controller.commands)
    assert [code for code, _ in controller.commands][:2] == [0x01, 0x11]
    assert commands[0x3A] == [0x55]
    assert commands[0x36] == [madctl]
    assert 0x29 in commands
    expected = {(20 + x + column, 30 + y + row): 0xF800 for column in range(5) for row in range(3)}
    expected[20 + x, 30 + y] = 0x07FF
    assert controller.ram == expected
