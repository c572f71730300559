from typing import Any

import pytest

from device_runtime.view.errors import ViewError
from device_runtime.view.page import PageView
from firmware_tools.build.dialects import SWAN
from tests.view.pages import Counter, Screen, template

ROWS = (
    '<view wx:for="{{list}}" wx:key="id" class="{{item.on}}"><text>{{item.name}}</text><text>{{item.v}}</text></view>'
)


def rows(*ids: int) -> list[dict[str, Any]]:
    return [{"id": number, "name": f"n{number}", "v": number, "on": False} for number in ids]


def test_a_page_is_rendered_as_inserts_to_an_empty_root() -> None:
    view = PageView(
        template('<view class="a {{b}}" disabled bindtap="t" data-x="1">Hi {{name}}!</view><text>x</text>'),
        {"b": 2, "name": "Eva"},
    )
    assert view.render() == [
        ["insert", 0, 0, [1, "view", {"disabled": True, "class": "a 2"}, ["tap"], [[2, "Hi Eva!"]]]],
        ["insert", 0, 1, [3, "text", {}, [], [[4, "x"]]]],
    ]
    assert view.snapshot() == view.render()


def test_attributes_keep_their_type_but_class_style_and_id_are_strings() -> None:
    screen = Screen(
        '<slider value="{{n}}" on="{{yes}}" list="{{list}}" class="{{n}}" style="{{no}}" id="{{n}}" gone="{{no}}"/>',
        {"n": 3, "yes": True, "list": [1, {"a": None}], "no": None},
    )
    assert screen.outline() == [
        ["slider", {"value": 3, "on": True, "list": [1, {"a": None}], "class": "3", "style": "", "id": "3"}, [], []]
    ]
    assert screen.update({"yes": None, "list[1].a": 5}) == [["set", 1, "on", None], ["set", 1, "list", [1, {"a": 5}]]]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"list[1].v": 9}, [["text", 10, "9"]]),
        ({"list[1].v": 2}, []),
        ({"list[1].v": 2.0}, []),
        ({"list[1].on": True}, [["set", 6, "class", "true"]]),
        ({"list[1].unread": 9}, []),
        ({"unread": 9}, []),
        ({"list[1]": rows(2)[0]}, []),
        ({"list": rows(1, 2, 3)}, []),
        ({"list": rows(1, 2)}, [["remove", 11]]),
        ({"list": rows(2, 3)}, [["remove", 1]]),
        ({"list": rows(3, 1, 2)}, [["move", 11, 0, 0]]),
        ({"list": rows(2, 3, 1)}, [["move", 1, 0, 2]]),
        ({"list": rows(2, 1, 3)}, [["move", 6, 0, 0]]),
        ({"list": [*rows(1, 2), {**rows(3)[0], "v": 7}]}, [["text", 15, "7"]]),
        ({"list": []}, [["remove", 1], ["remove", 6], ["remove", 11]]),
        ({"list": None}, [["remove", 1], ["remove", 6], ["remove", 11]]),
    ],
)
def test_a_change_gives_the_fewest_operations(changes: dict[str, Any], expected: list[Any]) -> None:
    screen = Screen(ROWS, {"list": rows(1, 2, 3)})
    assert screen.update(changes) == expected


def test_a_new_row_is_inserted_where_it_belongs() -> None:
    screen = Screen(f"<view>{ROWS}<text>end</text></view>", {"list": rows(1, 3)})
    operations = screen.update({"list": rows(1, 2, 3)})
    assert [operation[:3] for operation in operations] == [["insert", 1, 1]]
    assert screen.text() == "n11n22n33end"


def test_one_changed_cell_evaluates_one_binding_however_long_the_list() -> None:
    screen = Screen(ROWS, {"list": rows(*range(1000))})
    counter = Counter(screen.template)
    screen.update({"list[500].v": -1})
    assert counter.take() == 1
    screen.update({"list[501]": {**rows(501)[0], "v": -1}})
    assert counter.take() == 3
    screen.update({"list[1000]": {"id": 1000}})
    assert counter.take() <= 6  # the new row's own, as it is made and as it is told of the change
    assert screen.update({"list": [*screen.view.data["list"]]}) == []  # type: ignore[misc]
    assert counter.take() == 0


def test_a_list_set_whole_evaluates_only_the_rows_that_differ() -> None:
    screen = Screen(ROWS, {"list": rows(*range(100))})
    counter = Counter(screen.template)
    changed = rows(*range(100))
    changed[7]["v"] = changed[70]["v"] = "x"
    assert len(screen.update({"list": changed})) == 2
    assert counter.take() == 6


