"""The table ``members.toml``: which members of configurations and definitions this host heeds."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from firmware_tools.port.lifecycles import LIFECYCLES, is_called

Verdict = Literal["used", "harmless", "degraded", "breaks"]


@dataclass(frozen=True, slots=True)
class Member:
    """What becomes of one member; ``unless`` are values that ask for nothing."""

    name: str
    verdict: Verdict
    note: str
    instead: str
    unless: tuple[Any, ...]

    def asks_nothing(self, value: Any) -> bool:
        return any(value == other and type(value) is type(other) for other in self.unless)


@dataclass(frozen=True, slots=True)
class MemberTable:
    """``members`` by where they stand and their name; ``tags`` says what to do instead of a tag."""

    members: Mapping[tuple[str, str], Member]
    tags: Mapping[str, str]

    def find(self, where: str, name: str) -> Member | None:
        """What becomes of a member; ``None`` for one that is not known, and for a lifecycle that is called."""
        if where in LIFECYCLES and is_called(where, name):
            return None
        return self.members.get((where, name))

    def names(self, where: str) -> list[str]:
        """All names that are known in one place."""
        return [name for place, name in self.members if place == where]


@cache
def member_table() -> MemberTable:
    """The table of this version."""
    document = tomllib.loads(Path(__file__).with_name("members.toml").read_text(encoding="utf-8"))
    members = {
        (row["where"], name): Member(
            name, row["verdict"], row.get("note", ""), row.get("instead", ""), tuple(row.get("unless", ()))
        )
        for row in document["member"]
        for name in row["names"].split()
    }
    return MemberTable(members, document["tags"])
