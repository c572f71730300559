# ruff: noqa: E501 a line of JavaScript reads better whole
"""Relations between components."""

import pytest

from tests.program.components import component, lines_of, page
from tests.program.running import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")


def relating(key: str, kind: str, target: str = "", more: str = "") -> str:
    """A component with one relation, which tells of it."""
    told = ", ".join(
        f"{event}(other) {{ console.log(this.data.n, '{event}', other.data.n) }}"
        for event in ("linked", "linkChanged", "unlinked")
    )
    return f"{{properties: {{n: String}}, relations: {{'{key}': {{type: '{kind}', {target} {told} }}}}, {more} }}"


PAIRS = [
    pytest.param("parent", "child", ["p linked a", "a linked p", "p linked b", "b linked p"], id="parent and child"),
    pytest.param(
        "ancestor",
        "descendant",
        ["p linked a", "a linked p", "p linked c", "c linked p", "p linked b", "b linked p"],
        id="ancestor and descendant",
    ),
]


@pytest.mark.parametrize(("up", "down", "expected"), PAIRS)
async def test_related_components_are_linked_by_their_paths(
    board: Board, up: str, down: str, expected: list[str]
) -> None:
    parts = [
        page(
            "<list n='p'><view><item n='a'><item n='c'/></item></view><item n='b'/></list><item n='alone'/>",
            "Page({onReady() { console.log('up') }})",
            list="/c/list/list",
            item="/c/item/item",
        ),
        component("c/list/list", "<slot/>", f"Component({relating('../item/item', down)})"),
        component("c/item/item", "<slot/>", f"Component({relating('/c/list/list', up)})"),
    ]
    _, lines = await lines_of(board, *parts, count=len(expected) + 1)
    assert lines == [*expected, "up"]


async def test_related_components_are_linked_by_a_behavior(board: Board) -> None:
    behavior = {"field.js": "module.exports = Behavior({})"}
    parent = relating("whatever", "descendant", "target: require('/field.js'),")
    child = relating("../form", "ancestor", "target: '/c/form',", "behaviors: [require('/field.js')]")
    other = "{properties: {n: String}, behaviors: [require('/field.js')], relations: {'./form': {type: 'ancestor'}}}"
    parts = [
        page(
            "<f n='p'><x n='a'/><view><y n='b'/></view></f>",
            "Page({onReady() { console.log('up') }})",
            f="/c/form",
            x="/c/x",
            y="/c/y",
        ),
        component("c/form", "<slot/>", f"Component({parent})"),
        component("c/x", "", f"Component({child})"),
        component("c/y", "", f"Component({other})"),
        behavior,
    ]
    _, lines = await lines_of(board, *parts, count=4)
    assert lines == ["p linked a", "a linked p", "p linked b", "up"]


async def test_related_nodes_are_listed_in_the_order_of_the_document_and_leave_with_their_components(
    board: Board,
) -> None:
    nodes = "methods: { nodes() { return this.getRelationNodes('./item').map((c) => c.data.n).join('') } }"
    up = "methods: { parent() { return this.getRelationNodes('./list').map((c) => c.data.n).join('') } }"
    pages = page(
        "<list id='l' n='p'><item wx:for='{{items}}' wx:key='*this' n='{{item}}' id='{{item}}'/></list>",
        """Page({data: {items: ['b', 'd']}, onReady() { const l = this.selectComponent('#l'); const tell = () => console.log('=', l.nodes());
          tell(); this.setData({items: ['a', 'b', 'c', 'd']}); tell(); this.setData({items: ['d', 'c', 'a']}); tell();
          console.log('up', this.selectComponent('#c').parent()); this.setData({items: []}); tell() }})""",
        list="/c/list",
        item="/c/item",
    )
    parts = [
        pages,
        component("c/list", "<slot/>", f"Component({relating('./item', 'child', '', nodes)})"),
        component("c/item", "", f"Component({relating('./list', 'parent', '', up)})"),
    ]
    _, lines = await lines_of(board, *parts, count=25)
    assert [line for line in lines if line[0] in "=u"] == ["= bd", "= abcd", "= dca", "up p", "= "]
    assert [line for line in lines if "unlinked" in line and line.startswith("p")] == [
        "p unlinked b",
        "p unlinked d",
        "p unlinked c",
        "p unlinked a",
    ]
    assert "p linkChanged d" in lines


async def test_a_relation_does_not_cross_into_another_tree(board: Board) -> None:
    parts = [
        page("<list n='p'/>", "Page({onReady() { console.log('up') }})", list="/c/list"),
        component("c/list", "<item n='a'/>", f"Component({relating('./item', 'child')})", item="/c/item"),
        component("c/item", "", f"Component({relating('./list', 'parent')})"),
    ]
    _, lines = await lines_of(board, *parts, count=1)
    assert lines == ["up"]


async def test_a_relation_that_is_not_declared_has_no_nodes(board: Board) -> None:
    script = "Component({attached() { console.log(this.getRelationNodes('./none').length) } })"
    session, lines = await lines_of(board, page("<x/>", x="/c/x"), component("c/x", "", script), count=1)
    assert lines == ["0"]
    assert 'there is no relation "./none"' in board.heard.lines(session, "warn")[0]
