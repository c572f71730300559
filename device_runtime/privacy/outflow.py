"""What is about to leave a program, taken apart into named values that a data plan can be held against."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from yarl import URL

from device_runtime.program.data_plan import FLEET, OTHER_DEVICE

Channel = Literal["telemetry", "count", "request", "upload", "socket", "share", "health", "error"]
Named = tuple[str, object]

BODY = "body"
"""The field of what cannot be taken apart: text or bytes of a form of their own."""
_MOST_VALUES = 1_000
_MOST_DEPTH = 16
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
    "content-length": frozenset(),
}
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Outflow:
    """One thing that would leave.

    ``destination`` is the fleet, another device, or an origin; ``name`` that of an event; ``path`` that of a request,
    still encoded, or the route of a shared page. ``values`` are all that it says, by the names of fields, in their
    order; ``written`` says that they are text where they stand, as in a query: a number then has its digits.
    """

    channel: Channel
    destination: str
    size: int
    values: Sequence[Named] = ()
    name: str = ""
    path: str = ""
    written: frozenset[str] = frozenset()


def event_outflow(name: str, values: Mapping[str, object], size: int) -> Outflow:
    """An event for the fleet."""
    return Outflow("telemetry", FLEET, size, tuple(values.items()), name=name)


def count_outflow(name: str, value: object) -> Outflow:
    """One value of an item that is counted across the fleet; what is sent in its place, and its size, come later."""
    return Outflow("count", FLEET, 0, (("", value),), name=name)


def page_outflow(path: str, title: str) -> Outflow:
    """A page that is shared with another device: its route, the values of its query, and a title of the program's."""
    route, _, query = path.partition("?")
    values = [*parse_qsl(query, keep_blank_values=True), *([("title", title)] if title else [])]
    return Outflow(
        "share",
        OTHER_DEVICE,
        len(path.encode()) + len(title.encode()),
        values,
        path=route,
        written=frozenset(name for name, _ in values),
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
    query = [(name, value) for name, value in url.query.items()]
    said = [(name.lower(), value) for name, value in header.items() if not _is_plain(name, value)]
    content = list(parts) if parts else list(_body_values(header, body))
    written = {name for name, _ in (*query, *said)} | {name for name, value in content if isinstance(value, str)}
    size = len(str(url)) + sum(len(name) + len(value) for name, value in header.items()) + len(body or b"")
    size += sum(len(value) for _, value in parts if isinstance(value, bytes | str))
    return Outflow(
        channel,
        str(url.origin()),
        size,
        (*query, *said, *content),
        name=method,
        path=url.raw_path,
        written=frozenset(written) if _is_text(header) else frozenset(name for name, _ in (*query, *said)),
    )


def message_outflow(origin: str, path: str, data: str | bytes) -> Outflow:
    """A message over a socket that was opened at this path."""
    content = data.encode(errors="replace") if isinstance(data, str) else data
    values = _json_values(content) if isinstance(data, str) else None
    if values is None:
        return Outflow("socket", origin, len(content), ((BODY, data),), path=path)
    return Outflow("socket", origin, len(content), values, path=path)


def _is_plain(name: str, value: str) -> bool:
    known = _PLAIN_HEADERS.get(name.lower())
    if known is None:
        return False
    return not known or value.lower() in known or value.lower().startswith(f"{_MULTIPART};")


def _is_text(header: Mapping[str, str]) -> bool:
    return _content_type(header) == _FORM or _content_type(header) == _MULTIPART


def _content_type(header: Mapping[str, str]) -> str:
    full = next((value for name, value in header.items() if name.lower() == "content-type"), "")
    return full.partition(";")[0].strip().lower()


def _body_values(header: Mapping[str, str], body: bytes | None) -> Iterator[Named]:
    if not body:
        return
    kind = _content_type(header)
    if kind == _FORM:
        try:
            yield from parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
        except ValueError:
            yield BODY, body
        return
    values = _json_values(body) if kind in ("application/json", "") else None
    yield from values if values is not None else [(BODY, _text_or_bytes(body))]


def _text_or_bytes(body: bytes) -> str | bytes:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body


def _json_values(content: bytes) -> list[Named] | None:
    """The values of a JSON object, those within by names with dots; None if it is none, or says something twice or in a
    form that another program would not write: what could be hidden there is no named value."""
    try:
        document = json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not document or not _is_written_plainly(content, document):
        return None
    values: list[Named] = []
    if not _flatten("", document, values, 0):
        return None
    return values


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
    return any(json.dumps(document, **form).encode() == content for form in forms)  # type: ignore[arg-type]


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
