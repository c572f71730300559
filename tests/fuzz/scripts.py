"""Scripts of a package: any text is a module for the engine, in which every place can be found again."""

from collections.abc import Callable, Mapping
from pathlib import Path

from device_runtime.engine.es_modules import read_source
from device_runtime.engine.tokens import TokenError, tokenize
from tests.fuzz.boards import spliced
from tests.fuzz.choices import Choices

_TEXTS = [
    *(path.read_text() for path in sorted(Path("examples").rglob("*.js"))[:4]),
    "import a, {b as c} from './d'; export default class X {}; export const {y, z: [w = 1]} = a; export * from 'e'",
    "async function f() { for await (const x of y) `a${b}` }\nlet r = /[/]a/g, n = 0x1n; const g = async x => ({...x})",
]
SEEDS = [b"\0" + text.encode() for text in _TEXTS]
_PIECES = (
    "{", "}", "(", ")", "[", "]", ";", "`", "${", "/", "//", "/*", "*/", "'", '"', "\\", "\n", "\r", "\u2028", "\0",
    "=>",
    "import ", "export ", "export default ", "from ", "as ", "async ", "await ", "function ", "class ", "const ",
    "let {a = {b: [c]}} = d;",
    "import('a')", "import.meta", "export {a as 'b'}", "import * as a from 'b'", "#!", "0b", "1_", ".5e", "\\u{61}",
    "\\ud800",
    "{" * 300, "(" * 300, "[" * 300, "`${" * 300, "async x => " * 100, "/a", "<!--", "-->", "return", "of ",
)  # fmt: skip


def feed(data: bytes) -> None:
    choices = Choices(data)
    raw = choices.below(2) == 0
    check(choices.rest().decode(errors="replace") if raw else spliced(_TEXTS, _PIECES, choices))


def _check_place(offset: int, text: str) -> None:
    assert 0 <= offset <= len(text)


def check(text: str) -> None:
    try:
        tokens = tokenize(text)
    except TokenError as error:
        _check_place(error.offset, text)
    else:
        at = 0
        for token in tokens:
            assert at <= token.start < token.end <= len(text)
            assert text[token.start : token.end] == token.text
            at = token.end
    module = read_source(text)
    for start, end, _ in module.edits:
        assert 0 <= start <= end <= len(text)


def _text(text: str) -> Callable[[], str]:
    return lambda: text


_LONG = 60_000

CASES: Mapping[str, Callable[[], str]] = {
    "brackets without end": _text("export default " + "(" * 20_000),
    "patterns without end": _text("export const " + "{a:" * 5000 + "b" + "}" * 5000 + " = c"),
    "a template without end": _text("export default " + "`${" * 5000),
    "a string without end": _text("export default '" + "\\" * _LONG),
    "a comment without end": _text("export default /*" + "/* " * _LONG),
    "regular expressions without end": _text("export default " + "/[" * _LONG),
    "regular expressions that are not closed": _text("export default " + "(/a" * 20_000),
    "strings that are not closed": _text("export default " + "'a" * 20_001),
    "a number of many parts": _text("export default " + "1_" * _LONG + "q"),
    "arrows of arrows": _text("export default " + "async x => " * 5000 + "1"),
    "blanks without end": _text("export default" + " " * _LONG + "\\"),
    "names of dots": _text("export default a" + ".a" * 20_000),
    "exports without end": _text("export " * 5000),
    "imports without end": _text("import {" + "a as b," * 5000),
}
