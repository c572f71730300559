"""Whatever is set in whatever order, the screen shows what a fresh page would show."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_runtime.view.mirror import MirrorTree
from device_runtime.view.page import PageView
from tests.view.pages import Screen, fresh_outline, template

_ROW = """
<view class="row {{item.on ? 'on' : ''}} {{flag}}" data-id="{{item.id}}">
  <text>{{index}}:{{item.v}}</text>
  <block wx:if="{{item.on}}"><text>on</text><text wx:if="{{flag}}">{{text}}</text></block>
  <text wx:elif="{{flag}}">flagged {{item.id}}</text>
  <view wx:for="{{item.kids}}" wx:for-item="kid" wx:for-index="k" wx:key="id" hint="{{obj.a}}">
    {{k}}{{kid.v}}{{item.v}}</view>
</view>
"""
TEMPLATES = {
    "keyed": f'<view><text>{{{{list.length}}}}</text><block wx:for="{{{{list}}}}" wx:key="id">{_ROW}</block></view>',
    "by position": f'<block wx:for="{{{{list}}}}">{_ROW}</block><text>{{{{text}}}}</text>',
    "several roots": """
      <text>before</text>
      <block wx:for="{{list}}" wx:key="id">
        <text>{{item.v}}</text><text wx:if="{{item.on}}">on</text><block wx:for="{{item.kids}}">{{item.v}},</block>
      </block>
      <text wx:if="{{flag}}">{{list[1].v}}</text><text wx:else>{{list[n].kids[0].v}}</text><text>after</text>
    """,
    "computed list": """
      <view wx:for="{{flag ? list : obj.a || []}}" wx:key="id">{{item.v}}{{item.on}}
        <text wx:for="{{item.kids}}" wx:key="id">{{item.v}}</text></view>
      <view wx:for="{{[text, n, obj.b]}}" value="{{item}}">{{item.c}}</view>
    """,
    "templates": """
      <template name="row"><view class="{{on}}">{{v}}{{extra}}
        <template wx:for="{{kids}}" wx:key="id" wx:for-item="kid"
          is="{{kid.on ? 'row' : 'leaf'}}" data="{{...kid, extra}}"/>
      </view></template>
      <template name="leaf"><text id="{{id}}">{{v}}-{{extra}}</text></template>
      <template name="all"><block wx:for="{{rows}}" wx:key="id">{{item.v}}<text wx:for="{{item.kids}}">{{item.v}}</text>
        </block></template>
      <template wx:for="{{list}}" wx:key="id" is="{{flag ? 'row' : text}}" data="{{...item, extra: n}}"/>
      <template is="all" data="{{rows: list}}"/>
      <template is="all" data="{{rows: flag ? list : obj.a}}"/>
      <template is="row" data="{{...obj, v: text}}"/>
    """,
    "objects and counts": """
      <view wx:for="{{obj}}" wx:for-index="name">{{name}}={{item.c}}{{item}}</view>
      <text wx:for="{{n}}">{{item}}{{flag}}</text><text wx:for="{{text}}">{{item}}</text>
      <map markers="{{list}}" value="{{obj.b}}" n="{{list[0].kids}}"/>
      <view wx:for="{{obj.b}}">
        <text wx:for="{{list}}" wx:for-item="row" wx:key="*this">{{index}}{{row.v}}{{item}}</text></view>
    """,
}

_plain = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 4), st.sampled_from(["", "a", "row", "leaf", "1"]), st.just(0.5)
)
_kid = st.fixed_dictionaries({"id": st.integers(0, 5)}, optional={"v": _plain, "on": st.booleans()})
_row = st.fixed_dictionaries(
    {"id": st.integers(0, 9), "v": _plain},
    optional={"on": st.booleans(), "kids": st.lists(_kid, max_size=4, unique_by=lambda kid: kid["id"])},
)
_rows = st.one_of(
    st.lists(_row, max_size=8, unique_by=lambda row: row["id"]),  # keys that tell the rows apart
    st.lists(_row, max_size=6),
)
_object = st.dictionaries(
    st.sampled_from(["a", "b", "id", "kids", "0"]),
    st.one_of(_plain, _rows, st.fixed_dictionaries({"c": _plain})),
    max_size=4,
)
_anything = st.one_of(_plain, _rows, _object, _row)
_index = st.integers(0, 5)
_name = st.sampled_from(["", "x", "row", "leaf", "all"])
_data = st.fixed_dictionaries(
    {"list": _rows, "obj": _object, "flag": st.booleans(), "n": st.integers(0, 3), "text": _name}
)
_change = st.one_of(
    st.tuples(st.just("list"), st.one_of(_rows, _anything)),
    st.tuples(st.just("list"), _rows),
    st.tuples(st.builds("list[{}]".format, _index), st.one_of(_row, _anything)),
    st.tuples(st.builds("list[{}].v".format, _index), _anything),
    st.tuples(st.builds("list[{}].on".format, _index), st.booleans()),
    st.tuples(st.builds("list[{}].id".format, _index), st.integers(0, 9)),
    st.tuples(st.builds("list[{}].kids".format, _index), st.lists(_kid, max_size=4)),
    st.tuples(st.builds("list[{}].kids[{}]".format, _index, _index), _kid),
    st.tuples(st.builds("list[{}].kids[{}].v".format, _index, _index), _plain),
    st.tuples(st.just("obj"), st.one_of(_object, _anything)),
    st.tuples(st.sampled_from(["obj.a", "obj.b", "obj.kids", "obj.0"]), _anything),
    st.tuples(st.sampled_from(["obj.b.c", "obj.a[0].v", "obj.a[1].kids[0].v", "obj.b[1]", "obj.x.y"]), _plain),
    st.tuples(st.just("flag"), st.booleans()),
    st.tuples(st.just("n"), st.integers(0, 3)),
    st.tuples(st.just("text"), _name),
)
_changes = st.lists(st.lists(_change, min_size=1, max_size=4).map(dict), min_size=1, max_size=6)

LOADED = {name: template(source) for name, source in TEMPLATES.items()}


@pytest.mark.parametrize("name", TEMPLATES)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=_data, sequence=_changes)
def test_a_screen_that_follows_patches_shows_what_a_fresh_page_shows(
    name: str, data: dict[str, Any], sequence: list[dict[str, Any]]
) -> None:
    page = LOADED[name]
    screen = Screen(page, data)
    for changes in sequence:
        screen.update(changes)
        expected = fresh_outline(page, screen.view.data)
        assert screen.outline() == expected

        again = MirrorTree()
        again.apply(screen.view.snapshot())
        assert again.root.outline() == screen.tree.root.outline()
        assert again.nodes.keys() == screen.tree.nodes.keys()


@pytest.mark.parametrize("name", TEMPLATES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=_data, changes=_changes)
def test_setting_the_same_data_again_emits_nothing(
    name: str, data: dict[str, Any], changes: list[dict[str, Any]]
) -> None:
    view = PageView(LOADED[name], copy.deepcopy(data))
    view.render()
    for change in changes:
        view.update(copy.deepcopy(change))
    assert view.update(copy.deepcopy(dict(view.data))) == []
