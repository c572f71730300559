"""Porting a program: read it, judge it, build it, and say it all in one report."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.errors import CygnetError
from device_runtime.host.board import Board
from device_runtime.program.apis import api_table
from device_runtime.program.manifest import Manifest
from firmware_tools.build.dialects import OWN_FILE, SourceProject, load_project, read_json_object
from firmware_tools.build.manifests import checked_manifest
from firmware_tools.build.program import BuiltProgram, build_program
from firmware_tools.port.boards import lacking_capabilities
from firmware_tools.port.findings import Finding, PageState, Place, Report, Severity, worst
from firmware_tools.port.functions import live_parts
from firmware_tools.port.judging import ApiJudge
from firmware_tools.port.judging_configuration import ConfigurationJudge
from firmware_tools.port.judging_plan import PlanJudge
from firmware_tools.port.judging_views import ViewJudge, definition_findings
from firmware_tools.port.members import member_table
from firmware_tools.port.opening import open_program
from firmware_tools.port.refusals import all_refusals
from firmware_tools.port.remarks import model_findings, remark_findings, typescript_findings
from firmware_tools.port.servers import (
    declared_origins,
    find_origins,
    origin_findings,
    permission_findings,
    propose_manifest,
    scope_findings,
    wanted_permissions,
)

_PLACE = re.compile(r"(?P<file>[^:\n]+?):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<message>.*)", re.DOTALL)
_TITLE = 70
# What is put right in cygnet.json, in one go, says nothing of a page.
_OF_THE_MANIFEST = frozenset(("permission", "server", "data"))
_JUDGED = re.compile(r"^there is no component |which is not in the program; ")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|<[^>]*>|url\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Progress:
    """Told what is being done: ``step`` in words, and how far it is."""

    step: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Ported:
    """The report, and the package where it could be built."""

    report: Report
    built: BuiltProgram | None


def port_program(
    directory: Path,
    key: Ed25519PrivateKey,
    board: Board | None = None,
    write_manifest: bool = False,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Ported:
    """Analyse and build the program in ``directory``. With ``write_manifest`` the proposed ``cygnet.json`` is written
    beside it, where it has none.

    Raises:
        CygnetError: no program is there, or its configuration cannot be read.
    """
    project = load_project(directory)
    return _Port(directory, project, board, tell).run(key, write_manifest)


class _Port:
    def __init__(
        self, directory: Path, project: SourceProject, board: Board | None, tell: Callable[[Progress], None]
    ) -> None:
        self._directory = directory
        self._project = project
        self._board = board
        self._tell = tell
        self._table = api_table()
        self._members = member_table()
        self._read = 0
        opened = open_program(directory, project, self._tick)
        self._files, self._program, self._places = opened.files, opened.program, opened.places

    def _tick(self, path: str) -> None:
        self._read += 1
        self._tell(Progress(f"Reading {path}", self._read, max(self._read, len(self._project.pages))))

    def run(self, key: Ed25519PrivateKey, write_manifest: bool) -> Ported:
        self._program.read()
        needs = {api.needs for api in self._table.apis.values() if api.needs}
        missing = lacking_capabilities(self._board, needs)
        apis = ApiJudge(self._program, self._table, self._places, missing, self._board.name if self._board else "")
        views = ViewJudge(self._program, self._table, self._members, self._places)
        findings = [
            *apis.findings(),
            *views.findings(),
            *definition_findings(self._program, self._members, self._places),
            *ConfigurationJudge(self._program, self._members, self._places).findings(),
            *remark_findings(self._program, self._places),
            *model_findings(self._program),
        ]
        report = self._report()
        report.apis = apis.apis()
        wanted = wanted_permissions(self._program, apis.permissions())
        own_file = self._project.own_file
        undeclared = find_origins(self._program, {}, self._places)
        report.manifest = propose_manifest(self._project.manifest, wanted, undeclared, self._icon())
        if own_file is None and write_manifest:
            own_file = self._directory / OWN_FILE
            own_file.write_text(json.dumps(report.manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        built = self._build(key, report)
        own: dict[str, Any] = read_json_object(own_file) if own_file else {}
        report.manifest_file = str(own_file) if own_file else ""
        declared = declared_origins(built.package.manifest if built else None, own)
        report.origins = find_origins(self._program, declared, self._places)
        findings += origin_findings(report.origins)
        first = {name: apis.first_places(uses[0])[:1] or self._scope_places(uses[0]) for name, uses in wanted.items()}
        findings += permission_findings(wanted, own, first)
        findings += scope_findings(self._program, self._places)
        findings += PlanJudge(self._program, self._places, self._project, self._manifest(built)).findings(report)
        findings += self._build_findings(report)
        findings += typescript_findings(self._program, self._places) if built is None else ()
        report.findings = sorted(findings, key=_order)
        report.pages = list(self._page_states(report.findings))
        return Ported(report, built)

    def _manifest(self, built: BuiltProgram | None) -> Manifest | None:
        """The manifest, where it has no fault."""
        if built is not None:
            return built.package.manifest
        try:
            return checked_manifest(self._project)
        except CygnetError:
            return None  # the refusals say so

    def _report(self) -> Report:
        manifest = self._project.manifest
        read = {name for unit in self._program.units.values() for name in unit.files}
        return Report(
            directory=str(self._directory),
            name=str(manifest.get("name", "")),
            app_id=str(manifest.get("app_id", "")),
            version=str(manifest.get("version", {}).get("name", "")),
            dialect=self._project.dialect.name,
            board=self._board.name if self._board else "",
            unreached=[self._files.shown(name) for name in self._program.unreached],
            computed_requests=sum(facts.computed_requests for facts in self._program.scripts.values()),
            files=len(read),
            lines=sum((self._files.read(name) or "").count("\n") + 1 for name in read),
        )

    def _icon(self) -> str:
        """A picture that the program surely has for itself: nothing in the dialects says which is its icon."""
        names = ("images/icon.svg", "images/icon.png", "images/logo.png", "icon.png", "logo.png")
        return self._files.first(*names) or ""

    def _scope_places(self, scope: str) -> tuple[Place, ...]:
        return tuple(
            self._places.at(file, offset)
            for file, facts in self._program.scripts.items()
            for name, offset in facts.scopes
            if name == scope
        )[:1]

    def _build(self, key: Ed25519PrivateKey, report: Report) -> BuiltProgram | None:
        self._tell(Progress("Building the package", self._read, max(self._read, 1)))
        try:
            built = build_program(self._directory, key)
        except CygnetError as error:
            self._tell(Progress("Looking for all that the build refuses", self._read, max(self._read, 1)))
            reached = {page: frozenset(self._program.reached(page)) for page in self._program.pages}
            report.refusals = all_refusals(self._project, str(error), reached)
            return None
        report.warnings = list(built.warnings)
        report.size, report.sha256 = built.package.size, built.package.sha256
        return built

    def _build_findings(self, report: Report) -> Iterator[Finding]:
        """What the build says, the same sentence and warnings of one kind together. What the judges say as well is
        left to them, since they know all places."""
        for sentences, severity in ((report.refusals, Severity.BREAKS), (report.warnings, Severity.DEGRADED)):
            groups: dict[str, list[tuple[Place | None, str]]] = defaultdict(list)
            for sentence in sentences:
                place, message = self._told_place(sentence)
                if _JUDGED.search(message) is None:
                    kind = message if severity is Severity.BREAKS else _QUOTED.sub("…", message)
                    groups[kind].append((place, message))
            for told in groups.values():
                places = tuple(place for place, _ in told if place is not None)
                yield Finding("build", _title(told[0][1]), severity, told[0][1], "", places)

    def _told_place(self, sentence: str) -> tuple[Place | None, str]:
        """``file:line:column: message`` taken apart; of a file that is known, with its line."""
        found = _PLACE.match(sentence)
        if found is None:
            return None, sentence
        line, column, message = int(found["line"]), int(found["column"] or 1), found["message"]
        for folder in (self._project.root, self._directory):
            name = found["file"].removeprefix(f"{folder.as_posix()}/")
            if name in self._files:
                return self._places.at_line(name, line, column, message), message
        return Place(found["file"], line, column, note=message), message

    def _page_states(self, findings: Sequence[Finding]) -> Iterator[PageState]:
        """How ready each page is, by the files that it reaches; the app's own files are a row of their own."""
        by_file: dict[str, set[tuple[int, str]]] = defaultdict(set)
        for number, finding in enumerate(findings):
            for place in finding.places if finding.kind not in _OF_THE_MANIFEST else ():
                by_file[place.file].add((number, place.part))
        for path in ("app", *self._program.pages):
            reached = self._program.reached(path)
            own, live = self._live(reached)
            touched: dict[int, str] = {}
            for file in reached:
                shown = self._files.shown(file)
                for number, part in by_file.get(shown, ()):
                    if not part or file in own or (file, part) in live:
                        touched.setdefault(number, shown)
            severities = [findings[number].severity for number in touched]
            yield PageState(
                route=path,
                kind="app" if path == "app" else "page",
                severity=worst([one for one in severities if one is not Severity.HARMLESS]),
                counts={one: severities.count(one) for one in Severity},
                touches=tuple(sorted(touched.items())),
                components=len({unit for unit in reached.values() if unit != path}),
                scripts=sum(file.endswith((".js", ".ts")) for file in reached),
            )

    def _live(self, reached: Mapping[str, str]) -> tuple[set[str], set[tuple[str, str]]]:
        """The scripts of the units themselves, and what these come to of the scripts that they share."""
        scripts = self._program.scripts
        own = {name for unit in set(reached.values()) for name in (f"{unit}.js", f"{unit}.ts") if name in scripts}
        return own, live_parts({name: scripts[name].outline for name in reached if name in scripts}, own)


def _order(finding: Finding) -> tuple[int, bool, int, str, str]:
    """The worst first; what one command writes into cygnet.json behind what needs work."""
    of_manifest = finding.kind in _OF_THE_MANIFEST
    return (finding.severity.rank, of_manifest, -finding.count, finding.kind, finding.name)


def _title(message: str) -> str:
    return message if len(message) <= _TITLE else f"{message[:_TITLE].rsplit(' ', 1)[0]} …"
