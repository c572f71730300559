"""Data paths: what a binding reads, what ``setData`` changes, and whether the two meet.

A path is a tuple of keys below a symbol. A symbol names a variable of one scope: a ``str`` for a member of the
scope's data, an ``int`` for a loop variable. A key is a ``str``, an ``int`` (an index), or :data:`ANY`.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

from device_runtime.values import Value
from device_runtime.view.errors import ViewError
from device_runtime.view.javascript import property_key

Symbol: TypeAlias = str | int
Key: TypeAlias = str | int | None
Path: TypeAlias = tuple[Key, ...]
Read: TypeAlias = tuple[Symbol, Path]
Changes: TypeAlias = dict[Symbol, list[Path]]
"""Per symbol, the paths below it that changed. ``()`` says that the value itself was replaced."""

ANY: Final = None
"""In a read, a key known only when the page runs. In a change, "anything below may have been written in place"."""

WHOLE: Final[list[Path]] = [()]
UNKNOWN: Final[list[Path]] = [(), (ANY,)]
"""The changes of a computed value: replaced, or written in place somewhere below; its old state is lost."""

MAX_INDEX = 99_999
_MAX_KEY_LENGTH = 1000
_STEP = re.compile(r"\.([^.\[\]]+)|\[([0-9]{1,9})\]")


def meets(read: Path, change: Path) -> bool:
    """Whether writing ``change`` can alter what reading ``read`` gives: one is the other's prefix."""
    for a, b in zip(read, change, strict=False):  # noqa: SIM110 - all() over a generator takes twice as long
        if a != b and a is not ANY and b is not ANY:
            return False
    return True


def below(prefix: Path, changes: Iterable[Path]) -> list[Path]:
    """``changes`` as they look to a value that lies at ``prefix``; empty if none concerns it."""
    seen: list[Path] = []
    for change in changes:
        if meets(prefix, change):
            seen += UNKNOWN if ANY in change[: len(prefix)] else [change[len(prefix) :]]
    return seen


def any_meets(reads: Iterable[Read], changes: Changes) -> bool:
    """Whether any of ``changes`` can alter any of ``reads``."""
    for symbol, read in reads:
        for change in changes.get(symbol, ()):
            if meets(read, change):
                return True
    return False


class ReadIndex:
    """Which of some numbered readers are concerned by a change."""

    __slots__ = ("_of_symbol", "_readers")

    def __init__(self, reads: list[frozenset[Read]]) -> None:
        self._readers: dict[Symbol, list[tuple[Path, int]]] = {}
        for number, paths in enumerate(reads):
            for symbol, path in sorted(paths, key=repr):
                self._readers.setdefault(symbol, []).append((path, number))
        self._of_symbol = {
            symbol: tuple(sorted({number for _, number in pairs})) for symbol, pairs in self._readers.items()
        }

    @property
    def reads(self) -> frozenset[Read]:
        """Every path that any of them reads."""
        return frozenset((symbol, path) for symbol, pairs in self._readers.items() for path, _ in pairs)

    def concerned(self, changes: Changes) -> Sequence[int]:
        """The numbers of those that read what changed, in order."""
        if len(changes) == 1:
            ((symbol, paths),) = changes.items()
            if () in paths:
                return self._of_symbol.get(symbol, ())
        found: set[int] = set()
        for symbol, paths in changes.items():
            if () in paths:
                found.update(self._of_symbol.get(symbol, ()))
                continue
            for read, number in self._readers.get(symbol, ()):
                if number not in found:
                    for path in paths:
                        if meets(read, path):
                            found.add(number)
                            break
        return sorted(found)


@lru_cache(maxsize=4096)
def parse_path(text: str) -> Path:
    """A ``setData`` key, ``"a"`` or ``"a.b[3].c"``, as a path that starts with the name of a member.

    Raises:
        ViewError: it is no path, or an index is larger than ``MAX_INDEX``.
    """
    keys: list[Key] = []
    end = 0
    if len(text) <= _MAX_KEY_LENGTH:
        for step in _STEP.finditer(f".{text}"):
            if step.start() != end:
                break
            end = step.end()
            keys.append(property_key(step[1]) if step[1] is not None else int(step[2]))
            if step[2] is not None and int(step[2]) > MAX_INDEX:
                raise ViewError(f"setData: {text[:80]!r} writes past item {MAX_INDEX}, the last that a list may have")
    if not keys or end != len(text) + 1 or text.startswith("["):
        raise ViewError(f"setData: {text[:80]!r} is not a data path; write it like 'name', 'a.b' or 'list[3].done'")
    if not isinstance(keys[0], str):
        keys[0] = str(keys[0])
    return tuple(keys)


def format_path(path: Path) -> str:
    """The text that :func:`parse_path` reads."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path[1:])
    return f"{path[0]}{text}"


def write(data: dict[str, Value], path: Path, value: Value) -> list[Path]:
    """Write ``value`` at ``path`` in place, making the objects and lists on the way.

    Returns the paths that changed: none if the same plain value was there already, else the path (or the one
    above, where something in the way had to be replaced), and the list's ``length`` if that grew.
    """
    container: Any = data
    changed: list[Path] = []
    for depth, key in enumerate(path[:-1]):
        following = _fetch(container, key)
        wanted = list if isinstance(path[depth + 1], int) else dict
        if type(following) is not wanted and not (type(following) is dict and wanted is list):
            following = wanted()
            grown = _store(container, key, following)
            changed = changed or _changed(path[: depth + 1], grown)
        container = following
    key = path[-1]
    if not changed and value is not None and type(value) not in (dict, list):
        present = _fetch(container, key)
        if type(present) is type(value) and present == value:
            return []
    grown = _store(container, key, value)
    return changed or _changed(path, grown)


def _changed(path: Path, grown: bool) -> list[Path]:
    return [path, (*path[:-1], "length")] if grown else [path]


def _fetch(container: Any, key: Key) -> Any:
    if type(container) is list:
        return container[key] if type(key) is int and key < len(container) else None
    return container.get(key if type(key) is str else str(key))


def _store(container: Any, key: Key, value: Any) -> bool:
    """Write one member; says if a list grew."""
    if type(container) is dict:
        container[key if type(key) is str else str(key)] = value
        return False
    index: Any = key
    if index < len(container):
        container[index] = value
        return False
    container.extend([None] * (index - len(container)))
    container.append(value)
    return True
