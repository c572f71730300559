"""One value against one field of a plan: the rules of ``device_runtime/program/data_fields.py``."""

import math

try:
    from typing import Any
except ImportError:
    pass

_DIGITS = 12 if float("1e-10") + 1 > 1 else 6
"""Decimal digits of a number that count: most boards have floats of 32 bits."""


def refusal(field: "list[Any]", value: object) -> str:
    """Empty if ``value`` may be in this field, or what is expected, as the end of a sentence: ``must be ...``."""
    kind = field[0]
    if kind == "*":
        return ""
    if kind == "b":
        return "" if isinstance(value, bool) else "true or false"
    if kind == "c":
        return "" if isinstance(value, str) and value in field[2] else "one of " + ", ".join(field[2])
    if kind == "t":
        fits = isinstance(value, str) and len(value) <= field[2]
        return "" if fits else f"text of at most {field[2]} characters"
    if kind not in ("i", "n"):
        return "bytes, which boards do not report"
    _, _, least, most, step = field
    # All of it here: a board's stack holds few calls.
    if (
        not isinstance(value, (int, float))
        or isinstance(value, bool)
        or value - value != 0
        or (kind == "i" and value != int(value))
        or (least is not None and value < least)
        or (most is not None and value > most)
        or (step and not _is_on_step(value, least or 0, step))
    ):
        return _sentence(field)
    return ""


def _is_on_step(value: float, start: float, step: float) -> bool:
    """Whether it is exactly what rounding to a step gives: digits behind it would tell more."""
    near = start + round((value - start) / step) * step
    if value == near:
        return True
    largest = max(abs(start), abs(value), step)
    digits = min(12, max(0, _DIGITS - math.floor(math.log(largest) / math.log(10))))
    return value == float(("%." + str(digits) + "f") % near)


def _sentence(field: "list[Any]") -> str:
    kind, _, least, most, step = field
    said = "a whole number" if kind == "i" else "a number"
    for word, value in ((" from ", least), (" to ", most), (" in steps of ", step or None)):
        if value is not None:
            said += f"{word}{value:g}"
    return said
