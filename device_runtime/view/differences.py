"""The operations that make one picture of a page into another, where all that is known are the two.

A **picture** is a page as it is to be seen: nodes by id, from the root down, without what is in limbo. Many changes
that came one after the other become the few that are left of them; a node that comes and goes between is never told.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from device_runtime.values import Value
from device_runtime.view.mirror import MirrorNode
from device_runtime.view.patches import ROOT_ID


@dataclass(frozen=True, slots=True)
class Seen:
    """A node of a picture: an element, or a text (whose ``tag`` is empty); ``parent`` of the root is its own id."""

    id: int
    parent: int
    tag: str
    text: str
    attributes: Mapping[str, Value]
    children: tuple[int, ...]


Picture: TypeAlias = dict[int, Seen]
EMPTY: Picture = {ROOT_ID: Seen(ROOT_ID, ROOT_ID, "page", "", {}, ())}
"""A page before anything is on it."""


def picture_of(root: MirrorNode, look: Callable[[MirrorNode], Mapping[str, Value] | None]) -> Picture:
    """What is to be seen at and below a page's root; ``look`` gives the attributes of an element, or ``None`` for one
    that is left out, with all below it."""
    picture: Picture = {}
    waiting = [(root, root.id, look(root) or {})]
    while waiting:
        node, parent, looks = waiting.pop()
        attributes = {name: value for name, value in looks.items() if value is not None}
        looked = [(child, look(child) if child.tag else {}) for child in node.children]
        below = [(child, seen) for child, seen in looked if seen is not None]
        children = tuple(child.id for child, _ in below)
        picture[node.id] = Seen(node.id, parent, node.tag, node.text, attributes, children)
        waiting += [(child, node.id, seen) for child, seen in below]
    return picture


def changes(before: Picture, after: Picture) -> list[list[Any]]:
    """Operations of :mod:`device_runtime.view.patches` that make ``before`` into ``after``. A node that has another
    parent than before is taken away and comes again, with all below it."""
    stays = _staying(before, after)
    gone = [seen.id for seen in before.values() if seen.id not in stays and seen.parent in stays]
    operations: list[list[Any]] = [["remove", number] for number in gone]
    for number in _downwards(after):
        if number not in stays:
            continue
        old, new = before[number], after[number]
        if new.text != old.text:
            operations.append(["text", number, new.text])
        operations += [["set", number, name, None] for name in old.attributes if name not in new.attributes]
        for name, value in new.attributes.items():
            if name not in old.attributes or not _same(old.attributes[name], value):
                operations.append(["set", number, name, value])
        operations += _of_children([child for child in old.children if child in stays], new, after, stays)
    return operations


def node_of(picture: Picture, number: int) -> list[Any]:
    """A node as an insert describes it, with all below it. It listens for nothing."""
    made: dict[int, list[Any]] = {}
    order = list(_downwards(picture, number))
    for one in reversed(order):
        seen = picture[one]
        made[one] = (
            [one, seen.tag, dict(seen.attributes), [], [made[child] for child in seen.children]]
            if seen.tag
            else [one, seen.text]
        )
    return made[number]


def _staying(before: Picture, after: Picture) -> set[int]:
    """The nodes that are in both under the same parent, and so are all above them."""
    stays: set[int] = set()
    for number in _downwards(after):
        old, new = before.get(number), after[number]
        if old is None or old.tag != new.tag or old.parent != new.parent:
            continue
        if number == ROOT_ID or new.parent in stays:
            stays.add(number)
    return stays


def _downwards(picture: Picture, top: int = ROOT_ID) -> Iterator[int]:
    waiting = [top]
    while waiting:
        number = waiting.pop()
        yield number
        waiting += reversed(picture[number].children)


def _of_children(present: list[int], new: Seen, after: Picture, stays: set[int]) -> Iterator[list[Any]]:
    """Bring a list of children into order: what is new is put in, and what stays is moved where it must. Of that, the
    longest run that is in order is left where it is, and the others are moved around it, each once."""
    places = {child: index for index, child in enumerate(new.children)}
    kept = {new.children[index] for index in _longest_rising([places[child] for child in present])}
    at = 0
    for child in new.children:
        if child in kept:
            at = present.index(child, at) + 1
            continue
        if child in stays:
            index = present.index(child)
            del present[index]
            at -= index < at
            yield ["move", child, new.id, at]
        else:
            yield ["insert", new.id, at, node_of(after, child)]
        present.insert(at, child)
        at += 1


def _longest_rising(numbers: Sequence[int]) -> list[int]:
    """The longest rising subsequence (patience sorting), by which the fewest nodes move."""
    tops: list[int] = []
    links: list[int] = [-1] * len(numbers)
    for position, number in enumerate(numbers):
        low, high = 0, len(tops)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if numbers[tops[middle]] < number else (low, middle)
        links[position] = tops[low - 1] if low else -1
        tops[low : low + 1] = [position]
    result: list[int] = []
    position = tops[-1] if tops else -1
    while position >= 0:
        result.append(numbers[position])
        position = links[position]
    return result[::-1]


def _same(one: Value, other: Value) -> bool:
    """Equal, and of one type all through: to a screen ``1`` and ``true`` are not the same."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(*pair) for pair in zip(one, other, strict=True))
    return one == other
