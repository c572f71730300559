"""Random pages: nested conditions, loops, slots and components, and random changes of their data."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tests.conformance.case import Case, Part, assign

# Components that show what they are given, and hold no state: a page then depends on its data alone.
PARTS = {
    "box": Part("<view class='box'><slot/></view>"),
    "panel": Part(
        "<view class='head'><slot name='head'/></view><slot/><view wx:if='{{foot}}'><slot name='foot'/></view>",
        "{options: {multipleSlots: true}, properties: {foot: Boolean}}",
    ),
    "maybe": Part("<view wx:if='{{foot}}'><slot/></view><text wx:else>closed</text>", "{properties: {foot: Boolean}}"),
    "ghost": Part("<text>{{label}}</text><slot/>", "{options: {virtualHost: true}, properties: {label: String}}"),
    "pair": Part(
        "<panel foot='{{foot}}'><label text='{{label}}' slot='head'/><slot/></panel>",
        "{properties: {label: String, foot: Boolean}}",
        ("panel", "label"),
    ),
    "label": Part(
        '<text class=\'label {{big ? "big" : ""}}\'>{{text}}</text>'
        "<text wx:for='{{list}}' wx:key='*this'>{{item}}</text>",
        "{properties: {text: String, big: Boolean, list: Array}}",
    ),
}

_FLAGS = ("p", "q", "r")
_LISTS = ("one", "two")
_texts = st.sampled_from(["", "a", "b c", "0"])
_lists = st.lists(st.integers(0, 6), max_size=4, unique=True)  # they are keys
_data = st.fixed_dictionaries(
    {**dict.fromkeys(_FLAGS, st.booleans()), **dict.fromkeys(_LISTS, _lists), "s": _texts, "n": st.integers(-1, 3)}
)
_changes = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(_FLAGS, st.booleans()),
        **dict.fromkeys(_LISTS, _lists),
        "s": _texts,
        "n": st.integers(-1, 3),
    },
).filter(bool)


@st.composite
def _expressions(draw: st.DrawFn, variables: tuple[str, ...]) -> str:
    name = draw(st.sampled_from(("s", "n", "p", *variables)))
    shape = draw(st.sampled_from(["{}", "{} + s", "{} + '-' + n", "{} == 1 ? s : n", "!{}", "one.length + {}"]))
    return shape.format(name)


@st.composite
def _tests(draw: st.DrawFn, variables: tuple[str, ...]) -> str:
    plain = st.sampled_from([*_FLAGS, "!p", "n > 0", "s", "one.length", "two[0] === 1", "p && q"])
    test: str = draw(st.one_of(plain, *(st.just(f"{name} % 2") for name in variables)))
    return test


@st.composite
def _nodes(draw: st.DrawFn, variables: tuple[str, ...], depth: int) -> str:
    kinds = ["text", "text", "view", "label"]
    if depth:
        kinds += ["if", "if", "for", "for", "box", "panel", "maybe", "ghost", "pair", "block"]
    kind = draw(st.sampled_from(kinds))
    deeper = max(depth - 1, 0)

    def several(least: int = 0, names: tuple[str, ...] = variables) -> str:
        return "".join(draw(st.lists(_nodes(names, deeper), min_size=least, max_size=3)))

    value = draw(_expressions(variables))
    test = draw(_tests(variables))
    match kind:
        case "text":
            return f"<text>{{{{{value}}}}}</text>"
        case "view":
            names = f'class="c {{{{{test} ? 1 : 2}}}}" id="v{{{{n}}}}"'
            return f"<view {names}>{{{{{value}}}}}{several()}</view>"
        case "label":
            return f'<label text="{{{{{value}}}}}" big="{{{{{test}}}}}" list="{{{{one}}}}"/>'
        case "if":
            other = draw(_tests(variables))
            chain = f'<view wx:if="{{{{{test}}}}}">{several()}</view>'
            if draw(st.booleans()):
                chain += f'<block wx:elif="{{{{{other}}}}}">{several(1)}</block>'
            if draw(st.booleans()):
                chain += f"<view wx:else>{several()}</view>"
            return chain
        case "for":
            item = f"i{len(variables)}"
            source = draw(st.sampled_from(_LISTS))
            tag = draw(st.sampled_from(["view", "block", "box", "ghost"]))
            loop = f'wx:for="{{{{{source}}}}}" wx:for-item="{item}" wx:for-index="x{len(variables)}" wx:key="*this"'
            return f"<{tag} {loop}>{several(1, (*variables, item))}</{tag}>"
        case "panel":
            head = f"<view slot='head'>{several()}</view>" if draw(st.booleans()) else ""
            foot = f"<view slot='foot'>{several()}</view>" if draw(st.booleans()) else ""
            return f'<panel foot="{{{{{test}}}}}">{foot}{several()}{head}</panel>'
        case "block":
            return f"<block>{several(1)}</block>"
        case _:
            return f'<{kind} label="{{{{{value}}}}}" foot="{{{{{test}}}}}">{several()}</{kind}>'


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A page with random content, and up to four changes of its data."""
    body = "\n".join(draw(st.lists(_nodes((), 3), min_size=1, max_size=4)))
    data: dict[str, Any] = draw(_data)
    steps = draw(st.lists(_changes, max_size=4))
    return Case("generated", body, script(data), PARTS, steps=tuple(assign(step) for step in steps))


def script(data: Mapping[str, Any]) -> str:
    """The script of a page with these data."""
    return f"{{data: {json.dumps(data)}}}"


def at_each_step(case: Case) -> Iterator[Case]:
    """The page of a random case without steps, with the data that it has at first and after each step."""
    data: dict[str, Any] = json.loads(case.script.removeprefix("{data: ").removesuffix("}"))
    yield replace(case, steps=())
    for _, _, _, changes in case.steps:
        data |= changes
        yield replace(case, script=script(data), steps=())
