"""The report as one HTML file that needs nothing else: no script of others, no network, and readable without scripts."""

import html
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from importlib.resources import files

from firmware_tools.port.charts import bar, page_map
from firmware_tools.port.findings import MEANINGS, ApiUsed, Finding, PageState, Place, Report, Severity

_MAX_PLACES = 60  # of one finding; all of them are in the JSON
_VERDICTS = {
    "works": ("ready", "works"),
    "limits": ("ready", "works, within limits"),
    "partly": ("degraded", "works partly"),
    "missing": ("breaks", "not here"),
    "unknown": ("breaks", "no such name"),
}
_STATES = {
    None: ("ready", "ready"),
    Severity.UNCLEAR: ("unclear", "look at it"),
    Severity.DEGRADED: ("degraded", "works, with less"),
    Severity.BREAKS: ("breaks", "may not work"),
}


def report_page(report: Report) -> str:
    """The page."""
    own = files("firmware_tools.port")
    style = own.joinpath("page.css").read_text(encoding="utf-8")
    script = own.joinpath("page.js").read_text(encoding="utf-8")
    parts = [
        *_top(report),
        "<main id=main>",
        *_package(report),
        *_overview(report),
        *_findings(report),
        *_pages(report),
        *_servers(report),
        *_apis(report.apis),
        *_unreached(report),
        f"<footer>Made by <code>cygnet program port</code> {_text(version('cygnet'))} from {report.files:,} files with"
        f" {report.lines:,} lines. The same source gives the same report.</footer></main>",
    ]
    title = f"Porting report: {report.name}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{_text(title)}</title><style>\n{style}</style></head>\n<body><a class=skip href="#main">To the report</a>\n'
        + "\n".join(parts)
        + f"\n<script>\n{script}</script></body></html>\n"
    )


def _text(text: str) -> str:
    return html.escape(text)


