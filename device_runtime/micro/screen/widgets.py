"""The looks of controls: button, switch, checkbox, radio, slider, progress, input, image."""

from ..view import javascript as js
from . import glyphs
from .nodes import flattened
from .style import Context, colour

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from ..view.shapes import Place
        from .layout import Layout
        from .shapes import Draw, Run, Style, Thing
except ImportError:
    pass


def number(value: object, otherwise: float) -> float:
    """An attribute as a number."""
    made = js.to_number(value) if value is not None else otherwise
    return otherwise if made != made else made


class _Widget:
    """``wide``: it takes the whole width, and stands apart. ``holds_text``: its natural width is that of its content
    and ``natural``."""

    def __init__(
        self, draw: "Draw", natural: "Callable[[Layout], int]", wide: bool = False, holds_text: bool = False
    ) -> None:
        self.spaced = wide
        self.draw = draw
        self.natural = natural
        self.wide = wide
        self.holds_text = holds_text


def _button(
    layout: "Layout", place: "Place", x: int, y: int, width: int, context: Context, style: "Style", focused: bool
) -> int:
    instance, offset = place
    theme = layout.theme
    attributes = instance.attributes(offset)
    primary = attributes.get("type") in ("primary", "warn")
    disabled = js.truthy(attributes.get("disabled"))
    ground = theme.accent if primary else theme.button
    if attributes.get("type") == "warn" and not theme.mono:
        ground = 0xD93026
    ink = theme.on_accent if primary else context.ink
    if theme.mono:
        filled = focused
        ground, ink = (theme.ink, theme.paper) if filled else (theme.paper, theme.ink)
    else:
        ground = colour(style.get("background-color", ""), ground)
        if "color" in style:
            ink = context.ink
        if disabled:
            ink = theme.quiet
    pads = layout._sides(style, "padding", width)
    up = pads[0] or (3 if theme.mono else 9)
    low = pads[2] or (2 if theme.mono else 9)
    at_things = len(layout.things)
    runs: list[Run] = []
    inner = Context(ink, context.scale, "center", ground, theme.mono and focused)
    for child in flattened(instance, instance.block.nodes[offset][5]):  # type: ignore[misc]
        layout._inline(child, inner, runs)
    high = layout._lines(runs, x + 2, y + up - theme.line // 2, width - 4, inner) if runs else 8 * context.scale
    high += up + low - (theme.line if runs else 0)
    high = max(high, layout.length(style, "height", width))
    radius = layout.length(style, "border-radius", width, theme.radius)
    behind: list[Thing] = []
    if ground >= 0:
        behind.append((0, x, y, width, high, ground, radius, ""))
    if theme.mono and not focused:
        behind.append((1, x, y, width, high, theme.ink, radius, ""))
    elif not theme.mono and ground == theme.button:
        behind.append((1, x, y, width, high, theme.track, radius, ""))
    layout.things[at_things:at_things] = behind
    return high


def _checked(layout: "Layout", place: "Place") -> bool:
    instance, offset = place
    state = layout.states.get(instance.base + offset)
    return js.truthy(instance.attributes(offset).get("checked") if state is None else state)


def _switch(
    layout: "Layout", place: "Place", x: int, y: int, width: int, context: Context, style: "Style", focused: bool  # noqa: ARG001
) -> int:  # fmt: skip
    theme = layout.theme
    on = _checked(layout, place)
    wide, high = (22, 11) if theme.mono else (46, 26)
    knob = high - 6
    at = x + (wide - knob - 3 if on else 3)
    if theme.mono:
        if on:
            layout.fill(x, y, wide, high, theme.ink, 5)
        else:
            layout.frame(x, y, wide, high, theme.ink, 5)
        layout.fill(at, y + 3, knob, knob, theme.paper if on else theme.ink, 2)
        if focused:
            layout.fill(x, y + high + 1, wide, 1, theme.ink)
            return high + 2
    else:
        tint = colour(js.to_text(place[0].attributes(place[1]).get("color")), theme.accent)
        layout.fill(x, y, wide, high, tint if on else theme.track, high // 2)
        layout.fill(at, y + 3, knob, knob, 0xFFFFFF, knob // 2)
    return high


def _check(
    layout: "Layout", place: "Place", x: int, y: int, width: int, context: Context, style: "Style", focused: bool  # noqa: ARG001
) -> int:  # fmt: skip
    instance, offset = place
    theme = layout.theme
    size = 8 * theme.scale
    on = _checked(layout, place)
    round_edges = size // 2 if instance.block.nodes[offset][1] == "radio" else (1 if theme.mono else 3)
    if theme.mono:
        layout.frame(x, y, size, size, theme.ink, round_edges)
        if on:
            layout.fill(x + 2, y + 2, size - 4, size - 4, theme.ink, round_edges)
        if focused:
            layout.fill(x, y + size + 1, size, 1, theme.ink)
    else:
        layout.fill(x, y, size, size, theme.accent if on else 0xFFFFFF, round_edges)
        if on:
            layout.text(x + size // 2 - 4, y + size // 2 - 4, "✓", 0xFFFFFF, 1)
        else:
            layout.frame(x, y, size, size, theme.quiet, round_edges)
    runs: list[Run] = []
    for child in flattened(instance, instance.block.nodes[offset][5]):  # type: ignore[misc]
        layout._inline(child, context, runs)
    text = size + (4 if theme.mono else 8)
    high = layout._lines(runs, x + text, y - theme.line // 2, max(8, width - text), context) - theme.line if runs else 0
    return max(high, size + (2 if theme.mono else 0))


def _share(layout: "Layout", place: "Place") -> float:
    """How much of a slider or progress is full, 0 to 1."""
    instance, offset = place
    attributes = instance.attributes(offset)
    if instance.block.nodes[offset][1] == "progress":
        return min(1, max(0, number(attributes.get("percent"), 0) / 100))
    low, high = number(attributes.get("min"), 0), number(attributes.get("max"), 100)
    state = layout.states.get(instance.base + offset)
    value = number(attributes.get("value") if state is None else state, low)
    return min(1, max(0, (value - low) / (high - low))) if high > low else 0


def _bar(
    layout: "Layout", place: "Place", x: int, y: int, width: int, context: Context, style: "Style", focused: bool  # noqa: ARG001
) -> int:  # fmt: skip
    instance, offset = place
    theme = layout.theme
    attributes = instance.attributes(offset)
    slides = instance.block.nodes[offset][1] == "slider"
    share = _share(layout, place)
    tint = theme.accent
    for name in ("activeColor", "active-color", "color"):
        if attributes.get(name) and not theme.mono:
            tint = max(0, colour(js.to_text(attributes[name]), tint))
    said = f"{int(share * 100 + 0.5)}%" if js.truthy(attributes.get("show-info")) else ""
    if js.truthy(attributes.get("show-value")):
        low, most = number(attributes.get("min"), 0), number(attributes.get("max"), 100)
        said = js.to_string(js.normal(int(low + share * (most - low) + 0.5)))
    bar = width - (glyphs.width_of(said, context.scale) + 6 if said else 0)
    knob = (9 if theme.mono else 20) if slides else 0
    thick = 5 if theme.mono else 8
    high = max(knob, thick, 8 * context.scale if said else 0)
    top = y + (high - thick) // 2
    if theme.mono:
        layout.frame(x, top, bar, thick, theme.ink, 1)
    else:
        layout.fill(x, top, bar, thick, theme.track, thick // 2)
    full = int((bar - knob) * share + 0.5) + knob // 2
    if full > 0:
        layout.fill(x, top, full, thick, theme.ink if theme.mono else tint, 1 if theme.mono else thick // 2)
    if slides:
        at = x + int((bar - knob) * share + 0.5)
        layout.fill(at, y + (high - knob) // 2, knob, knob, 0xFFFFFF, knob // 2)
        if not theme.mono:
            layout.frame(at, y + (high - knob) // 2, knob, knob, tint, knob // 2)
        elif not focused:
            layout.fill(at + 2, y + (high - knob) // 2 + 2, knob - 4, knob - 4, theme.paper, knob // 2)
    if said:
        layout.text(x + bar + 6, y + (high - 8 * context.scale) // 2, said, context.ink, context.scale)
    return high


def _input(
    layout: "Layout", place: "Place", x: int, y: int, width: int, context: Context, style: "Style", focused: bool  # noqa: ARG001
) -> int:  # fmt: skip
    instance, offset = place
    theme = layout.theme
    attributes = instance.attributes(offset)
    value = js.to_text(attributes.get("value"))
    text = value or js.to_text(attributes.get("placeholder"))
    high = 8 * context.scale + (6 if theme.mono else 14)
    if not theme.mono:
        layout.fill(x, y, width, high, 0xFFFFFF, theme.radius)
    layout.frame(x, y, width, high, theme.ink if theme.mono else theme.track, theme.radius)
    text = glyphs.shown(text)[: glyphs.fitting(glyphs.shown(text), context.scale, width - 10)]
    layout.text(x + 5, y + (3 if theme.mono else 7), text, context.ink if value else theme.quiet, context.scale)
    return high


def _image(
    layout: "Layout", place: "Place", x: int, y: int, width: int, context: Context, style: "Style", focused: bool  # noqa: ARG001
) -> int:  # fmt: skip
    high = layout.length(style, "height", width)
    if high:
        layout.frame(x, y, width, high, layout.theme.track if not layout.theme.mono else layout.theme.ink, 2)
    return high


def _nothing(
    layout: "Layout", place: "Place", x: int, y: int, width: int, context: Context, style: "Style", focused: bool  # noqa: ARG001
) -> int:  # fmt: skip
    return 0


def _none(_: "Layout") -> int:
    return 0


def _of_switch(layout: "Layout") -> int:
    return 22 if layout.theme.mono else 46


def _of_button(layout: "Layout") -> int:
    return 10 if layout.theme.mono else 28


def _of_check(layout: "Layout") -> int:
    return 8 * layout.theme.scale + (4 if layout.theme.mono else 8)


def _of_bar(layout: "Layout") -> int:
    return layout.width // 3


_switched = _Widget(_switch, _of_switch)
_chosen = _Widget(_check, _of_check, True, True)
_sliding = _Widget(_bar, _of_bar, True)
_entry = _Widget(_input, _of_bar, True)
_hidden = _Widget(_nothing, _none)
WIDGETS = {
    "button": _Widget(_button, _of_button, True, True),
    "switch": _switched,
    "checkbox": _chosen,
    "radio": _chosen,
    "slider": _sliding,
    "progress": _sliding,
    "input": _entry,
    "textarea": _entry,
    "image": _Widget(_image, _none),
    "canvas": _hidden,
    "video": _hidden,
    "audio": _hidden,
    "map": _hidden,
    "camera": _hidden,
    "web-view": _hidden,
}
