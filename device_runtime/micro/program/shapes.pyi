"""What a program and its runtime hand each other. For type checkers alone: no board has this file."""

from collections.abc import Callable
from typing import Any, TypeAlias

from .stack import PageRecord

Invoke: TypeAlias = Callable[[str, dict[str, Any]], Any]
"""Answers a capability: its name, the values that it is given."""
Write: TypeAlias = Callable[[str, str, str], None]
"""Takes a line of the log: level, source, text."""
Move: TypeAlias = tuple[PageRecord | None, list[PageRecord], PageRecord | None, PageRecord]
"""``(hidden, unloaded, loaded, shown)``: what a step of the page stack does."""
Event: TypeAlias = tuple[int, int, str, dict[str, Any]]
"""``(page, node, type, detail)``."""
Due: TypeAlias = tuple[PageRecord, str, tuple[object, ...]]
"""Page, method and arguments of a timer that is due."""
