"""What the tuples and lists of a template hold. For type checkers alone: no board has this file."""

from collections.abc import Callable, Generator
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from .blocks import Instance
from .template import Block

T = TypeVar("T")

Step: TypeAlias = Generator[Any, Any, T]
"""What :mod:`.trampoline` runs: it yields others like it, is sent what they return, and returns ``T``."""

Environment: TypeAlias = list[Any]
"""``[data, outer]``, and in a row of a loop ``item`` and ``index`` behind them."""
Evaluator: TypeAlias = Callable[["Expression", Environment], object]
Expression: TypeAlias = tuple[Evaluator, *tuple[Any, ...]]
Reads: TypeAlias = tuple[str, ...]
"""Members of the data."""
Members: TypeAlias = tuple[tuple[str, Expression], ...]
Variable: TypeAlias = tuple[int, int, Reads]
"""Level, slot, and what it reads."""
Scope: TypeAlias = tuple[int, dict[str, Variable]]

Key: TypeAlias = str | int
"""The name of a member, or the index of an item."""
Data: TypeAlias = dict[str, Any]
"""A document as JSON has it."""

Children: TypeAlias = tuple[int, ...]
"""Offsets of nodes, or ``~number`` of a fragment."""
Handler: TypeAlias = tuple[str, str, Expression]
"""Type of event, phase, and the name of the method."""
TextNode: TypeAlias = tuple[int, str, int]
ElementNode: TypeAlias = tuple[
    int,
    str,
    dict[str, Any],
    tuple[tuple[str, int], ...],
    list[str],
    Children,
    tuple[Handler, ...],
    Members,
    Members,
]
Node: TypeAlias = TextNode | ElementNode
"""See :class:`.template.Block`."""
Binding: TypeAlias = tuple[int, str | None, int, Expression, Reads]

Site: TypeAlias = tuple[int, int, tuple[int, ...]]
"""The offset of the parent, the number of nodes before it there, and the numbers of the fragments before it."""
Branches: TypeAlias = tuple[tuple[Expression | None, Block], ...]
IfProgram: TypeAlias = tuple[Literal["if"], Site, Branches, Reads, Reads]
ForProgram: TypeAlias = tuple[Literal["for"], Site, Expression, Reads, Block, list[Key] | None, str, Reads]
TemplateProgram: TypeAlias = tuple[Literal["template"], Site, Expression, Expression | None, int, Reads, Reads]
Program: TypeAlias = IfProgram | ForProgram | TemplateProgram
"""The instruction that a fragment is of."""

Operation: TypeAlias = list[Any]
"""``[name, …]`` as screens take it."""
Changed: TypeAlias = set[Key] | None
"""Members of the data that may be others now; ``None``: any."""
Place: TypeAlias = tuple[Instance, int]
"""A node: its instance, and its offset there."""
Call: TypeAlias = tuple[str, Data, Data]
"""The name of a handler, its target and its current target."""

class Fragment(Protocol):
    """What stands where an ``if``, ``for`` or ``template`` is."""

    @property
    def program(self) -> Program: ...
    owner: Instance
    def start(self) -> Step[None]: ...
    def instances(self) -> list[Instance]: ...
    def count(self) -> int: ...
    def root_ids(self, found: list[int]) -> None: ...
    def nodes(self, found: list[Operation]) -> None: ...
    def offset_of(self, instance: Instance, /) -> int: ...
    def discard(self) -> None: ...
    def update(self, changed: Changed, operations: list[Operation] | None) -> Step[None]: ...
