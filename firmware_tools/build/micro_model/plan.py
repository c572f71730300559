"""Where each tensor lies in the arena: planned ahead, so that nothing is allocated while a model runs."""

from collections.abc import Sequence
from dataclasses import dataclass

_ALIGNMENT = 4


@dataclass(eq=False)
class Place:
    """Room in the arena.

    Args:
        size: bytes.
        initial: what is in it at first and after a reset; it then keeps its room from then on.
        first, last: the first and last operator that touches it, numbered as they run.
    """

    size: int
    initial: bytes | None = None
    first: int = 1 << 30
    last: int = -1
    at: int = -1

    def touch(self, number: int) -> None:
        """Operator ``number`` needs it."""
        self.first, self.last = min(self.first, number), max(self.last, number)


def plan(places: Sequence[Place]) -> int:
    """Give each place its offset, the largest first, each as low as it fits; how many bytes all of them take.

    As the greedy planner of TensorFlow Lite Micro (memory_planner/greedy_memory_planner.h) does.
    """
    done: list[Place] = []
    order = sorted(
        range(len(places)), key=lambda number: (places[number].initial is None, -places[number].size, number)
    )
    for number in order:
        place = places[number]
        at = 0
        for other in sorted((each for each in done if _together(each, place)), key=lambda each: each.at):
            if at + place.size <= other.at:
                break
            at = max(at, other.at + other.size + _ALIGNMENT - 1 & -_ALIGNMENT)
        place.at = at
        done.append(place)
    return max((place.at + place.size for place in places), default=0)


def _together(one: Place, other: Place) -> bool:
    """Whether two places are needed at once."""
    if one.initial is not None or other.initial is not None:
        return True
    return one.first <= other.last and other.first <= one.last
