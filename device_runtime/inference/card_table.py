"""Tables of a model card's TOML, each with its place in the file, so that every complaint can name it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from device_runtime.errors import CygnetError

_KINDS = {str: "a string", int: "a whole number", float: "a number", list: "a list", dict: "a table", bool: "a boolean"}


class CardError(CygnetError):
    """A model card breaks its schema; the message names the file, the key and what was expected."""


class Table:
    """One table of the file ``file``; ``path`` is where it stands there, as TOML has it (``inputs[0]``)."""

    def __init__(self, file: Path, path: str, table: Mapping[str, Any]) -> None:
        self.file, self.path, self.table = file, path, table

    def fault(self, key: str, expected: str, value: object = None) -> CardError:
        """What to raise about a key of this table."""
        place = ascii(f"{self.path}.{key}" if self.path else key)[1:-1][:200]
        found = "is missing" if value is None else f"is {str(value)[:60]!r}"
        return CardError(f"{self.file}: {place} {found}; expected {expected}")

    def value(self, key: str, kind: type, default: Any = None) -> Any:
        """The value of ``key``, of that type; without a default the key must be there."""
        value = self.table.get(key, default)
        if value is None:
            raise self.fault(key, _KINDS[kind])
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise self.fault(key, _KINDS[kind], value)
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A string."""
        value: str = self.value(key, str, default)
        return value

    def whole(self, key: str, default: int | None = None) -> int:
        """A whole number."""
        value: int = self.value(key, int, default)
        return value

    def count(self, key: str, default: int | None = None) -> int:
        """A whole number, 0 to 2**53."""
        value = self.whole(key, default)
        if not 0 <= value <= 2**53:
            raise self.fault(key, "a whole number of at least 0", value)
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A number; a whole one will do."""
        value = self.table.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
            return float(value)
        number: float = self.value(key, float, value)
        return number

    def table_at(self, key: str, *, required: bool) -> "Table":
        """The table at ``key``; an empty one where it is missing and not required."""
        return Table(self.file, f"{self.path}.{key}".strip("."), self.value(key, dict, None if required else {}))

    def tables(self, key: str) -> list["Table"]:
        """The tables of the list at ``key``; none where it is missing."""
        entries = self.value(key, list, [])
        for index, entry in enumerate(entries):
            if not isinstance(entry, dict):
                raise self.fault(f"{key}[{index}]", "a table", entry)
        return [Table(self.file, f"{key}[{index}]", entry) for index, entry in enumerate(entries)]

    def strings(self, key: str) -> tuple[str, ...]:
        """The strings of the list at ``key``; none where it is missing."""
        entries = self.value(key, list, [])
        for index, entry in enumerate(entries):
            if not isinstance(entry, str):
                raise self.fault(f"{key}[{index}]", "a string", entry)
        return tuple(entries)

    def allow(self, *keys: str) -> None:
        """Refuse every other key."""
        for key in self.table:
            if key not in keys:
                raise self.fault(key, f"one of the keys {', '.join(sorted(keys))}", "not a known key")
