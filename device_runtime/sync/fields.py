"""Reading JSON from peers that are not trusted: each member's type, range and form, or one sentence of refusal."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from device_runtime.errors import CygnetError
from device_runtime.values import Value

MAX_INTEGER = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly (RFC 8259, section 6)."""
MAX_DEPTH = 16
"""How deep lists and objects may nest in a free value (a setting, a telemetry value)."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_MISSING: Any = object()


class ProtocolError(CygnetError):
    """A message or topic breaks the protocol; it is dropped and counted, and nothing changes."""


class Fields:
    """The members of one JSON object; ``where`` names it in errors (``desired: programs.weather``).

    Members that are not asked for are ignored, so that an older reader understands a newer writer. Each method
    raises :class:`ProtocolError` when the member is missing (and no ``default`` is given) or breaks its rule.
    """

    def __init__(self, document: object, where: str) -> None:
        if not isinstance(document, dict):
            raise ProtocolError(f"{where} must be a JSON object, not {shorten(document)}")
        self._document: dict[str, Any] = document
        self._where = where

    def integer(self, name: str, low: int = 0, high: int = MAX_INTEGER, default: int = _MISSING) -> int:
        """A whole number from ``low`` to ``high``."""
        value = self._value(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self._refuse(name, f"a whole number from {low} to {high}", value)
        return value

    def number(self, name: str, low: float, high: float) -> float:
        """A finite number from ``low`` to ``high``."""
        value = self._value(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            self._refuse(name, f"a number from {low:g} to {high:g}", value)
        return float(value)

    def boolean(self, name: str, default: bool = _MISSING) -> bool:
        """``true`` or ``false``."""
        value = self._value(name, default)
        if not isinstance(value, bool):
            self._refuse(name, "true or false", value)
        return value

    def text(self, name: str, longest: int, default: str = _MISSING) -> str:
        """A string of at most ``longest`` characters on one line: no control characters, no lone surrogates."""
        value = self._value(name, default)
        if not isinstance(value, str) or len(value) > longest or _CONTROL.search(value):
            self._refuse(name, f"one line of at most {longest} characters", value)
        return value

    def form(self, name: str, pattern: re.Pattern[str], expected: str) -> str:
        """A string that ``pattern`` matches whole; ``expected`` describes it in errors."""
        value = self._value(name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self._refuse(name, expected, value)
        return value

    def mapping(self, name: str, most: int, default: Mapping[str, Any] = _MISSING) -> Mapping[str, Any]:
        """A JSON object of at most ``most`` members, each still to be checked."""
        value = self._value(name, default)
        if not isinstance(value, dict) or len(value) > most:
            self._refuse(name, f"a JSON object of at most {most} members", value)
        return value

    def sequence(self, name: str, most: int) -> list[Any]:
        """A list of 1 to ``most`` items, each still to be checked."""
        value = self._value(name)
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            self._refuse(name, f"a list of 1 to {most} items", value)
        return value

    def items(self, name: str, most: int) -> list[Any]:
        """A list of at most ``most`` items, maybe none, each still to be checked."""
        value = self._value(name)
        if not isinstance(value, list) or len(value) > most:
            self._refuse(name, f"a list of at most {most} items", value)
        return value

    def values(self, name: str, most: int, default: Mapping[str, Any] = _MISSING) -> dict[str, Value]:
        """A JSON object of free values: finite numbers, clean strings, nested at most :data:`MAX_DEPTH` deep."""
        members = self.mapping(name, most, default)
        if not _is_clean(members, MAX_DEPTH):
            raise ProtocolError(
                f"{self._where}: {name} holds what JSON cannot carry, or nests more than {MAX_DEPTH} levels deep"
            )
        return dict(members)

    def has(self, name: str) -> bool:
        """Whether the member is there and not null."""
        return self._document.get(name) is not None

    def _value(self, name: str, default: Any = _MISSING) -> Any:
        value = self._document.get(name, default)
        if value is _MISSING:
            raise ProtocolError(f"{self._where}: the member {name} is missing")
        return value

    def _refuse(self, name: str, expected: str, value: object) -> NoReturn:
        raise ProtocolError(f"{self._where}: {name} must be {expected}, not {shorten(value)}")


def parse_object(payload: bytes, where: str, longest: int) -> Fields:
    """The JSON object in a payload of at most ``longest`` bytes.

    Raises:
        ProtocolError: too long, not UTF-8, not JSON, or not an object.
    """
    return Fields(parse_json(payload, where, longest), where)


def parse_json(payload: bytes, where: str, longest: int) -> object:
    """The JSON in a payload; see :func:`parse_object`."""
    if len(payload) > longest:
        raise ProtocolError(f"{where} of {len(payload)} bytes is longer than {longest} bytes")
    try:
        return json.loads(payload.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"{where} is not JSON: {error}") from error


def canonical_json(document: object) -> bytes:
    """The bytes that are signed: UTF-8, keys sorted by code point, no white space, numbers as Python prints them.

    Raises:
        ProtocolError: the document holds what JSON cannot say (bytes, infinity, a lone surrogate).
    """
    try:
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ProtocolError(f"this cannot be written as JSON: {error}") from error


def one_line(text: object, longest: int) -> str:
    """Our own text as :meth:`Fields.text` takes it: control characters become spaces, the end is cut off."""
    return _CONTROL.sub(" ", str(text))[:longest]


def shorten(value: object) -> str:
    """A value from a peer, printable and short enough for a log line."""
    text = ascii(value) if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _is_clean(value: object, depth: int) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int):
        return -MAX_INTEGER <= value <= MAX_INTEGER
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    if depth == 0:
        return False
    if isinstance(value, list | tuple):
        return all(_is_clean(item, depth - 1) for item in value)
    if isinstance(value, dict):
        return all(
            isinstance(name, str) and _is_clean(name, 0) and _is_clean(item, depth - 1) for name, item in value.items()
        )
    return False
