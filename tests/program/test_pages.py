"""The router: which steps a navigation takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.program.pages import MAX_PAGES, NavigationError, PageNotFoundError, PageStack, split_path

ROUTES = ("a/a", "b/b", "c/c", "d/d")


@pytest.mark.parametrize(
    ("path", "current", "route", "query"),
    [
        ("/a/a?x=1&y=%20z&flag", "", "a/a", {"x": "1", "y": " z", "flag": ""}),
        ("../b/b", "a/a", "b/b", {}),
        ("./x", "a/a", "a/x", {}),
        ("x?a=b=c#frag", "", "x", {"a": "b=c"}),
        ("../../../b/b", "a/a", "b/b", {}),
        ("/a/a.html?%ff=%ff", "", "a/a", {"\ufffd": "\ufffd"}),
        ("", "", "", {}),
    ],
)
def test_a_path_is_split(path: str, current: str, route: str, query: dict[str, str]) -> None:
    assert split_path(path, current) == (route, query)


def test_back_goes_as_far_as_the_first_page() -> None:
    stack = PageStack(ROUTES)
    for route in ("a/a", "b/b", "c/c"):
        stack.open(route)
    step = stack.back(9)
    assert [page.route for page in step.unload] == ["c/c", "b/b"]
    assert step.show is stack.top
    with pytest.raises(NavigationError, match="first page"):
        stack.back()


def test_a_full_stack_refuses_a_push_and_an_outside_open_replaces_the_top() -> None:
    stack = PageStack(ROUTES)
    for _ in range(MAX_PAGES):
        stack.open("a/a")
    with pytest.raises(NavigationError, match="limit"):
        stack.push("b/b")
    assert stack.open("b/b").transition == "replace"
    assert len(stack.pages) == MAX_PAGES


def test_a_page_that_is_not_there_changes_nothing() -> None:
    stack = PageStack(ROUTES, tabs=("a/a",))
    stack.open("a/a")
    for act in (stack.push, stack.redirect, stack.relaunch, stack.switch_tab, stack.open):
        with pytest.raises(PageNotFoundError, match='page "z/z" is not found'):
            act("z/z")
    assert [page.route for page in stack.pages] == ["a/a"]


_MOVES = st.lists(
    st.tuples(st.sampled_from(["push", "redirect", "relaunch", "switch_tab", "open", "back"]), st.sampled_from(ROUTES)),
    max_size=40,
)


@given(_MOVES)
def test_pages_are_loaded_once_unloaded_once_and_shown_when_they_exist(moves: list[tuple[str, str]]) -> None:
    stack = PageStack(ROUTES, tabs=("a/a", "b/b"))
    alive: set[int] = set()
    for move, route in [("open", "a/a"), *moves]:
        try:
            step = stack.back() if move == "back" else getattr(stack, move)(route)
        except NavigationError:
            continue
        for page in step.unload:
            alive.remove(page.id)
        assert step.hide is None or step.hide.id in alive
        if step.load is not None:
            assert step.load.id not in alive
            alive.add(step.load.id)
        if step.transition != "none":
            assert step.show is stack.top
            assert {page.id for page in stack.pages} <= alive
        assert 1 <= len(stack.pages) <= MAX_PAGES
