"""The fields of a data plan: what one value that leaves a program may be, and how much it can tell.

A **closed** field has few values that the plan lists or bounds: true or false, one of some words, a number in steps.
How much it can tell is known (:attr:`DataField.bits`); any other field may hold anything.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, get_args

from device_runtime.program.members import MAX_INTEGER, Members

FieldKind = Literal["boolean", "choice", "integer", "number", "text", "bytes", "audio", "image", "any"]
MEDIA = frozenset({"audio", "image"})
"""Raw sound and pictures: each needs an item of its own, and a yes to that very item."""

_KINDS: tuple[FieldKind, ...] = tuple(kind for kind in get_args(FieldKind) if kind != "any")
_SHORT = ("boolean", "integer", "number", "text")
MOST_TEXT = 1_000
_MOST_BYTES = 4 * 1024 * 1024
_MOST_CHOICES = 256
_LONGEST_WORD = 100
_LEAST_STEP = 1e-9
# Of a whole number: a greater one is no number of JavaScript.
_MOST_BITS = 1_023
# What `Math.round(x / 0.1) * 0.1` may be beside the step, as a part of the value.
_SLACK = Fraction(1, 10**12)
_BOUNDS = ("min", "max", "step")
_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "boolean": (),
    "choice": ("of",),
    "integer": _BOUNDS,
    "number": _BOUNDS,
    "text": ("max",),
    "bytes": ("max",),
    "audio": ("max",),
    "image": ("max",),
}


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
        if self._spacing and self.least is not None and self.most is not None:
            return math.log2((_exact(self.most) - _exact(self.least)) // self._spacing + 1)
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
        values = (self._origin + number * self._spacing for number in range(round(2**self.bits)))
        return tuple(value.numerator if value.denominator == 1 else float(value) for value in values)

    def refusal(self, value: object) -> str:
        """Empty if ``value`` may be in this field, or what is expected, as the end of a sentence: ``must be ...``. What
        then leaves is :meth:`settled`."""
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
        if self.fits_plainly(value):
            return ""
        expected = "a whole number" if self.kind == "integer" else "a number"
        bounds = [
            *([f"from {plain_number(self.least)}"] if self.least is not None else []),
            *([f"to {plain_number(self.most)}"] if self.most is not None else []),
            *([f"in steps of {plain_number(self.step)}"] if self.step else []),
        ]
        sentence = " ".join([expected, *bounds])
        number = _finite(value)
        if number is None:
            return sentence
        settled = self._on_step(number)
        slack = _SLACK * max(Fraction(1), abs(number)) if self.kind == "number" else 0
        if abs(settled - number) > slack:
            return sentence
        is_inside = (self.least is None or settled >= _exact(self.least)) and (
            self.most is None or settled <= _exact(self.most)
        )
        return "" if is_inside else sentence

    def fits_plainly(self, value: object) -> bool:
        """Whether a value may be in this field, and is in its one form, as far as that is seen at a glance: exact
        fractions are slow. False says nothing."""
        kind = self.kind
        if kind == "text":
            return type(value) is str and len(value) <= self.longest
        if kind == "boolean":
            return type(value) is bool
        if kind == "choice":
            return type(value) is str and value in self.choices
        if self.step or type(value) is not int or kind not in ("integer", "number"):
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def settled(self, value: object) -> object:
        """``value``, which is not refused, in the one form in which it leaves: 0.3 for 0.30000000000000004, 0 for -0.0,
        1 for 1.0. Of several forms of one value each would tell more than :attr:`bits` says."""
        number = _finite(value) if self.kind in ("integer", "number") else None
        if number is None or not self._spacing:
            return value
        settled = self._on_step(number)
        return settled.numerator if settled.denominator == 1 else float(settled)

    @property
    def _spacing(self) -> Fraction:
        """How far the values of a number are apart; 0 where it is exact."""
        return _exact(self.step) or Fraction(self.kind == "integer")

    @property
    def _origin(self) -> Fraction:
        """What the steps of a number are counted from."""
        return _exact(self.least or 0.0)

    def _on_step(self, number: Fraction) -> Fraction:
        """The value that is nearest to a number, with all its decimals."""
        spacing = self._spacing
        return self._origin + round((number - self._origin) / spacing) * spacing if spacing else number

    def is_finer_than(self, other: "DataField") -> bool:
        """Whether this one may let something through that ``other`` does not."""
        if other.kind == "any":
            return False
        if self.kind != other.kind:
            return (self.kind, other.kind) != ("integer", "number") or self._is_finer_number(other)
        if self.kind == "choice":
            return not set(self.choices) <= set(other.choices)
        return self._is_finer_number(other) if self.kind in ("integer", "number") else self.longest > other.longest

    def _is_finer_number(self, other: "DataField") -> bool:
        if _is_below(self.least, other.least) or _is_below(_negated(self.most), _negated(other.most)):
            return True
        if not other._spacing:
            return False
        if not self._spacing:
            return True
        return any(apart % other._spacing for apart in (self._spacing, self._origin - other._origin))

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


@lru_cache(maxsize=4096)
def _exact(number: float) -> Fraction:
    """A number as its decimals say it: three steps of 0.1 are 0.3, where in binary they are a little more."""
    return Fraction(repr(number))


def _finite(value: object) -> Fraction | None:
    """A value that is a number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return Fraction(value) if value.bit_length() <= _MOST_BITS else None
    return _exact(value) if math.isfinite(value) else None


def plain_number(number: float) -> str:
    """A number for people: without the ``.0`` of whole ones."""
    return repr(int(number)) if number == int(number) else repr(number)


def _is_below(one: float | None, other: float | None) -> bool:
    return other is not None and (one is None or one < other)


def _negated(value: float | None) -> float | None:
    return None if value is None else -value


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
    entry.only(("type", *_MEMBERS[kind]))
    if kind == "choice":
        choices = entry.strings("of", required=True)
        entry.each("of", list(choices), _word_fault)
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


def _word_fault(word: str) -> str | None:
    fits = len(word) <= _LONGEST_WORD and word.isprintable()
    return None if fits else f"one line of at most {_LONGEST_WORD} characters: a person reads it"


def _read_number(entry: Members, kind: FieldKind) -> DataField:
    least, most, step = (_bound(entry, name, whole=kind == "integer") for name in _BOUNDS)
    if least is not None and most is not None and least > most:
        raise entry.fault("max", f"at least min, which is {plain_number(least)}")
    if step is not None and step < _LEAST_STEP:
        raise entry.fault("step", f"a number from {_LEAST_STEP} on")
    return DataField(kind, least=least, most=most, step=step or 0.0)


def _bound(entry: Members, name: str, *, whole: bool) -> float | None:
    if not entry.has(name):
        return None
    number = _finite(entry.value(name))
    if number is None or abs(number) > MAX_INTEGER:
        raise entry.fault(name, f"a number from {-MAX_INTEGER} to {MAX_INTEGER}")
    if whole and number.denominator != 1:
        raise entry.fault(name, "a whole number, since the field is one")
    return float(number)
