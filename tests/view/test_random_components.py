"""Whatever components there are and whatever is set in whatever order, screens show what a fresh page would show."""

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_runtime.view.blocks import BlockInstance
from device_runtime.view.hosts import ComponentFragment
from device_runtime.view.mirror import MirrorTree
from device_runtime.view.page import PageView
from device_runtime.view.patches import LIMBO_ID, ROOT_ID
from device_runtime.view.properties import copied
from device_runtime.view.tree import Component, Tree
from tests.view.components import ComponentScreen, Instances, Program, each, el, slot, when

TAGS = ("c-0", "c-1", "c-2")
NAMES = ("", "a", "b")
TESTS = ("on", "!on", "off", "n > 1", "s == 'a'")
LISTS = ("list", "list", "n", "off ? list : []")
PROPERTIES = {"p": ("Boolean", False), "q": ("String", "a"), "r": ("Array", []), "on": ("Boolean", True)}

_names = st.sampled_from(NAMES)
_texts = st.sampled_from(["x", "{{n}}", "{{s}}", "{{item.v}}", "{{item.id}}:{{index}}", "{{q}}{{p}}", "{{given}}"])
_slot_names = st.one_of(_names, st.sampled_from(["{{s}}", "{{q}}", "{{item.v}}"]))
_classes = st.sampled_from(["a", "ext", "x {{s}}", "ext {{n}}"])


@cache
def _nodes(level: int, depth: int, *, content: bool = False, least: int = 0) -> st.SearchStrategy[list[Any]]:
    return st.lists(_node(level, depth, content=content), min_size=least, max_size=3)


