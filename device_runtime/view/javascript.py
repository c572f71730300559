"""JavaScript's rules for values, as template expressions need them (ECMA-262, sections 7.1, 7.2 and 13).

Values are those of :mod:`device_runtime.values`, and :data:`UNDEFINED` for what a template reads where nothing is.
Data never holds :data:`UNDEFINED`: JavaScript's ``undefined`` and ``null`` both arrive as ``None``. So ``None`` is
strictly equal to both literals, counts as ``null`` in arithmetic and concatenation, and renders as nothing.

No function here raises: an operation that JavaScript answers with an exception answers ``UNDEFINED``.
"""

import math
import re
from collections.abc import Callable
from typing import Any, Final

from device_runtime.values import Value

_SAFE_INTEGER = 2**53
_HEXADECIMAL_LIKE = {"0x": 16, "0o": 8, "0b": 2}
_DECIMAL = re.compile(r"[+-]?(?:Infinity|(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?)")
# What JavaScript trims: its white space and its line terminators.
_WHITE_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"  # fmt: skip  # noqa: E501
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")


class Undefined:
    """The type of :data:`UNDEFINED`."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = Undefined()


def _format_float(value: float) -> str:
    """``Number::toString`` for radix 10: the shortest digits that read back, as ``repr`` finds them too."""
    if value != value:
        return "NaN"
    if value in (math.inf, -math.inf):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    mantissa, _, exponent_text = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + ("" if fraction == "0" else fraction)
    point = len(whole) + int(exponent_text or 0)
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    sign = "-" if value < 0 else ""
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1:+d}"


def to_float(value: int) -> float:
    """A Python integer as JavaScript's double."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def to_string(value: Any) -> str:
    """``String(value)``."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return str(value) if -_SAFE_INTEGER <= value <= _SAFE_INTEGER else _format_float(to_float(value))
    if kind is float:
        return _format_float(value)
    if kind is bool:
        return "true" if value else "false"
    if value is None:
        return "null"
    if kind is list:
        return ",".join([to_text(item) for item in value])
    if value is UNDEFINED:
        return "undefined"
    return "[object ArrayBuffer]" if kind is bytes else "[object Object]"


def to_text(value: Any) -> str:
    """What a binding shows: ``String(value)``, but nothing for ``null`` and ``undefined``."""
    return "" if value is None or value is UNDEFINED else to_string(value)


def _string_to_number(text: str) -> float | int:
    text = text.strip(_WHITE_SPACE)
    if not text:
        return 0
    if _INDEX.fullmatch(text):
        return int(text)
    if text[:2].lower() in _HEXADECIMAL_LIKE:
        digits, base = text[2:], _HEXADECIMAL_LIKE[text[:2].lower()]
        if len(digits) > 256 or not digits.isalnum() or not digits.isascii():
            return math.nan
        try:
            return normal(int(digits, base))
        except ValueError:
            return math.nan
    if not _DECIMAL.fullmatch(text):
        return math.nan
    return float(text.replace("Infinity", "inf"))


def to_number(value: Any) -> float | int:
    """``Number(value)``: an ``int`` where that is exact, else a ``float``."""
    kind = type(value)
    if kind is int:
        return normal(value)
    if kind is float:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return 1 if value else 0
    if kind is str:
        return _string_to_number(value)
    if value is None:
        return 0
    return _string_to_number(to_string(value)) if kind is list else math.nan


def normal(value: int | float) -> int | float:
    """``value`` with JavaScript's precision: integers beyond 2**53 become doubles."""
    if type(value) is int and not -_SAFE_INTEGER <= value <= _SAFE_INTEGER:
        return to_float(value)
    return value


def truthy(value: Any) -> bool:
    """``Boolean(value)``: unlike Python, empty lists and objects are true and NaN is false."""
    kind = type(value)
    if kind is bool:
        return value  # type: ignore[no-any-return]
    if kind is list or kind is dict or kind is bytes:
        return True
    return bool(value) and value == value


def to_int32(value: Any) -> int:
    """``ToInt32``."""
    number = to_number(value)
    if type(number) is float:
        if not math.isfinite(number):
            return 0
        number = math.trunc(number)
    number = int(number) & 0xFFFFFFFF
    return number - 0x100000000 if number & 0x80000000 else number


def _primitive(value: Any) -> Any:
    return to_string(value) if type(value) in (list, dict, bytes) else value


def add(left: Any, right: Any) -> Any:
    """``left + right``: concatenates if either side is a string once objects have become primitives."""
    if type(left) is int and type(right) is int:
        return normal(left + right)
    left, right = _primitive(left), _primitive(right)
    if type(left) is str or type(right) is str:
        return to_string(left) + to_string(right)
    return normal(to_number(left) + to_number(right))


def subtract(left: Any, right: Any) -> float | int:
    """``left - right``."""
    return normal(to_number(left) - to_number(right))


def multiply(left: Any, right: Any) -> float | int:
    """``left * right``."""
    a, b = to_number(left), to_number(right)
    product = a * b
    if product == 0 and type(product) is int and (a < 0 or b < 0):
        return -0.0
    return normal(product)


