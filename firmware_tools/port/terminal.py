"""The report for a terminal: what matters, short; the whole of it is in the files."""

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from firmware_tools.port.findings import MEANINGS, Finding, PageState, Report, Severity

STYLES = {
    Severity.BREAKS: "bold red",
    Severity.DEGRADED: "yellow",
    Severity.UNCLEAR: "magenta",
    Severity.HARMLESS: "dim",
}
_SHOWN = {Severity.BREAKS: 20, Severity.DEGRADED: 15, Severity.UNCLEAR: 8, Severity.HARMLESS: 0}
_PAGES_SHOWN = 8
_SENDS_SHOWN = 12
NO_PLAN = "There is no data plan; `cygnet program plan {directory} --draft` prints one to start from."


def show_report(console: Console, report: Report) -> None:
    """Print the report."""
    pages = [page for page in report.pages if page.kind == "page"]
    console.print()
    console.print(_title(report))
    console.print(_sums(report, pages))
    for severity in Severity:
        found = report.of(severity)
        if found:
            console.print(_heading(severity, found))
            if shown := found[: _SHOWN[severity]]:
                console.print(Padding(_findings(shown), (0, 0, 0, 2)))
            if len(found) > len(shown) > 0:
                console.print(f"    … and {len(found) - len(shown)} more in the report", style="dim")
    console.print()
    if report.sends:
        console.print(Text("What it sends", style="bold"))
        console.print(Padding(_sends(report), (0, 0, 0, 2)))
        if len(report.sends) > _SENDS_SHOWN:
            console.print(f"    … and {len(report.sends) - _SENDS_SHOWN} more in the report", style="dim")
        if not report.has_data_plan:
            console.print(f"  {NO_PLAN.format(directory=report.directory)}", style="dim", soft_wrap=True)
        console.print()
    if worst := [page for page in pages if page.severity in (Severity.BREAKS, Severity.DEGRADED)]:
        console.print(Text("Pages that need work", style="bold"))
        console.print(Padding(_pages(worst[:_PAGES_SHOWN]), (0, 0, 0, 2)))
        if len(worst) > _PAGES_SHOWN:
            console.print(f"    … and {len(worst) - _PAGES_SHOWN} more in the report", style="dim")
        console.print()


def _title(report: Report) -> Text:
    text = Text(report.name, style="bold")
    text.append(f"  {report.version} · {report.app_id} · {report.dialect}", style="dim")
    if report.board:
        text.append(f" · for the board {report.board}", style="dim")
    return text


def _sums(report: Report, pages: Sequence[PageState]) -> Text:
    text = Text()
    text.append(f"{report.working} of {len(report.apis)}", style="bold")
    text.append(" API names used work here · ")
    ready = sum(page.severity in (None, Severity.UNCLEAR) for page in pages)
    text.append(f"{ready} of {len(pages)}", style="bold")
    text.append(f" pages touch nothing that is missing · {report.files:,} files, {report.lines:,} lines")
    return text


def _heading(severity: Severity, found: Sequence[Finding]) -> RenderableType:
    text = Text()
    text.append(f"\n{severity.value.capitalize()} {len(found)}", style=STYLES[severity])
    text.append(f"  {MEANINGS[severity]}", style="dim")
    if not _SHOWN[severity]:
        names = ", ".join(finding.title for finding in found[:12])
        more = f" and {len(found) - 12} more" if len(found) > 12 else ""
        return Group(text, Padding(Text(f"{names}{more}", style="dim"), (0, 0, 0, 2)))
    return text


def _findings(found: Sequence[Finding]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    table.add_column(overflow="fold", max_width=34)
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    for finding in found:
        said = Text(finding.message if finding.kind != "build" else "the build says so")
        if finding.instead:
            said.append(f" → {finding.instead}", style="green")
        if finding.guarded:
            said.append(f" (guarded {finding.guarded}x)", style="dim")
        if finding.places:
            said.append(f"\n{finding.places[0]}", style="dim")
            if finding.count > 1:
                said.append(f" and {finding.count - 1} more", style="dim")
        table.add_row(Text(finding.title, style=STYLES[finding.severity]), f"{finding.count}x", said)
    return table


def _sends(report: Report) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    for ratio in (4, 4, 3, 3):
        table.add_column(overflow="fold", ratio=ratio)
    for one in report.sends[:_SENDS_SHOWN]:
        told = Text(", ".join(one.items) or "refused" if report.has_data_plan else "")
        told.stylize(STYLES[Severity.BREAKS] if one.refusal else "green")
        fields = ", ".join([*one.fields, *([] if one.whole else ["…"])])
        table.add_row(Text(f"{one.kind} {one.subject}"), f"→ {one.destination}", Text(fields, style="dim"), told)
    return table


def _pages(pages: Sequence[PageState]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    for page in pages:
        counts = Text()
        for severity in (Severity.BREAKS, Severity.DEGRADED):
            if page.counts[severity]:
                counts.append(f"{page.counts[severity]} {severity.value}  ", style=STYLES[severity])
        table.add_row(page.route, counts)
    return table