def test_a_binding_that_reads_nothing_of_what_changed_is_left_alone() -> None:
    screen = Screen(
        """<text>{{a.b}}</text><text>{{a.c}}</text><text>{{list.length}}</text><text>{{list[i].v}}</text>
        <text wx:if="{{a.b > 1}}">{{x}}</text>""",
        {"a": {"b": 1, "c": 2}, "list": [{"v": 1, "w": 1}], "i": 0, "x": 0},
    )
    counter = Counter(screen.template)
    steps: list[tuple[dict[str, Any], int]] = [
        ({"a.b": 0}, 1),
        ({"a.c": 0}, 1),
        ({"a.b": 0, "a.c": 0}, 0),  # the same values are no change
        ({"a": {"b": 0, "c": 0}}, 2),
        ({"list[0].v": 5}, 1),
        ({"list[0].w": 5}, 0),
        ({"list[1]": {}}, 2),
        ({"i": 1}, 1),
        ({"x": 3}, 0),
    ]
    for changes, evaluated in steps:
        screen.update(changes)
        assert counter.take() == evaluated, changes


def test_a_read_from_a_row_of_what_lies_outside_updates_each_row() -> None:
    screen = Screen('<view wx:for="{{list}}">{{item == chosen}}</view>', {"list": [1, 2], "chosen": 1})
    assert screen.update({"chosen": 2}) == [["text", 2, "false"], ["text", 4, "true"]]


def test_branches_switch_only_when_the_choice_changes() -> None:
    screen = Screen(
        '<text>a</text><text wx:if="{{n > 2}}">big</text><text wx:elif="{{n > 0}}">small {{n}}</text>'
        "<text wx:else>none</text><text>z</text>",
        {"n": 1},
    )
    assert screen.text() == "asmall 1z"
    assert [operation[0] for operation in screen.update({"n": 2})] == ["text"]
    assert [operation[0] for operation in screen.update({"n": 3})] == ["remove", "insert"]
    assert screen.update({"n": 4}) == []
    screen.update({"n": 0})
    assert screen.text() == "anonez"


def test_a_loop_goes_through_objects_numbers_and_strings() -> None:
    screen = Screen(
        '<text wx:for="{{o}}" wx:for-index="k">{{k}}={{item}};</text><text wx:for="{{3}}">{{item}}</text>'
        '<text wx:for="{{s}}">[{{item}}]</text>',
        {"o": {"a": 1, "b": 2}, "s": "xy"},
    )
    assert screen.text() == "a=1;b=2;012[x][y]"
    screen.update({"o.b": 3, "o.c": 4, "s": "z"})
    assert screen.text() == "a=1;b=3;c=4;012[z]"


@pytest.mark.parametrize("bad", [[{"id": 1}, {"id": 1}], [{"id": 1}, {}], [{"id": 1}, {"id": {}}], [1, 2]])
def test_keys_that_tell_no_rows_apart_are_reported_once_and_rows_go_by_position(bad: list[Any]) -> None:
    screen = Screen(ROWS, {"list": bad})
    screen.update({"list[0]": {"id": 1, "name": "x"}, "list[2]": {"id": 1, "name": "y"}})
    screen.update({"list": [{"id": 1, "name": "z"}, {"id": 1, "name": "x"}]})
    assert screen.text() == "zx"
    assert 1 <= len(screen.warnings) <= 2
    assert all("pages/a.wxml:1" in warning and "by position" in warning for warning in screen.warnings)


def test_a_path_makes_what_is_missing_on_the_way() -> None:
    screen = Screen("<text>{{a.b[2].c}}{{x.y}}</text>", {"x": 5})
    screen.update({"a.b[2].c": "deep", "x.y": "new"})
    assert screen.text() == "deepnew"
    assert screen.view.data == {"a": {"b": [None, None, {"c": "deep"}]}, "x": {"y": "new"}}


