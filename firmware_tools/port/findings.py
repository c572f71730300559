"""What a report says: findings with their places, the APIs that a program uses, and how ready each page is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much is missed, the worst first."""

    BREAKS = "breaks"
    DEGRADED = "degraded"
    UNCLEAR = "unclear"
    HARMLESS = "harmless"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


MEANINGS = {
    Severity.BREAKS: "a page may not work",
    Severity.DEGRADED: "the page works, a part of it does not",
    Severity.UNCLEAR: "cannot be decided from the source: look at it",
    Severity.HARMLESS: "left out, and nothing is missed",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is. ``file`` is below the folder of the program; ``excerpt`` is a piece of that line; ``origin``
    is the place in the author's own source, ``file:line``, where a source map tells it; ``note`` says what is special
    about this place; ``part`` is the named function that it is in."""

    file: str
    line: int
    column: int
    excerpt: str = ""
    origin: str = ""
    note: str = ""
    part: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that this host cannot do or does not heed. ``kind`` is ``api``, ``option``, ``component``,
    ``attribute``, ``event``, ``configuration``, ``lifecycle``, ``network``, ``permission``, ``data``, ``plugin``,
    ``build`` or ``source``; ``name`` is what the program calls it."""

    kind: str
    name: str
    severity: Severity
    message: str
    instead: str
    places: tuple[Place, ...]
    guarded: int = 0

    @property
    def title(self) -> str:
        """What it is called in a list of findings."""
        return f"permission {self.name}" if self.kind == "permission" else self.name

    @property
    def count(self) -> int:
        return len(self.places)


@dataclass(frozen=True, slots=True)
class ApiUsed:
    """One name of ``wx`` or ``swan`` that a program uses. ``verdict``: ``works``, ``limits`` (it works, within limits
    that the note says), ``partly``, ``missing`` or ``unknown``."""

    name: str
    verdict: str
    count: int
    files: int
    note: str
    instead: str
    needs: str
    opaque: int


@dataclass(frozen=True, slots=True)
class PageState:
    """How ready a page is: the findings that it touches, by their numbers in the report, each with the file through
    which it does."""

    route: str
    kind: str
    severity: Severity | None
    counts: Mapping[Severity, int]
    touches: tuple[tuple[int, str], ...]
    components: int
    scripts: int


@dataclass(frozen=True, slots=True)
class Origin:
    """A server that the program names. ``role``: ``request``, ``socket``, or ``mention`` (an address that nothing seems
    to ask for). ``why``: it is ``called``, its pictures, sounds or fonts are ``shown``, or its ``name`` says that it is
    a server's."""

    origin: str
    role: str
    why: str
    declared: bool
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """Something that the program sends, or hears. ``subject`` is an event, a path or what is heard; ``destination`` is
    an origin, ``fleet``, ``device`` or ``other-device``; ``whole``: it has no other fields. ``items`` are those of the
    data plan that declare it; ``refusal`` says why the device would not send it."""

    kind: str
    subject: str
    destination: str
    fields: tuple[str, ...]
    whole: bool
    items: tuple[str, ...]
    refusal: str
    place: Place


@dataclass(slots=True)
class Report:
    """All of it."""

    directory: str
    name: str
    app_id: str
    version: str
    dialect: str
    board: str
    package: str = ""
    size: int = 0
    sha256: str = ""
    refusals: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    apis: list[ApiUsed] = field(default_factory=list)
    pages: list[PageState] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)
    manifest_file: str = ""
    has_data_plan: bool = False
    sends: list[Sent] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)
    """The items of the data plan that nothing in the code seems to send."""
    data_plan_draft: list[dict[str, Any]] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)
    computed_requests: int = 0
    """Calls to a server whose address is put together elsewhere, so that its origin may be missing from ``origins``."""
    files: int = 0
    lines: int = 0

    @property
    def built(self) -> bool:
        return not self.refusals

    @property
    def working(self) -> int:
        """How many of the API names that are used work here."""
        return sum(api.verdict in ("works", "limits") for api in self.apis)

    def of(self, severity: Severity) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity is severity]

    @property
    def unsupported(self) -> int:
        """How many findings say that something is not supported."""
        return sum(finding.severity in (Severity.BREAKS, Severity.DEGRADED) for finding in self.findings)


def worst(severities: Sequence[Severity]) -> Severity | None:
    return min(severities, key=lambda severity: severity.rank, default=None)
