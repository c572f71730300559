"""Where everything of a page is: block flow, rows, text, and the looks of controls.

The outcome is a list of things to be drawn (``paint.py``) and of places that can be focused, in pixels of the page.
"""

from ..view import javascript as js
from ..view.trampoline import run
from . import glyphs
from .nodes import flattened, is_focusable
from .paint import FILL, FRAME, TEXT
from .style import Context, colour, length
from .text import lines, widest, width_of
from .widgets import WIDGETS

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from ..view.page import PageView
        from ..view.shapes import ElementNode, Place, Step
        from .shapes import Run, Spot, States, Style, Thing
        from .style import Sheet
        from .theme import Theme
except ImportError:
    pass

_SIDES = ("-top", "-right", "-bottom", "-left")


class Layout:
    """One page laid out. ``things`` are in the colours 0xRRGGBB; ``spots`` are ``(node, x, y, w, h)`` in the order of
    the page. ``states`` are what controls show that the program did not set: ``{node: value}``."""

    def __init__(
        self, view: "PageView", sheet: "Sheet", theme: "Theme", width: int, height: int, focus: int, states: "States"
    ) -> None:
        self.things: list[Thing] = []
        self.spots: list[Spot] = []
        self.theme = theme
        self.width = width
        self.states = states
        self.focus = focus
        self._screen_height = height
        self._sheet = sheet
        self.paper = theme.paper
        style = sheet.of("page", "", "")
        if "background-color" in style and not theme.mono:
            self.paper = max(0, colour(style["background-color"], self.paper))
        context = Context(theme.ink, theme.scale, "left", self.paper).within(style, theme)
        root = view.root
        children = [] if root is None else flattened(root, root.block.roots)
        pads = self._sides(style, "padding", width)
        top = pads[0] + (0 if theme.mono else theme.gap // 2)
        used = run(self._flow(children, pads[3], top, width - pads[1] - pads[3], context))
        self.height = top + used + pads[2]

    # -- things ------------------------------------------------------------------------------------------------

    def fill(self, x: int, y: int, w: int, h: int, rgb: int, radius: int = 0) -> None:
        """A filled rectangle."""
        self.things.append((FILL, x, y, w, h, rgb, radius, ""))

    def frame(self, x: int, y: int, w: int, h: int, rgb: int, radius: int = 0) -> None:
        """An outline."""
        self.things.append((FRAME, x, y, w, h, rgb, radius, ""))

    def text(self, x: int, y: int, text: str, rgb: int, scale: int, width: int = 0) -> None:
        """A text on one line, of so many pixels if that is known."""
        self.things.append((TEXT, x, y, width or glyphs.width_of(text, scale), 8 * scale, rgb, scale, text))

    def _shift(self, things: int, spots: int, dx: int, dy: int) -> None:
        """Move what was added since there were so many things and spots."""
        if dx or dy:
            for at in range(things, len(self.things)):
                one = self.things[at]
                self.things[at] = (one[0], one[1] + dx, one[2] + dy) + one[3:]
            for at in range(spots, len(self.spots)):
                spot = self.spots[at]
                self.spots[at] = (spot[0], spot[1] + dx, spot[2] + dy, spot[3], spot[4])

    # -- styles ------------------------------------------------------------------------------------------------

    def style(self, place: "Place") -> "Style":
        """The declarations of an element."""
        instance, offset = place
        attributes = instance.attributes(offset)
        return self._sheet.of(
            instance.block.nodes[offset][1], attributes.get("class", ""), js.to_text(attributes.get("style"))
        )

    def length(self, style: "Style", name: str, whole: int, otherwise: int = 0) -> int:
        """A length of a style in pixels."""
        return length(style[name], self.width, whole, otherwise) if name in style else otherwise

    def _sides(self, style: "Style", name: str, whole: int) -> "list[int]":
        if name not in style:
            return [0, 0, 0, 0]
        return [self.length(style, name + side, whole) for side in _SIDES]

    # -- flow --------------------------------------------------------------------------------------------------

    def _flow(self, children: "list[Place]", x: int, y: int, width: int, context: Context, gap: int = 0) -> "Step[int]":
        """Children below each other, texts side by side; gives the height. It and what it calls are run by
        :mod:`..view.trampoline`."""
        top = y
        runs: list[Run] = []
        for place in children:
            if self._is_inline(place):
                self._inline(place, context, runs)
                continue
            if runs:
                y += self._lines(runs, x, y, width, context)
                runs = []
            high = yield self._box(place, x, y, width, context)
            if high:
                y += high + gap
        if runs:
            return y + self._lines(runs, x, y, width, context) - top
        return max(0, y - gap - top) if y > top else 0

    def _is_inline(self, place: "Place") -> bool:
        plan = place[0].block.nodes[place[1]]
        return len(plan) == 3 or (plan[1] == "text" and self.style(place).get("display", "inline") == "inline")

    def _inline(self, place: "Place", context: Context, runs: "list[Run]", node: int = 0, keep: bool = False) -> None:
        instance, offset = place
        plan = instance.block.nodes[offset]
        if len(plan) == 3:
            text = instance.text(offset)
            if text:
                runs.append((text, context.ink, context.scale, node, keep))
            return
        style = self.style(place)
        if style.get("display") == "none" or js.truthy(instance.attributes(offset).get("hidden")):
            return
        if is_focusable(plan):
            node = instance.base + offset
        context = context.within(style, self.theme)
        for child in flattened(instance, plan[5]):
            self._inline(child, context, runs, node, True)

    def _lines(self, runs: "list[Run]", x: int, y: int, width: int, context: Context) -> int:
        top = y
        for line in lines(runs, width):
            scale = max([part[2] for part in line] or [context.scale])
            # As in CSS a line is higher than its text, which stands in the middle of it.
            between = max(2, self.theme.line * scale // self.theme.scale)
            y += between // 2
            at = x
            if context.align in ("center", "right"):
                spare = max(0, width - width_of(line))
                at += spare // 2 if context.align == "center" else spare
            for text, ink, size, node, wide in line:
                low = y + (scale - size) * 8
                if node:
                    if node == self.focus and self.theme.mono:
                        self.fill(at - 1, low - 1, wide + 2, 8 * size + 1, ink)
                        ink = self.theme.paper if ink else self.theme.ink
                    elif node == self.focus:
                        self.fill(at, low + 8 * size + 1, wide, 2, self.theme.ring)
                    self._spot(node, at, low, wide, 8 * size)
                self.text(at, low, text, ink, size, wide)
                at += wide
            y += 8 * scale + between - between // 2
        return y - top

    def _spot(self, node: int, x: int, y: int, width: int, height: int) -> None:
        if self.spots and self.spots[-1][0] == node:
            _, a, b, c, d = self.spots[-1]
            right, bottom = max(a + c, x + width), max(b + d, y + height)
            x, y = min(a, x), min(b, y)
            self.spots[-1] = (node, x, y, right - x, bottom - y)
        else:
            self.spots.append((node, x, y, width, height))

    # -- boxes ---------------------------------------------------------------------------------------------------

    def _box(self, place: "Place", x: int, y: int, width: int, context: Context, fixed: bool = False) -> "Step[int]":
        """One element with its margins, as wide as there is room (or just so, if ``fixed``); gives its height."""
        instance, offset = place
        plan: ElementNode = instance.block.nodes[offset]  # type: ignore[assignment]  # texts are not asked of
        attributes = instance.attributes(offset)
        style = self.style(place)
        if style.get("display") == "none" or js.truthy(attributes.get("hidden")):
            return 0
        node = instance.base + offset
        tag = plan[1]
        widget = WIDGETS.get(tag)
        margins = self._sides(style, "margin", width)
        if widget is not None and widget.spaced and not fixed:
            for side, name in ((0, "margin-top"), (2, "margin-bottom")):
                if name not in style:
                    margins[side] = self.theme.gap // 2
        inner = width - margins[1] - margins[3]
        if not fixed:
            wanted = self.length(style, "width", width, inner if widget is None or widget.wide else 0)
            if not wanted:
                natural = yield self.natural(place, context)
                wanted = natural - margins[1] - margins[3]
            inner = min(wanted, inner)
            if style.get("margin-left") == style.get("margin-right") == "auto":
                margins[3] = (width - inner) // 2
        left, top = x + margins[3], y + margins[0]
        at_things, at_spots = len(self.things), len(self.spots)
        focused = node == self.focus
        if is_focusable(plan):
            self.spots.append((node, left, top, inner, 0))
        if widget is not None:
            high = widget.draw(self, place, left, top, inner, context.within(style, self.theme), style, focused)
        else:
            high = yield self._container(place, left, top, inner, context, style, focused)
        if is_focusable(plan):
            self.spots[at_spots] = (node, left, top, inner, high)
            if focused and not self.theme.mono:
                radius = self.length(style, "border-radius", inner, self.theme.radius)
                self.things[at_things:at_things] = [
                    (FILL, left - 3, top - 3, inner + 6, high + 6, self.theme.ring, radius + 3, ""),
                    (FILL, left - 1, top - 1, inner + 2, high + 2, context.ground, radius + 1, ""),
                ]
        elif at_things == len(self.things) and not high:
            return 0
        return high + margins[0] + margins[2]

    def _container(
        self, place: "Place", x: int, y: int, width: int, context: Context, style: "Style", focused: bool
    ) -> "Step[int]":
        instance, offset = place
        theme = self.theme
        pads = self._sides(style, "padding", width)
        ground = colour(style["background-color"], -1) if "background-color" in style else -1
        radius = self.length(style, "border-radius", width)
        bordered = "border" in style and style["border"] not in ("none", "0")
        if focused and theme.mono:
            context = Context(theme.paper, context.scale, context.align, theme.ink, True)
            pads = [max(side, 1) for side in pads]
        else:
            context = context.within(style, theme)
            if ground >= 0:
                context = Context(context.ink, context.scale, context.align, ground, context.inverse)
        at_things, at_spots = len(self.things), len(self.spots)
        children = flattened(instance, instance.block.nodes[offset][5])  # type: ignore[misc]
        inner = width - pads[1] - pads[3]
        gap = self.length(style, "gap", width)
        if style.get("display") == "flex" and style.get("flex-direction", "row")[:3] == "row":
            high = yield self._row(children, x + pads[3], y + pads[0], inner, context, style, gap)
        elif style.get("display") == "flex" and style.get("align-items") == "center":
            high = yield self._column(children, x + pads[3], y + pads[0], inner, context, gap)
        else:
            high = yield self._flow(children, x + pads[3], y + pads[0], inner, context, gap)
        least = self.length(style, "height", self._screen_height) or self.length(
            style, "min-height", self._screen_height
        )
        if style.get("height") == "100vh" or style.get("min-height") == "100vh":
            least = self._screen_height - y - (0 if theme.mono else theme.gap // 2)
        whole: int = max(high + pads[0] + pads[2], least)
        if whole > high + pads[0] + pads[2] and style.get("display") == "flex":
            spare = whole - high - pads[0] - pads[2]
            column = style.get("flex-direction", "row")[:3] != "row"
            way = style.get("justify-content" if column else "align-items", "")
            if way in ("center", "space-around", "space-evenly"):
                self._shift(at_things, at_spots, 0, spare // 2)
            elif way in ("flex-end", "end"):
                self._shift(at_things, at_spots, 0, spare)
        behind: list[Thing] = []
        if focused and theme.mono:
            behind.append((FILL, x, y, width, whole, theme.ink, radius or 2, ""))
        else:
            if ground >= 0 and not theme.mono:
                behind.append((FILL, x, y, width, whole, ground, radius, ""))
            if bordered:
                rgb = colour(style["border"].split()[-1], theme.track)
                behind.append((FRAME, x, y, width, whole, theme.ink if theme.mono else rgb, radius, ""))
        if behind:
            self.things[at_things:at_things] = behind
        return whole

    def _column(self, children: "list[Place]", x: int, y: int, width: int, context: Context, gap: int) -> "Step[int]":
        """Children below each other, each in the middle and as wide as it has to be."""
        context = Context(context.ink, context.scale, "center", context.ground, context.inverse)
        top = y
        for place in children:
            if self._is_inline(place):
                runs: list[Run] = []
                self._inline(place, context, runs)
                high = self._lines(runs, x, y, width, context)
            else:
                natural = yield self.natural(place, context)
                natural = min(width, natural)
                high = yield self._box(place, x + (width - natural) // 2, y, natural, context)
            y += high + gap if high else 0
        return max(0, y - gap - top) if y > top else 0

    def _row(
        self, children: "list[Place]", x: int, y: int, width: int, context: Context, style: "Style", gap: int
    ) -> "Step[int]":
        """Children side by side."""
        parts: list[list[Any]] = []  # [place, width, share]
        for place in children:
            plan = place[0].block.nodes[place[1]]
            if len(plan) == 3 and not place[0].text(place[1]).strip():
                continue
            own = {} if len(plan) == 3 else self.style(place)
            if own.get("display") == "none":
                continue
            try:
                share = float(own.get("flex-grow", "0"))
            except ValueError:
                share = 0.0
            wide = self.length(own, "width", width)
            if not wide:
                wide = yield self.natural(place, context)
                wide = min(width, wide)
            parts.append([place, wide, share])
        spare = width - sum([part[1] for part in parts]) - gap * (len(parts) - 1)
        shares = sum([part[2] for part in parts])
        if shares:
            # As ``flex: 1`` does: who grows begins at nothing.
            spare += sum([part[1] for part in parts if part[2]])
            for part in parts:
                if part[2]:
                    part[1] = max(0, int(spare * part[2] / shares))
            spare = 0
        elif spare < 0 and parts:
            most = max(parts, key=lambda part: part[1])
            most[1] = max(16, most[1] + spare)
            spare = 0
        way = style.get("justify-content", "")
        between = gap
        if way in ("center", "flex-end", "end"):
            x += spare // 2 if way == "center" else spare
        elif way == "space-between" and len(parts) > 1:
            between += spare // (len(parts) - 1)
        elif way in ("space-around", "space-evenly") and parts:
            step = spare // (len(parts) + 1)
            x += step
            between += step
        placed: list[tuple[tuple[int, int], int]] = []
        for place, wide, _ in parts:
            start = (len(self.things), len(self.spots))
            if self._is_inline(place):
                runs: list[Run] = []
                self._inline(place, context, runs)
                high = self._lines(runs, x, y, wide, context)
            else:
                high = yield self._box(place, x, y, wide, context, True)
            placed.append((start, high))
            x += wide + between
        tallest = max([high for _, high in placed] or [0])
        placed.append(((len(self.things), len(self.spots)), 0))
        if style.get("align-items", "") in ("center", "flex-end", "end"):
            for at in range(len(placed) - 2, -1, -1):
                (things, spots), high = placed[at]
                until = placed[at + 1][0]
                later_things, later_spots = self.things[until[0] :], self.spots[until[1] :]
                del self.things[until[0] :], self.spots[until[1] :]
                spare = tallest - high
                self._shift(things, spots, 0, spare // 2 if style["align-items"] == "center" else spare)
                self.things += later_things
                self.spots += later_spots
        return tallest

    def natural(self, place: "Place", context: Context) -> "Step[int]":
        """How wide an element would be if there were room, with its margins."""
        instance, offset = place
        plan = instance.block.nodes[offset]
        if len(plan) == 3:
            runs: list[Run] = []
            self._inline(place, context, runs)
            return widest(runs)
        style = self.style(place)
        if style.get("display") == "none":
            return 0
        context = context.within(style, self.theme)
        sides = self._sides(style, "padding", self.width), self._sides(style, "margin", self.width)
        around = sides[0][1] + sides[0][3] + sides[1][1] + sides[1][3]
        wide = self.length(style, "width", self.width)
        if wide:
            return wide + sides[1][1] + sides[1][3]
        widget = WIDGETS.get(plan[1])
        if widget is not None and not widget.holds_text:
            return widget.natural(self) + around
        if widget is not None:
            around += widget.natural(self)
        widths: list[int] = []
        runs = []
        for child in flattened(instance, plan[5]):
            if self._is_inline(child):
                self._inline(child, context, runs)
                continue
            natural = yield self.natural(child, context)
            widths.append(natural)
        if runs:
            widths.append(widest(runs))
        if style.get("display") == "flex" and style.get("flex-direction", "row")[:3] == "row":
            gaps = self.length(style, "gap", self.width) * max(0, len(widths) - 1)
            return sum(widths) + gaps + around
        return max(widths or [0]) + around
