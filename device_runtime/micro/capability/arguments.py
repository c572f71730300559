"""Reading a program's arguments: each reader checks one and says what was expected, as on Linux."""

from ..program.errors import CapabilityError

try:
    from typing import TYPE_CHECKING, Any, TypeGuard

    if TYPE_CHECKING:
        from .shapes import Values
except ImportError:
    pass

_NAME = "_-."


def refuse(message: str) -> CapabilityError:
    """The error for a bad argument."""
    return CapabilityError("parameter error: " + message)


def text(values: "Values", name: str, most: int) -> str:
    """A string of at most ``most`` characters."""
    value = values.get(name)
    if not isinstance(value, str):
        raise refuse(f"{name} must be a string")
    if len(value) > most:
        raise refuse(f"{name} holds {len(value)} characters; at most {most} are allowed")
    return value


def number(values: "Values", name: str, least: float, most: float) -> float:
    """A number from ``least`` to ``most``."""
    value = values.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not least <= value <= most:
        raise refuse(f"{name} must be a number from {least} to {most}")
    return value


def choice(values: "Values", known: "dict[str, Any]", what: str) -> str:
    """``name``: one of the board's own names."""
    name = values.get("name")
    if not isinstance(name, str) or name not in known:
        raise refuse(f"this board has no {what} {name!r}; it has {', '.join(sorted(known))}")
    return name


def is_name(name: object) -> "TypeGuard[str]":
    """Whether it is a name as the fleet takes them."""
    if not isinstance(name, str) or not 0 < len(name) <= 64 or name[0] in "-.":
        return False
    for character in name:
        if not (character.isalpha() or character.isdigit() or character in _NAME) or ord(character) > 127:
            return False
    return True
