"""The report as one HTML file that needs nothing else: no network, no script of others, and no script to be read."""

import json
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from importlib.resources import files

from firmware_tools.port.charts import bar, page_map
from firmware_tools.port.findings import ApiUsed, Origin, PageState, Report, Severity
from firmware_tools.port.page_findings import findings_section
from firmware_tools.port.pieces import anchor, number, pages_of, rich, state, table, text, title
from firmware_tools.port.sends_page import sends_section

_DIALECTS = {"wechat": "WeChat", "swan": "Baidu SWAN"}
_VERDICTS = {
    "works": ("ready", "works"),
    "limits": ("limits", "works, within limits"),
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
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{text(report.name)}: porting report</title><style>\n{style}</style></head>",
        '<body><a class=skip href="#main">To the report</a>',
        *_top(report),
        "<main id=main>",
        *_package(report),
        *_overview(report),
        *findings_section(report),
        *_pages(report),
        *_servers(report),
        *sends_section(report),
        *_apis(report.apis),
        *_unreached(report.unreached),
        f"<footer>Made by <code>cygnet program port</code> {text(version('cygnet'))} from {report.files:,} files with",
        f"{report.lines:,} lines. The same source gives the same report.</footer></main>",
        f"<script>\n{script}</script></body></html>\n",
    ]
    return "\n".join(parts)


def _top(report: Report) -> Iterator[str]:
    facts = [f"version {report.version}", report.app_id, _DIALECTS.get(report.dialect, report.dialect)]
    facts += [f"for the board {report.board}"] if report.board else []
    yield '<header class="top"><div><p class="product">Cygnet · porting report</p>'
    yield f"<h1>{text(report.name)}</h1><p class=facts>{text(' · '.join(facts))}</p>"
    yield f"<p class=verdict>{_verdict(report)}</p></div></header>"


def _verdict(report: Report) -> str:
    pages = pages_of(report)
    broken = sum(page.severity is Severity.BREAKS for page in pages)
    less = sum(page.severity is Severity.DEGRADED for page in pages)
    said = (
        f"<strong>{len(pages) - broken - less} of {len(pages)}</strong> pages touch nothing that is missing on a board"
    )
    said += f", <strong>{less}</strong> work with less" if less else ""
    said += f", and <strong>{broken}</strong> may not work until something is replaced" if broken else ""
    sentences = [
        f"{said}.",
        f"<strong>{report.working} of {len(report.apis)}</strong> API names that are used work here.",
    ]
    start = next((page for page in report.pages if page.kind == "app"), None)
    if start is not None and start.counts[Severity.BREAKS]:
        names = number(start.counts[Severity.BREAKS], "name")
        sentences.append(f"<code>app.js</code>, which runs first, touches {names} that may break.")
    if not report.built:
        sentences.insert(0, "<strong>The package was not built</strong>: what the build refuses is below.")
    return " ".join(sentences)


def _package(report: Report) -> Iterator[str]:
    if report.built:
        name = text(report.package.rpartition("/")[2] or "The package")
        yield f"<div class='panel built'><strong>{name}</strong> was built: {report.size:,} bytes,"
        yield f"<code>sha256 {report.sha256}</code></div>"
        return
    yield "<section class='panel refused'><h3>What the build refuses</h3><ul>"
    yield from (f"<li>{text(refusal)}</li>" for refusal in report.refusals)
    yield "</ul></section>"


def _overview(report: Report) -> Iterator[str]:
    pages = pages_of(report)
    states = [_STATES[page.severity] for page in pages]
    verdicts = [_VERDICTS[api.verdict] for api in report.apis]
    yield "<section class=overview aria-label='Overview'>"
    yield _figure("Pages", _counted(states, list(_STATES.values())))
    yield _figure("API names that are used", _counted(verdicts, list(_VERDICTS.values())))
    yield "<figure class='panel wide'><figcaption>Each page</figcaption>"
    yield page_map([(page.route, *_STATES[page.severity], anchor("page", page.route)) for page in pages])
    yield "</figure></section>"


def _counted(found: Sequence[tuple[str, str]], order: Sequence[tuple[str, str]]) -> list[tuple[str, str, int]]:
    return [(colour, label, found.count((colour, label))) for colour, label in order if (colour, label) in found]


