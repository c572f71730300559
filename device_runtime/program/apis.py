"""What each name of ``wx`` and ``swan`` does here: ``apis.toml`` read, checked and given to whoever asks.

The worker gives it to the base library, which answers ``canIUse`` and what is not supported from it;
``cygnet program apis`` prints it, and ``docs/apis.md`` is made from it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from device_runtime.errors import CygnetError

Support = Literal["full", "part", "none"]
Kind = Literal["call", "plain", "listener", "factory", "object"]
Dialect = Literal["wx", "swan"]

_MEMBERS = {"names", "topic", "support", "kind", "note", "instead", "needs", "permission", "lacks"}
_LISTENER = re.compile(r"(?:on|off)[A-Z]\w*")


class ApiTableError(CygnetError):
    """The table contradicts itself; the message names the row."""


@dataclass(frozen=True, slots=True)
class Api:
    """One name. ``dialects`` are those whose typings have it; ``needs`` is a capability of the host, or empty;
    ``permission`` is what the manifest must ask for, or empty; ``lacks`` are its options and members that are not
    here. ``kind``: ``call`` takes callbacks or gives a promise, ``plain`` answers at once, ``listener`` takes one,
    ``factory`` makes an object, ``object`` is one."""

    name: str
    topic: str
    support: Support
    kind: Kind
    note: str
    instead: str
    needs: str
    permission: str
    lacks: tuple[str, ...]
    dialects: tuple[Dialect, ...]


@dataclass(frozen=True, slots=True)
class ApiTable:
    """``apis`` by name, in the table's order; ``components`` are the tags that the screen draws, with the attributes
    that each of them lacks."""

    apis: Mapping[str, Api]
    components: Mapping[str, tuple[str, ...]]

    def document(self) -> str:
        """What the base library gets, as JSON: ``apis`` maps a name to its support, kind, capability and what it
        lacks, ``components`` a tag to what it lacks. One string, which the few programs that ask unfold: every object
        of the engine's heap costs each worker, since its collector writes to all of them."""
        return json.dumps(
            {
                "apis": {api.name: [api.support, api.kind, api.needs, api.lacks] for api in self.apis.values()},
                "components": self.components,
            },
            separators=(",", ":"),
        )


@cache
def api_table() -> ApiTable:
    """The table of this version.

    Raises:
        ApiTableError: it is faulty.
    """
    import tomllib

    # Not importlib.resources, nor a parser kept at the top: the zygote reads this, and its workers inherit it all.
    source = Path(__file__).with_name("apis.toml")
    return read_table(tomllib.loads(source.read_text(encoding="utf-8")))


@cache
def api_document() -> str:
    """The document of :func:`api_table`, without keeping the table itself in memory."""
    document = api_table().document()
    api_table.cache_clear()
    return document


def read_table(document: Mapping[str, Any]) -> ApiTable:
    """Check a parsed ``apis.toml``.

    Raises:
        ApiTableError: a name stands twice, a row has a wrong member, or a list of typings names what no row does.
    """
    typings = {key: frozenset(names.split()) for key, names in document["typings"].items()}
    apis: dict[str, Api] = {}
    for row in document["api"]:
        for api in _row(row, typings):
            if api.name in apis:
                raise ApiTableError(f"apis.toml: {api.name} stands in two rows")
            apis[api.name] = api
    for key, names in typings.items():
        if unknown := sorted(names - set(apis)):
            raise ApiTableError(f"apis.toml: typings.{key} names {', '.join(unknown)}, which no row does")
    tags = document["components"]["names"].split()
    lacks = document["components"]["lacks"]
    if unknown := sorted(set(lacks) - set(tags)):
        raise ApiTableError(f"apis.toml: components.lacks names {', '.join(unknown)}, which is no component here")
    return ApiTable(apis, {tag: tuple(lacks.get(tag, "").split()) for tag in tags})


def _row(row: Mapping[str, Any], typings: Mapping[str, frozenset[str]]) -> Iterator[Api]:
    names = row["names"].split()
    if unknown := sorted(set(row) - _MEMBERS):
        raise ApiTableError(f"apis.toml: the row of {names[0]} has the unknown member {unknown[0]}")
    if row["support"] not in get_args(Support) or row.get("kind", "call") not in get_args(Kind):
        raise ApiTableError(f"apis.toml: the row of {names[0]} has an unknown support or kind")
    if row["support"] != "full" and not row.get("note") and not row.get("lacks"):
        raise ApiTableError(f"apis.toml: the row of {names[0]} does not say what is missing")
    if row["support"] == "full" and row.get("lacks"):
        raise ApiTableError(f"apis.toml: the row of {names[0]} is not full, since it lacks something")
    for name in names:
        kind: Kind = row.get("kind") or ("listener" if _LISTENER.fullmatch(name) else "call")
        if row["support"] == "none" and kind == "plain":
            raise ApiTableError(f"apis.toml: {name} answers at once, so it has no way to fail; give it a true answer")
        yield Api(
            name=name,
            topic=row["topic"],
            support=row["support"],
            kind=kind,
            note=row.get("note", ""),
            instead=row.get("instead", ""),
            needs=row.get("needs", ""),
            permission=row.get("permission", ""),
            lacks=tuple(row.get("lacks", ())),
            dialects=_dialects(name, typings),
        )


def _dialects(name: str, typings: Mapping[str, frozenset[str]]) -> tuple[Dialect, ...]:
    if name in typings["neither"]:
        return ()
    if name in typings["both"]:
        return ("wx", "swan")
    return ("swan",) if name in typings["swan_only"] else ("wx",)
