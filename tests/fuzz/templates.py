"""The template compiler: any text is a template that a device loads and shows, or a SourceError with its place."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from device_runtime.view.errors import ViewError
from device_runtime.view.mirror import MirrorTree
from device_runtime.view.page import PageView
from device_runtime.view.template import load_template
from firmware_tools.build.dialects import SWAN, WECHAT, Dialect, SourceError
from firmware_tools.build.templates import Owner, UsedComponent, compile_template
from tests.fuzz.boards import spliced
from tests.fuzz.choices import Choices
from tests.fuzz.refusals import check_refusal, check_sentence
from tests.view.sources import TEMPLATES

MOST_NODES = 2_000
Source = tuple[str, Dialect]
_WECHAT = [
    *(path.read_text() for path in sorted(Path("examples").rglob("*.wxml"))),
    *TEMPLATES.values(),
    '<import src="other.wxml"/><include src="other"/><template is="t" data="{{...a, b: 1, c}}"/>',
    '<view class="{{m.f(a[0].b)}}"/>',
    '<wxs module="m">module.exports = {f: function (x) { return /a[/]b/.test(x) ? 1 : "}}" }}</wxs>',
    '<a-b model:value="{{a.b}}" bind:x="y" generic:g="a-b" slot:v="w" mark:k="{{1}}" data-a-b="{{w}}" slot="{{s}}"/>',
    '<slot name="{{a}}" v="{{b}}"/>&lt;&#x41;{{a ? b : c.d["e"] || -1 ** 2}}<!-- c -->',
    '<input value=a disabled /><image><block wx:if="{{a}}">x</block><block wx:elif="{{b}}"/><block wx:else>y</block>',
]
_SWAN = [
    *(path.read_text() for path in sorted(Path("examples").rglob("*.swan"))),
    '<view s-for="item, index in list trackBy item.id" s-if="a == 1">{{item.v | f(1)}}{=a=}</view>',
    '<filter module="m">export default {f: x => x}</filter><input value="{=a.b=}"/>',
    '<import-sjs module="s">export const a = 1</import-sjs>',
]
_TEXTS = {"wechat": _WECHAT, "swan": _SWAN}
SEEDS = [b"\0\0" + text.encode() for text in _WECHAT] + [b"\0\1" + text.encode() for text in _SWAN]
_PIECES = (
    "{{", "}}", "{", "}", "<", "</", "/>", ">", "<!--", "-->", "<!", '"', "'", "=", "\\", "\n", "\0", "\u2028",
    "\u56fe",
    "&", "&#55296;", "&#x110000;", "&nbsp;", "&amp;", "...", "?.", "?", ":", "(", ")", "[", "]", ",", "|", "-", "!",
    "typeof ",
    "1e999", "0x" + "f" * 300, "9" * 400, ".5", "1.", "'\\u{d800}'", "'\\u{110000}'", "'\\x4'", "\u0661", "\u00b2",
    "a.b[0]",
    "wx:for", 'wx:for="{{a}}"', 'wx:if="{{a}}"', "wx:else", 'wx:key="*this"', "s-for", "slot:", "bind:", "catch",
    "model:value",
    "data-", "change:", "generic:", "mark:", "<view>", "</view>", "<slot", "<template name='t'>", "<template is='t'/>",
    "</template>",
    "<import src='other.wxml'/>", "<include src='page.wxml'/>", "<wxs module='m' src='m.wxs'/>", "<wxs module='n'>",
    "</wxs>",
    "<a-b>", "</a-b>", "{{" * 40, "(" * 70, "[" * 70, "<view>" * 95, "!" * 70, "-" * 70, ".a" * 110, "+1" * 110,
    "?a:b" * 70,
)  # fmt: skip
_FILES = {
    "p/other.wxml": '<template name="t"><view>{{b}}</view></template><view/>',
    "p/page.wxml": '<include src="page.wxml"/><import src="page.wxml"/>',
    "p/m.wxs": 'module.exports = require("./m.wxs")',
}
_OWNER = Owner(
    components={"a-b": UsedComponent("c/a-b"), "c-d": UsedComponent(None, "g")}, is_component=True, prefix="p-"
)
_DATA = {
    "list": [{"id": 1, "v": 2, "kids": [{"id": 1}]}, {"id": 2}],
    "a": {"b": [1]},
    "n": 3,
    "text": "x\ud800",
    "flag": True,
}


def feed(data: bytes) -> None:
    choices = Choices(data)
    raw, dialect = choices.below(2) == 0, choices.pick([WECHAT, SWAN])
    if raw:
        check((choices.rest().decode(errors="replace"), dialect))
    else:
        check((spliced(_TEXTS[dialect.name], _PIECES, choices), dialect))


def check(source: Source) -> None:
    text, dialect = source
    warnings: list[str] = []
    try:
        document = compile_template(text, f"p/a{dialect.template}", dialect, _FILES.get, warnings, _OWNER)
    except SourceError as error:
        check_refusal(error, names="p/")
        return
    finally:
        for warning in warnings:
            check_sentence(warning)
    written = json.dumps(document)
    view = PageView(load_template(json.loads(written)), json.loads(json.dumps(_DATA)), most_nodes=MOST_NODES)
    try:
        operations = view.render()
    except ViewError as error:
        check_refusal(error)
        return
    MirrorTree().apply(operations)


def _text(text: str, dialect: Dialect = WECHAT) -> Callable[[], Source]:
    return lambda: (text, dialect)


_LONG = 60_000

CASES: Mapping[str, Callable[[], Source]] = {
    "a directive with a zero byte in it": _text("<view wx:for-it\0m='a' a\x1b='{{b(}}'/>"),
    "loops in loops, 30 deep": _text("<view wx:for='{{list}}'>" * 30 + "a" + "</view>" * 30),
    "loops in loops that show nothing, 30 deep": _text("<block wx:for='{{list}}'>" * 30 + "</block>" * 30),
    "half a character as an escape": _text("{{'\\ud800'}}"),
    "a number of 400 digits": _text("{{" + "9" * 400 + "}}"),
    "a number of 5000 digits": _text("{{" + "9" * 5000 + "}}"),
    "a hexadecimal number of 5000 digits": _text("{{0x" + "f" * 5000 + "}}"),
    "digits of other scripts": _text("{{\u0661}}{{\u00b2}}{{a.\u0661}}"),
    "an end tag that does not end": _text("</" + "a" * _LONG),
    "an end tag of blanks": _text("</a" + " " * _LONG),
    "end tags that close nothing": _text("</a>" * 20_000),
    "quotes in an expression": _text('<view a="{{' + '" ' * _LONG + "/>"),
    "expressions that are not closed": _text("<view a='{{' b='" + "{{'" * _LONG),
    "elements that are not closed": _text("<view><image>" * 80),
    "attributes without end": _text("<view " + "a " * _LONG),
    "an expression of members": _text("{{" + "a" + ".a" * 5000 + "}}"),
    "an expression of sums": _text("{{" + "1" + "+1" * 5000 + "}}"),
    "an expression of brackets": _text("{{" + "(" * 5000 + "}}"),
    "an expression of conditions": _text("{{" + "a?" * 5000 + "}}"),
    "an expression of calls": _text("{{a" + "()" * 5000 + "}}"),
    "an expression of signs": _text("{{" + "-" * 5000 + "1}}"),
    "an unknown character": _text("&" * _LONG + "&a;" * 1000),
    "a loop of many words": _text('<view s-for="' + "a " * _LONG + '"/>', SWAN),
    "a loop over blanks": _text('<view s-for="a in' + " " * _LONG + '"/>', SWAN),
    "a file that includes itself": _text("<include src='page.wxml'/><import src='page.wxml'/>"),
    "code that is one long bracket": _text("<wxs module='m'>" + "(" * 5000 + "</wxs>"),
    "code that is one long string": _text("<wxs module='m'>'" + "\\" * _LONG + "</wxs>"),
    "a name that stands between dots": _text("<view wx:for='{{a}}' wx:key='" + "a." * _LONG + "'/>"),
}
