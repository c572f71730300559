"""Where a script sends something: events, requests, sockets, shared pages; and where it uses the microphone."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from firmware_tools.port.call_sites import MAX_CALLS, CallSites, Site
from firmware_tools.port.facts import ScriptFacts, Sending, SendingKind, Use
from firmware_tools.port.javascript import Script
from firmware_tools.port.texts import Guess, Span, Text, TextReader

_SERVERS: Mapping[str, SendingKind] = {
    "request": "request",
    "downloadFile": "download",
    "uploadFile": "upload",
    "connectSocket": "socket",
}
_EVENTS = frozenset(("reportEvent", "reportAnalytics"))
# What the base library makes of them (`device_runtime/engine/base/system.js`).
_FIXED: Mapping[str, tuple[str, tuple[tuple[str, Guess], ...]]] = {
    "reportMonitor": ("monitor", (("name", Guess("text")), ("value", Guess("number")))),
    "reportPerformance": (
        "performance",
        (("id", Guess("integer")), ("value", Guess("number")), ("dimensions", Guess("text"))),
    ),
}
_SHARES = "onShareAppMessage"
_DATA: Mapping[SendingKind, str] = {"request": "data", "upload": "formData"}
_PARTS = frozenset(("url", "name", "data", "formData"))
_ALL = frozenset((*_SERVERS, *_EVENTS, *_FIXED, "getRecorderManager", "createInferenceSession", "openShare"))


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of the host's, with its arguments."""

    name: str
    site: Site
    arguments: tuple[Span, ...]


def script_sendings(file: str, facts: ScriptFacts, sites: CallSites) -> Iterator[tuple[str, Sending]]:
    """What the calls in a script send, each with the file that its offset is in: where a function of the program's own
    hands on what it was given, that is where the function is called."""
    for definition in facts.definitions:
        for group, name, offset in definition.members:
            if name == _SHARES and not group:
                yield file, Sending("share", offset)
    uses = [use for use in facts.uses if use.how == "call" and use.name in _ALL]
    script = sites.script(file) if uses else None
    if script is None:
        return
    for use in uses:
        if use.name == "createInferenceSession":
            yield from ((file, sending) for sending in _listening(script))
        elif (call := _call(file, script, use)) is not None:
            yield from _sendings(call, sites)


def _listening(script: Script) -> Iterator[Sending]:
    for at in script.positions.get("listen", ()):
        if script.is_member(at) and script.texts[at + 1 : at + 3] == ["(", ")"]:
            yield Sending("listen", script.offset(at))


def _call(file: str, script: Script, use: Use) -> _Call | None:
    at = first = bisect_left(script.starts, use.offset)
    while script.text(at + 1) in ("]", "?.", ")"):
        at += 1
    if script.text(at + 1) != "(":
        return None
    return _Call(use.name, Site(file, script, first), tuple(script.items(at + 1)))


def _sendings(call: _Call, sites: CallSites) -> Iterator[tuple[str, Sending]]:
    site = call.site
    if call.name == "getRecorderManager":
        yield site.file, Sending("record", site.offset)
    elif call.name == "openShare":
        yield site.file, Sending("share", site.offset)
    elif call.name in _FIXED:
        name, fields = _FIXED[call.name]
        yield site.file, Sending("event", site.offset, name, fields=fields)
    else:
        for told, reader in islice(sites.readers(site, _mentioned(call)), MAX_CALLS):
            for sending in _read(call, told.offset, reader):
                yield told.file, sending


def _read(call: _Call, offset: int, reader: TextReader) -> Iterator[Sending]:
    if call.name in _EVENTS:
        names = reader.choices(call.arguments[0]) if call.arguments else ()
        fields, whole = _fields(call.arguments[1], reader) if len(call.arguments) > 1 else ((), True)
        for name in names or (None,):
            yield Sending("event", offset, name, fields=fields, whole=whole)
        return
    kind = _SERVERS[call.name]
    options, literal = reader.literal(call.arguments[0]) if call.arguments else (reader, -1)
    if literal < 0:
        yield Sending(kind, offset, None, whole=False)
        return
    members = {member.key: (member.value, member.end) for member in options.script.members(literal)}
    address: Text = options.text(members["url"]) if "url" in members else ()
    told: tuple[tuple[str, Guess], ...] = ()
    whole = "..." not in members
    if (name := _DATA.get(kind, "")) in members:
        told, all_told = _fields(members[name], options)
        whole = whole and all_told
    file: str | None = ""
    if kind == "upload":
        names = options.choices(members["name"]) if "name" in members else ()
        file = names[0] if len(names) == 1 else None
        told = (*told, *([(file, Guess("bytes"))] if file else []))
    yield Sending(kind, offset, file, address, told, whole)


def _fields(span: Span, given: TextReader) -> tuple[tuple[tuple[str, Guess], ...], bool]:
    """The members of the object that an expression is, and whether these are all."""
    reader, literal = given.literal(span)
    if literal < 0:
        return (), reader.script.text(given.followed(span)[1][0]) in ("undefined", "null")
    members = list(reader.script.members(literal))
    fields = tuple(
        (member.key, Guess("text") if member.method else reader.guess((member.value, member.end)))
        for member in members
        if member.key != "..."
    )
    return fields, all(member.key != "..." for member in members)


def _mentioned(call: _Call) -> set[str]:
    """The names in what a call sends, that is, without its callbacks."""
    script = call.site.script
    spans: list[Span] = []
    for start, end in call.arguments:
        if script.text(start) == "{" and call.name in _SERVERS:
            spans += [(member.value, member.end) for member in script.members(start) if member.key in _PARTS]
        else:
            spans.append((start, end))
    return {script.texts[at] for start, end in spans for at in range(start, end) if not script.is_member(at)}
