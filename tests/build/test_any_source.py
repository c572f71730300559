"""Whatever the source, the build answers with a program that the device loads, or with one sentence."""

import json
import re
from collections.abc import Iterator
from typing import Any

import tinycss2
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.view.template import load_template
from firmware_tools.build.dialects import SWAN, WECHAT, Dialect, SourceError
from firmware_tools.build.styles import StyleScope, compile_style
from firmware_tools.build.templates import Owner, UsedComponent, compile_template

OWNER = Owner({"x-y": UsedComponent("c/x"), "g": UsedComponent(None, "g"), "p": UsedComponent(None)}, {}, True, "c1-")
PIECES = [
    "<", ">", "/>", "</", "</view>", "<view", "<view>", "<text>", "</text>", "<x-y ", "</x-y>", "<g/>", "<p>",
    "<block>",
    "</block>", "<slot ", "<image ", "<input>", "<template name='t'>", "</template>", "<template is='t'",
    "data='{{a}}'",
    "<wxs module='m'>", "</wxs>", "<import-sjs module='m'>", "</import-sjs>", "exports.f = 1", "export default {}",
    "<include src='/i'/>", "<import src='/i'/>", "<!--", "-->", " wx:if='{{a}}'", " wx:elif='{{b}}'", " wx:else",
    " wx:for='{{a}}'", " wx:key='id'", " s-for='a, i in b'", " s-if='a'", " s-else", " bindtap='f'",
    " bind:a='{{m.f}}'",
    " change:a='{{m.f}}'", " model:a='{{a.b}}'", " mark:a='1'", " generic:g='x-y'", " slot='s'", " slot:a='b'",
    " class='a {{b}}'", " data-a-b='1'", " a", "=", "'", '"', "{{", "}}", "{{m.f(a, {b})}}", "{{a.b[c] + 1}}", "&lt;",
    "&x;", " ", "\n", "a", "{= a =}", "name='n'",
]  # fmt: skip
WHOLE = [
    "<wxs module='m'>exports.f = 1</wxs>", "<import-sjs module='m'>export default {f: 1}</import-sjs>",
    "<view a='{{m.f(a)}}' b='{{a.f(1)}}'>{{m.f}}</view>", "<x-y c='{{a}}' slot='s' generic:g='x-y'>a</x-y>",
    "<view wx:if='{{a}}'/>", "<view wx:else/>", "<view wx:for='{{a}}' wx:key='b'>{{item}}</view>",
    "<slot name='s' v='1'/>",
    "<template name='t'>{{a}}</template><template is='t' data='{{a}}'/>", "<include src='/i'/>",
    "<g slot:v='b'>{{b}}</g>",
]  # fmt: skip
FILES = {"i.wxml": "<wxs module='k'>exports.a = 1</wxs><view>{{k.a}}</view><template name='t'>{{a}}</template>"}
CSS_RULES = [
    ".a{b:c}", ".a:not(.b, view.c) > .a::after{b:1rpx;c:url(d.png)}", ":host(.a) .b{}", "@media print{.a{b:c}}",
    "@supports (a:b){.a{b:c}.b{}}", "@keyframes k{50.5%{a:b}}", "@font-face{src:url(a.ttf)}", "@import 'i';",
]  # fmt: skip
CSS_PIECES = [
    ".a", ".b", "#c", "view", ":host", "::after", ":not(", ")", "{", "}", ";", ":", "color", "red", "1rpx",
    "url(a.png)",
    "url(", "@media print", "@keyframes k", "@import 'i';", "@", "from", "50%", ",", ">", " ", "[a=b]", "/*", "*/", "'",
    "\\", "\ufdd0", "\n", "calc(1rpx + 2px)", "--x", "!important", "é", "&",
]  # fmt: skip


_PLACED = r"(c/x|c/x\.wxss|c/i|i\.wxml):\d+:\d+: [^\n]+"


@given(st.lists(st.sampled_from(PIECES) | st.sampled_from(WHOLE), max_size=25), st.sampled_from([WECHAT, SWAN]))
def test_a_template_of_any_pieces_compiles_to_what_the_device_loads_or_is_refused(
    pieces: list[str], dialect: Dialect
) -> None:
    said: list[str] = []
    try:
        document = compile_template("".join(pieces), "c/x", dialect, FILES.get, said, OWNER)
    except SourceError as error:
        said.append(str(error))
    else:
        load_template(json.loads(json.dumps(document)))
    assert [sentence for sentence in said if not re.fullmatch(_PLACED, sentence)] == []


@given(st.text(max_size=60))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    try:
        document = compile_template(text, "c/x", WECHAT, FILES.get)
    except SourceError:
        return
    load_template(document)


@given(st.lists(st.sampled_from(CSS_PIECES) | st.sampled_from(CSS_RULES), max_size=20))
def test_each_class_of_a_component_style_of_any_pieces_carries_the_prefix(pieces: list[str]) -> None:
    said: list[str] = []
    made = ""
    try:
        made = compile_style("".join(pieces), "c/x.wxss", {"c/i": ".i { a: url(b.png) }"}.get, said, StyleScope("c1-"))
    except SourceError as error:
        said.append(str(error))
    assert [sentence for sentence in said if not re.fullmatch(_PLACED, sentence)] == []
    assert not re.search("[\ufdd0-\ufdd2]", made)
    assert [name for name in classes(tinycss2.parse_stylesheet(made)) if not name.startswith("c1-")] == []


def classes(rules: list[Any]) -> Iterator[str]:
    """The classes in the selectors of rules, those in ``@media`` too."""
    for rule in rules:
        if rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports") and rule.content is not None:
            yield from classes(tinycss2.parse_rule_list(rule.content))
        elif rule.type == "qualified-rule":
            yield from classes_of(rule.prelude)


def classes_of(tokens: list[Any]) -> Iterator[str]:
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "ident" and before == ".":
            yield token.value
        elif token.type == "function":
            yield from classes_of(token.arguments)
