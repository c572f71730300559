"""Frames of a simulated display as pictures."""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.micro.board import run_json
from tests.micro.program.player import write_program

SSD1306 = {"driver": "ssd1306", "width": 128, "height": 64}
ST7789 = {"driver": "st7789", "width": 240, "height": 240, "bus": "spi"}
WIDE = {"driver": "st7789", "width": 320, "height": 240, "bus": "spi"}

_SHOW = """
import os
from micro.program.limits import Limits
from micro.program.program import Program
from micro.screen.screen import Screen, make_display
root, board, folder = given["root"], {"simulated": True, "display": given["display"]}, given["folder"]
display = make_display(root, board, None)
sent = []
send = display.send
def count(x, y, width, rows, data):
    sent.append([x, y, width, rows])
    send(x, y, width, rows, data)
display.send = count
screen = Screen(display)
log = []
program = Program(folder, Limits({"event_ms": 5000, "heap_kb": 10000}), None, lambda *line: log.append(line))
if given["folder"]:
    program.start()
    screen.show(program.stack.top, folder)
made = []
def keep():
    made.append(sent[:])
    sent.clear()
    os.rename(root + "cygnet/frame", root + "frame-%d" % len(made))
    with open(root + "frame-%d" % len(made), "rb") as old, open(root + "cygnet/frame", "wb") as new:
        new.write(old.read())
keep()
for step in given["steps"]:
    if step == "next": screen.next()
    elif step == "before": screen.next(-1)
    elif step == "back":
        program.back()
        screen.show(program.stack.top, folder)
    elif isinstance(step, list) and step[0] == "say":
        screen.say(step[1], step[2])
    else:
        happened = screen.select() if step == "select" else screen.touch(*step)
        if happened:
            program.event(*happened)
            screen.show(program.stack.top, folder)
    keep()
answer({"sent": made, "log": log, "focus": screen._focus, "scroll": screen._scroll, "height": screen._height})
"""


class Shown:
    """What came of it: ``pixels(n)`` of the frame after step ``n`` (0: at the start), as rows of 0xRRGGBB."""

    def __init__(self, folder: Path, display: Mapping[str, Any], answer: Any) -> None:
        self._folder = folder
        self.width, self.height = display["width"], display["height"]
        self._mono = display["driver"] == "ssd1306"
        self.sent: list[list[list[int]]] = answer["sent"]
        self.log, self.focus, self.scroll, self.page_height = (
            answer["log"], answer["focus"], answer["scroll"], answer["height"],
        )  # fmt: skip

    def pixels(self, step: int) -> list[list[int]]:
        data = (self._folder / f"frame-{step + 1}").read_bytes()
        if self._mono:
            values = [0xFFFFFF if value else 0 for value in data]
        else:
            values = [_rgb(value) for (value,) in struct.iter_unpack(">H", data)]
        return [values[row * self.width : (row + 1) * self.width] for row in range(self.height)]

    def png(self, step: int, path: Path, zoom: int = 3) -> None:
        """Write a frame as a picture."""
        rows = b""
        for row in self.pixels(step):
            line = b"".join(value.to_bytes(3, "big") * zoom for value in row)
            rows += (b"\0" + line) * zoom
        head = struct.pack(">IIBBBBB", self.width * zoom, self.height * zoom, 8, 2, 0, 0, 0)
        parts = (b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
        path.write_bytes(
            b"\x89PNG\r\n\x1a\n"
            + b"".join(
                struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
                for kind, data in parts
            )
        )


def _rgb(value: int) -> int:
    return (value >> 11) * 255 // 31 << 16 | (value >> 5 & 63) * 255 // 63 << 8 | (value & 31) * 255 // 31


def show(micropython: str, folder: Path, display: Mapping[str, Any], files: Mapping[str, str], *steps: Any) -> Shown:
    """Run a program with a display; steps are ``next``, ``before``, ``select``, ``back``, or a touched place."""
    (folder / "cygnet").mkdir(parents=True, exist_ok=True)
    write_program(folder / "program", files)
    given = {"root": f"{folder}/", "display": display, "folder": str(folder / "program"), "steps": list(steps)}
    return Shown(folder, display, run_json(micropython, _SHOW, given, folder, heap="4m"))
