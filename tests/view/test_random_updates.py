"""Whatever is set in whatever order, the screen shows what a fresh page would show."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_runtime.view.mirror import MirrorTree
from device_runtime.view.page import PageView
from tests.view.pages import Screen, fresh_outline, template
from tests.view.sources import TEMPLATES

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
