"""Links: any text is a link that reads the same again, or a refusal; its route stays inside the program."""

from collections.abc import Callable, Mapping

from device_runtime.program.uri import MiniAppUriError, make_uri, parse_uri
from tests.fuzz.choices import Choices
from tests.fuzz.documents import LONE_SURROGATE
from tests.fuzz.refusals import check_refusal

SEEDS = [
    b"\0cygnet://miniapp/org.example.hello;version=1.2/pages/index/index?a=1#x",
    b"\0https://example.org:80/miniapp/a/%E5%9B%BE/../b",
]
_PIECES = (
    "cygnet://", "https://", "http://", "miniapp/", "MINIAPP/", "a", "/", "..", "%2e%2e", "%00", "%5C", "%ff", "%",
    ";version=",
    "?", "#", ":", "[::1]", "@", "\0", "\n", LONE_SURROGATE, "\u56fe", "%E5%9B%BE", "+", "~", " ", "a" * 3000,
    "/a" * 2000,
)  # fmt: skip


def feed(data: bytes) -> None:
    choices = Choices(data)
    if choices.below(2) == 0:
        check(choices.rest().decode(errors="surrogateescape"))
    else:
        start = choices.pick(["", "cygnet://miniapp/a", "https://example.org/miniapp/a;version=1"])
        check(start + "".join(choices.pick(_PIECES) for _ in range(choices.below(12))))


def check(text: str) -> None:
    try:
        uri = parse_uri(text)
    except MiniAppUriError as error:
        check_refusal(error)
        return
    assert parse_uri(str(uri)) == uri
    path = uri.route.partition("?")[0]
    assert not {"", "..", "."} & {*path.split("/")} or not path
    assert not set("\0\n\\") & set(path)
    try:
        made = make_uri(uri.id, path)
    except MiniAppUriError as error:
        check_refusal(error)
    else:
        assert made.route == path


CASES: Mapping[str, Callable[[], str]] = {
    "a scheme that goes on and on": lambda: "a" * 8000,
    "a host that goes on and on": lambda: "https://" + "a" * 8000,
    "half a character": lambda: f"cygnet://miniapp/a/{LONE_SURROGATE}",
    "steps above the root": lambda: "cygnet://miniapp/a/%2e%2e/%2E%2E/b",
}
