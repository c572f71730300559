"""What the parts of a board have to do with. For type checkers alone: no board has this file."""

from collections.abc import Callable
from typing import Any, TypeAlias

from .pins import Hardware
from .simulated import Simulated

Pins: TypeAlias = Hardware | Simulated
Values: TypeAlias = dict[str, Any]
"""What a program gives to a capability, by name: as JSON has it."""
Provider: TypeAlias = Callable[[Values], Any]
"""Answers one capability."""
