"""The selectors of ``selectComponent`` and ``createSelectorQuery``: which elements of a component they mean.

``.a``, ``#a``, ``tag``, ``[name]`` and ``[name=value]``, together or one after another: `` `` for a descendant, ``>``
for a child, ``>>>`` for what is in the shadow tree of a component; and several with ``,`` between. A selector that is
anything else means nothing, as in WeChat.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from device_runtime.view.nodes import attribute_text, classes_of, elements_of, host_at
from device_runtime.view.routing import Place, upwards
from device_runtime.view.tree import Tree

DESCENDANT: Final = " "
CHILD: Final = ">"
ACROSS: Final = ">>>"
_MAX_LENGTH = 1_000
_MAX_PARTS = 32
_NAME = r"-?[_a-zA-Z\u0080-\U0010ffff][-\w]*"
_STEP = re.compile(
    rf"\s*(?P<relation>>>>|>|\s|^)\s*(?P<compound>(?:\*|{_NAME})?"
    rf"(?:[.#]{_NAME}|\[\s*{_NAME}\s*(?:=\s*(?:\"[^\"]*\"|'[^']*'|[^\]\"']*))?\])*)"
)
_TEST = re.compile(
    rf"(?P<kind>[.#]?)(?P<name>{_NAME})|\[\s*(?P<attribute>{_NAME})\s*(?:=\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\]\"']*))?\]"
)


@dataclass(frozen=True, slots=True)
class _Compound:
    """What one element must be, and how it is related to the one before it."""

    relation: str
    tag: str
    id: str
    classes: frozenset[str]
    attributes: tuple[tuple[str, str | None], ...]

    def matches(self, place: Place) -> bool:
        """Whether an element is so."""
        if self.tag and place.element.tag != self.tag:
            return False
        if self.id and place.evaluate_id() != self.id:
            return False
        if self.classes and not self.classes.issubset(classes_of(place)):
            return False
        for name, wanted in self.attributes:
            text = attribute_text(place, name)
            if text is None or (wanted is not None and text != wanted):
                return False
        return True


def select(tree: Tree, selector: str, *, first: bool) -> list[int]:
    """The node ids that a selector means in a tree, in document order; one at most if only the ``first`` is wanted."""
    chains = parse(selector)
    across = any(compound.relation == ACROSS for chain in chains for compound in chain)
    found: list[int] = []
    for place in _walk(tree, across=across) if chains else ():
        if any(_matches(place, chain, len(chain) - 1, tree) for chain in chains):
            found.append(place.node)
            if first:
                break
    return found


def _walk(tree: Tree, *, across: bool) -> Iterator[Place]:
    for place in elements_of(tree):
        yield place
        host = host_at(place) if across else None
        if host is not None:
            yield from _walk(host.tree, across=True)


def _matches(place: Place, chain: tuple[_Compound, ...], number: int, root: Tree) -> bool:
    compound = chain[number]
    if not compound.matches(place):
        return False
    relation = compound.relation
    if number == 0:
        return place.instance.tree is root or relation == ACROSS
    if relation == CHILD:
        above = _parent(place)
        return above is not None and _matches(above, chain, number - 1, root)
    if relation == DESCENDANT:
        return any(_matches(above, chain, number - 1, root) for above in _around(place))
    return any(_matches(above, chain, number - 1, root) for above in _around_all(place, root))


def _around(place: Place) -> Iterator[Place]:
    around = upwards(place.instance, place.offset)
    next(around)
    return around


def _parent(place: Place) -> Place | None:
    return next(_around(place), None)


def _around_all(place: Place, root: Tree) -> Iterator[Place]:
    """What is around an element, the hosts of the trees that it is in included."""
    while True:
        yield from _around(place)
        tree = place.instance.tree
        if tree is root or tree.host is None:
            return
        host = tree.host
        place = Place(host.owner, host.program.offset)
        yield place


@lru_cache(maxsize=256)
def parse(selector: str) -> tuple[tuple[_Compound, ...], ...]:
    """The alternatives of a selector, each a chain of compounds; those that are no selector are left out."""
    if len(selector) > _MAX_LENGTH:
        return ()
    chains = (_parse_chain(part.strip()) for part in selector.split(",")[:_MAX_PARTS])
    return tuple(chain for chain in chains if chain)


def _parse_chain(text: str) -> tuple[_Compound, ...]:
    chain: list[_Compound] = []
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None or not step["compound"] or len(chain) == _MAX_PARTS:
            return ()
        chain.append(_compound(step["relation"].strip() or DESCENDANT, step["compound"]))
        at = step.end()
    return tuple(chain)


def _compound(relation: str, text: str) -> _Compound:
    tag = identifier = ""
    classes: set[str] = set()
    attributes: list[tuple[str, str | None]] = []
    for test in _TEST.finditer(text):
        if test["attribute"]:
            value = test["value"]
            attributes.append((test["attribute"], None if value is None else value.strip().strip("\"'")))
        elif test["kind"] == ".":
            classes.add(test["name"])
        elif test["kind"] == "#":
            identifier = test["name"]
        else:
            tag = test["name"]
    return _Compound(relation, tag, identifier, frozenset(classes), tuple(attributes))
