"""Small pieces of the report: escaped text, and figures as people read them."""

import html
import math
import re

from firmware_tools.training.evaluation.measures import Measure

MISSING = "n/a"


def text(value: object) -> str:
    """Anything as text that means nothing to a browser, in attributes and between tags."""
    shown = "".join(char if char.isprintable() or char == "\n" else "�" for char in str(value))
    return html.escape(shown, quote=True)


def anchor(*names: str) -> str:
    """A fragment of letters, digits and ``-``."""
    return re.sub(r"[^a-z0-9]+", "-", " ".join(names).lower()).strip("-") or "here"


def figure(value: float, unit: str) -> str:
    """A measured value with its unit."""
    if not math.isfinite(value):
        return MISSING
    if unit == "share":
        return f"{value * 100:.1f} %"
    if unit == "seconds":
        return f"{value * 1000:,.0f} ms" if abs(value) < 1 else f"{value:.2f} s"
    if unit == "an hour":
        return f"{value:.1f}" if value < 100 else f"{value:,.0f}"
    return f"{value:,.3g}"


def interval(measure: Measure) -> str:
    """Where the true value lies, in the unit of the measure; empty where it is not known."""
    if not math.isfinite(measure.low) or not math.isfinite(measure.high):
        return ""
    if measure.unit == "share":
        return f"{measure.low * 100:.1f} to {measure.high * 100:.1f} %"
    return f"{figure(measure.low, measure.unit)} to {figure(measure.high, measure.unit)}"


def size(count: int | None) -> tuple[str, str]:
    """Bytes as (number, unit)."""
    if count is None:
        return MISSING, ""
    return (f"{count:,}", "bytes") if count < 10_000 else (f"{count / 1000:,.1f}", "KB")


def many(count: int | None) -> tuple[str, str]:
    """A count as (number, unit): k are thousands, M millions."""
    if count is None:
        return MISSING, ""
    if count < 10_000:
        return f"{count:,}", ""
    return (f"{count / 1e3:,.1f}", "k") if count < 1e6 else (f"{count / 1e6:,.2f}", "M")


def microseconds(value: float) -> tuple[str, str]:
    """A time as (number, unit)."""
    return (f"{value:,.1f}", "µs") if value < 1000 else (f"{value / 1000:,.2f}", "ms")


def row(label: str, over: str, drawn: str, value: str, *below: str) -> str:
    """A row of a chart; all are HTML: what it is of, and over how much, its bar, its figure, and what stands below."""
    said = "".join(f"<span class=span>{line}</span>" for line in below if line)
    return (
        f"<div class=row><div class=label>{label}<span class=over>{over}</span></div>{drawn}"
        f"<div class=value><b>{value}</b>{said}</div></div>"
    )
