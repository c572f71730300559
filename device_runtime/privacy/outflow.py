"""What is about to leave a program, taken apart into named values that a data plan can be held against."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, quote

from yarl import URL

from device_runtime.program.data_plan import FLEET, OTHER_DEVICE

Channel = Literal["telemetry", "count", "request", "upload", "socket", "share", "health", "error"]
Named = tuple[str, object]

BODY, QUERY = "body", "query"
"""The fields of what cannot be taken apart: text or bytes of a form of their own."""
# What a request can tell by how it is written: its plain headers, and the styles of its query and its body.
_REQUEST_BITS = 9.0
# The style of a message, and whether it is sent as text or as bytes; what a socket may be packed with.
_MESSAGE_BITS = 3.0
# A list or an object begins and ends somewhere.
_CONTAINER_BITS = 2.0
_MOST_VALUES = 1_000
_MOST_DEPTH = 16
# A longer form is no named values: none of a plan's texts is so long, and taking it apart holds everything up.
_MOST_FORM_BYTES = 256 * 1024
# What says how to talk, and nothing of a person; any other header is a field by its name in lower case.
_PLAIN_HEADERS: Mapping[str, frozenset[str]] = {
    "accept": frozenset({"*/*", "application/json", "text/plain", "text/html"}),
    "content-type": frozenset(
        {
            "application/json",
            "application/json; charset=utf-8",
            "application/json;charset=utf-8",
            "application/x-www-form-urlencoded",
            "text/plain",
            "application/octet-stream",
        }
    ),
}
PLAIN_CLOSE = 1000
"""The code of a socket that is closed with nothing to say (RFC 6455, section 7.4.1)."""
_UNESCAPED_QUERY = re.compile(r"[A-Za-z0-9._~-]+=[A-Za-z0-9._~-]*(?:&[A-Za-z0-9._~-]+=[A-Za-z0-9._~-]*)*")
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"


@dataclass(slots=True)  # not frozen: one is made for each event, and that takes half of the time
class Outflow:
    """One thing that would leave.

    ``destination`` is the fleet, another device, or an origin; ``name`` that of an event; ``path`` that of a request,
    still encoded, or the route of a shared page. ``values`` are all that it says, by the names of fields, in their
    order; ``written`` says that they are text where they stand, as in a query: a number then has its digits. ``ways``
    are the bits that it can tell beside them, by how it is written.
    """

    channel: Channel
    destination: str
    size: int
    values: Sequence[Named] = ()
    name: str = ""
    path: str = ""
    written: frozenset[str] = frozenset()
    ways: float = 0.0


def event_outflow(name: str, values: Mapping[str, object], size: int, forms: int = 1) -> Outflow:
    """An event for the fleet, told in one of so many ``forms``."""
    return Outflow("telemetry", FLEET, size, tuple(values.items()), name=name, ways=math.log2(forms))


def count_outflow(name: str, value: object) -> Outflow:
    """One value of an item that is counted across the fleet; what is sent in its place, and its size, come later."""
    return Outflow("count", FLEET, 0, (("", value),), name=name)


def page_outflow(path: str, title: str, pages: int = 1) -> Outflow:
    """A page, one of so many ``pages``, that is shared with another device: its route, the values of its query, and a
    title of the program's."""
    route, _, query = path.partition("?")
    values = [*_query_values(query), *([("title", title)] if title else [])]
    return Outflow(
        "share",
        OTHER_DEVICE,
        len(path.encode()) + len(title.encode()),
        values,
        path=route,
        written=frozenset(name for name, _ in values),
        ways=math.log2(pages) + 2,
    )


def request_outflow(
    method: str,
    url: URL,
    header: Mapping[str, str],
    body: bytes | None,
    parts: Sequence[Named] = (),
    channel: Channel = "request",
) -> Outflow:
    """A request, or the opening of a socket. ``parts`` are those of a form that was made of them: fields and files."""
    query = _query_values(url.raw_query_string)
    said = [(name.lower(), value) for name, value in header.items() if not _is_plain(name, value, parts)]
    content, ways = (list(parts), 0.0) if parts else _body_values(header, body)
    written = {name for name, _ in (*query, *said)}
    in_content = {name for name, value in content if isinstance(value, str)}
    # A text in JSON is none in a query: who may write a number in both ways would tell something by that.
    written = written | in_content if _is_text(header) else written - in_content
    size = len(str(url)) + sum(len(name) + len(value) for name, value in header.items())
    size += len(body) if body else sum(len(value) for _, value in parts if isinstance(value, bytes | str))
    return Outflow(
        channel,
        str(url.origin()),
        size,
        (*query, *said, *content),
        name=method,
        path=url.raw_path,
        written=frozenset(written),
        ways=_REQUEST_BITS + ways,
    )


def message_outflow(origin: str, path: str, data: str | bytes) -> Outflow:
    """A message over a socket that was opened at this path."""
    content = data.encode(errors="replace") if isinstance(data, str) else data
    values, ways = _json_values(content) if isinstance(data, str) else (None, 0.0)
    if values is None:
        return Outflow("socket", origin, len(content), ((BODY, data),), path=path, ways=_MESSAGE_BITS)
    return Outflow("socket", origin, len(content), values, path=path, ways=_MESSAGE_BITS + ways)


