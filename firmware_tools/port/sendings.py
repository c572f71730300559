"""Where a script sends something: events, requests, sockets, shared pages; and where it uses the microphone."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firmware_tools.port.facts import Definition, Sending, SendingKind, Use
from firmware_tools.port.functions import NamedPart, Outline
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
MAX_CALLS = 200
"""So many calls of one function of the program's own are looked at."""


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of the host's: its name, the offset that is told, and its arguments."""

    name: str
    offset: int
    arguments: tuple[Span, ...]


class SendingFinder:
    """Finds them in one script. ``uses`` are its uses of the host's names."""

    def __init__(self, script: Script, uses: list[Use], definitions: list[Definition], outline: Outline) -> None:
        self._script = script
        self._uses = uses
        self._definitions = definitions
        self._outline = outline
        self._starts = [token.start for token in script.tokens]

    def find(self) -> Iterator[Sending]:
        """In the order of the uses; of a function of the program's own that hands on what it was given, its calls."""
        for use in self._uses:
            if use.how == "call" and (call := self._call(use)) is not None:
                yield from self._sendings(call)
        for definition in self._definitions:
            for group, name, offset in definition.members:
                if name == _SHARES and not group:
                    yield Sending("share", offset)
        if any(use.name == "createInferenceSession" for use in self._uses):
            for at in self._script.positions.get("listen", ()):
                if self._script.is_member(at) and self._script.texts[at + 1 : at + 3] == ["(", ")"]:
                    yield Sending("listen", self._script.offset(at))

    def _call(self, use: Use) -> _Call | None:
        script, at = self._script, bisect_left(self._starts, use.offset)
        while script.text(at + 1) in ("]", "?.", ")"):
            at += 1
        if script.text(at + 1) != "(":
            return None
        return _Call(use.name, use.offset, tuple(script.items(at + 1)))

    def _sendings(self, call: _Call) -> Iterator[Sending]:
        if call.name == "getRecorderManager":
            yield Sending("record", call.offset)
        elif call.name == "openShare":
            yield Sending("share", call.offset)
        elif call.name in _FIXED:
            name, fields = _FIXED[call.name]
            yield Sending("event", call.offset, name, fields=fields)
        elif call.name in _EVENTS or call.name in _SERVERS:
            passed = list(self._passed(call))
            for offset, given in passed or [(call.offset, {})]:
                yield from self._read(call, offset, TextReader(self._script, given))

    def _read(self, call: _Call, offset: int, reader: TextReader) -> Iterator[Sending]:
        if call.name in _EVENTS:
            names = reader.choices(call.arguments[0]) if call.arguments else ()
            fields, whole = self._fields(call.arguments[1], reader) if len(call.arguments) > 1 else ((), True)
            for name in names or (None,):
                yield Sending("event", offset, name, fields=fields, whole=whole)
            return
        kind = _SERVERS[call.name]
        literal = reader.literal(call.arguments[0]) if call.arguments else -1
        if literal < 0:
            yield Sending(kind, offset, None, whole=False)
            return
        members = {member.key: (member.value, member.end) for member in self._script.members(literal)}
        address: Text = reader.text(members["url"]) if "url" in members else ()
        told: tuple[tuple[str, Guess], ...] = ()
        whole = "..." not in members
        if (name := _DATA.get(kind, "")) in members:
            told, all_told = self._fields(members[name], reader)
            whole = whole and all_told
        file: str | None = ""
        if kind == "upload":
            names = reader.choices(members["name"]) if "name" in members else ()
            file = names[0] if len(names) == 1 else None
            told = (*told, *([(file, Guess("bytes"))] if file else []))
        yield Sending(kind, offset, file, address, told, whole)

    def _fields(self, span: Span, reader: TextReader) -> tuple[tuple[tuple[str, Guess], ...], bool]:
        """The members of the object that an expression is, and whether these are all."""
        literal = reader.literal(span)
        if literal < 0:
            return (), self._script.text(span[0]) in ("undefined", "null")
        members = list(self._script.members(literal))
        fields = tuple(
            (member.key, Guess("text") if member.method else reader.guess((member.value, member.end)))
            for member in members
            if member.key != "..."
        )
        return fields, all(member.key != "..." for member in members)

    # A function of the program's own around a call, such as `track(name, values)`

    def _passed(self, call: _Call) -> Iterator[tuple[int, Mapping[str, Span]]]:
        """The calls of the function around a call, each with what its parameters are there; nothing where the call
        takes nothing from them."""
        script, part = self._script, self._outline.part_at(call.offset)
        if part is None or (parameters := self._parameters(part)) < 0:
            return
        if not any(name in self._mentioned(call) for name in self._names(parameters)):
            return
        for at in script.positions.get(part.name, ())[:MAX_CALLS]:
            outside = not part.start <= script.offset(at) < part.end
            if outside and script.text(at + 1) == "(" and not script.is_method(at):
                yield script.offset(at), dict(self._given(parameters, at + 1))

    def _parameters(self, part: NamedPart) -> int:
        """The ``(`` of a named function's parameters."""
        script, at = self._script, bisect_left(self._starts, part.start)
        if script.text(at) == "exports":
            return script.parameters(at + 4)
        if script.text(at + 1) in (":", "="):
            return script.parameters(at + 2)
        return at + 1 if script.text(at + 1) == "(" else script.parameters(at)

    def _names(self, parameters: int) -> Iterator[str]:
        script = self._script
        if script.text(parameters) != "(":
            yield script.text(parameters)
            return
        for start, _ in script.items(parameters):
            if script.text(start) == "{":
                yield from (self._local(member.value, member.key) for member in script.members(start))
            elif script.is_name(start):
                yield script.text(start)

    def _local(self, value: int, key: str) -> str:
        return self._script.text(value) if self._script.is_name(value) else key

    def _mentioned(self, call: _Call) -> set[str]:
        """The names in what a call sends, that is, without its callbacks."""
        script = self._script
        spans: list[Span] = []
        for start, end in call.arguments:
            if script.text(start) == "{" and call.name in _SERVERS:
                spans += [(member.value, member.end) for member in script.members(start) if member.key in _PARTS]
            else:
                spans.append((start, end))
        return {script.texts[at] for start, end in spans for at in range(start, end) if not script.is_member(at)}

    def _given(self, parameters: int, opening: int) -> Iterator[tuple[str, Span]]:
        """What the parameters are in a call whose ``(`` is at ``opening``."""
        script = self._script
        wanted = [(parameters, parameters + 1)] if script.text(parameters) != "(" else list(script.items(parameters))
        for (start, _), passed in zip(wanted, script.items(opening), strict=False):
            if script.text(start) == "{" and script.text(passed[0]) == "{":
                members = {member.key: (member.value, member.end) for member in script.members(passed[0])}
                for member in script.members(start):
                    if member.key in members:
                        yield self._local(member.value, member.key), members[member.key]
            elif script.is_name(start):
                yield script.text(start), passed
