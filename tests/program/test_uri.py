"""Links to mini-programs: the grammar of W3C MiniApp Addressing, and texts that mean ill."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_runtime.host.links import LinkError, find_program
from device_runtime.program.manifest import Manifest, read_manifest
from device_runtime.program.uri import MAX_URI, MiniAppUri, MiniAppUriError, make_uri, parse_uri

# The examples of the specification, sections "Example of Usage" and "Syntax".
EXAMPLES = [
    ("platform://miniapp/foo", MiniAppUri("foo", scheme="platform")),
    ("platform://miniapp/foo/pages/index", MiniAppUri("foo", path="/pages/index", scheme="platform")),
    ("platform://miniapp/foo/widgets/index", MiniAppUri("foo", path="/widgets/index", scheme="platform")),
    ("platform://miniapp/foo?category=img", MiniAppUri("foo", query="category=img", scheme="platform")),
    (
        "platform://miniapp/foo;version=1.0.1-trial/pages/index?category=book#section-3",
        MiniAppUri("foo", "1.0.1-trial", "/pages/index", "category=book", "section-3", "platform"),
    ),
    ("https://platform.org/miniapp/foo", MiniAppUri("foo", scheme="https", host="platform.org")),
    (
        "https://platform.org/miniapp/foo;version=1.0.1/pages/index?k=v#bar",
        MiniAppUri("foo", "1.0.1", "/pages/index", "k=v", "bar", "https", "platform.org"),
    ),
]

_unreserved = st.text("abcXYZ019-._~", min_size=1, max_size=8)
_pchar = st.one_of(st.sampled_from([*"aZ0-._~!$&'()*+,;=:@", "%20", "%E6%B1%89", "%2f"]))
_segment = st.lists(_pchar, max_size=6).map("".join)
_rest = st.lists(st.one_of(_pchar, st.sampled_from("/?")), max_size=8).map("".join)
_host = st.one_of(
    st.sampled_from(["platform.org", "127.0.0.1", "[::1]", "[2001:db8::1]:8443", "a.example:80"]),
    st.lists(st.sampled_from([*"ab-._~!$&'()*+,;=", "%20"]), min_size=1, max_size=6).map("".join),
)


@st.composite
def uris(draw: st.DrawFn) -> MiniAppUri:
    host = draw(st.one_of(st.just(""), _host))
    return MiniAppUri(
        id=draw(_unreserved),
        version=draw(st.one_of(st.just(""), _unreserved)),
        path="".join("/" + segment for segment in draw(st.lists(_segment, max_size=4))),
        query=draw(st.none() | _rest),
        fragment=draw(st.none() | _rest),
        scheme="https" if host else draw(st.from_regex(r"[a-z][a-z0-9+.-]{0,8}", fullmatch=True).filter(_not_web)),
        host=host,
    )


def _not_web(scheme: str) -> bool:
    return scheme not in ("http", "https")


@pytest.mark.parametrize(("text", "uri"), EXAMPLES)
def test_the_examples_of_the_specification_are_read_and_written(text: str, uri: MiniAppUri) -> None:
    assert parse_uri(text) == uri
    assert str(uri) == text


@settings(deadline=None)
@given(uris())
def test_what_is_written_is_read_again(uri: MiniAppUri) -> None:
    assert parse_uri(str(uri)) == uri


@settings(deadline=None)
@given(st.text(st.sampled_from("htps:/miniapp;version=.%2F?#[]@ \n汉\\a"), max_size=60) | st.text(max_size=40))
def test_any_text_is_a_link_or_one_sentence(text: str) -> None:
    try:
        uri = parse_uri(text)
    except MiniAppUriError as error:
        sentence = str(error)
    else:
        sentence = ""
        assert parse_uri(str(uri)) == uri
    assert sentence.isascii()
    assert sentence.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "foo",
        "/pages/index",
        "platform:/miniapp/foo",
        "platform://foo",
        "platform://miniapp",
        "platform://miniapp/",
        "platform://miniapp/;version=1",
        "platform://miniapp/foo;v=1",
        "platform://miniapp/foo;version=1;version=2",
        "platform://miniapp/foo;version=1%20",
        "platform://miniapp/f%6fo",
        "platform://miniapp/foo bar",
        "platform://miniapp/foo/\u6c49",
        "platform://miniapp/foo/%zz",
        "platform://miniapp/foo/a\\b",
        "platform://miniapp/foo/a%5Cb",
        "platform://miniapp/foo/%00",
        "platform://miniapp/foo/a%3Fb",
        "platform://miniapp/foo/%ff",
        "platform://miniapp/foo\n",
        "platform://user@miniapp/foo",
        "platform://miniapp:80/foo",
        "http://platform.org/miniapp/foo",
        "http://miniapp/foo",
        "https://miniapp/foo",
        "https://platform.org/foo",
        "https://user@platform.org/miniapp/foo",
        "https://platform.org/x/miniapp/foo",
        "https://[::1/miniapp/foo",
        "HTTPS://miniapp/foo",
        "\u017fcheme://miniapp/foo",
        "java script://miniapp/foo",
        "platform://miniapp/foo?a#b#c",
        "platform://miniapp/" + "a" * MAX_URI,
    ],
)
def test_what_is_no_link_is_refused(text: str) -> None:
    with pytest.raises(MiniAppUriError):
        parse_uri(text)


def test_a_long_text_is_refused_at_once() -> None:
    started = time.perf_counter()
    for text in (
        "a" * 10**6,
        "https://" + "%" * 8000,
        "p://miniapp/a" + "/" * 8100 + "\\",
        "p://miniapp/" + ";version=" * 900,
    ):
        with pytest.raises(MiniAppUriError):
            parse_uri(text)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("p://miniapp/foo", ""),
        ("p://miniapp/foo/", ""),
        ("p://miniapp/foo/pages/index?k=%E6%B1%89&l=1#there", "pages/index?k=%E6%B1%89&l=1"),
        ("p://miniapp/foo/pages/%E6%B1%89", "pages/\u6c49"),
        ("p://miniapp/foo/../../etc/./passwd", "etc/passwd"),
        ("p://miniapp/foo/%2e%2e/%2e%2e/etc", "etc"),
        ("p://miniapp/foo//a", "a"),
        ("p://miniapp/foo/a/b/../c", "a/c"),
        ("p://miniapp/foo?", ""),
        ("p://miniapp/foo?x=1", "?x=1"),
    ],
)
def test_the_route_of_a_link_stays_inside_the_program(text: str, route: str) -> None:
    assert parse_uri(text).route == route


@settings(deadline=None)
@given(st.lists(st.text("ab汉 %;+&~'", min_size=1, max_size=5), max_size=3).map("/".join))
def test_a_link_that_is_made_leads_to_its_route(route: str) -> None:
    assert make_uri("com.example.a", route, "x=1", "1.0.0").route == f"{route}?x=1"


@pytest.mark.parametrize(("app_id", "version"), [("a/b", ""), ("a", "1 0"), ("", ""), ("a;version=2", "")])
def test_what_no_link_can_say_is_refused(app_id: str, version: str) -> None:
    with pytest.raises(MiniAppUriError):
        make_uri(app_id, version=version)


# -- which installed program is meant ------------------------------------------------------------------------------


def installed(app_id: str, version: str = "1.2.0") -> Manifest:
    return read_manifest(
        {
            "app_id": app_id,
            "name": "Shopping",
            "version": {"code": 3, "name": version},
            "platform_version": {"min_code": 1},
            "pages": ["pages/a/a"],
        }
    )


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("cygnet://miniapp/com.example.a", "com.example.a"),
        ("cygnet://miniapp/COM.Example.A", "com.example.a"),
        ("cygnet://miniapp/com.example.a;version=1.2.0-RC/pages/a/a", "com.example.a"),
        ("https://any.example/miniapp/Twin", "Twin"),
    ],
)
def test_a_link_finds_its_program_whatever_its_capitals(link: str, found: str) -> None:
    programs = [installed("com.example.a", "1.2.0-rc"), installed("Twin"), installed("twin"), installed("other")]
    assert find_program(parse_uri(link), programs).app_id == found


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("c://miniapp/none", "the program none is not installed on this device"),
        ("c://miniapp/TWIN", "TWIN may be Twin or twin; write it with its capitals"),
        (
            "c://miniapp/com.example.a;version=2.0",
            "the link asks for version 2.0 of Shopping (com.example.a), and this device has 1.2.0",
        ),
    ],
)
def test_a_link_that_leads_nowhere_says_why(link: str, sentence: str) -> None:
    with pytest.raises(LinkError) as error:
        find_program(parse_uri(link), [installed("com.example.a"), installed("Twin"), installed("twin")])
    assert str(error.value) == sentence
