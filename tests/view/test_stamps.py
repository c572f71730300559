"""Stamps say the same as the nodes that they stand for."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_runtime.view.mirror import MirrorError, MirrorTree
from device_runtime.view.patches import Operation
from device_runtime.view.stamps import FEWEST_ROWS, expanded, is_stamp
from tests.view.pages import Screen

ROW = (
    '<view wx:for="{{list}}" wx:key="id" class="row {{item.c}}" hidden="{{item.h}}" bindtap="tap">'
    "<text>no. {{index}}</text><text>{{item.a}}</text>{{item.b}}</view>"
)
LOOP = '<view wx:for="{{list}}" wx:key="id">'
PAGES = {
    "a list": ROW,
    "between others": f"<view>before</view>{ROW}<view>after {{{{title}}}}</view>",
    "in an element": f"<view>{ROW}</view>",
    "two roots a row": '<block wx:for="{{list}}"><text>{{item.a}}</text><text>{{item.b}}</text></block><view/>',
    "no key": '<text wx:for="{{list}}">{{item.a}}</text>',
    "in a condition": f'<view wx:if="{{{{title}}}}">{ROW}</view><view wx:else>none</view>',
    "rows with conditions": f'{LOOP}<text wx:if="{{{{item.h}}}}">{{{{item.a}}}}</text></view><view/>',
    "rows with lists": f'{LOOP}<text wx:for="{{{{item.more}}}}" wx:for-item="m">{{{{m}}}}</text></view>',
}


def items(*ids: int) -> list[dict[str, Any]]:
    return [{"id": n, "a": f"a{n}", "b": n / 2, "c": "odd" if n % 2 else "", "h": n % 3 == 0} for n in ids]


def stamps(operations: list[Operation]) -> list[Any]:
    inserted: list[Any] = [operation[3] for operation in operations if operation[0] == "insert"]
    return [node for node in inserted if is_stamp(node)]


lists = st.lists(st.integers(0, 40), unique=True, max_size=40).map(lambda ids: items(*ids))
changes = st.one_of(
    st.builds(lambda value: {"list": value}, lists),
    st.builds(lambda at, text: {f"list[{at}].a": text}, st.integers(0, 45), st.text(max_size=3)),
    st.builds(lambda at, more: {f"list[{at}].more": more}, st.integers(0, 20), st.lists(st.integers(), max_size=12)),
    st.builds(lambda text: {"title": text}, st.sampled_from(["", "x"])),
)


@pytest.mark.parametrize("source", PAGES.values(), ids=PAGES.keys())
@given(data=lists, steps=st.lists(changes, max_size=6))
@settings(max_examples=40, deadline=None)
def test_a_screen_told_of_stamps_shows_what_one_told_of_nodes_shows(
    source: str, data: list[Any], steps: list[dict[str, Any]]
) -> None:
    told, plain = (Screen(source, {"list": data, "title": "x"}, stamps=flag) for flag in (True, False))
    assert told.outline() == plain.outline()
    for step in steps:
        operations = told.update(step)
        assert expanded(operations) == plain.update(step)
        assert told.outline() == plain.outline()
        snapshot = MirrorTree()
        snapshot.apply(copy.deepcopy(told.view.snapshot()))
        assert snapshot.root.outline() == plain.tree.root.outline()


def test_many_rows_are_told_as_one_stamp() -> None:
    screen = Screen(PAGES["in an element"], {"list": items(*range(100))}, stamps=True)
    inserted: list[Any] = screen.view.snapshot()
    ((_, _, _, element),) = inserted
    ((shape, rows),) = element[4]
    assert len(shape) == 1
    assert [row[1:] for row in rows[:2]] == [
        ["row ", True, "no. 0", "a0", "0"],
        ["row odd", False, "no. 1", "a1", "0.5"],
    ]


def test_few_rows_are_told_as_nodes() -> None:
    screen = Screen(ROW, {"list": items(*range(FEWEST_ROWS - 1))}, stamps=True)
    assert stamps(screen.view.snapshot()) == []


def test_rows_that_come_at_two_places_are_two_stamps() -> None:
    screen = Screen(ROW, {"list": items(500)}, stamps=True)
    operations = screen.update({"list": items(*range(10), 500, *range(20, 30))})
    assert [operation[:3] for operation in operations if operation[0] == "insert"] == [
        ["insert", 0, 0],
        ["insert", 0, 11],
    ]
    assert len(stamps(operations)) == 2


def test_an_attribute_without_a_value_is_left_out_of_its_row() -> None:
    screen = Screen('<input wx:for="{{list}}" value="{{item}}"/>', {"list": [None] * 9 + ["x"]}, stamps=True)
    assert len(stamps(screen.view.snapshot())) == 1
    assert [attributes for _, attributes, _, _ in screen.outline()] == [{}] * 9 + [{"value": "x"}]


@pytest.mark.parametrize(
    "stamp",
    [
        [[[0, 5]], [[1, "a"]]],
        [[["x", "a"]], [[1]]],
        [[[0, "view", {}, [["class", 9]], [], []]], [[1]]],
        [[[0, "view"]], 5],
        [],
    ],
    ids=["no such value", "no offset", "no such attribute value", "no rows", "nothing"],
)
def test_a_stamp_that_fits_nothing_is_refused_in_one_sentence(stamp: list[Any]) -> None:
    tree = MirrorTree()
    with pytest.raises(MirrorError, match=r"is not a (list of )?node"):
        tree.apply([["insert", 0, 0, stamp]])
    assert tree.root.children == []
