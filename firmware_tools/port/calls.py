"""What a call asks for: its options, and the members of its results that the program reads."""

from collections.abc import Iterator

from firmware_tools.port.javascript import Script

_CALLBACKS = frozenset(("success", "complete", "fail"))


class CallReader:
    """Compares calls in one script with what the table says is lacking of them."""

    def __init__(self, script: Script) -> None:
        self._script = script

    def lacking(self, root: int, opening: int, lacks: frozenset[str]) -> tuple[list[tuple[str, int]], bool]:
        """Of ``lacks``, what the call whose ``(`` is at ``opening`` asks for, each with its offset; and whether its
        options are written somewhere else. ``root`` is the first token of the call."""
        script, closing = self._script, self._script.closing(opening)
        found: list[int] = []
        opaque = False
        first = next(iter(script.items(opening)), None)
        if first is not None:
            literal = self.literal(first[0], first[1])
            if literal >= 0:
                opaque = self._options(literal, lacks, found)
            else:
                opaque = script.is_name(first[0]) and script.parameters(first[0]) < 0
        found += self._chained(closing, lacks)
        found += self._kept(root, lacks)
        return [(self._name(at), script.offset(at)) for at in sorted(set(found))], opaque

    def _name(self, at: int) -> str:
        return self._script.string(at) or self._script.text(at)

    def literal(self, start: int, end: int) -> int:
        """The ``{`` of the options: written in place, or in the same file under the name that is passed."""
        script = self._script
        if script.text(start) == "{":
            return start
        if script.is_name(start) and end == start + 1:
            for at in script.positions.get(script.text(start), ()):
                if script.text(at + 1) == "=" and script.text(at + 2) == "{" and not script.is_member(at):
                    return at + 2
        return -1

    def _options(self, literal: int, lacks: frozenset[str], found: list[int]) -> bool:
        script, opaque = self._script, False
        for member in script.members(literal):
            if member.key == "...":
                opaque = True
            elif member.key in lacks:
                found.append(member.at)
            elif member.key in _CALLBACKS:
                found += self._read_in(member.value, member.end, lacks)
        return opaque

    def _read_in(self, function: int, end: int, lacks: frozenset[str]) -> Iterator[int]:
        """Members of its first argument that a function reads: ``res => res.member``, ``({ member }) => …``."""
        script = self._script
        name, taken = self._script.first_parameter(function)
        if name:
            for at in script.positions.get(name, ()):
                if function <= at < end and not script.is_member(at) and self._reads(at, lacks):
                    yield at + 2
        elif lacks & set(taken):
            opening = script.parameters(function) + 1
            yield from (member.at for member in script.members(opening) if member.key in lacks)

    def _chained(self, closing: int, lacks: frozenset[str]) -> Iterator[int]:
        """``wx.x(…).member`` and ``wx.x(…).then(res => res.member)``."""
        script, at = self._script, closing
        while script.text(at + 1) in (".", "?."):
            if script.text(at + 2) in lacks:
                yield at + 2
            if script.text(at + 3) != "(":
                return
            opening = at + 3
            if script.text(at + 2) == "then":
                for start, end in script.items(opening):
                    yield from self._read_in(start, end, lacks)
            at = script.closing(opening)

    def _kept(self, root: int, lacks: frozenset[str]) -> Iterator[int]:
        """``const task = wx.x(…); task.member`` and ``this.task = …``; ``await`` may stand between."""
        script = self._script
        before = root - 2 if script.text(root - 1) == "await" else root - 1
        if script.text(before) != "=":
            return
        if script.text(before - 1) == "}":
            opening = script.partner[before - 1]
            yield from (member.at for member in script.members(opening) if member.key in lacks)
            return
        if not script.is_name(before - 1):
            return
        name, of_object = script.text(before - 1), script.is_member(before - 1)
        start, end = (-1, len(script.tokens)) if of_object else script.block(before)
        for at in script.positions.get(name, ()):
            if start <= at <= end and script.is_member(at) == of_object and self._reads(at, lacks):
                yield at + 2

    def _reads(self, at: int, lacks: frozenset[str]) -> bool:
        return self._script.text(at + 1) in (".", "?.") and self._script.text(at + 2) in lacks
