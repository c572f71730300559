"""Stamps: rows of a loop that a screen makes by itself, from their shape, told once, and what each row puts into it.

A stamp ``[shape, rows]`` stands wherever a node may (:mod:`device_runtime.view.patches`), for the nodes of its rows
side by side. The shape is a list of nodes whose ids count from the row's first one, and which name the row's values by
number: ``[offset, text]`` with a string that is always the same or the number of a value, or ``[offset, tag,
attributes, bound, events, children]`` with ``bound`` a list of ``[attribute, number]``. A row is ``[first id,
*values]``; an attribute whose value is ``None`` is left out.

Of 1,000 rows with three values it takes a third of the bytes of their nodes, and next to no time.
"""

from collections.abc import Sequence
from typing import Any, Final

from device_runtime.values import Value
from device_runtime.view.patches import Node, Operation

FEWEST_ROWS: Final = 8
"""Fewer rows are nodes like others: shape and rows together would be no shorter."""


def is_stamp(node: Node) -> bool:
    """Whether what stands for a node is a stamp."""
    return isinstance(node[0], list)


def width(node: Node) -> int:
    """How many nodes side by side it is."""
    shape: Any = node[0]
    rows: Any = node[1]
    return len(shape) * len(rows) if isinstance(shape, list) else 1


def insertions(nodes: Sequence[Node], parent: int, index: int) -> list[Operation]:
    """The operations that insert nodes and stamps side by side."""
    operations: list[Operation] = []
    for node in nodes:
        operations.append(["insert", parent, index, node])
        index += width(node)
    return operations


def expanded(operations: Sequence[Operation]) -> list[Operation]:
    """The same operations without stamps."""
    result: list[Operation] = []
    for operation in operations:
        if operation[0] == "insert":
            _, parent, index, node = operation
            result += insertions(unstamped([node]), parent, index)  # type: ignore[list-item,arg-type]
        else:
            result.append(operation)
    return result


def unstamped(nodes: Sequence[Node]) -> list[Node]:
    """Nodes, and those that stamps stand for, with all below them."""
    result: list[Node] = []
    for node in side_by_side(nodes):
        if len(node) == 2:
            result.append(node)
        else:
            number, tag, attributes, events, children = node
            below: list[Value] = [*unstamped(children)]  # type: ignore[arg-type]
            result.append([number, tag, attributes, events, below])
    return result


def side_by_side(nodes: Sequence[Node]) -> list[Node]:
    """Nodes, and those that stamps among them stand for; below them, stamps stay."""
    result: list[Node] = []
    for node in nodes:
        if is_stamp(node):
            shape, rows = node
            result += [_stamped(one, row) for row in rows for one in shape]  # type: ignore[union-attr]
        else:
            result.append(node)
    return result


def _stamped(shape: Any, row: Any) -> Node:
    if len(shape) == 2:
        offset, text = shape
        return [row[0] + offset, row[1 + text] if isinstance(text, int) else text]
    offset, tag, attributes, bound, events, children = shape
    made = dict(attributes)
    for name, number in bound:
        if row[1 + number] is not None:
            made[name] = row[1 + number]
    return [row[0] + offset, tag, made, events, [_stamped(child, row) for child in children]]
