"""Configuration files judged by the table of members."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from device_runtime.engine.tokens import TokenError
from firmware_tools.port.findings import Finding, Place, Severity
from firmware_tools.port.javascript import Member, Script
from firmware_tools.port.members import MemberTable
from firmware_tools.port.places import Places
from firmware_tools.port.program import Program

_UNKNOWN = "no member of this name is known; it has no effect here"


class ConfigurationJudge:
    """Judges ``app.json`` and the files of pages and components."""

    def __init__(self, program: Program, members: MemberTable, places: Places) -> None:
        self._program = program
        self._members = members
        self._places = places
        self._found: dict[tuple[str, str], list[Place]] = defaultdict(list)

    def findings(self) -> Iterator[Finding]:
        """Members that are not heeded, each with its places."""
        self._file("app.json", "app")
        for unit in self._program.units.values():
            if unit.kind != "app":
                self._file(f"{unit.path}.json", "component" if unit.kind == "component" else "window")
        for (where, name), places in self._found.items():
            member = self._members.find(where, name)
            title = {"app": f"app.json {name}", "window": name, "component": name}.get(where, f"{where}.{name}")
            if member is None:
                yield Finding("configuration", title, Severity.HARMLESS, _UNKNOWN, "", tuple(places))
            else:
                yield Finding(
                    "configuration", title, Severity(member.verdict), member.note, member.instead, tuple(places)
                )

    def _file(self, name: str, where: str) -> None:
        text = self._program.files.read(name)
        if text is None:
            return
        try:
            script = Script(text)
        except TokenError:
            return  # the build says what is wrong with it
        if script.text(0) == "{":
            self._members_of(script, 0, name, where)

    def _members_of(self, script: Script, opening: int, name: str, where: str) -> None:
        for member in script.members(opening):
            if member.key == "...":
                continue
            known = self._members.find(where, member.key)
            if known is None and where == "component" and self._members.find("window", member.key) is not None:
                continue  # a component that is a page, too
            nested = {"window": "window", "tabBar": "tabBar"}.get(member.key) if where == "app" else None
            if nested and script.text(member.value) == "{":
                self._members_of(script, member.value, name, nested)
            elif where == "tabBar" and member.key == "list" and script.text(member.value) == "[":
                for start, _ in script.items(member.value):
                    if script.text(start) == "{":
                        self._members_of(script, start, name, "tab")
            if known is None or (known.verdict != "used" and not known.asks_nothing(_value(script, member))):
                self._found[where, member.key].append(self._places.at(name, script.offset(member.at)))


def _value(script: Script, member: Member) -> Any:
    text = script.source[script.offset(member.value) : script.tokens[member.end - 1].end]
    try:
        return json.loads(text)
    except ValueError:
        return None
