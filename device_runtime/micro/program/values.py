"""The values that a program gives to its page and to the board: what JSON can say."""

try:
    from typing import Any
except ImportError:
    pass

_DEPTH = 16


def copied(value: object, where: str, depth: int = 0) -> "Any":
    """A copy of a program's value; a tuple becomes a list.

    Raises:
        TypeError: it holds something that a page cannot show, or is nested too deeply.
    """
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if depth > _DEPTH:
        raise TypeError(f"{where} is nested more than {_DEPTH} deep")
    if isinstance(value, (list, tuple)):
        return [copied(item, where, depth + 1) for item in value]
    if isinstance(value, dict):
        for name in value:
            if not isinstance(name, str):
                raise TypeError(f"{where} has a member {name!r}; names are texts")
        return {name: copied(item, where, depth + 1) for name, item in value.items()}
    raise TypeError(
        f"{where} holds a {type(value).__name__}; it may hold texts, numbers, True, False, None, lists and dictionaries"
    )