@pytest.mark.parametrize(
    "key", ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a[-1]", "[0]", "a b[1", "a[100000]", "a" * 2000]
)
def test_a_key_that_is_no_data_path_is_refused_and_nothing_is_written(key: str) -> None:
    screen = Screen("<text>{{a}}</text>", {"a": 1})
    with pytest.raises(ViewError, match="setData"):
        screen.update({"a": 2, key: 3})
    assert screen.view.data == {"a": 1}


def test_the_callers_dictionary_is_not_the_views() -> None:
    data: dict[str, Any] = {"a": 1}
    view = PageView(template("<text>{{a}}</text>"), data)
    data["a"] = 2
    assert view.render()[0][3] == [1, "text", {}, [], [[2, "1"]]]


def test_an_update_before_the_page_is_rendered_counts() -> None:
    view = PageView(template("<text>{{a}}</text>"), {"a": 1})
    assert view.update({"a": 2}) == []
    assert view.snapshot() == []
    assert view.render()[0][3] == [1, "text", {}, [], [[2, "2"]]]


def test_a_loop_without_bound_is_refused_in_a_sentence() -> None:
    view = PageView(template('<text wx:for="{{n}}">x</text>'), {"n": 1e12})
    with pytest.raises(ViewError, match=r"pages/a.wxml:1: a loop over 1000000000000 items"):
        view.render()
    assert view.snapshot() == []


def test_templates_that_use_each_other_without_end_are_refused_in_a_sentence() -> None:
    view = PageView(template('<template name="a"><template is="a"/></template><template is="a"/>'), {})
    with pytest.raises(ViewError, match="use each other"):
        view.render()


def test_data_that_are_too_deep_are_refused_and_the_page_is_empty_until_rendered_again() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    view = PageView(template("<text>{{a}}</text>"), {"a": 1})
    view.render()
    with pytest.raises(ViewError, match="nested too deeply"):
        view.update({"a": deep})
    assert view.snapshot() == []
    assert view.route(1, "tap") == []
    view.update({"a": 2})
    assert [operation[0] for operation in view.render()] == ["insert"]


TREE = """
<template name="node"><view class="node">{{title}}<template wx:for="{{children}}" wx:key="id" is="node"
  data="{{...item}}"/></view></template>
<template is="node" data="{{...root}}"/>
"""


def test_a_template_may_use_itself_and_a_change_deep_inside_touches_one_binding() -> None:
    deepest = {"id": 4, "title": "d"}
    root = {"title": "a", "children": [{"id": 2, "title": "b"}, {"id": 3, "title": "c", "children": [deepest]}]}
    screen = Screen(TREE, {"root": root})
    assert screen.text() == "abcd"
    counter = Counter(screen.template)
    assert [operation[0] for operation in screen.update({"root.children[1].other": "x"})] == []
    assert counter.take() == 0
    assert [operation[0] for operation in screen.update({"root.children[1].children[0].title": "e"})] == ["text"]
    assert counter.take() == 1
    assert screen.text() == "abce"


def test_a_swan_page_works_alike() -> None:
    screen = Screen(
        """<view s-for="card, i in cards trackBy card.id" s-if="card.on">{{i}}{{card.id}}</view>
        <input value="{=name=}"><text s-if="a > b">yes</text><text s-else>no</text>
        <template name="t">{{x}}{{y}}</template><template is="t" data="{{{x: 1, ...more}}}"/>""",
        {"cards": [{"id": 1, "on": True}, {"id": 2}, {"id": 3, "on": True}], "a": 1, "b": 2, "more": {"y": 5}},
        SWAN,
    )
    assert screen.text() == "0123no15"
    screen.update({"a": 3, "cards[1].on": True, "more.y": 6})
    assert screen.text() == "011223yes16"


@pytest.mark.parametrize(
    "source",
    [
        '<block wx:for="{{rows || []}}"><text wx:for="{{item.kids}}" wx:for-item="kid">{{kid.v}}</text></block>',
        """<template name="t"><block wx:for="{{l}}"><text wx:for="{{item.kids}}">{{item.v}}</text></block></template>
        <template is="t" data="{{l: rows || []}}"/>""",
        """<template name="t"><text wx:for="{{kids}}">{{item.v}}</text></template>
        <template wx:for="{{rows}}" is="t" data="{{...(item || none)}}"/>""",
    ],
)
def test_a_value_written_in_place_far_below_a_computed_one_is_shown(source: str) -> None:
    screen = Screen(source, {"rows": [{"kids": [{"v": 1}, {"v": 2}]}]})
    assert [operation[0] for operation in screen.update({"rows[0].kids[1].v": 3})] == ["text"]
    assert screen.text() == "13"
    screen.update({"rows[0].kids[0].v": 4, "rows[0]": {"kids": [{"v": 4}, {"v": 5}]}})
    assert screen.text() == "45"
