"""Where a script uses ``wx`` or ``swan``: directly, through other names for it, taken apart, or in ways that cannot be
decided from the source."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from device_runtime.program.apis import Api
from firmware_tools.port.calls import CallReader
from firmware_tools.port.facts import How, Remark, RemarkKind, ScriptFacts, Use
from firmware_tools.port.guards import find_guards
from firmware_tools.port.javascript import Intervals, Script

HOSTS = ("wx", "swan")
_GLOBALS = frozenset(("globalThis", "global", "window", "self", "this"))
_OPERATORS = frozenset(("||", "??", "?", ":", "&&", "("))
_COMPARING = frozenset(("===", "!==", "==", "!="))
_EXPORTS = frozenset(("exports", "module", "default"))
_API_NAME = re.compile(r"[a-z][A-Za-z0-9]*")
_MAX_BACK = 40  # tokens looked at for what a mention of wx is assigned to
_EXCERPT = 60


@dataclass(frozen=True, slots=True)
class _Span:
    """A name that stands for something between two tokens."""

    name: str
    inside: tuple[int, int]


class UseFinder:
    """Finds the uses in one script and notes them in its facts."""

    def __init__(self, script: Script, apis: Mapping[str, Api], facts: ScriptFacts) -> None:
        self._script = script
        self._apis = apis
        self._facts = facts
        self._calls = CallReader(script)
        self._everywhere = (-1, len(script.tokens))
        self._hosts: list[_Span] = [_Span(name, self._everywhere) for name in HOSTS]
        self._functions: list[tuple[_Span, str]] = []
        self._members: set[str] = set()
        self._found: list[tuple[Use, int]] = []
        self._asked: list[tuple[str, int]] = []

    def find(self) -> None:
        """Fill ``uses``, ``assigned`` and the remarks of the facts."""
        seen: set[_Span] = set()
        while self._hosts:
            span = self._hosts.pop()
            if span not in seen:
                seen.add(span)
                for index in self._occurrences(span):
                    self._mention(index)
        for name in self._members - {*HOSTS}:
            for index in self._script.positions.get(name, ()):
                if self._script.is_member(index):
                    self._member_alias(index)
        for span, name in self._functions:
            for index in self._occurrences(span):
                if not self._script.is_member(index) and self._script.text(index + 1) == "(":
                    self._use(name, index, index, index, "call")
        self._guarded()

    def _occurrences(self, span: _Span) -> Iterator[int]:
        script = self._script
        shadows = Intervals() if span.name in HOSTS else script.shadows(span.name, span.inside)
        for index in script.positions.get(span.name, ()):
            if not span.inside[0] <= index <= span.inside[1] or script.is_key(index):
                continue
            if script.is_member(index) and not (span.name in HOSTS and self._through_member(index)):
                continue
            if index not in shadows:
                yield index

    def _through_member(self, index: int) -> bool:
        """``globalThis.wx`` is ``wx``; of another object's ``wx`` only what the table knows is taken for the host's."""
        script = self._script
        return script.text(index - 2) in _GLOBALS or self._known_member(index)

    def _known_member(self, index: int) -> bool:
        script = self._script
        return script.text(index + 1) in (".", "?.") and script.text(index + 2) in self._apis

    def _member_alias(self, index: int) -> None:
        if self._known_member(index):
            self._named(index, index + 2)

    # One mention of the host's object

    def _mention(self, index: int) -> None:
        script = self._script
        after = script.text(index + 1)
        if after in (".", "?."):
            if script.text(index + 2) == "[":
                self._bracket(index, index + 2)
            elif script.is_name(index + 2):
                self._named(index, index + 2)
        elif after == "[":
            self._bracket(index, index + 1)
        else:
            self._bare(index)

    def _named(self, root: int, at: int) -> None:
        """``wx.name``, with the name at ``at``; ``swan.ai.name`` is one name, too."""
        script, name, end = self._script, self._script.text(at), at
        if script.text(at + 1) in (".", "?.") and f"{name}.{script.text(at + 2)}" in self._apis:
            name, end = f"{name}.{script.text(at + 2)}", at + 2
        self._reference(name, root, at, end)

    def _reference(self, name: str, root: int, at: int, end: int) -> None:
        script = self._script
        if script.text(end + 1) == "=":
            self._facts.assigned.add(name)
            return
        if name not in self._apis and not _API_NAME.fullmatch(name):
            return  # no name of an API: the host's object answers undefined
        how: How = "value"
        if script.text(end + 1) == "(" or (script.text(end + 1) == "?." and script.text(end + 2) == "("):
            how = "call"
        elif self._is_test(root, end):
            how = "test"
        elif script.text(root - 1) == "=" and script.is_name(root - 2) and script.text(end + 1) in (";", ",", "", "}"):
            self._functions.append((_Span(script.text(root - 2), self._scope(root)), name))
        self._use(name, root, at, end, how)

    def _use(self, name: str, root: int, at: int, end: int, how: How) -> None:
        script = self._script
        lacking: list[tuple[str, int]] = []
        opaque = False
        opening = end + 1 if script.text(end + 1) == "(" else end + 2
        if how == "call":
            if name == "canIUse" and (schema := script.string(opening + 1)) is not None:
                self._asked.append((schema, root))
            api = self._apis.get(name)
            if api is not None and api.lacks:
                lacking, opaque = self._calls.lacking(root, opening, frozenset(api.lacks))
        self._found.append((Use(name, script.offset(at), how, lacking=tuple(lacking), opaque=opaque), root))

    def _is_test(self, root: int, end: int) -> bool:
        script = self._script
        if script.text(root - 1) in ("typeof", "!") or script.text(end + 1) in _COMPARING | {"&&", "||", "?"}:
            return True
        parent = script.parent[root]
        return script.text(end + 1) == ")" and parent >= 0 and script.text(parent - 1) == "if"

    def _bracket(self, root: int, opening: int) -> None:
        """``wx['name']``, ``wx[a ? 'x' : 'y']``, or what nobody can tell."""
        script, closing = self._script, self._script.closing(opening)
        if (name := script.string(opening + 1)) is not None and closing == opening + 2:
            self._reference(name, root, opening + 1, closing)
            return
        chosen = [
            index
            for index in range(opening + 2, closing)
            if script.text(index - 1) in ("?", ":") and script.string(index) is not None
        ]
        if len(chosen) >= 2:
            for index in chosen:
                self._reference(script.string(index) or "", root, index, closing)
            return
        self._remark("dynamic", self._excerpt(root, closing), root)

    def _bare(self, index: int) -> None:
        """The object itself, without a member: given another name, taken apart, or handed on."""
        script = self._script
        before, after = script.text(index - 1), script.text(index + 1)
        if before == "typeof" or before in _COMPARING or after in _COMPARING:
            return
        if before == "in":
            if (name := script.string(index - 2)) is not None:
                self._use(name, index, index - 2, index, "test")
            elif script.text(index - 2) not in ("(", ";"):
                self._remark("dynamic", self._excerpt(max(index - 6, 0), index), index)
            return
        if after == "=":
            self._redefined(index)
            return
        if after == "&&" or before == "!":
            return
        target = self._assigned_to(index)
        if target >= 0:
            self._alias(target, index)
        elif before in ("return", "default", "=>") or self._is_argument(index):
            self._handed(index)

    def _is_argument(self, index: int) -> bool:
        script = self._script
        if script.text(index - 1) not in ("(", ",", "[", "...") or script.is_parameter(index):
            return False
        return script.text(script.parent[index]) in ("(", "[")

    def _redefined(self, index: int) -> None:
        script = self._script
        if script.text(index) in HOSTS and script.text(index + 2) not in (*HOSTS, *_GLOBALS, "typeof"):
            self._remark("shadowed", script.text(index), index)

    def _assigned_to(self, index: int) -> int:
        """The ``=`` (or the ``:`` of a member) that a mention's value goes to, or -1."""
        script, parent = self._script, self._script.parent[index]
        at = index - 1
        while at > 0 and index - at < _MAX_BACK:
            text = script.texts[at]
            if text == "=":
                return at
            if text == ":" and script.is_key(at - 1):
                return at
            if text in (")", "]", "}"):
                at = script.partner[at] - 1
                continue
            if script.parent[at] != parent and text not in _OPERATORS:
                return -1
            if text in (";", ",", "{", "=>", "return") or (text == "(" and script.is_name(at - 1)):
                return -1
            at -= 1
        return -1

    def _alias(self, target: int, index: int) -> None:
        script, before = self._script, target - 1
        if script.text(target) == ":":
            self._members.add(script.text(before))
        elif script.text(before) == "}":
            self._taken_apart(script.partner[before], index)
        elif script.is_name(before) and script.is_member(before):
            if script.text(before - 2) in _EXPORTS or script.text(before) in _EXPORTS:
                self._remark("handed", self._excerpt(before - 2, index), index)
            self._members.add(script.text(before))
        elif script.is_name(before) and script.text(before) not in HOSTS:
            self._hosts.append(_Span(script.text(before), self._scope(target)))

    def _taken_apart(self, opening: int, index: int) -> None:
        """``const { request, showToast: toast = … } = wx``."""
        script = self._script
        for member in script.members(opening):
            if member.key == "...":
                self._remark("dynamic", self._excerpt(opening, script.closing(opening)), member.at)
                continue
            if member.key not in self._apis and not _API_NAME.fullmatch(member.key):
                continue
            self._use(member.key, member.at, member.at, member.at, "value")
            local = script.text(member.value) if script.is_name(member.value) else member.key
            self._functions.append((_Span(local, self._after(index)), member.key))

    def _handed(self, index: int) -> None:
        script, parent = self._script, self._script.parent[index]
        called = script.text(parent - 1) if parent > 0 else ""
        if called in ("call", "apply", "bind", "if", "while"):
            return
        if called in ("assign", "defineProperty", "defineProperties"):
            self._extended(index, parent)
            return
        start = parent - 1 if parent > 0 and script.text(index - 1) in ("(", ",") else index - 1
        while script.text(start - 1) in (".", "?."):
            start -= 2
        self._remark("handed", self._excerpt(start, index + 1), index)

    def _extended(self, index: int, parent: int) -> None:
        """``Object.assign(wx, { … })``: names of the program's own."""
        script = self._script
        for start, _ in list(script.items(parent))[1:]:
            if script.text(start) == "{":
                self._facts.assigned |= {member.key for member in script.members(start)}
            elif (name := script.string(start)) is not None:
                self._facts.assigned.add(name)
            else:
                self._remark("dynamic", self._excerpt(index - 3, script.closing(parent)), index)

    # What belongs together

    def _scope(self, index: int) -> tuple[int, int]:
        return self._script.block(index)

    def _after(self, index: int) -> tuple[int, int]:
        """The block around a token, from the token on."""
        return (index, self._scope(index)[1])

    def _remark(self, kind: RemarkKind, subject: str, index: int) -> None:
        self._facts.remarks.append(Remark(kind, subject, self._script.offset(index)))

    def _excerpt(self, first: int, last: int) -> str:
        tokens = self._script.tokens
        text = self._script.source[tokens[max(first, 0)].start : tokens[min(last, len(tokens) - 1)].end]
        short = " ".join(text.split())
        return short if len(short) <= _EXCERPT else f"{short[:_EXCERPT]}…"

    def _guarded(self) -> None:
        guards = find_guards(self._script, self._asked)
        for use, index in self._found:
            kept = tuple(
                item for item in use.lacking if not any(guard.covers(index, use.name, item[0]) for guard in guards)
            )
            guarded = use.name != "canIUse" and any(guard.covers(index, use.name) for guard in guards)
            self._facts.uses.append(replace(use, guarded=guarded, lacking=kept))