@cache
def _own(*, content: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Attributes of an element."""
    return st.fixed_dictionaries({"slot": _slot_names} if content else {}, optional={"class": _classes})


@cache
def _slots() -> st.SearchStrategy[Any]:
    values = st.fixed_dictionaries({}, optional={"given": st.sampled_from(["{{n}}", "{{s}}", "{{item.v}}"])})
    return st.builds(slot, _slot_names, values)


@cache
def _node(level: int, depth: int, *, content: bool) -> st.SearchStrategy[Any]:
    """A node in the template of level ``level`` (0: the page), which uses components of higher levels."""
    leaves = [_texts, st.builds(lambda a: el("text", a, "t"), _own(content=content))]
    leaves += [_slots()] * 2 if level else []
    if depth == 0:
        return st.one_of(leaves)
    return st.one_of(*leaves, *[_branch(level, depth, content=content)] * 3)


@cache
def _branch(level: int, depth: int, *, content: bool) -> st.SearchStrategy[Any]:
    inner = _nodes(level, depth - 1, least=1)
    same = _nodes(level, depth - 1, content=content, least=1)
    wrapped = st.builds(lambda a, c: el("view", a, *c), _own(content=content), inner)
    branches = [
        wrapped,
        st.builds(
            lambda test, c, o: when(f"{{{{{test}}}}}", *c, otherwise=o),
            st.sampled_from(TESTS), same, st.none() | same.map(tuple),
        ),
        st.builds(
            lambda items, c, key: each(f"{{{{{items}}}}}", *c, key=key),
            st.sampled_from(LISTS), same, st.sampled_from(["id", None]),
        ),
    ]  # fmt: skip
    return st.one_of(*branches, *[_component(level, depth, content=content)] * 3 if level < len(TAGS) else [])


@cache
def _component(level: int, depth: int, *, content: bool) -> st.SearchStrategy[Any]:
    attributes = st.fixed_dictionaries(
        {"slot": _slot_names} if content else {},
        optional={
            "p": st.sampled_from(["{{on}}", "{{n}}"]),
            "q": st.sampled_from(["{{s}}", "{{item.v}}", "b"]),
            "r": st.sampled_from(["{{list}}", "{{r}}"]),
            "on": st.sampled_from(["{{on}}", "{{off}}"]),
            "model:p": st.sampled_from(["{{off}}", "{{item.on}}"]),
            "class": _classes,
            "ext": _classes,
            "bind:tap": st.just("t"),
            "bind:touchstart": st.just("t"),
        },
    )
    values = st.sampled_from([{}, {}, {"slot:given": "given"}])
    return st.builds(
        lambda tag, a, v, c: el(tag, {**a, **(v if content else {})}, *c),
        st.sampled_from(TAGS[level:]), attributes, values, _nodes(level, depth - 1, content=True, least=2),
    )  # fmt: skip


@cache
def _body(level: int) -> st.SearchStrategy[list[Any]]:
    """The template of a component, which has slots that come, go and change places."""
    test = st.sampled_from(TESTS)
    branch = st.builds(
        lambda test, a, b: when(f"{{{{{test}}}}}", el("view", {}, a), otherwise=(b, "else")), test, _slots(), _slots()
    )
    row = st.builds(
        lambda items, a: each(f"{{{{{items}}}}}", el("view", {}, a), key="id"), st.sampled_from(["list", "r"]), _slots()
    )
    lone = st.builds(lambda test, a: when(f"{{{{{test}}}}}", a), test, _slots())
    return st.lists(st.one_of(branch, row, lone, _node(level, 2, content=False)), min_size=2, max_size=3)


_modes = st.sampled_from([{}, {}, {"multiple_slots": True}, {"multiple_slots": True}, {"dynamic_slots": True}])


@st.composite
def _programs(draw: st.DrawFn) -> Program:
    program = Program()
    for level in range(len(TAGS), 0, -1):
        program.add(
            TAGS[level - 1],
            *draw(_body(level)),
            properties=PROPERTIES,
            external_classes=("ext",),
            data=copy.deepcopy(_OWN),
            virtual_host=draw(st.booleans()),
            **draw(_modes),
        )
    components = st.lists(_component(0, 3, content=False), min_size=1, max_size=2)
    program.page(*draw(components), *draw(_nodes(0, 3)))
    return program


_item = st.fixed_dictionaries({"id": st.integers(0, 5), "v": st.sampled_from(NAMES)}, optional={"on": st.booleans()})
_items = st.lists(_item, max_size=4, unique_by=lambda item: item["id"])
_OWN: dict[str, Any] = {"n": 1, "s": "a", "off": False, "list": [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}]}
_data = st.fixed_dictionaries(
    {"n": st.integers(0, 3), "s": _names, "on": st.booleans(), "off": st.booleans(), "list": _items}
)
_change = st.one_of(
    st.tuples(st.just("n"), st.integers(0, 3)),
    st.tuples(st.sampled_from(["s", "q"]), _names),
    st.tuples(st.sampled_from(["on", "off", "p"]), st.booleans()),
    st.tuples(st.just("list"), _items),
    st.tuples(st.just("r"), _items),
    st.tuples(st.builds("list[{}].v".format, st.integers(0, 3)), _names),
    st.tuples(st.builds("list[{}]".format, st.integers(0, 3)), _item),
)
_step = st.tuples(st.lists(_change, min_size=1, max_size=3).map(dict), st.sampled_from([0, 0, *range(12)]))


def hosts_of(tree: Tree) -> Iterator[ComponentFragment]:
    """The components of a tree and of those in it, in the order in which they are made."""

    def within(instance: BlockInstance) -> Iterator[ComponentFragment]:
        for fragment in instance.fragments:
            if isinstance(fragment, ComponentFragment):
                yield fragment
                yield from hosts_of(fragment.tree)
            for inner in fragment.instances():
                yield from within(inner)

    assert tree.root is not None
    return within(tree.root)


def fresh(screen: ComponentScreen) -> MirrorTree:
    """A screen of a page made from nothing with the data that the page and its components have now."""
    data = iter([copied(host.tree.data) for host in hosts_of(screen.view._tree)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Component, "data", lambda _: next(data))
        patch.setattr(ComponentFragment, "_property", lambda self, _, name: self.tree.data[name])
        view = PageView(screen.page, copy.deepcopy(dict(screen.view.data)), components=screen.program.definitions.get)
        tree = MirrorTree()
        tree.apply(view.render())
    assert next(data, None) is None
    return tree


def limbo(tree: MirrorTree) -> list[str]:
    return sorted(repr(child.outline()) for child in tree.limbo.children)


def check(screen: ComponentScreen) -> None:
    """The screen is as a fresh one, a snapshot makes the same, and the view knows what the screen has."""
    expected = fresh(screen)
    assert screen.tree.root.outline() == expected.root.outline()
    assert limbo(screen.tree) == limbo(expected)
    again = MirrorTree()
    again.apply(screen.view.snapshot())
    assert again.root.outline() == screen.tree.root.outline()
    assert again.nodes.keys() == screen.tree.nodes.keys()
    placement = screen.view._registry.placement
    assert sorted(placement.shown[LIMBO_ID]) == sorted(child.id for child in screen.tree.limbo.children)
    for parent, shown in placement.shown.items():
        if parent not in (ROOT_ID, LIMBO_ID):
            assert list(shown) == [child.id for child in screen.tree.nodes[parent].children]
    for node, parent in placement.home.items():
        assert node in placement.shown[parent]
    assert sum(map(len, placement.shown.values())) == len(placement.home)


@pytest.mark.timeout(600)  # a failure takes long to be made small
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(program=_programs(), data=_data, steps=st.lists(_step, min_size=4, max_size=8))
def test_a_screen_that_follows_patches_shows_what_a_fresh_page_shows(
    program: Program, data: dict[str, Any], steps: list[Any]
) -> None:
    screen = ComponentScreen(program, program.template, data)
    check(screen)
    for changes, chosen in steps:
        owners = [0, *(host.id for host in hosts_of(screen.view._tree))]
        screen.update(changes, owners[chosen % len(owners)])
        check(screen)


@pytest.mark.timeout(600)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(program=_programs(), data=_data, steps=st.lists(_step, min_size=2, max_size=6))
def test_who_follows_effects_knows_the_data_of_every_component(
    program: Program, data: dict[str, Any], steps: list[Any]
) -> None:
    screen = ComponentScreen(program, program.template, data)
    instances = Instances(program, data)
    instances.carry_out(screen.effects())
    for changes, chosen in steps:
        owners = [*instances.data]
        owner = owners[chosen % len(owners)]
        instances.set_data(owner, changes)
        screen.update(changes, owner)
        instances.carry_out(screen.effects())
        hosts = {host.id: host.tree.data for host in hosts_of(screen.view._tree)}
        assert instances.data == {0: screen.view.data, **hosts}


@pytest.mark.timeout(600)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(program=_programs(), data=_data, steps=st.lists(_step, max_size=4))
def test_the_page_setting_the_same_data_again_changes_nothing(
    program: Program, data: dict[str, Any], steps: list[Any]
) -> None:
    screen = ComponentScreen(program, program.template, data)
    for changes, _ in steps:
        screen.update(changes)
    screen.effects()
    assert screen.update(screen.view.data) == []
    assert screen.effects() == []
