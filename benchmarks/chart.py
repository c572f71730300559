"""A chart of growth, drawn from the figures: three panels with both axes logarithmic, as SVG."""

import math
from collections.abc import Sequence
from html import escape

from benchmarks.figures import Results
from benchmarks.page import SIZES
from benchmarks.systems import CYGNET, PEERS

_PANELS = (
    ("Launch in a running host", "launch", "launch"),
    ("One cell", "cell, inside", "cell"),
    ("Replace the list, other keys", "replace", "replace"),
)
_COLOURS = ("#0b7285", "#e8590c", "#9c36b5", "#5c6770", "#2b8a3e")
_WIDTH, _HEIGHT = 300, 260
_LEFT, _TOP, _RIGHT, _BOTTOM = 58, 40, 28, 34
_LEGEND = 34


def _ticks(low: float, high: float) -> list[float]:
    return [10.0**power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]


def _label(milliseconds: float) -> str:
    return f"{milliseconds / 1000:g} s" if milliseconds >= 1000 else f"{milliseconds:g} ms"


def _panel(results: Results, title: str, ours: str, theirs: str, left: float) -> list[str]:
    lines = []
    for system, colour in zip((CYGNET, *PEERS), _COLOURS, strict=True):
        measure = ours if system is CYGNET else theirs
        found = [(size, figure.median) for size in SIZES if (figure := results.find(system.name, measure, size))]
        lines.append((colour, found))
    values = [value for _, found in lines for _, value in found]
    ticks = _ticks(min(values), max(values))
    inner_width, inner_height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def across(rows: float) -> float:
        return left + _LEFT + inner_width * math.log10(rows / SIZES[0]) / math.log10(SIZES[-1] / SIZES[0])

    def down(value: float) -> float:
        return _TOP + inner_height * (1 - math.log10(value / ticks[0]) / math.log10(ticks[-1] / ticks[0]))

    parts = [f'<text x="{left + _LEFT}" y="24" class="title">{escape(title)}</text>']
    for tick in ticks:
        y = down(tick)
        parts.append(f'<path d="M{across(SIZES[0]):.1f} {y:.1f}H{across(SIZES[-1]):.1f}" class="grid"/>')
        parts.append(f'<text x="{left + _LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_label(tick)}</text>')
    for size in SIZES:
        y = _HEIGHT - _BOTTOM + 20
        parts.append(f'<text x="{across(size):.1f}" y="{y}" text-anchor="middle">{size:,}</text>')
    for colour, found in lines:
        if found:
            points = " ".join(f"{across(rows):.1f},{down(value):.1f}" for rows, value in found)
            parts.append(f'<polyline points="{points}" stroke="{colour}" class="line"/>')
            parts += [
                f'<circle cx="{across(rows):.1f}" cy="{down(value):.1f}" r="4" fill="{colour}"/>'
                for rows, value in found
            ]
    return parts


def _legend(entries: Sequence[tuple[str, str]]) -> list[str]:
    parts = []
    x = float(_LEFT)
    for name, colour in entries:
        y = _HEIGHT + 16
        parts.append(f'<circle cx="{x:.0f}" cy="{y - 4}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{x + 12:.0f}" y="{y}">{escape(name)}</text>')
        x += 40 + 7.2 * len(name)
    return parts


def draw_growth(results: Results) -> str:
    """How time grows with the rows of a page, one line a system: medians, in an SVG document."""
    width, height = _WIDTH * len(_PANELS), _HEIGHT + _LEGEND
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        "<title>Time by the number of rows, both axes logarithmic</title>",
        "<style>text{font:12px sans-serif;fill:#333}.title{font-weight:bold;font-size:13px}",
        ".grid{stroke:#ddd;fill:none}.line{fill:none;stroke-width:2}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for index, (title, ours, theirs) in enumerate(_PANELS):
        parts += _panel(results, title, ours, theirs, index * _WIDTH)
    parts += _legend(
        [
            (system.title, colour)
            for system, colour in zip((CYGNET, *PEERS), _COLOURS, strict=True)
            if results.has(system.name)
        ]
    )
    return "\n".join([*parts, "</svg>", ""])
