"""The values that cross borders between JavaScript, frames, patches and messages."""

from typing import TypeAlias

Value: TypeAlias = "bool | int | float | str | bytes | list[Value] | dict[str, Value] | None"
"""What JSON can say, and bytes. JavaScript ``undefined`` arrives as ``None``."""
