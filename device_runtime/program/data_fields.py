"""The fields of a data plan: what one value that leaves a program may be, and how much it can tell.

A **closed** field has few values that the plan lists or bounds: true or false, one of some words, a number in steps.
How much it can tell is known (:attr:`DataField.bits`); any other field may hold anything.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from device_runtime.program.members import MemberError, Members, shown

FieldKind = Literal["boolean", "choice", "integer", "number", "text", "bytes", "audio", "image", "any"]
MEDIA = frozenset({"audio", "image"})
"""Raw sound and pictures: each needs an item of its own, and a yes to that very item."""

_KINDS: tuple[FieldKind, ...] = tuple(kind for kind in get_args(FieldKind) if kind != "any")
_SHORT = ("boolean", "integer", "number", "text")
MOST_TEXT = 1_000
_MOST_BYTES = 4 * 1024 * 1024
_MOST_CHOICES = 256
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class DataField:
    """One field. ``choices`` are those of a ``choice``; ``least``, ``most`` and ``step`` those of a number, with a step
    of 0 where it is exact; ``longest`` counts characters of text, or bytes. The kind ``any`` is that of a program which
    does not say what it sends."""

    kind: FieldKind
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    step: float = 0.0
    longest: int = MOST_TEXT

    @property
    def bits(self) -> float:
        """The most that one value can tell: the binary logarithm of how many values there are; infinite if the field
        is open."""
        if self.kind == "boolean":
            return 1.0
        if self.kind == "choice":
            return math.log2(len(self.choices)) if len(self.choices) > 1 else 0.0
        step = self.step or (1.0 if self.kind == "integer" else 0.0)
        if self.kind in ("integer", "number") and step and self.least is not None and self.most is not None:
            return math.log2(math.floor((self.most - self.least) / step + _SLACK) + 1)
        return math.inf

    @property
    def is_closed(self) -> bool:
        """Whether what it can tell is bounded."""
        return math.isfinite(self.bits)

    def listed(self) -> tuple[str | int | float | bool, ...]:
        """All values of a closed field, in their order; made for those of few values.

        Raises:
            ValueError: it is open.
        """
        if not self.is_closed:
            raise ValueError(f"a field of the type {self.kind} without bounds has no list of values")
        if self.kind == "boolean":
            return (False, True)
        if self.kind == "choice":
            return self.choices
        least, step = self.least or 0.0, self.step or 1.0
        count = round(2**self.bits)
        if self.kind == "integer":
            return tuple(int(least) + number * int(step) for number in range(count))
        return tuple(_rounded(least + number * step, least, step) for number in range(count))

    def refusal(self, value: object) -> str:
        """Empty if ``value`` may be in this field, or what is expected, as the end of a sentence: ``must be ...``."""
        match self.kind:
            case "any":
                return ""
            case "boolean":
                return "" if isinstance(value, bool) else "true or false"
            case "choice":
                return "" if value in self.choices and isinstance(value, str) else f"one of {', '.join(self.choices)}"
            case "integer" | "number":
                return self._number_refusal(value)
            case "text":
                fits = isinstance(value, str) and len(value) <= self.longest
                return "" if fits else f"text of at most {self.longest} characters"
            case "bytes" | "audio" | "image":
                fits = isinstance(value, bytes) and len(value) <= self.longest
                return "" if fits else f"{self.kind} of at most {self.longest:,} bytes"

    def _number_refusal(self, value: object) -> str:
        expected = "a whole number" if self.kind == "integer" else "a number"
        bounds = [
            *([f"from {self.least:g}"] if self.least is not None else []),
            *([f"to {self.most:g}"] if self.most is not None else []),
            *([f"in steps of {self.step:g}"] if self.step else []),
        ]
        sentence = " ".join([expected, *bounds])
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return sentence
        if self.kind == "integer" and value != int(value):
            return sentence
        if (self.least is not None and value < self.least) or (self.most is not None and value > self.most):
            return sentence
        return "" if not self.step or self._is_on_step(value) else sentence

    def _is_on_step(self, value: float) -> bool:
        """Whether it is exactly what rounding to a step gives: digits behind it would tell more."""
        start = self.least or 0.0
        return value == start + round((value - start) / self.step) * self.step or value == _rounded(
            value, start, self.step
        )

    def is_finer_than(self, other: "DataField") -> bool:
        """Whether this one lets more through than ``other`` does."""
        if other.kind == "any":
            return False
        if self.kind != other.kind:
            return not (self.kind == "integer" and other.kind == "number" and not other.step)
        if self.kind == "choice":
            return not set(self.choices) <= set(other.choices)
        if self.kind in ("integer", "number"):
            return (
                _is_below(self.least, other.least)
                or _is_below(_negated(self.most), _negated(other.most))
                or (other.step > 0 and not _is_multiple(self.step, other.step))
            )
        return self.longest > other.longest

    def document(self) -> dict[str, Any]:
        """As the manifest has it."""
        made: dict[str, Any] = {"type": self.kind}
        if self.kind == "choice":
            made["of"] = list(self.choices)
        made |= {name: value for name, value in (("min", self.least), ("max", self.most)) if value is not None}
        if self.step:
            made["step"] = self.step
        if self.kind in ("text", "bytes", *MEDIA):
            made["max"] = self.longest
        return made


def _rounded(value: float, start: float, step: float) -> float:
    """``value`` as decimal arithmetic has it on the step: 0.3, where three steps of 0.1 in binary are a little more."""
    digits = max(0, 12 - math.floor(math.log10(max(abs(start), abs(value), step))))
    return round(start + round((value - start) / step) * step, min(digits, 12))


def _is_below(one: float | None, other: float | None) -> bool:
    return other is not None and (one is None or one < other)


def _negated(value: float | None) -> float | None:
    return None if value is None else -value


def _is_multiple(step: float, of: float) -> bool:
    return step > 0 and abs(step / of - round(step / of)) < _SLACK


def read_fields(entry: Members, name: str) -> Mapping[str, DataField]:
    """The fields of an item: a name and a type each, or an object with ``type`` and its bounds.

    Raises:
        MemberError: one is no field.
    """
    listed = entry.inner(name)
    return {field: _read_field(listed, field) for field in listed.names()}


def _read_field(listed: Members, name: str) -> DataField:
    short = listed.value(name)
    if isinstance(short, str):
        if short not in _SHORT:
            raise listed.fault(name, f"{', '.join(_SHORT)}, or an object with type ({', '.join(_KINDS)})")
        return DataField(short)  # type: ignore[arg-type] # it is one of them
    entry = listed.inner(name)
    kind: FieldKind = entry.one_of("type", _KINDS)  # type: ignore[assignment] # as above
    if kind == "choice":
        choices = entry.strings("of", required=True)
        if not 1 <= len(set(choices)) == len(choices) <= _MOST_CHOICES:
            raise entry.fault("of", f"1 to {_MOST_CHOICES} words, none of them twice")
        return DataField(kind, choices)
    if kind in ("integer", "number"):
        return _read_number(entry, kind)
    if kind == "boolean":
        return DataField(kind)
    most = MOST_TEXT if kind == "text" else _MOST_BYTES
    longest = entry.number("max", 1, most)
    if longest > most:
        raise entry.fault("max", f"at most {most}")
    return DataField(kind, longest=longest)


def _read_number(entry: Members, kind: FieldKind) -> DataField:
    least, most, step = (_float(entry, name) for name in ("min", "max", "step"))
    if least is not None and most is not None and least > most:
        raise entry.fault("max", f"at least min, which is {least:g}")
    if step is not None and step <= 0:
        raise entry.fault("step", "a number above 0")
    if kind == "integer" and any(value is not None and value != int(value) for value in (least, most, step)):
        raise MemberError(entry.path("type"), f"the bounds and steps of whole numbers are whole, not {shown(step)}")
    return DataField(kind, least=least, most=most, step=step or 0.0)


def _float(entry: Members, name: str) -> float | None:
    value = entry.value(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise entry.fault(name, "a number")
    return float(value)
