"""What programs have drawn on their canvases: kept, so that a screen that comes later can draw it again."""

from collections.abc import Iterator, Sequence

from device_runtime.values import Value
from device_runtime.view.patches import Operation
from device_runtime.view.stamps import expanded

MAX_COMMANDS = 20_000
"""Kept of one canvas since it was last cleared; of a longer drawing a late screen gets the end."""


class Drawings:
    """The commands of each canvas by page and node, since the canvas was last empty."""

    def __init__(self) -> None:
        self._commands: dict[int, dict[int, list[Value]]] = {}

    def add(self, page: int, node: int, commands: Sequence[Value], opening: Sequence[Value] | None) -> None:
        """The program has drawn. Where it cleared the canvas first, ``opening`` is what makes a new canvas ready for
        ``commands``, and nothing older counts."""
        drawn = self._commands.setdefault(page, {}).setdefault(node, [])
        if opening is not None:
            drawn[:] = opening
        drawn += commands
        if len(drawn) > MAX_COMMANDS:
            del drawn[:-MAX_COMMANDS]

    def operations(self, page: int, snapshot: Sequence[Operation]) -> list[Operation]:
        """What draws the canvases again that are in ``snapshot``; those that are not are forgotten."""
        drawings = self._commands.get(page)
        if not drawings:
            return []
        present = {
            node for operation in expanded(snapshot) if operation[0] == "insert" for node in _elements(operation[3])
        }
        for gone in set(drawings) - present:
            del drawings[gone]
        return [["call", node, "draw", [list(commands)]] for node, commands in drawings.items()]

    def forget(self, page: int) -> None:
        """The page is closed."""
        self._commands.pop(page, None)


def _elements(node: Value) -> Iterator[int]:
    """The ids of an element and of those below it."""
    if isinstance(node, list) and len(node) == 5 and isinstance(node[0], int):
        yield node[0]
        children = node[4]
        for child in children if isinstance(children, list) else []:
            yield from _elements(child)
