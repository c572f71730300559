"""Where the functions of a program's own are called, with what: in their script, and in those that require it.

It goes by names, as :mod:`firmware_tools.port.functions` does. With it an address that a shared ``request(path, data)``
puts together is known at each of its calls.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from device_runtime.engine.tokens import TokenError
from firmware_tools.port.functions import NamedPart
from firmware_tools.port.javascript import Script
from firmware_tools.port.program import Program
from firmware_tools.port.texts import Expression, Span, TextReader

MAX_CALLS = 400
"""So many calls of one function are looked at."""
_DEEPEST = 3  # functions that hand on to one another
_WORD = "default"


@dataclass(frozen=True, slots=True)
class Site:
    """A token of a script."""

    file: str
    script: Script
    at: int

    @property
    def offset(self) -> int:
        return self.script.offset(self.at)


class CallSites:
    """Those of one program, whose scripts have been read."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._scripts: dict[str, Script | None] = {}

    def script(self, file: str) -> Script | None:
        """The tokens of a file; ``None`` of one that cannot be cut into tokens."""
        if file not in self._scripts:
            try:
                self._scripts[file] = Script(self._program.files.read(file) or "")
            except (TokenError, RecursionError):
                self._scripts[file] = None
        return self._scripts[file]

    def readers(self, site: Site, names: set[str], depth: int = 0) -> Iterator[tuple[Site, TextReader]]:
        """Readers for the expressions at a site, in which ``names`` are mentioned: one, or one for each call of the
        function around it, if that hands on what it was given. Each with the place where that is said."""
        plain = (site, self._reader(site.file, site.script))
        part = self._program.scripts[site.file].outline.part_at(site.offset)
        parameters = _parameters(site.script, part) if part is not None else -1
        if part is None or parameters < 0 or depth == _DEEPEST or names.isdisjoint(_names(site.script, parameters)):
            yield plain
            return
        sites = list(islice(self._calls(site.file, part), MAX_CALLS))
        for call in sites:
            for told, reader in self.readers(call, _mentioned(call), depth + 1):
                yield told, self._reader(site.file, site.script, dict(_given(site.script, parameters, call, reader)))
        if not sites:
            yield plain

    def _reader(self, file: str, script: Script, given: Mapping[str, Expression] | None = None) -> TextReader:
        def required(request: str, name: str) -> Expression | None:
            target = self._program.resolve(file, request)
            return self._member(target, name) if target is not None and target != file else None

        return TextReader(script, given, required)

    def _member(self, file: str, name: str) -> Expression | None:
        """What a script exports under a name."""
        script = self.script(file) if file in self._program.scripts else None
        if script is None:
            return None
        reader = self._reader(file, script)
        for at in (*script.positions.get("exports", ()), *script.positions.get(_WORD, ())):
            if script.texts[at + 1 : at + 4] == [".", name, "="]:
                return reader, (at + 4, script.expression_end(at + 4))
            start = at + 2 if script.text(at + 1) == "=" else at + 1
            found, literal = reader.literal((start, start + 1 if script.is_name(start) else script.behind(start)))
            for member in found.script.members(literal) if literal >= 0 else ():
                if member.key == name and not member.method:
                    return found, (member.value, member.end)
        if (span := reader.constant(name)) is not None and script.text(span[0] - 4) == "export":
            return reader, span
        return None

    def _calls(self, file: str, part: NamedPart) -> Iterator[Site]:
        """The calls of a function, outside of it."""
        for found in self._named(file, part.name):
            if not part.start <= found.offset < part.end:
                yield found
        own = self.script(file)
        is_default = own is not None and _exported(own) == part.name
        for importer, requests in self._importers[file].items():
            yield from self._named(importer, part.name)
            if is_default:
                for name in self._bound(importer, requests) - {part.name}:
                    yield from self._named(importer, name)

    def _named(self, file: str, name: str) -> Iterator[Site]:
        script = self.script(file)
        for at in script.positions.get(name, ()) if script is not None else ():
            if script is not None and script.text(at + 1) == "(" and not script.is_method(at):
                yield Site(file, script, at)

    @cached_property
    def _importers(self) -> Mapping[str, Mapping[str, list[int]]]:
        """For each script those that require it, with the offsets of where they do."""
        found: dict[str, dict[str, list[int]]] = defaultdict(dict)
        for importer, facts in self._program.scripts.items():
            for request, offset in facts.requests:
                if (file := self._program.resolve(importer, request)) is not None and file != importer:
                    found[file].setdefault(importer, []).append(offset)
        return found

    def _bound(self, importer: str, offsets: list[int]) -> set[str]:
        """The names that a script gives to what it requires there: ``NAME = require(…)``, ``import NAME from …``."""
        script = self.script(importer)
        if script is None:
            return set()
        names = set()
        for offset in offsets:
            at = bisect_left(script.starts, offset)
            before = at - 2 if script.text(at - 1) == "=" else at - 1
            if script.is_name(before):
                names.add(script.text(before))
        return names


def _exported(script: Script) -> str:
    """The name of the function that a script exports as a whole, or nothing."""
    for at in script.positions.get("exports", ()):
        if script.text(at + 1) == "=" and script.is_name(at + 2):
            return script.text(at + 3 if script.text(at + 2) == "function" else at + 2)
    for at in script.positions.get(_WORD, ()):
        if script.text(at - 1) == "export":
            named = at + 1
            while script.text(named) in ("async", "function"):
                named += 1
            return script.text(named) if script.is_name(named) else ""
    return ""


def _parameters(script: Script, part: NamedPart) -> int:
    """The ``(`` of a named function's parameters, or its lone parameter; -1 if it is no function."""
    at = bisect_left(script.starts, part.start)
    if script.text(at) == "exports":
        return script.parameters(at + 4)
    if script.text(at + 1) in (":", "="):
        return script.parameters(at + 2)
    return at + 1 if script.text(at + 1) == "(" else script.parameters(at)


def _names(script: Script, parameters: int) -> Iterator[str]:
    """The names that parameters give."""
    if script.text(parameters) != "(":
        yield script.text(parameters)
        return
    for start, _ in script.items(parameters):
        if script.text(start) == "{":
            yield from (_local(script, member.value, member.key) for member in script.members(start))
        elif script.is_name(start):
            yield script.text(start)


def _local(script: Script, value: int, key: str) -> str:
    return script.text(value) if script.is_name(value) else key


def _mentioned(call: Site) -> set[str]:
    """The names in the arguments of a call."""
    script = call.script
    return {script.texts[at] for at in range(call.at + 2, script.closing(call.at + 1)) if not script.is_member(at)}


def _given(script: Script, parameters: int, call: Site, reader: TextReader) -> Iterator[tuple[str, Expression]]:
    """What the parameters of a function are in a call, whose arguments ``reader`` reads."""
    wanted: list[Span] = [(parameters, parameters + 1)]
    if script.text(parameters) == "(":
        wanted = list(script.items(parameters))
    for (start, _), passed in zip(wanted, call.script.items(call.at + 1), strict=False):
        if script.text(start) == "{":
            found, literal = reader.literal(passed)
            members = {one.key: (one.value, one.end) for one in found.script.members(literal)} if literal >= 0 else {}
            for member in script.members(start):
                if member.key in members:
                    yield _local(script, member.value, member.key), (found, members[member.key])
        elif script.is_name(start):
            yield script.text(start), (reader, passed)
