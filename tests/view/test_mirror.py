from typing import Any

import pytest

from device_runtime.view.mirror import MirrorError, MirrorTree


def tree() -> MirrorTree:
    made = MirrorTree()
    made.apply([["insert", 0, 0, [1, "view", {"class": "a"}, ["tap"], [[2, "x"], [3, "text", {}, [], [[4, "y"]]]]]]])
    return made


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (["insert", 1, 1, [9, "new"]], ["view", {"class": "a"}, ["tap"], ["x", "new", ["text", {}, [], ["y"]]]]),
        (["remove", 3], ["view", {"class": "a"}, ["tap"], ["x"]]),
        (["move", 3, 1, 0], ["view", {"class": "a"}, ["tap"], [["text", {}, [], ["y"]], "x"]]),
        (["text", 4, "z"], ["view", {"class": "a"}, ["tap"], ["x", ["text", {}, [], ["z"]]]]),
        (["set", 1, "class", None], ["view", {}, ["tap"], ["x", ["text", {}, [], ["y"]]]]),
        (["set", 3, "n", 1], ["view", {"class": "a"}, ["tap"], ["x", ["text", {"n": 1}, [], ["y"]]]]),
    ],
)
def test_each_operation_does_what_it_says(operation: list[Any], expected: Any) -> None:
    made = tree()
    made.apply([operation])
    assert made.root.outline() == ["page", {}, [], [expected]]


@pytest.mark.parametrize(
    "operation",
    [
        ["insert", 8, 0, [9, "x"]], ["insert", 1, 5, [9, "x"]], ["insert", 1, -1, [9, "x"]], ["insert", 1, 0, [2, "x"]],
        ["insert", 2, 0, [9, "x"]], ["insert", 1, 0, [9]], ["remove", 0], ["remove", 9], ["move", 3, 1, 2],
        ["move", 1, 3, 0], ["text", 1, "x"], ["text", 2, 5], ["set", 2, "a", 1], ["run"], [],
    ],
)  # fmt: skip
def test_an_operation_that_does_not_fit_is_refused(operation: list[Any]) -> None:
    with pytest.raises(MirrorError):
        tree().apply([operation])


def test_an_element_is_found_by_tag_and_attributes() -> None:
    made = tree()
    assert made.find("text").text_content() == "y"
    assert made.find(**{"class": "a"}).id == 1
    with pytest.raises(MirrorError, match="no <button>"):
        made.find("button")