def divide(left: Any, right: Any) -> float | int:
    """``left / right``; whole results come as ``int``."""
    a, b = to_number(left), to_number(right)
    if b == 0:
        if a == 0 or a != a:
            return math.nan
        return math.copysign(math.inf, a) * math.copysign(1.0, b)
    quotient = a / b
    return int(quotient) if quotient and abs(quotient) <= _SAFE_INTEGER and quotient.is_integer() else quotient


def remainder(left: Any, right: Any) -> float | int:
    """``left % right``; the sign is the dividend's."""
    a, b = to_number(left), to_number(right)
    if b == 0 or a != a or b != b or math.isinf(a):
        return math.nan
    if math.isinf(b):
        return a
    result = math.fmod(a, b)
    return int(result) if result and result.is_integer() and abs(result) <= _SAFE_INTEGER else result


def negate(value: Any) -> float | int:
    """``-value``."""
    number = to_number(value)
    return -number if number else -float(number)


def type_of(value: Any) -> str:
    """``typeof value``."""
    kind = type(value)
    if kind is str:
        return "string"
    if kind is bool:
        return "boolean"
    if kind is int or kind is float:
        return "number"
    return "undefined" if value is UNDEFINED else "object"


def strict_equals(left: Any, right: Any) -> bool:
    """``left === right``."""
    if left is None or right is None:
        other = right if left is None else left
        return other is None or other is UNDEFINED
    a, b = type(left), type(right)
    if a is list or a is dict or a is bytes:
        return left is right
    if (a is bool) is not (b is bool) or b is list or b is dict or b is bytes:
        return False
    return bool(left == right)


def loose_equals(left: Any, right: Any) -> bool:
    """``left == right``."""
    if left is None or left is UNDEFINED or right is None or right is UNDEFINED:
        return (left is None or left is UNDEFINED) and (right is None or right is UNDEFINED)
    a, b = type(left), type(right)
    containers = (list, dict, bytes)
    if a in containers and b in containers:
        return left is right
    if a is b:
        return bool(left == right)
    left, right = _primitive(left), _primitive(right)
    if type(left) is str and type(right) is str:
        return left == right
    return to_number(left) == to_number(right)


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


def _ordered(left: Any, right: Any, compare: Callable[[Any, Any], bool]) -> bool:
    left, right = _primitive(left), _primitive(right)
    if type(left) is str and type(right) is str:
        return compare(_utf16(left), _utf16(right))
    return compare(to_number(left), to_number(right))


def less(left: Any, right: Any) -> bool:
    """``left < right``: by UTF-16 code units if both are strings, else as numbers; NaN is in no order."""
    return _ordered(left, right, lambda a, b: bool(a < b))


def less_or_equal(left: Any, right: Any) -> bool:
    """``left <= right``."""
    return _ordered(left, right, lambda a, b: bool(a <= b))


def property_key(key: Any) -> str | int:
    """A member's name; canonical array indices come as ``int``, so that ``a[0]`` and ``a['0']`` are one."""
    kind = type(key)
    if kind is int:
        return key if 0 <= key <= _SAFE_INTEGER else to_string(key)
    text = key if kind is str else to_string(key)
    if text and text[0].isdigit() and _INDEX.fullmatch(text):
        return int(text)
    return text


def member(value: Any, key: str | int) -> Any:
    """``value?.[key]`` for a key made by :func:`property_key`; ``UNDEFINED`` where nothing is."""
    kind = type(value)
    if kind is dict:
        return value.get(key if type(key) is str else str(key), UNDEFINED)
    if kind is list:
        if type(key) is int:
            return value[key] if key < len(value) else UNDEFINED
        return len(value) if key == "length" else UNDEFINED
    if kind is str:
        units = _utf16(value) if not value.isascii() else None
        if key == "length":
            return len(value) if units is None else len(units) // 2
        if type(key) is not int:
            return UNDEFINED
        if units is None:
            return value[key] if key < len(value) else UNDEFINED
        unit = units[2 * key : 2 * key + 2]
        return unit.decode("utf-16-be", "surrogatepass") if unit else UNDEFINED
    return UNDEFINED


_UNMISTAKABLE: Final = frozenset((str, int, float, type(None)))


def identical(left: Any, right: Any) -> bool:
    """If two values of data render the same everywhere: deep equality that keeps ``True`` and ``1`` apart."""
    if left is right:
        return True
    kind = type(left)
    if kind is not type(right):
        return kind in (int, float) and type(right) in (int, float) and left == right
    if kind is dict:
        if left != right:
            return False
        # Equal in Python's sense: only a boolean and a number can still be two things.
        if _UNMISTAKABLE.issuperset(map(type, left.values())) and _UNMISTAKABLE.issuperset(map(type, right.values())):
            return True
        for key, value in left.items():
            other = right.get(key, UNDEFINED)
            if value is not other and not identical(value, other):
                return False
        return True
    if kind is list:
        if len(left) != len(right):
            return False
        return all(map(identical, left, right))
    return bool(left == right)


def exported(value: Any) -> Value:
    """A value of an expression as a screen may have it: a copy of its own that JSON can carry."""
    kind = type(value)
    if kind is str or kind is bool or kind is int or value is None:
        return value  # type: ignore[no-any-return]
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is list:
        return [exported(item) for item in value]
    if kind is dict:
        return {key: exported(item) for key, item in value.items() if item is not UNDEFINED}
    return None
