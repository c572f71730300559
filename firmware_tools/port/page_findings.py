"""The findings on the report's page: by what is missing, and by file."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from firmware_tools.port.findings import MEANINGS, Finding, Place, Report, Severity
from firmware_tools.port.pieces import anchor, number, pages_of, places, rich, text, title


def findings_section(report: Report) -> Iterator[str]:
    """Search, filters, and both groupings."""
    yield "<section aria-labelledby=findings><h2 id=findings>What is missing</h2>"
    yield "<div class=filters role=search hidden><input type=search id=search placeholder='Search: name, file, page'"
    yield " aria-label='Search the findings'><span class=group role=group aria-label='Group by'>"
    yield "<label><input type=radio name=way value=name checked>by name</label>"
    yield "<label><input type=radio name=way value=file>by file</label></span>"
    for severity in Severity:
        yield _chip(severity, len(report.of(severity)))
    yield "</div><p class=none id=shown role=status hidden></p>"
    yield "<div data-view=name>"
    touching = _touching(report)
    for index, finding in enumerate(report.findings):
        yield _finding(finding, report, touching.get(index, []))
    if not report.findings:
        yield "<p class=none>Nothing is missing.</p>"
    yield "</div><div data-view=file hidden>"
    yield from _by_file(report)
    yield "</div></section>"


def _chip(severity: Severity, count: int) -> str:
    checked = "" if severity is Severity.HARMLESS else " checked"
    return (
        f"<label class=chip title='{text(MEANINGS[severity])}'>"
        f"<input type=checkbox value={severity.value}{checked}>{severity.value.capitalize()} {count}</label>"
    )


def _touching(report: Report) -> dict[int, list[str]]:
    """The pages that touch each finding, by its number."""
    pages: dict[int, list[str]] = defaultdict(list)
    for page in pages_of(report):
        for index, _ in page.touches:
            pages[index].append(page.route)
    return pages


def _finding(finding: Finding, report: Report, pages: Sequence[str]) -> str:
    severity = finding.severity.value
    counts = [number(finding.count, "place")] if finding.count else []
    counts += [number(len(pages), "page")] if pages else []
    counts += [f"{finding.guarded} guarded"] if finding.guarded else []
    searched = " ".join([finding.name, finding.message, *{place.file for place in finding.places}, *pages]).lower()
    said = "" if finding.kind == "build" else f"<p class=said>{rich(finding.message)}</p>"
    instead = f"<p class=instead>{rich(finding.instead)}</p>" if finding.instead else ""
    head = f"<h3>{title(finding, report)}<span class=badge>{severity}</span></h3>"
    return (
        f"<details class='finding {severity}' data-severity={severity} data-text=\"{text(searched)}\""
        f' id="{anchor(finding.kind, finding.name)}"><summary>{head}<span class=count>{" · ".join(counts)}</span>'
        f"{said}{instead}</summary><div class=body>{places(finding.places)}</div></details>"
    )


def _by_file(report: Report) -> Iterator[str]:
    found: dict[str, list[tuple[Finding, list[Place]]]] = defaultdict(list)
    for finding in report.findings:
        here: dict[str, list[Place]] = defaultdict(list)
        for place in finding.places:
            here[place.file].append(place)
        for file, at in here.items():
            found[file].append((finding, at))

    def rank(item: tuple[str, list[tuple[Finding, list[Place]]]]) -> tuple[int, int, str]:
        return (min(finding.severity.rank for finding, _ in item[1]), -len(item[1]), item[0])

    for file, listed in sorted(found.items(), key=rank):
        severity = min((finding.severity for finding, _ in listed), key=lambda one: one.rank).value
        yield f"<details class='file {severity}'><summary><h3><code>{text(file)}</code></h3>"
        yield f"<span class=count>{number(len(listed), 'finding')}</span></summary><div class=body>"
        for finding, at in listed:
            own = finding.severity.value
            searched = text(f"{finding.name} {finding.message} {file}".lower())
            yield (
                f'<div class={own} data-severity={own} data-text="{searched}"><h3>{title(finding, report)}'
                f"<span class=badge>{own}</span></h3>{places(at, named=False)}</div>"
            )
        yield "</div></details>"
