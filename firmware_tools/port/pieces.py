"""Pieces of the report's page that more than one part of it needs."""

import html
import re
from collections.abc import Iterable, Iterator, Sequence

from firmware_tools.port.findings import Finding, PageState, Place, Report

_MAX_PLACES = 60  # of one finding; all of them are in the JSON


def text(plain: str) -> str:
    """Text as it stands."""
    return html.escape(plain)


def rich(plain: str) -> str:
    """Text in which backticks mean code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(plain))


def anchor(kind: str, name: str) -> str:
    """The fragment of a finding or a page."""
    return f"{kind}-{re.sub(r'[^A-Za-z0-9_-]+', '-', name).strip('-')}"


def title(finding: Finding, report: Report, short: bool = False) -> str:
    """What a finding is called: an API as the program writes it, what the build says in the build's own words."""
    if finding.kind in ("api", "option"):
        return f"<code>{'swan' if report.dialect == 'swan' else 'wx'}.{text(finding.name)}</code>"
    if finding.kind == "build" and not short:
        return text(finding.message)
    if finding.kind in ("permission", "server"):
        return f"{finding.kind} <code>{text(finding.name)}</code>"
    return text(finding.name)


def pages_of(report: Report) -> list[PageState]:
    """The pages, without the app itself."""
    return [page for page in report.pages if page.kind == "page"]


def number(count: int, word: str) -> str:
    """``1 page``, ``2 pages``."""
    plural = f"{word}es" if word.endswith("s") else f"{word}s"
    return f"{count} {word if count == 1 else plural}"


def places(found: Sequence[Place], named: bool = True) -> str:
    """A list of places with their lines of source; without their file's name where that stands above."""
    if not found:
        return ""
    rows = [_place(place, named) for place in found[:_MAX_PLACES]]
    more = len(found) - _MAX_PLACES
    tail = f"<p class=more>… and {more} more, in port-report.json</p>" if more > 0 else ""
    return f"<ul class=places>{''.join(rows)}</ul>{tail}"


def _place(place: Place, named: bool) -> str:
    shown = f"{text(place.file)}:<b>{place.line}</b>" if named else f"line <b>{place.line}</b>"
    if place.origin:
        source, _, line = place.origin.rpartition(":")
        shown = f"{text(source)}:<b>{line}</b><span class=origin>in the package: {shown}</span>"
    code = f"<code>{text(place.excerpt)}</code>" if place.excerpt else "<span></span>"
    note = f"<span class=note>{rich(place.note)}</span>" if place.note else ""
    return f"<li><span class=place>{shown}</span>{code}{note}</li>"


def table(columns: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> Iterator[str]:
    """A table of (fragment, cells); columns that begin with ``#`` hold numbers, the first one is the row's name."""
    names = [column.removeprefix("#") for column in columns]
    classes = ["number" if column.startswith("#") else "" for column in columns]
    heads = "".join(f"<th scope=col class='{kind}'>{name}</th>" for kind, name in zip(classes, names, strict=True))
    yield f"<div class='panel table'><table><thead><tr>{heads}</tr></thead><tbody>"
    for fragment, cells in rows:
        first, *others = cells
        told = "".join(
            f"<td class='{kind}' data-label='{name}'>{cell}</td>" if cell else "<td class=empty></td>"
            for kind, name, cell in zip(classes[1:], names[1:], others, strict=True)
        )
        yield f"<tr{f' id={fragment}' if fragment else ''}><th scope=row><code>{first}</code></th>{told}</tr>"
    yield "</tbody></table></div>"


def state(colour: str, label: str) -> str:
    """A word in the colour of a severity, or of ``ready``."""
    return f"<span class='state {colour}'>{label}</span>"
