"""Selecting the rows of one device, of some, or of all."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, true

AT_ONCE = 500
"""So many values one statement names: SQLite takes at least 999."""


def of_devices(column: ColumnElement[Any], devices: str | Collection[str] | None) -> ColumnElement[bool]:
    """A condition: the column is this device, one of these (at most :data:`AT_ONCE`), or any (``None``)."""
    if devices is None:
        return true()
    return column == devices if isinstance(devices, str) else column.in_(list(devices))


def portions(devices: Sequence[str]) -> Iterator[Sequence[str]]:
    """The devices in portions that one statement may name."""
    for start in range(0, len(devices), AT_ONCE):
        yield devices[start : start + AT_ONCE]
