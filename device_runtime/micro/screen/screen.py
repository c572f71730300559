"""The screen of a board: the top page of its program, focus, and what buttons do."""

import gc

from .paint import FILL, TEXT, Painter
from .theme import Theme

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from ..capability.shapes import Pins
        from ..program.stack import PageRecord
        from ..view.blocks import Instance
        from ..view.page import PageView
        from ..view.shapes import ElementNode
        from .shapes import Chosen, Display, Spot, States, Thing
        from .style import Sheet
except ImportError:
    pass


class Screen:
    """Shows pages on a display (``paint.Painter`` says what that is).

    Buttons move the focus (``next``, ``back``) and choose what has it (``select``).
    """

    def __init__(self, display: "Display") -> None:
        self._display = display
        self._painter = Painter(display)
        self._theme = Theme(display.width, display.mono)
        self._sheet: Sheet = None  # type: ignore[assignment]  # read with the first page
        self._sheet_of = ""
        self._page: PageRecord | None = None
        self._version = -1
        self._focus = 0
        self._scroll = 0
        self._spots: list[Spot] = []
        self._height = 0
        self._bar = 0
        self._states: States = {}
        self._kept: dict[int, tuple[int, int]] = {}

    def show(self, record: "PageRecord", folder: str) -> bool:
        """Draw a page (``program.stack.PageRecord``) if it is another, or another than it was."""
        if record.view is None:
            return False
        if record is not self._page:
            if self._page is not None and self._page.view is not None:
                self._kept[self._page.id] = (self._focus, self._scroll)
            self._page = record
            self._focus, self._scroll = self._kept.pop(record.id, (0, 0))
            self._states = {}
            self._version = -1
            self._bar = 0
            self._read_sheet(record.route, folder)
        if record.view.version == self._version:
            return False
        self._version = record.view.version
        self._lay_out()
        return True

    def forget(self) -> None:
        """No page any more."""
        self._page = None
        self._kept = {}
        self._spots = []

    def say(self, title: str, text: str) -> None:
        """Show a message in place of a page."""
        self.forget()
        theme = self._theme
        scale = theme.scale
        wide, high = self._display.width, self._display.height
        things: list[Thing] = []
        y = high // 2 - 8 * scale - theme.gap
        from .text import lines

        for run, ink, size in ((title, theme.ink, scale), (text, theme.quiet, max(1, scale - 1))):
            for line in lines([(run, ink, size, 0, True)], wide - 8):
                for part in line:
                    width = part[4]
                    things.append((TEXT, (wide - width) // 2, y, width, 8 * size, self._ink(ink), size, part[0]))
                y += 8 * size + theme.line
            y += theme.line
        self._painter.show(things, self._ink(theme.paper))

    def _ink(self, rgb: int) -> int:
        return self._display.ink(rgb)

    def _read_sheet(self, route: str, folder: str) -> None:
        if route == self._sheet_of:
            return
        from .style import Sheet

        self._sheet = Sheet()
        self._sheet_of = route
        for name in ("app", route):
            try:
                with open(f"{folder}/{name}.css") as file:
                    self._sheet.read(file)
            except OSError:
                pass  # a page may have no style

    def _lay_out(self) -> None:
        from .layout import Layout  # read when there is a page

        view: PageView = self._page.view  # type: ignore[union-attr, assignment]  # there is a page
        wide, high = self._display.width, self._display.height
        layout = Layout(view, self._sheet, self._theme, wide - self._bar, high, self._focus, self._states)
        if not self._bar and layout.height > high:
            self._bar = 3 if self._theme.mono else 4
            layout = Layout(view, self._sheet, self._theme, wide - self._bar, high, self._focus, self._states)
        self._spots = layout.spots
        self._height = layout.height
        if self._focus and not [spot for spot in self._spots if spot[0] == self._focus]:
            self._focus = 0
        most = max(0, layout.height - high)
        self._scroll = max(0, min(self._scroll, most))
        things: list[Thing] = []
        for kind, x, y, w, h, rgb, extra, text in layout.things:
            y -= self._scroll
            if y < high and y + h > 0 and w > 0 and h > 0:
                things.append((kind, x, y, w, h, self._ink(rgb), extra, text))
        if most:
            thumb = max(6, high * high // layout.height)
            at = (high - thumb) * self._scroll // most
            things.append((FILL, wide - 2, at, 2, thumb, self._ink(self._theme.quiet), 0, ""))
        paper = layout.paper
        del layout
        gc.collect()
        self._painter.show(things, self._ink(paper))

    def redraw(self) -> None:
        """Lay the page out again, whatever its version."""
        if self._page is not None and self._page.view is not None:
            self._lay_out()

    def next(self, step: int = 1) -> None:
        """Focus what comes next, or scroll there. With a negative step: what was before."""
        high = self._display.height
        spots = self._spots if step > 0 else self._spots[::-1]
        at = 0
        while at < len(spots) and self._focus and spots[at][0] != self._focus:
            at += 1
        following = spots[at + 1 if self._focus else 0 :]
        page = high * 3 // 4
        most = max(0, self._height - high)
        if following:
            node, _, y, _, tall = following[0]
            margin = self._theme.gap
            if step > 0 and y - self._scroll > high + page:
                self._scroll += page
            elif step < 0 and y + tall - self._scroll < -page:
                self._scroll -= page
            else:
                self._focus = node
                if y - margin < self._scroll:
                    self._scroll = y - margin
                elif y + tall + margin > self._scroll + high:
                    self._scroll = y + tall + margin - high
        elif step > 0 and self._scroll < most:
            self._scroll += page
        else:
            self._focus = 0
            self._scroll = 0 if step > 0 else most
            if spots and step > 0:
                self.next()
                return
        self.redraw()

    def select(self) -> "Chosen | None":
        """What choosing the focused node means: ``(page, node, type, detail)``; ``None`` if nothing has the focus."""
        record, node = self._page, self._focus
        instance = record.view.find(node) if record is not None and record.view is not None and node else None
        if instance is None:
            return None
        return self._chosen(record, node, instance)  # type: ignore[arg-type]  # it has the instance

    def touch(self, x: int, y: int) -> "Chosen | None":
        """The same for a finger at a place of the screen."""
        y += self._scroll
        record = self._page
        if record is None or record.view is None:
            return None
        for node, left, top, width, height in reversed(self._spots):
            if left <= x < left + width and top <= y < top + height:
                instance = record.view.find(node)
                return None if instance is None else self._chosen(record, node, instance)
        return None

    def _chosen(self, record: "PageRecord", node: int, instance: "Instance") -> "Chosen":
        from ..view import javascript as js

        offset = node - instance.base
        plan: ElementNode = instance.block.nodes[offset]  # type: ignore[assignment]  # spots are elements
        attributes = instance.attributes(offset)
        kind = "tap"
        detail: dict[str, Any] = {}
        if js.truthy(attributes.get("disabled")):
            return record.id, 0, "", {}
        if plan[1] in ("switch", "checkbox", "radio"):
            on = js.truthy(self._states.get(node, attributes.get("checked")))
            on = True if plan[1] == "radio" else not on
            self._states[node] = on
            kind, detail = "change", {"value": on}
        elif plan[1] == "slider":
            from .widgets import number

            low, high = number(attributes.get("min"), 0), number(attributes.get("max"), 100)
            value = number(self._states.get(node, attributes.get("value")), low)
            step = max(number(attributes.get("step"), 1), (high - low) / 10)
            value = low if value >= high else min(high, value + step)
            value = int(value) if value == int(value) else value
            self._states[node] = value
            kind, detail = "change", {"value": value}
        elif "tap" not in plan[4] and "longpress" in plan[4]:
            kind = "longpress"
        if kind == "change":
            self.redraw()
        return record.id, node, kind, detail


def make_display(root: str, board: "dict[str, Any]", pins: "Pins") -> "Display | None":
    """The display of ``board.json``, or ``None``."""
    part = board.get("display")
    if not part or part.get("driver", "none") == "none":
        return None
    if board.get("simulated"):
        from .framefile import FrameFile

        return FrameFile(part, root + "cygnet/frame")
    if part["driver"] == "ssd1306":
        from .ssd1306 import Ssd1306

        return Ssd1306(part, pins)  # type: ignore[arg-type]  # not simulated
    from .st7789 import St7789

    return St7789(part, pins)  # type: ignore[arg-type]
