from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_runtime.view.compaction import compact
from device_runtime.view.mirror import MirrorNode, MirrorTree
from device_runtime.view.patches import LIMBO_ID

TREE: list[Any] = [["insert", 0, 0, [1, "view", {"class": "a"}, [], [[2, "x"], [3, "view", {}, [], [[4, "y"]]]]]]]


def row(n: int | None = 1, *children: Any) -> list[Any]:
    return [9, "row", {} if n is None else {"n": n}, ["tap"], [*children]]


LOOSE: list[Any] = ["insert", -1, 0, row(1, [10, "z"])]
PLACED: list[Any] = ["insert", 1, 0, row(1, [10, "z"])]
PLACED_DEEP: list[Any] = ["insert", 1, 0, row(1, [12, "view", {}, [], [[13, "u"]]])]
NEW: list[Any] = ["insert", -1, 0, [11, "new"]]


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([LOOSE, ["move", 9, 1, 1]], [["insert", 1, 1, row(1, [10, "z"])]]),
        ([LOOSE, ["remove", 9]], []),
        ([PLACED, ["set", 9, "n", 2], ["text", 10, "w"]], [["insert", 1, 0, row(2, [10, "w"])]]),
        ([PLACED, ["set", 9, "n", None]], [["insert", 1, 0, row(None, [10, "z"])]]),
        ([LOOSE, NEW, ["move", 11, 9, 1], ["move", 9, 1, 0]], [["insert", 1, 0, row(1, [10, "z"], [11, "new"])]]),
        ([PLACED, ["remove", 10]], [["insert", 1, 0, row(1)]]),
    ],
)
def test_what_is_done_to_a_new_node_becomes_part_of_its_insert(operations: list[Any], expected: list[Any]) -> None:
    before = repr(operations)
    assert compact(operations) == expected
    assert repr(operations) == before


@pytest.mark.parametrize(
    "operations",
    [
        [PLACED, ["move", 3, 9, 0], ["remove", 10]],
        [LOOSE, ["move", 3, 9, 0], ["move", 9, 1, 0]],
        [LOOSE, ["call", 9, "play", []], ["move", 9, 1, 0]],
        [PLACED, ["remove", 9]],
        [PLACED_DEEP, ["move", 3, 12, 1], ["move", 12, 1, 0], ["move", 13, 1, 0]],
        [["set", 1, "class", "b"], ["text", 2, "w"], ["move", 3, 1, 0]],
    ],
)
def test_what_other_operations_depend_on_stays(operations: list[Any]) -> None:
    assert compact(operations) == operations


def parents(tree: MirrorTree) -> list[MirrorNode]:
    return [node for node in tree.nodes.values() if node.id == LIMBO_ID or node.tag]


def within(node: MirrorNode) -> set[int]:
    return {inner.id for inner in node.walk()}


@st.composite
def histories(draw: st.DrawFn) -> list[Any]:
    """Operations that fit the tree."""
    tree = MirrorTree()
    tree.apply(TREE)
    next_id = 20
    operations: list[Any] = []
    for _ in range(draw(st.integers(1, 15))):
        movable = [node for node in tree.nodes.values() if node.id > 0]
        kind = draw(st.sampled_from(["insert", "insert", "move", "move", "remove", "set", "text", "call"]))
        limbo = draw(st.booleans())
        if kind == "insert":
            parent = tree.limbo if limbo else draw(st.sampled_from(parents(tree)))
            index = 0 if parent is tree.limbo else draw(st.integers(0, len(parent.children)))
            children: list[Any] = [[next_id + 1, "t"], [next_id + 2, "view", {}, [], [[next_id + 3, "u"]]]]
            operation: list[Any] = ["insert", parent.id, index, [next_id, "view", {"a": 0}, [], children]]
            next_id += 4
        elif not movable:
            continue
        else:
            node = draw(st.sampled_from(movable))
            operation = ["remove", node.id]
            if kind == "move":
                inside = within(node)
                parent = (
                    tree.limbo
                    if limbo
                    else draw(st.sampled_from([one for one in parents(tree) if one.id not in inside]))
                )
                there = len(parent.children) - (node.parent is parent)
                operation = ["move", node.id, parent.id, 0 if parent is tree.limbo else draw(st.integers(0, there))]
            elif kind == "set" and node.tag:
                operation = ["set", node.id, "a", draw(st.sampled_from([1, 2, None]))]
            elif kind == "text" and not node.tag:
                operation = ["text", node.id, draw(st.sampled_from("pq"))]
            elif kind == "call" and node.tag:
                operation = ["call", node.id, "play", []]
        tree.apply([operation])
        operations.append(operation)
    return operations


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(operations=histories())
def test_fewer_operations_make_the_same_tree(operations: list[Any]) -> None:
    plain, compacted = MirrorTree(), MirrorTree()
    plain.apply(TREE + operations)
    fewer = compact(operations)
    compacted.apply(TREE + fewer)
    assert len(fewer) <= len(operations)
    assert compacted.root.outline() == plain.root.outline()
    assert compacted.nodes.keys() == plain.nodes.keys()
    assert sorted(repr(node.outline()) for node in compacted.limbo.children) == sorted(
        repr(node.outline()) for node in plain.limbo.children
    )
    calls = [operation for operation in operations if operation[0] == "call"]
    assert [operation for operation in fewer if operation[0] == "call"] == calls
