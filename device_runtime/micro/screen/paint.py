"""Drawing: a list of things to be drawn, of which only what changed is drawn again, band by band.

A thing is ``(kind, x, y, w, h, ink, extra, text)`` in pixels of the screen: ``FILL`` and ``FRAME`` with a corner radius
as ``extra``, ``TEXT`` with its scale.
"""

import framebuf

from . import glyphs

try:
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from .shapes import Display, Frame, Region, Thing
except ImportError:
    pass

FILL, FRAME, TEXT = 0, 1, 2
_MOST_REGIONS = 3


class Painter:
    """Keeps a display in step with what is to be drawn.

    A display has ``width``, ``height``, ``format`` (of ``framebuf``), ``align`` (rows that are sent together),
    ``buffer`` (for one band), ``bytes_of(width, rows)``, ``ink(rgb)`` and ``send(x, y, w, h, data)``.
    """

    def __init__(self, display: "Display") -> None:
        self._display = display
        self._shown: list[Thing] = []
        self._paper = -1
        self.drawn = 0

    def show(self, things: "list[Thing]", paper: int) -> int:
        """Draw what is not there yet; returns how many pixels were drawn."""
        display = self._display
        before = self.drawn
        if paper != self._paper:
            regions: list[Region] = [(0, 0, display.width, display.height)]
        else:
            old, new = set(self._shown), set(things)
            regions = []
            for thing in self._shown:
                if thing not in new:
                    self._add(regions, thing)
            for thing in things:
                if thing not in old:
                    self._add(regions, thing)
        self._shown = things
        self._paper = paper
        for region in regions:
            self._draw(region)
        return self.drawn - before

    def _add(self, regions: "list[Region]", thing: "Thing") -> None:
        """Note that a thing's place is to be drawn, and keep the regions few and apart."""
        display = self._display
        x, y = max(0, thing[1]), max(0, thing[2])
        right = min(display.width, thing[1] + thing[3])
        bottom = min(display.height, thing[2] + thing[4])
        if right <= x or bottom <= y:
            return
        at = 0
        while at < len(regions):
            a, b, c, d = regions[at]
            touches = x <= a + c and a <= right and y <= b + d and b <= bottom
            if touches or (at == len(regions) - 1 and len(regions) >= _MOST_REGIONS):
                x, y = min(x, a), min(y, b)
                right, bottom = max(right, a + c), max(bottom, b + d)
                regions.pop(at)
                at = 0
            else:
                at += 1
        regions.append((x, y, right - x, bottom - y))

    def _draw(self, region: "Region") -> None:
        display = self._display
        x, y, width, height = region
        align = display.align
        bottom = (y + height + align - 1) // align * align
        y = y // align * align
        rows = len(display.buffer) // display.bytes_of(width, align) * align
        while y < bottom:
            high = min(rows, bottom - y)
            data = memoryview(display.buffer)[: display.bytes_of(width, high)]
            frame = framebuf.FrameBuffer(data, width, high, display.format)
            frame.fill(self._paper)
            for thing in self._shown:
                if (
                    thing[1] < x + width and thing[1] + thing[3] > x and thing[2] < y + high and thing[2] + thing[4] > y
                ):  # fmt: skip
                    _draw_thing(frame, thing, thing[1] - x, thing[2] - y)
            display.send(x, y, width, high, data)
            self.drawn += width * high
            y += high


def _draw_thing(frame: "Frame", thing: "Thing", x: int, y: int) -> None:
    kind, _, _, width, height, ink, extra, text = thing
    if kind == TEXT:
        glyphs.draw(frame, text, x, y, ink, extra)
        return
    radius = min(extra, width // 2, height // 2)
    if kind == FILL:
        if radius < 1:
            frame.fill_rect(x, y, width, height, ink)
            return
        frame.fill_rect(x, y + radius, width, height - 2 * radius, ink)
        frame.fill_rect(x + radius, y, width - 2 * radius, height, ink)
    elif radius < 1:
        frame.rect(x, y, width, height, ink)
        return
    else:
        frame.hline(x + radius, y, width - 2 * radius, ink)
        frame.hline(x + radius, y + height - 1, width - 2 * radius, ink)
        frame.vline(x, y + radius, height - 2 * radius, ink)
        frame.vline(x + width - 1, y + radius, height - 2 * radius, ink)
    right, lower = x + width - 1 - radius, y + height - 1 - radius
    for mask, corner_x, corner_y in (
        (2, x + radius, y + radius),
        (1, right, y + radius),
        (4, x + radius, lower),
        (8, right, lower),
    ):
        frame.ellipse(corner_x, corner_y, radius, radius, ink, kind == FILL, mask)
