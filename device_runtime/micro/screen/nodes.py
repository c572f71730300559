# mypy: allow-any-generics, allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, no-warn-return-any
# mypy: disable-error-code="attr-defined"
"""What a page consists of at this moment, and what its parts hand on to what is in them."""

FOCUSED_TYPES = ("tap", "longpress", "change", "input")


class Context:
    """What children inherit: colour, scale of text, alignment, the colour behind them, and whether that is the filled
    one of what has the focus."""

    def __init__(self, ink: int, scale: int, align: str, ground: int, inverse: bool = False) -> None:
        self.ink = ink
        self.scale = scale
        self.align = align
        self.ground = ground
        self.inverse = inverse


def flattened(instance, children: tuple) -> list:
    """The nodes that stand somewhere, as ``(instance, offset)``: what is in fragments included."""
    found: list = []
    for child in children:
        if child >= 0:
            found.append((instance, child))
        else:
            for inner in instance.fragments[~child].instances():
                found += flattened(inner, inner.block.roots)
    return found


def is_focusable(plan: tuple) -> bool:
    """Whether an element (by its plan) does something when it is chosen."""
    if plan[1] in ("switch", "checkbox", "radio", "slider"):
        return True
    for kind in plan[4]:  # noqa: SIM110 - a generator costs a board memory
        if kind in FOCUSED_TYPES:
            return True
    return False
