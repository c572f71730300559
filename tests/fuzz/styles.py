"""The style compiler: any text is a style sheet or a SourceError with its place."""

from collections.abc import Callable, Mapping
from pathlib import Path

from firmware_tools.build.dialects import SourceError
from firmware_tools.build.styles import StyleCompiler, StyleScope
from tests.fuzz.boards import spliced
from tests.fuzz.choices import Choices
from tests.fuzz.refusals import check_refusal, check_sentence

_TEXTS = [
    *(path.read_text() for path in sorted(Path("examples").rglob("*.wxss"))),
    '@import "b.wxss";@media (width > 750rpx){.a>.b:not(.c)::after,page{width:calc(100% - 2rpx);color:red!important}}',
    "@font-face{src:url(a.woff)}@keyframes k{0%{left:1vw}}:host(.x) .y{background:url( 'a b.png' )}.z{--v:{a:b}}",
]
SEEDS = [b"\0" + text.encode() for text in _TEXTS]
_PIECES = (
    "{", "}", "(", ")", "[", "]", ";", ":", ",", ".", "#", "@", "@import 'a.wxss';", "@import 'b.wxss';",
    "@import url(b.wxss);",
    "@media ", "/*", "*/", '"', "'", "\\", "\n", "\0", "\ue000", "\uf8ff", "\u56fe", "url(", "url('../../a')", "1rpx",
    "1e999rpx",
    "9" * 400 + "rpx", ":host", ":not(", ":is(", "::before", ">", "~", "+", "*", "!important", "<!--", "-->",
    "{" * 300, "(" * 300,
    "\\d800 ", "\\0 ", "var(--a)", "</style>",
)  # fmt: skip
_FILES = {"p/b.wxss": "@import 'a.wxss';.b{color:red}", "p/a.wxss": ""}
Style = tuple[str, bool]


def feed(data: bytes) -> None:
    choices = Choices(data)
    raw, scoped = choices.below(2) == 0, choices.chance(2)
    check((choices.rest().decode(errors="replace") if raw else spliced(_TEXTS, _PIECES, choices), scoped))


def check(style: Style) -> None:
    text, scoped = style
    warnings: list[str] = []
    files = {**_FILES, "p/a.wxss": text}
    try:
        made = StyleCompiler(files.get, warnings).compile("p/a.wxss", StyleScope("x--") if scoped else None)
    except SourceError as error:
        check_refusal(error)
        return
    finally:
        for warning in warnings:
            check_sentence(warning)
    made.encode()


def _text(text: str) -> Callable[[], Style]:
    return lambda: (text, True)


CASES: Mapping[str, Callable[[], Style]] = {
    "half a character as an escape": _text(".a{content:'\\d800 '}"),
    "blocks 5000 deep": _text("{" * 5000),
    "brackets 5000 deep": _text(".a{width:" + "(" * 5000 + "}"),
    "functions 5000 deep": _text(".a{width:" + "calc(" * 5000 + "}"),
    "selectors 5000 deep": _text(":not(" * 5000 + ".a{}"),
    "media 300 deep": _text("@media x{" * 300 + ".a{b:c}" + "}" * 300),
    "a length of 400 digits": _text(".a{width:" + "9" * 400 + "rpx}"),
    "a length without end": _text(".a{width:1e999rpx}"),
    "the compiler's own marks": _text(".a\ue000{content:'\ue001\uf8ff'}"),
}
