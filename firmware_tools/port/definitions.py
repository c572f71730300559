"""What programs define: the members of ``App``, ``Page``, ``Component`` and ``Behavior``."""

from collections.abc import Iterator

from firmware_tools.port.facts import Definition
from firmware_tools.port.javascript import Member, Script

KINDS = ("App", "Page", "Component", "Behavior")
_GROUPS = frozenset(("lifetimes", "pageLifetimes", "options"))


def find_definitions(script: Script) -> Iterator[Definition]:
    """Every call of one of them, with the members of the object literals that are written in the call."""
    for kind in KINDS:
        for index in script.positions.get(kind, ()):
            if script.is_member(index) or script.text(index + 1) != "(" or script.text(index - 1) == "function":
                continue
            members = [item for literal in _literals(script, index + 1) for item in _members(script, literal)]
            yield Definition(kind, script.offset(index), tuple(members))


def _literals(script: Script, opening: int) -> Iterator[int]:
    """The object literals among the arguments: as such, in a call such as ``Object.assign``, or by their name."""
    for start, end in script.items(opening):
        if script.text(start) == "{":
            yield start
        elif script.is_name(start) and end == start + 1:
            yield from (
                at + 2
                for at in script.positions.get(script.text(start), ())
                if script.text(at + 1) == "=" and script.text(at + 2) == "{"
            )
        elif script.text(end - 1) == ")" and script.partner[end - 1] > start and script.parameters(start) < 0:
            yield from _literals(script, script.partner[end - 1])


def _members(script: Script, literal: int) -> Iterator[tuple[str, str, int]]:
    for member in script.members(literal):
        if member.key != "...":
            yield "", member.key, script.offset(member.at)
        if member.key in _GROUPS and _is_literal(script, member):
            for inner in script.members(member.value):
                if inner.key != "...":
                    yield member.key, inner.key, script.offset(inner.at)


def _is_literal(script: Script, member: Member) -> bool:
    return not member.method and script.text(member.value) == "{"
