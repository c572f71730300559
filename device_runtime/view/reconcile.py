"""Which rows of a list stay, move, go and come: the difference of two lists of keys."""

from bisect import bisect_left
from collections.abc import Hashable, Sequence

NEW = -1


def match_by_key(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[int]:
    """For each new key the position of the same old key, or ``NEW``. The keys of each side are unique."""
    if old == new:
        return list(range(len(new)))
    positions = {key: position for position, key in enumerate(old)}
    return [positions.get(key, NEW) for key in new]


def match_by_index(old: int, new: int) -> list[int]:
    """The match of lists without keys, of ``old`` and ``new`` items: by position."""
    return [position if position < old else NEW for position in range(new)]


def staying(matches: Sequence[int]) -> set[int]:
    """The old positions that need not move: a longest rising subsequence of ``matches`` (patience sorting)."""
    tails: list[int] = []  # the smallest old position that ends a rising run of each length
    tail_at: list[int] = []  # where in matches that one is
    before: list[int] = [NEW] * len(matches)
    for at, position in enumerate(matches):
        if position == NEW:
            continue
        length = bisect_left(tails, position)
        if length:
            before[at] = tail_at[length - 1]
        if length == len(tails):
            tails.append(position)
            tail_at.append(at)
        else:
            tails[length] = position
            tail_at[length] = at
    kept: set[int] = set()
    at = tail_at[-1] if tail_at else NEW
    while at != NEW:
        kept.add(matches[at])
        at = before[at]
    return kept


def rearrange(present: Sequence[int], wanted: Sequence[int]) -> list[tuple[int, int]]:
    """The moves that make ``wanted`` of ``present``, each a node and its index once it has been taken out.

    All that is present is wanted; what else is wanted comes from elsewhere. Moves as few as can be.
    """
    if len(present) == len(wanted) and list(present) == list(wanted):
        return []
    position_of = {node: position for position, node in enumerate(present)}
    matches = [position_of.get(node, NEW) for node in wanted]
    kept = staying(matches)
    moves: list[tuple[int, int]] = []
    passed: set[int] = set()  # positions of moving nodes that stand before the place to fill
    moved: set[int] = set()
    cursor = 0
    index = 0
    for node, match in zip(wanted, matches, strict=True):
        if match in kept:
            while cursor < match:
                if cursor not in moved:
                    passed.add(cursor)
                    index += 1
                cursor += 1
            cursor += 1
            index += 1
            continue
        if match == NEW:
            moves.append((node, index))
            index += 1
            continue
        moved.add(match)
        # Taking out a node that stands before the place shifts the rest down by one.
        if match in passed:
            moves.append((node, index - 1))
        else:
            moves.append((node, index))
            index += 1
    return moves