def _rich(text: str) -> str:
    """Text in which backticks mean code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def _anchor(kind: str, name: str) -> str:
    return f"{kind}-{re.sub(r'[^A-Za-z0-9_-]+', '-', name).strip('-')}"


def _pages_of(report: Report) -> list[PageState]:
    return [page for page in report.pages if page.kind == "page"]


# The top


def _top(report: Report) -> Iterator[str]:
    facts = [f"version {report.version}", report.app_id, {"wechat": "WeChat", "swan": "Baidu SWAN"}[report.dialect]]
    facts += [f"for the board {report.board}"] if report.board else []
    yield '<header class="top"><div><p class="product">Cygnet · porting report</p>'
    yield f"<h1>{_text(report.name)}</h1><p class=facts>{_text(' · '.join(facts))}</p>"
    yield f"<p class=verdict>{_verdict(report)}</p></div></header>"


def _verdict(report: Report) -> str:
    pages = _pages_of(report)
    broken = sum(page.severity is Severity.BREAKS for page in pages)
    less = sum(page.severity is Severity.DEGRADED for page in pages)
    ready = len(pages) - broken - less
    sentences = [
        f"<strong>{ready} of {len(pages)}</strong> pages touch nothing that is missing on a board"
        + (f", <strong>{less}</strong> work with less" if less else "")
        + (f", and <strong>{broken}</strong> may not work until something is replaced" if broken else "")
        + ".",
        f"<strong>{report.working} of {len(report.apis)}</strong> API names that are used work here.",
    ]
    if not report.built:
        sentences.insert(0, "<strong>The package was not built</strong>: what the build refuses is below.")
    return " ".join(sentences)


def _package(report: Report) -> Iterator[str]:
    if report.built:
        yield (
            f"<div class='panel built'><strong>{_text(report.package or 'The package')}</strong> was built:"
            f" {report.size:,} bytes, <code>sha256 {report.sha256}</code></div>"
        )
        return
    yield "<section class='panel refused'><h3>What the build refuses</h3><ul>"
    yield from (f"<li>{_text(refusal)}</li>" for refusal in report.refusals)
    yield "</ul></section>"


def _overview(report: Report) -> Iterator[str]:
    pages = _pages_of(report)
    states = [_STATES[page.severity] for page in pages]
    verdicts = [_VERDICTS[api.verdict] for api in report.apis]
    yield "<section class=overview aria-label='Overview'>"
    yield _figure("Pages", _counted(states, list(_STATES.values())))
    yield _figure("API names that are used", _counted(verdicts, list(_VERDICTS.values())))
    yield "<figure class='panel wide map'><figcaption>Each page</figcaption>"
    yield page_map([(page.route, *_STATES[page.severity], _anchor("page", page.route)) for page in pages])
    yield "</figure></section>"


def _counted(found: Sequence[tuple[str, str]], order: Sequence[tuple[str, str]]) -> list[tuple[str, str, int]]:
    return [(colour, label, found.count((colour, label))) for colour, label in order if (colour, label) in found]


def _figure(title: str, parts: Sequence[tuple[str, str, int]]) -> str:
    legend = "".join(
        f"<li><span class='dot {colour}-fill'></span><b>{count}</b> {_text(label)}</li>" for colour, label, count in parts
    )
    return f"<figure class=panel><figcaption>{title}</figcaption>{bar(title, parts)}<ul class=legend>{legend}</ul></figure>"


# Findings


def _findings(report: Report) -> Iterator[str]:
    yield "<h2 id=findings>What is missing</h2>"
    yield "<div class=filters role=search hidden><input type=search id=search placeholder='Search: name, file, page'"
    yield " aria-label='Search the findings'><span class=group role=group aria-label='Group by'>"
    yield "<label><input type=radio name=way value=name checked>by name</label>"
    yield "<label><input type=radio name=way value=file>by file</label></span>"
    for severity in Severity:
        checked = "" if severity is Severity.HARMLESS else " checked"
        yield (
            f"<label class=chip title='{_text(MEANINGS[severity])}'><input type=checkbox value={severity.value}{checked}>"
            f"{severity.value.capitalize()} {len(report.of(severity))}</label>"
        )
    yield "</div><p class=none id=shown role=status hidden></p>"
    touching = _touching(report)
    yield "<div data-view=name>"
    for number, finding in enumerate(report.findings):
        yield _finding(finding, touching.get(number, []))
    if not report.findings:
        yield "<p class=none>Nothing is missing.</p>"
    yield "</div><div data-view=file hidden>"
    yield from _by_file(report)
    yield "</div>"


def _touching(report: Report) -> dict[int, list[str]]:
    """The pages that touch each finding."""
    pages: dict[int, list[str]] = defaultdict(list)
    for page in _pages_of(report):
        for number, _ in page.touches:
            pages[number].append(page.route)
    return pages


def _finding(finding: Finding, pages: Sequence[str]) -> str:
    severity = finding.severity.value
    count = f"{finding.count} place{'' if finding.count == 1 else 's'}" if finding.count else ""
    if pages:
        count += f" · {len(pages)} page{'' if len(pages) == 1 else 's'}"
    if finding.guarded:
        count += f" · {finding.guarded} guarded"
    searched = " ".join([finding.name, finding.message, *{place.file for place in finding.places}, *pages]).lower()
    said = "" if finding.kind == "build" and finding.message == finding.name else f"<p class=said>{_rich(finding.message)}</p>"
    instead = f"<p class=instead>{_rich(finding.instead)}</p>" if finding.instead else ""
    title = f"{_rich(finding.name)}<span class=badge>{severity}</span>"
    return (
        f"<details class='finding {severity}' data-severity={severity} data-text=\"{_text(searched)}\""
        f' id="{_anchor(finding.kind, finding.name)}"><summary><h3>{title}</h3><span class=count>{count}</span>{said}{instead}'
        f"</summary><div class=body>{_places(finding.places)}</div></details>"
    )


def _places(places: Sequence[Place], named: bool = True) -> str:
    if not places:
        return ""
    rows = [_place(place, named) for place in places[:_MAX_PLACES]]
    more = len(places) - _MAX_PLACES
    tail = f"<p class=more>… and {more} more, in port-report.json</p>" if more > 0 else ""
    return f"<ul class=places>{''.join(rows)}</ul>{tail}"


def _place(place: Place, named: bool = True) -> str:
    shown = f"{_text(place.file)}:<b>{place.line}</b>" if named else f"line <b>{place.line}</b>"
    if place.origin:
        source, _, line = place.origin.rpartition(":")
        shown = f"{_text(source)}:<b>{line}</b><span class=origin>in the package: {shown}</span>"
    code = f"<code>{_text(place.excerpt)}</code>" if place.excerpt else "<span></span>"
    note = f"<span class=note>{_rich(place.note)}</span>" if place.note else ""
    return f"<li><span class=place>{shown}</span>{code}{note}</li>"


def _by_file(report: Report) -> Iterator[str]:
    files_of: dict[str, list[tuple[Finding, list[Place]]]] = defaultdict(list)
    for finding in report.findings:
        here: dict[str, list[Place]] = defaultdict(list)
        for place in finding.places:
            here[place.file].append(place)
        for file, places in here.items():
            files_of[file].append((finding, places))

    def rank(item: tuple[str, list[tuple[Finding, list[Place]]]]) -> tuple[int, int, str]:
        return (min(finding.severity.rank for finding, _ in item[1]), -len(item[1]), item[0])

    for file, found in sorted(files_of.items(), key=rank):
        severity = min((finding.severity for finding, _ in found), key=lambda one: one.rank).value
        yield f"<details class='file {severity}'><summary><h3>{_text(file)}</h3>"
        yield f"<span class=count>{len(found)} finding{'' if len(found) == 1 else 's'}</span></summary><div class=body>"
        for finding, places in found:
            text = _text(f"{finding.name} {finding.message} {file}".lower())
            yield (
                f"<div class={finding.severity.value} data-severity={finding.severity.value} data-text=\"{text}\">"
                f"<h3>{_rich(finding.name)}<span class=badge>{finding.severity.value}</span></h3>{_places(places, named=False)}</div>"
            )
        yield "</div></details>"


# The rest


def _pages(report: Report) -> Iterator[str]:
    yield "<h2 id=pages>Pages</h2><div class='panel table'><table><thead><tr><th scope=col>Page</th><th scope=col>State</th>"
    yield "<th scope=col class=number>Breaks</th><th scope=col class=number>Degraded</th>"
    yield "<th scope=col class=number>Components</th><th scope=col>What it touches</th></tr></thead><tbody>"
    for page in sorted(report.pages, key=lambda one: (one.kind != "app", one.severity.rank if one.severity else 9)):
        colour, label = _STATES[page.severity]
        yield (
            f'<tr id="{_anchor("page", page.route)}"><td class=name><code>{_text(page.route)}</code></td>'
            f"<td class={colour}><span class=state>{label}</span></td>"
            f"<td class=number>{page.counts[Severity.BREAKS] or ''}</td>"
            f"<td class=number>{page.counts[Severity.DEGRADED] or ''}</td>"
            f"<td class=number>{page.components or ''}</td><td class=touches>{_touches(page, report)}</td></tr>"
        )
    yield "</tbody></table></div>"


def _touches(page: PageState, report: Report) -> str:
    wanted = (Severity.BREAKS, Severity.DEGRADED, Severity.UNCLEAR)
    names = []
    for number, file in page.touches:
        finding = report.findings[number]
        if finding.severity in wanted:
            link = f'<a href="#{_anchor(finding.kind, finding.name)}">{_rich(finding.name)}</a>'
            names.append(f'<span title="through {_text(file)}">{link}</span>')
    if len(names) <= 4:
        return ", ".join(names)
    return f"{', '.join(names[:3])} <details><summary>and {len(names) - 3} more</summary> {', '.join(names[3:])}</details>"


def _servers(report: Report) -> Iterator[str]:
    yield "<h2 id=servers>Servers, permissions and cygnet.json</h2>"
    called = [one for one in report.origins if one.role != "mention"]
    others = [one for one in report.origins if one.role == "mention"]
    if called:
        yield "<div class='panel table'><table><thead><tr><th scope=col>Server</th><th scope=col>For</th>"
        yield "<th scope=col>Declared</th><th scope=col>Where</th></tr></thead><tbody>"
        for one in called:
            declared = "<span class=state>yes</span>" if one.declared else "<span class=state>no</span>"
            certain = "" if one.certain else " (its name looks like one)"
            more = f" and {len(one.places) - 1} more" if len(one.places) > 1 else ""
            yield (
                f"<tr><td class=name><code>{_text(one.origin)}</code></td><td>{one.role}{certain}</td>"
                f"<td class={'ready' if one.declared else 'breaks'}>{declared}</td>"
                f"<td class=place>{_text(str(one.places[0]))}{more}</td></tr>"
            )
        yield "</tbody></table></div>"
    else:
        yield "<p>The code names no server that it calls.</p>"
    if others:
        listed = "".join(f"<li><code>{_text(one.origin)}</code> {_text(str(one.places[0]))}</li>" for one in others)
        yield f"<details><summary><h3>{len(others)} other addresses are named, and no call takes them</h3></summary>"
        yield f"<ul class=plain>{listed}</ul></details>"
    text = json.dumps(report.manifest, indent=2, ensure_ascii=False)
    if report.manifest_file:
        yield f"<p>The program has a <code>{_text(report.manifest_file)}</code>. By its code, it would be:</p>"
    else:
        yield (
            "<p>The program has no <code>cygnet.json</code>. This one grants what its code seems to need; "
            "<code>cygnet program port --write-manifest</code> writes it:</p>"
        )
    yield f"<pre tabindex=0>{_text(text)}</pre>"


def _apis(apis: Sequence[ApiUsed]) -> Iterator[str]:
    yield "<h2 id=apis>API names that are used</h2><div class='panel table'><table><thead><tr><th scope=col>Name</th>"
    yield "<th scope=col>Here</th><th scope=col class=number>Uses</th><th scope=col class=number>Files</th>"
    yield "<th scope=col>To know</th></tr></thead><tbody>"
    for api in apis:
        colour, label = _VERDICTS[api.verdict]
        notes = [_rich(api.note)] if api.note else []
        notes += [f"instead: {_rich(api.instead)}"] if api.instead and api.verdict != "works" else []
        notes += [f"needs a board with <code>{_text(api.needs)}</code>"] if api.needs else []
        if api.opaque:
            notes.append(f"{api.opaque} call{'' if api.opaque == 1 else 's'} with options that are written elsewhere")
        yield (
            f"<tr><td class=name><code>{_text(api.name)}</code></td><td class={colour}><span class=state>{label}</span></td>"
            f"<td class=number>{api.count}</td><td class=number>{api.files}</td><td>{'; '.join(notes)}</td></tr>"
        )
    yield "</tbody></table></div>"


def _unreached(report: Report) -> Iterator[str]:
    if not report.unreached:
        return
    count = len(report.unreached)
    yield "<h2 id=unreached>Not looked at</h2>"
    yield f"<p>{count} script{' is' if count == 1 else 's are'} required by nothing that a page reaches:</p><ul class=plain>"
    yield from (f"<li><code>{_text(name)}</code></li>" for name in report.unreached)
    yield "</ul>"
