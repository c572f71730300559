"""Reading the members of a JSON document that is not trusted, with errors that name them."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from device_runtime.errors import CygnetError

Path = tuple[str | int, ...]

MAX_INTEGER = 2**53 - 1
_ROUTE = re.compile(r"[^/\\\x00-\x1f][^\\\x00-\x1f]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_KINDS = {str: "a string", int: "a whole number", bool: "true or false", list: "a list", dict: "a JSON object"}


class ManifestError(CygnetError):
    """The manifest breaks its contract; the message names the member and what was expected."""


class MemberError(ManifestError):
    """As the above, before its line is known: ``path`` leads to the member, ``reason`` says what was expected."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"manifest.json: {reason}")
        self.path = path
        self.reason = reason


def written(path: Path) -> str:
    """``window.x``, ``icons[0].src``; on one line, whatever an author calls a member."""
    text = ""
    for step in path:
        name = step if isinstance(step, int) or step.isprintable() else ascii(step)
        text += f"[{step}]" if isinstance(step, int) else f".{name}"[:80]
    return text.removeprefix(".")


def shown(value: Any) -> str:
    """A value as a message quotes it."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:60]}…"


class Members:
    """One JSON object of the document; ``path`` leads to it."""

    def __init__(self, document: Mapping[str, Any], path: Path = ()) -> None:
        self._document = document
        self._path = path

    def path(self, name: str) -> Path:
        """The path of a member."""
        return (*self._path, name)

    def has(self, name: str) -> bool:
        """Whether a member is there; ``null`` counts as absent."""
        return self._document.get(name) is not None

    def value(self, name: str) -> Any:
        """A member as it is, or None."""
        return self._document.get(name)

    def fault(self, name: str, expected: str) -> MemberError:
        """The error about a member that is there."""
        path = self.path(name)
        return MemberError(path, f"{written(path)} must be {expected}, not {shown(self._document.get(name))}")

    def _read(self, name: str, kind: type, default: Any) -> Any:
        value = self._document.get(name)
        if value is None:
            if default is None:
                path = self.path(name)
                raise MemberError(path, f"the member {written(path)} is missing; it must be {_KINDS[kind]}")
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.fault(name, _KINDS[kind])
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """A string. Here as below, a member that is absent is an error unless there is a default."""
        value: str = self._read(name, str, default)
        return value

    def filled(self, name: str, default: str | None = None) -> str:
        """A string that is not empty."""
        value = self.text(name, default)
        if not value and self.has(name):
            raise self.fault(name, "a string that is not empty")
        return value

    def one_of(self, name: str, allowed: Sequence[str], default: str | None = None) -> str:
        """One of a few words."""
        value = self.text(name, default)
        if self.has(name) and value not in allowed:
            raise self.fault(name, " or ".join([", ".join(map(shown, allowed[:-1])), shown(allowed[-1])]))
        return value

    def matching(self, name: str, pattern: re.Pattern[str], expected: str, default: str | None = None) -> str:
        """A string of a form, which ``expected`` puts into words."""
        value = self.text(name, default)
        if self.has(name) and not pattern.fullmatch(value):
            raise self.fault(name, expected)
        return value

    def number(self, name: str, least: int, default: int | None = None) -> int:
        """A whole number from ``least`` on, that fleets and scripts can keep."""
        value: int = self._read(name, int, default)
        if self.has(name) and not least <= value <= MAX_INTEGER:
            raise self.fault(name, f"a whole number from {least} on" if value < least else f"at most {MAX_INTEGER}")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """True or false."""
        value: bool = self._read(name, bool, default)
        return value

    def inner(self, name: str) -> "Members":
        """A JSON object; one that is absent has no members."""
        return Members(self.raw(name), self.path(name))

    def raw(self, name: str) -> Mapping[str, Any]:
        """A JSON object as it is; empty where it is absent."""
        value: Mapping[str, Any] = self._read(name, dict, {})
        return value

    def names(self) -> Iterable[str]:
        """The names of all members."""
        return self._document.keys()

    def only(self, known: Sequence[str]) -> None:
        """Check that there are no other members, where one that is not understood would change what the rest means.

        Raises:
            MemberError: there is one.
        """
        for name in self._document:
            if name not in known:
                path = self.path(name)
                raise MemberError(path, f"{written(path)} means nothing; {written(self._path)} has {', '.join(known)}")

    def objects(self, name: str, *, required: bool = False) -> list["Members"]:
        """A list of JSON objects."""
        items = self._read(name, list, None if required else [])
        for index, item in enumerate(items):
            if not isinstance(item, dict):
                path = (*self.path(name), index)
                raise MemberError(path, f"{written(path)} must be a JSON object, not {shown(item)}")
        return [Members(item, (*self.path(name), index)) for index, item in enumerate(items)]

    def strings(self, name: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of strings that are not empty."""
        items = self._read(name, list, None if required else [])
        return self.each(name, items, lambda item: None if item else "a string that is not empty")

    def routes(self, name: str) -> tuple[str, ...]:
        """A list of paths inside the program, at least one."""
        items = self._read(name, list, None)
        if not items:
            raise self.fault(name, "a list of at least one page")
        return self.each(name, items, _route_fault)

    def inside(self, name: str) -> str:
        """A path inside the program."""
        value = self.filled(name)
        expected = _route_fault(value)
        if expected is not None:
            raise self.fault(name, expected)
        return value

    def each(self, name: str, items: list[Any], fault: Callable[[str], str | None]) -> tuple[str, ...]:
        """``items`` if all of them are strings in which ``fault`` finds nothing, that is, says nothing to expect."""
        for index, item in enumerate(items):
            expected = fault(item) if isinstance(item, str) else "a string"
            if expected is not None:
                path = (*self.path(name), index)
                raise MemberError(path, f"{written(path)} must be {expected}, not {shown(item)}")
        return tuple(items)


def _route_fault(route: str) -> str | None:
    if not _ROUTE.fullmatch(route) or ".." in route.split("/") or _SCHEME.match(route):
        return "a path inside the program"
    return None
