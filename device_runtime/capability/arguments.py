"""Reading a program's arguments, which are hostile: each reader checks one argument and says what was expected.

A refusal reads as WeChat's do: ``parameter error: <what> must be …``.
"""

import math
import re
from collections.abc import Collection, Mapping

from device_runtime.capability.registry import CapabilityError
from device_runtime.values import Value

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_REPLACEMENT = "\ufffd"
_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")


def refuse(message: str) -> CapabilityError:
    """The error for a bad argument: one line, whatever of it is quoted."""
    return CapabilityError(f"parameter error: {_CONTROL.sub(_REPLACEMENT, message)}")


def text(arguments: Mapping[str, Value], name: str, most: int, default: str | None = None) -> str:
    """A string of at most ``most`` characters; ``default`` where it is absent, and required where that is ``None``."""
    value = arguments.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise refuse(f"{name} must be a string")
    if len(value) > most:
        raise refuse(f"{name} holds {len(value)} characters; at most {most} are allowed")
    return value


def choice(arguments: Mapping[str, Value], name: str, allowed: Collection[str], default: str) -> str:
    """One of ``allowed``, as it is written there."""
    value = arguments.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or value not in allowed:
        raise refuse(f"{name} must be one of {', '.join(sorted(allowed))}")
    return value


def flag(arguments: Mapping[str, Value], name: str, default: bool) -> bool:
    """A boolean."""
    value = arguments.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise refuse(f"{name} must be true or false")
    return value


def number(arguments: Mapping[str, Value], name: str, least: float, most: float, default: float) -> float:
    """A finite number; what is outside ``least`` to ``most`` is refused."""
    value = arguments.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise refuse(f"{name} must be a number")
    if not least <= value <= most:
        raise refuse(f"{name} must be from {least:g} to {most:g}")
    return float(value)


def colour(arguments: Mapping[str, Value], name: str, default: str) -> str:
    """A CSS colour in hexadecimal: nothing else may reach a style."""
    value = text(arguments, name, 9, default)
    if value != default and not _COLOUR.fullmatch(value):
        raise refuse(f"{name} must be a colour such as #1a2b3c")
    return value


def texts(arguments: Mapping[str, Value], name: str, most: int, each: int) -> list[str]:
    """A list of 1 to ``most`` strings of at most ``each`` characters."""
    value = arguments.get(name)
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise refuse(f"{name} must be a list of 1 to {most} strings")
    return [text({f"{name}[{index}]": item}, f"{name}[{index}]", each) for index, item in enumerate(value)]
