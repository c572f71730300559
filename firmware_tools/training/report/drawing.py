"""Charts of the report, drawn by hand: widths in per cent, so that they fit a phone and a sheet of paper alike.

What a chart shows stands beside it in words, too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from firmware_tools.training.report.pieces import text

_ROW = 26


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: a value with its interval in the unit of the axis; ``promised`` is a tick of its own."""

    value: float
    low: float
    high: float
    kind: str
    promised: float | None = None


def bars(title: str, row: Sequence[Bar], most: float) -> str:
    """Bars one below the other on an axis from 0 to ``most``, each with a whisker for its interval."""
    height = sum(_height(bar) for bar in row)
    parts, top = [], 0.0
    for bar in row:
        tall = _height(bar)
        middle, thick = top + tall / 2, tall - 10
        width = _percent(bar.value, most)
        parts.append(
            f'<rect class="bar {bar.kind}" x="0" y="{middle - thick / 2:.1f}" width="{width}" height="{thick}" rx="3"/>'
        )
        if math.isfinite(bar.low) and math.isfinite(bar.high):
            low, high = _percent(bar.low, most), _percent(bar.high, most)
            parts.append(f'<line class="whisker" x1="{low}" x2="{high}" y1="{middle}" y2="{middle}"/>')
            parts += [
                f'<line class="whisker" x1="{end}" x2="{end}" y1="{middle - 4}" y2="{middle + 4}"/>'
                for end in (low, high)
            ]
        if bar.promised is not None:
            at = _percent(bar.promised, most)
            parts.append(f'<line class="promise" x1="{at}" x2="{at}" y1="{top + 1}" y2="{top + tall - 1}"/>')
        top += tall
    grid = "".join(f'<line class="grid" x1="{x}%" x2="{x}%" y1="0" y2="{height}"/>' for x in (25, 50, 75, 100))
    return (
        f'<svg class="bars" width="100%" height="{height}" role="img" aria-label="{text(title)}">'
        f'{grid}<line class="axis" x1="0" x2="0" y1="0" y2="{height}"/>{"".join(parts)}</svg>'
    )


def _height(bar: Bar) -> int:
    return _ROW if bar.kind != "float32" else _ROW - 8


def _percent(value: float, most: float) -> str:
    return f"{min(max(value / most, 0.0), 1.0) * 100:.2f}%"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of (across, up) with a band of (low, high) at the same places."""

    points: tuple[tuple[float, float], ...]
    band: tuple[tuple[float, float], ...]
    kind: str


def plot(
    title: str,
    lines: Sequence[Line],
    across: Sequence[float],
    up: Sequence[float],
    unit: str = " %",
    *,
    ends: tuple[float, float],
) -> str:
    """Lines over both axes with ticks at ``across`` and ``up``; the first goes from one of ``ends`` to the other.

    The drawing stretches with the page, the words on it do not.
    """
    margin = (ends[1] - ends[0]) * 0.02
    left, right, bottom, top = ends[0] - margin, ends[1] + margin, up[0], up[-1]
    across = [tick for tick in across if left <= tick <= right]

    def x(value: float) -> float:
        return (value - left) / (right - left) * 100

    def y(value: float) -> float:
        return 100 - (min(max(value, bottom), top) - bottom) / (top - bottom) * 100

    inner = []
    for line in lines:
        if line.band:
            upper = [f"{x(at):.2f},{y(high):.2f}" for (at, _), (_, high) in zip(line.points, line.band, strict=True)]
            lower = [f"{x(at):.2f},{y(low):.2f}" for (at, _), (low, _) in zip(line.points, line.band, strict=True)]
            inner.append(f'<polygon class="band {line.kind}" points="{" ".join([*upper, *reversed(lower)])}"/>')
    for line in lines:
        way = " ".join(f"{x(at):.2f},{y(value):.2f}" for at, value in line.points)
        inner.append(f'<polyline class="line {line.kind}" points="{way}"/>')
    dots = "".join(
        f'<circle class="point {line.kind}" cx="{x(at):.2f}%" cy="{y(value):.2f}%" r="4"/>'
        for line in lines
        if len(line.points) <= 40
        for at, value in line.points
    )
    grid = "".join(f'<line class="grid" x1="0" x2="100%" y1="{y(tick):.2f}%" y2="{y(tick):.2f}%"/>' for tick in up)
    grid += "".join(f'<line class="grid" x1="{x(tick):.2f}%" x2="{x(tick):.2f}%" y1="0" y2="100%"/>' for tick in across)
    ups = "".join(f'<span style="top:{y(tick):.2f}%">{tick:g}{unit}</span>' for tick in up)
    acrosses = "".join(f'<span style="left:{x(tick):.2f}%">{tick:g}</span>' for tick in across)
    return (
        f'<div class="plot" role="img" aria-label="{text(title)}"><div class="ups">{ups}</div><div class="field">'
        f'<svg width="100%" height="100%">{grid}'
        f'<svg viewBox="0 0 100 100" width="100%" height="100%" preserveAspectRatio="none">{"".join(inner)}</svg>{dots}'
        f'</svg></div><div class="acrosses">{acrosses}</div></div>'
    )


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from below ``low`` to above ``high``, at most ``most`` steps."""
    span = max(high - low, 1e-9)
    power = 10 ** math.floor(math.log10(span / most))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10, 20) if span / (power * factor) <= most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]
