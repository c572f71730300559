"""The patch applier: whatever it takes or refuses, everything in the tree is in one place."""

from collections.abc import Callable, Mapping
from typing import Any

from device_runtime.view.mirror import MirrorError, MirrorNode, MirrorTree
from device_runtime.view.patches import LIMBO_ID, ROOT_ID
from tests.fuzz.choices import Choices
from tests.fuzz.documents import mutated, nested
from tests.fuzz.refusals import check_refusal

Operations = list[Any]
SEEDS: list[bytes] = []
_START: Operations = [
    ["insert", 0, 0, [1, "view", {"class": "a", "style": "width:1rpx"}, ["tap"], [[2, "text"], [3, "text", {}, [],
    []]]]],
    ["insert", 0, 1, [4, "scroll-view", {}, ["scroll"], [[5, "view", {}, [], [[6, "x"]]]]]],
    ["insert", -1, 0, [7, "a-b", {}, [], []]],
]  # fmt: skip
_PATCHES: list[Operations] = [
    [["text", 2, "new"], ["set", 1, "class", None], ["set", 4, "scroll-top", 5], ["call", 4, "scrollTo", [{"top": 1}]]],
    [["move", 7, 1, 0], ["move", 1, -1, 0], ["move", 5, 0, 1]],
    [["remove", 4], ["insert", 1, 1, [8, "input", {"value": "a"}, ["input"], []]]],
    [["insert", 3, 0, [9, "image", {"src": "a.png"}, ["load"], []]], ["move", 3, 0, 0], ["remove", 3]],
]
_IDS = (0, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 99, 2**70, True, 1.0, None, "1")


def feed(data: bytes) -> None:
    choices = Choices(data)
    check([_START, *(_patch(choices) for _ in range(choices.below(4) + 1))])


def _patch(choices: Choices) -> Operations:
    if choices.below(3) == 0:
        return mutated(_PATCHES, choices)  # type: ignore[no-any-return] # it may be no list any more
    return [operation(choices) for _ in range(choices.below(5))]


def operation(choices: Choices) -> list[Any]:
    """One that nearly fits."""
    match choices.below(6):
        case 0:
            return ["move", choices.pick(_IDS), choices.pick(_IDS), choices.below(4) - 1]
        case 1:
            return ["remove", choices.pick(_IDS)]
        case 2:
            return ["insert", choices.pick(_IDS), choices.below(3), mutated([_START[0][3], _START[1][3]], choices)]
        case 3:
            return ["set", choices.pick(_IDS), choices.pick(["class", "style", "a"]), choices.pick([None, 1, "b"])]
        case 4:
            return ["text", choices.pick(_IDS), "t"]
        case _:
            return [
                "insert",
                choices.pick(_IDS),
                choices.below(3),
                [choices.pick(_IDS), "view", {}, [], [[choices.pick(_IDS), "x"]]],
            ]


def check(patches: list[Operations]) -> None:
    tree = MirrorTree()
    for patch in patches:
        # A screen on which a patch does not fit starts anew; here the rest follows, upon what is there.
        if isinstance(patch, list):
            try:
                tree.apply(patch)
            except MirrorError as error:
                check_refusal(error)
        check_consistent(tree)


def check_consistent(tree: MirrorTree) -> None:
    """Every node is known by its own number, and is where it says it is; nothing else is known."""
    found: dict[int, MirrorNode] = {}
    waiting = [tree.root, tree.limbo]
    while waiting:
        node = waiting.pop()
        assert type(node.id) is int
        assert node.id not in found, f"node {node.id} is there twice"
        found[node.id] = node
        assert node.tag or not node.children
        for child in node.children:
            assert child.parent is node
        waiting += node.children
    assert found == tree.nodes
    assert (tree.root.id, tree.limbo.id) == (ROOT_ID, LIMBO_ID)


def _deep(depth: int, first: int = 1) -> list[Any]:
    node: list[Any] = [first + depth, "x"]
    for number in range(first + depth - 1, first, -1):
        node = [number, "view", {}, [], [node]]
    return node


CASES: Mapping[str, Callable[[], list[Operations]]] = {
    "a node that has no place": lambda: [[["insert", 0, 5, [1, "a"]]], [["insert", 0, 0, [1, "a"]]]],
    "a node whose last child is none": lambda: [[["insert", 0, 0, [1, "view", {}, [], [[2, "a"], [3]]]]]],
    "a node that is its own child": lambda: [[["insert", 0, 0, [1, "view", {}, [], [[1, "a"]]]]]],
    "a node of the number true": lambda: [[["insert", 0, 0, [True, "a"]]], [["insert", False, True, [1, "a"]]]],
    "a node moved into what it holds": lambda: [_START, [["move", 1, 3, 0]], [["move", 4, 5, 0]]],
    "a node moved past the end of where it is": lambda: [_START, [["move", 1, 0, 2]]],
    "nodes 450 deep": lambda: [[["insert", 0, 0, _deep(450)]], [["move", 1, -1, 0]], [["remove", 1]]],
    "nodes 3000 deep, one by one": lambda: [
        [["insert", 0, 0, [1, "view", {}, [], []]]],
        [["insert", number, 0, [number + 1, "view", {}, [], []]] for number in range(1, 3000)],
        [["move", 2, -1, 0], ["remove", 1], ["remove", 2]],
    ],
    "an operation that is none, 450 deep": lambda: [[nested(450)], [["insert", 0, 0, nested(450)]]],
    "an operation that is none, of two lines": lambda: [[["a\n\ud800"]], [["insert", 0, 0, ["\n\ud800"]]]],
    "a text of a tag of two lines": lambda: [[["insert", 0, 0, [1, "a\n\ud800", {}, [], []]], ["text", 1, "x"]]],
    "a method of two lines": lambda: [[["insert", 0, 0, [1, "a"]], ["call", 1, "a\n\ud800", []]]],
}
