"""Data paths, the keys of ``set_data``: ``"a"``, ``"a.b[3].c"``."""

from .errors import ViewError
from .javascript import is_digits, property_key

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .shapes import Data, Key
except ImportError:
    pass

_MAX_INDEX = 9_999
_MAX_KEY_LENGTH = 1000


def parse_path(text: str) -> "list[Key]":
    """A key as a list that starts with the name of a member.

    Raises:
        ViewError: it is no path, or an index is larger than that of the last item that a list may have.
    """
    keys: list[Key] = []
    steps, at = "." + text, 0
    while at < len(steps) <= _MAX_KEY_LENGTH + 1:
        start = at + 1
        at = start
        if steps[start - 1] == ".":
            while at < len(steps) and steps[at] not in ".[]":
                at += 1
            if at == start:
                break
            keys.append(property_key(steps[start:at]))
        elif steps[start - 1] == "[" and keys:
            at = steps.find("]", start)
            digits = steps[start:at] if at > 0 else ""
            if not 0 < len(digits) < 10 or not is_digits(digits):
                break
            if int(digits) > _MAX_INDEX:
                raise ViewError(f"set_data: {text[:80]!r} writes past item {_MAX_INDEX}, the last that a list may have")
            keys.append(int(digits))
            at += 1
        else:
            break
    else:
        if keys and at == len(steps):
            keys[0] = str(keys[0])
            return keys
    raise ViewError(f"set_data: {text[:80]!r} is not a data path; write it like 'name', 'a.b' or 'list[3].done'")


def format_path(path: "list[Key]") -> str:
    """The text that :func:`parse_path` reads."""
    text = str(path[0])
    for key in path[1:]:
        text += f"[{key}]" if isinstance(key, int) else f".{key}"
    return text


def write_all(data: "Data", changes: "Data") -> "set[Key]":
    """Write ``changes`` (``set_data`` keys and values) to the data; gives the names of the members that they are in.

    Raises:
        ViewError: a key is no data path, and nothing is written.
    """
    paths = [(parse_path(key), key) for key in changes]
    # Dictionaries have no order on boards: what is around goes first.
    paths.sort(key=lambda pair: (len(pair[0]), pair[1]))
    changed: set[Key] = set()
    for path, key in paths:
        write(data, path, changes[key])
        changed.add(path[0])
    return changed


def write(data: "Data", path: "list[Key]", value: object) -> None:
    """Write ``value`` at ``path`` in place, making the objects and lists on the way."""
    container: Any = data
    for depth, key in enumerate(path[:-1]):
        following = _fetch(container, key)
        is_index = isinstance(path[depth + 1], int)
        if not isinstance(following, dict) and not (isinstance(following, list) and is_index):
            following = [] if is_index else {}
            _store(container, key, following)
        container = following
    _store(container, path[-1], value)


def _fetch(container: "dict[str, Any] | list[Any]", key: "Key") -> "Any":
    if isinstance(container, list):
        return container[key] if isinstance(key, int) and key < len(container) else None
    return container.get(key if isinstance(key, str) else str(key))


def _store(container: "dict[str, Any] | list[Any]", key: "Key", value: object) -> None:
    if isinstance(container, dict):
        container[key if isinstance(key, str) else str(key)] = value
        return
    while len(container) <= key:  # type: ignore[operator]  # lists are written to by numbers
        container.append(None)
    container[key] = value  # type: ignore[index]