def _figure(caption: str, parts: Sequence[tuple[str, str, int]]) -> str:
    legend = "".join(
        f"<li><span class='dot {colour}-fill'></span><b>{count}</b> {text(label)}</li>"
        for colour, label, count in parts
    )
    drawn = f"{bar(caption, parts)}<ul class=legend>{legend}</ul>"
    return f"<figure class=panel><figcaption>{caption}</figcaption>{drawn}</figure>"


def _pages(report: Report) -> Iterator[str]:
    yield "<h2 id=pages>Pages</h2>"
    ordered = sorted(report.pages, key=lambda one: (one.kind != "app", one.severity.rank if one.severity else 9))
    rows = [
        (
            anchor("page", page.route),
            [
                text(page.route),
                state(*_STATES[page.severity]),
                str(page.counts[Severity.BREAKS] or ""),
                str(page.counts[Severity.DEGRADED] or ""),
                str(page.components or ""),
                _touches(page, report),
            ],
        )
        for page in ordered
    ]
    yield from table(("Page", "State", "#Breaks", "#Degraded", "#Components", "Touches"), rows)


def _touches(page: PageState, report: Report) -> str:
    names = []
    for index, file in page.touches:
        finding = report.findings[index]
        if finding.severity is not Severity.HARMLESS:
            link = f'<a href="#{anchor(finding.kind, finding.name)}">{title(finding, report, short=True)}</a>'
            names.append(f'<span title="through {text(file)}">{link}</span>')
    if len(names) <= 4:
        return ", ".join(names)
    more = f"<details><summary>and {len(names) - 3} more</summary> {', '.join(names[3:])}</details>"
    return f"{', '.join(names[:3])} {more}"


def _servers(report: Report) -> Iterator[str]:
    yield "<h2 id=servers>Servers, permissions and cygnet.json</h2>"
    called = [one for one in report.origins if one.role != "mention"]
    others = [one for one in report.origins if one.role == "mention"]
    if called:
        yield from table(("Server", "For", "Declared", "Where"), map(_server, called))
    else:
        yield "<p>The code names no server that it calls.</p>"
    if report.computed_requests:
        many = number(report.computed_requests, "call")
        yield f"<p class=lead>{many} put the address together as the program runs: see that its server is listed.</p>"
    if others:
        listed = "".join(f"<li><code>{text(one.origin)}</code> {text(str(one.places[0]))}</li>" for one in others)
        many = number(len(others), "other address")
        yield f"<details class=others><summary><h3>{many} that no call takes</h3></summary>"
        yield f"<ul class=plain>{listed}</ul></details>"
    if report.manifest_file:
        yield "<p class=lead>The program has a <code>cygnet.json</code>. By its code alone, it would be:</p>"
    else:
        yield "<p class=lead>The program has no <code>cygnet.json</code>. This one grants what its code seems to need;"
        yield "<code>cygnet program port --write-manifest</code> writes it:</p>"
    yield f"<pre tabindex=0>{text(json.dumps(report.manifest, indent=2, ensure_ascii=False))}</pre>"


def _server(one: Origin) -> tuple[str, list[str]]:
    role = {"shown": f"{one.role}, to show", "name": f"{one.role}, by its name"}.get(one.why, one.role)
    more = f" and {len(one.places) - 1} more" if len(one.places) > 1 else ""
    declared = state("ready", "yes") if one.declared else state("breaks", "no")
    return "", [text(one.origin), role, declared, f"<span class=place>{text(str(one.places[0]))}{more}</span>"]


def _apis(apis: Sequence[ApiUsed]) -> Iterator[str]:
    yield "<h2 id=apis>API names that are used</h2>"
    yield from table(("Name", "Here", "#Uses", "#Files", "To know"), map(_api, apis))


def _api(api: ApiUsed) -> tuple[str, list[str]]:
    notes = [rich(api.note)] if api.note else []
    notes += [f"instead: {rich(api.instead)}"] if api.instead and api.verdict != "works" else []
    notes += [f"needs a board with <code>{text(api.needs)}</code>"] if api.needs else []
    notes += [f"{number(api.opaque, 'call')} with options that are written elsewhere"] if api.opaque else []
    here = state(*_VERDICTS[api.verdict])
    return "", [text(api.name), here, str(api.count), str(api.files), "; ".join(notes)]


def _unreached(names: Sequence[str]) -> Iterator[str]:
    if not names:
        return
    yield "<h2 id=unreached>Not looked at</h2>"
    yield f"<p>{number(len(names), 'script')} that nothing which a page reaches requires:</p><ul class=plain>"
    yield from (f"<li><code>{text(name)}</code></li>" for name in names)
    yield "</ul>"
