"""JavaScript's rules for values, as template expressions need them (ECMA-262, sections 7.1, 7.2 and 13).

The same as ``device_runtime/view/javascript.py``, with what MicroPython has. Its dictionaries have no order, so members
of an object come in the order of their names.
"""

import math

_SAFE_INTEGER = 2**53
_INFINITY = float("inf")
_NAN = float("nan")
_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"  # noqa: E501
_BASES = {"0x": 16, "0o": 8, "0b": 2}
_SHORT = "%.15g" if 1.0 + 1e-12 > 1.0 else "%.6g"
"""The digits that any number of so many has; boards have 32-bit floats."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Undefined:
    """The type of :data:`UNDEFINED`: what a template reads where nothing is."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED = Undefined()


def _format_float(value: float) -> str:
    if value != value:
        return "NaN"
    if value in (_INFINITY, -_INFINITY):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    # MicroPython's repr reads back, but is not always the shortest that does.
    text, full = _SHORT % abs(value), repr(abs(value))
    parts = (text if float(text) == abs(value) and len(text) <= len(full) else full).split("e")
    exponent = int(parts[1]) if len(parts) > 1 else 0
    whole, _, fraction = parts[0].partition(".")
    digits = whole + ("" if fraction == "0" else fraction)
    point = len(whole) + exponent
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    sign = "-" if value < 0 else ""
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    tail = "." + digits[1:] if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def to_float(value: int) -> float:
    """A whole number as JavaScript's double."""
    try:
        return float(value)
    except OverflowError:
        return _INFINITY if value > 0 else -_INFINITY


def to_string(value: object) -> str:
    """``String(value)``."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if -_SAFE_INTEGER <= value <= _SAFE_INTEGER else _format_float(to_float(value))
    if isinstance(value, float):
        return _format_float(value)
    if value is None:
        return "null"
    if isinstance(value, list):
        return ",".join([to_text(item) for item in value])
    if value is UNDEFINED:
        return "undefined"
    return "[object ArrayBuffer]" if isinstance(value, bytes) else "[object Object]"


def to_text(value: object) -> str:
    """What a binding shows: ``String(value)``, but nothing for ``null`` and ``undefined``."""
    return "" if value is None or value is UNDEFINED else to_string(value)


def is_digits(text: str) -> bool:
    """Whether a text is digits, one at least."""
    for character in text:
        if not "0" <= character <= "9":
            return False
    return bool(text)


def _is_decimal(text: str) -> bool:
    text = text[1:] if text[0] in "+-" else text
    if text == "Infinity":
        return True
    mantissa, mark, exponent = text.replace("E", "e").partition("e")
    whole, _, fraction = mantissa.partition(".")
    if mark and not is_digits(exponent[1:] if exponent[:1] in ("+", "-") else exponent):
        return False
    return bool(whole or fraction) and is_digits(whole + fraction)


def _string_to_number(text: str) -> "int | float":
    text = text.strip(_SPACE)
    if not text:
        return 0
    if is_digits(text) and len(text) < 11 and (text[0] != "0" or text == "0"):
        return int(text)
    base = _BASES.get(text[:2].lower())
    if base is not None:
        value = 0
        for digit in text[2:].lower():
            number = _DIGITS.find(digit)
            if not 0 <= number < base or len(text) > 258:
                return _NAN
            value = value * base + number
        return normal(value) if len(text) > 2 else _NAN
    if not _is_decimal(text):
        return _NAN
    return float(text.replace("Infinity", "inf"))


def to_number(value: object) -> "int | float":
    """``Number(value)``: an ``int`` where that is exact, else a ``float``."""
    if isinstance(value, bool):
        return 1 if value else 0
    if isinstance(value, int):
        return normal(value)
    if isinstance(value, float):
        return value
    if isinstance(value, str):
        return _string_to_number(value)
    if value is None:
        return 0
    return _string_to_number(to_string(value)) if isinstance(value, list) else _NAN


def normal(value: "int | float") -> "int | float":
    """``value`` with JavaScript's precision: integers beyond 2**53 become doubles."""
    if isinstance(value, int) and not -_SAFE_INTEGER <= value <= _SAFE_INTEGER:
        return to_float(value)
    return value


def truthy(value: object) -> bool:
    """``Boolean(value)``: unlike Python, empty lists and objects are true and NaN is false."""
    if isinstance(value, (list, dict, bytes)):
        return True
    return bool(value) and value == value


def to_int32(value: object) -> int:
    """``ToInt32``."""
    number = to_number(value)
    if isinstance(number, float):
        if number != number or number in (_INFINITY, -_INFINITY):
            return 0
        number = int(number)
    number &= 0xFFFFFFFF
    return number - 0x100000000 if number & 0x80000000 else number


def unsigned(value: object) -> int:
    """``ToUint32``."""
    return to_int32(value) & 0xFFFFFFFF


def _primitive(value: object) -> object:
    return to_string(value) if isinstance(value, (list, dict, bytes)) else value


def add(left: object, right: object) -> "str | int | float":
    """``left + right``: concatenates if either side is a string once objects have become primitives."""
    left, right = _primitive(left), _primitive(right)
    if isinstance(left, str) or isinstance(right, str):
        return to_string(left) + to_string(right)
    return normal(to_number(left) + to_number(right))


