"""Operations that one batch makes superfluous: what is done to a node that the batch inserts."""

from collections.abc import Sequence

from device_runtime.view.patches import Operation


def compact(operations: Sequence[Operation]) -> list[Operation]:
    """Fewer operations that make the same tree (of the limbo, with its children in any order)."""
    return list(operations)
