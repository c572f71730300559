"""Which rows of a list stay, move, go and come: the difference of two lists of keys."""

NEW = -1


def match(old_keys: "list[str] | None", keys: "list[str] | None", old: int, new: int) -> "list[int]":
    """For each new row the position of the same old one, or ``NEW``: by key, or by position where there are none."""
    if old_keys is None or keys is None:
        return [position if position < old else NEW for position in range(new)]
    positions = {key: position for position, key in enumerate(old_keys)}
    return [positions.get(key, NEW) for key in keys]


def staying(matches: "list[int]") -> "set[int]":
    """The old positions that need not move: a longest rising subsequence of ``matches`` (patience sorting)."""
    tails: list[int] = []  # the smallest old position that ends a rising run of each length
    tail_at: list[int] = []  # where in matches that one is
    before = [NEW] * len(matches)
    for at, position in enumerate(matches):
        if position == NEW:
            continue
        low, high = 0, len(tails)
        while low < high:
            middle = (low + high) // 2
            if tails[middle] < position:
                low = middle + 1
            else:
                high = middle
        if low:
            before[at] = tail_at[low - 1]
        if low == len(tails):
            tails.append(position)
            tail_at.append(at)
        else:
            tails[low] = position
            tail_at[low] = at
    kept: set[int] = set()
    at = tail_at[-1] if tail_at else NEW
    while at != NEW:
        kept.add(matches[at])
        at = before[at]
    return kept
