"""Facts of scripts judged by the table of APIs: what is missing here, and how much that matters."""

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from device_runtime.program.apis import Api, ApiTable
from firmware_tools.port.boards import depends_on_board
from firmware_tools.port.facts import Use
from firmware_tools.port.findings import ApiUsed, Finding, Place, Severity
from firmware_tools.port.places import Places
from firmware_tools.port.program import Program

# Topics of the table whose loss leaves a page usable, or is not even noticed; of all others a page may depend.
_DEGRADING = frozenset(
    ("Page", "Navigation", "Tabs", "Dialogs", "Animation", "Keyboard", "System", "Device", "Files", "Program",
     "Messages", "Other programs", "Sensors", "Pictures and video", "Phone", "Sound")
)  # fmt: skip
_HARMLESS = frozenset(("Sharing", "Advertisements", "Search"))
_NOT_SUPPORTED = "not supported on this host"
_EXISTENCE = "asked for by its existence, which is true here for every name; ask `canIUse`"


@dataclass(frozen=True, slots=True)
class _Found:
    """A use and the script that it is in."""

    file: str
    use: Use


def milder(severity: Severity) -> Severity:
    """One step less, for what a program asks ``canIUse`` about before it uses it."""
    return Severity.DEGRADED if severity is Severity.BREAKS else Severity.HARMLESS


class ApiJudge:
    """Judges every use of ``wx`` and ``swan`` in a program. ``missing`` are capabilities that the board lacks."""

    def __init__(self, program: Program, table: ApiTable, places: Places, missing: frozenset[str], board: str) -> None:
        self._table = table
        self._places = places
        self._missing = missing
        self._board = board
        self._uses: dict[str, list[_Found]] = defaultdict(list)
        assigned = {name for facts in program.scripts.values() for name in facts.assigned}
        for file, facts in program.scripts.items():
            for use in sorted(facts.uses, key=lambda use: use.offset):
                if use.name in table.apis or use.name not in assigned:
                    self._uses[use.name].append(_Found(file, use))

    def apis(self) -> list[ApiUsed]:
        """Every name that is used, the most used first."""
        used = []
        for name, found in self._uses.items():
            api = self._table.apis.get(name)
            used.append(
                ApiUsed(
                    name,
                    self._verdict(api),
                    len(found),
                    len({one.file for one in found}),
                    self._note(name, api),
                    api.instead if api else "",
                    api.needs if api and depends_on_board(api.needs) else "",
                    sum(one.use.opaque for one in found),
                )
            )
        return sorted(used, key=lambda one: (-one.count, one.name))

    def findings(self) -> Iterator[Finding]:
        """What is missing of them."""
        for name, found in self._uses.items():
            api = self._table.apis.get(name)
            verdict = self._verdict(api)
            if verdict in ("missing", "unknown", "partly"):
                yield self._finding(name, api, verdict, found)
            if api is not None and verdict not in ("missing", "unknown"):
                yield from self._options(api, found)

    def permissions(self) -> dict[str, list[str]]:
        """The permissions that the used names need, each with those names."""
        wanted: dict[str, list[str]] = defaultdict(list)
        for name in self._uses:
            api = self._table.apis.get(name)
            if api is not None and api.permission and self._verdict(api) != "missing":
                wanted[api.permission].append(name)
        return wanted

    def first_places(self, name: str) -> tuple[Place, ...]:
        """Where a name is used."""
        return tuple(self._places.at(one.file, one.use.offset) for one in self._uses.get(name, ()))

    def _verdict(self, api: Api | None) -> str:
        if api is None:
            return "unknown"
        if api.support == "none" or (api.needs and api.needs in self._missing):
            return "missing"
        if api.support == "full":
            return "works"
        # Where there is something to do instead, something is missed.
        return "limits" if api.lacks or not api.instead else "partly"

    def _note(self, name: str, api: Api | None) -> str:
        if api is None:
            nearest = difflib.get_close_matches(name, self._table.apis, 1, 0.8)
            hint = f"; did you mean `{nearest[0]}`?" if nearest else ""
            return f"neither WeChat's nor SWAN's typings have this name, and it is {_NOT_SUPPORTED}{hint}"
        if api.support != "none" and api.needs in self._missing:
            board = f"the board {self._board}" if self._board else "no board of today"
            lacks = "lacks" if self._board else "has"
            return f"{board} {lacks} `{api.needs}`"
        return api.note

    def _finding(self, name: str, api: Api | None, verdict: str, found: list[_Found]) -> Finding:
        severity = Severity.DEGRADED if verdict == "partly" else self._severity(name, api)
        unguarded = [one for one in found if not one.use.guarded and one.use.how != "test"]
        if not unguarded:
            severity = milder(severity)
        places = tuple(self._places.at(one.file, one.use.offset, self._remark(one.use, verdict)) for one in found)
        return Finding(
            "api", name, severity, self._note(name, api), api.instead if api else "", places,
            sum(one.use.guarded for one in found),
        )  # fmt: skip

    def _remark(self, use: Use, verdict: str) -> str:
        if use.guarded:
            return "guarded by `canIUse`"
        return _EXISTENCE if use.how == "test" and verdict != "partly" else ""

    def _severity(self, name: str, api: Api | None) -> Severity:
        if name.rpartition(".")[2].endswith("Sync"):
            return Severity.BREAKS  # it throws, as WeChat's do
        if api is None:
            return Severity.BREAKS
        if api.kind == "listener":
            return Severity.HARMLESS if name.startswith("off") or api.topic in _HARMLESS else Severity.DEGRADED
        if api.topic in _HARMLESS:
            return Severity.HARMLESS
        return Severity.DEGRADED if api.topic in _DEGRADING else Severity.BREAKS

    def _options(self, api: Api, found: list[_Found]) -> Iterator[Finding]:
        lacking: Mapping[str, list[Place]] = defaultdict(list)
        for one in found:
            for option, offset in one.use.lacking:
                lacking[option].append(self._places.at(one.file, offset))
        for option, places in lacking.items():
            yield Finding(
                "option", f"{api.name}.{option}", Severity.DEGRADED,
                f"`{option}` of `{api.name}` is not here",
                api.instead, tuple(places),
            )  # fmt: skip
