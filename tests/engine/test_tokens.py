"""Tokens: regular expressions against division, templates, brackets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_runtime.engine.tokens import TokenError, tokenize


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a / b / c", ["a", "/", "b", "/", "c"]),
        ("x = /b\\/[/]c/g.test(y)", ["x", "=", "/b\\/[/]c/g", ".", "test", "(", "y", ")"]),
        ("if (a) /re/.exec(b)", ["if", "(", "a", ")", "/re/", ".", "exec", "(", "b", ")"]),
        ("(a) / b", ["(", "a", ")", "/", "b"]),
        ("return /a/", ["return", "/a/"]),
        ("o.return / a / b", ["o", ".", "return", "/", "a", "/", "b"]),
        ("({}) / 2", ["(", "{", "}", ")", "/", "2"]),
        ("x = {} / 2", ["x", "=", "{", "}", "/", "2"]),
        ("{} /a/", ["{", "}", "/a/"]),
        ("i++ / 2", ["i", "++", "/", "2"]),
        ("`a${b + `c${1}`}d`", ["`a${", "b", "+", "`c${", "1", "}`", "}d`"]),
        ("`a${{b: 1}.b}`", ["`a${", "{", "b", ":", "1", "}", ".", "b", "}`"]),
        ("a?.b ?? c?.5:1", ["a", "?.", "b", "??", "c", "?", ".5", ":", "1"]),
        ("// c\n/* d */ 'e\\'f'", ["'e\\'f'"]),
        ("0x1F 1_000n .5e-3", ["0x1F", "1_000n", ".5e-3"]),
        ("(]", None),
        ("'open", None),
    ],
)
def test_source_is_cut_into_tokens(source: str, expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(TokenError):
            tokenize(source)
    else:
        assert [token.text for token in tokenize(source)] == expected


@settings(deadline=None)
@given(st.text("ab1 '\"`$\\{}()[]/*\n;,.=+-?:", max_size=60))
def test_any_text_is_tokens_in_order_or_an_error(source: str) -> None:
    try:
        tokens = tokenize(source)
    except TokenError:
        return
    at = 0
    for token in tokens:
        assert token.start >= at
        assert source[token.start : token.end] == token.text
        at = token.end
