"""Selecting the rows of one device, of some, or of all."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, true

T = TypeVar("T")
AT_ONCE = 500
"""So many values one statement names: SQLite takes at least 999."""


def of_devices(column: ColumnElement[Any], devices: str | Collection[str] | None) -> ColumnElement[bool]:
    """A condition: the column is this device, one of these (at most :data:`AT_ONCE`), or any (``None``)."""
    if devices is None:
        return true()
    return column == devices if isinstance(devices, str) else column.in_(list(devices))


def portions(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Devices, or other values, in portions that one statement may name."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]