def multiply(left: object, right: object) -> "int | float":
    """``left * right``."""
    a, b = to_number(left), to_number(right)
    product = a * b
    if product == 0 and isinstance(product, int) and (a < 0 or b < 0):
        return -0.0
    return normal(product)


def _whole(value: float) -> "int | float":
    return int(value) if value and abs(value) <= _SAFE_INTEGER and value == int(value) else value


def divide(left: object, right: object) -> "int | float":
    """``left / right``; whole results come as ``int``."""
    a, b = to_number(left), to_number(right)
    if b == 0:
        if a == 0 or a != a:
            return _NAN
        return math.copysign(_INFINITY, a) * math.copysign(1.0, b)
    return _whole(a / b)


def remainder(left: object, right: object) -> "int | float":
    """``left % right``; the sign is the dividend's."""
    a, b = to_number(left), to_number(right)
    if b == 0 or a != a or b != b or a in (_INFINITY, -_INFINITY):
        return _NAN
    return a if b in (_INFINITY, -_INFINITY) else _whole(math.fmod(a, b))


def negate(value: object) -> "int | float":
    """``-value``."""
    number = to_number(value)
    return -number if number else -float(number)


def type_of(value: object) -> str:
    """``typeof value``."""
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "undefined" if value is UNDEFINED else "object"


def strict_equals(left: object, right: object) -> bool:
    """``left === right``."""
    if left is None or right is None:
        other = right if left is None else left
        return other is None or other is UNDEFINED
    if isinstance(left, (list, dict, bytes)) or isinstance(right, (list, dict, bytes)):
        return left is right
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    return bool(left == right)


def loose_equals(left: object, right: object) -> bool:
    """``left == right``."""
    if left is None or left is UNDEFINED or right is None or right is UNDEFINED:
        return (left is None or left is UNDEFINED) and (right is None or right is UNDEFINED)
    if isinstance(left, (list, dict, bytes)) and isinstance(right, (list, dict, bytes)):
        return left is right
    left, right = _primitive(left), _primitive(right)
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if type(left) is type(right):
        return bool(left == right)
    return to_number(left) == to_number(right)


def _units(text: str) -> "list[int]":
    """The UTF-16 code units of a text."""
    units = []
    for character in text:
        code = ord(character)
        if code > 0xFFFF:
            units.append(0xD7C0 + (code >> 10))
            code = 0xDC00 | code & 0x3FF
        units.append(code)
    return units


def _is_wide(text: str) -> bool:
    """Whether a text has characters of two UTF-16 code units."""
    for character in text:  # noqa: SIM110 - a generator costs a board memory
        if ord(character) > 0xFFFF:
            return True
    return False


def less(left: object, right: object, or_equal: bool = False) -> bool:
    """``left < right``: by UTF-16 code units if both are strings, else as numbers; NaN is in no order."""
    left, right = _primitive(left), _primitive(right)
    if isinstance(left, str) and isinstance(right, str):
        if _is_wide(left) or _is_wide(right):
            a, b = _units(left), _units(right)
            return a <= b if or_equal else a < b
        return left <= right if or_equal else left < right
    x, y = to_number(left), to_number(right)
    return x <= y if or_equal else x < y


def property_key(key: object) -> "str | int":
    """A member's name; canonical array indices come as ``int``, so that ``a[0]`` and ``a['0']`` are one."""
    if isinstance(key, int) and not isinstance(key, bool):
        return key if 0 <= key <= _SAFE_INTEGER else to_string(key)
    text = key if isinstance(key, str) else to_string(key)
    if 0 < len(text) < 11 and is_digits(text) and (text == "0" or text[0] != "0"):
        return int(text)
    return text


def member(value: object, key: "str | int") -> object:
    """``value?.[key]`` for a key made by :func:`property_key`; ``UNDEFINED`` where nothing is."""
    if isinstance(value, dict):
        return value.get(key if isinstance(key, str) else str(key), UNDEFINED)
    if isinstance(value, list):
        if isinstance(key, int):
            return value[key] if key < len(value) else UNDEFINED
        return len(value) if key == "length" else UNDEFINED
    if isinstance(value, str):
        units = _units(value) if _is_wide(value) else value
        if key == "length":
            return len(units)
        if not isinstance(key, int) or key >= len(units):
            return UNDEFINED
        unit = units[key]
        return unit if isinstance(unit, str) else chr(unit)
    return UNDEFINED


def identical(left: object, right: object) -> bool:
    """If two values render the same everywhere: deep equality that keeps ``True`` and ``1`` apart."""
    if left is right:
        return True
    if isinstance(left, bool) or isinstance(right, bool):
        return type(left) is type(right) and left == right
    if isinstance(left, dict) and isinstance(right, dict):
        if len(left) != len(right):
            return False
        for name in left:  # noqa: SIM110 - a generator costs a board memory
            if not identical(left[name], right.get(name, UNDEFINED)):
                return False
        return True
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return False
        for index, value in enumerate(left):  # noqa: SIM110
            if not identical(value, right[index]):
                return False
        return True
    return bool(left == right)


def exported(value: object) -> object:
    """A value of an expression as a screen may have it: a copy of its own that JSON can carry."""
    if isinstance(value, float):
        return None if value != value or value in (_INFINITY, -_INFINITY) else value
    if isinstance(value, list):
        return [exported(item) for item in value]
    if isinstance(value, dict):
        return {name: exported(item) for name, item in value.items() if item is not UNDEFINED}
    return value if isinstance(value, (str, int, bool)) else None