def closing_outflow(origin: str, path: str, code: int, reason: str) -> Outflow:
    """What a program says as it closes a socket: a code of its own, and a reason."""
    values = [*([("code", code)] if code != PLAIN_CLOSE else []), *([("reason", reason)] if reason else [])]
    return Outflow("socket", origin, len(reason.encode(errors="replace")), values, path=path)


def plain_header(name: str, value: str) -> str:
    """The value of a header in one spelling, where it says how to talk and nothing else."""
    lower = value.lower()
    return lower if lower in _PLAIN_HEADERS.get(name.lower(), ()) else value


def _query_values(query: str) -> list[Named]:
    """The values of a query, or all of it as one where it is not written plainly."""
    if _UNESCAPED_QUERY.fullmatch(query):  # as most are: nothing in it could be written in another way
        return [(name, value) for name, _, value in (pair.partition("=") for pair in query.split("&"))]
    pairs = parse_qsl(query, keep_blank_values=True)
    plain = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    plain_forms = {_as_sent(plain), _as_sent(plain.replace("%20", "+"))}
    return list(pairs) if not query or _as_sent(query) in plain_forms else [(QUERY, query)]


def _as_sent(query: str) -> str:
    """A query as it goes over the wire, whatever a program escaped without need."""
    return URL(f"http://query/?{query}").raw_query_string


def as_sent_in_path(text: str) -> str:
    """A text as it goes over the wire as a part of a path, if it is escaped as ``encodeURIComponent`` does it."""
    return URL(f"http://path/{quote(text, safe='')}").raw_path.removeprefix("/")


def _is_plain(name: str, value: str, parts: Sequence[Named]) -> bool:
    lower = name.lower()
    if lower == "content-length":  # it is the device's
        return True
    # The boundary of a form that was made here is the device's, too.
    return value in _PLAIN_HEADERS.get(lower, ()) or (bool(parts) and lower == "content-type" and _is_form_type(value))


def _is_form_type(value: str) -> bool:
    return value.partition(";")[0] == _MULTIPART


def _is_text(header: Mapping[str, str]) -> bool:
    return _content_type(header) in (_FORM, _MULTIPART)


def _content_type(header: Mapping[str, str]) -> str:
    full = next((value for name, value in header.items() if name.lower() == "content-type"), "")
    return full.partition(";")[0].strip().lower()


def _body_values(header: Mapping[str, str], body: bytes | None) -> tuple[list[Named], float]:
    """The values, and the bits that can be told by how they are put together."""
    if not body:
        return [], 0.0
    kind = _content_type(header)
    if kind == _FORM:
        return _form_values(body) or [(BODY, _text_or_bytes(body))], 0.0
    values, ways = _json_values(body) if kind in ("application/json", "") else (None, 0.0)
    return (values, ways) if values is not None else ([(BODY, _text_or_bytes(body))], 0.0)


def _form_values(body: bytes) -> list[Named] | None:
    if len(body) > _MOST_FORM_BYTES:
        return None
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=_MOST_VALUES)
    except ValueError:
        return None
    forms = (
        "&".join(f"{escape(name)}={escape(value)}" for name, value in pairs)
        for escape in (_as_component, _as_parameter, _as_python)
    )
    return list(pairs) if any(form.encode() == body for form in forms) else None


def _as_component(text: str) -> str:
    return quote(text, safe="-_.!~*'()")  # encodeURIComponent


def _as_parameter(text: str) -> str:
    return quote(text, safe=" *-._").replace("~", "%7E").replace(" ", "+")  # URLSearchParams


def _as_python(text: str) -> str:
    return quote(text, safe=" ").replace(" ", "+")  # urllib.parse.urlencode


def _text_or_bytes(body: bytes) -> str | bytes:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body


def _json_values(content: bytes) -> tuple[list[Named] | None, float]:
    """The values of a JSON object, those within by names with dots; None if it is none, or says something twice or in a
    form that another program would not write: what could be hidden there is no named value. And the bits that can be
    told by which of them stand together."""
    try:
        document = json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None, 0.0
    values: list[Named] = []
    if not isinstance(document, dict) or not document or not _flatten("", document, values, 0):
        return None, 0.0
    if not _is_written_plainly(content, document):
        return None, 0.0
    return values, _CONTAINER_BITS * (_containers(document) - 1) + (len(values) if _containers(document) > 1 else 0)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a member is there twice")
    return made


def _is_written_plainly(content: bytes, document: object) -> bool:
    forms = (
        {"ensure_ascii": ascii_only, "separators": separators}
        for ascii_only in (False, True)
        for separators in ((", ", ": "), (",", ":"))
    )
    return any(
        json.dumps(document, **form).encode(errors="surrogatepass") == content  # type: ignore[arg-type]
        for form in forms
    )


def _containers(value: object) -> int:
    within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if within is None else 1 + sum(map(_containers, within))


def _flatten(prefix: str, value: object, into: list[Named], depth: int) -> bool:
    if depth > _MOST_DEPTH or len(into) > _MOST_VALUES:
        return False
    if isinstance(value, dict) and value:
        return all(
            _flatten(f"{prefix}.{name}" if prefix else name, each, into, depth + 1) for name, each in value.items()
        )
    if isinstance(value, list) and value:
        return all(_flatten(prefix, each, into, depth + 1) for each in value)
    # That something is empty is said, too: its name must be one that the plan knows.
    into.append((prefix, None if isinstance(value, dict | list) else value))
    return True
