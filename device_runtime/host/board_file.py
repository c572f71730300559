"""Reading a configuration file into a schema of dataclasses; a fault is told with its line and the nearest right key.

A schema's field is made with ``key``: its type, default, range and meaning are checked and documented from there.
"""

import dataclasses
import difflib
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal, TypeVar

from device_runtime.errors import CygnetError

T = TypeVar("T")
_NAMES = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}


class BoardError(CygnetError):
    """A board configuration is faulty; the message names the file, the line, and what was expected."""


def key(
    doc: str, default: Any = dataclasses.MISSING, minimum: float | None = None, maximum: float | None = None
) -> Any:
    """A key of a schema; without a default it must be written."""
    return field(default=default, metadata={"doc": doc, "minimum": minimum, "maximum": maximum})


def table_key(doc: str) -> Any:
    """A key that maps names, which the author chooses, to values; empty by default."""
    return field(default_factory=dict, metadata={"doc": doc, "minimum": None, "maximum": None})


class BoardFile:
    """One file: its text, its tables, and where in it a key stands.

    Raises:
        BoardError: it cannot be read, or is not TOML.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            text = path.read_text(encoding="utf-8")
            self.document: dict[str, Any] = tomllib.loads(text)
        except OSError as error:
            raise BoardError(f"{path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise BoardError(f"{path} is not UTF-8 text") from error
        except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, and lists in lists
            raise BoardError(f"{path}: not TOML: {error}") from error
        self._lines = text.splitlines()

    def read(self, schema: type[T]) -> T:
        """What the file says, by a schema.

        Raises:
            BoardError: it has an unknown, missing or wrong key.
        """
        return self._table(schema, self.document, ())

    def fault(self, where: tuple[str, ...], sentence: str) -> BoardError:
        """An error about the key at ``where``, with file and line."""
        return BoardError(f"{self._path}:{self._line(where)}: {sentence}")

    def _table(self, schema: type[T], table: Mapping[str, Any], where: tuple[str, ...]) -> T:
        fields = {item.name: item for item in dataclasses.fields(schema)}  # type: ignore[arg-type]
        kinds = typing.get_type_hints(schema)
        for name in table:
            if name not in fields:
                nearest = difflib.get_close_matches(name, fields, 1, 0.5)
                hint = f"did you mean {nearest[0]!r}?" if nearest else f"known here are {', '.join(fields)}"
                raise self.fault((*where, name), f"unknown key {'.'.join((*where, name))!r}; {hint}")
        values = {}
        for name, item in fields.items():
            if name in table:
                values[name] = self._value(kinds[name], table[name], (*where, name), item.metadata)
            elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
                raise self.fault(where, f"the key {'.'.join((*where, name))!r} is missing: {item.metadata['doc']}")
        return schema(**values)

    def _value(self, kind: Any, value: Any, where: tuple[str, ...], rules: Mapping[str, Any]) -> Any:
        name = ".".join(where)
        if dataclasses.is_dataclass(kind):
            if not isinstance(value, dict):
                raise self.fault(where, f"{name!r} must be a table, [{name}]")
            return self._table(typing.cast("type[Any]", kind), value, where)
        origin, choices = typing.get_origin(kind), typing.get_args(kind)
        if origin is Literal:
            if value not in choices:
                raise self.fault(where, f"{name!r} must be one of {', '.join(map(repr, choices))}, not {value!r}")
            return value
        if origin in {types.UnionType, typing.Union}:
            return self._one_of(choices, value, where, rules)
        if origin is tuple:
            if not isinstance(value, list):
                raise self.fault(where, f"{name!r} must be a list")
            return tuple(self._value(choices[0], item, where, rules) for item in value)
        if origin is not None:
            return self._named(choices[1], value, where, rules)
        if kind is float and type(value) is int and abs(value) < 2**53:
            value = float(value)
        if type(value) is not kind:
            raise self.fault(where, f"{name!r} must be {_NAMES[kind]}, not {value!r}")
        low, high = rules["minimum"], rules["maximum"]
        if kind is not str and low is not None and high is not None and not low <= value <= high:
            raise self.fault(where, f"{name!r} must be between {low} and {high}, not {value}")
        return value

    def _one_of(self, kinds: tuple[Any, ...], value: Any, where: tuple[str, ...], rules: Mapping[str, Any]) -> Any:
        """A value that may have several types; TOML has no null, so `None` is never written."""
        written = [kind for kind in kinds if kind is not type(None)]
        if len(written) > 1 and type(value) not in written:
            names = " or ".join(_NAMES[kind] for kind in written)
            raise self.fault(where, f"{'.'.join(where)!r} must be {names}, not {value!r}")
        return self._value(type(value) if len(written) > 1 else written[0], value, where, rules)

    def _named(self, kind: Any, value: Any, where: tuple[str, ...], rules: Mapping[str, Any]) -> Any:
        """A table whose keys the author chose."""
        name = ".".join(where)
        if kind is str:
            if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
                raise self.fault(where, f"{name!r} must be a table of strings")
        elif not isinstance(value, dict):
            raise self.fault(where, f"{name!r} must be a table of tables, [{name}.NAME]")
        return types.MappingProxyType(
            {chosen: self._value(kind, item, (*where, chosen), rules) for chosen, item in value.items()}
        )

    def _line(self, where: tuple[str, ...]) -> int:
        """The line on which a key or table first stands, be it as a header, under one, or in dotted form."""
        wanted, table = ".".join(where), ""
        for number, line in enumerate(self._lines, 1):
            header = re.match(r"\s*\[([^\]]+)\]", line)
            assignment = re.match(r"""\s*([\w.\-"']+)\s*=""", line)
            if header:
                found = table = re.sub(r"[\s\"']", "", header[1])
            elif assignment:
                found = ".".join(filter(None, (table, re.sub(r"[\"']", "", assignment[1]))))
            else:
                continue
            if found == wanted or found.startswith(f"{wanted}."):
                return number
        return 1
