import pytest

from firmware_tools.build.dialects import SourceError
from firmware_tools.build.styles import StyleScope, compile_style

FILES = {
    "common/base.wxss": ".base{margin:1rpx;background:url(img/a.png)}",
    "common/two.wxss": '@import "base.wxss";.two{a:b}',
    "loop/a.wxss": '@import "b";',
    "loop/b.wxss": '@import "./a.wxss";',
}


def compiled(text: str, warnings: list[str] | None = None) -> str:
    return compile_style(text, "pages/p/p.wxss", FILES.get, warnings)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10rpx", "calc(10 * var(--rpx))"),
        ("-10.5rpx", "calc(-10.5 * var(--rpx))"),
        (".5RPX", "calc(.5 * var(--rpx))"),
        ("0rpx auto 3px 1rpx", "calc(0 * var(--rpx)) auto 3px calc(1 * var(--rpx))"),
        ("calc(100% - 20rpx)", "calc(100% - calc(20 * var(--rpx)))"),
        (
            "max(1rpx, min(2rpx, (3rpx)))",
            "max(calc(1 * var(--rpx)), min(calc(2 * var(--rpx)), (calc(3 * var(--rpx)))))",
        ),
        ("var(--x, 4rpx)", "var(--x, calc(4 * var(--rpx)))"),
        ("1rpx !important", "calc(1 * var(--rpx)) !important"),
        ('"5rpx"', '"5rpx"'),
        ("rpx", "rpx"),
        ("#5e5", "#5e5"),
        ("url(data:image/png;base64,5rpx==)", "url(data:image/png;base64,5rpx==)"),
        ("url(5rpx.png)", 'url("5rpx.png")'),
        ("url('a b.png')", 'url("a%20b.png")'),
        ("url('../q r/a%2Fb 100%.png')", 'url("../q%20r/a%2Fb%20100%.png")'),
        ("url(../img/a.png?v=1)", 'url("../img/a.png?v=1")'),
        ("url(/img/a.png)", 'url("../../img/a.png")'),
        ("url(#filter)", "url(#filter)"),
    ],
)
def test_a_value_is_translated(value: str, expected: str) -> None:
    assert compiled(f".a{{x:{value}}}") == f".a{{x:{expected}}}"


@pytest.mark.parametrize(
    "rule",
    [
        'page, view > .a::after, icon[type="x"] {color:red}',
        "@media (min-width: 300px) and (orientation: landscape) {.a{color:red}}",
        "@keyframes x {from{left:0} 50%{left:1px} to{left:2px}}",
        ".a:not(.b):hover{--own: {a:b}}",
        "@supports (display: grid) {.a{display:grid}}",
    ],
)
def test_what_needs_no_translation_stays(rule: str) -> None:
    assert compiled(rule) == rule


@pytest.mark.parametrize(
    ("selector", "written"),
    [
        ("button", "wx-button"),
        ("view>button.a:not(button)::after", "view>wx-button.a:not(wx-button)::after"),
        ("Progress,video , audio", "progress-bar,video-view , audio-view"),
        (".button #video [progress] view:button", ".button #video [progress] view:button"),
        ("wx-button", "wx-button"),
    ],
)
def test_components_are_found_by_the_names_of_their_elements(selector: str, written: str) -> None:
    assert compiled(f"{selector}{{a:b}}") == f"{written}{{a:b}}"


def test_lengths_in_media_and_keyframes_are_translated() -> None:
    text = compiled("@media (min-width: 9px){.a{x:1rpx}} @keyframes k{to{x:2rpx}}")
    assert "calc(1 * var(--rpx))" in text
    assert "calc(2 * var(--rpx))" in text


def test_imports_are_put_in_place_and_their_addresses_still_hold() -> None:
    text = compiled('@charset "utf-8";@import "/common/two";@import url(../../common/base.wxss) print;.p{a:b}')
    base = '.base{margin:calc(1 * var(--rpx));background:url("../../common/img/a.png")}'
    assert text == f"{base}\n.two{{a:b}}\n@media print {{\n{base}\n}}\n.p{{a:b}}"


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("https://example.com/a.png?t=1", "https://example.com/a.png?t=1"),
        ("//example.com/f.woff2#x", "//example.com/f.woff2#x"),
        ("'http://example.com/a (1).png'", "http://example.com/a%20(1).png"),
        ("'https://example.com/\\22);x'", "https://example.com/%22);x"),
    ],
)
def test_the_address_of_a_server_stays_for_the_device_to_judge(address: str, written: str) -> None:
    warnings: list[str] = []
    assert compiled(f".a{{background:red url({address})}}", warnings) == f'.a{{background:red url("{written}")}}'
    assert warnings == []


