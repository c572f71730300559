"""Links to mini-programs: the URIs of W3C MiniApp Addressing, https://www.w3.org/TR/miniapp-addressing/.

The grammar (section "Syntax"), with ``host``, ``path-abempty``, ``query`` and ``fragment`` of RFC 3986::

    miniappuri = uri-prefix uri-infix "/" identify path-abempty ["?" query] ["#" fragment]
    uri-prefix = (custom-scheme "://") / ("https://" host "/")
    uri-infix  = "miniapp"
    identify   = id [";version=" version]
    id = 1*unreserved      version = *unreserved

Where the text is of two minds, both are read: a custom scheme is ``1*unreserved`` in the grammar and "the same as the
scheme in RFC 3986" in section "Custom-scheme"; a host has a port in section "Host" and none in the grammar. ``http``
and ``https`` are no custom schemes. Words of the grammar may be written in capitals, as RFC 5234 has it.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from device_runtime.errors import CygnetError

MAX_URI = 8192

_UNRESERVED = r"[A-Za-z0-9._~-]"
_PCHAR = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_HOST = r"(?:\[[0-9A-Fa-f:.]{2,45}\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::\d{0,5})?"
_URI = re.compile(
    rf"(?:https://(?P<host>{_HOST})/|(?P<scheme>[A-Za-z0-9._~+-]+)://)miniapp"
    rf"/(?P<id>{_UNRESERVED}+)(?:;version=(?P<version>{_UNRESERVED}*))?"
    rf"(?P<path>(?:/{_PCHAR}*)*)(?:\?(?P<query>(?:{_PCHAR}|[/?])*))?(?:\#(?P<fragment>(?:{_PCHAR}|[/?])*))?",
    re.IGNORECASE | re.ASCII,
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_WEB_SCHEMES = ("http", "https")
_FORM = "scheme://miniapp/ID or https://HOST/miniapp/ID, then ;version=VERSION, /PATH, ?QUERY and #FRAGMENT as wanted"


class MiniAppUriError(CygnetError):
    """A text is no link to a mini-program; the message says what one looks like."""


@dataclass(frozen=True, slots=True)
class MiniAppUri:
    """One link, as it was written. ``host`` is empty where ``scheme`` is not ``https``; ``version`` is empty where any
    will do; ``path`` is empty or begins with ``/``; ``query`` and ``fragment`` are None where there is none."""

    id: str
    version: str = ""
    path: str = ""
    query: str | None = None
    fragment: str | None = None
    scheme: str = "cygnet"
    host: str = ""

    def __str__(self) -> str:
        prefix = f"https://{self.host}/" if self.host else f"{self.scheme}://"
        version = f";version={self.version}" if self.version else ""
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{prefix}miniapp/{self.id}{version}{self.path}{query}{fragment}"

    def names(self, app_id: str) -> bool:
        """Whether this is the id of the program that is meant ("not case-sensitive")."""
        return self.id.lower() == app_id.lower()

    def accepts(self, version: str) -> bool:
        """Whether this version of it will do ("not case-sensitive"; one that is not given is up to us)."""
        return not self.version or self.version.lower() == version.lower()

    @property
    def route(self) -> str:
        """The page that is meant, with its query, as the runtime opens it; empty for the program's first page. A
        fragment has no meaning for pages of WeChat and SWAN, and is left out."""
        steps: list[str] = []
        for part in unquote_to_bytes(self.path).decode(errors="replace").split("/"):
            if part == "..":
                del steps[-1:]
            elif part not in ("", "."):
                steps.append(part)
        route = "/".join(steps)
        return f"{route}?{self.query}" if self.query else route


def parse_uri(text: str) -> MiniAppUri:
    """Read a link.

    Raises:
        MiniAppUriError: it does not follow the grammar, or its path is no text.
    """
    if len(text) > MAX_URI:
        raise MiniAppUriError(f"a link to a mini-program has at most {MAX_URI} characters, not {len(text)}")
    match = _URI.fullmatch(text)
    if match is None or (match["scheme"] or "").lower() in _WEB_SCHEMES:
        raise MiniAppUriError(f"{_shown(text)} is no link to a mini-program; one is {_FORM}")
    try:
        path = unquote_to_bytes(match["path"]).decode()
    except UnicodeDecodeError as error:
        raise MiniAppUriError(f"the path of {_shown(text)} is not UTF-8 when its % are read") from error
    if _UNPRINTABLE.search(path) or "\\" in path or "?" in path or "#" in path:
        raise MiniAppUriError(f"the path of {_shown(text)} holds a character that no page has")
    return MiniAppUri(
        id=match["id"],
        version=match["version"] or "",
        path=match["path"],
        query=match["query"],
        fragment=match["fragment"],
        scheme="https" if match["host"] else match["scheme"],
        host=match["host"] or "",
    )


def make_uri(app_id: str, route: str = "", query: str = "", version: str = "", scheme: str = "cygnet") -> MiniAppUri:
    """A link to a page of a program. ``query`` is written as it is to stand there.

    Raises:
        MiniAppUriError: no link can say that.
    """
    path = "/" + quote(route.strip("/"), safe="/!$&'()*+,;=:@~") if route.strip("/") else ""
    uri = MiniAppUri(app_id, version, path, query or None, None, scheme)
    if parse_uri(str(uri)) != uri:
        raise MiniAppUriError(f"a link cannot name the program {app_id!r} in version {version!r}")
    return uri


def is_uri(text: str) -> bool:
    """Whether a text means to be a link, well written or not, and not a path."""
    return "://" in text


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 80 else f"{text[:80]}…")
