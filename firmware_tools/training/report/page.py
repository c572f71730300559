"""The report as one HTML file: no network, no script, readable on a phone, in the dark and on paper."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from importlib.resources import files

from firmware_tools.training.evaluation.measures import INT8, Measure
from firmware_tools.training.examination import Examination
from firmware_tools.training.gate import Finding, losses, name_of, passed
from firmware_tools.training.report.costs import operators_section, quantization_section
from firmware_tools.training.report.pieces import MISSING, figure, interval, many, microseconds, size, text
from firmware_tools.training.report.sections import (
    accuracy_section,
    confusion_section,
    curve_section,
    groups_section,
    series_section,
    worst_section,
)

_ICON = '<svg class=icon viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="11"/><path d="{}"/></svg>'
_ICONS = {True: _ICON.format("M7 12.5l3.4 3.4L17.2 9"), False: _ICON.format("M8 8l8 8M16 8l-8 8")}
_STATES = {
    "kept": ("good", "kept"),
    "missed": ("bad", "missed"),
    "unmeasured": ("unsure", "not measured here"),
    "elsewhere": ("dim", "another machine"),
}


def report_page(found: Examination, findings: tuple[Finding, ...]) -> str:
    """The page."""
    style = files("firmware_tools.training.report").joinpath("page.css").read_text(encoding="utf-8")
    title = f"{found.card.name}: model test"
    confusion = next((one for one in found.evaluation.confusions if one.variant == INT8), None)
    confusion = confusion or next(iter(found.evaluation.confusions), None)
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{text(title)}</title><style>\n{style}</style></head>",
        '<body><a class=skip href="#main">To the report</a>',
        *_top(found, findings),
        "<main id=main>",
        *_cards(found, findings),
        *accuracy_section(found),
        *curve_section(found.evaluation.curves),
        *series_section(found.evaluation.series),
        *(confusion_section(confusion) if confusion else ()),
        *groups_section(found.evaluation.groups),
        *quantization_section(found),
        *worst_section(found.evaluation.worst),
        *operators_section(found),
        *_promises(findings),
        *_facts(found),
        f"<footer>Made by <code>cygnet model test {text(found.card.name)}</code>, Cygnet {text(version('cygnet'))}, on",
        f"{found.when:%d %B %Y, %H:%M} UTC.</footer></main></body></html>\n",
    ]
    return "\n".join(parts)


def _top(found: Examination, findings: tuple[Finding, ...]) -> Iterator[str]:
    card = found.card
    good = passed(findings)
    facts = [f"version {card.version.name}", card.task, card.licence]
    yield f"<header class='top {'passed' if good else 'failed'}'><div><p class=product>Cygnet · model test</p>"
    yield f"<h1>{text(card.name)}</h1><p class=facts>{text(' · '.join(facts))}</p>"
    yield f"<p class=about>{text(card.description)}</p>"
    missed = [finding for finding in findings if not finding.passes]
    kept = sum(finding.state == "kept" for finding in findings)
    yield f"<div class=verdict>{_ICONS[good]}<div>"
    if good:
        all_of = f"All {kept} promises" if kept != 1 else "The one promise"
        yield f"<p class=word>Passed</p><p>{all_of} of the model's card {'are' if kept != 1 else 'is'} kept.</p>"
    else:
        yield f"<p class=word>Missed</p><p>{len(missed)} of {len(findings)} promises of the model's card "
        yield f"{'is' if len(missed) == 1 else 'are'} not kept:</p><ul>"
        yield "".join(f"<li>{text(finding.sentence)}</li>" for finding in missed)
        yield "</ul>"
    yield "</div></div></div></header>"


def _cards(found: Examination, findings: Sequence[Finding]) -> Iterator[str]:
    missed = {finding.what for finding in findings if finding.state == "missed"}
    yield "<section class=cards aria-label='Key figures: accuracy'>"
    pairs = losses(found.evaluation.measures)
    # Six fit side by side, and what quantisation costs is one of them.
    for measure in headlines(found.evaluation.measures)[: 5 if pairs else 6]:
        value = figure(measure.value, measure.unit)
        number, _, unit = value.partition(" ")
        unit = measure.unit if measure.unit.startswith("a") else unit  # an hour, a day
        what = measure.metric.removesuffix(f" {measure.unit}")
        note = _interval_note(measure)
        yield _card(f"{what}, {measure.scenario}", number, unit, note, bad=name_of(measure, found.card) in missed)
    for _, measure, lost in sorted(pairs, key=lambda pair: -pair[2])[:1]:
        note = f"of {text(measure.metric)}, float32 to int8"
        bad = f"{measure.metric} lost by int8" in missed
        yield _card("lost by quantisation", f"{max(lost, 0):.2f}", "points", note, bad=bad)
    yield "</section><section class=cards aria-label='Key figures: cost'>"
    costs, cost = found.costs, found.card.cost
    yield _card("size", *size(costs.bytes), _most(cost.bytes, "bytes"), bad="size" in missed)
    if costs.macs is not None:
        note = _most(cost.macs, "") or "an invocation"
        yield _card("multiply-accumulates", *many(costs.macs), note, bad="operations" in missed)
    if costs.arena_bytes is not None or cost.arena_bytes:
        note = _most(cost.arena_bytes, "bytes") or "in TensorFlow Lite Micro"
        yield _card("arena", *size(costs.arena_bytes), note, bad="arena" in missed)
    timing = next((timing for timing in costs.timings if timing.runs), None)
    if timing is not None:
        note = f"median, {text(timing.backend)}, {text(found.machine)}"
        yield _card("latency", *microseconds(timing.median), note)
    yield "</section>"


def headlines(measures: Sequence[Measure]) -> list[Measure]:
    """What a reader asks first: at most six: shares over all and in quiet, then other shares, rates, a delay."""
    own = [one for one in measures if one.variant == INT8] or list(measures)
    shares = [one for one in own if one.unit == "share" and one.headline]
    first = shares[0].metric if shares else ""
    chosen = [one for name in ("all", "quiet") for one in shares if one.scenario == name and one.metric == first]
    chosen = chosen or shares[:1]
    others = {one.metric: one for one in reversed(shares) if one.metric != first}
    rates = [one for one in own if one.headline and one.unit not in ("share", "seconds")]
    delays = [one for one in own if one.unit == "seconds"]
    return [*chosen, *reversed(others.values()), *rates[:1], *delays[:1]][:6]


def _interval_note(measure: Measure) -> str:
    between = interval(measure)
    over = f"{measure.samples / 60:,.0f} min of sound" if measure.unit == "an hour" else f"{measure.samples:,} examples"
    return f"{between}<br>{over}" if between else over


def _most(count: int, unit: str) -> str:
    return f"card: at most {count:,} {unit}".rstrip() if count else ""


def _card(what: str, number: str, unit: str, note: str, *, bad: bool = False) -> str:
    """A key figure; ``note`` is HTML."""
    state = " off" if bad else " missing" if number == MISSING else ""
    return (
        f"<div class='panel card{state}'><p class=what>{text(what)}</p>"
        f"<p class=big>{text(number)}<small>{text(unit)}</small></p><p class=note>{note}</p></div>"
    )


def _promises(findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        return
    yield "<h2 id=promises>Every promise of the card</h2><div class='panel table'><table><thead><tr>"
    yield "<th scope=col>promise</th><th scope=col class=number>promised</th><th scope=col class=number>measured</th>"
    yield "<th scope=col></th></tr></thead><tbody>"
    for finding in findings:
        kind, word = _STATES[finding.state]
        yield f"<tr><th scope=row>{text(finding.what)}</th><td class=number>{text(finding.promised)}</td>"
        yield f"<td class=number>{text(finding.measured)}</td><td class='{kind} state'>{word}</td></tr>"
    yield "</tbody></table></div>"


def _facts(found: Examination) -> Iterator[str]:
    card = found.card
    data = [("Trained on", card.data), *found.evaluation.facts, ("Made by", card.recipe), ("Licence", card.licence)]
    yield "<h2 id=data>The data, and what was held out</h2><dl class='panel facts-list'>"
    yield "".join(f"<div><dt>{text(name)}</dt><dd>{text(said)}</dd></div>" for name, said in data)
    yield "</dl><h2 id=versions>Versions and machine</h2><dl class='panel facts-list'>"
    own = [("Model", f"{card.name} {card.version.name}, SHA-256 {card.source.sha256}"), ("Machine", found.machine)]
    yield "".join(f"<div><dt>{text(name)}</dt><dd>{text(said)}</dd></div>" for name, said in own)
    versions = ", ".join(f"{name} {number}" for name, number in found.versions)
    yield f"<div><dt>Software</dt><dd>{text(versions)}</dd></div>"
    for what, reason in found.costs.missing:
        yield f"<div><dt>Not measured: {text(what)}</dt><dd>{text(reason)}</dd></div>"
    yield "</dl>"
