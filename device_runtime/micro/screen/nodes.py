"""What a page consists of at this moment."""

try:
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from ..view.blocks import Instance
        from ..view.shapes import Children, ElementNode, Place
except ImportError:
    pass

FOCUSED_TYPES = ("tap", "longpress", "change", "input")


def flattened(instance: "Instance", children: "Children") -> "list[Place]":
    """The nodes that stand somewhere, as ``(instance, offset)``: what is in fragments included."""
    found: list[Place] = []
    for child in children:
        if child >= 0:
            found.append((instance, child))
        else:
            for inner in instance.fragments[~child].instances():
                found += flattened(inner, inner.block.roots)
    return found


def is_focusable(plan: "ElementNode") -> bool:
    """Whether an element (by its plan) does something when it is chosen."""
    if plan[1] in ("switch", "checkbox", "radio", "slider"):
        return True
    for kind in plan[4]:  # noqa: SIM110 - a generator costs a board memory
        if kind in FOCUSED_TYPES:
            return True
    return False