@pytest.mark.parametrize(
    "address", ["ftp://example.com/a.png", "weixin:x", "'file:///etc/passwd'", "///x", "javascript:x"]
)
def test_an_address_outside_the_program_is_left_out_and_reported(address: str) -> None:
    warnings: list[str] = []
    assert compiled(f"\n.a{{background:red url({address})}}", warnings) == ".a{background:red none}"
    assert len(warnings) == 1
    assert warnings[0].startswith("pages/p/p.wxss:2:19: url(")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('@import "../../../x";', "leads out of the program"),
        ('@import "/loop/a.wxss";', r"loop/b.wxss:1:1: .* pages/p/p.wxss -> loop/a.wxss -> loop/b.wxss -> loop/a.wxss"),
    ],
)
def test_a_faulty_style_is_refused_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(SourceError, match=expected):
        compiled(text)


@pytest.mark.parametrize(
    ("text", "expected", "warning"),
    [
        (
            '.a{b:c}@import "https://x.example/a.css";',
            ".a{b:c}",
            "p.wxss:1:8: @import of 'https://x.example/a.css' is left",
        ),
        ("@import;.a{b:c}", ".a{b:c}", "p.wxss:1:1: @import names no file"),
        (".a{b:c}\n }", ".a{b:c}", "p.wxss:2:2: this is left out, it cannot be read"),
        (".a{b:c}.d", ".a{b:c}", "p.wxss:1:9: this is left out"),
        ('.a{b:url(x"y);c:d}', ".a{c:d}", "p.wxss:1:6: this declaration is left out"),
        (".a{b:c);c:d}", ".a{c:d}", "p.wxss:1:7: this declaration is left out"),
        ("@media (max-width: 9rpx){.a{b:c}}", "@media (max-width: 9rpx){.a{b:c}}", "p.wxss:1:20: rpx in the condition"),
        ('@import "none";.a{b:c}', ".a{b:c}", "p.wxss:1:1: there is no file none (pages/p/none), it is left out"),
        (".a{b:url(../../../../x.png)}", ".a{b:none}", "leads out of the program; it is left out"),
    ],
)
def test_what_a_browser_would_skip_is_left_out_with_a_warning(text: str, expected: str, warning: str) -> None:
    warnings: list[str] = []
    assert compiled(text, warnings) == expected
    assert len(warnings) == 1
    assert warning in warnings[0]


@pytest.mark.parametrize(
    ("text", "isolated", "shared"),
    [
        (".a{b:c}", ".c3-a{b:c}", ".a{b:c}"),
        (".a.b > .c, view .d::after{b:c}", ".c3-a.c3-b > .c3-c, view .c3-d::after{b:c}", None),
        ("page,#x,[y=z],:root,view:hover{b:c}", "page,#x,[y=z],:root,view:hover{b:c}", None),
        (":host{b:c}", ".c3-host{b:c}", ".c3-host{b:c}"),
        (":host .a:not(.b,:is(.c)){b:c}", ".c3-host .c3-a:not(.c3-b,:is(.c3-c)){b:c}", None),
        (
            "@media print{.a{b:1rpx}}",
            "@media print{.c3-a{b:calc(1 * var(--rpx))}}",
            "@media print{.a{b:calc(1 * var(--rpx))}}",
        ),
        ("@supports (a:b){@media print{.a{b:c}}}", "@supports (a:b){@media print{.c3-a{b:c}}}", None),
        ("@keyframes k{from{a:b}50.5%{a:c}}", "@keyframes k{from{a:b}50.5%{a:c}}", None),
        (".w-1\\/2{b:c}", ".c3-w-1\\/2{b:c}", None),
        (".a{b:.5em;c:url(.x.png)}", '.c3-a{b:.5em;c:url(".x.png")}', None),
        ("@font-face{font-family:x;src:url(a.ttf)}", '@font-face{font-family:x;src:url("a.ttf")}', None),
        ('@import "/common/two";', None, None),
    ],
)
def test_the_classes_of_a_component_carry_its_prefix(text: str, isolated: str | None, shared: str | None) -> None:
    warnings: list[str] = []
    made = compile_style(text, "c/c.wxss", FILES.get, warnings, StyleScope("c3-"))
    if isolated is None:
        assert ".c3-base{" in made
        assert ".c3-two{" in made
    else:
        assert made == isolated
    if shared is not None:
        assert compile_style(text, "c/c.wxss", FILES.get, warnings, StyleScope("c3-", shared=True)) == shared
    assert warnings == []
