"""What became of a page, told in operations: made from nothing but the page before and the page after."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_runtime.values import Value
from device_runtime.view.differences import EMPTY, changes, picture_of
from device_runtime.view.mirror import MirrorTree

_VALUES = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.text("ab", max_size=2), st.lists(st.integers(0, 2)))


def page(*nodes: list[Any]) -> MirrorTree:
    tree = MirrorTree()
    tree.apply([["insert", 0, index, node] for index, node in enumerate(nodes)])
    return tree


def attributes_of(node: Any) -> dict[str, Value]:
    return dict(node.attributes)


def made(before: MirrorTree, after: MirrorTree) -> list[list[Any]]:
    return changes(picture_of(before.root, attributes_of), picture_of(after.root, attributes_of))


@st.composite
def pages(draw: st.DrawFn) -> MirrorTree:
    """A page whose nodes have some of the ids 1 to 12, each with its tag, in any place."""
    tree = MirrorTree()
    elements = [0]
    for number in draw(st.permutations(range(1, 13)))[: draw(st.integers(0, 12))]:
        parent = draw(st.sampled_from(elements))
        index = draw(st.integers(0, len(tree.nodes[parent].children)))
        if number % 4 == 0:
            tree.apply([["insert", parent, index, [number, draw(st.text("xyz", max_size=2))]]])
        else:
            attributes = draw(st.dictionaries(st.sampled_from("abc"), _VALUES, max_size=2))
            tag = "view" if number % 2 else "text"
            tree.apply([["insert", parent, index, [number, tag, attributes, ["tap"], []]]])
            elements.append(number)
    return tree


@settings(max_examples=60)
@given(pages(), pages())
def test_the_operations_make_one_page_into_the_other(before: MirrorTree, after: MirrorTree) -> None:
    operations = made(before, after)
    screen = MirrorTree()
    screen.apply(changes(EMPTY, picture_of(before.root, attributes_of)))
    screen.apply(operations)
    assert picture_of(screen.root, attributes_of) == picture_of(after.root, attributes_of)
    assert made(screen, after) == []


def test_a_list_that_begins_with_what_was_its_end_moves_one_node() -> None:
    rows = [[number, "view", {}, [], []] for number in range(1, 40)]
    assert made(page(*rows), page(rows[-1], *rows[:-1])) == [["move", 39, 0, 0]]
    assert made(page(*rows), page(*rows[1:], rows[0])) == [["move", 1, 0, 38]]


@pytest.mark.parametrize(("old", "new"), [(1, True), (0, False), (1, 1.5), ([1], [True]), ({"a": 1}, {"a": True})])
def test_values_that_python_calls_equal_are_told_apart(old: Value, new: Value) -> None:
    assert made(page([1, "view", {"a": old}, [], []]), page([1, "view", {"a": new}, [], []])) == [["set", 1, "a", new]]


def test_what_comes_listens_for_nothing() -> None:
    operations = made(MirrorTree(), page([1, "button", {}, ["tap"], [[2, "Press"]]]))
    assert operations == [["insert", 0, 0, [1, "button", {}, [], [[2, "Press"]]]]]


def test_what_is_in_limbo_is_not_in_the_picture() -> None:
    tree = MirrorTree()
    tree.apply([["insert", -1, 0, [1, "view", {}, [], []]]])
    assert made(MirrorTree(), tree) == []
    tree.apply([["move", 1, 0, 0]])
    assert made(MirrorTree(), tree) == [["insert", 0, 0, [1, "view", {}, [], []]]]
