"""What the tuples and lists of a screen hold. For type checkers alone: no board has this file."""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from ..view.shapes import Place
from .layout import Layout
from .style import Context

Style: TypeAlias = dict[str, str]
"""Declarations by property."""
Thing: TypeAlias = tuple[int, int, int, int, int, int, int, str]
"""``(kind, x, y, w, h, ink, extra, text)``: see :mod:`.paint`."""
Spot: TypeAlias = tuple[int, int, int, int, int]
"""``(node, x, y, w, h)`` of what can have the focus."""
Region: TypeAlias = tuple[int, int, int, int]
"""``(x, y, w, h)``."""
Run: TypeAlias = tuple[str, int, int, int, bool]
"""``(text, ink, scale, node, keeps lines)``."""
Line: TypeAlias = list[list[Any]]
"""Parts of a line, each ``[text, ink, scale, node, width]``."""
States: TypeAlias = dict[int, Any]
"""What controls show, by their nodes, that the program did not set."""
Chosen: TypeAlias = tuple[int, int, str, dict[str, Any]]
"""``(page, node, type, detail)`` of what was chosen."""
Draw: TypeAlias = Callable[[Layout, Place, int, int, int, Context, Style, bool], int]
"""A control drawn at ``x``, ``y``, so wide, with what it inherits, its style and its focus: its height."""

class Frame(Protocol):
    """What is used of ``framebuf.FrameBuffer``."""

    def fill(self, colour: int, /) -> None: ...
    def fill_rect(self, x: int, y: int, width: int, height: int, colour: int, /) -> None: ...
    def rect(self, x: int, y: int, width: int, height: int, colour: int, /) -> None: ...
    def hline(self, x: int, y: int, width: int, colour: int, /) -> None: ...
    def vline(self, x: int, y: int, height: int, colour: int, /) -> None: ...
    def text(self, text: str, x: int, y: int, colour: int, /) -> None: ...
    def ellipse(self, x: int, y: int, wide: int, high: int, colour: int, fill: bool, quadrants: int, /) -> None: ...

class Display(Protocol):
    """What :class:`.paint.Painter` draws on."""

    width: int
    height: int
    mono: bool
    format: int
    align: int
    buffer: bytearray
    def bytes_of(self, width: int, rows: int) -> int: ...
    def ink(self, rgb: int) -> int: ...
    def send(self, x: int, y: int, width: int, rows: int, data: memoryview) -> None: ...
